#include "server/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "io/clock.h"
#include "io/processors.h"

enum { PATIENCE_MS = 5000 };

static size_t index_of(const struct worker *worker)
{
	return (size_t)(worker - worker->workers->all);
}

/* ---- in the worker's thread ---- */

static void hear(void *context, const struct message_type *type, const void *value)
{
	struct worker *worker = context;
	engine_on_message(&worker->engine, type, value);
}

static void take(void *context, void *bytes)
{
	struct worker *worker = context;
	engine_take(&worker->engine, bytes);
}

static void make_room(void *context, void *bytes)
{
	struct worker *worker = context;
	(void)bytes;
	engine_make_room(&worker->engine);
}

/* A stranger of another worker may have the place that a caller of this one needs, who will try
 * again. */
static void when_full(void *context)
{
	const struct worker *worker = context;
	struct workers *workers = worker->workers;
	for (size_t i = 0; i < workers->count; i++)
		if (&workers->all[i] != worker)
			mailbox_post(&workers->all[i].mailbox, make_room, &workers->all[i], NULL,
				     0);
}

static void on_end(void *context, void *bytes);

static void *run(void *context)
{
	struct worker *worker = context;
	char name[16];
	snprintf(name, sizeof(name), "worker %zu", index_of(worker));
	pthread_setname_np(pthread_self(), name);
	processors_take_short_turns();
	int error = loop_run(&worker->loop);
	if (error)
		log_error("worker=%zu stopped: %s", index_of(worker), strerror(-error));
	mailbox_post(&worker->workers->home, on_end, worker, NULL, 0);
	return NULL;
}

/* ---- in the main thread ---- */

static void on_end(void *context, void *bytes)
{
	struct worker *worker = context;
	struct workers *workers = worker->workers;
	(void)bytes;
	pthread_join(worker->thread, NULL);
	worker->is_running = false;
	workers->running--;
	workers->on_ended(workers->context);
}

static int open_worker(struct workers *workers, size_t index, struct loop *loop)
{
	struct worker *worker = &workers->all[index];
	worker->workers = workers;
	int error = loop_init(&worker->loop);
	if (error)
		return error;
	worker->has_loop = true;
	error = mailbox_open(&worker->mailbox, &worker->loop);
	if (!error)
		error = seam_ends_open(&worker->authority, &worker->loop,
				       &workers->authority[index], loop);
	if (!error)
		error = seam_ends_open(&worker->keeper, &worker->loop, &workers->keeper[index],
				       loop);
	return error;
}

int workers_open(struct workers *workers, size_t count, struct loop *loop)
{
	*workers = (struct workers){
		.all = calloc(count, sizeof(*workers->all)),
		.authority = calloc(count, sizeof(*workers->authority)),
		.keeper = calloc(count, sizeof(*workers->keeper)),
		.count = count,
		.started_ms = clock_now_ms(),
	};
	if (!workers->all || !workers->authority || !workers->keeper)
		return -ENOMEM;
	int error = mailbox_open(&workers->home, loop);
	for (size_t i = 0; i < count && !error; i++)
		error = open_worker(workers, i, loop);
	return error;
}

static int make_engine(struct worker *worker, const struct workers_parts *parts)
{
	struct workers *workers = worker->workers;
	size_t index = index_of(worker);
	const struct engine_parts engine = {
		.loop = &worker->loop,
		.settings = parts->settings,
		.sessions_max = parts->sessions_max,
		.share = {(uint16_t)index, (uint16_t)workers->count},
		.places = &workers->places,
		.gre = &parts->gre[index],
		.tun_fd = parts->queues[index],
		.plan = &workers->plan,
		.authority = &worker->authority,
		.keeper = &worker->keeper,
		.when_full = when_full,
		.context = worker,
	};
	int error = engine_init(&worker->engine, &engine);
	if (error)
		return error;
	worker->has_engine = true;
	error = seam_end_hear(&worker->authority, hear, worker);
	return error ? error : seam_end_hear(&worker->keeper, hear, worker);
}

int workers_start(struct workers *workers, const struct workers_parts *parts)
{
	int error = 0;
	workers->on_ended = parts->on_ended;
	workers->context = parts->context;
	workers->sessions_max = parts->sessions_max;
	workers->plan = rc4_choose(clock_now_ns);
	for (size_t i = 0; i < workers->count && !error; i++)
		error = make_engine(&workers->all[i], parts);
	if (!error)
		path_say_kernels(&workers->all[0].engine.path);
	for (size_t i = 0; i < workers->count && !error; i++) {
		struct worker *worker = &workers->all[i];
		error = -pthread_create(&worker->thread, NULL, run, worker);
		worker->is_running = !error;
		workers->running += worker->is_running;
	}
	return error;
}

void workers_take(struct workers *workers, const struct caller *caller)
{
	struct worker *fewest = workers->all;
	for (size_t i = 1; i < workers->count; i++)
		if (atomic_load(&workers->all[i].engine.load) < atomic_load(&fewest->engine.load))
			fewest = &workers->all[i];
	engine_expect(&fewest->engine);
	if (mailbox_post(&fewest->mailbox, take, fewest, caller, sizeof(*caller)))
		return;
	atomic_fetch_sub(&fewest->engine.load, 1);
	workers->turned_away++;
	close(caller->fd);
}

struct question {
	worker_task *task;
	void *context;
	struct engine *engine;
};

static void answer(void *context, void *bytes)
{
	const struct question *question = bytes;
	(void)context;
	question->task(question->context, question->engine);
}

bool workers_ask(struct workers *workers, size_t index, worker_task *task, void *context)
{
	struct worker *worker = &workers->all[index];
	struct question question = {task, context, &worker->engine};
	if (worker->is_running)
		return mailbox_ask(&worker->mailbox, answer, NULL, &question, PATIENCE_MS);
	task(context, &worker->engine);
	return true;
}

bool workers_ask_all(struct workers *workers, worker_task *task, void *context)
{
	bool all = true;
	for (size_t i = 0; i < workers->count; i++)
		all &= workers_ask(workers, i, task, context);
	return all;
}

static void stop(void *context, void *bytes)
{
	(void)bytes;
	engine_stop(&((struct worker *)context)->engine);
}

void workers_stop(struct workers *workers)
{
	for (size_t i = 0; i < workers->count; i++)
		if (workers->all[i].is_running)
			mailbox_post(&workers->all[i].mailbox, stop, &workers->all[i], NULL, 0);
}

static void ignore(void *context)
{
	(void)context;
}

/* A server that could not start altogether ends those that run already. */
static void end_running(struct workers *workers)
{
	enum { TURN_MS = 100 };
	workers->on_ended = ignore;
	workers_stop(workers);
	workers_stop(workers);
	while (workers->running)
		loop_turn(workers->home.loop, TURN_MS);
}

void workers_end(struct workers *workers)
{
	if (workers->running)
		end_running(workers);
	for (size_t i = 0; i < workers->count && workers->all; i++) {
		struct worker *worker = &workers->all[i];
		if (!worker->has_engine)
			continue;
		worker->engine.stopping = true; /* whoever came too late is turned away */
		mailbox_empty(&worker->mailbox);
		engine_fini(&worker->engine);
		worker->has_engine = false;
	}
}

void workers_close(struct workers *workers)
{
	for (size_t i = 0; i < workers->count && workers->all; i++) {
		struct worker *worker = &workers->all[i];
		seam_end_close(&worker->authority);
		seam_end_close(&worker->keeper);
		seam_end_close(&workers->authority[i]);
		seam_end_close(&workers->keeper[i]);
		mailbox_close(&worker->mailbox);
		if (worker->has_loop)
			loop_fini(&worker->loop);
	}
	mailbox_close(&workers->home);
	free(workers->all);
	free(workers->authority);
	free(workers->keeper);
	*workers = (struct workers){0};
}
