/* Which sequence numbers came already: a sliding window of bits, moved on by the newest. */
#include <string.h>

#include "gre/gre.h"

static bool is_seen(const struct gre_window *w, uint32_t back)
{
	return w->seen[back / 64] >> (back % 64) & 1;
}

static void mark_seen(struct gre_window *w, uint32_t back)
{
	w->seen[back / 64] |= (uint64_t)1 << (back % 64);
}

/* Every number grows older by `by`: bits move up, those past the end are forgotten. */
static void grow_older(struct gre_window *w, uint32_t by)
{
	enum { WORDS = GRE_WINDOW_BITS / 64 };
	uint32_t words = by / 64, bits = by % 64;
	for (uint32_t i = WORDS; i-- > 0;) {
		uint64_t high = i >= words ? w->seen[i - words] : 0;
		uint64_t low = i > words ? w->seen[i - words - 1] : 0;
		w->seen[i] = bits ? high << bits | low >> (64 - bits) : high;
	}
}

enum drop gre_window_check(const struct gre_window *w, uint32_t seq)
{
	uint32_t ahead = seq - w->newest, back = w->newest - seq;
	if (!w->started)
		return DROP_NONE;
	if (back < GRE_WINDOW_BITS)
		return is_seen(w, back) ? DROP_GRE_REPEATED : DROP_NONE;
	if (ahead > INT32_MAX)
		return DROP_GRE_REPEATED;
	if (ahead <= GRE_JUMP_LIMIT || (w->suspect && seq == w->suspected))
		return DROP_NONE;
	return DROP_GRE_JUMP;
}

uint32_t gre_window_loss(const struct gre_window *w, uint32_t seq)
{
	uint32_t ahead = seq - w->newest, lost = 0;
	if (!w->started || ahead == 0 || ahead > GRE_JUMP_LIMIT)
		return 0;
	if (ahead > GRE_WINDOW_BITS)
		lost = ahead - GRE_WINDOW_BITS;
	for (uint32_t back = GRE_WINDOW_BITS - (ahead - lost); back < w->span; back++)
		lost += !is_seen(w, back);
	return lost;
}

/* The first number of all, or the first after a jump: nothing older is known. */
static void start(struct gre_window *w, uint32_t seq)
{
	*w = (struct gre_window){.started = true, .newest = seq, .span = 1, .seen = {1}};
}

static void move_on(struct gre_window *w, uint32_t seq)
{
	uint32_t ahead = seq - w->newest;
	grow_older(w, ahead);
	mark_seen(w, 0);
	w->newest = seq;
	w->span = ahead < GRE_WINDOW_BITS - w->span ? w->span + ahead : GRE_WINDOW_BITS;
}

enum drop gre_window_accept(struct gre_window *w, uint32_t seq)
{
	enum drop drop = gre_window_check(w, seq);
	uint32_t ahead = seq - w->newest, back = w->newest - seq;
	if (drop == DROP_GRE_JUMP) {
		w->suspect = true;
		w->suspected = seq + 1;
	}
	if (drop != DROP_NONE)
		return drop;
	w->suspect = false; /* the stream goes on where it was: the leap was no part of it */
	if (w->started && back < GRE_WINDOW_BITS) {
		mark_seen(w, back);
		w->span = back < w->span ? w->span : back + 1;
	} else if (w->started && ahead <= GRE_JUMP_LIMIT) {
		move_on(w, seq);
	} else {
		start(w, seq);
	}
	return DROP_NONE;
}
