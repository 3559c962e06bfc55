#include "io/resolver.h"

#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/base.h"

static bool is_of_use(uint32_t address)
{
	return address >> 24 != 127 && address >> 24 != 0;
}

/* One line, cut into words: "nameserver 192.0.2.1", with blanks or tabs. */
static bool line_address(char *line, uint32_t *address)
{
	static const char blanks[] = " \t\r";
	char *rest, *word = strtok_r(line, blanks, &rest);
	if (!word || strcmp(word, "nameserver"))
		return false;
	word = strtok_r(NULL, blanks, &rest);
	return word && address_parse(word, address) && is_of_use(*address);
}

size_t resolver_parse(const char *text, uint32_t *servers, size_t limit)
{
	size_t count = 0;
	while (*text && count < limit) {
		char line[256];
		size_t length = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)MIN_OF(length, sizeof(line) - 1), text);
		count += line_address(line, &servers[count]);
		text += length + (text[length] == '\n');
	}
	return count;
}

size_t resolver_find(uint32_t *servers, size_t limit)
{
	static const char *const files[] = {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"};
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(files) && !count; i++) {
		char text[8192];
		FILE *file = fopen(files[i], "re");
		if (!file)
			continue;
		text[fread(text, 1, sizeof(text) - 1, file)] = 0;
		fclose(file);
		count = resolver_parse(text, servers, limit);
	}
	return count;
}
