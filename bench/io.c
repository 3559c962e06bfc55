/*
 * What it costs to send and to receive a GRE packet of 1400 octets, over a veth pair between two network namespaces made
 * here. Nanoseconds a packet, least / lower quartile / median of interleaved rounds.
 *
 * out: the veth and a peer that drops at its ingress are in each row.
 *
 *	raw send            sendto(2) by a raw socket
 *	raw sendmmsg        64 at once: gre_port without the faster ways
 *	packet sendmmsg     the same by a packet socket, through the device's queue
 *	  … past the queue  PACKET_QDISC_BYPASS
 *	gre_port            what the server does: the row above, next hop and outer header made for each packet
 *
 * in: a packet sent by the cheapest way and received; what that sending costs is subtracted.
 *
 *	raw recv            recvfrom(2)
 *	raw recvmmsg        gre_port without the faster ways
 *	ring V2             the server's: frames of 2048 octets, and the rule that drops behind it
 *	  … no rule         the raw socket, which has to be open, gets them as well
 *	ring V3             TPACKET_V3, blocks of 64 KiB, and the rule
 *
 * delay: from before the sending of a lone packet until it is received by poll(2) and read, microseconds.
 *
 * usage: bench-io [ROUNDS]
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "base/writer.h"
#include "bench/bench.h"
#include "io/gre_ingress.h"
#include "io/gre_ring.h"
#include "io/gre_socket.h"
#include "io/gre_transmit.h"
#include "io/tool.h"
#include "ip/checksum.h"

#define US   0x0a070001u
#define THEM 0x0a070002u

enum {
	LENGTH = 1400,
	BATCHES = 30,
	UNITS = BATCHES * GRE_BATCH,
	IP_HEADER = 20,
	V3_BLOCK = 64 * 1024,
	V3_BLOCKS = 64,
	V3_RING = V3_BLOCK * V3_BLOCKS,
	LONE = 300, /* packets for the delay */
	PATIENCE_MS = 1000,
};

static int namespaces[2];
static struct gre_port raw, fast, in;
static struct gre_ring *ring;
static struct gre_ingress rule;
static struct gre_datagram datagrams[GRE_BATCH];

static void die(const char *what)
{
	fprintf(stderr, "bench-io: %s\n", what);
	exit(1);
}

static void enter(int side)
{
	if (setns(namespaces[side], CLONE_NEWNET))
		die("no network namespace");
}

static void shell(const char *line)
{
	if (tool_run((const char *const[]){"sh", "-c", line, NULL}, NULL))
		die(line);
}

/* ---- out ---- */

static void put(struct gre_port *port)
{
	for (int i = 0; i < GRE_BATCH; i++) {
		struct packet *p = gre_port_packet(port);
		struct writer out = writer_of(p->data, 12);
		write_u16(&out, 0x3001);
		write_u16(&out, 0x880b);
		write_u16(&out, LENGTH - 12);
		write_u16(&out, 7);
		write_u32(&out, (uint32_t)i);
		p->length = LENGTH;
		gre_port_put(port, p, US, THEM, 0);
	}
	gre_port_flush(port);
}

static void run_port(void *context)
{
	for (int i = 0; i < BATCHES; i++)
		put(context);
}

static void run_send(void *context)
{
	const struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(THEM)};
	static uint8_t bytes[LENGTH] = {0x30, 1, 0x88, 0x0b};
	(void)context;
	for (int i = 0; i < UNITS; i++)
		(void)sendto(raw.fd, bytes, sizeof(bytes), 0, (const struct sockaddr *)&to,
			     sizeof(to));
}

/* Whole frames, ready made. */
struct frames {
	int fd;
	struct sockaddr_ll to;
	uint8_t bytes[ETH_HLEN + IP_HEADER + LENGTH];
	struct iovec piece;
	struct mmsghdr messages[GRE_BATCH];
};

static void frames_make(struct frames *f, const uint8_t from[6], const uint8_t to[6], bool past)
{
	const int yes = 1;
	struct writer out = writer_of(f->bytes, sizeof(f->bytes));
	f->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (f->fd < 0 ||
	    (past && setsockopt(f->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes))))
		die("no packet socket");
	memcpy(write_room(&out, 6), to, 6);
	memcpy(write_room(&out, 6), from, 6);
	write_u16(&out, ETH_P_IP);
	write_u16(&out, 0x4500);
	write_u16(&out, IP_HEADER + LENGTH);
	write_u32(&out, 0x00010000);
	write_u16(&out, 64 << 8 | IPPROTO_GRE);
	write_u16(&out, 0);
	write_u32(&out, US);
	write_u32(&out, THEM);
	uint16_t checksum = checksum_of(f->bytes + ETH_HLEN, IP_HEADER);
	f->bytes[ETH_HLEN + 10] = (uint8_t)(checksum >> 8);
	f->bytes[ETH_HLEN + 11] = (uint8_t)checksum;
	write_u32(&out, 0x3001880b);
	write_u16(&out, LENGTH - 12);
	write_u16(&out, 7);
	f->to = (struct sockaddr_ll){.sll_family = AF_PACKET,
				     .sll_protocol = htons(ETH_P_IP),
				     .sll_ifindex = (int)if_nametoindex("wire")};
	f->piece = (struct iovec){f->bytes, sizeof(f->bytes)};
	for (int i = 0; i < GRE_BATCH; i++)
		f->messages[i].msg_hdr = (struct msghdr){.msg_name = &f->to,
							 .msg_namelen = sizeof(f->to),
							 .msg_iov = &f->piece,
							 .msg_iovlen = 1};
}

static struct frames queued, past;

static void run_frames(void *context)
{
	struct frames *f = context;
	for (int i = 0; i < BATCHES; i++)
		if (sendmmsg(f->fd, f->messages, GRE_BATCH, 0) != GRE_BATCH)
			die("the device takes no more");
}

/* ---- in ---- */

static void send_batch(void)
{
	if (sendmmsg(past.fd, past.messages, GRE_BATCH, 0) != GRE_BATCH)
		die("the device takes no more");
}

static void run_recv(void *context)
{
	static uint8_t bytes[2048];
	(void)context;
	for (int i = 0; i < BATCHES; i++) {
		send_batch();
		for (int n = 0; n < GRE_BATCH; n++)
			if (recv(in.fd, bytes, sizeof(bytes), MSG_DONTWAIT) < 0)
				die("a packet is missing");
	}
}

static void run_receive(void *context)
{
	(void)context;
	for (int i = 0; i < BATCHES; i++) {
		send_batch();
		if (gre_port_receive(&in, datagrams) != GRE_BATCH)
			die("packets are missing");
	}
}

static void run_ring(void *context)
{
	(void)context;
	for (int i = 0; i < BATCHES; i++) {
		send_batch();
		if (gre_ring_read(ring, datagrams) != GRE_BATCH)
			die("packets are missing in the ring");
	}
}

/* The other ring, read block by block; a packet is copied out, as gre_ring_read does. */
struct v3 {
	int fd;
	uint8_t *bytes;
	unsigned block;
	unsigned heard;
	struct gre_ring filter; /* its descriptor too, for gre_ring_take alone */
};

static struct v3 v3 = {.fd = -1};
static struct gre_taken taken;

static void v3_open(void)
{
	const int version = TPACKET_V3, yes = 1;
	const struct tpacket_req3 request = {.tp_block_size = V3_BLOCK,
					     .tp_block_nr = V3_BLOCKS,
					     .tp_frame_size = 2048,
					     .tp_frame_nr = V3_RING / 2048,
					     .tp_retire_blk_tov = 1};
	const struct sockaddr_ll at = {.sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_ALL),
				       .sll_ifindex = (int)if_nametoindex("wire")};
	v3.fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (v3.fd < 0 || setsockopt(v3.fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(v3.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) ||
	    setsockopt(v3.fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)))
		die("no ring of version 3");
	v3.bytes = mmap(NULL, V3_RING, PROT_READ | PROT_WRITE, MAP_SHARED, v3.fd, 0);
	v3.block = 0;
	v3.filter.fd = v3.fd;
	if (v3.bytes == MAP_FAILED || gre_ring_take(&v3.filter, &taken, (struct share){0}) ||
	    bind(v3.fd, (const struct sockaddr *)&at, sizeof(at)))
		die("no ring of version 3");
}

static void v3_close(void)
{
	if (v3.fd < 0)
		return;
	munmap(v3.bytes, V3_RING);
	close(v3.fd);
	v3.fd = -1;
}

/* Reads the blocks that are closed; returns how many packets were in them. */
static unsigned v3_read(void)
{
	unsigned count = 0;
	for (;;) {
		struct tpacket_block_desc *block = (void *)(v3.bytes + (size_t)v3.block * V3_BLOCK);
		if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
		      TP_STATUS_USER))
			return count;
		uint8_t *at = (uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;
		for (unsigned i = 0; i < block->hdr.bh1.num_pkts; i++) {
			struct tpacket3_hdr *frame = (void *)at;
			struct packet *p = &ring->packets[count++ % GRE_BATCH];
			packet_reset(p);
			p->length = frame->tp_snaplen;
			memcpy(p->data, at + frame->tp_net, p->length);
			at += frame->tp_next_offset;
		}
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		v3.block = (v3.block + 1) % V3_BLOCKS;
	}
}

static void run_v3(void *context)
{
	(void)context;
	for (int i = 0; i < BATCHES; i++) {
		send_batch();
		v3.heard += v3_read(); /* the open block is left for the next batch */
	}
}

/* ---- what stands while a row is measured ---- */

static void with_nothing(void *context)
{
	char why[WHY_SIZE];
	(void)context;
	enter(1);
	v3_close();
	gre_ring_take(ring, NULL, (struct share){0});
	gre_ingress_drop(&rule, NULL, why);
	while (recv(in.fd, why, 1, MSG_DONTWAIT) >= 0 || gre_ring_read(ring, datagrams))
		continue;
	enter(0);
}

static void with_rule(void *context)
{
	char why[WHY_SIZE];
	with_nothing(context);
	enter(1);
	if (gre_ingress_drop(&rule, &taken, why))
		die(why);
	enter(0);
}

static void with_ring(void *context)
{
	with_rule(context);
	gre_ring_take(ring, &taken, (struct share){0});
}

static void with_ring_alone(void *context)
{
	with_nothing(context);
	gre_ring_take(ring, &taken, (struct share){0});
}

/* ---- tables ---- */

static void row(const char *name, struct bench_figures figures, struct bench_figures less,
		double first)
{
	printf("| %-24s | %.0f | %.0f | %.0f | %.2f |\n", name, figures.min - less.min,
	       figures.quiet - less.quiet, figures.median - less.median,
	       (figures.min - less.min) / first);
}

static void print(const char *title, const struct bench_way *ways, size_t count,
		  const struct bench_figures *figures, struct bench_figures less, size_t first)
{
	printf("\n| %-24s | least | quiet | median | least : the first's |\n|---|---|---|---|---|\n",
	       title);
	for (size_t i = first; i < count; i++)
		row(ways[i].name, figures[i], less, figures[first].min - less.min);
}

static void measure_out(unsigned rounds)
{
	const struct bench_way ways[] = {
		{"raw send", with_rule, run_send, NULL, UNITS},
		{"raw sendmmsg", with_rule, run_port, &raw, UNITS},
		{"packet sendmmsg", with_rule, run_frames, &queued, UNITS},
		{"… past the queue", with_rule, run_frames, &past, UNITS},
		{"gre_port by packet", with_rule, run_port, &fast, UNITS},
	};
	struct bench_figures figures[COUNT_OF(ways)];
	bench_measure(ways, COUNT_OF(ways), rounds, figures);
	print("out, ns a packet", ways, COUNT_OF(ways), figures, (struct bench_figures){0}, 0);
	if (fast.sent_directly < fast.sent)
		printf("(gre_port: %.1f %% went by the raw socket)\n",
		       100 - 100 * (double)fast.sent_directly / (double)fast.sent);
}

static void with_v3(void *context)
{
	with_rule(context);
	enter(1);
	v3_open();
	enter(0);
}

static void measure_in(unsigned rounds)
{
	const struct bench_way ways[] = {
		{"sending alone", with_rule, run_frames, &past, UNITS},
		{"raw recv", with_nothing, run_recv, NULL, UNITS},
		{"raw recvmmsg", with_nothing, run_receive, NULL, UNITS},
		{"ring V2, rule", with_ring, run_ring, NULL, UNITS},
		{"ring V2, no rule", with_ring_alone, run_ring, NULL, UNITS},
		{"ring V3, rule", with_v3, run_v3, NULL, UNITS},
	};
	struct bench_figures figures[COUNT_OF(ways)];
	bench_measure(ways, COUNT_OF(ways), rounds, figures);
	print("in, ns a packet more", ways, COUNT_OF(ways), figures, figures[0], 1);
}

/* ---- delay ---- */

static int compare_times(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

static bool read_raw(void)
{
	return gre_port_receive(&in, datagrams) == 1;
}

static bool read_v2(void)
{
	return gre_ring_read(ring, datagrams) == 1;
}

static bool read_v3(void)
{
	return v3_read() == 1;
}

static void measure_delay(const char *name, int fd, bool (*read_one)(void))
{
	double times[LONE];
	for (int i = 0; i < LONE; i++) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		usleep(2000); /* lone */
		uint64_t start = bench_now_ns();
		sendmmsg(past.fd, past.messages, 1, 0);
		do
			if (poll(&p, 1, PATIENCE_MS) != 1)
				die("a lone packet does not come");
		while (!read_one());
		times[i] = (double)(bench_now_ns() - start) / 1000;
	}
	qsort(times, LONE, sizeof(*times), compare_times);
	printf("| %-24s | %.0f | %.0f |\n", name, times[LONE / 2], times[LONE * 99 / 100]);
}

static void measure_delays(void)
{
	printf("\n| %-24s | p50 | p99 |\n|---|---|---|\n", "delay of a lone one, µs");
	with_nothing(NULL);
	measure_delay("raw recvmmsg", in.fd, read_raw);
	with_ring(NULL);
	measure_delay("ring V2", ring->fd, read_v2);
	with_v3(NULL);
	measure_delay("ring V3, 1 ms a block", v3.fd, read_v3);
	v3_close();
}

/* ---- the wire ---- */

static int namespace_new(void)
{
	if (unshare(CLONE_NEWNET))
		die("no right to make network namespaces");
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static void port_open(struct gre_port *port)
{
	char why[WHY_SIZE];
	int fd = gre_socket_open(0, NULL, why);
	if (fd < 0 || gre_port_init(port, fd))
		die("no raw socket");
}

/* Sends until the next hop is known and the packet socket takes over. */
static void settle(void)
{
	char why[WHY_SIZE];
	fast.transmit = gre_transmit_open((struct share){0}, why);
	if (!fast.transmit)
		die(why);
	gre_transmit_want(fast.transmit, true);
	for (int i = 0; i < PATIENCE_MS && !fast.sent_directly; i++) {
		gre_transmit_follow(fast.transmit);
		put(&fast);
		usleep(1000);
	}
	if (!fast.sent_directly)
		die("the next hop is not found");
	fast.sent = fast.sent_directly = 0;
}

static void open_all(void)
{
	static const uint8_t ours[] = {2, 0, 0, 0, 0, 1}, theirs[] = {2, 0, 0, 0, 0, 2};
	char line[400], why[WHY_SIZE];
	namespaces[1] = namespace_new();
	namespaces[0] = namespace_new();
	snprintf(
		line, sizeof(line),
		"ip link add wire address 02:00:00:00:00:01 type veth peer name wire address "
		"02:00:00:00:00:02 netns /proc/%d/fd/%d && ip address add 10.7.0.1/24 dev wire && ip "
		"link set wire up && ip link set lo up",
		(int)getpid(), namespaces[1]);
	shell(line);
	enter(1);
	shell("ip address add 10.7.0.2/24 dev wire && ip link set wire up && ip link set lo up");
	port_open(&in);
	ring = gre_ring_open(why);
	if (!ring || gre_ingress_open(&rule, why))
		die(why);
	taken = (struct gre_taken){.addresses = {THEM},
				   .address_count = 1,
				   .interfaces = {(int)if_nametoindex("wire")},
				   .interface_count = 1};
	enter(0);
	port_open(&raw);
	port_open(&fast);
	frames_make(&queued, ours, theirs, false);
	frames_make(&past, ours, theirs, true);
	with_rule(NULL);
	settle();
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100;
	bench_print_machine();
	printf("%d octets, batches of %d, %u rounds\n", LENGTH, GRE_BATCH, rounds);
	open_all();
	measure_out(MAX_OF(rounds, 1u));
	measure_in(MAX_OF(rounds, 1u));
	measure_delays();
	return 0;
}
