/*
 * A super-segment cut into its packets, without allocation: each is written whole, checksums and
 *all, into a packet of the caller's.
 *
 *	struct splitter cut;
 *	if (splitter_init(&cut, &view, &vnet, mtu))
 *		while (splitter_next(&cut, &segment))
 *			send(&segment);
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ip/ip.h"
#include "ip/vnet.h"

struct splitter {
	const uint8_t *bytes;    /* borrowed from the super-segment */
	size_t length, done;     /* octets of the payload, and of it already cut */
	size_t upper;            /* where TCP's or UDP's header starts */
	size_t headers;          /* octets of all headers */
	size_t segment;          /* octets of payload in each packet but the last */
	uint64_t ip_sum;         /* of the IPv4 header without what differs between the packets */
	uint64_t upper_sum;      /* of the pseudo-header and TCP's or UDP's header, likewise */
	uint32_t sequence;       /* TCP's, of the next packet */
	uint16_t identification; /* IPv4's, of the next packet */
	uint8_t version, protocol;
};

/*
 * Prepares to cut the super-segment of `view`, which `vnet` describes. TCP: into packets of at most
 * `mtu` octets, with less in each than the sender meant where that is too much. UDP: into the very
 * datagrams that were sent; they may be longer than `mtu`. False where it is not of vnet->kind, a
 * fragment or without payload, where headers are cut short, or where `mtu` or a struct packet has
 * no room for a packet. The octets must stay unchanged until the last packet is written.
 */
bool splitter_init(struct splitter *s, const struct ip_view *view, const struct vnet_header *vnet,
		   uint16_t mtu);

/* Writes the next packet into `to`; false: there is no more. */
bool splitter_next(struct splitter *s, struct packet *to);
