/* The command line of `poptun load`. */
#include "client/load_options.h"

#include <string.h>

#include "base/base.h"
#include "tests/test.h"

enum { WORDS = 24 };

static char why[640];
static char words_of_test[WORDS][300];

static bool parse(struct load_options *o, const char *const words[WORDS])
{
	char *argv[WORDS + 2] = {(char[]){"load"}};
	int argc = 1;
	for (; argc <= WORDS && words[argc - 1]; argc++) {
		snprintf(words_of_test[argc - 1], sizeof(words_of_test[0]), "%s", words[argc - 1]);
		argv[argc] = words_of_test[argc - 1];
	}
	*why = 0;
	return load_options_parse(argc, argv, o, why, sizeof(why));
}

TEST(load_needs_only_a_host_and_a_user)
{
	struct load_options o;
	assert_true(parse(&o, (const char *[WORDS]){"vpn.example.org", "--user", "anna"}));
	assert_string_equal(o.host, "vpn.example.org");
	assert_string_equal(o.user, "anna");
	assert_int_equal(o.port, 1723);
	assert_int_equal(o.sessions, 100);
	assert_int_equal(o.rate, 100);
	assert_int_equal(o.at_once, 50);
	assert_int_equal(o.calls_per_connection, 1);
	assert_int_equal(o.packets_per_second, 0);
	assert_int_equal(o.seconds, 0);
	assert_int_equal(o.source.first, 0);
	assert_null(o.json);
}

TEST(load_takes_every_option)
{
	struct load_options o;
	assert_true(parse(&o, (const char *[WORDS]){"--sessions", "10000", "--rate=2000",
						    "--at-once=300", "--calls-per-connection=8",
						    "--packets-per-second=50000", "--size=1400",
						    "--seconds", "30", "--source=192.0.2.7-20",
						    "--json", "-", "--password-file=/p",
						    "--port=1724", "--user=u%d", "192.0.2.1"}));
	assert_int_equal(o.sessions, 10000);
	assert_int_equal(o.rate, 2000);
	assert_int_equal(o.at_once, 300);
	assert_int_equal(o.calls_per_connection, 8);
	assert_int_equal(o.packets_per_second, 50000);
	assert_int_equal(o.size, 1400);
	assert_int_equal(o.seconds, 30);
	assert_int_equal(o.source.first, 0xc0000207);
	assert_int_equal(o.source.last, 0xc0000214);
	assert_string_equal(o.json, "-");
	assert_string_equal(o.password_file, "/p");
	assert_int_equal(o.port, 1724);
	assert_string_equal(o.host, "192.0.2.1");
}

TEST(load_refuses_what_it_does_not_understand_and_names_it)
{
	static const struct {
		const char *words[WORDS], *named;
	} rows[] = {
		{{"--user", "a"}, "which host"},
		{{"h"}, "which user"},
		{{"h", "--user", ""}, "--user"},
		{{"h", "i", "--user", "a"}, "\"i\" is too much"},
		{{"h", "--user", "a", "--sessions", "0"}, "1 to 1000000"},
		{{"h", "--user", "a", "--sessions", "-1"}, "1 to 1000000"},
		{{"h", "--user", "a", "--sessions", "12x"}, "--sessions \"12x\""},
		{{"h", "--user", "a", "--sessions", "99999999999999999999"}, "--sessions"},
		{{"h", "--user", "a", "--calls-per-connection", "65"}, "1 to 64"},
		{{"h", "--user", "a", "--size", "47"}, "48 to 1400"},
		{{"h", "--user", "a", "--size", "1401"}, "48 to 1400"},
		{{"h", "--user", "a", "--port", "0"}, "1 to 65535"},
		{{"h", "--user", "a", "--source", "10.0.0.9-8"}, "--source"},
		{{"h", "--user", "a", "--packets-per-second", "5"}, "--seconds"},
		{{"h", "--user", "a", "--password", "x"}, "--password-file"},
		{{"h", "--user", "a", "--password=x"}, "--password-file"},
		{{"h", "--user", "a", "--wrong"}, "--wrong"},
		{{"h", "--user", "a", "--rate"}, "--rate"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct load_options o;
		assert_false(parse(&o, rows[i].words));
		if (!strstr(why, rows[i].named))
			fail_msg("row %zu: \"%s\" does not name %s", i, why, rows[i].named);
	}
}

TEST(load_helps_without_a_host)
{
	struct load_options o;
	assert_true(parse(&o, (const char *[WORDS]){"--help"}));
	assert_true(o.help);
}

TEST(a_source_is_an_address_or_a_span)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t first, last;
	} rows[] = {
		{"10.0.0.1", true, 0x0a000001, 0x0a000001},
		{"10.0.0.1-9", true, 0x0a000001, 0x0a000009},
		{"10.0.0.1-1", true, 0x0a000001, 0x0a000001},
		{"10.0.0.250-10.0.1.3", true, 0x0a0000fa, 0x0a000103},
		{"10.0.0.9-8", false, 0, 0},
		{"10.0.0.1-256", false, 0, 0},
		{"10.0.0.1-", false, 0, 0},
		{"-10.0.0.1", false, 0, 0},
		{"10.0.0-9", false, 0, 0},
		{"10.0.0.1-9-10", false, 0, 0},
		{"0.0.0.0", false, 0, 0},
		{"0.0.0.0-9", false, 0, 0},
		{"255.255.255.255x-9", false, 0, 0},
		{"10.0.0.10000000000000000000000-9", false, 0, 0},
		{"", false, 0, 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct address_span span = {0};
		assert_int_equal(load_source_parse(rows[i].text, &span), rows[i].good);
		if (rows[i].good) {
			assert_int_equal(span.first, rows[i].first);
			assert_int_equal(span.last, rows[i].last);
		}
	}
}

TEST(a_name_carries_the_number_where_it_says_so)
{
	static const struct {
		const char *pattern, *name;
	} rows[] = {
		{"anna", "anna"},           {"%d", "4294967295"},         {"u%d", "u4294967295"},
		{"u%d@x", "u4294967295@x"}, {"%d%d", "4294967295%d"},     {"a%sb%n", "a%sb%n"},
		{"%%d", "%4294967295"},     {"X\\u%d", "X\\u4294967295"},
	};
	char name[64];
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_true(load_user(rows[i].pattern, UINT32_MAX, name, sizeof(name)));
		assert_string_equal(name, rows[i].name);
	}
	assert_false(load_user("", 1, name, sizeof(name)));
	assert_true(load_user("1234567", 1, name, 8));
	assert_false(load_user("12345678", 1, name, 8));
	assert_false(load_user("1234567%d", 10, name, 9));
}
