#include "server/engine.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "server/test_engine.h"

TEST(engine_answers_a_call_and_carries_packets)
{
	struct fixture f;
	struct client c;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	assert_int_equal(f.logins, 1);
	assert_int_equal(f.login.caller, CALLER);
	assert_int_equal(f.login.called, US);
	RUN_UNTIL(&f, &c, f.networks[MESSAGE_NETWORK_UP] && f.networks[MESSAGE_IPV6_UP]);
	assert_int_equal(f.network.local, INNER_US);
	assert_int_equal(f.network.remote, INNER_CALLER);
	assert_memory_equal(f.network.remote_id, c.session->addresses.local_id, 8);
	assert_memory_equal(f.network.local_id, c.session->addresses.remote_id, 8);
	/* A datagram for the caller goes into the tunnel. */
	int udp = client_socket(SOCK_DGRAM, 0, INNER_US);
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INNER_CALLER)};
	assert_int_equal(sendto(udp, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to)), 5);
	RUN_UNTIL(&f, &c, c.delivered == 1);
	/* A super-segment goes as the datagrams in it (Linux 6.2; before, the kernel cuts it), though
	 * they be more than a batch holds, and cut in two where they are too long. */
	static const struct {
		int segment, count, delivered;
	} bursts[] = {{10, 60, 60}, {1452, 44, 88}, {700, 64, 64}};
	static uint8_t octets[UINT16_MAX];
	for (size_t i = 0; i < COUNT_OF(bursts); i++) {
		size_t before = c.delivered;
		size_t length = (size_t)bursts[i].segment * (size_t)bursts[i].count;
		assert_int_equal(setsockopt(udp, IPPROTO_UDP, 103 /* UDP_SEGMENT */,
					    &bursts[i].segment, sizeof(bursts[i].segment)),
				 0);
		assert_int_equal(sendto(udp, octets, length, 0, (struct sockaddr *)&to, sizeof(to)),
				 length);
		RUN_UNTIL(&f, &c, c.delivered == before + (size_t)bursts[i].delivered);
	}
	/* One for an address that nobody holds does not. */
	to.sin_addr.s_addr = htonl(INNER_CALLER + 1);
	assert_int_equal(setsockopt(udp, IPPROTO_UDP, 103, &(int){0}, sizeof(int)), 0);
	sendto(udp, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to));
	RUN_UNTIL(&f, &c, fixture_drops_of(&f, DROP_IP_NO_SESSION) == 1);
	assert_true(fixture_has_logged(&f, "drop=ip_no_session count=1"));
	close(udp);
	connection_stop(c.connection, "enough", f.loop.now_ms);
	client_perform(&c);
	RUN_UNTIL(&f, &c, f.releases == 1 && !f.engine.lines.count);
	RUN_UNTIL(&f, &c, f.networks[MESSAGE_IPV6_DOWN] && f.networks[MESSAGE_NETWORK_DOWN]);
	assert_int_equal(table_count(&f.engine.table), 0);
	client_stop(&c);
	fixture_stop(&f);
}

/* IPv4 with don't-fragment, longer than the tunnel takes, where the configuration keeps it whole. */
TEST(engine_makes_the_keys_of_packets_to_come_when_nothing_is_to_do)
{
	struct fixture f;
	struct client c;
	static const struct auth_keys keys = {.present = 1};
	fixture_start(&f, 10);
	assert_true(fixture_has_logged(&f, "mppe kernels=\""));
	assert_true(fixture_has_logged(&f, "\" helper="));
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	struct member *member = table_by_inner(&f.engine.table, INNER_CALLER);
	struct mppe *mppe = &member->session->link.mppe;
	mppe_init(mppe, &keys, MPPE_128, true); /* though nothing is encrypted with it here */
	ahead_note(&f.engine.path.ahead, &member->path);
	f.loop.has_idle_work = true;
	RUN_UNTIL(&f, &c, f.engine.path.counters.keys_ahead == 2 * MPPE_KEYS_AHEAD);
	assert_int_equal(mppe->send.ahead_count, MPPE_KEYS_AHEAD);
	assert_int_equal(mppe->receive.ahead_count, MPPE_KEYS_AHEAD);
	RUN_UNTIL(&f, &c, !f.loop.has_idle_work);
	client_stop(&c);
	fixture_stop(&f);
}

TEST(engine_names_in_its_log_why_a_transfer_stands_still)
{
	static const uint8_t big[1450];
	struct fixture f;
	struct client c;
	fixture_start(&f, 10);
	f.settings->fragment_dont_fragment = false;
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	int udp = client_socket(SOCK_DGRAM, 0, INNER_US), yes = IP_PMTUDISC_PROBE;
	setsockopt(udp, IPPROTO_IP, IP_MTU_DISCOVER, &yes, sizeof(yes));
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INNER_CALLER)};
	for (int i = 0; i < 20; i++)
		assert_int_equal(
			sendto(udp, big, sizeof(big), 0, (struct sockaddr *)&to, sizeof(to)),
			sizeof(big));
	RUN_UNTIL(&f, &c, fixture_drops_of(&f, DROP_IP_TOO_BIG) == 20);
	assert_true(fixture_has_logged(&f, "drop=ip_too_big"));
	assert_null(strstr(strstr(f.logged, "drop=ip_too_big") + 1, "drop=ip_too_big"));
	/* And the sender, this host, believes what it was told. */
	int mtu = 0;
	socklen_t length = sizeof(mtu);
	assert_int_equal(connect(udp, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(getsockopt(udp, IPPROTO_IP, IP_MTU, &mtu, &length), 0);
	assert_int_equal(mtu, session_mtu(table_by_inner(&f.engine.table, INNER_CALLER)->session));
	close(udp);
	client_stop(&c);
	fixture_stop(&f);
}

TEST(engine_refuses_a_call_beyond_its_sessions_as_busy)
{
	struct fixture f;
	struct client first, second;
	fixture_start(&f, 1);
	fixture_call_from(&first, &f, CALLER);
	fixture_client_up(&f, &first);
	fixture_call_from(&second, &f, OTHER);
	RUN_UNTIL(&f, &second, second.connected);
	client_call(&second);
	RUN_UNTIL(&f, &second, second.ended);
	assert_non_null(strstr(second.end.text, "busy"));
	assert_int_equal(f.engine.counters.calls_refused, 1);
	assert_int_equal(f.engine.counters.calls_accepted, 1);
	assert_true(fixture_has_logged(&f, "call=refused: all connections are in use"));
	client_stop(&first);
	client_stop(&second);
	fixture_stop(&f);
}

TEST(engine_takes_gre_only_of_a_call_and_only_from_its_caller)
{
	static const uint8_t stray[] = {0x30, 1, 0x88, 0x0b, 0, 0, 0x77, 0x77, 0, 0, 0, 0};
	struct fixture f;
	struct client c, thief;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_call_from(&thief, &f, OTHER);
	fixture_client_up(&f, &c);
	assert_int_equal(fixture_drops_of(&f, DROP_GRE_UNKNOWN_CALL), 0);
	client_send_gre(&c, stray, sizeof(stray));
	RUN_UNTIL(&f, &c, fixture_drops_of(&f, DROP_GRE_UNKNOWN_CALL) == 1);
	assert_true(fixture_has_logged(&f, "drop=gre_unknown_call count=1"));
	/* The right call id from another address. */
	uint8_t forged[sizeof(stray)];
	uint16_t call_id = c.session->gre.peer_call_id;
	memcpy(forged, stray, sizeof(stray));
	forged[6] = (uint8_t)(call_id >> 8);
	forged[7] = (uint8_t)call_id;
	client_send_gre(&thief, forged, sizeof(forged));
	RUN_UNTIL(&f, &c, fixture_drops_of(&f, DROP_GRE_UNKNOWN_CALL) == 2);
	/* Cut anywhere. */
	for (size_t length = 0; length < sizeof(stray); length++)
		client_send_gre(&thief, stray, length);
	RUN_UNTIL(&f, &c,
		  fixture_drops_of(&f, DROP_GRE_MALFORMED) +
				  fixture_drops_of(&f, DROP_GRE_UNKNOWN_CALL) ==
			  2 + sizeof(stray));
	assert_int_equal(fixture_drops_of(&f, DROP_GRE_MALFORMED), 8); /* no call id to look at */
	assert_int_equal(table_count(&f.engine.table), 1);             /* and the call stands */
	client_stop(&c);
	client_stop(&thief);
	fixture_stop(&f);
}

/* A connection that was closed reads as ended. */
static bool is_closed(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);
	return got == 0 || (got < 0 && errno != EAGAIN);
}

static void turns(struct fixture *f, int count)
{
	while (count-- > 0)
		loop_turn(&f->loop, 1);
}

TEST(engine_bounds_the_connections_of_one_address_that_have_no_call)
{
	enum { MORE = LINES_WITHOUT_CALL + 10 };
	struct fixture f;
	struct client c;
	int fds[MORE], other;
	fixture_start(&f, 1000);
	fixture_call_from(&c, &f, CALLER); /* with a call, it does not count */
	fixture_client_up(&f, &c);
	for (int i = 0; i < MORE; i++) {
		fds[i] = fixture_dial(&f, CALLER);
		turns(&f, 1);
	}
	other = fixture_dial(&f, OTHER);
	RUN_UNTIL(&f, &c,
		  f.engine.counters.connections_accepted + f.engine.counters.connections_crowded ==
			  MORE + 2);
	assert_int_equal(f.engine.counters.connections_crowded, MORE - LINES_WITHOUT_CALL);
	assert_int_equal(f.engine.lines.count, LINES_WITHOUT_CALL + 2);
	assert_true(fixture_has_logged(&f, "control=refused caller=127.0.0.2"));
	for (int i = 0; i < MORE; i++)
		assert_int_equal(is_closed(fds[i]), i >= LINES_WITHOUT_CALL);
	assert_false(is_closed(other));
	/* Where one goes, there is room for one. */
	close(fds[0]);
	RUN_UNTIL(&f, &c, f.engine.lines.count == LINES_WITHOUT_CALL + 1);
	fds[0] = fixture_dial(&f, CALLER);
	RUN_UNTIL(&f, &c, f.engine.lines.count == LINES_WITHOUT_CALL + 2);
	assert_false(is_closed(fds[0]));
	for (int i = 0; i < MORE; i++)
		close(fds[i]);
	close(other);
	RUN_UNTIL(&f, &c, f.engine.lines.count == 1);
	client_stop(&c);
	fixture_stop(&f);
}

TEST(engine_bounds_all_connections_and_the_lines_about_them)
{
	enum { SESSIONS = 5, PLACES = SESSIONS + LINES_SPARE, MANY = PLACES + 400 };
	struct fixture f;
	static int fds[MANY];
	fixture_start(&f, SESSIONS);
	for (int i = 0; i < MANY; i++) {
		fds[i] = fixture_dial(&f, CALLER + (uint32_t)i / 50);
		turns(&f, 1);
	}
	turns(&f, 20);
	assert_int_equal(f.engine.lines.count, PLACES);
	/* The latest take the places of the oldest that said nothing. */
	assert_int_equal(f.engine.counters.connections_accepted, MANY);
	assert_int_equal(f.engine.counters.connections_crowded_out, MANY - PLACES);
	assert_true(is_closed(fds[0]) && !is_closed(fds[MANY - 1]));
	assert_true(fixture_has_logged(&f, "needed for another caller"));
	size_t lines = f.lines;
	assert_true(lines >= f.engine.stranger_lines.burst && lines < MANY - PLACES);
	assert_true(f.engine.stranger_lines.left_out > 0);
	assert_int_not_equal(f.engine.report_timer.place, 0); /* will tell of the rest */
	f.engine.report_timer.on_time(f.engine.report_timer.context, f.loop.now_ms);
	assert_true(fixture_has_logged(&f, "more lines like this were not shown"));
	assert_int_equal(f.lines, lines + 1);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	for (int turn = 0; turn < 2000 && f.engine.lines.count; turn++)
		turns(&f, 1);
	assert_int_equal(f.engine.lines.count, 0);
	fixture_stop(&f);
}

static size_t descriptors(void)
{
	size_t count = 0;
	DIR *directory = opendir("/proc/self/fd");
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

TEST(engine_keeps_nothing_of_callers_that_came_and_went)
{
	enum { ROUNDS = 300 };
	static const uint8_t garbage[] = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
	struct fixture f;
	fixture_start(&f, 10);
	size_t before = descriptors(), timers = f.loop.timers.count;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		int fd = fixture_dial(&f, CALLER + i % 7);
		turns(&f, 1);
		if (i % 3 == 1)
			send(fd, garbage, sizeof(garbage), MSG_NOSIGNAL);
		if (i % 3 == 2) { /* reset */
			struct linger now = {1, 0};
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		}
		turns(&f, 1);
		close(fd);
	}
	for (int turn = 0; turn < 2000 && f.engine.lines.count; turn++)
		turns(&f, 1);
	for (int i = 0; i < 10; i++) { /* whole calls, the caller gone without a word */
		struct client c;
		fixture_call_from(&c, &f, CALLER);
		fixture_client_up(&f, &c);
		client_stop(&c);
		for (int turn = 0; turn < 2000 && f.engine.lines.count; turn++)
			turns(&f, 1);
	}
	turns(&f, 3);
	assert_int_equal(f.engine.lines.count, 0);
	for (size_t i = 0; i < COUNT_OF(f.places.idle); i++)
		assert_int_equal(f.places.idle[i], 0);
	assert_int_equal(table_count(&f.engine.table), 0);
	assert_int_equal(f.releases, 10);
	assert_int_equal(descriptors(), before);
	loop_cancel_timer(&f.loop, &f.engine.report_timer);
	assert_int_equal(f.loop.timers.count, timers);
	fixture_stop(&f);
}

TEST(engine_sends_away_at_once_whom_the_registrar_names)
{
	struct fixture f;
	struct client c;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	struct message_evict evict = {.session = 77}; /* not here any more */
	assert_int_equal(seam_end_send(&f.authority, MESSAGE_EVICT, &evict), 0);
	evict.session = f.login.session;
	assert_int_equal(seam_end_send(&f.authority, MESSAGE_EVICT, &evict), 0);
	RUN_UNTIL(&f, &c, f.releases == 1);
	assert_true(fixture_has_logged(&f, "replaced by a new login"));
	RUN_UNTIL(&f, &c, c.ended);
	client_stop(&c);
	fixture_stop(&f);
}

TEST(engine_ends_a_session_in_order_where_the_registrar_says_so)
{
	struct fixture f;
	struct client c;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	struct message_disconnect message = {.session = f.login.session, .why = "removed"};
	assert_int_equal(seam_end_send(&f.authority, MESSAGE_DISCONNECT, &message), 0);
	message.session = 12345; /* never was */
	assert_int_equal(seam_end_send(&f.authority, MESSAGE_DISCONNECT, &message), 0);
	RUN_UNTIL(&f, &c, c.ended && f.releases == 1);
	assert_int_equal(c.end.reason, LINK_END_PEER); /* a farewell, not a broken wire */
	client_stop(&c);
	fixture_stop(&f);
}

TEST(engine_stops_in_order_and_lets_nobody_in_meanwhile)
{
	struct fixture f;
	struct client c;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	engine_stop(&f.engine);
	int late = fixture_dial(&f, OTHER);
	RUN_UNTIL(&f, &c, f.loop.stopping);
	assert_int_equal(c.end.reason, LINK_END_PEER);
	assert_int_equal(table_count(&f.engine.table), 0);
	assert_int_equal(f.engine.counters.connections_accepted, 1);
	close(late);
	client_stop(&c);
	fixture_stop(&f);
}

TEST(engine_stops_without_those_who_do_not_answer)
{
	struct fixture f;
	struct client c;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	engine_stop(&f.engine);
	assert_true(f.engine.stop_by_ms <= f.loop.now_ms + 2000);
	turns(&f, 2);
	assert_false(f.loop.stopping); /* it has a little time */
	assert_int_equal(table_count(&f.engine.table), 1);
	f.engine.stop_by_ms = f.loop.now_ms; /* which is over now */
	for (int turn = 0; turn < 200 && !f.loop.stopping; turn++)
		turns(&f, 1);
	assert_true(f.loop.stopping);
	assert_int_equal(table_count(&f.engine.table), 0);
	client_stop(&c);
	fixture_stop(&f);
}

TEST(engine_stops_at_once_when_it_is_told_twice)
{
	struct fixture f;
	struct client c;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	engine_stop(&f.engine);
	engine_stop(&f.engine);
	assert_true(f.loop.stopping);
	assert_int_equal(table_count(&f.engine.table), 0);
	seam_ends_settle(&f.engine_authority, &f.authority);
	assert_int_equal(f.releases, 1);
	client_stop(&c);
	fixture_stop(&f);
}
