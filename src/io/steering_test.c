/* A TUN device of several queues, in the namespace that packets_test.c made:
 *
 *	socket at 10.6.0.1, fe80::1 ── steer0 ── queues 0, 1, 2
 */
#include "io/steering.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "io/netlink.h"
#include "io/tun.h"
#include "ip/ip.h"
#include "tests/test.h"

enum { QUEUES = 3, US = 0x0a060001, PORT = 9, PATIENCE_MS = 10000 };

static const uint8_t neighbour[8] = {2, 0, 0, 0, 0, 0, 0, 77};

static void device_up(const char *name, uint32_t address)
{
	struct netlink netlink;
	struct netlink_link link;
	assert_int_equal(netlink_open(&netlink), 0);
	assert_int_equal(netlink_link_find(&netlink, name, &link), 0);
	assert_int_equal(netlink_link_up(&netlink, link.index, 1500), 0);
	assert_int_equal(netlink_address_add(&netlink, link.index, address, 24), 0);
	assert_int_equal(netlink_link_local_add(&netlink, link.index, 1), 0);
	netlink_close(&netlink);
}

/* A datagram whose first octet is `mark`. */
static void say(uint32_t to, uint8_t mark)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(to)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(sendto(fd, &mark, 1, 0, (struct sockaddr *)&at, sizeof(at)), 1);
	close(fd);
}

static void say_to_neighbour(uint8_t mark)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6,
				  .sin6_port = htons(PORT),
				  .sin6_scope_id = if_nametoindex("steer0")};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET6, "fe80::200:0:0:4d", &at.sin6_addr);
	ssize_t sent = -1;
	for (int i = 0; sent < 0 && i < 1000; i++) { /* its own address is checked at first */
		sent = sendto(fd, &mark, 1, 0, (struct sockaddr *)&at, sizeof(at));
		if (sent < 0)
			poll(NULL, 0, 10);
	}
	assert_int_equal(sent, 1);
	close(fd);
}

/* The mark of a datagram to PORT; -1: it is something that the kernel says of its own accord. */
static int mark_of(struct packet *p)
{
	struct ip_view view;
	if (!ip_look(&view, p) || p->length < 29)
		return -1;
	size_t header = view.version == 4 ? 20 : 40;
	const uint8_t *udp = p->data + header;
	bool ours = p->data[view.version == 4 ? 9 : 6] == 17 && udp[2] == 0 && udp[3] == PORT;
	return ours ? udp[8] : -1;
}

/* The queue out of which the datagram with that mark comes. */
static size_t queue_of(struct tun *queues, int mark)
{
	struct pollfd polls[QUEUES];
	static uint8_t room[TUN_SUPER_ROOM];
	struct packet p;
	struct tun_super super;
	for (size_t i = 0; i < QUEUES; i++)
		polls[i] = (struct pollfd){.fd = queues[i].fd, .events = POLLIN};
	for (;;) {
		assert_true(poll(polls, QUEUES, PATIENCE_MS) > 0);
		for (size_t i = 0; i < QUEUES; i++)
			while (tun_receive(&queues[i], &p, room, &super) == TUN_PACKET)
				if (mark_of(&p) == mark)
					return i;
	}
}

TEST(packets_come_out_of_the_queue_of_their_destination)
{
	struct steering steering;
	struct tun queues[QUEUES];
	int fds[QUEUES];
	char why[WHY_SIZE];
	uint8_t mark = 0;
	assert_int_equal(tun_open_queues("steer0", fds, QUEUES, why), 0);
	for (size_t i = 0; i < QUEUES; i++)
		tun_init(&queues[i], fds[i]);
	int error = steering_open(&steering, fds[0], 1000, why);
	if (error == -EPERM || error == -ENOSYS) /* an old kernel, or a container */
		goto close;
	assert_int_equal(error, 0);
	device_up("steer0", US);
	for (uint32_t i = 0; i < 30; i++)
		assert_int_equal(steering_set(&steering, destination_ipv4(US + 10 + i), i % QUEUES),
				 0);
	for (uint32_t i = 0; i < 30; i++) {
		say(US + 10 + i, ++mark);
		assert_int_equal(queue_of(queues, mark), i % QUEUES);
	}
	say(US + 100, ++mark); /* unknown */
	assert_int_equal(queue_of(queues, mark), 0);
	assert_int_equal(steering_set(&steering, destination_ipv4(US + 10), 2), 0); /* moves */
	say(US + 10, ++mark);
	assert_int_equal(queue_of(queues, mark), 2);
	assert_int_equal(steering_remove(&steering, destination_ipv4(US + 10)), 0);
	assert_int_equal(steering_remove(&steering, destination_ipv4(US + 10)), -ENOENT);
	say(US + 10, ++mark);
	assert_int_equal(queue_of(queues, mark), 0);
	say_to_neighbour(++mark);
	assert_int_equal(queue_of(queues, mark), 0);
	assert_int_equal(steering_set(&steering, destination_ipv6(neighbour), 1), 0);
	say_to_neighbour(++mark);
	assert_int_equal(queue_of(queues, mark), 1);
	steering_close(&steering); /* the device goes on by what it was told */
	say_to_neighbour(++mark);
	assert_int_equal(queue_of(queues, mark), 1);
close:
	for (size_t i = 0; i < QUEUES; i++)
		close(fds[i]);
}

TEST(steering_is_off_where_it_was_not_opened_and_says_why)
{
	struct steering steering;
	char why[WHY_SIZE] = "";
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	assert_true(steering_open(&steering, fds[0], 10, why) < 0); /* no TUN device */
	assert_true(*why);
	assert_false(steering.is_on);
	assert_int_equal(steering_set(&steering, destination_ipv4(1), 1), 0);
	assert_int_equal(steering_remove(&steering, destination_ipv4(1)), 0);
	steering_close(&steering);
	close(fds[0]);
	close(fds[1]);
}
