/*
 * Of packets from the network that stand in the socket, which not to decrypt. The room there is one
 * for all callers, and the raw socket's packets cannot be taken out of turn; but whoever has most of a
 * batch can lose some of it, unseen, so that the queue goes down and the others' packets come through.
 *
 * A queue of which each batch was full for an interval of CoDel's stands: then CoDel (ip/codel.h)
 * says when one packet has to go, which is enough for whoever heeds losses. Once the kernel itself
 * drops because the socket is full, whoever it hits, nobody has more than half of a batch until
 * the queue was empty.
 *
 * Pure: the time and what was read go in.
 */
#pragma once
#include "ip/codel.h"

/* Starts as {0}. */
struct backlog {
	struct codel codel;
	uint64_t drained_ns; /* when there was last no full batch; 0: never yet */
	bool was_asked;      /* since then, what the kernel had dropped: */
	uint64_t overrun;
	bool is_pressed; /* it has dropped more since it was asked first */
};

/* What is to be dropped of a batch: the first `count` packets with that key. */
struct backlog_excess {
	uint64_t key;
	unsigned count;
	bool is_pressed; /* for want of room, and not for delay */
};

/* A batch that was not full: nothing stands in the socket. */
void backlog_drained(struct backlog *b, uint64_t now_ns);

/* Whether backlog_look wants to know what the kernel dropped: it costs a system call. */
static inline bool backlog_is_old(const struct backlog *b, uint64_t now_ns)
{
	return now_ns - b->drained_ns >= CODEL_TARGET_NS;
}

/* A full batch of `count` packets; equal `keys` are of one session. `overrun`: packets that the
 * kernel has dropped so far, where backlog_is_old. */
struct backlog_excess backlog_look(struct backlog *b, const uint64_t *keys, unsigned count,
				   uint64_t overrun, uint64_t now_ns);
