#include "io/super_ends_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/base.h"
#include "ip/ip.h"
#include "ip/marks.h"
#include "ip/split.h"
#include "tests/test.h"

enum {
	PORT = 4000,
	CHUNK = 256 * 1024,
	WAIT_MS = 20000,
};

static char why[WHY_SIZE];
static int namespaces[2];

struct end ends[2];

void ends_enter(int end)
{
	assert_int_equal(setns(namespaces[end], CLONE_NEWNET), 0);
}

/* The kernel lets nobody use an IPv6 address before it has found no other with it, which it does in a
 * moment of its own. */
static void await_address(int fd, const struct in6_addr *address)
{
	const struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = *address};
	for (int i = 0; i < WAIT_MS && bind(fd, (const struct sockaddr *)&at, sizeof(at)); i++)
		poll(NULL, 0, 1);
}

static void set_up(const char *name, int number)
{
	struct ifreq r = {0};
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int fd6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(r.ifr_name, name, strlen(name));
	address.sin_addr.s_addr = htonl(0x0a090001 + (uint32_t)number);
	memcpy(&r.ifr_addr, &address, sizeof(address));
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &r), 0);
	address.sin_addr.s_addr = htonl(0xffffff00);
	memcpy(&r.ifr_addr, &address, sizeof(address));
	assert_int_equal(ioctl(fd, SIOCSIFNETMASK, &r), 0);
	r.ifr_flags = IFF_UP;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	struct in6_ifreq r6 = {.ifr6_prefixlen = 64, .ifr6_ifindex = (int)if_nametoindex(name)};
	r6.ifr6_addr.s6_addr[0] = 0xfd;
	r6.ifr6_addr.s6_addr[1] = 9;
	r6.ifr6_addr.s6_addr[15] = (uint8_t)(1 + number);
	assert_int_equal(ioctl(fd6, SIOCSIFADDR, &r6), 0);
	await_address(fd6, &r6.ifr6_addr);
	close(fd6);
	close(fd);
}

const char *ends_lack(void)
{
	for (int i = 0; i < 2; i++) {
		if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			return "no right to make a network namespace";
		namespaces[i] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return "no TUN device that may be opened";
		close(fd);
	}
	return NULL;
}

void ends_open(bool super)
{
	static const char *const names[] = {"super0", "super1"};
	memset(ends, 0, sizeof(ends));
	for (int i = 0; i < 2; i++) {
		ends_enter(i);
		ends[i].fd = super ? tun_open_super(names[i], why) : tun_open(names[i], why);
		assert_true(ends[i].fd >= 0);
		tun_init(&ends[i].tun, ends[i].fd);
		set_up(names[i], i);
	}
}

void ends_close(void)
{
	for (int i = 0; i < 2; i++)
		close(ends[i].fd);
}

/* ---- the wire between the two ---- */

static struct merger merger;

static void drain(struct end *to)
{
	static struct merged merged;
	while (merger_next(&merger, &merged)) {
		to->packets_written += merged.count;
		to->supers_written += merged.count > 1;
		int error = tun_send(&to->tun, &merged);
		assert_true(!error || error == -EAGAIN || error == -ENOBUFS);
	}
}

/* What goes into the merger met the outer marks that the test wants, as in a session. */
static void add(struct end *from, struct packet *p)
{
	struct ip_view view;
	from->packets_read++;
	if (from->marks_every && from->packets_read % from->marks_every == 0 && ip_look(&view, p) &&
	    marks_arrive(&view, ECN_CE) == MARKS_DROP)
		return;
	merger_add(&merger, p, 0);
}

void ends_carry(struct end *from, struct end *to, uint16_t mtu)
{
	static struct packet packets[MERGER_PACKETS], plain[MERGER_PACKETS];
	static uint8_t room[TUN_SUPER_ROOM];
	size_t used = 0;
	merger_init(&merger, to->tun.merges);
	for (size_t i = 0; i < MERGER_PACKETS; i++) {
		struct tun_super super;
		struct splitter cut;
		struct ip_view view;
		int got = tun_receive(&from->tun, &plain[i], room, &super);
		assert_true(got >= 0);
		if (got == TUN_NOTHING)
			break;
		if (merger_is_full(&merger))
			drain(to);
		if (got == TUN_PACKET) {
			add(from, &plain[i]);
			continue;
		}
		from->supers_read++;
		from->cwr_read += super.vnet.has_cwr;
		assert_true(ip_look_at(&view, super.bytes, super.length));
		assert_true(splitter_init(&cut, &view, &super.vnet, mtu));
		for (;;) {
			if (merger_is_full(&merger) || used == MERGER_PACKETS) {
				drain(to);
				used = 0;
			}
			if (!splitter_next(&cut, &packets[used]))
				break;
			assert_true(packets[used].length <= mtu);
			add(from, &packets[used++]);
		}
	}
	drain(to);
}

/* ---- sockets at the ends ---- */

struct sockaddr_storage ends_address(int family, int end)
{
	struct sockaddr_storage s = {.ss_family = (sa_family_t)family};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&s;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&s;
	if (family == AF_INET) {
		v4->sin_port = htons(PORT);
		v4->sin_addr.s_addr = htonl(0x0a090001 + (uint32_t)end);
	} else {
		v6->sin6_port = htons(PORT);
		v6->sin6_addr.s6_addr[0] = 0xfd;
		v6->sin6_addr.s6_addr[1] = 9;
		v6->sin6_addr.s6_addr[15] = (uint8_t)(1 + end);
	}
	return s;
}

int ends_socket(int end, int family, int type, bool bound)
{
	struct sockaddr_storage s = ends_address(family, end);
	ends_enter(end);
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bound)
		assert_int_equal(bind(fd, (struct sockaddr *)&s, sizeof(s)), 0);
	return fd;
}

/* The octet at `at` of an endless text that does not repeat within a segment. */
static uint8_t octet_at(size_t at)
{
	return (uint8_t)((at * 0x9e3779b1u) >> 24 ^ at);
}

void ends_fill(uint8_t *to, size_t at, size_t length)
{
	for (size_t i = 0; i < length; i++)
		to[i] = octet_at(at + i);
}

/* Both ends are carried while the sockets are pumped; waits where nothing goes on. */
void ends_wait(int a, short a_events, int b, short b_events)
{
	struct pollfd fds[] = {{ends[0].fd, POLLIN, 0},
			       {ends[1].fd, POLLIN, 0},
			       {a, a_events, 0},
			       {b, b_events, 0}};
	assert_true(poll(fds, COUNT_OF(fds), WAIT_MS) > 0);
}

struct tcp_info ends_info;

void ends_transfer(int family, uint16_t mtu, size_t total)
{
	static uint8_t out[CHUNK], in[CHUNK], expected[CHUNK];
	struct sockaddr_storage server = ends_address(family, 0);
	int listener = ends_socket(0, family, SOCK_STREAM, true), taker = -1;
	assert_int_equal(listen(listener, 1), 0);
	int giver = ends_socket(1, family, SOCK_STREAM, false);
	if (connect(giver, (struct sockaddr *)&server, sizeof(server)) < 0)
		assert_int_equal(errno, EINPROGRESS);
	size_t given = 0, taken = 0;
	while (taken < total) {
		ends_wait(taker < 0 ? listener : taker, POLLIN, giver, given < total ? POLLOUT : 0);
		ends_carry(&ends[0], &ends[1], mtu);
		ends_carry(&ends[1], &ends[0], mtu);
		if (taker < 0)
			taker = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		size_t most = MIN_OF((size_t)CHUNK, total - given);
		ends_fill(out, given, most);
		ssize_t done = most ? send(giver, out, most, MSG_NOSIGNAL) : 0;
		assert_true(done >= 0 || errno == EAGAIN || errno == ENOTCONN);
		given += done > 0 ? (size_t)done : 0;
		done = taker < 0 ? 0 : recv(taker, in, sizeof(in), 0);
		assert_true(done >= 0 || errno == EAGAIN);
		if (done > 0) {
			ends_fill(expected, taken, (size_t)done);
			assert_memory_equal(in, expected, (size_t)done);
			taken += (size_t)done;
		}
	}
	socklen_t length = sizeof(ends_info);
	assert_int_equal(getsockopt(giver, SOL_TCP, TCP_INFO, &ends_info, &length), 0);
	close(giver);
	close(taker);
	close(listener);
}

void ends_datagrams(int family)
{
	enum { SEGMENT = 1000, COUNT = 30, LAST = 7 };
	static uint8_t out[SEGMENT * (COUNT - 1) + LAST], in[2000];
	struct sockaddr_storage to = ends_address(family, 0);
	int segment = SEGMENT;
	int taker = ends_socket(0, family, SOCK_DGRAM, true);
	int giver = ends_socket(1, family, SOCK_DGRAM, true);
	assert_int_equal(
		setsockopt(giver, SOL_UDP, 103 /* UDP_SEGMENT */, &segment, sizeof(segment)), 0);
	ends_fill(out, 0, sizeof(out));
	assert_int_equal(sendto(giver, out, sizeof(out), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(out));
	size_t taken = 0;
	while (taken < sizeof(out)) {
		ends_wait(taker, POLLIN, -1, 0);
		ends_carry(&ends[0], &ends[1], 1500);
		ends_carry(&ends[1], &ends[0], 1500);
		ssize_t done;
		while ((done = recv(taker, in, sizeof(in), 0)) > 0) {
			assert_int_equal(done, MIN_OF(sizeof(out) - taken, SEGMENT));
			assert_memory_equal(in, out + taken, (size_t)done);
			taken += (size_t)done;
		}
	}
	close(giver);
	close(taker);
}

void ends_assert_supers(void)
{
	assert_true(ends[1].supers_read * 5 < ends[1].packets_read);
	assert_true(ends[0].supers_written > 0);
	assert_true(ends[0].supers_written * 5 < ends[0].packets_written);
}
