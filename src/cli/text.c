#include "cli/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

const char *text_printable(char *to, size_t size, const char *text)
{
	size_t used = 0;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c >= ' ' && c < 127;
		if (used + (plain ? 1 : 4) >= size)
			break;
		if (plain)
			to[used++] = (char)c;
		else
			used += (size_t)snprintf(to + used, size - used, "\\x%02x", c);
	}
	to[used] = 0;
	return to;
}

const char *text_amount(char to[static TEXT_AMOUNT], double amount, const char *unit)
{
	static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
	size_t prefix = 0;
	while (amount >= 999.95 && prefix + 1 < COUNT_OF(prefixes)) {
		amount /= 1000;
		prefix++;
	}
	snprintf(to, TEXT_AMOUNT, "%.*f %s%s", prefix ? 1 : 0, amount, prefixes[prefix], unit);
	return to;
}

const char *text_duration(char to[static TEXT_DURATION], uint64_t seconds)
{
	uint64_t days = seconds / 86400;
	unsigned rest = (unsigned)(seconds % 86400);
	int used = days ? snprintf(to, TEXT_DURATION, "%" PRIu64 " d ", days) : 0;
	snprintf(to + used, TEXT_DURATION - (size_t)used, "%02u:%02u:%02u", rest / 3600,
		 rest / 60 % 60, rest % 60);
	return to;
}

const char *text_member(char *to, size_t size, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	*to = 0;
	if (json_is_string(value))
		text_printable(to, size, json_string_value(value));
	else if (json_is_integer(value))
		snprintf(to, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(to, size, "%.1f", json_real_value(value));
	else if (json_is_boolean(value))
		snprintf(to, size, "%s", json_is_true(value) ? "yes" : "no");
	else if (json_is_null(value))
		snprintf(to, size, "-");
	return to;
}

char (*table_text_row(struct table_text *table))[TABLE_CELL]
{
	if (table->rows == table->capacity) {
		size_t capacity = table->capacity ? 2 * table->capacity : 16;
		void *cells = reallocarray(table->cells, capacity * table->columns, TABLE_CELL);
		if (!cells)
			return NULL;
		table->cells = cells;
		table->capacity = capacity;
	}
	char(*row)[TABLE_CELL] = table->cells + table->rows++ * table->columns;
	memset(row, 0, table->columns * TABLE_CELL);
	return row;
}

void table_text_print(const struct table_text *table, FILE *to)
{
	size_t widths[TABLE_COLUMNS] = {0};
	assert(table->columns > 0 && table->columns <= TABLE_COLUMNS);
	for (size_t i = 0; i < table->rows * table->columns; i++) {
		size_t *width = &widths[i % table->columns];
		*width = MAX_OF(*width, strlen(table->cells[i]));
	}
	for (size_t i = 0; i < table->rows * table->columns; i++) {
		size_t column = i % table->columns;
		if (column + 1 < table->columns)
			fprintf(to, "%-*s  ", (int)widths[column], table->cells[i]);
		else
			fprintf(to, "%s\n", table->cells[i]);
	}
}

void table_text_fini(struct table_text *table)
{
	free(table->cells);
	*table = (struct table_text){0};
}
