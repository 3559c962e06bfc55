#include "ip/codel.h"

/* The root rounded down, by digits of base two. */
static uint64_t root(uint64_t of)
{
	uint64_t result = 0, bit = UINT64_C(1) << 62;
	while (bit > of)
		bit >>= 2;
	for (; bit; bit >>= 2) {
		if (of >= result + bit) {
			of -= result + bit;
			result = (result >> 1) + bit;
		} else {
			result >>= 1;
		}
	}
	return result;
}

/* RFC 8289 §5: an interval by the root of the count. */
static uint64_t after(uint64_t at_ns, uint32_t count)
{
	return at_ns + root((uint64_t)CODEL_INTERVAL_NS * CODEL_INTERVAL_NS / count);
}

/* RFC 8289 §5, dodequeue: has the delay been too long for a whole interval? */
static bool is_late(struct codel *c, uint64_t delay_ns, size_t octets_left, uint64_t now_ns)
{
	if (delay_ns < CODEL_TARGET_NS || octets_left <= CODEL_FEW_OCTETS) {
		c->above_ns = 0;
		return false;
	}
	if (!c->above_ns) {
		c->above_ns = now_ns + CODEL_INTERVAL_NS;
		return false;
	}
	return now_ns >= c->above_ns;
}

/* Dropping begins, where it left off if that is not long ago. */
static void enter(struct codel *c, uint64_t now_ns)
{
	uint32_t more = c->count - c->last_count;
	bool is_recent = (int64_t)(now_ns - c->next_ns) < (int64_t)16 * CODEL_INTERVAL_NS;
	c->dropping = true;
	c->count = more > 1 && is_recent ? more : 1;
	c->last_count = c->count;
	c->next_ns = after(now_ns, c->count);
	c->step = CODEL_ENTERED;
}

/* RFC 8289 §5, deque, unrolled: what it loops over is asked about one by one. */
bool codel_drops(struct codel *c, uint64_t delay_ns, size_t octets_left, uint64_t now_ns)
{
	bool late = is_late(c, delay_ns, octets_left, now_ns);
	uint8_t step = c->step;
	c->step = CODEL_REST;
	if (step == CODEL_ENTERED)
		return false;
	if (!c->dropping) {
		if (late)
			enter(c, now_ns);
		return late;
	}
	if (!late)
		c->dropping = false;
	else if (step == CODEL_DROPPED)
		c->next_ns = after(c->next_ns, c->count);
	if (!c->dropping || now_ns < c->next_ns)
		return false;
	c->count++;
	c->step = CODEL_DROPPED;
	return true;
}

void codel_marked(struct codel *c)
{
	if (c->step == CODEL_DROPPED)
		c->next_ns = after(c->next_ns, c->count);
	c->step = CODEL_REST;
}

void codel_empty(struct codel *c)
{
	if (c->step != CODEL_ENTERED)
		c->dropping = false;
	c->step = CODEL_REST;
	c->above_ns = 0;
}
