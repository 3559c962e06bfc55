#include "config/secrets.h"

#include <stdio.h>

#include "base/base.h"
#include "base/random.h"
#include "config/testing.h"

static const struct test_file files[] = {{"/etc/ppp/shared.secret", "\"from file\" second"},
					 {"/etc/ppp/empty", " # nothing\n"},
					 {NULL, NULL}};

static bool parse(struct secrets *secrets, const char *text, struct complaints *complaints)
{
	static struct test_world world = {files};
	struct config_source source = test_source(&world);
	*secrets = (struct secrets){0};
	*complaints = (struct complaints){0};
	return secrets_parse(secrets, &source, "chap-secrets", text, strlen(text), complaints);
}

static void fini(struct secrets *secrets, struct complaints *complaints)
{
	secrets_fini(secrets);
	complaints_fini(complaints);
}

static const struct secret *find(const struct secrets *secrets, const char *client)
{
	static const char *const servers[] = {"gate", NULL, "pptpd"};
	return secrets_find(secrets, client, servers, COUNT_OF(servers));
}

TEST(secrets_of_the_how_to_and_of_the_manual)
{
	struct secrets secrets;
	struct complaints complaints;
	assert_true(parse(&secrets,
			  "# Secrets for authentication using CHAP\n"
			  "# client    server   secret    IP addresses\n"
			  "testvpn1    pptpd    test123   *\n"
			  "fred            pptpd   \"pass word\"             *\n"
			  "\"DOMAIN\\\\bob\"   pptpd   se\\\"cret  192.168.0.240\n"
			  "*  pptpd   @/etc/ppp/shared.secret 10.0.0.0/24 !10.0.0.1\n",
			  &complaints));
	assert_int_equal(complaints.count, 0);
	assert_int_equal(secrets.count, 4);
	assert_string_equal(find(&secrets, "testvpn1")->text, "test123");
	assert_int_equal(find(&secrets, "testvpn1")->line, 3);
	assert_string_equal(find(&secrets, "fred")->text, "pass word");
	assert_string_equal(find(&secrets, "DOMAIN\\bob")->text, "se\"cret");
	assert_string_equal(find(&secrets, "Fred")->text, "from file");
	/* The subnet comes first, so the exception has no effect. */
	assert_true(secret_allows(find(&secrets, "x"), 0x0a000001, 0));
	assert_false(secret_allows(find(&secrets, "x"), 0x0a000101, 0));
	assert_int_equal(secret_fixed_address(find(&secrets, "DOMAIN\\bob"), 0), 0xc0a800f0);
	fini(&secrets, &complaints);
}

TEST(the_best_match_wins_and_the_first_among_equals)
{
	static const struct {
		const char *text, *client, *secret; /* NULL: none fits */
	} cases[] = {
		{"a gate one\na gate two\n", "a", "one"},
		{"* * any\n* gate host\na * name\na gate both\n", "a", "both"},
		{"* * any\n* gate host\na * name\n", "a", "name"},
		{"* * any\n* gate host\n", "a", "host"},
		{"* * any\n* * more\n", "a", "any"},
		{"a * first\na * second\n", "a", "first"},
		{"a pptpd one\na gate two\n", "a", "one"},
		{"a other x\n", "a", NULL},
		{"* other x\n", "a", NULL},
		{"A gate x\n", "a", NULL},
		{"a Gate x\n", "a", NULL},
		{"\"*\" gate x\n", "a", "x"},
		{"", "a", NULL},
		{"\"\" gate x\n", "", "x"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct secrets secrets;
		struct complaints complaints;
		assert_true(parse(&secrets, cases[i].text, &complaints));
		const struct secret *found = find(&secrets, cases[i].client);
		assert_int_equal(found != NULL, cases[i].secret != NULL);
		if (found)
			assert_string_equal(found->text, cases[i].secret);
		fini(&secrets, &complaints);
	}
}

TEST(address_lists_decide_by_the_first_match)
{
	static const struct {
		const char *list;
		uint32_t address, unit;
		bool allowed;
		uint32_t fixed;
	} cases[] = {
		{"", 0x0a000001, 0, false, 0},
		{"-", 0x0a000001, 0, false, 0},
		{"- *", 0x0a000001, 0, false, 0},
		{"*", 0x0a000001, 0, true, 0},
		{"* !10.0.0.1", 0x0a000001, 0, true, 0},
		{"!10.0.0.1 *", 0x0a000001, 0, false, 0},
		{"!10.0.0.1 *", 0x0a000002, 0, true, 0},
		{"10.0.0.1", 0x0a000001, 0, true, 0x0a000001},
		{"10.0.0.1", 0x0a000002, 0, false, 0x0a000001},
		{"10.0.0.1 10.0.0.2", 0x0a000002, 0, true, 0x0a000001},
		{"10.0.0.1 -", 0x0a000001, 0, true, 0x0a000001},
		{"10.0.0.7/24", 0x0a0000ff, 0, true, 0},
		{"10.0.0.0/24", 0x0a000100, 0, false, 0},
		{"!10.0.0.1 10.0.0.0/24", 0x0a000001, 0, false, 0},
		{"10.0.0.0/24 10.1.0.5", 0x0a010005, 0, true, 0x0a010005},
		{"!10.0.0.1 10.0.0.1", 0x0a000001, 0, false, 0},
		{"10.0.0.1/32", 0x0a000001, 0, true, 0x0a000001},
		{"0.0.0.0/0", 0xffffffff, 0, true, 0},
		{"10.0.0.0/24+", 0x0a000001, 0, true, 0x0a000001},
		{"10.0.0.0/24+", 0x0a000001, 1, false, 0x0a000002},
		{"10.0.0.0/24+", 0x0a0000fe, 253, true, 0x0a0000fe},
		{"10.0.0.0/24+", 0x0a0000ff, 254, false, 0}, /* broadcast */
		{"10.0.0.0/30+", 0, 7, false, 0},
		{"vpn.example.org", 0xc0000207, 0, true, 0xc0000207},
		{"!* 10.0.0.1", 0x0a000001, 0, false, 0},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct secrets secrets;
		struct complaints complaints;
		char text[128];
		snprintf(text, sizeof(text), "a * x %s\n", cases[i].list);
		assert_true(parse(&secrets, text, &complaints));
		assert_int_equal(complaints.count, 0);
		const struct secret *secret = find(&secrets, "a");
		assert_int_equal(secret_allows(secret, cases[i].address, cases[i].unit),
				 cases[i].allowed);
		assert_int_equal(secret_fixed_address(secret, cases[i].unit), cases[i].fixed);
		fini(&secrets, &complaints);
	}
}

TEST(entries_that_cannot_be_used_are_warned_of_and_show_no_secret)
{
	static const struct {
		const char *text;
		size_t entries, warnings, errors;
		const char *where;
	} cases[] = {
		{"a\n", 0, 1, 0, "chap-secrets:1: "},
		{"\na b\n", 0, 1, 0, "chap-secrets:2: "},
		{"a b c\nd e\nf g h *\n", 2, 1, 0, "chap-secrets:2: "},
		{"a b hush brush\n", 1, 1, 0, "chap-secrets:1: "},
		{"a b hush 10.0.0.1/33\n", 1, 1, 0, "chap-secrets:1: "},
		{"a b hush 10.0.0.1/\n", 1, 1, 0, "chap-secrets:1: "},
		{"a b hush 10.0.0.1/8x\n", 1, 1, 0, "chap-secrets:1: "},
		{"a b hush 10.0.0\n", 1, 1, 0, "chap-secrets:1: "},
		{"a b hush * -- mtu 1400\n", 1, 1, 0, "chap-secrets:1: "},
		{"a b hush -- mtu 1400\n", 1, 1, 0, "chap-secrets:1: "},
		{"a b @/hush *\n", 0, 1, 0, "chap-secrets:1: "},
		{"a b @/etc/ppp/empty *\n", 0, 1, 0, "chap-secrets:1: "},
		{"a b \"hush *\nc d e\n", 0, 0, 1, "chap-secrets:1: "},
		{"a b hu\\0sh *\n", 0, 1, 0, "chap-secrets:1: "},
		{"a b @hush *\n", 1, 0, 0, NULL}, /* only "@/" names a file */
		{"a b c *\\\n 10.0.0.1\nd e f", 2, 0, 0, NULL},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct secrets secrets;
		struct complaints complaints;
		assert_int_equal(parse(&secrets, cases[i].text, &complaints), !cases[i].errors);
		if (secrets.count != cases[i].entries || complaints.warnings != cases[i].warnings ||
		    complaints.errors != cases[i].errors)
			fail_msg("case %zu: %zu entries, %zu warnings", i, secrets.count,
				 complaints.warnings);
		if (cases[i].where)
			assert_non_null(test_complaint(&complaints, cases[i].where));
		assert_null(test_complaint(&complaints, "hush"));
		assert_null(test_complaint(&complaints, "brush"));
		fini(&secrets, &complaints);
	}
}

TEST(a_domain_in_front_of_a_name_is_stripped)
{
	assert_string_equal(secrets_strip_domain("WORK\\anna"), "anna");
	assert_string_equal(secrets_strip_domain("A\\B\\anna"), "anna");
	assert_string_equal(secrets_strip_domain("anna"), "anna");
	assert_string_equal(secrets_strip_domain("WORK\\"), "");
}

TEST(ten_thousand_entries_are_found_each)
{
	struct secrets secrets;
	struct complaints complaints;
	size_t size = 10000 * 48, length = 0;
	char *text = malloc(size), name[16];
	for (int i = 0; i < 10000; i++)
		length += (size_t)snprintf(text + length, size - length, "user%d * secret%d *\n", i,
					   i);
	assert_true(parse(&secrets, text, &complaints));
	assert_int_equal(secrets.count, 10000);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		assert_int_equal(find(&secrets, name)->place, i);
	}
	free(text);
	fini(&secrets, &complaints);
}

TEST(secrets_cut_short_or_of_any_bytes_are_survived)
{
	static const char text[] = "a \"b c\" @/etc/ppp/shared.secret !10.0.0.1 10.0.0.0/24+ *\n"
				   "* * \\x41\\102 host - -- mtu 5\n";
	struct secrets secrets;
	struct complaints complaints;
	uint64_t seed = 3;
	struct random random = test_random(&seed);
	for (size_t length = 0; length <= sizeof(text); length++) {
		char cut[sizeof(text) + 1];
		memcpy(cut, text, length);
		cut[length] = 0;
		parse(&secrets, cut, &complaints);
		find(&secrets, "a");
		fini(&secrets, &complaints);
	}
	for (int i = 0; i < 2000; i++) {
		char bytes[100];
		random_fill(&random, bytes, sizeof(bytes));
		bytes[99] = 0;
		parse(&secrets, bytes, &complaints);
		fini(&secrets, &complaints);
	}
}
