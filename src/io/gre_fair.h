/*
 * Fair queueing (Nagle, RFC 970) of the frames of a ring: each call that has frames waiting gets one
 * taken in its turn, the oldest first. So who sends little waits for one packet of each of the others,
 * however many of them stand in the ring.
 *
 * Pure: it knows frames and flows by number, and owns nothing.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
	GRE_FAIR_FRAMES = 1024,
	GRE_FAIR_FLOWS = 1024,
	GRE_FAIR_NONE = 0xffff, /* no frame, no flow */
};

struct gre_fair {
	unsigned waiting; /* frames */
	unsigned marked;  /* of these, as many as already waited at gre_fair_mark */
	uint8_t age;      /* of the frames that are put now: 1 or 2 */
	uint16_t last;    /* flow in turn; the one behind it is next, the turns are a ring */
	struct gre_fair_flow {
		uint16_t oldest, newest; /* frame; GRE_FAIR_NONE: nothing of it waits */
		uint16_t behind;         /* flow whose turn is next, while this one waits */
	} flows[GRE_FAIR_FLOWS];
	uint16_t behind[GRE_FAIR_FRAMES]; /* the next frame of the same flow */
	uint8_t ages[GRE_FAIR_FRAMES];    /* 0: does not wait */
};

void gre_fair_init(struct gre_fair *fair);

static inline bool gre_fair_has(const struct gre_fair *fair, unsigned frame)
{
	return fair->ages[frame] != 0;
}

/* The frame, below GRE_FAIR_FRAMES, does not wait yet; `flow` is below GRE_FAIR_FLOWS. */
void gre_fair_put(struct gre_fair *fair, unsigned frame, unsigned flow);

/* The frame whose turn it is, which waits no more; GRE_FAIR_NONE: none waits. */
unsigned gre_fair_take(struct gre_fair *fair);

/* From now on `marked` tells how many of the frames that wait now still do. */
void gre_fair_mark(struct gre_fair *fair);
