/*
 * Controlled delay (RFC 8289): of a queue in which packets stay too long for too long, it drops one,
 * then another ever sooner, until the delay is good again. Whoever takes packets from the head of a
 * queue asks for each, and takes the next where one is to be dropped:
 *
 *	while ((p = take(queue)))
 *		if (!codel_drops(&c, now - p->since, queue->octets, now))
 *			return p;
 *	codel_empty(&c);
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CODEL_TARGET_NS = 5 * 1000 * 1000,     /* a delay that is good (RFC 8289 §4) */
	CODEL_INTERVAL_NS = 100 * 1000 * 1000, /* and for how long it may be more */
	CODEL_FEW_OCTETS = 1514,               /* a queue of no more than a packet is no queue */
};

enum codel_step {
	CODEL_REST,
	CODEL_ENTERED, /* the first packet was dropped: the next goes, whatever its delay */
	CODEL_DROPPED, /* one more was dropped: the next is looked at for the next drop */
};

/* Of one queue; starts as {0}. */
struct codel {
	uint64_t
		above_ns; /* when the delay will have been too long for an interval; 0: it is good */
	uint64_t next_ns;    /* of the next drop, while dropping */
	uint32_t count;      /* drops since dropping began */
	uint32_t last_count; /* what `count` began with */
	bool dropping;
	uint8_t step; /* enum codel_step: what the packet asked about last came to */
};

/*
 * Shall this packet, taken from the head, be dropped?
 * delay_ns      how long it was in the queue
 * octets_left   that are still in it
 */
bool codel_drops(struct codel *c, uint64_t delay_ns, size_t octets_left, uint64_t now_ns);

/* What was to be dropped was marked (ECN) and goes on. */
void codel_marked(struct codel *c);

/* There was no packet left to ask for. */
void codel_empty(struct codel *c);
