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

static void expect_complaint(const struct complaints *complaints, enum severity severity,
			     const char *part)
{
	const struct complaint *found = test_complaint(complaints, part);
	char text[1024];
	for (size_t i = 0; !found && i < complaints->count; i++)
		print_error("there is: %s\n",
			    complaint_print(&complaints->list[i], text, sizeof(text)));
	if (!found)
		fail_msg("no complaint with: %s", part);
	assert_int_equal(found->severity, severity);
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
	assert_int_equal(s->mss_clamp, MSS_CLAMP_MTU);
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
	expect_complaint(&complaints, COMPLAINT_ERROR,
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
