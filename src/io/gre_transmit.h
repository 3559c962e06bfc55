/*
 * GRE to the network by a packet socket: we make the outer IPv4 header and the Ethernet header, and the
 * host's IP has no work with it.
 *
 * Which way a packet goes is decided for each destination, and a destination changes its way only when
 * nothing that was sent before is still under way on the other: order is kept. What has no usable next hop
 * (next_hop.h), or is too long for its interface, goes by the raw socket.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/packet.h"
#include "base/share.h"
#include "io/gre_send.h"
#include "io/io.h"

enum {
	GRE_FRAGMENTS_MS =
		10 * 1000, /* after a packet that was too long, all go by the raw socket */
};

struct gre_transmit;

/* A packet's way and outer header; addresses in host order, source 0: the kernel's choice. */
struct gre_outer {
	uint32_t source, destination;
	uint8_t tos;
};

/* Needs CAP_NET_RAW. NULL and the reason in `why`. It is used only while it is wanted. Identifications are
 * of the share. */
struct gre_transmit *gre_transmit_open(struct share share, char why[static WHY_SIZE]);
void gre_transmit_close(struct gre_transmit *transmit); /* NULL is welcome */

/* May be called by any thread. */
void gre_transmit_want(struct gre_transmit *transmit, bool wanted);

/* To be watched for reading: then gre_transmit_follow. */
int gre_transmit_descriptor(const struct gre_transmit *transmit);
void gre_transmit_follow(struct gre_transmit *transmit);

/* Before the first packet of a batch: the time is what the loop says. */
void gre_transmit_begin(struct gre_transmit *transmit, uint64_t now_ms);

/*
 * Queues a packet, at most GRE_BATCH of them until gre_transmit_flush, or says false: then it goes by the
 * raw socket `raw`, where `raw_waits` packets are queued before it; these are sent after those here.
 */
bool gre_transmit_put(struct gre_transmit *transmit, const struct packet *p,
		      const struct gre_outer *outer, int raw, unsigned raw_waits);

/* Sends all that is queued, and adds to `sent`. */
void gre_transmit_flush(struct gre_transmit *transmit, struct gre_sent *sent);
