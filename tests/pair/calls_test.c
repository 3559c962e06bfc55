/* Whole calls: from Start-Control-Connection-Request to encrypted
 * packets and back, and every way in which they end. */
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "tests/pair/world.h"

TEST(a_call_comes_up_and_carries_packets_both_ways)
{
	struct world *w = world_with_call(1);
	world_send(w, CLIENT, 0, 10, 100);
	world_send(w, SERVER, 0, 10, 1300);
	world_run(w, 1000, NULL);
	assert_int_equal(w->ends[SERVER].inbox_count, 10);
	assert_int_equal(w->ends[CLIENT].inbox_count, 10);
	assert_int_equal(w->clear_packets, 0);
	assert_int_equal(w->encrypted_packets, 20);
	assert_int_equal(world_session(w, SERVER, 0)->account.octets_in, 1000);
	assert_int_equal(world_session(w, SERVER, 0)->account.octets_out, 13000);
	assert_int_equal(world_session(w, CLIENT, 0)->account.packets_in, 10);
	world_free(w);
}

TEST(both_ends_know_the_addresses_and_name_servers_that_were_given)
{
	struct world *w = world_with_call(2);
	const struct session *server = world_session(w, SERVER, 0),
			     *client = world_session(w, CLIENT, 0);
	assert_int_equal(server->addresses.local, 0xc0a80a01);
	assert_int_equal(server->addresses.remote, 0xc0a80a65);
	assert_int_equal(client->addresses.local, 0xc0a80a65);
	assert_int_equal(client->addresses.remote, 0xc0a80a01);
	assert_string_equal(server->user, "testvpn1");
	world_free(w);
}

TEST(several_calls_share_a_control_connection_and_nothing_else)
{
	enum { CALLS = 5 };
	struct world *w = world_new(3);
	world_call(w, CALLS);
	for (unsigned k = 0; k < CALLS; k++) {
		world_send(w, CLIENT, k, k + 1, 200);
		world_send(w, SERVER, k, k + 1, 200);
	}
	world_run(w, 500, NULL);
	for (unsigned k = 0; k < CALLS; k++) {
		assert_int_equal(world_session(w, SERVER, k)->account.packets_in, k + 1);
		assert_int_equal(world_session(w, CLIENT, k)->account.packets_in, k + 1);
	}
	session_close(world_session(w, CLIENT, 2), "one is enough", w->now_ms);
	world_perform(w, CLIENT);
	world_run(w, 5000, NULL);
	assert_int_equal(world_sessions(w, SERVER), CALLS - 1);
	assert_int_equal(world_sessions(w, CLIENT), CALLS - 1);
	assert_null(world_session(w, SERVER, 2));
	world_send(w, CLIENT, 4, 3, 200);
	world_run(w, 500, NULL);
	assert_int_equal(world_session(w, SERVER, 4)->account.packets_in, 5 + 3);
	world_free(w);
}

TEST(a_call_too_many_is_refused_and_harms_no_other)
{
	struct world *w = world_new(4);
	w->ends[SERVER].settings->control.calls_max = 2;
	world_dial(w, 3);
	world_run(w, 30000, NULL);
	assert_int_equal(world_sessions(w, SERVER), 2);
	assert_int_equal(world_sessions(w, CLIENT), 2);
	assert_true(world_is_up(w));
	assert_int_equal(w->ends[CLIENT].ended, 1);
	world_free(w);
}

TEST(the_control_stream_may_come_in_portions_of_any_size)
{
	for (uint32_t part = 1; part <= 220; part++) {
		struct world *w = world_new(part);
		w->wire.stream_part = part;
		world_call(w, 2);
		world_free(w);
	}
}

/* Windows leaves so: no farewell by PPP, only Call-Clear-Request. */
TEST(a_call_clear_is_answered_with_our_call_id)
{
	struct world *w = world_with_call(5);
	uint16_t call_id = world_session(w, SERVER, 0)->call_id;
	session_hang_up(world_session(w, CLIENT, 0), LINK_END_LOCAL, "hung up", w->now_ms);
	world_perform(w, CLIENT);
	assert_int_equal(w->ends[CLIENT].control_sent.type, CALL_CLEAR_REQUEST);
	world_run_out(w, 5000);
	const struct control_message *sent = &w->ends[SERVER].control_sent;
	assert_int_equal(sent->type, CALL_DISCONNECT_NOTIFY);
	assert_int_equal(sent->call_disconnect_notify.call_id, call_id);
	assert_int_equal(sent->call_disconnect_notify.result_code, CDN_REQUEST);
	assert_int_equal(w->ends[SERVER].last_end.reason, LINK_END_PEER);
	world_assert_clean(w);
	assert_int_equal(w->ends[SERVER].releases, 1);
	world_free(w);
}

/* Who closes, and what each end says of it. */
TEST(a_farewell_ends_both_sides_in_order)
{
	static const struct {
		int closer;
		uint8_t reasons[2];
	} rows[] = {
		{SERVER, {LINK_END_LOCAL, LINK_END_PEER}},
		{CLIENT, {LINK_END_PEER, LINK_END_LOCAL}},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_with_call(6);
		session_close(world_session(w, rows[i].closer, 0), "time to go home", w->now_ms);
		world_perform(w, rows[i].closer);
		world_run_out(w, 10000);
		for (int side = 0; side < 2; side++)
			assert_int_equal(w->ends[side].last_end.reason, rows[i].reasons[side]);
		assert_int_equal(w->ends[SERVER].control_sent.type, CALL_DISCONNECT_NOTIFY);
		/* what the other side reads about it */
		assert_int_equal(world_log_count(w, !rows[i].closer,
						 "detail=\"the peer hung up: time to go home\""),
				 1);
		world_assert_clean(w);
		world_free(w);
	}
}

TEST(a_session_that_says_farewell_is_not_up_again_while_its_networks_come_down)
{
	struct world *w = world_with_call(11);
	struct session *server = world_session(w, SERVER, 0);
	assert_true(world_run(w, 10000, world_has_ipv6));
	session_close(server, "bye", w->now_ms);
	assert_int_equal(server->state, SESSION_ENDING);
	assert_false(server->ipv4_up || server->ipv6_up);
	world_perform(w, SERVER);
	world_run_out(w, 10000);
	world_assert_clean(w);
	world_free(w);
}

TEST(a_lost_control_connection_ends_everything_once_at_every_stage)
{
	static const uint64_t stages_ms[] = {0, 1, 5, 6, 10, 15, 20, 30, 50, 100, 5000};
	for (size_t i = 0; i < COUNT_OF(stages_ms); i++) {
		for (int side = 0; side < 2; side++) {
			struct world *w = world_new(7);
			w->registrar.delay_ms = 7;
			world_dial(w, 3);
			world_run(w, stages_ms[i], NULL);
			world_lose_tcp(w, side);
			world_run_out(w, 120000);
			world_assert_clean(w);
			assert_int_equal(w->ends[SERVER].closes, 1);
			assert_int_equal(w->ends[CLIENT].closes, 1);
			assert_true(w->ends[SERVER].releases == w->ends[SERVER].ended ||
				    w->ends[SERVER].asked < 3);
			world_free(w);
		}
	}
}

TEST(a_stopped_server_says_farewell_to_all)
{
	struct world *w = world_new(8);
	world_call(w, 3);
	connection_stop(w->ends[SERVER].connection, "server shutdown", w->now_ms);
	world_perform(w, SERVER);
	world_run_out(w, 120000);
	world_assert_clean(w);
	assert_int_equal(w->ends[SERVER].releases, 3);
	assert_int_equal(world_log_count(w, SERVER, "detail=\"server shutdown\""), 3);
	world_free(w);
}

TEST(a_connection_without_calls_is_given_up_by_both_ends)
{
	struct world *w = world_with_call(9);
	session_close(world_session(w, CLIENT, 0), "done", w->now_ms);
	world_perform(w, CLIENT);
	world_run_out(w, 10000);
	assert_non_null(w->ends[SERVER].connection);
	world_run(w, 130000, NULL);
	assert_null(w->ends[SERVER].connection);
	assert_null(w->ends[CLIENT].connection);
	world_free(w);
}

TEST(a_second_login_takes_the_place_of_the_first)
{
	struct world *w = world_new(10);
	w->registrar.evict = true;
	world_dial(w, 1);
	assert_true(world_run(w, 30000, world_is_up));
	struct session *second = session_new(&w->ends[CLIENT].host, w->ends[CLIENT].settings, 2,
					     999, (struct endpoint){0xcb007101, 1723}, 0xc6336402);
	w->ends[CLIENT].sessions[1] = second;
	w->ends[CLIENT].next_session = 2;
	assert_true(connection_call(w->ends[CLIENT].connection, second, w->now_ms));
	world_perform(w, CLIENT);
	world_run(w, 30000, NULL);
	assert_int_equal(world_sessions(w, SERVER), 1);
	assert_int_equal(world_sessions(w, CLIENT), 1);
	assert_true(world_is_up(w));
	assert_int_equal(w->ends[SERVER].ended, 1);
	assert_int_equal(w->ends[SERVER].releases, 1);
	assert_int_equal(world_log_count(w, SERVER, "session=1 user=testvpn1 ended"), 1);
	assert_int_equal(world_log_count(w, SERVER, "detail=\"replaced by a new login\""), 1);
	world_free(w);
}
