/*
 * One thread's event loop: descriptors (epoll, level-triggered), timers, and what is done at the
 * end of each turn. A turn handles a bounded number of events, so nobody starves; a callback may
 * change or remove any watcher and timer, its own and those whose event is due in the same turn.
 */
#pragma once
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "io/timers.h"

enum {
	LOOP_EVENTS = 64, /* descriptors in one turn */
	LOOP_TIMERS = 1024,
};

struct watcher {
	/* `events`: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR */
	void (*on_ready)(void *context, uint32_t events);
	void *context;
	int fd;          /* borrowed: whoever opened it closes it, after loop_unwatch */
	uint32_t events; /* asked for; EPOLLHUP and EPOLLERR come unasked. Set by loop_watch */
	bool is_watched; /* set by loop_watch */
};

struct loop {
	int epoll_fd;
	/*
	 * Read once a turn, after the wait, and after each piece of idle work: what happens within a turn
	 * happens at once. Where the kernel has no vDSO clock, in virtual machines of some kinds, each further
	 * look would be a system call.
	 */
	uint64_t now_ms, now_ns;
	struct timers timers;
	bool stopping;
	/* at the end of each turn, before the wait: flushes batches; may be NULL */
	void (*at_end)(void *context);
	void *at_end_context;
	/*
	 * Where a turn would wait, and has_idle_work: does a little of what nobody waits for, a few
	 * microseconds, and says whether there is more. Called until there is none, or something
	 * is ready or due. May be NULL.
	 */
	bool (*on_idle)(void *context);
	void *on_idle_context;
	bool has_idle_work;
	struct epoll_event ready[LOOP_EVENTS]; /* of this turn; data.ptr NULL: removed since */
	int ready_count;
};

/* 0 or -errno. */
int loop_init(struct loop *loop);
void loop_fini(struct loop *loop);

/* Watches w->fd for `events`, or changes what it is watched for; *w stays where it is until
 * loop_unwatch. Zero-initialised but for callback, context and fd the first time. 0 or -errno. */
int loop_watch(struct loop *loop, struct watcher *w, uint32_t events);

/* No callback of *w comes after this. Nothing happens where it is not watched. */
void loop_unwatch(struct loop *loop, struct watcher *w);

/* See timers_set. */
static inline void loop_set_timer(struct loop *loop, struct timer *timer, uint64_t at_ms)
{
	timers_set(&loop->timers, timer, at_ms);
}

static inline void loop_cancel_timer(struct loop *loop, struct timer *timer)
{
	timers_cancel(&loop->timers, timer);
}

/*
 * The timer follows a deadline that may recede at any time, with every packet perhaps: an earlier one is set, a later
 * one is left to be found when the timer goes off, whose owner then asks again. TIMER_NEVER cancels.
 */
static inline void loop_follow_deadline(struct loop *loop, struct timer *timer,
					uint64_t deadline_ms)
{
	if (deadline_ms == TIMER_NEVER)
		loop_cancel_timer(loop, timer);
	else if (!timer->place || deadline_ms < timer->at_ms)
		loop_set_timer(loop, timer, deadline_ms);
}

/* One turn: waits until something is ready or due, at most `most_ms`
 * (-1: as long as it takes), and handles it. 0 or -errno. */
int loop_turn(struct loop *loop, int most_ms);

/* Turns until loop_stop. 0 or -errno. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Blocks these signals (the list ends with 0) for this thread and those it starts later, and opens
 * a descriptor that tells of them instead. The descriptor or -errno. */
int signals_open(const int *signals);

/* The next signal that came, or 0. */
int signals_read(int fd);
