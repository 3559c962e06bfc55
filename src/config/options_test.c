#include "base/base.h"
#include "config/setting.h"
#include "config/testing.h"

/* Options that are refused, or warned of; NULL: nothing is said. */
TEST(options_that_are_wrong_or_without_effect_are_named)
{
	static const struct {
		const char *conf, *options;
		enum severity severity;
		const char *says;
	} cases[] = {
		{"", "", COMPLAINT_WARNING, NULL},
		{"",
		 "name pptpd refuse-pap refuse-chap refuse-mschap "
		 "require-mschap-v2 require-mppe-128\n"
		 "ms-dns 8.8.8.8 proxyarp nodefaultroute lock nobsdcomp novj novjccomp nologfd\n"
		 "asyncmap 0 auth crtscts hide-password modem lcp-echo-interval 30 noipx\n",
		 COMPLAINT_WARNING, NULL},
		{"", "115200 /dev/ttyS0 connect \"chat -v\"", COMPLAINT_WARNING, NULL},
		{"", "\n\nms-dn 8.8.8.8\n", COMPLAINT_WARNING,
		 "/etc/ppp/o:3: 'ms-dn' is no option; the nearest known one is 'ms-dns'"},
		{"", "gibberish\n", COMPLAINT_WARNING, "'gibberish' is no option"},
		{"", "localip 1.2.3.4\n", COMPLAINT_WARNING, "keyword of pptpd.conf"},
		{"", "mtu\n", COMPLAINT_ERROR, "o:1: mtu: the file ends, expected a number"},
		{"", "mtu 100000\n", COMPLAINT_ERROR, "expected 128 to 16384"},
		{"", "mru 12x\n", COMPLAINT_ERROR, "mru: found '12x'"},
		{"", "lcp-restart 0\n", COMPLAINT_ERROR, "expected 1 to 3600"},
		{"", "lcp-max-configure 0\n", COMPLAINT_ERROR, "expected 1 to 255"},
		{"", "idle 99999999999\n", COMPLAINT_ERROR, "idle"},
		{"", "ms-dns somewhere\n", COMPLAINT_ERROR,
		 "expected the address of a name server"},
		{"", "ms-dns 1.1.1.1 ms-dns 2.2.2.2 ms-dns 3.3.3.3\n", COMPLAINT_WARNING, "third"},
		{"", "name \"open\n", COMPLAINT_ERROR, "quote"},
		{"", "name \"\"\n", COMPLAINT_ERROR, "1 to 255 letters"},
		{"", "name a\\0b\n", COMPLAINT_ERROR, "NUL"},
		{"", "set X\n", COMPLAINT_ERROR, "NAME=VALUE"},
		{"", "ipv6 1::2\n", COMPLAINT_ERROR, "interface identifiers"},
		{"", "ipv6 ,::3\n", COMPLAINT_WARNING, "'::3' has no effect"},
		{"", "1.2.3:4\n", COMPLAINT_ERROR, "LOCAL:REMOTE"},
		{"", "plugin radius.so\n", COMPLAINT_WARNING, "o:1: plugin has no effect"},
		{"", "multilink\n", COMPLAINT_WARNING, "multilink has no effect"},
		{"", "login\n", COMPLAINT_ERROR, "o:1: login: "},
		{"", "pass-filter 'tcp port 22'\n", COMPLAINT_ERROR, "pass-filter: "},
		{"", "allow-number 123\n", COMPLAINT_ERROR, "allow-number: "},
		{"", "noauth\n", COMPLAINT_ERROR, "o:1: noauth would let everybody in"},
		{"allow-noauth\n", "noauth\n", COMPLAINT_ERROR, "encryption is required"},
		{"allow-noauth\nmppe off\n", "noauth\n", COMPLAINT_WARNING, NULL},
		{"allow-noauth\nmppe off\ndelegate\n", "noauth\n", COMPLAINT_ERROR, "delegate"},
		{"", "noauth auth\n", COMPLAINT_WARNING, NULL},
		{"", "require-pap\n", COMPLAINT_ERROR, "o:1: PAP and CHAP with MD5 give no keys"},
		{"", "require-chap require-mschap-v2\n", COMPLAINT_WARNING,
		 "only MS-CHAP is asked"},
		{"mppe optional\n", "require-pap\n", COMPLAINT_WARNING, NULL},
		{"", "require-eap\n", COMPLAINT_ERROR, "no method of EAP"},
		{"", "require-eap require-mschap-v2\n", COMPLAINT_WARNING, "no method of EAP"},
		{"", "refuse-mschap-v2\n", COMPLAINT_ERROR, "every method is refused"},
		{"", "refuse-eap\n", COMPLAINT_WARNING, NULL},
		{"", "require-mschap refuse-mschap\n", COMPLAINT_WARNING, NULL},
		{"mppe required\n", "nomppe\n", COMPLAINT_WARNING, "o:1: mppe in pptpd.conf says"},
		{"", "require-mppe nomppe-128\n", COMPLAINT_ERROR, "no key length is left"},
		{"mppe-stateless no\n", "nomppe-stateful\n", COMPLAINT_ERROR, "one of both modes"},
		{"mppe-stateless no\nmppe off\n", "nomppe-stateful\n", COMPLAINT_WARNING, NULL},
		{"", "mppe required,no40,no56,stateless\n", COMPLAINT_WARNING, "patched"},
		{"", "mppe required,fast\n", COMPLAINT_ERROR, "found 'fast'"},
		{"", "noip noipv6\n", COMPLAINT_ERROR, "nothing to carry"},
		{"", "file /etc/ppp/x\n", COMPLAINT_ERROR,
		 "o:1: options file /etc/ppp/x does not exist; /etc/ppp/o does"},
		{"", "call ../x\n", COMPLAINT_ERROR, "without '..'"},
		{"", "call a/../../x\n", COMPLAINT_ERROR, "without '..'"},
		{"", "call /x\n", COMPLAINT_ERROR, "without '..'"},
		{"", "call x\n", COMPLAINT_ERROR, "/etc/ppp/peers/x does not exist"},
		{"", "file /etc/ppp/o\n", COMPLAINT_ERROR, "more than 10 deep"},
		{"", "file /etc/ppp/o file /etc/ppp/o\n", COMPLAINT_ERROR, "more than 10 deep"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct complaints complaints;
		struct settings *s = test_load_texts(cases[i].conf, cases[i].options, &complaints);
		bool error = cases[i].says && cases[i].severity == COMPLAINT_ERROR;
		if (cases[i].says)
			test_expect_complaint(&complaints, cases[i].severity, cases[i].says);
		else if (complaints.count)
			fail_msg("case %zu complains: %s", i, complaints.list[0].text);
		if ((s == NULL) != error)
			fail_msg("case %zu: %s", i, cases[i].options);
		settings_unref(s);
		complaints_fini(&complaints);
	}
}

TEST(a_value_behind_an_unknown_word_is_not_shown)
{
	struct complaints complaints;
	struct settings *s =
		test_load_texts("", "pasword-of-mine hush\npassword hush\n", &complaints);
	assert_non_null(s);
	assert_int_equal(complaints.count, 1);
	assert_null(test_complaint(&complaints, "hush"));
	settings_unref(s);
	complaints_fini(&complaints);
}

/* Of authentication and encryption, what each set of words comes to. */
TEST(words_of_authentication_and_encryption)
{
	enum {
		V2 = AUTH_BIT(AUTH_MSCHAPV2),
		V1 = AUTH_BIT(AUTH_MSCHAP),
		MD5 = AUTH_BIT(AUTH_CHAP_MD5),
		PAP = AUTH_BIT(AUTH_PAP),
		REQUIRED = ENCRYPTION_REQUIRED,
		OPTIONAL = ENCRYPTION_OPTIONAL,
		OFF = ENCRYPTION_OFF
	};
	static const struct {
		const char *conf, *options;
		auth_methods demand;
		uint32_t mppe, bits;
		bool stateful;
	} cases[] = {
		{"", "", V2, REQUIRED, ENCRYPTION_128, true},
		{"", "refuse-pap refuse-chap refuse-mschap require-mschap-v2", V2, REQUIRED,
		 ENCRYPTION_128, true},
		{"", "require-mschap require-mschap-v2", V1 | V2, REQUIRED, ENCRYPTION_128, true},
		{"", "require-mschap require-mschap-v2 refuse-mschap", V2, REQUIRED, ENCRYPTION_128,
		 true},
		{"", "refuse-mschap-v2 require-mschap-v2", V2, REQUIRED, ENCRYPTION_128, true},
		{"", "+chap -chap +mschap-v2", V2, REQUIRED, ENCRYPTION_128, true},
		{"mppe optional\n", "require-pap require-chap require-mschap require-mschap-v2",
		 PAP | MD5 | V1 | V2, OPTIONAL, ENCRYPTION_128, true},
		{"", "require-pap require-mschap-v2", V2, REQUIRED, ENCRYPTION_128, true},
		{"", "require-pap nomppe", PAP, OFF, ENCRYPTION_128, true},
		{"", "noccp", V2, OFF, ENCRYPTION_128, true},
		{"", "require-mppe", V2, REQUIRED, ENCRYPTION_128, true},
		{"", "require-mppe-128", V2, REQUIRED, ENCRYPTION_128, true},
		{"", "require-mppe-40", V2, REQUIRED, ENCRYPTION_40, true},
		{"", "require-mppe-40 require-mppe-128", V2, REQUIRED,
		 ENCRYPTION_40 | ENCRYPTION_128, true},
		{"", "require-mppe-40 nomppe-40", V2, REQUIRED, ENCRYPTION_128, true},
		{"", "nomppe-stateful", V2, REQUIRED, ENCRYPTION_128, false},
		{"", "nomppe-stateful mppe-stateful", V2, REQUIRED, ENCRYPTION_128, true},
		{"", "mppe required,no40,no56,stateless", V2, REQUIRED, ENCRYPTION_128, false},
		{"", "mppe 40,56,128", V2, REQUIRED, ENCRYPTION_40 | ENCRYPTION_56 | ENCRYPTION_128,
		 true},
		{"mppe off\n", "", V2, OFF, ENCRYPTION_128, true},
		{"mppe required\n", "nomppe", V2, REQUIRED, ENCRYPTION_128, true},
		{"mppe-bits 56\n", "require-mppe-128", V2, REQUIRED, ENCRYPTION_56, true},
		{"mppe off\nallow-noauth\n", "noauth", 0, OFF, ENCRYPTION_128, true},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct complaints complaints;
		struct settings *s = test_load_texts(cases[i].conf, cases[i].options, &complaints);
		if (!s)
			fail_msg("case %zu: %s", i, complaints.list[0].text);
		if (s->demand != cases[i].demand || s->mppe != cases[i].mppe ||
		    s->mppe_bits != cases[i].bits || s->mppe_stateful != cases[i].stateful)
			fail_msg("case %zu: demand %x mppe %u bits %x stateful %d", i, s->demand,
				 s->mppe, s->mppe_bits, s->mppe_stateful);
		settings_unref(s);
		complaints_fini(&complaints);
	}
}

TEST(options_reach_their_places)
{
	struct complaints complaints;
	struct settings *s = test_load_texts(
		"",
		"mru 1400 mtu 0x578 nomagic nopcomp noaccomp lcp-restart 2 lcp-max-configure 7\n"
		"lcp-max-terminate 4 lcp-max-failure 6 "
		"ipcp-restart 5 ipv6cp-restart 6 ccp-restart 8\n"
		"lcp-echo-interval 0 lcp-echo-failure 9 lcp-echo-adaptive idle 60 maxconnect 120\n"
		"chap-restart 4 chap-max-challenge 3 chap-timeout 20 chap-interval 600\n"
		"pap-timeout 11 papcrypt chapms-strip-domain debug proxyarp noip\n"
		"ms-wins 10.0.0.8 ms-wins 10.0.0.9\n"
		"ipparam 'a b' set A=1 set B=2 set A=3 unset B ipv6 ::dead:beef,\n"
		"ip-up-script /u ip-down-script /d ipv6-up-script /v ipv6-down-script /w\n",
		&complaints);
	assert_non_null(s);
	assert_int_equal(complaints.count, 0);
	assert_int_equal(s->mru, 1400);
	assert_int_equal(s->mtu, 1400);
	assert_false(s->magic || s->pfc || s->acfc || s->ipv4);
	assert_int_equal(s->lcp.restart_ms, 2000);
	assert_int_equal(s->lcp.max_configure, 7);
	assert_int_equal(s->lcp.max_terminate, 4);
	assert_int_equal(s->lcp.max_failure, 6);
	assert_int_equal(s->ipcp.restart_ms, 5000);
	assert_int_equal(s->ipv6cp.restart_ms, 6000);
	assert_int_equal(s->ccp.restart_ms, 8000);
	assert_int_equal(s->echo_interval_ms, 0);
	assert_int_equal(s->echo_failures, 9);
	assert_true(s->echo_adaptive && s->proxy_arp && s->debug_link);
	assert_int_equal(s->idle_ms, 60000);
	assert_int_equal(s->max_connect_ms, 120000);
	assert_int_equal(s->chap_restart_ms, 4000);
	assert_int_equal(s->chap_max_challenge, 3);
	assert_int_equal(s->chap_timeout_ms, 20000);
	assert_int_equal(s->chap_interval_ms, 600000);
	assert_int_equal(s->pap_timeout_ms, 11000);
	assert_true(s->pap_crypted && s->strip_domain);
	assert_int_equal(s->wins[0], 0x0a000008);
	assert_int_equal(s->wins[1], 0x0a000009);
	assert_string_equal(s->ipparam, "a b");
	assert_string_equal(s->environment, "A=3\n");
	static const uint8_t id[8] = {0, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef};
	assert_memory_equal(s->interface_id, id, 8);
	assert_string_equal(s->ip_up, "/u");
	assert_string_equal(s->ip_down, "/d");
	assert_string_equal(s->ipv6_up, "/v");
	assert_string_equal(s->ipv6_down, "/w");
	settings_unref(s);
	complaints_fini(&complaints);
}

TEST(our_name_is_the_hosts_unless_it_is_given)
{
	static const struct {
		const char *options, *name, *other;
	} cases[] = {
		{"", "gate", "pptpd"},
		{"name vpn", "vpn", NULL},
		{"domain example.org", "gate.example.org", "pptpd"},
		{"name vpn domain example.org", "vpn", NULL},
		{"name vpn usehostname", "gate", NULL},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct complaints complaints;
		struct settings *s = test_load_texts("", cases[i].options, &complaints);
		assert_string_equal(s->name, cases[i].name);
		assert_int_equal(s->other_name != NULL, cases[i].other != NULL);
		if (s->other_name)
			assert_string_equal(s->other_name, cases[i].other);
		settings_unref(s);
		complaints_fini(&complaints);
	}
}

TEST(the_hosts_options_come_first_and_later_ones_stand_above)
{
	static const struct test_file files[] = {
		{"/etc/pptpd.conf", "option /o\n"},
		{"/etc/ppp/options", "mtu 1000 mru 1000 call peer"},
		{"/etc/ppp/peers/peer", "mru 1100\nfile /more\nidle 9"},
		{"/more", "mtu 1050 idle 5"},
		{"/o", "mtu 1200"},
		{NULL, NULL}};
	struct test_world world = {files};
	struct config_source source = test_source(&world);
	struct complaints complaints = {0};
	struct settings *s;
	assert_true(config_load(&source, NULL, &s, &complaints));
	assert_int_equal(s->mtu, 1200);
	assert_int_equal(s->mru, 1100);
	assert_int_equal(s->idle_ms, 9000);
	settings_unref(s);
}

/* Each option alone, with a value where it takes one:
 * nothing crashes, and what is said has the file's name. */
TEST(every_option_alone_is_survived)
{
	static const char *const values[] = {"5", "10.0.0.1", "text", "1,2", "a=b"};
	for (size_t t = 0; t < SETTING_TABLES; t++)
		for (size_t i = 0; i < setting_tables[t]->count; i++)
			for (size_t v = 0; v < COUNT_OF(values); v++) {
				const struct setting *row = &setting_tables[t]->rows[i];
				struct complaints complaints;
				char text[256];
				snprintf(text, sizeof(text), "%s %s\n", row->keyword,
					 row->type->expects ? values[v] : "");
				bool conf = row->file == PPTPD_CONF;
				settings_unref(test_load_texts(conf ? text : "", conf ? NULL : text,
							       &complaints));
				complaints_fini(&complaints);
			}
}

TEST(a_word_tells_how_many_words_of_value_follow_it)
{
	static const struct {
		const char *word;
		int values;
	} rows[] = {
		{"lock", 0},   {"noauth", 0},    {"name", 1},       {"pty", 1},    {"mtu", 1},
		{"115200", 0}, {"10.0.0.1:", 0}, {"usepeerdns", 0}, {"bsdcp", -1}, {"", -1},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(config_option_values(rows[i].word), rows[i].values);
}
