#include "config/config.h"

#include <stdio.h>

#include "base/address.h"
#include "base/base.h"
#include "base/random.h"
#include "config/setting.h"
#include "config/testing.h"

/* Loads a world; the caller unrefs. Complaints are printed where they surprise. */
static struct settings *load(const struct test_file *files, const struct command_line *line,
			     struct complaints *complaints)
{
	struct test_world world = {files};
	struct config_source source = test_source(&world);
	struct settings *settings;
	*complaints = (struct complaints){0};
	bool fine = config_load(&source, line, &settings, complaints);
	assert_int_equal(fine, settings != NULL);
	assert_int_equal(fine, complaints->errors == 0);
	return settings;
}

static const char how_to_conf[] = "option   /etc/ppp/pptpd-options\n"
				  "debug\n"
				  "localip  192.168.10.1\n"
				  "remoteip 192.168.10.100-200\n";
static const char how_to_options[] = "ms-dns 8.8.8.8\nms-dns 114.114.114.114\n";

TEST(the_how_to_is_obeyed_literally)
{
	const struct test_file files[] = {{"/etc/pptpd.conf", how_to_conf},
					  {"/etc/ppp/pptpd-options", how_to_options},
					  {NULL, NULL}};
	struct complaints complaints;
	struct settings *s = load(files, NULL, &complaints);
	assert_non_null(s);
	assert_int_equal(complaints.count, 0);
	assert_string_equal(s->option_file, "/etc/ppp/pptpd-options");
	assert_true(s->debug);
	assert_int_equal(s->local.count, 1);
	assert_int_equal(address_ranges_nth(&s->local, 0), 0xc0a80a01);
	assert_int_equal(s->remote.count, 101);
	assert_int_equal(address_ranges_nth(&s->remote, 0), 0xc0a80a64);
	assert_int_equal(address_ranges_nth(&s->remote, 100), 0xc0a80ac8);
	assert_int_equal(s->dns[0], 0x08080808);
	assert_int_equal(s->dns[1], 0x72727272);
	/* What the files leave out. */
	assert_int_equal(s->demand, AUTH_BIT(AUTH_MSCHAPV2));
	assert_int_equal(s->mppe, ENCRYPTION_REQUIRED);
	assert_int_equal(s->mppe_bits, ENCRYPTION_128);
	assert_true(s->mppe_stateless && s->mppe_stateful);
	assert_int_equal(s->echo_interval_ms, 30000);
	assert_int_equal(s->echo_failures, 4);
	assert_string_equal(s->name, "gate");
	assert_string_equal(s->other_name, "pptpd");
	assert_int_equal(s->connections, 100);
	assert_int_equal(s->stimeout_ms, 10000);
	assert_string_equal(s->interface, "pptp0");
	assert_string_equal(s->chap_secrets, "/etc/ppp/chap-secrets");
	assert_int_equal(s->nat, NAT_AUTO);
	assert_int_equal(s->gre_io, GRE_IO_AUTO);
	assert_int_equal(s->mss_clamp, MSS_CLAMP_MTU);
	assert_int_equal(s->workers, 0);
	assert_int_equal(s->tos, 0);
	assert_int_equal(s->ecn, ECN_AUTO);
	assert_true(s->fragment_dont_fragment && s->ipv4 && s->ipv6 && s->magic && s->pfc &&
		    s->acfc);
	assert_false(s->allow_noauth || s->delegate || s->built_in || s->single_session);
	settings_unref(s);
	complaints_fini(&complaints);
}

TEST(the_how_to_as_printed_is_refused_with_the_line_and_the_near_name)
{
	const struct test_file files[] = {{"/etc/pptpd.conf",
					   "# a comment\noption   /etc/ppp/pptpd-option\ndebug\n"
					   "localip  192.168.10.1\nremoteip 192.168.10.100-200\n"},
					  {"/etc/ppp/pptpd-options", how_to_options},
					  {"/etc/ppp/chap-secrets", ""},
					  {NULL, NULL}};
	struct complaints complaints;
	assert_null(load(files, NULL, &complaints));
	test_expect_complaint(
		&complaints, COMPLAINT_ERROR,
		"/etc/pptpd.conf:2: options file /etc/ppp/pptpd-option does not exist; "
		"/etc/ppp/pptpd-options does");
	complaints_fini(&complaints);
}

TEST(without_any_file_the_built_in_configuration_serves)
{
	const struct test_file files[] = {{"/etc/ppp/options", "noauth\n"}, {NULL, NULL}};
	struct complaints complaints;
	struct settings *s = load(files, NULL, &complaints);
	assert_non_null(s);
	assert_true(s->built_in);
	assert_int_equal(address_ranges_nth(&s->local, 0), 0xc0a80a01);
	assert_int_equal(s->remote.count, 101);
	assert_int_equal(complaints.count, 0);
	settings_unref(s);
	complaints_fini(&complaints);
}

/* What each text of pptpd.conf says, and where. NULL: nothing. */
TEST(pptpd_confs_lexical_rules)
{
	static const struct {
		const char *conf;
		enum severity severity;
		const char *says;
	} cases[] = {
		{"", COMPLAINT_WARNING, NULL},
		{"# all is well\n\n \t\r\n#\n", COMPLAINT_WARNING, NULL},
		{"debug\r\nstimeout 10\r\n", COMPLAINT_WARNING, NULL},
		{"\xef\xbb\xbf"
		 "debug\n",
		 COMPLAINT_WARNING, NULL},
		{"debug", COMPLAINT_WARNING, NULL},
		{"connections \t 7 \t \n", COMPLAINT_WARNING, NULL},
		{" # indented\n", COMPLAINT_WARNING, NULL},
		{"\n debug\n", COMPLAINT_WARNING, "pptpd.conf:2: the line begins with a blank"},
		{"debug yes\n", COMPLAINT_WARNING, "pptpd.conf:1: debug takes no value; 'yes'"},
		{"debug # now\n", COMPLAINT_WARNING, "debug takes no value"},
		{"connections 5\nconnections 6\n", COMPLAINT_WARNING,
		 "pptpd.conf:2: connections was said in line 1"},
		{"connections 5\nconnections many\n", COMPLAINT_ERROR,
		 "pptpd.conf:2: connections: found 'many'"},
		{"connections 5\nconnections\n", COMPLAINT_ERROR,
		 "pptpd.conf:2: connections: found nothing"},
		{"Debug\n", COMPLAINT_WARNING,
		 "'Debug' is no keyword; the nearest known one is 'debug'"},
		{"conections 50\n", COMPLAINT_WARNING,
		 "pptpd.conf:1: 'conections' is no keyword; the nearest known one is "
		 "'connections'"},
		{"locla-ip 1.2.3.4\n", COMPLAINT_WARNING, "nearest known one is 'localip'"},
		{"gibberish\n", COMPLAINT_WARNING, "'gibberish' is no keyword"},
		{"ms-dns 8.8.8.8\n", COMPLAINT_WARNING, "word of pppd's options file"},
		{"walkers-on-top 4\n", COMPLAINT_WARNING, "'walkers-on-top' is no keyword"},
		{"workers 0\n", COMPLAINT_ERROR,
		 "workers: found '0', expected auto, or a number from 1 to 64"},
		{"workers 65\n", COMPLAINT_ERROR, "workers: found '65'"},
		{"workers two\n", COMPLAINT_ERROR, "workers: found 'two'"},
		{"workers auto\nworkers 64\n", COMPLAINT_WARNING, "workers was said in line 1"},
		{"bcrelay eth0\n", COMPLAINT_WARNING, "bcrelay has no effect"},
		{"logwtmp\n", COMPLAINT_WARNING, "logwtmp has no effect"},
		{"ppp /usr/sbin/pppd\n", COMPLAINT_WARNING, NULL},
		{"localip\n", COMPLAINT_ERROR, "pptpd.conf:1: localip: found nothing, expected"},
		{"remoteip 192.168.10.300\n", COMPLAINT_ERROR,
		 "pptpd.conf:1: remoteip: '192.168.10.300'"},
		{"remoteip 10.0.0.1, 10.0.0.2\n", COMPLAINT_ERROR, "without blanks"},
		{"remoteip 10.0.0.1,10.0.0.1-5\n", COMPLAINT_ERROR, "10.0.0.1 stands twice"},
		{"localip 10.0.0.5\nremoteip 10.0.0.1-9\n", COMPLAINT_ERROR,
		 "pptpd.conf:2: 10.0.0.5 is in localip and in remoteip"},
		{"localip 192.168.1.1\n", COMPLAINT_ERROR, "not said, and so 192.168.1.1-100"},
		{"connections many\n", COMPLAINT_ERROR, "found 'many', expected a number"},
		{"connections 2000000\n", COMPLAINT_ERROR, "expected 1 to 1048576"},
		{"connections 1e3\n", COMPLAINT_ERROR, "found '1e3'"},
		{"connections 0\n", COMPLAINT_WARNING, "taken for 100"},
		{"connections -3\n", COMPLAINT_WARNING, "taken for 100"},
		{"connections 5\nremoteip 10.0.0.2-9\n", COMPLAINT_WARNING, "8 addresses for 5"},
		{"stimeout 0\n", COMPLAINT_ERROR, "expected 1 to 86400"},
		{"stimeout ten\n", COMPLAINT_ERROR, "expected a number of seconds"},
		{"listen 10.0.0\n", COMPLAINT_ERROR, "listen: found '10.0.0', expected"},
		{"listen nowhere.example.org\n", COMPLAINT_ERROR, "listen: found 'nowhere"},
		{"listen vpn.example.org\n", COMPLAINT_WARNING, NULL},
		{"interface a-name-that-is-long\n", COMPLAINT_ERROR, "1 to 15 letters"},
		{"interface ../x\n", COMPLAINT_ERROR, "1 to 15 letters"},
		{"nat perhaps\n", COMPLAINT_ERROR, "expected auto, on or off"},
		{"mppe maybe\n", COMPLAINT_ERROR, "expected required, optional or off"},
		{"mss-clamp 100\n", COMPLAINT_ERROR, "expected yes, no, or an MSS"},
		{"tos 0xb9\n", COMPLAINT_ERROR, "expected copy, or an octet"}, /* ECN's bits */
		{"tos 0x1b8\n", COMPLAINT_ERROR, "expected copy, or an octet"},
		{"tos 256\n", COMPLAINT_ERROR, "tos: found '256', expected"},
		{"tos -4\n", COMPLAINT_ERROR, "expected copy, or an octet"},
		{"tos 0x\n", COMPLAINT_ERROR, "expected copy, or an octet"},
		{"tos ef\n", COMPLAINT_ERROR, "expected copy, or an octet"},
		{"tos copy\n", COMPLAINT_WARNING, NULL},
		{"tos 0xFC\n", COMPLAINT_WARNING, NULL},
		{"tos 010\n", COMPLAINT_ERROR, "found '010'"}, /* ten, and not eight */
		{"ecn yes\n", COMPLAINT_ERROR, "ecn: found 'yes', expected auto, on or off"},
		{"mppe-bits 64\n", COMPLAINT_ERROR, "expected 128, 56, 40"},
		{"mppe-bits 128,\n", COMPLAINT_ERROR, "expected 128, 56, 40"},
		{"mppe-stateless perhaps\n", COMPLAINT_ERROR, "expected yes or no"},
		{"fragment-dont-fragment sometimes\n", COMPLAINT_ERROR, "expected yes or no"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct complaints complaints;
		struct settings *s = test_load_texts(cases[i].conf, NULL, &complaints);
		bool error = cases[i].says && cases[i].severity == COMPLAINT_ERROR;
		if ((s == NULL) != error)
			fail_msg("case %zu: %s", i, cases[i].conf);
		if (cases[i].says)
			test_expect_complaint(&complaints, cases[i].severity, cases[i].says);
		else if (complaints.count)
			fail_msg("case %zu complains: %s", i, complaints.list[0].text);
		settings_unref(s);
		complaints_fini(&complaints);
	}
}

TEST(pptpd_confs_keywords_reach_their_places)
{
	struct complaints complaints;
	struct settings *s = test_load_texts(
		"listen 192.0.2.1\nvrf red\nconnections 3\nstimeout 30\nlocalip 10.0.0.1-5\n"
		"remoteip 10.0.1.1-4\nnoipparam\nspeed 9600\npidfile /run/x\nmppe optional\n"
		"mppe-bits 40,128\nmppe-stateless no\nsingle-session yes\nnat off\nmss-clamp 1300\n"
		"gre-io packet\nfragment-dont-fragment no\ntos 184\necn off\ninterface vpn1\nchap-secrets /c\npap-secrets /p\n"
		"control-socket /s\nrun-directory /r\nstate-directory /t\nallow-noauth\n",
		NULL, &complaints);
	assert_non_null(s);
	assert_int_equal(s->listen, 0xc0000201);
	assert_string_equal(s->vrf, "red");
	assert_int_equal(s->connections, 3);
	assert_int_equal(s->stimeout_ms, 30000);
	assert_int_equal(s->local.count, 5);
	assert_int_equal(s->remote.count, 4);
	assert_true(s->no_ipparam && s->single_session && s->allow_noauth);
	assert_int_equal(s->speed, 9600);
	assert_string_equal(s->pid_file, "/run/x");
	assert_int_equal(s->mppe, ENCRYPTION_OPTIONAL);
	assert_int_equal(s->mppe_bits, ENCRYPTION_128 | ENCRYPTION_40);
	assert_int_equal(s->nat, NAT_OFF);
	assert_int_equal(s->gre_io, GRE_IO_PACKET);
	assert_int_equal(s->mss_clamp, 1300);
	assert_false(s->fragment_dont_fragment || s->local_unsaid || s->mppe_stateless);
	assert_int_equal(s->tos, 0xb8);
	assert_int_equal(s->ecn, ECN_OFF);
	assert_string_equal(s->interface, "vpn1");
	assert_string_equal(s->chap_secrets, "/c");
	assert_string_equal(s->pap_secrets, "/p");
	assert_string_equal(s->control_socket, "/s");
	assert_string_equal(s->run_directory, "/r");
	assert_string_equal(s->state_directory, "/t");
	settings_unref(s);
	complaints_fini(&complaints);
}

TEST(the_number_of_sessions_is_that_of_the_shortest_list)
{
	static const struct {
		const char *conf;
		uint32_t connections, local;
	} cases[] = {
		{"remoteip 10.0.0.2-9\n", 8, 1},
		{"localip 10.0.1.1-5\nremoteip 10.0.0.2-9\n", 5, 5},
		{"localip 10.0.1.1\nremoteip 10.0.0.2-9\nconnections 3\n", 3, 1},
		{"remoteip 10.0.0.1-10.0.7.254\n", 100, 1},
		{"connections 2000\nremoteip 10.0.0.1-10.0.7.254\n", 2000, 1},
		{"delegate\nlocalip 10.0.1.1-5\nconnections 300\n", 300, 1},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct complaints complaints;
		struct settings *s = test_load_texts(cases[i].conf, NULL, &complaints);
		assert_non_null(s);
		assert_int_equal(s->connections, cases[i].connections);
		assert_int_equal(s->local.count, cases[i].local);
		settings_unref(s);
		complaints_fini(&complaints);
	}
}

TEST(an_unsaid_address_of_this_end_is_none_of_the_callers)
{
	struct complaints complaints;
	struct settings *s = test_load_texts("remoteip 192.168.0.1-100\n", NULL, &complaints);
	assert_true(s->local_unsaid);
	assert_int_equal(address_ranges_nth(&s->local, 0), 0xc0a80a01);
	settings_unref(s);
	s = test_load_texts("remoteip 192.168.0.2-100\n", NULL, &complaints);
	assert_int_equal(address_ranges_nth(&s->local, 0), 0xc0a80001);
	settings_unref(s);
	s = test_load_texts("remoteip 192.168.0.2-100\n", "10.9.9.9:10.9.9.8\n", &complaints);
	assert_false(s->local_unsaid);
	assert_int_equal(address_ranges_nth(&s->local, 0), 0x0a090909);
	assert_int_equal(s->remote.count, 99); /* pptpd.conf stands above */
	settings_unref(s);
	complaints_fini(&complaints);
}

TEST(a_file_that_is_no_text_or_cannot_be_read_is_an_error)
{
	struct complaints complaints = {0};
	struct settings *s;
	struct test_world world = {(const struct test_file[]){{NULL, NULL}}};
	struct config_source source = test_source(&world);
	struct command_line line = {.conf = "/etc/ppp"};
	assert_false(config_load(&source, &line, &s, &complaints));
	assert_null(s);
	test_expect_complaint(&complaints, COMPLAINT_ERROR,
			      "configuration file /etc/ppp does not exist");
	complaints_fini(&complaints);
	struct settings *settings = settings_new();
	struct loading loading = {
		.source = &source, .settings = settings, .complaints = &complaints, .file = "f"};
	assert_false(pptpd_conf_parse(&loading, "de\0bug\n", 7));
	test_expect_complaint(&complaints, COMPLAINT_ERROR, "f:1: found a NUL octet");
	char *text = malloc(20000);
	memset(text, 'x', 20000);
	assert_false(pptpd_conf_parse(&loading, text, 20000));
	test_expect_complaint(&complaints, COMPLAINT_ERROR, "longer than 16383");
	free(text);
	settings_unref(settings);
	complaints_fini(&complaints);
}

TEST(every_default_is_what_its_own_row_reads_and_prints)
{
	struct settings *s = settings_new();
	struct complaints complaints = {0};
	struct config_source source = {0};
	struct loading loading = {.source = &source, .settings = s, .complaints = &complaints};
	settings_default(&loading);
	for (size_t t = 0; t < SETTING_TABLES; t++)
		for (size_t i = 0; i < setting_tables[t]->count; i++) {
			const struct setting *row = &setting_tables[t]->rows[i];
			char text[256];
			if (!row->fallback || !row->type->print || row->type == &type_off ||
			    row->file == PPTPD_ARGUMENTS)
				continue;
			row->type->print(row, s, text, sizeof(text));
			assert_string_equal(text, row->fallback);
		}
	assert_int_equal(complaints.count, 0);
	settings_unref(s);
}

TEST(no_keyword_stands_twice_and_each_has_its_help)
{
	for (size_t t = 0; t < SETTING_TABLES; t++)
		for (size_t i = 0; i < setting_tables[t]->count; i++) {
			const struct setting *row = &setting_tables[t]->rows[i];
			assert_non_null(row->help);
			assert_non_null(row->type);
			if (!row->wild && setting_find(row->file, row->keyword) != row)
				fail_msg("%s stands twice", row->keyword);
		}
}

static void note(void *context, const char *keyword, const char *value)
{
	char *text = context;
	strcat(strcat(strcat(strcat(text, keyword), "="), value), "\n");
}

TEST(what_is_in_force_can_be_shown)
{
	struct complaints complaints;
	static char text[16384];
	struct settings *s = test_load_texts(
		"mppe optional\nlisten 192.0.2.1\ntos 184\n",
		"name \"my gate\"\nms-dns 8.8.8.8\nlcp-echo-interval 5", &complaints);
	settings_print(s, note, text);
	static const char *const lines[] = {
		"mppe=optional\n",  "listen=192.0.2.1\n",    "name=my gate\n",
		"ms-dns=8.8.8.8\n", "lcp-echo-interval=5\n", "remoteip=192.168.1.1-100\n",
		"mppe-bits=128\n",  "mss-clamp=yes\n",       "tos=0xb8\n",
		"ecn=auto\n"};
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		if (!strstr(text, lines[i]))
			fail_msg("%s is not in:\n%s", lines[i], text);
	settings_unref(s);
	complaints_fini(&complaints);
}

TEST(settings_live_until_their_last_reference)
{
	struct complaints complaints;
	struct settings *s = test_load_texts("", NULL, &complaints);
	assert_ptr_equal(settings_ref(s), s);
	settings_unref(s);
	assert_string_equal(s->interface, "pptp0");
	settings_unref(s);
	settings_unref(NULL);
}

TEST(distances_between_words)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} pairs[] = {
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "abc", 0},
		{"ABC", "abc", 0},
		{"kitten", "sitting", 3},
		{"ab", "ba", 1},
		{"localip", "loaclip", 1},
		{"abcd", "abd", 1},
		{"abc", "xabc", 1},
	};
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		assert_int_equal(edit_distance(pairs[i].a, pairs[i].b), pairs[i].distance);
		assert_int_equal(edit_distance(pairs[i].b, pairs[i].a), pairs[i].distance);
	}
	assert_true(is_near("pptpd-option", "pptpd-options"));
	assert_false(is_near("debug", "listen"));
}

TEST(complaints_are_bounded_printable_and_counted)
{
	struct complaints complaints = {0};
	char text[64];
	for (int i = 0; i < 2 * COMPLAINTS_LIMIT; i++)
		complain(&complaints, COMPLAINT_WARNING, "f\n", 3, "a\033[31m %d", i);
	complain(&complaints, COMPLAINT_ERROR, NULL, 0, "last");
	assert_int_equal(complaints.count, COMPLAINTS_LIMIT);
	assert_int_equal(complaints.warnings, 2 * COMPLAINTS_LIMIT);
	assert_int_equal(complaints.errors, 1);
	assert_string_equal(complaint_print(&complaints.list[0], text, sizeof(text)),
			    "f?:3: a?[31m 0");
	complaints_fini(&complaints);
}

TEST(files_cut_short_or_of_any_bytes_are_survived)
{
	static const char conf[] =
		"option /etc/ppp/o\nlocalip 10.0.0.1\nremoteip 10.0.0.2-9,10.1-3.0.1\n"
		"mppe-bits 128,40\nmss-clamp 1400\nnat on\ntos 0xb8\n";
	static const char options[] = "name \"a b\" ms-dns 8.8.8.8 mppe required,no40 set A=b "
				      "ipv6 ::1:2,::3 10.0.0.1:10.0.0.2 file /etc/ppp/o call x\n";
	struct complaints complaints;
	char text[512];
	for (size_t length = 0; length < sizeof(conf); length++) {
		snprintf(text, sizeof(text), "%.*s", (int)length, conf);
		settings_unref(test_load_texts(text, options, &complaints));
		complaints_fini(&complaints);
	}
	for (size_t length = 0; length < sizeof(options); length++) {
		snprintf(text, sizeof(text), "%.*s", (int)length, options);
		settings_unref(test_load_texts("", text, &complaints));
		complaints_fini(&complaints);
	}
	uint64_t seed = 5;
	struct random random = test_random(&seed);
	for (int i = 0; i < 500; i++) {
		char bytes[120], more[120];
		random_fill(&random, bytes, sizeof(bytes));
		random_fill(&random, more, sizeof(more));
		bytes[119] = more[119] = 0;
		settings_unref(test_load_texts(bytes, more, &complaints));
		complaints_fini(&complaints);
	}
}
