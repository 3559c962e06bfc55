#include "io/gre_transmit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/base.h"
#include "base/writer.h"
#include "io/gre_socket.h"
#include "io/next_hop.h"
#include "ip/checksum.h"

enum {
	IP_HEADER = 20,
	OUTER_HEADERS = ETHERNET_HEADER + IP_HEADER,
	STALE_MS = 1000, /* how long to wait for a moment when nothing is under way */
};

/* Has all that was sent by the raw socket left the host? Asked at most once between two flushes. */
enum quiet { QUIET_NOT_ASKED, QUIET_NO, QUIET_YES };

struct gre_transmit {
	int fd; /* owned */
	atomic_bool is_wanted;
	struct share share;
	struct next_hops hops;
	enum quiet raw_is_quiet;
	bool was_wanted;
	unsigned count;
	struct mmsghdr messages[GRE_BATCH];
	struct iovec pieces[GRE_BATCH][2]; /* headers, packet */
	struct sockaddr_ll to[GRE_BATCH];
	struct next_hop *by[GRE_BATCH]; /* of the messages, for those that are refused */
	uint8_t headers[GRE_BATCH][OUTER_HEADERS];
};

struct gre_transmit *gre_transmit_open(struct share share, char why[static WHY_SIZE])
{
	const int room = GRE_SOCKET_BUFFER;
	struct gre_transmit *transmit = calloc(1, sizeof(*transmit));
	snprintf(why, WHY_SIZE, "out of memory");
	if (!transmit)
		return NULL;
	transmit->share = share;
	/* Protocol 0: it hears nothing. Not past the device's queue, which PACKET_QDISC_BYPASS would do: bench/io
	 * sees nothing gained by it, and whoever shapes, watches or captures what leaves would miss ours. */
	transmit->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (transmit->fd < 0) {
		snprintf(why, WHY_SIZE, "no packet socket can be had: %s", strerror(errno));
		gre_transmit_close(transmit);
		return NULL;
	}
	if (setsockopt(transmit->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(transmit->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	int error = next_hops_open(&transmit->hops);
	if (error) {
		snprintf(why, WHY_SIZE, "rtnetlink does not tell the next hops: %s",
			 strerror(-error));
		gre_transmit_close(transmit);
		return NULL;
	}
	return transmit;
}

void gre_transmit_close(struct gre_transmit *transmit)
{
	if (!transmit)
		return;
	next_hops_close(&transmit->hops);
	if (transmit->fd >= 0)
		close(transmit->fd);
	free(transmit);
}

void gre_transmit_want(struct gre_transmit *transmit, bool wanted)
{
	atomic_store(&transmit->is_wanted, wanted);
}

int gre_transmit_descriptor(const struct gre_transmit *transmit)
{
	return next_hops_descriptor(&transmit->hops);
}

void gre_transmit_follow(struct gre_transmit *transmit)
{
	next_hops_read(&transmit->hops);
}

/* Octets of the socket's packets that are still in a queue of the host or at a device. */
static bool is_quiet(int fd)
{
	int waiting = 0;
	return ioctl(fd, SIOCOUTQ, &waiting) == 0 && waiting == 0;
}

static bool raw_is_quiet(struct gre_transmit *transmit, int raw)
{
	if (transmit->raw_is_quiet == QUIET_NOT_ASKED)
		transmit->raw_is_quiet = is_quiet(raw) ? QUIET_YES : QUIET_NO;
	return transmit->raw_is_quiet == QUIET_YES;
}

/* Whether the packet can go this way; fills in its Ethernet header. */
static bool is_possible(struct gre_transmit *transmit, struct next_hop *hop, size_t length,
			uint8_t *header, bool *is_stale)
{
	*is_stale = false;
	if (!hop->is_usable)
		return false;
	if (length + IP_HEADER > hop->mtu)
		hop->fragments_until_ms = transmit->hops.now_ms + GRE_FRAGMENTS_MS;
	return transmit->hops.now_ms >= hop->fragments_until_ms &&
	       next_hops_header(&transmit->hops, hop, header, is_stale);
}

/* The neighbour should be heard of again: does it have to be now, at the cost of order? */
static bool is_overdue(struct gre_transmit *transmit, struct next_hop *hop)
{
	uint64_t now_ms = transmit->hops.now_ms;
	if (!hop->stale_since_ms)
		hop->stale_since_ms = now_ms;
	return now_ms >= hop->stale_since_ms + STALE_MS;
}

/*
 * A destination that went by the raw socket goes on so while packets of that socket wait, here or in the
 * host. One that went this way goes by the raw socket at once where it must, and where only its neighbour is
 * to be heard of again, when this way is free.
 */
static bool is_chosen(struct gre_transmit *transmit, struct next_hop *hop, bool stale, int raw,
		      unsigned raw_waits)
{
	if (!hop->is_direct)
		return !stale && !raw_waits && raw_is_quiet(transmit, raw);
	return !stale ||
	       ((transmit->count || !is_quiet(transmit->fd)) && !is_overdue(transmit, hop));
}

static void write_outer(struct gre_transmit *transmit, uint8_t *header, struct next_hop *hop,
			size_t length, uint8_t tos)
{
	uint8_t *ip = header + ETHERNET_HEADER;
	struct writer out = writer_of(ip, IP_HEADER);
	write_u8(&out, 0x45);
	write_u8(&out, tos);
	write_u16(&out, (uint16_t)(IP_HEADER + length));
	/* Several workers number packets to one destination: each in its own residue. */
	hop->identification++;
	write_u16(&out, (uint16_t)(hop->identification * share_count(transmit->share) +
				   transmit->share.index));
	write_u16(&out, 0); /* may be fragmented on the way */
	write_u8(&out, hop->ttl);
	write_u8(&out, IPPROTO_GRE);
	write_u16(&out, 0);
	write_u32(&out, hop->source);
	write_u32(&out, hop->destination);
	uint16_t checksum = checksum_of(ip, IP_HEADER);
	ip[10] = (uint8_t)(checksum >> 8);
	ip[11] = (uint8_t)checksum;
}

static void queue(struct gre_transmit *transmit, struct next_hop *hop, const struct packet *p)
{
	unsigned i = transmit->count++;
	transmit->by[i] = hop;
	transmit->to[i] = (struct sockaddr_ll){.sll_family = AF_PACKET,
					       .sll_protocol = htons(ETH_P_IP),
					       .sll_ifindex = hop->index};
	transmit->pieces[i][0] = (struct iovec){transmit->headers[i], OUTER_HEADERS};
	transmit->pieces[i][1] = (struct iovec){p->data, p->length};
	transmit->messages[i].msg_hdr = (struct msghdr){
		.msg_name = &transmit->to[i],
		.msg_namelen = sizeof(transmit->to[i]),
		.msg_iov = transmit->pieces[i],
		.msg_iovlen = 2,
	};
}

/* The destination's way, where this one may be taken for `length` octets; fills in its Ethernet header. */
static struct next_hop *choose(struct gre_transmit *transmit, const struct gre_outer *outer,
			       size_t length, uint8_t *header, int raw, unsigned raw_waits)
{
	bool stale = false;
	struct next_hop *hop = next_hops_find(&transmit->hops, outer->destination, outer->source);
	if (!hop)
		return NULL;
	hop->is_direct = is_possible(transmit, hop, length, header, &stale) &&
			 is_chosen(transmit, hop, stale, raw, raw_waits);
	if (hop->is_direct)
		return hop;
	if (stale)
		next_hops_kicked(&transmit->hops, hop);
	hop->stale_since_ms = 0;
	return NULL;
}

void gre_transmit_begin(struct gre_transmit *transmit, uint64_t now_ms)
{
	next_hops_turn(&transmit->hops, now_ms);
}

bool gre_transmit_put(struct gre_transmit *transmit, const struct packet *p,
		      const struct gre_outer *outer, int raw, unsigned raw_waits)
{
	assert(transmit->count < GRE_BATCH);
	if (!atomic_load_explicit(&transmit->is_wanted, memory_order_relaxed)) {
		transmit->was_wanted = false;
		return false;
	}
	if (!transmit->was_wanted) /* since then, all went by the raw socket */
		next_hops_forget_all(&transmit->hops);
	transmit->was_wanted = true;
	uint8_t *header = transmit->headers[transmit->count];
	struct next_hop *hop = choose(transmit, outer, p->length, header, raw, raw_waits);
	if (!hop)
		return false;
	write_outer(transmit, header, hop, p->length, outer->tos);
	queue(transmit, hop, p);
	return true;
}

/* The device is gone, or has got smaller: the next packet goes by the raw socket, until rtnetlink was asked
 * again. */
static void on_refused(void *context, unsigned number, int error)
{
	struct gre_transmit *transmit = context;
	(void)error;
	next_hops_forget(&transmit->hops, transmit->by[number]);
}

void gre_transmit_flush(struct gre_transmit *transmit, struct gre_sent *sent)
{
	if (transmit->count)
		gre_send_batch(transmit->fd, transmit->messages, transmit->count, sent, on_refused,
			       transmit);
	transmit->count = 0;
	transmit->raw_is_quiet = QUIET_NOT_ASKED;
}
