/*
 * What other threads want done in the thread of a loop, one after the other in the order in which it
 * was posted, between two of the loop's own events. Nothing that belongs to that thread is ever
 * touched from outside: whoever wants to look at it, or to change it, sends a function there.
 */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "io/loop.h"

/* `bytes` are a copy of what was posted, or what is asked about itself. */
typedef void mail(void *context, void *bytes);

struct mailbox {
	pthread_mutex_t lock;   /* of the two below */
	pthread_cond_t done;    /* a letter that somebody awaits was seen to */
	struct list letters;    /* that wait, the oldest first */
	struct loop *loop;      /* borrowed; NULL: not open */
	struct watcher watcher; /* of an eventfd, which is the mailbox's own */
};

/* 0 or -errno. Before the other threads know of it. */
int mailbox_open(struct mailbox *mailbox, struct loop *loop);

/* When no thread posts any more. What waits is forgotten: mailbox_empty does it before. */
void mailbox_close(struct mailbox *mailbox);

/* From any thread: deliver(context, copy of bytes) is called in the loop's thread. False without
 * memory, and it never is. */
bool mailbox_post(struct mailbox *mailbox, mail *deliver, void *context, const void *bytes,
		  size_t length);

/*
 * From any thread but the loop's own: the same, done when this returns true, and with `bytes`
 * themselves, so that it can answer in them. False: it was not begun within `patience_ms`, and never
 * will be.
 */
bool mailbox_ask(struct mailbox *mailbox, mail *deliver, void *context, void *bytes,
		 unsigned patience_ms);

/* Does at once what waits. In the loop's thread, or when that has ended. */
void mailbox_empty(struct mailbox *mailbox);
