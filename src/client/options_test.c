/* The command line of `poptun connect`. */
#include "client/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "tests/test.h"

enum { WORDS = 12 };

static char why[640];

/* Parses up to WORDS words behind the command's. */
static bool parse(struct connect_options *o, const char *const words[WORDS])
{
	char *argv[WORDS + 2] = {(char[]){"connect"}};
	int argc = 1;
	while (argc <= WORDS && words[argc - 1]) {
		argv[argc] = strdup(words[argc - 1]);
		argc++;
	}
	*why = 0;
	bool good = connect_options_parse(argc, argv, o, why, sizeof(why));
	o->password_file = NULL; /* pointed into argv */
	for (int i = 1; i < argc; i++)
		free(argv[i]);
	return good;
}

TEST(connect_takes_host_and_user_and_asks_for_the_strongest)
{
	struct connect_options o;
	connect_options_init(&o);
	assert_true(parse(&o, (const char *[WORDS]){"vpn.example.org", "--user", "anna"}));
	assert_true(connect_options_check(&o, why, sizeof(why)));
	assert_string_equal(o.host, "vpn.example.org");
	assert_string_equal(o.user, "anna");
	assert_int_equal(o.port, 1723);
	assert_int_equal(o.mppe, ENCRYPTION_REQUIRED);
	assert_int_equal(o.mppe_sizes, ENCRYPTION_128);
	assert_int_equal(connect_options_offer(&o), AUTH_BIT(AUTH_MSCHAPV2));
	assert_false(o.default_route || o.dns || o.once || o.route_count);
	assert_true(o.ipv6);
}

TEST(connect_takes_every_option)
{
	struct connect_options o;
	connect_options_init(&o);
	assert_true(
		parse(&o, (const char *[WORDS]){"--port=1724", "--mppe", "40", "--auth",
						"mschap,pap", "--route", "10.0.0.0/8", "--route",
						"192.0.2.7", "--dns", "--once", "h"}));
	assert_int_equal(o.port, 1724);
	assert_true(o.mppe_said);
	assert_int_equal(o.mppe_sizes, ENCRYPTION_40);
	assert_int_equal(connect_options_offer(&o), AUTH_BIT(AUTH_MSCHAP) | AUTH_BIT(AUTH_PAP));
	assert_int_equal(o.route_count, 2);
	assert_int_equal(o.routes[0].address, 0x0a000000);
	assert_int_equal(o.routes[0].length, 8);
	assert_int_equal(o.routes[1].length, 32);
	assert_true(o.dns && o.once);
	assert_true(parse(&o, (const char *[WORDS]){"--default-route", "--no-ipv6", "--interface",
						    "vpn0", "--mtu", "1300", "--ipparam", "x",
						    "--verbose", "-h", "h"}));
	assert_int_equal(o.tos, 0);
	assert_int_equal(o.ecn, ECN_AUTO);
	assert_true(parse(&o, (const char *[WORDS]){"--tos", "0xb8", "--ecn", "off", "h"}));
	assert_int_equal(o.tos, 0xb8);
	assert_int_equal(o.ecn, ECN_OFF);
	assert_true(parse(&o, (const char *[WORDS]){"--tos=copy", "h"}));
	assert_int_equal(o.tos, TOS_COPY);
	assert_int_equal(o.gre_io, GRE_IO_AUTO);
	assert_true(parse(&o, (const char *[WORDS]){"--gre-io", "raw", "h"}));
	assert_int_equal(o.gre_io, GRE_IO_RAW);
	assert_true(o.default_route && !o.ipv6 && o.verbose && o.help);
	assert_string_equal(o.interface, "vpn0");
	assert_int_equal(o.mtu, 1300);
	assert_string_equal(o.ip_param, "x");
	assert_int_equal(o.route_count, 0); /* the second reading began anew */
}

TEST(connect_names_what_is_wrong)
{
	static const struct {
		const char *words[WORDS];
		const char *said;
	} rows[] = {
		{{"h", "--port", "0"}, "--port \"0\": expected a number"},
		{{"h", "--port", "65536"}, "--port"},
		{{"h", "--port", "1723x"}, "--port"},
		{{"h", "--mppe", "64"}, "--mppe \"64\": expected required, off, 40, 56 or 128"},
		{{"h", "--auth", "eap"}, "--auth"},
		{{"h", "--auth", ""}, "--auth"},
		{{"h", "--route", "10.0.0.1/8"}, "--route"},
		{{"h", "--route", "10.0.0.0/33"}, "--route"},
		{{"h", "--user", ""}, "--user"},
		{{"h", "--mtu", "100"}, "--mtu"},
		{{"h", "--gre-io", "fast"}, "--gre-io \"fast\": expected auto, raw or packet"},
		{{"h", "--tos", "0xb9"}, "--tos \"0xb9\": expected copy, or an octet"},
		{{"h", "--ecn", "yes"}, "--ecn \"yes\": expected auto, on or off"},
		{{"h", "--interface", "sixteen-letters-"}, "--interface"},
		{{"h", "i"}, "one host is enough: \"i\""},
		{{"h", "--colour"}, "--colour: there is no such option"},
		{{"h", "--user"}, "--user: there is no such option, or its value is missing"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connect_options o;
		connect_options_init(&o);
		assert_false(parse(&o, rows[i].words));
		assert_non_null(strstr(why, rows[i].said));
	}
}

TEST(a_password_on_the_command_line_is_refused_and_not_repeated)
{
	struct connect_options o;
	connect_options_init(&o);
	assert_false(
		parse(&o, (const char *[WORDS]){"h", "--user", "anna", "--password", "s3cret"}));
	assert_non_null(strstr(why, "--password-file"));
	assert_null(strstr(why, "s3cret"));
}

TEST(connect_wants_a_host_a_user_and_methods_that_fit_the_encryption)
{
	static const struct {
		const char *words[WORDS];
		const char *said; /* NULL: fine */
	} rows[] = {
		{{"--user", "a"}, "which host?"},
		{{"h"}, "which user?"},
		{{"h", "--user", "a", "--auth", "pap"}, "--mppe off"},
		{{"h", "--user", "a", "--auth", "chap-md5,pap"}, "--mppe off"},
		{{"h", "--user", "a", "--auth", "chap,pap", "--mppe", "off"}, NULL},
		{{"h", "--user", "a", "--auth", "mschap"}, NULL},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connect_options o;
		connect_options_init(&o);
		assert_true(parse(&o, rows[i].words));
		assert_int_equal(connect_options_check(&o, why, sizeof(why)), !rows[i].said);
		if (rows[i].said)
			assert_non_null(strstr(why, rows[i].said));
	}
}

TEST(login_methods_are_named_as_people_name_them)
{
	auth_methods methods;
	assert_true(methods_parse("chap", &methods));
	assert_int_equal(methods, AUTH_BIT(AUTH_CHAP_MD5));
	assert_true(methods_parse("mschapv2,chap-md5,", &methods));
	assert_int_equal(methods, AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_CHAP_MD5));
	assert_false(methods_parse("mschapv", &methods));
	assert_false(methods_parse("none", &methods));
	assert_false(methods_parse(",pap", &methods));
}

TEST(routes_are_networks)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t address;
		unsigned length;
	} rows[] = {
		{"default", true, 0, 0},
		{"0.0.0.0/0", true, 0, 0},
		{"10.0.0.0/8", true, 0x0a000000, 8},
		{"192.0.2.7", true, 0xc0000207, 32},
		{"192.0.2.0/", false, 0, 0},
		{"0.0.0.0/33", false, 0, 0},
		{"0.0.0.0/-1", false, 0, 0},
		{"192.0.2/24", false, 0, 0},
		{"192.0.2.128/24", false, 0, 0},
		{"", false, 0, 0},
		{"/8", false, 0, 0},
		{"192.000000000.2.1000/32", false, 0, 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct address_prefix route;
		assert_int_equal(route_parse(rows[i].text, &route), rows[i].good);
		if (rows[i].good) {
			assert_int_equal(route.address, rows[i].address);
			assert_int_equal(route.length, rows[i].length);
		}
	}
}
