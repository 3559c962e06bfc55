/* Pauses between attempts. */
#include "client/pause.h"

#include <string.h>

#include "tests/test.h"

/* Chance that always says the same. */
static void all_bits(void *context, void *bytes, size_t length)
{
	memset(bytes, *(const int *)context, length);
}

TEST(pauses_grow_to_a_bound)
{
	int low = 0;
	const struct random longest = {all_bits, &low};
	static const uint32_t expected[] = {2000,  4000,   8000,   16000, 32000,
					    64000, 120000, 120000, 120000};
	struct pauses pauses = {0};
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
		assert_int_equal(pause_next(&pauses, &longest), expected[i]);
}

TEST(pauses_are_never_shorter_than_half_and_differ)
{
	uint64_t seed = 7;
	struct random random = test_random(&seed);
	uint32_t seen = 0;
	for (int run = 0; run < 100; run++) {
		struct pauses pauses = {.first_ms = 1000};
		for (uint32_t most = 1000; most <= 64000; most *= 2) {
			uint32_t pause_ms = pause_next(&pauses, &random);
			assert_in_range(pause_ms, most / 2, most);
			seen |= 1u << (pause_ms * 8 / most);
		}
	}
	assert_int_equal(seen & 0xf0, 0xf0); /* every quarter of the upper half */
}

TEST(a_link_that_stood_begins_anew_and_one_that_fell_at_once_does_not)
{
	int low = 0;
	const struct random longest = {all_bits, &low};
	struct pauses pauses = {.first_ms = 500};
	pause_next(&pauses, &longest);
	pause_link_stood(&pauses, 59999);
	assert_int_equal(pause_next(&pauses, &longest), 1000);
	pause_link_stood(&pauses, 60000);
	assert_int_equal(pause_next(&pauses, &longest), 500);
}
