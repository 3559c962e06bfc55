/*
 * The detour of a bad road (road.py): what comes out of one TAP leaves by the other end of the line, at
 * once or some time later, so that others overtake it. A program of its own in C, because it shares the
 * processors with what is measured: the same in Python took a twentieth of a core from it.
 *
 * usage: bench-detour HOLD_US        in the road's namespace; each packet is held for up to so long
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"

enum { FRAME = 9018, MTU = 9000, HELD = 512 };

struct frame {
	uint64_t due_ns;
	int out; /* the socket that it leaves by */
	size_t length;
	uint8_t bytes[FRAME];
};

/* Those that are under way, in no order; there are few. */
static struct frame held[HELD];
static size_t held_count;

_Noreturn static void fail(const char *what, const char *name)
{
	fprintf(stderr, "bench-detour: %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

static struct ifreq request_for(const char *name)
{
	struct ifreq request = {0};
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return request;
}

static int open_tap(const char *name)
{
	struct ifreq request = request_for(name);
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	request.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (fd < 0 || control < 0 || ioctl(fd, TUNSETIFF, &request))
		fail("cannot make the TAP", name);
	request = request_for(name);
	request.ifr_mtu = MTU;
	if (ioctl(control, SIOCSIFMTU, &request))
		fail("cannot set the MTU of", name);
	request = request_for(name);
	request.ifr_flags = IFF_UP;
	if (ioctl(control, SIOCSIFFLAGS, &request))
		fail("cannot set up", name);
	close(control);
	return fd;
}

/* Protocol 0: it hears nothing. */
static int open_end(const char *name)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_ifindex = (int)if_nametoindex(name)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || !address.sll_ifindex ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		fail("cannot send by", name);
	return fd;
}

/* What has no room is lost, as on any road. */
static void leave(size_t at)
{
	(void)!send(held[at].out, held[at].bytes, held[at].length, MSG_DONTWAIT);
	held[at] = held[--held_count];
}

static size_t first_due(void)
{
	size_t first = 0;
	for (size_t i = 1; i < held_count; i++)
		if (held[i].due_ns < held[first].due_ns)
			first = i;
	return first;
}

/* At the most as many as there are places for. */
static void take(int tap, int out, uint64_t hold_ns)
{
	while (held_count < HELD) {
		struct frame *frame = &held[held_count];
		ssize_t length = read(tap, frame->bytes, sizeof(frame->bytes));
		if (length < 0 && errno != EAGAIN && errno != EINTR)
			fail("cannot read", "a TAP"); /* gone: ppoll would not wait any more */
		if (length <= 0)
			return;
		frame->length = (size_t)length;
		frame->out = out;
		frame->due_ns = bench_now_ns();
		if (hold_ns)
			frame->due_ns += (uint64_t)random() * hold_ns / RAND_MAX;
		held_count++;
	}
}

/* Returns how long nothing is due, or NULL: for ever. */
static const struct timespec *send_due(struct timespec *wait)
{
	while (held_count) {
		size_t first = first_due();
		uint64_t now_ns = bench_now_ns();
		if (held[first].due_ns > now_ns && held_count < HELD) {
			uint64_t left = held[first].due_ns - now_ns;
			*wait = (struct timespec){(time_t)(left / 1000000000),
						  (long)(left % 1000000000)};
			return wait;
		}
		leave(first);
	}
	return NULL;
}

int main(int count, char **words)
{
	static const char *const names[][2] = {{"dwest", "east"}, {"deast", "west"}};
	struct pollfd taps[2];
	struct timespec wait;
	int outs[2];
	char *end = NULL;
	unsigned long hold_us = count == 2 ? strtoul(words[1], &end, 10) : 0;
	if (count != 2 || !*words[1] || *end || hold_us > 1000000) {
		fprintf(stderr, "usage: bench-detour HOLD_US\n");
		return 2;
	}
	for (size_t i = 0; i < 2; i++) {
		taps[i] = (struct pollfd){.fd = open_tap(names[i][0]), .events = POLLIN};
		outs[i] = open_end(names[i][1]);
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		if (ppoll(taps, 2, send_due(&wait), NULL) < 0 && errno != EINTR)
			fail("cannot wait for", "packets");
		for (size_t i = 0; i < 2; i++)
			take(taps[i].fd, outs[i], hold_us * 1000);
	}
}
