/*
 * A packet in a buffer of fixed size with room in front, so that layers pull their headers off and
 * push them on without a copy. Packets come from arrays made at start; nothing on the packet path
 * allocates.
 */
#pragma once
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACKET_HEADROOM = 128, /* outer IP 20, GRE 16, PPP 4, MPPE 4, and room for a vnet header */
	/* headroom included; the largest inner packet is 1500, the largest PPP frame 1532 */
	PACKET_CAPACITY = 2048,
};

struct packet {
	uint8_t *data; /* first octet of the layer in hand, inside buffer */
	size_t length; /* octets from data on */
	uint8_t buffer[PACKET_CAPACITY];
};

/* Empties the packet and puts data behind the headroom. */
static inline void packet_reset(struct packet *p)
{
	p->data = p->buffer + PACKET_HEADROOM;
	p->length = 0;
}

/* Octets that fit from data on. */
static inline size_t packet_room(const struct packet *p)
{
	return (size_t)(p->buffer + PACKET_CAPACITY - p->data);
}

/* `octets` more in front. The caller's layers together never need more than PACKET_HEADROOM. */
static inline uint8_t *packet_push(struct packet *p, size_t octets)
{
	assert((size_t)(p->data - p->buffer) >= octets);
	p->data -= octets;
	p->length += octets;
	return p->data;
}

/* Takes `octets` off the front; the caller has checked that they are there. */
static inline void packet_pull(struct packet *p, size_t octets)
{
	assert(p->length >= octets);
	p->data += octets;
	p->length -= octets;
}
