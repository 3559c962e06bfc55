/*
 * GRE from a ring of frames that the kernel shares with us (packet(7), TPACKET_V2): no system call
 * and no wait for a packet, one copy.
 *
 * The ring sees packets where they come in, before the host's IP. So it takes only what IP would
 * hand to a raw socket as it is: whole IPv4 packets without options, for an address of ours, by one of
 * the named interfaces, with PPP inside. gre_ingress.h keeps the same packets from going the other way
 * as well.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/share.h"
#include "io/gre_fair.h"
#include "io/gre_socket.h"

enum {
	/* of 2048 octets: more would not stay in a core's cache, and cost more than it spares */
	GRE_RING_FRAMES = GRE_FAIR_FRAMES,
	GRE_RING_LONGEST = 1900, /* octets of an IPv4 packet; longer ones are the raw socket's */
	GRE_TAKEN_ADDRESSES = 64,
	GRE_TAKEN_INTERFACES = 16,
};

/* What is taken: by the rings of all workers together, and so dropped behind them. */
struct gre_taken {
	uint32_t addresses[GRE_TAKEN_ADDRESSES]; /* of ours, host order */
	int interfaces[GRE_TAKEN_INTERFACES];
	size_t address_count, interface_count;
};

struct gre_ring {
	int fd;         /* owned */
	uint8_t *bytes; /* owned, mapped */
	unsigned next;  /* the frame that is filled next */
	uint64_t dropped, malformed;
	struct gre_fair fair; /* of the frames that were looked at */
	struct packet packets[GRE_BATCH];
};

/* Makes the ring, which takes nothing yet; needs CAP_NET_RAW. NULL and the reason in `why`. */
struct gre_ring *gre_ring_open(char why[static WHY_SIZE]);
void gre_ring_close(struct gre_ring *ring); /* NULL is welcome */

/* From now on it takes these, as far as their call ids are of the share; NULL: nothing any more. What
 * it holds stays to be read. May be called by any thread. 0 or -errno. */
int gre_ring_take(struct gre_ring *ring, const struct gre_taken *taken, struct share share);

/* Looks at what has come: from now on it waits in ring->fair. */
void gre_ring_look(struct gre_ring *ring);

/*
 * Looks, and takes at most GRE_BATCH packets out: calls in turn, those of one call in order. Returns how
 * many, 0: it is empty (or all were damaged). They are the ring's until the next call. Where some still
 * wait, the descriptor need not say so: it tells of the newest frame alone.
 */
int gre_ring_read(struct gre_ring *ring, struct gre_datagram datagrams[static GRE_BATCH]);

/* Packets that found no room, since it was opened. */
uint64_t gre_ring_overrun(struct gre_ring *ring);
