#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

extern const struct CMUnitTest *const __start_poptun_tests[];
extern const struct CMUnitTest *const __stop_poptun_tests[];

static void fill(void *context, void *bytes, size_t length)
{
	uint64_t *state = context;
	uint8_t *to = bytes;
	for (size_t i = 0; i < length; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		to[i] = (uint8_t)(*state >> 56);
	}
}

struct random test_random(uint64_t *state)
{
	return (struct random){fill, state};
}

size_t test_unhex(const char *hex, uint8_t *to, size_t capacity)
{
	size_t length = 0;
	while (*hex) {
		if (*hex == ' ' || *hex == '\n' || *hex == '\t') {
			hex++;
			continue;
		}
		char pair[3] = {hex[0], hex[1], 0};
		char *end;
		unsigned long value = strtoul(pair, &end, 16);
		if (end != pair + 2 || length >= capacity)
			fail_msg("bad hexadecimal at: %s", hex);
		to[length++] = (uint8_t)value;
		hex += 2;
	}
	return length;
}

int main(int argc, char **argv)
{
	const char *lacking = test_lacks ? test_lacks() : NULL;
	if (lacking) {
		printf("1..0 # SKIP %s\n", lacking);
		return 0;
	}
	size_t count = (size_t)(__stop_poptun_tests - __start_poptun_tests), chosen = 0;
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	if (!tests)
		return 1;
	for (size_t i = 0; i < count; i++) /* an argument chooses the tests whose names hold it */
		if (argc < 2 || strstr(__start_poptun_tests[i]->name, argv[1]))
			tests[chosen++] = *__start_poptun_tests[i];
	cmocka_set_message_output(CM_OUTPUT_TAP);
	int failed = _cmocka_run_group_tests("poptun", tests, chosen, NULL, NULL);
	free(tests);
	return failed != 0;
}
