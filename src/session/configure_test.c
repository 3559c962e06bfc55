/* What the administrator wrote arrives where sessions look for it. */
#include "tests/test.h"

#include <string.h>

#include "session/configure.h"

static const struct patience patient = {
	.restart_ms = 4000, .max_configure = 11, .max_terminate = 4, .max_failure = 6};

static char gateway[] = "gateway";

/* Every value differs from the default and from its neighbours. */
static struct settings written(void)
{
	return (struct settings){
		.name = gateway,
		.stimeout_ms = 12000,
		.mss_clamp = 1300,
		.tos = TOS_COPY,
		.ecn = ECN_OFF,
		.fragment_dont_fragment = false,
		.demand = AUTH_BIT(AUTH_MSCHAP) | AUTH_BIT(AUTH_MSCHAPV2),
		.chap_restart_ms = 2500,
		.chap_max_challenge = 7,
		.chap_timeout_ms = 50000,
		.chap_interval_ms = 90000,
		.pap_timeout_ms = 31000,
		.mppe = ENCRYPTION_OPTIONAL,
		.mppe_bits = ENCRYPTION_40 | ENCRYPTION_128,
		.mppe_stateless = true,
		.mru = 1400,
		.mtu = 1390,
		.pfc = true,
		.lcp = patient,
		.ccp = patient,
		.ipcp = patient,
		.ipv6cp = patient,
		.echo_interval_ms = 20000,
		.echo_failures = 5,
		.echo_adaptive = true,
		.idle_ms = 300000,
		.max_connect_ms = 400000,
		.ipv4 = true,
		.interface_id = {0, 0, 0, 0, 0, 0, 0, 9},
		.debug = true,
	};
}

static void assert_patient(const struct fsm_settings *s)
{
	assert_int_equal(s->restart_ms, 4000);
	assert_int_equal(s->max_configure, 11);
	assert_int_equal(s->max_terminate, 4);
	assert_int_equal(s->max_failure, 6);
}

TEST(the_link_gets_what_was_configured)
{
	struct settings from = written();
	struct session_settings *to = session_settings_configure(&from);
	const struct link_settings *link = &to->link;
	assert_int_equal(link->role, LINK_SERVER);
	assert_int_equal(link->mru, 1400);
	assert_int_equal(link->mtu, 1390);
	assert_false(link->magic);
	assert_true(link->pfc);
	assert_true(link->accept_pfc_acfc);
	assert_false(link->acfc);
	assert_int_equal(link->mppe, MPPE_OPTIONAL);
	assert_int_equal(link->mppe_sizes, MPPE_40 | MPPE_128);
	assert_true(link->mppe_stateless);
	assert_false(link->mppe_stateful);
	assert_true(link->ipv4);
	assert_false(link->ipv6);
	assert_false(link->accept_local);
	assert_false(link->accept_remote); /* pool and secrets decide, nobody else */
	assert_int_equal(link->interface_id[7], 9);
	assert_patient(&link->lcp);
	assert_patient(&link->ccp);
	assert_patient(&link->ipcp);
	assert_patient(&link->ipv6cp);
	assert_int_equal(link->echo_interval_ms, 20000);
	assert_int_equal(link->echo_failures, 5);
	assert_true(link->echo_adaptive);
	session_settings_unref(to);
}

TEST(the_login_gets_what_was_configured)
{
	struct settings from = written();
	struct session_settings *to = session_settings_configure(&from);
	const struct link_settings *link = &to->link;
	assert_int_equal(link->demand, AUTH_BIT(AUTH_MSCHAP) | AUTH_BIT(AUTH_MSCHAPV2));
	assert_int_equal(link->offer, 0);
	assert_string_equal(link->auth.our_name, "gateway");
	assert_ptr_equal(link->auth.our_name, to->our_name); /* no pointer into `from` is kept */
	assert_int_equal(link->auth.restart_ms, 2500);
	assert_int_equal(link->auth.attempts, 7);
	assert_int_equal(link->auth.timeout_ms, 50000);
	assert_int_equal(link->auth.pap_timeout_ms, 31000);
	assert_int_equal(link->auth.rechallenge_ms, 90000);
	session_settings_unref(to);
}

TEST(the_session_and_its_control_connection_get_what_was_configured)
{
	struct settings from = written();
	struct session_settings *to = session_settings_configure(&from);
	assert_int_equal(to->control.role, CONTROL_PAC);
	assert_int_equal(to->control.first_message_ms, 12000);
	assert_true(to->control.trace);
	assert_int_equal(to->idle_ms, 300000);
	assert_int_equal(to->max_connect_ms, 400000);
	assert_int_equal(to->mss_clamp, 1300);
	assert_int_equal(to->tos, TOS_COPY);
	assert_int_equal(to->ecn, ECN_OFF);
	assert_false(to->fragment_dont_fragment);
	session_settings_unref(to);
}

TEST(values_beyond_what_a_link_can_do_are_brought_down)
{
	struct settings from = written();
	char name[400];
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	from.name = name;
	from.mru = from.mtu = 9000;
	from.mss_clamp = 70000;
	from.debug = false;
	struct session_settings *to = session_settings_configure(&from);
	assert_int_equal(to->link.mru, 1500);
	assert_int_equal(to->link.mtu, 1500);
	assert_int_equal(to->mss_clamp, UINT16_MAX);
	assert_int_equal(strlen(to->our_name), AUTH_NAME_LIMIT);
	assert_false(to->control.trace);
	session_settings_unref(to);
}

TEST(settings_live_as_long_as_somebody_refers_to_them)
{
	struct session_settings *settings = session_settings_new(LINK_CLIENT);
	assert_ptr_equal(session_settings_ref(settings), settings);
	session_settings_unref(settings);
	assert_int_equal(settings->references, 1);
	assert_int_equal(settings->control.role, CONTROL_PNS);
	session_settings_unref(settings);
	session_settings_unref(NULL);
}
