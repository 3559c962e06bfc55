/*
 * GRE and TUN against the kernel, in a network namespace of the test's own:
 *
 *	gre_port at 127.0.0.1 ── lo ── gre_port or plain raw socket at 127.0.0.2
 *	tun_read, tun_write ── tun device 10.9.0.1/24 ── UDP and raw sockets
 */
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "io/gre_socket.h"
#include "io/tun.h"

#define US   0x7f000001
#define THEM 0x7f000002

static char why[WHY_SIZE];

static void set_interface(unsigned long request, const char *name, uint32_t value)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(r.ifr_name, name, strlen(name));
	if (request == SIOCSIFFLAGS)
		r.ifr_flags = (short)value;
	else if (request == SIOCSIFMTU)
		r.ifr_mtu = (int)value;
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

static void wait_for(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 10000), 1);
}

static void port_open(struct gre_port *port, uint32_t listen)
{
	int fd = gre_socket_open(listen, NULL, why);
	assert_true(fd >= 0);
	assert_int_equal(gre_port_init(port, fd), 0);
}

/* Queues a packet of `length` octets that begins with its number. */
static void put_number(struct gre_port *port, uint32_t number, size_t length, uint32_t source,
		       uint32_t destination)
{
	struct packet *p = gre_port_packet(port);
	memset(p->data, 0x5a, length);
	memcpy(p->data, &number, sizeof(number));
	p->length = length;
	gre_port_put(port, p, source, destination, 0);
}

TEST(gre_port_carries_batches_in_order_from_the_chosen_address)
{
	static struct gre_datagram in[GRE_BATCH];
	struct gre_port us, them;
	uint32_t heard = 0, sent = 0;
	port_open(&us, US);
	port_open(&them, THEM);
	while (sent < GRE_BATCH + 10) /* more than one batch: the queue flushes itself */
		put_number(&us, sent++, 100, US, THEM);
	gre_port_flush(&us);
	assert_int_equal(us.sent, sent);
	assert_int_equal(us.unsent, 0);
	while (heard < sent) {
		wait_for(them.fd);
		int count = gre_port_receive(&them, in);
		assert_true(count > 1); /* batches they are */
		for (int i = 0; i < count; i++) {
			assert_int_equal(in[i].source, US);
			assert_int_equal(in[i].destination, THEM);
			assert_true(in[i].ttl > 0);
			assert_int_equal(in[i].packet->length, 100);
			assert_memory_equal(in[i].packet->data, &heard, sizeof(heard));
			heard++;
		}
	}
	assert_int_equal(gre_port_receive(&them, in), 0);
	assert_int_equal(gre_port_receive(&us, in), 0); /* bound: hears only what is for it */
	assert_int_equal(gre_port_overrun(&them), 0);
	gre_port_fini(&us);
	gre_port_fini(&them);
}

TEST(gre_port_sends_packets_of_the_caller_in_place_and_answers_from_where_it_was_called)
{
	static struct gre_datagram in[GRE_BATCH];
	static struct packet p;
	struct gre_port us, them;
	port_open(&us, 0); /* listens everywhere */
	port_open(&them, THEM);
	packet_reset(&p);
	p.length = 1400;
	gre_port_put(&them, &p, THEM, US + 8, 0);
	gre_port_flush(&them);
	wait_for(us.fd);
	int count = gre_port_receive(&us, in);
	assert_true(count >= 1);
	assert_int_equal(in[0].destination, US + 8);
	gre_port_put(&us, in[0].packet, in[0].destination, in[0].source, 0); /* the very packet */
	gre_port_flush(&us);
	wait_for(them.fd);
	assert_int_equal(gre_port_receive(&them, in), 1);
	assert_int_equal(in[0].source, US + 8);
	assert_int_equal(in[0].packet->length, 1400);
	gre_port_fini(&us);
	gre_port_fini(&them);
}

TEST(gre_port_sends_each_packet_with_its_tos_octet)
{
	/* Chosen sources and chosen octets in all their combinations. */
	static const struct {
		uint32_t source;
		uint8_t tos;
	} rows[] = {{US, 0}, {US, 0xb8}, {0, 0x03}, {0, 0}, {US + 4, 0xff}, {US, 0x02}, {US, 0}};
	static struct gre_datagram in[GRE_BATCH];
	struct gre_port us, them;
	size_t heard = 0;
	port_open(&us, 0);
	port_open(&them, THEM);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct packet *p = gre_port_packet(&us);
		memset(p->data, 0x5a, p->length = 60);
		gre_port_put(&us, p, rows[i].source, THEM, rows[i].tos);
	}
	gre_port_flush(&us);
	assert_int_equal(us.unsent, 0);
	while (heard < COUNT_OF(rows)) {
		wait_for(them.fd);
		int count = gre_port_receive(&them, in);
		for (int i = 0; i < count; i++, heard++) {
			assert_int_equal(in[i].tos, rows[heard].tos);
			if (rows[heard].source)
				assert_int_equal(in[i].source, rows[heard].source);
		}
	}
	gre_port_fini(&us);
	gre_port_fini(&them);
}

TEST(gre_port_sends_with_dont_fragment_clear_and_lets_the_kernel_fragment)
{
	static struct gre_datagram in[GRE_BATCH];
	struct gre_port us;
	uint8_t raw[2048];
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_GRE);
	port_open(&us, US);
	put_number(&us, 1, 60, US, THEM);
	gre_port_flush(&us);
	wait_for(fd);
	assert_int_equal(recv(fd, raw, sizeof(raw), 0), 80);
	assert_int_equal(raw[6] & 0x40, 0);
	close(fd);
	set_interface(SIOCSIFMTU, "lo", 1000);
	struct gre_port them;
	port_open(&them, THEM);
	put_number(&us, 2, 1500, US, THEM);
	gre_port_flush(&us);
	wait_for(them.fd);
	assert_int_equal(gre_port_receive(&them, in), 1);
	assert_int_equal(in[0].packet->length, 1500); /* whole again */
	set_interface(SIOCSIFMTU, "lo", 65536);
	gre_port_fini(&us);
	gre_port_fini(&them);
}

TEST(gre_port_counts_what_is_longer_than_a_packet)
{
	static struct gre_datagram in[GRE_BATCH];
	static uint8_t giant[3000];
	struct gre_port them;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(THEM)};
	port_open(&them, THEM);
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_GRE);
	size_t room = PACKET_CAPACITY - PACKET_HEADROOM - 20;
	assert_int_equal(sendto(fd, giant, room + 1, 0, (struct sockaddr *)&to, sizeof(to)),
			 room + 1);
	assert_int_equal(sendto(fd, giant, room, 0, (struct sockaddr *)&to, sizeof(to)), room);
	wait_for(them.fd);
	assert_int_equal(gre_port_receive(&them, in), 1);
	assert_int_equal(in[0].packet->length, room);
	assert_int_equal(them.truncated, 1);
	close(fd);
	gre_port_fini(&them);
}

TEST(gre_sockets_divide_the_calls_among_them)
{
	enum { SHARES = 3, CALLS = 30, SHORT = 8 };
	static struct gre_datagram in[GRE_BATCH];
	struct gre_port them[SHARES], us;
	port_open(&us, US);
	for (uint16_t i = 0; i < SHARES; i++)
		port_open(&them[i], THEM);
	put_number(&us, 1, 60, US, THEM); /* comes to all, too early */
	gre_port_flush(&us);
	for (uint16_t i = 0; i < SHARES; i++) {
		wait_for(them[i].fd);
		assert_int_equal(gre_socket_share(them[i].fd, (struct share){i, SHARES}), 0);
		assert_int_equal(gre_port_receive(&them[i], in), 0);
	}
	for (uint16_t call_id = 0; call_id < CALLS; call_id++) {
		struct packet *p = gre_port_packet(&us);
		memset(p->data, 0x5a, 12);
		p->data[6] = (uint8_t)((call_id * 1999) >> 8);
		p->data[7] = (uint8_t)(call_id * 1999);
		p->length = 12;
		gre_port_put(&us, p, US, THEM, 0);
	}
	for (size_t length = 1; length < SHORT; length++) { /* without a whole call id */
		struct packet *p = gre_port_packet(&us);
		memset(p->data, 0xff, length);
		p->length = length;
		gre_port_put(&us, p, US, THEM, 0);
	}
	gre_port_flush(&us);
	for (int i = 0; i < SHARES; i++) {
		int seen = 0, none = 0;
		wait_for(them[i].fd);
		int count = gre_port_receive(&them[i], in);
		for (int k = 0; k < count; k++) {
			const struct packet *p = in[k].packet;
			if (p->length < SHORT) {
				none++;
				continue;
			}
			assert_int_equal((p->data[6] << 8 | p->data[7]) % SHARES, i);
			seen++;
		}
		assert_int_equal(seen, CALLS / SHARES);
		assert_int_equal(none, i == 0 ? SHORT - 1 : 0);
		gre_port_fini(&them[i]);
	}
	gre_port_fini(&us);
}

TEST(gre_port_goes_on_behind_a_packet_that_cannot_be_sent)
{
	static struct gre_datagram in[GRE_BATCH];
	struct gre_port us, them;
	port_open(&us, 0);
	port_open(&them, THEM);
	put_number(&us, 1, 50, US, THEM);
	put_number(&us, 2, 50, US, 0xc0000201);   /* no route */
	put_number(&us, 3, 50, 0xc0000202, THEM); /* no address of ours */
	put_number(&us, 4, 50, US, THEM);
	gre_port_flush(&us);
	assert_int_equal(us.sent, 2);
	assert_int_equal(us.unsent, 2);
	assert_int_not_equal(us.unsent_errno, 0);
	wait_for(them.fd);
	assert_int_equal(gre_port_receive(&them, in), 2);
	assert_memory_equal(in[0].packet->data, &(uint32_t){1}, sizeof(uint32_t));
	assert_memory_equal(in[1].packet->data, &(uint32_t){4}, sizeof(uint32_t));
	gre_port_fini(&us);
	gre_port_fini(&them);
}

TEST(gre_port_drops_and_counts_when_the_socket_is_full)
{
	struct gre_port us;
	int small = 1;
	port_open(&us, 0);
	/* Nobody answers ARP there, so the packets wait, and count as the socket's. */
	struct ifreq request = {.ifr_name = "full0", .ifr_flags = IFF_TAP | IFF_NO_PI};
	int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	assert_int_equal(ioctl(tap, TUNSETIFF, &request), 0);
	set_interface(SIOCSIFADDR, "full0", 0x0a080001);
	set_interface(SIOCSIFNETMASK, "full0", 0xffffff00);
	set_interface(SIOCSIFFLAGS, "full0", IFF_UP);
	setsockopt(us.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	uint32_t put = 0;
	while (put < GRE_BATCH)
		put_number(&us, put++, 1400, 0, 0x0a080002);
	gre_port_flush(&us);
	assert_true(us.unsent > 0);
	assert_int_equal(us.sent + us.unsent, put);
	assert_true(us.unsent_errno == ENOBUFS || us.unsent_errno == EAGAIN);
	close(tap);
	gre_port_fini(&us);
}

TEST(gre_socket_says_that_no_interface_has_the_address)
{
	assert_int_equal(gre_socket_open(0xc0000201, NULL, why), -EADDRNOTAVAIL);
	assert_non_null(strstr(why, "192.0.2.1"));
}

static int tun_start(void)
{
	int fd = tun_open("pptp0", why);
	assert_true(fd >= 0);
	set_interface(SIOCSIFADDR, "pptp0", 0x0a090001);
	set_interface(SIOCSIFNETMASK, "pptp0", 0xffffff00);
	set_interface(SIOCSIFFLAGS, "pptp0", IFF_UP);
	return fd;
}

/* Reads until the UDP packet to our port comes: the kernel says things of its own at the start. */
static int read_udp(int fd, struct packet *packets, int limit)
{
	for (int tries = 0; tries < 100; tries++) {
		wait_for(fd);
		int count = tun_read(fd, packets, limit), kept = 0;
		assert_true(count > 0);
		for (int i = 0; i < count; i++)
			if (packets[i].data[0] >> 4 == 4 && packets[i].data[9] == IPPROTO_UDP) {
				if (kept != i) {
					packet_reset(&packets[kept]);
					packets[kept].length = packets[i].length;
					memcpy(packets[kept].data, packets[i].data,
					       packets[i].length);
				}
				kept++;
			}
		if (kept)
			return kept;
	}
	return 0;
}

TEST(tun_gives_packets_of_the_host_and_takes_those_of_callers)
{
	static struct packet packets[8];
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a090001)};
	struct sockaddr_in caller = {
		.sin_family = AF_INET,
		.sin_port = htons(4000),
		.sin_addr.s_addr = htonl(0x0a090064),
	};
	char text[16];
	int tun = tun_start(), udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	own.sin_port = htons(4001);
	assert_int_equal(bind(udp, (struct sockaddr *)&own, sizeof(own)), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			sendto(udp, "ping", 4, 0, (struct sockaddr *)&caller, sizeof(caller)), 4);
	assert_int_equal(read_udp(tun, packets, COUNT_OF(packets)), 3);
	assert_int_equal(packets[0].length, 32);
	assert_memory_equal(packets[0].data + 28, "ping", 4);
	assert_true(packets[0].data >= packets[0].buffer + PACKET_HEADROOM);
	assert_int_equal(tun_read(tun, packets + 3, 1), 0);

	/* Back again with addresses and ports exchanged;
	 * both checksums are sums and do not mind. */
	struct packet *p = &packets[0];
	uint8_t exchanged[12];
	memcpy(exchanged, p->data + 16, 4);
	memcpy(exchanged + 4, p->data + 12, 4);
	memcpy(exchanged + 8, p->data + 22, 2);
	memcpy(exchanged + 10, p->data + 20, 2);
	memcpy(p->data + 12, exchanged, sizeof(exchanged));
	assert_int_equal(tun_write(tun, p), 0);
	wait_for(udp);
	assert_int_equal(recv(udp, text, sizeof(text), 0), 4);
	assert_memory_equal(text, "ping", 4);

	packet_reset(p);
	p->data[0] = 0x15; /* no version of IP */
	p->length = 40;
	assert_int_equal(tun_write(tun, p), -EINVAL);
	close(udp);
	close(tun);
}

TEST(tun_reads_no_more_than_it_is_asked_for)
{
	static struct packet packets[4];
	struct sockaddr_in caller = {
		.sin_family = AF_INET,
		.sin_port = htons(4000),
		.sin_addr.s_addr = htonl(0x0a090064),
	};
	int tun = tun_start(), udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < 3; i++)
		sendto(udp, "ping", 4, 0, (struct sockaddr *)&caller, sizeof(caller));
	int heard = 0;
	while (heard < 3) {
		int count = read_udp(tun, packets, 2);
		assert_true(count > 0 && count <= 2);
		heard += count;
	}
	assert_int_equal(heard, 3);
	close(udp);
	close(tun);
}

TEST(tun_says_that_its_interface_is_down)
{
	static struct packet p;
	int tun = tun_open("pptp0", why);
	packet_reset(&p);
	p.data[0] = 0x45;
	p.length = 40;
	assert_int_equal(tun_write(tun, &p), -EIO);
	close(tun);
}

TEST(tun_says_in_words_why_an_interface_cannot_be_had)
{
	static const char *const bad[] = {"",   "pptp%d",          "a/b", "a name", ".",
					  "..", "sixteen-letters-"};
	int tun = tun_open("pptp0", why);
	assert_true(tun >= 0);
	assert_int_equal(tun_open("pptp0", why), -EBUSY);
	assert_non_null(strstr(why, "pptp0 is in use"));
	assert_int_equal(tun_open("lo", why), -EINVAL);
	assert_non_null(strstr(why, "no TUN device of ours"));
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(tun_open(bad[i], why), -EINVAL);
		assert_non_null(strstr(why, "no name for an interface"));
	}
	close(tun);
	assert_int_equal(if_nametoindex("pptp0"), 0); /* gone with its descriptor */
}
