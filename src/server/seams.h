/* The seams between engine, authority and keeper, watched by a loop:
 * messages come in by a handler and go out in order. */
#pragma once
#include "io/loop.h"
#include "io/seam.h"

struct seam_end {
	struct seam seam;
	struct watcher watcher;
	struct loop *loop; /* borrowed; NULL: not open */
	seam_handler *handler;
	void *context;
	void (*on_drained)(void *context); /* nothing waits to be sent any more; may be NULL */
};

/* Two ends that hear each other, each on a loop; where those are of two threads, each end is touched
 * by its own alone. Handlers are set by seam_end_hear. 0 or -errno. */
int seam_ends_open(struct seam_end *a, struct loop *loop_a, struct seam_end *b,
		   struct loop *loop_b);
void seam_end_close(struct seam_end *end);

/* From now on what comes is handed to `handler`. 0 or -errno. */
int seam_end_hear(struct seam_end *end, seam_handler *handler, void *context);

/* seam_send, and the rest goes out when the other end takes it. */
int seam_end_send(struct seam_end *end, uint16_t kind, const void *value);

/* Hands over all that waits from one end to the other, without a turn of the loop: for the end,
 * when the last messages still count. Ends that are not open are left alone. */
void seam_ends_settle(struct seam_end *from, struct seam_end *to);
