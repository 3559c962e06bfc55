/* Peers files, as pptpsetup and how-tos write them. */
#include "client/peer_file.h"

#include "base/base.h"
#include "config/testing.h"

static struct complaints complaints;

static bool read_peer(struct connect_options *o, const struct test_file *files, const char *name)
{
	struct test_world world = {files};
	struct config_source source = test_source(&world);
	complaints_fini(&complaints);
	complaints = (struct complaints){0};
	connect_options_init(o);
	return peer_file_read(o, &source, name, &complaints);
}

static bool read_text(struct connect_options *o, const char *text)
{
	const struct test_file files[] = {{PEER_DIRECTORY "office", text}, {NULL, NULL}};
	return read_peer(o, files, "office");
}

TEST(a_peers_file_of_pptpsetup_is_read)
{
	struct connect_options o;
	assert_true(read_text(&o, "# written by pptpsetup\n"
				  "pty \"pptp vpn.example.org --nolaunchpppd\"\n"
				  "lock\nnoauth\nnobsdcomp\nnodeflate\n"
				  "name CORP\\\\anna\nremotename office\nipparam office\n"
				  "require-mppe-128\n"));
	assert_int_equal(complaints.count, 0);
	assert_string_equal(o.host, "vpn.example.org");
	assert_string_equal(o.user, "CORP\\anna");
	assert_string_equal(o.remote_name, "office");
	assert_string_equal(o.ip_param, "office");
	assert_int_equal(o.mppe, ENCRYPTION_REQUIRED);
	assert_int_equal(o.mppe_sizes, ENCRYPTION_128);
	assert_int_equal(connect_options_offer(&o), AUTH_BIT(AUTH_MSCHAPV2));
	assert_false(o.default_route);
}

TEST(files_named_in_a_peers_file_are_read_there)
{
	static const struct test_file files[] = {
		{PEER_DIRECTORY "office",
		 "pty 'pptp 192.0.2.1 --nolaunchpppd' file /etc/ppp/options.pptp\nuser bob\n"},
		{"/etc/ppp/options.pptp", "refuse-pap refuse-eap refuse-chap refuse-mschap\n"
					  "require-mppe user anna mtu 1400\n"},
		{NULL, NULL},
	};
	struct connect_options o;
	assert_true(read_peer(&o, files, "office"));
	assert_string_equal(o.user, "bob"); /* the later word */
	assert_int_equal(o.mtu, 1400);
	assert_int_equal(o.mppe, ENCRYPTION_REQUIRED);
	assert_string_equal(o.remote_name, "office"); /* the file's own name, where none is said */
	assert_int_equal(connect_options_offer(&o), AUTH_BIT(AUTH_MSCHAPV2));
}

TEST(the_words_of_a_peers_file_mean_what_they_mean_to_pppd)
{
	struct connect_options o;
	assert_true(read_text(&o, "pty \"/usr/sbin/pptp --loglevel 0 host.test\" user a\n"
				  "password \"pass word\" usepeerdns defaultroute\n"
				  "refuse-mschap-v2 refuse-pap nomppe noipv6 unit 3\n"
				  "nopersist holdoff 7 lcp-echo-interval 20 lcp-echo-failure 3\n"
				  "115200 10.0.0.1: mru 1420 ip-up-script /opt/up\n"));
	assert_int_equal(complaints.count, 0);
	assert_string_equal(o.host, "host.test");
	assert_string_equal(o.password, "pass word");
	assert_true(o.dns && o.default_route && o.once && !o.ipv6);
	assert_int_equal(connect_options_offer(&o),
			 AUTH_BIT(AUTH_MSCHAP) | AUTH_BIT(AUTH_CHAP_MD5));
	assert_int_equal(o.mppe, ENCRYPTION_OFF);
	assert_string_equal(o.interface, "ppp3");
	assert_int_equal(o.hold_off_ms, 7000);
	assert_int_equal(o.echo_interval_ms, 20000);
	assert_int_equal(o.echo_failures, 3);
	assert_int_equal(o.mru, 1420);
	assert_string_equal(o.ip_up, "/opt/up");
	connect_options_fini(&o);
	assert_null(o.password);
}

TEST(encryption_is_what_the_words_leave)
{
	static const struct {
		const char *words;
		uint32_t mppe;
		uint8_t sizes;
	} rows[] = {
		{"", ENCRYPTION_OPTIONAL, ENCRYPTION_128},
		{"nomppe", ENCRYPTION_OFF, 0},
		{"require-mppe", ENCRYPTION_REQUIRED, ENCRYPTION_128},
		{"require-mppe-40", ENCRYPTION_REQUIRED, ENCRYPTION_40},
		{"require-mppe-40 require-mppe-128", ENCRYPTION_REQUIRED,
		 ENCRYPTION_40 | ENCRYPTION_128},
		{"require-mppe nomppe-128", ENCRYPTION_REQUIRED, ENCRYPTION_40},
		{"mppe required,stateless", ENCRYPTION_REQUIRED, ENCRYPTION_128},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connect_options o;
		assert_true(read_text(&o, rows[i].words));
		assert_int_equal(o.mppe, rows[i].mppe);
		assert_int_equal(o.mppe_sizes, rows[i].sizes);
	}
}

TEST(what_is_wrong_in_a_peers_file_is_named_with_its_line)
{
	static const struct {
		const char *text, *said;
		bool good;
	} rows[] = {
		{"lock\nbsdcp 12 secret\nuser a", PEER_DIRECTORY "office:2: ", true},
		{"\npty \"ssh host\"", PEER_DIRECTORY "office:2: pty: this is no call of pptp: ssh",
		 false},
		{"pty pptp", "the name of the server", false},
		{"user", "the file ends where a value was expected", false},
		{"user \"a", "a quote opens", false},
		{"mtu many", "expected a number, found many", false},
		{"file /nowhere", "/nowhere cannot be read", false},
		{"call office", "files name each other without end", false},
		{"call ../shadow", "no name of a peers file", false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connect_options o;
		assert_int_equal(read_text(&o, rows[i].text), rows[i].good);
		assert_non_null(test_complaint(&complaints, rows[i].said));
		assert_null(test_complaint(&complaints, "secret"));
		if (rows[i].good)
			assert_string_equal(o.user, "a");
	}
}

TEST(a_name_that_leads_out_of_the_directory_is_none)
{
	static const struct test_file files[] = {{"/etc/shadow", "user x"}, {NULL, NULL}};
	static const char *const names[] = {"/etc/shadow", "../../shadow", "", "missing"};
	struct connect_options o;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_false(read_peer(&o, files, names[i]));
}
