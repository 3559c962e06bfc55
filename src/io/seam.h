/*
 * One end of a seam between two of our own processes (engine, authority, keeper): messages of
 * base/message.h over a SOCK_SEQPACKET pair. What the socket does not take at once is queued, up to
 * a bound; buffers are wiped, since passwords and keys pass here. The peer may be a process that a
 * stranger has taken over: what does not decode is counted and ignored.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/message.h"

enum {
	SEAM_QUEUE = 16 * 1024 * 1024, /* octets that may wait for the peer: ten thousand sessions
					may end at once */
	SEAM_BURST = 64,               /* messages received in one call */
};

struct seam {
	int fd;                                      /* owned */
	const struct message_type *sends, *welcomes; /* borrowed */
	struct list queue;                           /* of struct seam_waiting */
	size_t queued;                               /* octets in it */
	size_t value_size;                           /* of the largest value welcomed */
	void *value;                                 /* owned: the message being handled */
	uint64_t refused;                            /* messages that did not decode */
};

/* Two connected ends, for seam_init; 0 or -errno. */
int seam_pair(int fds[2]);

/* Takes `fd`. Tables are of what goes out and of what may come in.
 * 0, or -ENOMEM and `fd` is not taken. */
int seam_init(struct seam *seam, int fd, const struct message_type *sends,
	      const struct message_type *welcomes);
void seam_fini(struct seam *seam);

/*
 * Sends *value, the struct of `kind`, or queues it behind what waits. 0, -EMSGSIZE where it cannot
 * be encoded, -ENOBUFS where the queue is full, else -errno: the peer is gone.
 */
int seam_send(struct seam *seam, uint16_t kind, const void *value);

/* Something waits: watch for EPOLLOUT, then call seam_flush (0, or -errno: the peer is gone). */
static inline bool seam_is_waiting(const struct seam *seam)
{
	return !list_is_empty(&seam->queue);
}
int seam_flush(struct seam *seam);

/* Called for each message; *value is its struct, valid during the call.
 * It may send on the seam but not end it. */
typedef void seam_handler(void *context, const struct message_type *type, const void *value);

/* Hands up to SEAM_BURST messages to `handle`, as many as wait.
 * 0, or -errno: the peer is gone (-EPIPE: it closed its end). */
int seam_receive(struct seam *seam, seam_handler *handle, void *context);
