#include "path/backlog.h"

void backlog_drained(struct backlog *b, uint64_t now_ns)
{
	b->drained_ns = now_ns;
	b->is_pressed = b->was_asked = false;
	codel_empty(&b->codel);
}

/* Whose are more than half, if anybody's: the vote of Boyer and Moore. Else one of those who have
 * many. */
static uint64_t most_of(const uint64_t *keys, unsigned count)
{
	uint64_t key = 0;
	unsigned votes = 0;
	for (unsigned i = 0; i < count; i++) {
		if (!votes)
			key = keys[i];
		if (key == keys[i])
			votes++;
		else
			votes--;
	}
	return key;
}

static unsigned packets_of(const uint64_t *keys, unsigned count, uint64_t key)
{
	unsigned packets = 0;
	for (unsigned i = 0; i < count; i++)
		packets += keys[i] == key;
	return packets;
}

struct backlog_excess backlog_look(struct backlog *b, const uint64_t *keys, unsigned count,
				   uint64_t overrun, uint64_t now_ns)
{
	struct backlog_excess excess = {0};
	if (!b->drained_ns)
		b->drained_ns = now_ns;
	/* How long the first of the batch may have waited at most. */
	uint64_t delay_ns = now_ns - b->drained_ns;
	bool is_late = codel_drops(&b->codel, delay_ns, SIZE_MAX, now_ns);
	if (is_late)
		codel_marked(&b->codel); /* one of each batch */
	if (!backlog_is_old(b, now_ns))
		return excess;
	b->is_pressed |= b->was_asked && overrun > b->overrun;
	b->was_asked = true;
	b->overrun = overrun;
	if (!is_late && !b->is_pressed)
		return excess;
	excess.key = most_of(keys, count);
	unsigned packets = packets_of(keys, count, excess.key);
	if (b->is_pressed && packets > count / 2) {
		excess.count = packets - count / 2;
		excess.is_pressed = true;
	} else if (is_late) {
		excess.count = 1;
	}
	return excess;
}
