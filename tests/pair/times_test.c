/* What happens because time passes: silence, idleness, limits, verdicts that come late or never. */
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "tests/pair/world.h"

static void swallow(struct world *w, struct in_flight *flight)
{
	const int *deaf = w->context; /* nothing reaches this end; NULL: none */
	if (!deaf || flight->to == *deaf)
		flight->used = false;
}

TEST(a_caller_whose_gre_never_comes_is_told_of_protocol_47_after_10_seconds)
{
	struct world *w = world_new(1);
	w->on_wire = swallow;
	world_dial(w, 1);
	uint64_t began = w->now_ms;
	world_run(w, 9900, NULL);
	assert_int_equal(world_log_count(w, SERVER, "gre=silent"), 0);
	world_run(w, 200, NULL);
	assert_int_equal(world_log_count(w, SERVER, "gre=silent caller=198.51.100.2"), 1);
	assert_int_equal(world_log_count(w, SERVER, "protocol 47"), 1);
	world_run_out(w, 300000);
	assert_int_equal(world_log_count(w, SERVER, "gre=silent"), 1);
	assert_int_equal(w->ends[SERVER].last_end.reason, LINK_END_LCP);
	assert_true(w->now_ms - began < 300000);
	world_assert_clean(w);
	assert_int_equal(w->ends[SERVER].releases, 0); /* nobody was asked */
	world_free(w);
}

TEST(a_peer_that_answers_no_echo_is_gone)
{
	int deaf = CLIENT;
	struct world *w = world_new(2);
	w->ends[CLIENT].settings->link.echo_interval_ms = 0;
	world_call(w, 1);
	w->on_wire = swallow;
	w->context = &deaf;
	world_run(w, 4 * 30000, NULL); /* four misses are forgiven until the fifth is due */
	assert_int_equal(world_sessions(w, SERVER), 1);
	world_run_out(w, 31000);
	assert_int_equal(w->ends[SERVER].last_end.reason, LINK_END_ECHO);
	assert_int_equal(w->ends[SERVER].control_sent.type, CALL_DISCONNECT_NOTIFY);
	assert_int_equal(w->ends[SERVER].control_sent.call_disconnect_notify.result_code,
			 CDN_LOST_CARRIER);
	world_assert_clean(w);
	world_free(w);
}

TEST(a_quiet_call_lives_for_hours)
{
	struct world *w = world_with_call(3);
	world_run(w, 6 * 3600 * 1000, NULL);
	assert_true(world_is_up(w));
	world_send(w, CLIENT, 0, 1, 100);
	world_run(w, 100, NULL);
	assert_int_equal(w->ends[SERVER].inbox_count, 1);
	world_free(w);
}

TEST(an_idle_call_is_ended_and_data_either_way_puts_that_off)
{
	for (int busy = 0; busy < 2; busy++) {
		struct world *w = world_new(4);
		w->ends[SERVER].settings->idle_ms = 60000;
		world_call(w, 1);
		world_run(w, 50000, NULL);
		world_send(w, busy, 0, 1, 100);
		world_run(w, 50000, NULL);
		assert_true(world_is_up(w)); /* LCP's echoes are no data, the packet was */
		world_run_out(w, 15000);
		assert_int_equal(world_log_count(w, SERVER, "detail=\"no data for the time"), 1);
		assert_int_equal(w->ends[SERVER].last_end.reason, LINK_END_LOCAL);
		assert_int_equal(w->ends[CLIENT].last_end.reason, LINK_END_PEER);
		world_assert_clean(w);
		world_free(w);
	}
}

TEST(a_busy_call_ends_when_maxconnect_is_over)
{
	struct world *w = world_new(5);
	w->ends[SERVER].settings->max_connect_ms = 30000;
	world_call(w, 1);
	for (unsigned i = 0; i < 29; i++) {
		world_send(w, CLIENT, 0, 1, 100);
		world_run(w, 1000, NULL);
	}
	assert_true(world_is_up(w));
	world_run_out(w, 2000);
	assert_int_equal(world_log_count(w, SERVER, "detail=\"the time that maxconnect"), 1);
	assert_int_equal(world_log_count(w, SERVER, "seconds=30 "), 1);
	world_assert_clean(w);
	world_free(w);
}

TEST(a_verdict_may_take_its_time)
{
	static const uint64_t delays_ms[] = {1, 100, 2999, 3000, 9000, 25000};
	for (size_t i = 0; i < COUNT_OF(delays_ms); i++) {
		struct world *w = world_new(6);
		w->registrar.delay_ms = delays_ms[i];
		world_call(w, 1);
		assert_int_equal(w->ends[SERVER].asked, 1);
		world_free(w);
	}
}

TEST(a_verdict_that_never_comes_ends_the_call_and_releases_it)
{
	struct world *w = world_new(7);
	w->registrar.never = true;
	world_dial(w, 1);
	world_run_out(w, 200000);
	world_assert_clean(w);
	assert_int_equal(w->ends[CLIENT].releases, 1); /* it asked for its own proof */
	world_free(w);
}

/* The client's registrar answers, the server's does not. */
TEST(a_client_hears_of_a_server_whose_registrar_is_silent)
{
	struct world *w = world_new(8);
	w->ends[CLIENT].settings->link.auth.timeout_ms = 120000; /* more patient than the server */
	w->ends[CLIENT].settings->link.auth.attempts = 40;
	world_dial(w, 1);
	while (!w->ends[SERVER].asked && world_run(w, 1, NULL))
		w->registrar.never = w->ends[CLIENT].asked;
	world_run_out(w, 200000);
	assert_int_equal(w->ends[SERVER].last_end.reason, LINK_END_AUTH_FAILED);
	assert_int_equal(w->ends[SERVER].last_end.auth_error, AUTH_NO_ANSWER);
	assert_int_equal(w->ends[CLIENT].last_end.auth_error, AUTH_NO_ANSWER);
	assert_int_equal(w->ends[SERVER].releases, 1);
	world_assert_clean(w);
	world_free(w);
}

static bool server_asked(const struct world *w)
{
	return w->ends[SERVER].asked > 0;
}

TEST(a_verdict_after_the_hang_up_finds_nobody_and_what_it_gave_is_released)
{
	struct world *w = world_new(9);
	w->registrar.delay_ms = 500;
	world_dial(w, 1);
	assert_true(world_run(w, 10000, server_asked));
	world_lose_tcp(w, CLIENT);
	world_run_out(w, 1000);
	assert_int_equal(w->ends[SERVER].releases, 1);
	world_run(w, 5000, NULL); /* the verdict comes now */
	assert_int_equal(w->ends[SERVER].ipv4_ups, 0);
	world_assert_clean(w);
	world_free(w);
}

TEST(a_login_is_proved_again_while_the_link_is_up)
{
	struct world *w = world_new(10);
	w->ends[SERVER].settings->link.auth.rechallenge_ms = 20000;
	world_call(w, 1);
	world_run(w, 65000, NULL);
	assert_true(world_is_up(w));
	assert_int_equal(w->ends[SERVER].asked, 4);
	assert_int_equal(w->ends[SERVER].ipv4_ups, 1);
	w->registrar.wrong_password = true; /* it was changed */
	world_run_out(w, 30000);
	assert_int_equal(w->ends[SERVER].last_end.reason, LINK_END_AUTH_FAILED);
	world_assert_clean(w);
	world_free(w);
}
