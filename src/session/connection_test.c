/* One control connection of a server, fed with a client's messages. */
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "session/connection.h"

struct desk {
	uint64_t seed, now_ms;
	struct session_host host;
	struct session_settings *settings;
	struct connection *connection;
	struct session *session;
	unsigned counts[ACTION_LOG + 1], levels[4];
	struct control_message sent; /* the last */
	struct control_event asked;
	char log[8192], closed[200];
};

static void take_all(struct desk *d)
{
	struct action_view view;
	while (action_take(&d->host, &view)) {
		d->counts[view.kind]++;
		if (view.kind == ACTION_SEND_CONTROL)
			assert_true(control_decode(&d->sent, view.bytes, view.length));
		else if (view.kind == ACTION_CALL_ASKED)
			memcpy(&d->asked, view.bytes, sizeof(d->asked));
		else if (view.kind == ACTION_CLOSE_CONTROL)
			memcpy(d->closed, view.bytes, MIN_OF(view.length, sizeof(d->closed) - 1));
		else if (view.kind == ACTION_LOG) {
			size_t length = strlen(d->log);
			d->levels[view.bytes[0]]++;
			snprintf(d->log + length, sizeof(d->log) - length, "%.*s\n",
				 (int)view.length - 1, (const char *)view.bytes + 1);
		}
	}
}

static void feed(struct desk *d, const struct control_message *m)
{
	uint8_t bytes[CONTROL_MESSAGE_MAX];
	size_t length = control_encode(m, bytes);
	connection_on_bytes(d->connection, bytes, length, d->now_ms);
	take_all(d);
}

static void open_desk(struct desk *d)
{
	*d = (struct desk){.seed = 7, .now_ms = 1000};
	d->host.random = test_random(&d->seed);
	d->settings = session_settings_new(LINK_SERVER);
	d->connection = connection_new(&d->host, d->settings, 3,
				       (struct endpoint){0xc6336402, 40000}, 0xcb007101, d->now_ms);
	feed(d, &(struct control_message){.type = START_CONTROL_CONNECTION_REQUEST,
					  .start_request = {.protocol_version = CONTROL_VERSION}});
	assert_int_equal(d->counts[ACTION_CONNECTED], 1);
}

static void open_call(struct desk *d)
{
	feed(d, &(struct control_message){
			.type = OUTGOING_CALL_REQUEST,
			.outgoing_call_request = {.call_id = 77, .window_size = 64}});
	assert_int_equal(d->counts[ACTION_CALL_ASKED], 1);
	d->session = session_new(&d->host, d->settings, 5, 1234, d->connection->caller,
				 d->connection->called);
	connection_accept(d->connection, d->asked.slot, d->session, d->now_ms);
	take_all(d);
}

/* As the owner does when a session ended. */
static void end_session(struct desk *d, uint8_t reason)
{
	connection_on_session_ended(d->connection, d->session, reason, d->now_ms);
	take_all(d);
	session_free(d->session);
	d->session = NULL;
}

static void close_desk(struct desk *d)
{
	if (d->session)
		session_free(d->session);
	connection_free(d->connection);
	session_settings_unref(d->settings);
	session_host_fini(&d->host);
}

TEST(an_accepted_call_starts_its_session_with_both_call_ids)
{
	struct desk d;
	open_desk(&d);
	open_call(&d);
	assert_int_equal(d.sent.type, OUTGOING_CALL_REPLY);
	assert_int_equal(d.sent.outgoing_call_reply.call_id, 1234);
	assert_int_equal(d.sent.outgoing_call_reply.peer_call_id, 77);
	assert_int_equal(d.session->state, SESSION_NEGOTIATING);
	assert_int_equal(d.session->gre.peer_call_id, 77);
	assert_true(d.counts[ACTION_SEND_GRE] > 0); /* the server speaks LCP first */
	assert_non_null(strstr(d.log, "session=5 call=opened caller=198.51.100.2 call_id=1234 "
				      "peer_call_id=77"));
	close_desk(&d);
}

TEST(a_window_is_announced_that_slows_nobody)
{
	struct desk d;
	open_desk(&d);
	open_call(&d);
	assert_int_equal(d.sent.outgoing_call_reply.window_size, 16384);
	close_desk(&d);
}

TEST(a_cleared_call_hangs_its_session_up_and_names_our_call_id)
{
	struct desk d;
	open_desk(&d);
	open_call(&d);
	feed(&d, &(struct control_message){.type = CALL_CLEAR_REQUEST, .call_clear_request = {77}});
	assert_int_equal(d.sent.type, CALL_DISCONNECT_NOTIFY);
	assert_int_equal(d.sent.call_disconnect_notify.call_id, 1234);
	assert_int_equal(d.sent.call_disconnect_notify.result_code, CDN_REQUEST);
	assert_int_equal(d.session->state, SESSION_ENDED);
	assert_int_equal(d.counts[ACTION_SESSION_ENDED], 1);
	assert_int_equal(d.connection->call_count, 0);
	end_session(&d, LINK_END_PEER); /* the call ended first: nothing more is said of it */
	assert_int_equal(d.counts[ACTION_SEND_CONTROL], 3);
	close_desk(&d);
}

TEST(the_end_of_a_session_clears_its_call_with_the_reason)
{
	static const struct {
		uint8_t reason, result;
	} rows[] = {
		{LINK_END_LOCAL, CDN_ADMIN_SHUTDOWN}, {LINK_END_ECHO, CDN_LOST_CARRIER},
		{LINK_END_LCP, CDN_LOST_CARRIER},     {LINK_END_PEER, CDN_REQUEST},
		{LINK_END_AUTH_FAILED, CDN_REQUEST},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct desk d;
		open_desk(&d);
		open_call(&d);
		end_session(&d, rows[i].reason);
		assert_int_equal(d.sent.type, CALL_DISCONNECT_NOTIFY);
		assert_int_equal(d.sent.call_disconnect_notify.call_id, 1234);
		assert_int_equal(d.sent.call_disconnect_notify.result_code, rows[i].result);
		close_desk(&d);
	}
}

TEST(a_refused_call_is_answered_and_forgotten)
{
	struct desk d;
	open_desk(&d);
	feed(&d, &(struct control_message){.type = OUTGOING_CALL_REQUEST,
					   .outgoing_call_request = {.call_id = 77}});
	connection_refuse(d.connection, d.asked.slot, OCRP_BUSY, 0, d.now_ms);
	take_all(&d);
	assert_int_equal(d.sent.type, OUTGOING_CALL_REPLY);
	assert_int_equal(d.sent.outgoing_call_reply.result_code, OCRP_BUSY);
	assert_int_equal(d.connection->call_count, 0);
	close_desk(&d);
}

/* Asked for, and closed or cleared, in one segment: the owner answers what is over. */
TEST(an_answer_to_a_call_that_is_gone_ends_its_session)
{
	for (int closed = 0; closed < 2; closed++) {
		struct desk d;
		uint8_t bytes[2 * CONTROL_MESSAGE_MAX];
		open_desk(&d);
		size_t length = control_encode(
			&(struct control_message){.type = OUTGOING_CALL_REQUEST,
						  .outgoing_call_request = {.call_id = 77}},
			bytes);
		if (closed)
			length += (size_t)snprintf((char *)bytes + length, 20, "no cookie at all");
		else
			length += control_encode(
				&(struct control_message){.type = CALL_CLEAR_REQUEST,
							  .call_clear_request = {77}},
				bytes + length);
		connection_on_bytes(d.connection, bytes, length, d.now_ms);
		d.session = session_new(&d.host, d.settings, 5, 1234, d.connection->caller,
					d.connection->called);
		connection_accept(d.connection, 0, d.session, d.now_ms);
		take_all(&d);
		assert_int_equal(d.counts[ACTION_CLOSE_CONTROL], closed);
		assert_int_equal(d.counts[ACTION_SESSION_ENDED], 1);
		assert_int_equal(d.connection->call_count, 0);
		end_session(&d, LINK_END_PEER);
		close_desk(&d);
	}
}

TEST(a_lost_connection_ends_its_sessions_and_closes_once)
{
	struct desk d;
	open_desk(&d);
	open_call(&d);
	connection_on_lost(d.connection, "reset by peer", d.now_ms);
	connection_on_lost(d.connection, "reset by peer", d.now_ms);
	connection_stop(d.connection, "too late", d.now_ms);
	take_all(&d);
	assert_int_equal(d.counts[ACTION_SESSION_ENDED], 1);
	assert_int_equal(d.counts[ACTION_CLOSE_CONTROL], 1);
	assert_string_equal(d.closed, "reset by peer");
	assert_true(connection_deadline(d.connection) == TIME_NEVER);
	close_desk(&d);
}

TEST(a_connection_without_calls_is_stopped_after_a_minute)
{
	struct desk d;
	open_desk(&d);
	d.now_ms = 1000 + CONNECTION_IDLE_MS;
	connection_on_time(d.connection, d.now_ms - 1);
	take_all(&d);
	assert_int_equal(d.sent.type, START_CONTROL_CONNECTION_REPLY);
	connection_on_time(d.connection, d.now_ms);
	take_all(&d);
	assert_int_equal(d.sent.type, STOP_CONTROL_CONNECTION_REQUEST);
	connection_on_time(d.connection, d.now_ms + 60000); /* and not again and again */
	take_all(&d);
	assert_int_equal(d.counts[ACTION_SEND_CONTROL], 2);
	assert_int_equal(d.counts[ACTION_CLOSE_CONTROL], 1);
	close_desk(&d);
}

TEST(set_link_info_is_seen_at_debug_level_only)
{
	struct desk d;
	open_desk(&d);
	open_call(&d);
	unsigned infos = d.levels[LOG_LEVEL_INFO];
	feed(&d, &(struct control_message){.type = SET_LINK_INFO,
					   .set_link_info = {.peer_call_id = 1234}});
	assert_int_equal(d.levels[LOG_LEVEL_INFO], infos);
	assert_non_null(strstr(d.log, "control=3 caller=198.51.100.2 set-link-info call_id=1234"));
	close_desk(&d);
}

/* A disconnect of no call is reported each time by the machine. */
TEST(a_peer_cannot_flood_the_log)
{
	struct desk d;
	open_desk(&d);
	d.now_ms = 50000;
	unsigned before = d.levels[LOG_LEVEL_INFO];
	struct control_message m = {.type = WAN_ERROR_NOTIFY};
	for (unsigned i = 0; i < 1000; i++)
		feed(&d, &m);
	assert_int_equal(d.levels[LOG_LEVEL_INFO] - before, LINES_A_SECOND);
	d.now_ms += 1000;
	d.log[0] = 0;
	feed(&d, &m);
	assert_non_null(strstr(d.log, "lines-left-out=980"));
	close_desk(&d);
}

TEST(with_trace_every_message_is_printed_both_ways)
{
	struct desk d;
	open_desk(&d);
	d.settings->control.trace = true;
	feed(&d, &(struct control_message){.type = ECHO_REQUEST, .echo_request = {9}});
	assert_non_null(strstr(d.log, "Echo-Request identifier=9"));
	assert_non_null(strstr(d.log, "sent Echo-Reply identifier=9"));
	close_desk(&d);
}
