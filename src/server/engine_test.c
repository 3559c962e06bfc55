/*
 * The engine against real sockets, in a network namespace of the test's own:
 *
 *	client (127.0.0.2, 127.0.0.3, …)  ── lo, TCP and GRE ──  engine at 127.0.0.1
 *	engine ── tun device 10.9.0.1/24 ── the host's sockets
 *	engine ── seams ── a registrar and a keeper, played by the test
 */
#include "server/engine.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "io/tun.h"
#include "server/test_client.h"
#include "tests/test.h"

enum {
	US = TEST_SERVER,
	CALLER = 0x7f000002,
	OTHER = 0x7f000003,
	INNER_US = 0x0a090001,
	INNER_CALLER = 0x0a090064,
};

struct fixture {
	struct loop loop;
	struct seam_end engine_authority, authority, engine_keeper, keeper;
	struct listener listener;
	struct watcher callers;
	struct places places;
	struct gre_port gre;
	int tun;
	struct session_settings *settings;
	struct engine engine;
	int logins, releases, networks[16]; /* messages; by kind */
	struct message_network network;     /* the latest */
	struct message_login login;
	char *logged; /* owned */
	size_t lines;
};

static void set_interface(unsigned long request, const char *name, uint32_t value)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(r.ifr_name, name, strlen(name));
	if (request == SIOCSIFFLAGS)
		r.ifr_flags = (short)value;
	else
		memcpy(&r.ifr_addr,
		       &(struct sockaddr_in){.sin_family = AF_INET,
					     .sin_addr.s_addr = htonl(value)},
		       sizeof(struct sockaddr_in));
	assert_int_equal(ioctl(fd, request, &r), 0);
	close(fd);
}

/* Enters the namespace, before the first test. */
const char *test_lacks(void)
{
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return "no right to make a network namespace";
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return "no TUN device that may be opened";
	close(fd);
	set_interface(SIOCSIFFLAGS, "lo", IFF_UP);
	return NULL;
}

static void note(void *context, enum log_level level, const char *line)
{
	struct fixture *f = context;
	char *all;
	(void)level;
	assert_true(asprintf(&all, "%s%s\n", f->logged ? f->logged : "", line) >= 0);
	free(f->logged);
	f->logged = all;
	f->lines++;
}

static bool has_logged(const struct fixture *f, const char *text)
{
	return f->logged && strstr(f->logged, text);
}

/* Lets everybody in, with one address. */
static void authority_hears(void *context, const struct message_type *type, const void *value)
{
	struct fixture *f = context;
	if (type->kind == MESSAGE_RELEASE) {
		f->releases++;
		return;
	}
	assert_int_equal(type->kind, MESSAGE_LOGIN);
	memcpy(&f->login, value, sizeof(f->login));
	f->logins++;
	struct message_verdict answer = {.session = f->login.session, .number = f->login.number};
	answer.verdict = (struct auth_verdict){
		.result = AUTH_ACCEPT, .local_address = INNER_US, .remote_address = INNER_CALLER};
	assert_int_equal(seam_end_send(&f->authority, MESSAGE_VERDICT, &answer), 0);
}

static void keeper_hears(void *context, const struct message_type *type, const void *value)
{
	struct fixture *f = context;
	f->networks[type->kind]++;
	memcpy(&f->network, value, sizeof(f->network));
}

static void engine_hears(void *context, const struct message_type *type, const void *value)
{
	engine_on_message(&((struct fixture *)context)->engine, type, value);
}

static void take_caller(void *context, const struct caller *caller)
{
	struct fixture *f = context;
	engine_expect(&f->engine);
	engine_take(&f->engine, caller);
}

static void on_callers(void *context, uint32_t events)
{
	struct fixture *f = context;
	(void)events;
	listener_accept(&f->listener, take_caller, f);
}

static void start(struct fixture *f, uint32_t sessions_max)
{
	char why[WHY_SIZE];
	memset(f, 0, sizeof(*f));
	log_set(note, f, LOG_LEVEL_INFO);
	assert_int_equal(loop_init(&f->loop), 0);
	assert_int_equal(seam_ends_open(&f->engine_authority, &f->loop, &f->authority, &f->loop),
			 0);
	assert_int_equal(seam_ends_open(&f->engine_keeper, &f->loop, &f->keeper, &f->loop), 0);
	assert_int_equal(listener_open(&f->listener, (struct endpoint){US, 0}, NULL, why), 0);
	assert_int_equal(gre_port_init(&f->gre, gre_socket_open(US, NULL, why)), 0);
	f->tun = tun_open_super("eng0", why);
	assert_true(f->tun >= 0);
	set_interface(SIOCSIFADDR, "eng0", INNER_US);
	set_interface(SIOCSIFNETMASK, "eng0", 0xffffff00);
	set_interface(SIOCSIFFLAGS, "eng0", IFF_UP);
	f->settings = session_settings_new(LINK_SERVER);
	f->settings->link.demand = 0; /* the registrar of this test asks nobody who he is */
	f->settings->link.mppe = MPPE_OFF;
	const struct engine_parts parts = {.loop = &f->loop,
					   .settings = f->settings,
					   .sessions_max = sessions_max,
					   .places = &f->places,
					   .gre = &f->gre,
					   .tun_fd = f->tun,
					   .authority = &f->engine_authority,
					   .keeper = &f->engine_keeper};
	assert_int_equal(engine_init(&f->engine, &parts), 0);
	f->callers = (struct watcher){.on_ready = on_callers, .context = f, .fd = f->listener.fd};
	assert_int_equal(loop_watch(&f->loop, &f->callers, EPOLLIN), 0);
	assert_int_equal(seam_end_hear(&f->authority, authority_hears, f), 0);
	assert_int_equal(seam_end_hear(&f->keeper, keeper_hears, f), 0);
	assert_int_equal(seam_end_hear(&f->engine_authority, engine_hears, f), 0);
}

static void stop(struct fixture *f)
{
	engine_fini(&f->engine);
	seam_end_close(&f->engine_authority);
	seam_end_close(&f->authority);
	seam_end_close(&f->engine_keeper);
	seam_end_close(&f->keeper);
	loop_unwatch(&f->loop, &f->callers);
	listener_close(&f->listener);
	gre_port_fini(&f->gre);
	close(f->tun);
	session_settings_unref(f->settings);
	assert_int_equal(f->loop.timers.count, 0);
	loop_fini(&f->loop);
	log_set(NULL, NULL, LOG_LEVEL_INFO);
	free(f->logged);
}

static int dial(struct fixture *f, uint32_t from)
{
	return client_dial(listener_endpoint(&f->listener).port, from);
}

static void call_from(struct client *c, struct fixture *f, uint32_t address)
{
	client_start(c, &f->loop, listener_endpoint(&f->listener).port, address);
}

/* Turns of both, until `condition` is true; fails where it never is. */
#define RUN_UNTIL(f, c, condition)                                           \
	do {                                                                 \
		for (int turn_ = 0; turn_ < 2000 && !(condition); turn_++) { \
			loop_turn(&(f)->loop, 5);                            \
			client_turn(c);                                      \
		}                                                            \
		assert_true(condition);                                      \
	} while (0)

static void client_up(struct fixture *f, struct client *c)
{
	RUN_UNTIL(f, c, c->connected);
	client_call(c);
	RUN_UNTIL(f, c, c->ipv4_up && c->ipv6_up);
}

static uint64_t drops_of(struct fixture *f, enum drop drop)
{
	return f->engine.host.drops[drop];
}

TEST(engine_answers_a_call_and_carries_packets)
{
	struct fixture f;
	struct client c;
	start(&f, 10);
	call_from(&c, &f, CALLER);
	client_up(&f, &c);
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
	RUN_UNTIL(&f, &c, drops_of(&f, DROP_IP_NO_SESSION) == 1);
	assert_true(has_logged(&f, "drop=ip_no_session count=1"));
	close(udp);
	connection_stop(c.connection, "enough", f.loop.now_ms);
	client_perform(&c);
	RUN_UNTIL(&f, &c, f.releases == 1 && !f.engine.lines.count);
	RUN_UNTIL(&f, &c, f.networks[MESSAGE_IPV6_DOWN] && f.networks[MESSAGE_NETWORK_DOWN]);
	assert_int_equal(table_count(&f.engine.table), 0);
	client_stop(&c);
	stop(&f);
}

/* IPv4 with don't-fragment, longer than the tunnel takes, where the configuration keeps it whole. */
TEST(engine_makes_the_keys_of_packets_to_come_when_nothing_is_to_do)
{
	struct fixture f;
	struct client c;
	static const struct auth_keys keys = {.present = 1};
	start(&f, 10);
	assert_true(has_logged(&f, "mppe kernels=\""));
	assert_true(has_logged(&f, "\" helper="));
	call_from(&c, &f, CALLER);
	client_up(&f, &c);
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
	stop(&f);
}

TEST(engine_names_in_its_log_why_a_transfer_stands_still)
{
	static const uint8_t big[1450];
	struct fixture f;
	struct client c;
	start(&f, 10);
	f.settings->fragment_dont_fragment = false;
	call_from(&c, &f, CALLER);
	client_up(&f, &c);
	int udp = client_socket(SOCK_DGRAM, 0, INNER_US), yes = IP_PMTUDISC_PROBE;
	setsockopt(udp, IPPROTO_IP, IP_MTU_DISCOVER, &yes, sizeof(yes));
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INNER_CALLER)};
	for (int i = 0; i < 20; i++)
		assert_int_equal(
			sendto(udp, big, sizeof(big), 0, (struct sockaddr *)&to, sizeof(to)),
			sizeof(big));
	RUN_UNTIL(&f, &c, drops_of(&f, DROP_IP_TOO_BIG) == 20);
	assert_true(has_logged(&f, "drop=ip_too_big"));
	assert_null(strstr(strstr(f.logged, "drop=ip_too_big") + 1, "drop=ip_too_big"));
	/* And the sender, this host, believes what it was told. */
	int mtu = 0;
	socklen_t length = sizeof(mtu);
	assert_int_equal(connect(udp, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(getsockopt(udp, IPPROTO_IP, IP_MTU, &mtu, &length), 0);
	assert_int_equal(mtu, session_mtu(table_by_inner(&f.engine.table, INNER_CALLER)->session));
	close(udp);
	client_stop(&c);
	stop(&f);
}

TEST(engine_refuses_a_call_beyond_its_sessions_as_busy)
{
	struct fixture f;
	struct client first, second;
	start(&f, 1);
	call_from(&first, &f, CALLER);
	client_up(&f, &first);
	call_from(&second, &f, OTHER);
	RUN_UNTIL(&f, &second, second.connected);
	client_call(&second);
	RUN_UNTIL(&f, &second, second.ended);
	assert_non_null(strstr(second.end.text, "busy"));
	assert_int_equal(f.engine.counters.calls_refused, 1);
	assert_int_equal(f.engine.counters.calls_accepted, 1);
	assert_true(has_logged(&f, "call=refused: all connections are in use"));
	client_stop(&first);
	client_stop(&second);
	stop(&f);
}

TEST(engine_takes_gre_only_of_a_call_and_only_from_its_caller)
{
	static const uint8_t stray[] = {0x30, 1, 0x88, 0x0b, 0, 0, 0x77, 0x77, 0, 0, 0, 0};
	struct fixture f;
	struct client c, thief;
	start(&f, 10);
	call_from(&c, &f, CALLER);
	call_from(&thief, &f, OTHER);
	client_up(&f, &c);
	assert_int_equal(drops_of(&f, DROP_GRE_UNKNOWN_CALL), 0);
	client_send_gre(&c, stray, sizeof(stray));
	RUN_UNTIL(&f, &c, drops_of(&f, DROP_GRE_UNKNOWN_CALL) == 1);
	assert_true(has_logged(&f, "drop=gre_unknown_call count=1"));
	/* The right call id from another address. */
	uint8_t forged[sizeof(stray)];
	uint16_t call_id = c.session->gre.peer_call_id;
	memcpy(forged, stray, sizeof(stray));
	forged[6] = (uint8_t)(call_id >> 8);
	forged[7] = (uint8_t)call_id;
	client_send_gre(&thief, forged, sizeof(forged));
	RUN_UNTIL(&f, &c, drops_of(&f, DROP_GRE_UNKNOWN_CALL) == 2);
	/* Cut anywhere. */
	for (size_t length = 0; length < sizeof(stray); length++)
		client_send_gre(&thief, stray, length);
	RUN_UNTIL(&f, &c,
		  drops_of(&f, DROP_GRE_MALFORMED) + drops_of(&f, DROP_GRE_UNKNOWN_CALL) ==
			  2 + sizeof(stray));
	assert_int_equal(drops_of(&f, DROP_GRE_MALFORMED), 8); /* no call id to look at */
	assert_int_equal(table_count(&f.engine.table), 1);     /* and the call stands */
	client_stop(&c);
	client_stop(&thief);
	stop(&f);
}

/* A datagram of one octet through the tunnel, made but not sent. */
static void client_enclose(struct client *c, struct packet *p, uint16_t port, uint8_t octet)
{
	static const uint8_t datagram[29] = {0x45, 0,    0,  29, 0, 0,   0,  0, 64, 17,
					     0x66, 0x5a, 10, 9,  0, 100, 10, 9, 0,  1,
					     0x30, 0x39, 0,  0,  0, 9,   0,  0};
	struct session_item item;
	packet_reset(p);
	memcpy(p->data, datagram, sizeof(datagram));
	p->data[22] = (uint8_t)(port >> 8);
	p->data[23] = (uint8_t)port;
	p->data[28] = octet;
	p->length = sizeof(datagram);
	assert_int_equal(session_enclose(c->session, p, &item, c->loop->now_ms), DROP_NONE);
	if (item.link.encrypted)
		mppe_run((struct mppe_item *[]){&item.link.mppe}, 1);
	session_seal(c->session, p);
}

TEST(engine_hands_on_in_order_what_came_late_within_a_batch)
{
	static const uint8_t arrival[] = {0, 3, 4, 1, 2};
	static struct packet packets[COUNT_OF(arrival)];
	struct fixture f;
	struct client c;
	uint8_t octet;
	start(&f, 10);
	call_from(&c, &f, CALLER);
	client_up(&f, &c);
	int udp = client_socket(SOCK_DGRAM, 0, INNER_US);
	struct sockaddr_in at;
	assert_int_equal(getsockname(udp, (struct sockaddr *)&at, &(socklen_t){sizeof(at)}), 0);
	for (uint8_t i = 0; i < COUNT_OF(packets); i++)
		client_enclose(&c, &packets[i], ntohs(at.sin_port), i);
	for (size_t i = 0; i < COUNT_OF(arrival); i++)
		client_send_gre(&c, packets[arrival[i]].data, packets[arrival[i]].length);
	RUN_UNTIL(&f, &c, recv(udp, &octet, 1, MSG_DONTWAIT | MSG_PEEK) == 1);
	for (size_t i = 0; i < COUNT_OF(arrival); i++) {
		assert_int_equal(recv(udp, &octet, 1, MSG_DONTWAIT), 1);
		assert_int_equal(octet, i);
	}
	close(udp);
	client_stop(&c);
	stop(&f);
}

/* Whoever else has something to do waits for one batch of a flood. */
TEST(engine_takes_one_batch_from_the_network_in_a_turn)
{
	static const uint8_t stray[] = {0x30, 1, 0x88, 0x0b, 0, 0, 0x77, 0x77, 0, 0, 0, 0};
	struct fixture f;
	struct client c;
	start(&f, 10);
	call_from(&c, &f, CALLER);
	client_up(&f, &c);
	for (int i = 0; i < 3 * GRE_BATCH; i++)
		client_send_gre(&c, stray, sizeof(stray));
	for (uint64_t turn = 1; turn <= 3; turn++) {
		assert_int_equal(loop_turn(&f.loop, 5), 0);
		assert_int_equal(drops_of(&f, DROP_GRE_UNKNOWN_CALL), turn * GRE_BATCH);
	}
	client_stop(&c);
	stop(&f);
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
	start(&f, 1000);
	call_from(&c, &f, CALLER); /* with a call, it does not count */
	client_up(&f, &c);
	for (int i = 0; i < MORE; i++) {
		fds[i] = dial(&f, CALLER);
		turns(&f, 1);
	}
	other = dial(&f, OTHER);
	RUN_UNTIL(&f, &c,
		  f.engine.counters.connections_accepted + f.engine.counters.connections_crowded ==
			  MORE + 2);
	assert_int_equal(f.engine.counters.connections_crowded, MORE - LINES_WITHOUT_CALL);
	assert_int_equal(f.engine.lines.count, LINES_WITHOUT_CALL + 2);
	assert_true(has_logged(&f, "control=refused caller=127.0.0.2"));
	for (int i = 0; i < MORE; i++)
		assert_int_equal(is_closed(fds[i]), i >= LINES_WITHOUT_CALL);
	assert_false(is_closed(other));
	/* Where one goes, there is room for one. */
	close(fds[0]);
	RUN_UNTIL(&f, &c, f.engine.lines.count == LINES_WITHOUT_CALL + 1);
	fds[0] = dial(&f, CALLER);
	RUN_UNTIL(&f, &c, f.engine.lines.count == LINES_WITHOUT_CALL + 2);
	assert_false(is_closed(fds[0]));
	for (int i = 0; i < MORE; i++)
		close(fds[i]);
	close(other);
	RUN_UNTIL(&f, &c, f.engine.lines.count == 1);
	client_stop(&c);
	stop(&f);
}

TEST(engine_bounds_all_connections_and_the_lines_about_them)
{
	enum { SESSIONS = 5, PLACES = SESSIONS + LINES_SPARE, MANY = PLACES + 400 };
	struct fixture f;
	static int fds[MANY];
	start(&f, SESSIONS);
	for (int i = 0; i < MANY; i++) {
		fds[i] = dial(&f, CALLER + (uint32_t)i / 50);
		turns(&f, 1);
	}
	turns(&f, 20);
	assert_int_equal(f.engine.lines.count, PLACES);
	/* The latest take the places of the oldest that said nothing. */
	assert_int_equal(f.engine.counters.connections_accepted, MANY);
	assert_int_equal(f.engine.counters.connections_crowded_out, MANY - PLACES);
	assert_true(is_closed(fds[0]) && !is_closed(fds[MANY - 1]));
	assert_true(has_logged(&f, "needed for another caller"));
	size_t lines = f.lines;
	assert_true(lines >= f.engine.stranger_lines.burst && lines < MANY - PLACES);
	assert_true(f.engine.stranger_lines.left_out > 0);
	assert_int_not_equal(f.engine.report_timer.place, 0); /* will tell of the rest */
	f.engine.report_timer.on_time(f.engine.report_timer.context, f.loop.now_ms);
	assert_true(has_logged(&f, "more lines like this were not shown"));
	assert_int_equal(f.lines, lines + 1);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	for (int turn = 0; turn < 2000 && f.engine.lines.count; turn++)
		turns(&f, 1);
	assert_int_equal(f.engine.lines.count, 0);
	stop(&f);
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
	start(&f, 10);
	size_t before = descriptors(), timers = f.loop.timers.count;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		int fd = dial(&f, CALLER + i % 7);
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
		call_from(&c, &f, CALLER);
		client_up(&f, &c);
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
	stop(&f);
}

TEST(engine_sends_away_at_once_whom_the_registrar_names)
{
	struct fixture f;
	struct client c;
	start(&f, 10);
	call_from(&c, &f, CALLER);
	client_up(&f, &c);
	struct message_evict evict = {.session = 77}; /* not here any more */
	assert_int_equal(seam_end_send(&f.authority, MESSAGE_EVICT, &evict), 0);
	evict.session = f.login.session;
	assert_int_equal(seam_end_send(&f.authority, MESSAGE_EVICT, &evict), 0);
	RUN_UNTIL(&f, &c, f.releases == 1);
	assert_true(has_logged(&f, "replaced by a new login"));
	RUN_UNTIL(&f, &c, c.ended);
	client_stop(&c);
	stop(&f);
}

TEST(engine_ends_a_session_in_order_where_the_registrar_says_so)
{
	struct fixture f;
	struct client c;
	start(&f, 10);
	call_from(&c, &f, CALLER);
	client_up(&f, &c);
	struct message_disconnect message = {.session = f.login.session, .why = "removed"};
	assert_int_equal(seam_end_send(&f.authority, MESSAGE_DISCONNECT, &message), 0);
	message.session = 12345; /* never was */
	assert_int_equal(seam_end_send(&f.authority, MESSAGE_DISCONNECT, &message), 0);
	RUN_UNTIL(&f, &c, c.ended && f.releases == 1);
	assert_int_equal(c.end.reason, LINK_END_PEER); /* a farewell, not a broken wire */
	client_stop(&c);
	stop(&f);
}

TEST(engine_stops_in_order_and_lets_nobody_in_meanwhile)
{
	struct fixture f;
	struct client c;
	start(&f, 10);
	call_from(&c, &f, CALLER);
	client_up(&f, &c);
	engine_stop(&f.engine);
	int late = dial(&f, OTHER);
	RUN_UNTIL(&f, &c, f.loop.stopping);
	assert_int_equal(c.end.reason, LINK_END_PEER);
	assert_int_equal(table_count(&f.engine.table), 0);
	assert_int_equal(f.engine.counters.connections_accepted, 1);
	close(late);
	client_stop(&c);
	stop(&f);
}

TEST(engine_stops_without_those_who_do_not_answer)
{
	struct fixture f;
	struct client c;
	start(&f, 10);
	call_from(&c, &f, CALLER);
	client_up(&f, &c);
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
	stop(&f);
}

TEST(engine_stops_at_once_when_it_is_told_twice)
{
	struct fixture f;
	struct client c;
	start(&f, 10);
	call_from(&c, &f, CALLER);
	client_up(&f, &c);
	engine_stop(&f.engine);
	engine_stop(&f.engine);
	assert_true(f.loop.stopping);
	assert_int_equal(table_count(&f.engine.table), 0);
	seam_ends_settle(&f.engine_authority, &f.authority);
	assert_int_equal(f.releases, 1);
	client_stop(&c);
	stop(&f);
}
