/*
 * Packets of a batch put together into super-segments for the TUN device: what the kernel does by
 *GRO for packets of a network card. Nothing is copied and nothing allocated: a super-segment is a
 *list of spans within the packets, for one writev(2).
 *
 *	merger_init(&m, MERGE_TCP);
 *	merger_add(&m, &packets[i], i);         up to MERGER_PACKETS of them
 *	while (merger_next(&m, &merged))
 *		write(merged.vnet, merged.spans);
 *
 * Consecutive segments of one TCP flow are merged where a splitter would make the same of them
 * again: all headers and options are equal but for lengths, checksums, sequence numbers and
 * identifications, these go on without a gap, and all payloads are equally long but the last, which
 * may be shorter. UDP likewise, where the kernel takes it. PSH and FIN end a super-segment; SYN,
 *RST, URG, CWR, IPv4 options, IPv6 extensions, fragments and bare acknowledgements go alone.
 *
 * Every checksum is verified before its packet is merged, since MPPE does not tell damage, and the
 * merged packet gets a fresh one that would hide it. What goes alone is left as it came, for the
 * receiver to judge.
 *
 * Packets of one flow keep their order. A packet may leave before one of another flow that came
 * before it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/packet.h"
#include "ip/vnet.h"

enum merge_kinds {
	MERGE_NOTHING = 0,
	MERGE_TCP = 1,
	MERGE_UDP = 2,
};

enum {
	MERGER_PACKETS = 64, /* in one batch, so also in one super-segment */
	MERGER_FLOWS = 64,   /* slots, a power of two */
};

/* A packet of the batch. */
struct merger_piece {
	struct packet *packet; /* borrowed */
	uint32_t tag;
	uint16_t headers; /* octets of them; set where the packet is one that can be merged */
	uint8_t next;     /* of the same aggregate, meaningful but in the last */
};

/* A packet that goes alone, or several that are one super-segment. */
struct merger_aggregate {
	uint8_t first, last, count; /* of the pieces */
	uint8_t kind;               /* enum vnet_kind, VNET_PLAIN: nothing can be added */
	uint8_t upper;              /* where TCP's or UDP's header starts */
	bool verified;              /* the checksums of the first piece are right */
	bool counts;                /* identifications go up by one; else they stay */
	uint16_t segment;           /* payload of the first piece */
	uint16_t identification;    /* IPv4's, of the first piece */
	uint32_t sequence;          /* TCP's, of the octet awaited next */
	uint32_t length;            /* of the whole packet */
};

struct merger {
	unsigned kinds; /* of enum merge_kinds */
	size_t pieces_count, aggregates_count, taken;
	uint8_t flows[MERGER_FLOWS]; /* number of the flow's open aggregate, from 1; 0: none */
	struct merger_piece pieces[MERGER_PACKETS];
	struct merger_aggregate aggregates[MERGER_PACKETS];
};

struct merger_span {
	const uint8_t *bytes;
	size_t length;
};

struct merged {
	uint8_t vnet[VNET_HEADER];
	uint8_t kind; /* enum vnet_kind, VNET_PLAIN where count is 1 */
	uint32_t tag; /* of the first packet in it */
	size_t count; /* of packets, and of spans */
	size_t length;
	struct merger_span spans[MERGER_PACKETS];
};

/* An empty merger; `kinds`, of enum merge_kinds, are merged. */
void merger_init(struct merger *m, unsigned kinds);

/* Takes a packet into the batch, its IP header at p->data. It is borrowed until merger_next said
 * that there is no more, and its headers may be changed. `tag` means nothing here. At most
 * MERGER_PACKETS in one batch. */
void merger_add(struct merger *m, struct packet *p, uint32_t tag);

static inline bool merger_is_full(const struct merger *m)
{
	return m->pieces_count == MERGER_PACKETS;
}

/* What is to be written next, valid as long as its packets are; false: there is no more, and a new
 * batch begins. Nothing is added in between. */
bool merger_next(struct merger *m, struct merged *out);
