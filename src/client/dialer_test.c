/* Lines of the dialer against a server of the test's own, on the loopback of a network namespace that
 * the test makes for itself. */
#include "client/dialer.h"

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "io/tool.h"
#include "tests/test.h"

enum { TURNS = 400, TURN_MS = 5, LOCALHOST = 0x7f000001, START_REPLY = 156 };

const char *test_lacks(void)
{
	return unshare(CLONE_NEWNET) ? "no right to make network namespaces" : NULL;
}

struct fixture {
	struct loop loop;
	struct registrar registrar;
	struct gre_port gre;
	struct dialer dialer;
	struct session_settings *settings;
	int listener;
	struct endpoint server;
	struct line *line;
	struct call *call;
	unsigned ups, downs, calls_over;
	enum stage reached, stage;
	char why[160];
	struct link_end end;
};

static bool provide(void *context, const char *user, const void **secret, size_t *length)
{
	(void)context;
	(void)user;
	(void)secret;
	(void)length;
	return false;
}

static void on_line_up(void *context, struct line *line)
{
	struct fixture *f = context;
	assert_ptr_equal(line, f->line);
	f->ups++;
}

static void on_line_down(void *context, struct line *line, enum stage reached, const char *why)
{
	struct fixture *f = context;
	assert_ptr_equal(line, f->line);
	f->line = NULL;
	f->downs++;
	f->reached = reached;
	snprintf(f->why, sizeof(f->why), "%s", why);
}

static void on_stage(void *context, struct call *call, enum stage before)
{
	struct fixture *f = context;
	assert_true(call->stage > before);
	f->stage = call->stage;
}

static void on_network(void *context, struct call *call, bool ipv4, bool up)
{
	(void)context;
	(void)call;
	(void)ipv4;
	(void)up;
}

static void on_call_over(void *context, struct call *call, const struct link_end *end)
{
	struct fixture *f = context;
	assert_ptr_equal(call, f->call);
	f->call = NULL;
	f->calls_over++;
	f->end = *end;
}

static void on_packet(void *context, struct call *call, struct packet *p)
{
	(void)context;
	(void)call;
	(void)p;
}

static const struct dialer_events events = {.on_line_up = on_line_up,
					    .on_line_down = on_line_down,
					    .on_stage = on_stage,
					    .on_network = on_network,
					    .on_call_over = on_call_over,
					    .on_packet = on_packet};

static void listen_here(struct fixture *f)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(LOCALHOST)};
	socklen_t length = sizeof(at);
	f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(f->listener, 1), 0);
	assert_int_equal(getsockname(f->listener, (struct sockaddr *)&at, &length), 0);
	f->server = (struct endpoint){LOCALHOST, ntohs(at.sin_port)};
}

static void open_fixture(struct fixture *f)
{
	char why[WHY_SIZE];
	*f = (struct fixture){0};
	assert_int_equal(
		tool_run((const char *const[]){"ip", "link", "set", "lo", "up", NULL}, NULL), 0);
	assert_int_equal(loop_init(&f->loop), 0);
	assert_int_equal(registrar_open(&f->registrar, &f->loop, provide, NULL), 0);
	assert_int_equal(gre_port_init(&f->gre, gre_socket_open(0, NULL, why)), 0);
	f->settings = session_settings_new(LINK_CLIENT);
	const struct dialer_parts parts = {.loop = &f->loop,
					   .registrar = &f->registrar,
					   .gre = &f->gre,
					   .tun_fd = -1,
					   .events = &events,
					   .context = f};
	assert_int_equal(dialer_init(&f->dialer, &parts), 0);
	listen_here(f);
}

static void close_fixture(struct fixture *f)
{
	dialer_fini(&f->dialer);
	registrar_close(&f->registrar);
	gre_port_fini(&f->gre);
	assert_int_equal(f->settings->references, 1); /* nobody holds them any more */
	session_settings_unref(f->settings);
	loop_fini(&f->loop);
	close(f->listener);
}

static void dial(struct fixture *f)
{
	int error;
	f->line = dialer_open_line(&f->dialer, f->settings, f->server, 0, &error);
	assert_non_null(f->line);
}

static void turn_until(struct fixture *f, const unsigned *count)
{
	for (int turn = 0; turn < TURNS && !*count; turn++)
		assert_int_equal(loop_turn(&f->loop, TURN_MS), 0);
	assert_int_equal(*count, 1);
}

/* The server's end of the connection, its Start-Control-Connection-Request read. */
static int answer(struct fixture *f)
{
	uint8_t request[START_REPLY];
	for (int turn = 0; turn < 3; turn++)
		assert_int_equal(loop_turn(&f->loop, TURN_MS), 0);
	int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(loop_turn(&f->loop, TURN_MS), 0);
	assert_int_equal(recv(fd, request, sizeof(request), MSG_WAITALL), START_REPLY);
	assert_int_equal(request[9], 1); /* Start-Control-Connection-Request */
	return fd;
}

/* RFC 2637 §2.2, as plain as can be. */
static void start_reply(uint8_t reply[static START_REPLY])
{
	static const uint8_t head[] = {0, START_REPLY, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d,
				       0, 2,           0, 0, 1,    0,    1,    0};
	memset(reply, 0, START_REPLY);
	memcpy(reply, head, sizeof(head));
}

static int established(struct fixture *f)
{
	uint8_t reply[START_REPLY];
	dial(f);
	int fd = answer(f);
	start_reply(reply);
	assert_int_equal(send(fd, reply, sizeof(reply), 0), START_REPLY);
	turn_until(f, &f->ups);
	return fd;
}

TEST(a_port_where_nobody_listens_is_refused)
{
	struct fixture f;
	open_fixture(&f);
	close(f.listener);
	dial(&f);
	turn_until(&f, &f.downs);
	assert_int_equal(f.reached, STAGE_TCP);
	assert_string_equal(f.why, "Connection refused");
	assert_int_equal(f.ups, 0);
	f.listener = -1;
	close_fixture(&f);
}

TEST(a_server_that_hangs_up_at_once_is_told_apart_from_one_that_is_not_there)
{
	struct fixture f;
	open_fixture(&f);
	dial(&f);
	close(answer(&f));
	turn_until(&f, &f.downs);
	assert_int_equal(f.reached, STAGE_CONTROL);
	assert_int_equal(f.ups, 0);
	close_fixture(&f);
}

TEST(a_server_of_another_kind_is_left)
{
	struct fixture f;
	static const char greeting[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n";
	open_fixture(&f);
	dial(&f);
	int fd = answer(&f);
	assert_true(send(fd, greeting, strlen(greeting), 0) > 0);
	turn_until(&f, &f.downs);
	assert_int_equal(f.reached, STAGE_CONTROL);
	close(fd);
	close_fixture(&f);
}

TEST(a_start_reply_in_any_two_pieces_brings_the_line_up)
{
	for (size_t cut = 1; cut < START_REPLY; cut += 5) {
		struct fixture f;
		uint8_t reply[START_REPLY];
		open_fixture(&f);
		dial(&f);
		int fd = answer(&f);
		start_reply(reply);
		assert_int_equal(send(fd, reply, cut, 0), cut);
		assert_int_equal(loop_turn(&f.loop, TURN_MS), 0);
		assert_int_equal(f.ups, 0);
		assert_int_equal(send(fd, reply + cut, START_REPLY - cut, 0), START_REPLY - cut);
		turn_until(&f, &f.ups);
		close(fd);
		close_fixture(&f);
	}
}

TEST(a_line_is_stopped_in_order_and_its_call_ends_first)
{
	struct fixture f;
	open_fixture(&f);
	int fd = established(&f);
	f.call = dialer_call(&f.dialer, f.line, NULL, NULL);
	assert_non_null(f.call);
	assert_int_equal(f.call->stage, STAGE_CALL);
	dialer_stop_line(&f.dialer, f.line, "enough");
	turn_until(&f, &f.calls_over);
	assert_int_equal(f.end.reason, LINK_END_LOCAL);
	close(fd);
	turn_until(&f, &f.downs);
	assert_int_equal(f.reached, STAGE_CALL);
	close_fixture(&f);
}

TEST(a_line_that_breaks_takes_its_call_along)
{
	struct fixture f;
	open_fixture(&f);
	int fd = established(&f);
	f.call = dialer_call(&f.dialer, f.line, NULL, NULL);
	close(fd);
	turn_until(&f, &f.downs);
	assert_int_equal(f.calls_over, 1);
	assert_int_equal(f.end.reason, LINK_END_PEER);
	close_fixture(&f);
}

TEST(a_dropped_line_is_down_at_once_however_far_it_is)
{
	struct fixture f;
	open_fixture(&f);
	dial(&f);
	dialer_drop_line(&f.dialer, f.line, "no more");
	assert_int_equal(f.downs, 1);
	assert_int_equal(f.reached, STAGE_TCP);
	f.downs = 0;
	close(accept4(f.listener, NULL, NULL, SOCK_CLOEXEC)); /* what the kernel made of it */
	int fd = established(&f);
	dialer_drop_line(&f.dialer, f.line, "no more");
	assert_int_equal(f.downs, 1);
	assert_string_equal(f.why, "no more");
	close(fd);
	close_fixture(&f);
}

TEST(a_dialer_ends_with_lines_and_calls_of_every_kind)
{
	struct fixture f;
	open_fixture(&f);
	int fd = established(&f);
	f.call = dialer_call(&f.dialer, f.line, NULL, NULL);
	dial(&f);
	close_fixture(&f);
	assert_int_equal(f.downs, 0);
	assert_int_equal(f.calls_over, 0);
	close(fd);
}
