/*
 * Workers in threads of their own, against real sockets, in a network namespace of the test's own:
 *
 *	clients (127.0.0.2, 127.0.0.3, …)  ── lo, TCP and GRE ──  listener, two raw sockets at 127.0.0.1
 *	workers 0 and 1 ── queues 0 and 1 of tun device 10.9.0.1/16 ── the host's sockets
 *	workers ── seams ── a registrar and a keeper, played by the test, which is the main thread
 */
#include "server/worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "io/netlink.h"
#include "io/steering.h"
#include "io/tun.h"
#include "server/addresses.h"
#include "server/test_client.h"
#include "tests/test.h"

enum {
	WORKERS = 2,
	CLIENTS = 6,
	FIRST_CALLER = 0x7f000002,
	INNER_US = 0x0a090001,
	INNER = 0x0a090100, /* and the session's number */
	PORT = 9,
};

struct fixture {
	struct loop loop;
	struct workers workers;
	struct listener listener;
	struct watcher callers;
	struct gre_port gre[WORKERS];
	int queues[WORKERS];
	struct steering steering;
	struct addresses addresses;
	struct session_settings *settings;
	struct client clients[CLIENTS];
	size_t client_count;
	uint32_t fixed;             /* inner address of all; 0: each has its own */
	uint32_t holder;            /* the session that has it */
	int releases, networks[32]; /* messages, by kind */
	size_t ended;
};

static void device_up(const char *name)
{
	struct netlink netlink;
	struct netlink_link link;
	assert_int_equal(netlink_open(&netlink), 0);
	assert_int_equal(netlink_link_find(&netlink, name, &link), 0);
	assert_int_equal(netlink_link_up(&netlink, link.index, 1500), 0);
	if (strcmp(name, "lo") != 0)
		assert_int_equal(netlink_address_add(&netlink, link.index, INNER_US, 16), 0);
	netlink_close(&netlink);
}

/* Enters the namespace, before the first test. */
const char *test_lacks(void)
{
	static struct steering steering;
	char why[WHY_SIZE];
	int queues[WORKERS];
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return "no right to make a network namespace";
	if (tun_open_queues("try0", queues, WORKERS, why))
		return "no TUN device that may be opened";
	int error = steering_open(&steering, queues[0], 10, why);
	steering_close(&steering);
	for (size_t i = 0; i < WORKERS; i++)
		close(queues[i]);
	if (error)
		return "no right to steer packets by bpf(2)";
	device_up("lo");
	return NULL;
}

static struct seam_end *authority_of(struct fixture *f, uint32_t session)
{
	return &f->workers.authority[share_owner(session, WORKERS)];
}

/* The latest takes the fixed address from whom has it. */
static uint32_t address_for(struct fixture *f, uint32_t session)
{
	if (!f->fixed)
		return INNER + session;
	if (f->holder && f->holder != session) {
		struct message_evict evict = {.session = f->holder};
		assert_int_equal(seam_end_send(authority_of(f, f->holder), MESSAGE_EVICT, &evict),
				 0);
	}
	f->holder = session;
	return f->fixed;
}

/* Lets everybody in. */
static void authority_hears(void *context, const struct message_type *type, const void *value)
{
	struct fixture *f = context;
	const struct message_login *login = value;
	if (type->kind == MESSAGE_RELEASE) {
		f->releases++;
		return;
	}
	assert_int_equal(type->kind, MESSAGE_LOGIN);
	struct message_verdict answer = {.session = login->session, .number = login->number};
	answer.verdict = (struct auth_verdict){.result = AUTH_ACCEPT,
					       .local_address = INNER_US,
					       .remote_address = address_for(f, login->session)};
	addresses_give(&f->addresses, login->session, answer.verdict.remote_address);
	assert_int_equal(seam_end_send(authority_of(f, login->session), MESSAGE_VERDICT, &answer),
			 0);
}

static void keeper_hears(void *context, const struct message_type *type, const void *value)
{
	struct fixture *f = context;
	(void)value;
	f->networks[type->kind]++;
}

static void take_caller(void *context, const struct caller *caller)
{
	workers_take(context, caller);
}

static void on_callers(void *context, uint32_t events)
{
	struct fixture *f = context;
	(void)events;
	listener_accept(&f->listener, take_caller, &f->workers);
}

static void on_ended(void *context)
{
	((struct fixture *)context)->ended++;
}

static void open_edges(struct fixture *f)
{
	char why[WHY_SIZE];
	assert_int_equal(listener_open(&f->listener, (struct endpoint){TEST_SERVER, 0}, NULL, why),
			 0);
	assert_int_equal(tun_open_queues("wrk0", f->queues, WORKERS, why), 0);
	assert_int_equal(steering_open(&f->steering, f->queues[0], 100, why), 0);
	device_up("wrk0");
	for (uint16_t i = 0; i < WORKERS; i++) {
		int fd = gre_socket_open(TEST_SERVER, NULL, why);
		assert_int_equal(gre_socket_share(fd, (struct share){i, WORKERS}), 0);
		assert_int_equal(gre_port_init(&f->gre[i], fd), 0);
	}
	f->callers = (struct watcher){.on_ready = on_callers, .context = f, .fd = f->listener.fd};
	assert_int_equal(loop_watch(&f->loop, &f->callers, EPOLLIN), 0);
}

static void start(struct fixture *f, uint32_t sessions_max, size_t clients)
{
	memset(f, 0, sizeof(*f));
	log_set(NULL, NULL, LOG_LEVEL_ERROR);
	assert_int_equal(loop_init(&f->loop), 0);
	open_edges(f);
	addresses_init(&f->addresses, &f->steering, WORKERS);
	f->settings = session_settings_new(LINK_SERVER);
	f->settings->link.demand = 0;
	f->settings->link.mppe = MPPE_OFF;
	/* Its first packet may overtake the reply to the call, and is then nobody's at the client. */
	f->settings->link.lcp.restart_ms = 50;
	f->settings->link.lcp.max_configure = 255;
	assert_int_equal(workers_open(&f->workers, WORKERS, &f->loop), 0);
	for (size_t i = 0; i < WORKERS; i++) {
		assert_int_equal(seam_end_hear(&f->workers.authority[i], authority_hears, f), 0);
		assert_int_equal(seam_end_hear(&f->workers.keeper[i], keeper_hears, f), 0);
	}
	const struct workers_parts parts = {.settings = f->settings,
					    .sessions_max = sessions_max,
					    .gre = f->gre,
					    .queues = f->queues,
					    .on_ended = on_ended,
					    .context = f};
	assert_int_equal(workers_start(&f->workers, &parts), 0);
	f->client_count = clients;
	for (size_t i = 0; i < clients; i++)
		client_start(&f->clients[i], &f->loop, listener_endpoint(&f->listener).port,
			     FIRST_CALLER + (uint32_t)i);
}

static void stop(struct fixture *f)
{
	for (size_t i = 0; i < f->client_count; i++)
		client_stop(&f->clients[i]);
	workers_end(&f->workers);
	for (size_t i = 0; i < WORKERS; i++) {
		seam_ends_settle(&f->workers.all[i].authority, &f->workers.authority[i]);
		gre_port_fini(&f->gre[i]);
		close(f->queues[i]);
	}
	workers_close(&f->workers);
	loop_unwatch(&f->loop, &f->callers);
	listener_close(&f->listener);
	steering_close(&f->steering);
	addresses_fini(&f->addresses);
	assert_int_equal(f->settings->references, 1);
	session_settings_unref(f->settings);
	assert_int_equal(f->loop.timers.count, 0);
	loop_fini(&f->loop);
	log_set(NULL, NULL, LOG_LEVEL_INFO);
}

static void turn(struct fixture *f)
{
	loop_turn(&f->loop, 5);
	for (size_t i = 0; i < f->client_count; i++)
		client_turn(&f->clients[i]);
}

/* Turns until `condition` is true; fails where it never is. */
#define RUN_UNTIL(f, condition)                                              \
	do {                                                                 \
		for (int turn_ = 0; turn_ < 4000 && !(condition); turn_++) { \
			turn(f);                                             \
		}                                                            \
		assert_true(condition);                                      \
	} while (0)

static void call(struct fixture *f, size_t i)
{
	RUN_UNTIL(f, f->clients[i].connected);
	client_call(&f->clients[i]);
}

static void up(struct fixture *f, size_t i)
{
	int before = f->networks[MESSAGE_NETWORK_UP];
	call(f, i);
	RUN_UNTIL(f, f->clients[i].ipv4_up && f->clients[i].ipv6_up);
	RUN_UNTIL(f, f->networks[MESSAGE_NETWORK_UP] > before); /* at both ends */
}

/* A datagram from the host for an inner address. */
static void say(uint32_t to, uint8_t mark)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(to)};
	int fd = client_socket(SOCK_DGRAM, 0, INNER_US);
	assert_int_equal(sendto(fd, &mark, 1, 0, (struct sockaddr *)&at, sizeof(at)), 1);
	close(fd);
}

static bool has_heard(const struct client *c, uint8_t mark)
{
	enum { MARK_AT = 28 }; /* behind the headers of IPv4 and UDP */
	return c->delivered && c->last[MARK_AT] == mark;
}

static void count_sessions(void *context, struct engine *engine)
{
	size_t *count = context;
	*count = table_count(&engine->table);
}

static size_t sessions_of(struct fixture *f, size_t worker)
{
	size_t count = 0;
	assert_true(workers_ask(&f->workers, worker, count_sessions, &count));
	return count;
}

static void add_misdirected(void *context, struct engine *engine)
{
	*(uint64_t *)context += engine->counters.drops[DROP_GRE_UNKNOWN_CALL] +
				engine->counters.drops[DROP_IP_NO_SESSION];
}

static uint32_t inner_of(const struct client *c)
{
	return c->session->addresses.local;
}

TEST(workers_share_the_callers_evenly_and_each_gets_the_packets_of_its_own)
{
	static struct fixture f;
	uint64_t misdirected = 0;
	uint32_t owned[WORKERS] = {0};
	start(&f, 100, CLIENTS);
	for (size_t i = 0; i < CLIENTS; i++)
		up(&f, i);
	for (size_t i = 0; i < WORKERS; i++)
		assert_int_equal(sessions_of(&f, i), CLIENTS / WORKERS);
	for (size_t i = 0; i < CLIENTS; i++) {
		/* Session number and call id name the same worker. */
		uint32_t session = inner_of(&f.clients[i]) - INNER;
		uint16_t call_id = f.clients[i].session->gre.peer_call_id;
		assert_int_equal(share_owner(session, WORKERS), share_owner(call_id, WORKERS));
		owned[share_owner(session, WORKERS)]++;
		for (uint8_t mark = 1; mark < 20; mark++) {
			say(inner_of(&f.clients[i]), mark);
			RUN_UNTIL(&f, has_heard(&f.clients[i], mark));
			assert_int_equal(f.clients[i].delivered, mark);
		}
	}
	assert_int_equal(owned[0], owned[1]);
	assert_true(workers_ask_all(&f.workers, add_misdirected, &misdirected));
	assert_int_equal(misdirected, 0);
	stop(&f);
}

TEST(a_login_sends_a_session_of_another_worker_away_and_gets_its_packets)
{
	static struct fixture f;
	start(&f, 100, 2);
	f.fixed = INNER;
	up(&f, 0);
	uint32_t first = f.holder;
	say(INNER, 1);
	RUN_UNTIL(&f, has_heard(&f.clients[0], 1));
	up(&f, 1);
	assert_int_not_equal(share_owner(first, WORKERS), share_owner(f.holder, WORKERS));
	RUN_UNTIL(&f, f.clients[0].ended && f.releases == 1);
	assert_false(f.clients[1].ended);
	say(INNER, 2);
	RUN_UNTIL(&f, has_heard(&f.clients[1], 2));
	RUN_UNTIL(&f, sessions_of(&f, 0) + sessions_of(&f, 1) == 1);
	stop(&f);
}

TEST(sessions_at_once_are_counted_over_all_workers)
{
	static struct fixture f;
	start(&f, 3, 4);
	for (size_t i = 0; i < 3; i++)
		up(&f, i);
	call(&f, 3);
	RUN_UNTIL(&f, f.clients[3].ended);
	assert_non_null(strstr(f.clients[3].end.text, "busy"));
	assert_int_equal(atomic_load(&f.workers.places.sessions), 3);
	/* Where one goes, there is room for one. */
	connection_stop(f.clients[0].connection, "enough", f.loop.now_ms);
	client_perform(&f.clients[0]);
	RUN_UNTIL(&f, atomic_load(&f.workers.places.sessions) == 2);
	client_call(&f.clients[3]);
	f.clients[3].ended = false;
	RUN_UNTIL(&f, f.clients[3].ipv4_up);
	assert_int_equal(atomic_load(&f.workers.places.sessions), 3);
	stop(&f);
}

static void add_connections(void *context, struct engine *engine)
{
	struct engine_counters *sum = context;
	sum->connections_accepted += engine->counters.connections_accepted;
	sum->connections_crowded += engine->counters.connections_crowded;
}

static struct engine_counters connections_of(struct fixture *f)
{
	struct engine_counters sum = {0};
	assert_true(workers_ask_all(&f->workers, add_connections, &sum));
	return sum;
}

TEST(connections_of_one_address_without_a_call_are_counted_over_all_workers)
{
	enum { MORE = LINES_WITHOUT_CALL + 20 };
	static struct fixture f;
	int fds[MORE];
	start(&f, 1000, 1);
	up(&f, 0); /* with a call: it does not count */
	for (int i = 0; i < MORE; i++) {
		fds[i] = client_dial(listener_endpoint(&f.listener).port, FIRST_CALLER);
		RUN_UNTIL(&f, connections_of(&f).connections_accepted +
					      connections_of(&f).connections_crowded ==
				      (uint64_t)i + 2);
	}
	assert_int_equal(connections_of(&f).connections_accepted, LINES_WITHOUT_CALL + 1);
	for (int i = 0; i < MORE; i++)
		close(fds[i]);
	stop(&f);
}

static void end_all(void *context, struct member *member)
{
	(void)context;
	engine_end_session(member->engine, member, "ended by the test");
}

static void end_sessions(void *context, struct engine *engine)
{
	table_each(&engine->table, end_all, context);
	engine_perform(engine);
}

TEST(what_is_asked_of_all_is_done_by_all)
{
	static struct fixture f;
	start(&f, 100, 4);
	for (size_t i = 0; i < 4; i++)
		up(&f, i);
	assert_true(workers_ask_all(&f.workers, end_sessions, NULL));
	for (size_t i = 0; i < 4; i++)
		RUN_UNTIL(&f, f.clients[i].ended);
	RUN_UNTIL(&f, f.releases == 4);
	stop(&f);
}

TEST(workers_stop_in_order_and_tell_all_that_they_owe)
{
	static struct fixture f;
	start(&f, 100, 4);
	for (size_t i = 0; i < 4; i++)
		up(&f, i);
	workers_stop(&f.workers);
	RUN_UNTIL(&f, f.ended == WORKERS);
	assert_int_equal(f.workers.running, 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(f.clients[i].end.reason, LINK_END_PEER); /* a farewell */
	RUN_UNTIL(&f, f.releases == 4 && f.networks[MESSAGE_NETWORK_DOWN] >= 4);
	/* A question is answered, though nobody runs. */
	assert_int_equal(sessions_of(&f, 0) + sessions_of(&f, 1), 0);
	stop(&f);
}

TEST(workers_that_run_are_ended_where_the_server_fails_to_start)
{
	static struct fixture f;
	start(&f, 100, 0);
	stop(&f);
	start(&f, 100, 1);
	call(&f, 0);
	stop(&f); /* with a call under way */
}
