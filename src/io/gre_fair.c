#include "io/gre_fair.h"

#include <assert.h>
#include <string.h>

void gre_fair_init(struct gre_fair *fair)
{
	*fair = (struct gre_fair){.age = 1, .last = GRE_FAIR_NONE};
	memset(fair->flows, 0xff, sizeof(fair->flows)); /* GRE_FAIR_NONE everywhere */
}

/* The flow's turn comes after all others'. */
static void join(struct gre_fair *fair, unsigned flow)
{
	struct gre_fair_flow *flows = fair->flows;
	uint16_t *last = &fair->last;
	flows[flow].behind = *last == GRE_FAIR_NONE ? (uint16_t)flow : flows[*last].behind;
	if (*last != GRE_FAIR_NONE)
		flows[*last].behind = (uint16_t)flow;
	*last = (uint16_t)flow;
}

void gre_fair_put(struct gre_fair *fair, unsigned frame, unsigned flow)
{
	struct gre_fair_flow *its = &fair->flows[flow];
	assert(!gre_fair_has(fair, frame));
	if (its->oldest == GRE_FAIR_NONE) {
		its->oldest = (uint16_t)frame;
		join(fair, flow);
	} else {
		fair->behind[its->newest] = (uint16_t)frame;
	}
	its->newest = (uint16_t)frame;
	fair->ages[frame] = fair->age;
	fair->waiting++;
}

/* The flow at `last`'s back has no more frames. */
static void leave(struct gre_fair *fair, unsigned flow)
{
	fair->flows[flow].oldest = GRE_FAIR_NONE;
	if (flow == fair->last)
		fair->last = GRE_FAIR_NONE; /* it was the only one */
	else
		fair->flows[fair->last].behind = fair->flows[flow].behind;
}

unsigned gre_fair_take(struct gre_fair *fair)
{
	if (fair->last == GRE_FAIR_NONE)
		return GRE_FAIR_NONE;
	uint16_t flow = fair->flows[fair->last].behind;
	struct gre_fair_flow *its = &fair->flows[flow];
	unsigned frame = its->oldest;
	if (frame == its->newest) {
		leave(fair, flow);
	} else {
		its->oldest = fair->behind[frame];
		fair->last = flow;
	}
	fair->marked -= fair->marked && fair->ages[frame] != fair->age;
	fair->ages[frame] = 0;
	fair->waiting--;
	return frame;
}

void gre_fair_mark(struct gre_fair *fair)
{
	/* Frames of an earlier mark that still wait take the age of those since. */
	for (unsigned i = 0; fair->marked && i < GRE_FAIR_FRAMES; i++)
		if (fair->ages[i])
			fair->ages[i] = fair->age;
	fair->age = fair->age == 1 ? 2 : 1;
	fair->marked = fair->waiting;
}
