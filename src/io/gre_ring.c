#include "io/gre_ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "base/reader.h"
#include "ip/checksum.h"

enum {
	FRAME = 2048,
	BLOCK = 16 * FRAME,
	RING_LENGTH = GRE_RING_FRAMES * FRAME,
	IP_HEADER = 20,
};

/* ---- what is taken ---- */

/* A program that grows from the front: tests that refuse, one after the other. */
struct program {
	struct sock_filter code[48 + GRE_TAKEN_ADDRESSES + GRE_TAKEN_INTERFACES];
	unsigned count;
};

static void load(struct program *program, uint16_t size, uint32_t offset)
{
	program->code[program->count++] =
		(struct sock_filter)BPF_STMT((uint16_t)(BPF_LD | BPF_ABS | size), offset);
}

static void add(struct program *program, uint16_t operation, uint32_t value)
{
	program->code[program->count++] = (struct sock_filter)BPF_STMT(operation, value);
}

/* Refuses unless what was loaded is `value`. */
static void must_be(struct program *program, uint32_t value)
{
	program->code[program->count++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
	add(program, BPF_RET | BPF_K, 0);
}

/* Refuses unless what was loaded is one of these. */
static void must_be_among(struct program *program, const uint32_t *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		program->code[program->count++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, values[i], (uint8_t)(count - i), 0);
	add(program, BPF_RET | BPF_K, 0);
}

/*
 * The packet begins with its IPv4 header. The same conditions stand in gre_ingress.c, but for the
 * share: change both or none.
 */
static void write_program(struct program *program, const struct gre_taken *taken,
			  struct share share)
{
	const uint32_t special = (uint32_t)SKF_AD_OFF;
	uint32_t interfaces[GRE_TAKEN_INTERFACES];
	for (size_t i = 0; i < taken->interface_count; i++)
		interfaces[i] = (uint32_t)taken->interfaces[i];
	load(program, BPF_W, special + SKF_AD_PROTOCOL);
	must_be(program, ETH_P_IP);
	load(program, BPF_B, 9);
	must_be(program, IPPROTO_GRE);
	load(program, BPF_W, special + SKF_AD_PKTTYPE);
	must_be(program, PACKET_HOST);
	load(program, BPF_W, special + SKF_AD_VLAN_TAG_PRESENT);
	must_be(program, 0);
	load(program, BPF_B, 0);
	must_be(program, 0x45); /* no options */
	load(program, BPF_H, 6);
	add(program, BPF_ALU | BPF_AND | BPF_K, 0x3fff);
	must_be(program, 0); /* no fragment */
	load(program, BPF_H, IP_HEADER + 2);
	must_be(program, 0x880b);
	load(program, BPF_W, 16);
	must_be_among(program, taken->addresses, taken->address_count);
	load(program, BPF_W, special + SKF_AD_IFINDEX);
	must_be_among(program, interfaces, taken->interface_count);
	if (share_count(share) > 1) {
		load(program, BPF_H, IP_HEADER + 6);
		add(program, BPF_ALU | BPF_MOD | BPF_K, share_count(share));
		must_be(program, share.index);
	}
	load(program, BPF_H, 2);
	program->code[program->count++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, GRE_RING_LONGEST, 1, 0);
	add(program, BPF_RET | BPF_K, GRE_RING_LONGEST);
	add(program, BPF_RET | BPF_K, 0);
}

int gre_ring_take(struct gre_ring *ring, const struct gre_taken *taken, struct share share)
{
	struct program program = {0};
	if (taken)
		write_program(&program, taken, share);
	else
		add(&program, BPF_RET | BPF_K, 0);
	const struct sock_fprog whole = {(unsigned short)program.count, program.code};
	return setsockopt(ring->fd, SOL_SOCKET, SO_ATTACH_FILTER, &whole, sizeof(whole)) < 0
		       ? -errno
		       : 0;
}

/* ---- the ring ---- */

static int set_option(int fd, int option, const void *value, size_t length)
{
	return setsockopt(fd, SOL_PACKET, option, value, (socklen_t)length);
}

/* Filter first, protocol last: nothing comes in that was not asked for. */
static bool set_up(struct gre_ring *ring)
{
	const int version = TPACKET_V2, yes = 1;
	const struct tpacket_req request = {.tp_block_size = BLOCK,
					    .tp_block_nr = RING_LENGTH / BLOCK,
					    .tp_frame_size = FRAME,
					    .tp_frame_nr = GRE_RING_FRAMES};
	const struct sockaddr_ll everything = {.sll_family = AF_PACKET,
					       .sll_protocol = htons(ETH_P_ALL)};
	if (gre_ring_take(ring, NULL, (struct share){0}) ||
	    set_option(ring->fd, PACKET_VERSION, &version, sizeof(version)) ||
	    set_option(ring->fd, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) ||
	    set_option(ring->fd, PACKET_RX_RING, &request, sizeof(request)))
		return false;
	void *bytes = mmap(NULL, RING_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (bytes == MAP_FAILED)
		return false;
	ring->bytes = bytes;
	return !bind(ring->fd, (const struct sockaddr *)&everything, sizeof(everything));
}

struct gre_ring *gre_ring_open(char why[static WHY_SIZE])
{
	struct gre_ring *ring = calloc(1, sizeof(*ring));
	snprintf(why, WHY_SIZE, "out of memory");
	if (!ring)
		return NULL;
	gre_fair_init(&ring->fair);
	ring->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (ring->fd >= 0 && set_up(ring))
		return ring;
	snprintf(why, WHY_SIZE, "no ring of packets can be had: %s", strerror(errno));
	gre_ring_close(ring);
	return NULL;
}

void gre_ring_close(struct gre_ring *ring)
{
	if (!ring)
		return;
	if (ring->bytes)
		munmap(ring->bytes, RING_LENGTH);
	if (ring->fd >= 0)
		close(ring->fd);
	free(ring);
}

/* Takes the outer header off, and checks what IP would have checked and the filter cannot. */
static bool pull_outer(struct packet *p, struct gre_datagram *datagram)
{
	struct reader in = reader_of(p->data, p->length);
	*datagram = (struct gre_datagram){.packet = p};
	read_bytes(&in, 1);
	datagram->tos = read_u8(&in);
	uint16_t total = read_u16(&in);
	read_bytes(&in, 4);
	datagram->ttl = read_u8(&in);
	read_bytes(&in, 3);
	datagram->source = read_u32(&in);
	datagram->destination = read_u32(&in);
	if (in.failed || total < IP_HEADER || total > p->length ||
	    checksum_of(p->data, IP_HEADER) != 0)
		return false;
	p->length = total; /* Ethernet pads */
	packet_pull(p, IP_HEADER);
	return true;
}

static struct tpacket2_hdr *frame_of(const struct gre_ring *ring, unsigned number)
{
	return (struct tpacket2_hdr *)(void *)(ring->bytes + (size_t)number * FRAME);
}

/*
 * Caller and call, mixed. Two that give the same share their turns. Of a packet that is too short to say
 * it, whatever its frame held before.
 */
static unsigned flow_of(const struct tpacket2_hdr *frame)
{
	const uint8_t *packet = (const uint8_t *)frame + frame->tp_net;
	uint32_t source, key_call;
	memcpy(&source, packet + 12, sizeof(source));
	memcpy(&key_call, packet + IP_HEADER + 4,
	       sizeof(key_call)); /* its second half is the call id */
	uint32_t mixed = (source ^ (ntohl(key_call) & 0xffff)) * UINT32_C(0x9e3779b1);
	return mixed / (UINT32_MAX / GRE_FAIR_FLOWS + 1);
}

void gre_ring_look(struct gre_ring *ring)
{
	for (;;) {
		const struct tpacket2_hdr *frame = frame_of(ring, ring->next);
		if (gre_fair_has(&ring->fair, ring->next) ||
		    !(__atomic_load_n(&frame->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			return;
		gre_fair_put(&ring->fair, ring->next, flow_of(frame));
		ring->next = (ring->next + 1) % GRE_RING_FRAMES;
	}
}

int gre_ring_read(struct gre_ring *ring, struct gre_datagram datagrams[static GRE_BATCH])
{
	int count = 0;
	gre_ring_look(ring);
	for (int seen = 0; seen < GRE_BATCH; seen++) {
		unsigned number = gre_fair_take(&ring->fair);
		if (number == GRE_FAIR_NONE)
			break;
		struct tpacket2_hdr *frame = frame_of(ring, number);
		struct packet *p = &ring->packets[count];
		packet_reset(p);
		p->length = MIN_OF((size_t)frame->tp_snaplen, packet_room(p));
		memcpy(p->data, (const uint8_t *)frame + frame->tp_net, p->length);
		__atomic_store_n(&frame->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		if (pull_outer(p, &datagrams[count]))
			count++;
		else
			ring->malformed++;
	}
	return count;
}

uint64_t gre_ring_overrun(struct gre_ring *ring)
{
	struct tpacket_stats stats = {0}; /* since they were read last */
	socklen_t length = sizeof(stats);
	if (!getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length))
		ring->dropped += stats.tp_drops;
	return ring->dropped;
}
