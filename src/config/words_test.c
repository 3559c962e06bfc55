#include "config/words.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "tests/test.h"

TEST(words_are_cut_quoted_and_escaped_as_pppd_does)
{
	static const struct {
		const char *text;
		const char *words[4];
	} cases[] = {
		{"", {NULL}},
		{" \t\n\r\v\f", {NULL}},
		{"a b\tc\nd", {"a", "b", "c", "d"}},
		{"# comment\nword", {"word"}},
		{"ab#cd\nef", {"ab", "ef"}},
		{"\"ab#cd\"", {"ab#cd"}},
		{"'it is' \"one word\"", {"it is", "one word"}},
		{"a\"b c\"'d e'f", {"ab cd ef"}},
		{"\"it's\" 'say \"so\"'", {"it's", "say \"so\""}},
		{"\"two\nlines\"", {"two\nlines"}},
		{"\"\" ''", {"", ""}},
		{"\"DOMAIN\\\\bob\" se\\\"cret", {"DOMAIN\\bob", "se\"cret"}},
		{"a\\ b \\#c d\\se", {"a b", "#c", "d e"}},
		{"\\a\\b\\f\\n\\r\\t", {"\a\b\f\n\r\t"}},
		{"'\\n' \"\\t\"", {"\n", "\t"}},
		{"\\101\\1012 \\7x \\60", {"AA2", "\ax", "0"}},
		{"\\x41\\x4a4 \\x9 \\xg", {"AJ4", "\t", "xg"}},
		{"\\\\ \\q \\'", {"\\", "q", "'"}},
		{"one\\\ntwo", {"onetwo"}},
		{"one \\\n two", {"one", "two"}},
		{"\"a\\\nb\"", {"ab"}},
		{"last\\", {"last"}},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct words words = words_of(cases[i].text, strlen(cases[i].text));
		struct word word;
		for (size_t j = 0; j < COUNT_OF(cases[i].words) && cases[i].words[j]; j++) {
			assert_true(words_next(&words, &word));
			assert_string_equal(word.text, cases[i].words[j]);
			assert_int_equal(word.length, strlen(cases[i].words[j]));
			assert_false(word.was_cut || word.was_unquoted || word.has_nul);
		}
		assert_false(words_next(&words, &word));
		assert_false(words_next(&words, &word));
	}
}

TEST(words_know_their_line_and_whether_they_are_its_first)
{
	static const char text[] = "a b # c\n\n \"d\ne\" f\\\ng h\n# i\nj";
	static const struct {
		const char *word;
		unsigned line;
		bool first;
	} expected[] = {{"a", 1, true},   {"b", 1, false}, {"d\ne", 3, true},
			{"fg", 4, false}, {"h", 5, false}, {"j", 7, true}};
	struct words words = words_of(text, sizeof(text) - 1);
	struct word word;
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		assert_true(words_next(&words, &word));
		assert_string_equal(word.text, expected[i].word);
		assert_int_equal(word.line, expected[i].line);
		assert_int_equal(word.first, expected[i].first);
	}
	assert_false(words_next(&words, &word));
}

TEST(a_long_word_is_cut_and_says_so)
{
	char text[2 * WORD_LIMIT];
	struct word word;
	memset(text, 'x', sizeof(text));
	struct words words = words_of(text, WORD_LIMIT - 1);
	assert_true(words_next(&words, &word));
	assert_false(word.was_cut);
	words = words_of(text, sizeof(text));
	assert_true(words_next(&words, &word));
	assert_true(word.was_cut);
	assert_int_equal(strlen(word.text), WORD_LIMIT - 1);
	assert_false(words_next(&words, &word));
}

TEST(an_open_quote_and_a_nul_are_told)
{
	struct word word;
	struct words words = words_of("\"open", 5);
	assert_true(words_next(&words, &word));
	assert_true(word.was_unquoted);
	words = words_of("a\\0b", 4);
	assert_true(words_next(&words, &word));
	assert_true(word.has_nul);
	assert_string_equal(word.text, "a");
	words = words_of("a\0b c", 5);
	assert_true(words_next(&words, &word));
	assert_true(word.has_nul);
	assert_true(words_next(&words, &word));
	assert_string_equal(word.text, "c");
}

TEST(every_beginning_of_a_text_and_any_bytes_end)
{
	static const char text[] = "a 'b \\101' \\x4 \"c\" \\\n#d\ne";
	struct word word;
	for (size_t length = 0; length < sizeof(text); length++) {
		struct words words = words_of(text, length);
		size_t count = 0;
		while (words_next(&words, &word))
			assert_true(++count <= length);
	}
	uint64_t seed = 7;
	struct random random = test_random(&seed);
	for (int i = 0; i < 2000; i++) {
		char bytes[64];
		random_fill(&random, bytes, sizeof(bytes));
		struct words words = words_of(bytes, sizeof(bytes));
		for (size_t count = 0; words_next(&words, &word); count++)
			assert_true(count < sizeof(bytes));
		assert_int_equal(words.left, 0);
	}
}
