#include "cli/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "tests/test.h"

TEST(amounts_have_three_digits_and_a_prefix)
{
	static const struct {
		double amount;
		const char *text;
	} rows[] = {
		{0, "0 B"},           {999, "999 B"},     {1000, "1.0 kB"}, {1234567, "1.2 MB"},
		{999949, "999.9 kB"}, {999951, "1.0 MB"}, {1e18, "1.0 EB"}, {1.8e19, "18.0 EB"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[TEXT_AMOUNT];
		assert_string_equal(text_amount(text, rows[i].amount, "B"), rows[i].text);
	}
}

TEST(durations_count_days_apart)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} rows[] = {{0, "00:00:00"},
		    {3661, "01:01:01"},
		    {86399, "23:59:59"},
		    {86400, "1 d 00:00:00"},
		    {UINT64_MAX, "213503982334601 d 07:00:15"}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[TEXT_DURATION];
		assert_string_equal(text_duration(text, rows[i].seconds), rows[i].text);
	}
}

TEST(nothing_printed_steers_a_terminal)
{
	static const struct {
		const char *text, *printed;
		size_t size;
	} rows[] = {
		{"a b", "a b", 64},
		{"\033[2J", "\\x1b[2J", 64},
		{"r\303\266d", "r\\xc3\\xb6d", 64},
		{"abcdef", "abc", 4},
		{"a\nb", "a", 5},
		{"", "", 1},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char printed[64];
		text_printable(printed, rows[i].size, rows[i].text);
		assert_string_equal(printed, rows[i].printed);
	}
}

TEST(members_of_an_object_are_words_whatever_their_type)
{
	static const struct {
		const char *key, *text;
	} rows[] = {
		{"s", "a\\x1b"}, {"i", "-7"}, {"r", "2.5"}, {"t", "yes"},
		{"f", "no"},     {"n", "-"},  {"o", ""},    {"missing", ""},
	};
	json_t *object = json_pack("{sssisfsbsbsns{}}", "s", "a\033", "i", -7, "r", 2.5, "t", 1,
				   "f", 0, "n", "o");
	assert_non_null(object);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[64];
		assert_string_equal(text_member(text, sizeof(text), object, rows[i].key),
				    rows[i].text);
	}
	json_decref(object);
}

TEST(a_tables_columns_are_as_wide_as_their_widest_cell)
{
	struct table_text table = {.columns = 3};
	char *printed = NULL;
	size_t length;
	for (int row = 0; row < 40; row++) {
		char(*cells)[TABLE_CELL] = table_text_row(&table);
		assert_string_equal(cells[2], "");
		strcpy(cells[0], row == 30 ? "wide" : "a");
		strcpy(cells[1], "b");
		strcpy(cells[2], "c");
	}
	FILE *to = open_memstream(&printed, &length);
	table_text_print(&table, to);
	fclose(to);
	assert_int_equal(length, 40 * strlen("a     b  c\n"));
	assert_memory_equal(printed, "a     b  c\n", 11);
	assert_non_null(strstr(printed, "\nwide  b  c\n"));
	free(printed);
	table_text_fini(&table);
}
