/*
 * Workers: threads, each with a loop, an engine, a GRE socket and a queue of the TUN device of its
 * own. On the packet path they share nothing; a call id or an inner address leads to the one that
 * has the session (base/share.h, io/steering.h), so the order within a session is the order in
 * which one thread saw its packets.
 *
 * The main thread has all else: signals, configuration, machine, keeper, authority, HTTP API, and the
 * listener, whose callers it gives to the worker with the fewest. It never touches an engine, but
 * sends it a function (io/mailbox.h), which also carries the answer back. Authority and keeper hear
 * each worker by a seam of its own.
 */
#pragma once
#include <pthread.h>

#include "io/mailbox.h"
#include "server/engine.h"

struct worker {
	struct workers *workers; /* borrowed */
	struct loop loop;
	struct mailbox mailbox;
	struct seam_end authority, keeper; /* its own ends */
	struct engine engine;
	pthread_t thread;
	/* what stands; the main thread's */
	bool has_loop, has_engine, is_running;
};

struct workers {
	struct worker *all; /* owned; NULL: not open */
	size_t count;
	struct seam_end *authority,
		*keeper;     /* owned: the main thread's ends, one for each worker */
	struct mailbox home; /* of the main thread */
	struct places places;
	struct rc4_plan plan;  /* of all */
	uint32_t sessions_max; /* of all together */
	uint64_t started_ms;
	uint64_t turned_away; /* callers, before they came to any worker */
	size_t running;
	/* A worker has ended, told to or not. */
	void (*on_ended)(void *context);
	void *context;
};

/* Loops, mailboxes and seams of `count` workers, which do not run yet; `loop` is the main thread's. 0
 * or -errno; workers_close then undoes what stands. */
int workers_open(struct workers *workers, size_t count, struct loop *loop);

struct workers_parts {
	struct session_settings *settings; /* each engine takes a reference */
	uint32_t sessions_max;
	struct gre_port *gre; /* one for each */
	const int *queues;    /* of the TUN device, one for each */
	void (*on_ended)(void *context);
	void *context;
};

/* Makes their engines; what is in *parts is borrowed. Then lets them run. 0 or -errno. */
int workers_start(struct workers *workers, const struct workers_parts *parts);

/* A caller goes to the worker that has the fewest. */
void workers_take(struct workers *workers, const struct caller *caller);

typedef void worker_task(void *context, struct engine *engine);

/*
 * Runs `task` in the worker's thread, or here where that does not run, and returns when it is done.
 * False: the worker did not find the time within some seconds, and the task was not begun. All: one
 * after the other, so that they may share the context.
 */
bool workers_ask(struct workers *workers, size_t index, worker_task *task, void *context);
bool workers_ask_all(struct workers *workers, worker_task *task, void *context);

/* All engines end their sessions in order (engine_stop), the second time at once; on_ended tells. */
void workers_stop(struct workers *workers);

/* Ends the engines, with what was left for them, and then frees all; in between, what they said last
 * waits in the seams. */
void workers_end(struct workers *workers);
void workers_close(struct workers *workers);
