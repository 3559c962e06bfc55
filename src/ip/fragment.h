/*
 * One IPv4 packet cut into fragments (RFC 791 §3.2), without allocation: each fragment is written
 * into a packet of the caller's.
 *
 *	struct fragmenter cut;
 *	if (fragmenter_init(&cut, &view, mtu, true, fresh))
 *		while (fragmenter_next(&cut, &fragment))
 *			send(&fragment);
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ip/ip.h"

struct fragmenter {
	const uint8_t *payload; /* borrowed from the packet */
	size_t length, done;    /* octets of the payload, and of it already cut */
	size_t first_offset;    /* of the payload within the original datagram, octets */
	bool more_follow;       /* the packet is itself a fragment that others follow */
	uint16_t mtu;
	size_t header_length; /* of the next fragment */
	size_t later_length;  /* of those behind the first, with the options that are copied */
	uint8_t header[IPV4_HEADER_MAX], later[IPV4_HEADER_MAX];
};

/*
 * Prepares to cut the packet of `view`, which is longer than `mtu`, into fragments of at most `mtu`
 * octets. The packet may itself be a fragment.
 * despite_df       cut it also where its sender said don't-fragment; the fragments do not say so
 * identification   of this datagram where it has none, that is 0 and not yet fragmented (RFC 6864
 *                  lets a sender leave it 0 where don't-fragment is set): not 0, and not used
 * lately between these two addresses False where it is not IPv4, may not be fragmented, or `mtu`
 * has no room for eight octets of data. The packet must stay unchanged until the last fragment is
 * written.
 */
bool fragmenter_init(struct fragmenter *f, const struct ip_view *view, uint16_t mtu,
		     bool despite_df, uint16_t identification);

/* Writes the next fragment into `to`, another packet than
 * the one that is cut; false: there is no more. */
bool fragmenter_next(struct fragmenter *f, struct packet *to);
