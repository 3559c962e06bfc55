#include "cli/secrets_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "config/words.h"
#include "tests/test.h"

static const char house[] = "# Secrets for authentication using CHAP\n"
			    "# client\tserver\tsecret\tIP addresses\n"
			    "testvpn1    pptpd    test123   *\n"
			    "\n"
			    "  \"anna b\" * 'x # y'\t10.0.0.1 10.0.0.2   # anna's own\n"
			    "testvpn1    other    test456   -\n"
			    "bert * @/etc/ppp/bert *";

static void expect_text(struct secrets_text *text, const char *expected)
{
	assert_int_equal(text->length, strlen(expected));
	assert_string_equal(text->bytes, expected);
	secrets_text_fini(text);
}

TEST(a_word_is_quoted_only_where_it_must_be)
{
	static const struct {
		const char *word, *quoted;
	} rows[] = {
		{"anna", "anna"},
		{"x,y;z@$!", "x,y;z@$!"},
		{"", "\"\""},
		{"a b", "\"a b\""},
		{"a#b", "\"a#b\""},
		{"it's", "\"it's\""},
		{"say \"x\"", "\"say \\\"x\\\"\""},
		{"DOMAIN\\anna", "\"DOMAIN\\\\anna\""},
		{"a\nb\t1", "\"a\\012b\\0111\""},
		{"\x7f", "\"\\177\""},
		{"r\303\266d", "r\303\266d"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char quoted[64];
		struct word word;
		assert_true(secrets_text_quote(quoted, sizeof(quoted), rows[i].word));
		assert_string_equal(quoted, rows[i].quoted);
		struct words words = words_of(quoted, strlen(quoted));
		assert_true(words_next(&words, &word));
		assert_string_equal(word.text, rows[i].word);
		assert_false(words_next(&words, &word));
	}
}

TEST(a_word_for_which_there_is_no_room_is_not_written)
{
	char quoted[64];
	for (size_t size = 1; size < sizeof("\"a b\\\"c\""); size++)
		assert_false(secrets_text_quote(quoted, size, "a b\"c"));
}

TEST(every_word_of_any_octets_is_read_as_it_was_written)
{
	uint64_t seed = 1;
	struct random random = test_random(&seed);
	for (int round = 0; round < 2000; round++) {
		char text[33], quoted[200];
		struct word word;
		size_t length = 1 + random_below(&random, sizeof(text) - 1);
		for (size_t i = 0; i < length; i++)
			text[i] = (char)(1 + random_below(&random, 255));
		text[length] = 0;
		assert_true(secrets_text_quote(quoted, sizeof(quoted), text));
		struct words words = words_of(quoted, strlen(quoted));
		assert_true(words_next(&words, &word));
		assert_string_equal(word.text, text);
		assert_false(word.was_unquoted);
		assert_false(words_next(&words, &word));
	}
}

TEST(an_added_entry_is_one_of_its_own_and_all_else_stays)
{
	static const struct {
		const char *before, *between;
	} rows[] = {
		{"", ""},          {"# c\n", ""},         {"# c", "\n"},         {"a * b *\n", ""},
		{"a * b *", "\n"}, {"a * b *\\\n", "\n"}, {"a * b *\\", "\n\n"}, {house, "\n"},
	};
	char *addresses[] = {(char[]){"10.0.0.7"}, (char[]){"!10.0.0.8"}, NULL};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct secrets_text out;
		char why[256] = "", expected[1024];
		struct secrets_whom whom = {"carl c", "*"};
		int count = secrets_text_add(rows[i].before, strlen(rows[i].before), whom, "p\"w",
					     addresses, &out, why, sizeof(why));
		if (count != 1)
			fail_msg("%zu: %s", i, why);
		snprintf(expected, sizeof(expected),
			 "%s%s\"carl c\"\t*\t\"p\\\"w\"\t10.0.0.7 !10.0.0.8\n", rows[i].before,
			 rows[i].between);
		expect_text(&out, expected);
	}
}

TEST(without_addresses_any_is_allowed)
{
	struct secrets_text out;
	char why[256], *none[] = {NULL};
	assert_int_equal(secrets_text_add("", 0, (struct secrets_whom){"a", "*"}, "b", none, &out,
					  why, sizeof(why)),
			 1);
	expect_text(&out, "a\t*\tb\t*\n");
}

TEST(what_cannot_be_added_is_refused_with_the_reason)
{
	static char long_name[300];
	memset(long_name, 'x', sizeof(long_name) - 1);
	static const struct {
		const char *before, *client, *server, *secret, *why;
	} rows[] = {
		{house, "testvpn1", "pptpd", "x", "line 3"},
		{house, "anna b", "*", "x", "line 5"},
		{"\"open", "carl", "*", "x", "line 1: a quote"},
		{"", "", "*", "x", "user's name"},
		{"", "carl", "", "x", "server's name"},
		{"", "carl", "*", "", "password"},
		{"", "carl", "*", "@/x", "file's name"},
		{"", long_name, "*", "x", "user's name"},
		{"", "carl", "*", long_name, "password"},
	};
	char *none[] = {NULL};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct secrets_text out;
		char why[256] = "";
		struct secrets_whom whom = {rows[i].client, rows[i].server};
		assert_int_equal(secrets_text_add(rows[i].before, strlen(rows[i].before), whom,
						  rows[i].secret, none, &out, why, sizeof(why)),
				 -1);
		assert_null(out.bytes);
		if (!strstr(why, rows[i].why))
			fail_msg("%zu: %s", i, why);
	}
}

TEST(a_removed_entry_takes_its_line_and_no_other)
{
	static const struct {
		const char *before, *client, *server, *after;
		int count;
	} rows[] = {
		{"a * b *\n", "a", NULL, "", 1},
		{"# 1\na * b *  # a\n# 2\n", "a", NULL, "# 1\n# 2\n", 1},
		{"a * b *\nc * d *", "c", NULL, "a * b *\n", 1},
		{"a * b *\nc * d *", "a", NULL, "c * d *", 1},
		{"a x b\na y b\nc x d\n", "a", NULL, "c x d\n", 2},
		{"a x b\na y b\nc x d\n", "a", "y", "a x b\nc x d\n", 1},
		{"a * \\\n  b *\nc * d\n", "a", NULL, "c * d\n", 1},
		{"a * \"b\nb\" *\nc * d\n", "a", NULL, "c * d\n", 1},
		{"  'a' * b\n", "a", NULL, "", 1},
		{"ab * b\n#a * b\nb a a\n", "a", NULL, "ab * b\n#a * b\nb a a\n", 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct secrets_text out;
		char why[256];
		struct secrets_whom whom = {rows[i].client, rows[i].server};
		assert_int_equal(secrets_text_remove(rows[i].before, strlen(rows[i].before), whom,
						     &out, why, sizeof(why)),
				 rows[i].count);
		expect_text(&out, rows[i].after);
	}
}

TEST(a_changed_password_changes_one_word)
{
	static const struct {
		const char *before, *client, *server, *after;
		int count;
	} rows[] = {
		{"a\t*   b   * # c\n", "a", NULL, "a\t*   \"n w\"   * # c\n", 1},
		{"a * 'x y'", "a", NULL, "a * \"n w\"", 1},
		{"a * \"x\ny\" *\nc * d", "a", NULL, "a * \"n w\" *\nc * d", 1},
		{"a x 1\na y 2\nb x 3\n", "a", NULL, "a x \"n w\"\na y \"n w\"\nb x 3\n", 2},
		{"a x 1\na y 2\nb x 3\n", "a", "x", "a x \"n w\"\na y 2\nb x 3\n", 1},
		{"a x\n", "a", NULL, "a x\n", 0},
		{"b x 1\n", "a", NULL, "b x 1\n", 0},
		{"", "a", NULL, "", 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct secrets_text out;
		char why[256];
		struct secrets_whom whom = {rows[i].client, rows[i].server};
		assert_int_equal(secrets_text_change(rows[i].before, strlen(rows[i].before), whom,
						     "n w", &out, why, sizeof(why)),
				 rows[i].count);
		expect_text(&out, rows[i].after);
	}
}

TEST(a_password_in_another_file_is_not_overwritten)
{
	struct secrets_text out;
	char why[256];
	assert_int_equal(secrets_text_change(house, strlen(house),
					     (struct secrets_whom){"bert", NULL}, "x", &out, why,
					     sizeof(why)),
			 -1);
	assert_null(out.bytes);
	assert_non_null(strstr(why, "line 7"));
}

static void gather(void *context, const char *client, const char *server, const char *addresses)
{
	char *to = context;
	sprintf(to + strlen(to), "%s|%s|%s\n", client, server, addresses);
}

TEST(a_list_has_names_and_addresses_and_no_secret)
{
	char all[1024] = "", why[256];
	assert_int_equal(secrets_text_list(house, strlen(house), gather, all, why, sizeof(why)), 4);
	assert_string_equal(all, "testvpn1|pptpd|*\n"
				 "anna b|*|10.0.0.1 10.0.0.2\n"
				 "testvpn1|other|-\n"
				 "bert|*|*\n");
}

TEST(whatever_a_file_is_cut_to_nothing_but_the_entry_changes)
{
	for (size_t length = 0; length <= strlen(house); length++) {
		struct secrets_text added, removed;
		char why[256], *none[] = {NULL};
		struct secrets_whom whom = {"zoe", "*"};
		char *cut = malloc(length + 1); /* exactly so long: readers past the end are seen */
		memcpy(cut, house, length);
		int count =
			secrets_text_add(cut, length, whom, "x", none, &added, why, sizeof(why));
		if (count == 1) {
			assert_memory_equal(added.bytes, cut, length);
			assert_int_equal(secrets_text_remove(added.bytes, added.length, whom,
							     &removed, why, sizeof(why)),
					 1);
			assert_memory_equal(removed.bytes, cut, length);
			assert_true(removed.length - length <= 2);
			secrets_text_fini(&added);
			secrets_text_fini(&removed);
		}
		free(cut);
	}
}
