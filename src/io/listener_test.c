#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "base/random.h"
#include "io/listener.h"
#include "io/stream.h"

#define LOOPBACK 0x7f000001

static char why[WHY_SIZE];

static int call(struct endpoint to)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(to.port),
		.sin_addr.s_addr = htonl(to.address),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	assert_int_equal(poll(&p, 1, 10000), 1);
}

struct callers {
	int count;
	struct caller list[64];
};

static void take(void *context, const struct caller *caller)
{
	struct callers *callers = context;
	assert_true(callers->count < (int)COUNT_OF(callers->list));
	callers->list[callers->count++] = *caller;
}

static int option_of(int fd, int level, int option)
{
	int value = -1;
	socklen_t length = sizeof(value);
	getsockopt(fd, level, option, &value, &length);
	return value;
}

TEST(listener_tells_who_calls_and_what_they_dialled)
{
	struct listener listener;
	struct callers callers = {0};
	/* listening at every address, called at one: answers must leave from that one */
	assert_int_equal(listener_open(&listener, (struct endpoint){0, 0}, NULL, why), 0);
	uint16_t port = listener_endpoint(&listener).port;
	assert_int_equal(listener_accept(&listener, take, &callers), 0);
	assert_int_equal(callers.count, 0);
	int fd = call((struct endpoint){LOOPBACK + 4, port});
	wait_for(listener.fd, POLLIN);
	assert_int_equal(listener_accept(&listener, take, &callers), 0);
	assert_int_equal(callers.count, 1);
	assert_int_equal(callers.list[0].to.address, LOOPBACK + 4);
	assert_int_equal(callers.list[0].to.port, port);
	struct sockaddr_in own;
	socklen_t length = sizeof(own);
	getsockname(fd, (struct sockaddr *)&own, &length);
	assert_int_equal(callers.list[0].from.address, ntohl(own.sin_addr.s_addr));
	assert_int_equal(callers.list[0].from.port, ntohs(own.sin_port));
	assert_int_equal(option_of(callers.list[0].fd, IPPROTO_TCP, TCP_NODELAY), 1);
	assert_int_equal(option_of(callers.list[0].fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_true(fcntl(callers.list[0].fd, F_GETFL) & O_NONBLOCK);
	close(callers.list[0].fd);
	close(fd);
	listener_close(&listener);
}

TEST(listener_accepts_a_bounded_number_at_once)
{
	enum { CALLS = LISTENER_BURST + 3 };
	struct listener listener;
	struct callers callers = {0};
	int fds[CALLS];
	assert_int_equal(listener_open(&listener, (struct endpoint){LOOPBACK, 0}, NULL, why), 0);
	for (int i = 0; i < CALLS; i++)
		fds[i] = call(listener_endpoint(&listener));
	listener_accept(&listener, take, &callers);
	assert_int_equal(callers.count, LISTENER_BURST);
	listener_accept(&listener, take, &callers);
	assert_int_equal(callers.count, CALLS);
	for (int i = 0; i < CALLS; i++) {
		close(callers.list[i].fd);
		close(fds[i]);
	}
	listener_close(&listener);
}

TEST(listener_turns_callers_away_when_descriptors_run_out)
{
	struct listener listener;
	struct callers callers = {0};
	struct rlimit limit, none;
	char octet;
	assert_int_equal(listener_open(&listener, (struct endpoint){LOOPBACK, 0}, NULL, why), 0);
	int first = call(listener_endpoint(&listener)), second = call(listener_endpoint(&listener));
	getrlimit(RLIMIT_NOFILE, &limit);
	none = (struct rlimit){(rlim_t)dup(0), limit.rlim_max};
	close((int)none.rlim_cur); /* the lowest free number is the first forbidden one */
	setrlimit(RLIMIT_NOFILE, &none);
	int away = listener_accept(&listener, take, &callers);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(callers.count, 0);
	assert_int_equal(away, 2);
	assert_true(recv(first, &octet, 1, 0) <= 0); /* closed, not left waiting */
	assert_true(recv(second, &octet, 1, 0) <= 0);
	assert_true(listener.reserve >= 0);
	close(first);
	close(second);
	listener_close(&listener);
}

TEST(listener_names_who_has_the_port)
{
	struct listener first, second;
	char own[64];
	assert_int_equal(listener_open(&first, (struct endpoint){LOOPBACK, 0}, NULL, why), 0);
	struct endpoint at = listener_endpoint(&first);
	assert_int_equal(listener_open(&second, at, NULL, why), -EADDRINUSE);
	snprintf(own, sizeof(own), "process %d", (int)getpid());
	assert_non_null(strstr(why, own));
	assert_non_null(strstr(why, "127.0.0.1"));
	assert_int_equal(second.fd, -1);
	listener_close(&first);
	assert_false(listener_find_owner(at.port, why));
	assert_int_equal(listener_open(&second, at, NULL, why),
			 0); /* and it is free again at once */
	listener_close(&second);
}

TEST(listener_says_that_no_interface_has_the_address)
{
	struct listener listener;
	assert_int_equal(listener_open(&listener, (struct endpoint){0xc0000201, 0}, NULL, why),
			 -EADDRNOTAVAIL);
	assert_non_null(strstr(why, "192.0.2.1"));
}

/* A stream and, at its other end, a plain blocking socket. */
static int stream_open(struct stream *stream)
{
	struct listener listener;
	struct callers callers = {0};
	assert_int_equal(listener_open(&listener, (struct endpoint){LOOPBACK, 0}, NULL, why), 0);
	int fd = call(listener_endpoint(&listener));
	listener_accept(&listener, take, &callers);
	assert_int_equal(callers.count, 1);
	listener_close(&listener);
	stream_init(stream, callers.list[0].fd);
	return fd;
}

TEST(stream_carries_octets_both_ways_and_tells_the_end)
{
	struct stream stream;
	char bytes[16];
	int fd = stream_open(&stream);
	assert_int_equal(stream_receive(&stream, bytes, sizeof(bytes)), -EAGAIN);
	assert_int_equal(stream_send(&stream, "hello", 5), 0);
	assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), 5);
	assert_int_equal(send(fd, "answer", 6, 0), 6);
	wait_for(stream.fd, POLLIN);
	assert_int_equal(stream_receive(&stream, bytes, sizeof(bytes)), 6);
	assert_memory_equal(bytes, "answer", 6);
	assert_true(stream_path_mtu(&stream) >= 1280);
	close(fd);
	wait_for(stream.fd, POLLIN);
	assert_int_equal(stream_receive(&stream, bytes, sizeof(bytes)), 0);
	stream_fini(&stream);
}

TEST(stream_keeps_what_the_socket_does_not_take_and_its_order)
{
	struct stream stream;
	int fd = stream_open(&stream), err, small = 4096;
	uint32_t sent = 0, heard = 0;
	setsockopt(stream.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	while (!(err = stream_send(&stream, &sent, sizeof(sent))))
		sent++;
	assert_int_equal(err, -ENOBUFS);
	assert_true(stream_is_waiting(&stream));
	assert_true(stream.length > STREAM_BUFFER - 4 && stream.length <= STREAM_BUFFER);
	while (heard < sent) {
		uint32_t number;
		assert_int_equal(recv(fd, &number, sizeof(number), MSG_WAITALL), sizeof(number));
		assert_int_equal(number, heard++);
		if (stream_is_waiting(&stream))
			assert_int_equal(stream_flush(&stream), 0);
	}
	assert_false(stream_is_waiting(&stream));
	assert_null(stream.waiting);
	close(fd);
	stream_fini(&stream);
}

TEST(stream_keeps_its_order_over_partial_sends_of_any_size)
{
	struct stream stream;
	uint64_t state = 21;
	struct random random = test_random(&state);
	uint8_t sent = 0, heard = 0, bytes[3000];
	int fds[2], small = 1, partial = 0;
	/* a local pair takes part of a send more often than TCP does */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	stream_init(&stream, fds[0]);
	for (int round = 0; round < 2000; round++) {
		size_t length = random_below(&random, sizeof(bytes));
		for (size_t i = 0; i < length; i++)
			bytes[i] = (uint8_t)(sent + i);
		if (length <= STREAM_BUFFER - stream.length) {
			assert_int_equal(stream_send(&stream, bytes, length), 0);
			sent = (uint8_t)(sent + length);
		}
		ssize_t got = recv(fds[1], bytes, random_below(&random, sizeof(bytes)) + 1, 0);
		for (ssize_t i = 0; i < got; i++)
			assert_int_equal(bytes[i], heard++);
		size_t before = stream.length;
		if (stream_is_waiting(&stream) && random_below(&random, 2))
			assert_int_equal(stream_flush(&stream), 0);
		partial += stream.length > 0 && stream.length < before;
	}
	assert_true(partial > 10);
	close(fds[1]);
	stream_fini(&stream);
}

TEST(stream_says_that_the_peer_is_gone)
{
	struct stream stream;
	struct linger reset = {.l_onoff = 1};
	int fd = stream_open(&stream);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	wait_for(stream.fd, POLLIN);
	assert_true(stream_send(&stream, "x", 1) < 0);
	stream_fini(&stream);
}

TEST(listener_binds_to_a_device_and_names_one_that_is_not_there)
{
	struct listener listener;
	const struct endpoint any = {LOOPBACK, 0};
	assert_int_equal(listener_open(&listener, any, "lo", why), 0);
	char device[IFNAMSIZ] = "";
	socklen_t size = sizeof(device);
	assert_int_equal(getsockopt(listener.fd, SOL_SOCKET, SO_BINDTODEVICE, device, &size), 0);
	assert_string_equal(device, "lo");
	listener_close(&listener);
	assert_int_equal(listener_open(&listener, any, "no-such-vrf", why), -ENODEV);
	assert_non_null(strstr(why, "no-such-vrf"));
	assert_non_null(strstr(why, "type vrf"));
}
