#include "tests/test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/base.h"
#include "base/random.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/processors.h"

enum { TIMERS = 200 };

struct alarm {
	struct timer timer;
	struct timers *timers;
	uint64_t again_ms; /* sets itself to this when it goes off; TIMER_NEVER: it does not */
	int rang;
	uint64_t *last_ms; /* when the alarm before it was due */
};

static void ring(void *context, uint64_t now_ms)
{
	struct alarm *alarm = context;
	alarm->rang++;
	assert_true(alarm->timer.at_ms <= now_ms);
	assert_int_equal(alarm->timer.place, 0);
	if (alarm->last_ms) {
		assert_true(*alarm->last_ms <= alarm->timer.at_ms);
		*alarm->last_ms = alarm->timer.at_ms;
	}
	if (alarm->again_ms != TIMER_NEVER)
		timers_set(alarm->timers, &alarm->timer, alarm->again_ms);
}

static void alarms_init(struct alarm *alarms, size_t count, struct timers *timers)
{
	for (size_t i = 0; i < count; i++)
		alarms[i] = (struct alarm){
			.timer = {.on_time = ring, .context = &alarms[i]},
			.timers = timers,
			.again_ms = TIMER_NEVER,
		};
}

TEST(timers_go_off_in_order_and_once)
{
	static struct alarm alarms[TIMERS];
	struct timers timers = {0};
	uint64_t state = 11, last = 0;
	struct random random = test_random(&state);
	assert_true(timers_next(&timers) == TIMER_NEVER);
	alarms_init(alarms, TIMERS, &timers);
	for (size_t i = 0; i < TIMERS; i++) {
		alarms[i].last_ms = &last;
		timers_set(&timers, &alarms[i].timer, random_below(&random, 1000));
	}
	for (size_t i = 0; i < TIMERS; i += 3) /* moved */
		timers_set(&timers, &alarms[i].timer, random_below(&random, 1000));
	for (size_t i = 1; i < TIMERS; i += 3) /* cancelled, in both ways */
		timers_set(&timers, &alarms[i].timer, TIMER_NEVER);
	for (size_t i = 1; i < TIMERS; i += 6)
		timers_cancel(&timers, &alarms[i].timer);
	for (uint64_t now = 0; now <= 1000; now += 100) {
		timers_run(&timers, now, SIZE_MAX);
		assert_true(timers_next(&timers) > now);
	}
	for (size_t i = 0; i < TIMERS; i++)
		assert_int_equal(alarms[i].rang, i % 3 != 1);
	timers_fini(&timers);
}

TEST(timers_agree_with_a_plain_list_over_random_changes)
{
	static struct alarm alarms[TIMERS];
	struct timers timers = {0};
	uint64_t state = 12;
	struct random random = test_random(&state);
	alarms_init(alarms, TIMERS, &timers);
	for (int round = 0; round < 20000; round++) {
		struct alarm *alarm = &alarms[random_below(&random, TIMERS)];
		if (random_below(&random, 3))
			timers_set(&timers, &alarm->timer, random_below(&random, 100000));
		else
			timers_cancel(&timers, &alarm->timer);
		uint64_t earliest = TIMER_NEVER;
		for (size_t i = 0; i < TIMERS; i++)
			if (alarms[i].timer.place)
				earliest = MIN_OF(earliest, alarms[i].timer.at_ms);
		assert_true(timers_next(&timers) == earliest);
	}
	timers_fini(&timers);
}

TEST(timer_that_sets_itself_to_the_past_does_not_run_for_ever)
{
	struct alarm alarm;
	struct timers timers = {0};
	alarms_init(&alarm, 1, &timers);
	alarm.again_ms = 3;
	timers_set(&timers, &alarm.timer, 5);
	assert_int_equal(timers_run(&timers, 5, 10), 10);
	assert_int_equal(alarm.rang, 10);
	timers_fini(&timers);
}

struct pipe_end {
	struct watcher watcher;
	struct loop *loop;
	struct pipe_end *other; /* taken off the loop when this one is ready */
	int fds[2], called;
};

static void on_pipe(void *context, uint32_t events)
{
	struct pipe_end *end = context;
	end->called++;
	assert_true(events & EPOLLIN);
	if (end->other)
		loop_unwatch(end->loop, &end->other->watcher);
}

static void pipe_open(struct pipe_end *end, struct loop *loop)
{
	assert_int_equal(pipe(end->fds), 0);
	end->loop = loop;
	end->watcher = (struct watcher){.on_ready = on_pipe, .context = end, .fd = end->fds[0]};
	assert_int_equal(loop_watch(loop, &end->watcher, EPOLLIN), 0);
}

static void pipe_close(struct pipe_end *end)
{
	loop_unwatch(end->loop, &end->watcher);
	close(end->fds[0]);
	close(end->fds[1]);
}

TEST(loop_calls_who_is_ready_and_nobody_else)
{
	struct loop loop;
	struct pipe_end a = {0}, b = {0};
	assert_int_equal(loop_init(&loop), 0);
	pipe_open(&a, &loop);
	pipe_open(&b, &loop);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(write(a.fds[1], "x", 1), 1);
	assert_int_equal(loop_turn(&loop, -1), 0);
	assert_int_equal(a.called, 1);
	assert_int_equal(b.called, 0);
	assert_int_equal(loop_watch(&loop, &a.watcher, 0), 0); /* pauses */
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(a.called, 1);
	assert_int_equal(loop_watch(&loop, &a.watcher, EPOLLIN), 0); /* goes on */
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(a.called, 2);
	pipe_close(&a);
	pipe_close(&b);
	loop_fini(&loop);
}

TEST(loop_does_not_call_a_watcher_removed_in_the_same_turn)
{
	struct loop loop;
	struct pipe_end a = {0}, b = {0};
	assert_int_equal(loop_init(&loop), 0);
	pipe_open(&a, &loop);
	pipe_open(&b, &loop);
	a.other = &b;
	b.other = &a;
	assert_int_equal(write(a.fds[1], "x", 1), 1);
	assert_int_equal(write(b.fds[1], "x", 1), 1);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(a.called + b.called, 1);
	pipe_close(&a);
	pipe_close(&b);
	loop_fini(&loop);
}

static void stop(void *context, uint64_t now_ms)
{
	loop_stop(context);
}

static void count_call(void *context)
{
	++*(int *)context;
}

TEST(loop_runs_until_a_timer_stops_it_and_flushes_at_the_end_of_each_turn)
{
	struct loop loop;
	int flushed = 0;
	assert_int_equal(loop_init(&loop), 0);
	struct timer timer = {.on_time = stop, .context = &loop};
	loop.at_end = count_call;
	loop.at_end_context = &flushed;
	uint64_t due = loop.now_ms + 2;
	loop_set_timer(&loop, &timer, due);
	assert_int_equal(loop_run(&loop), 0);
	assert_true(loop.now_ms >= due);
	assert_true(flushed >= 2); /* before the wait, and after the last turn */
	loop_fini(&loop);
}

/* ---- what is done while nothing else is ---- */

struct idler {
	struct loop *loop;
	int pieces, done;
	int ready_fd; /* to write to after each piece; 0: none */
};

static bool work(void *context)
{
	struct idler *idler = context;
	if (idler->ready_fd)
		assert_int_equal(write(idler->ready_fd, "x", 1), 1);
	return ++idler->done < idler->pieces;
}

TEST(loop_works_while_it_would_wait_and_only_then)
{
	struct loop loop;
	struct pipe_end a = {0};
	assert_int_equal(loop_init(&loop), 0);
	struct idler idler = {.loop = &loop, .pieces = 3};
	pipe_open(&a, &loop);
	loop.on_idle = work;
	loop.on_idle_context = &idler;
	assert_int_equal(loop_turn(&loop, 1), 0); /* nobody said that there is work */
	assert_int_equal(idler.done, 0);
	loop.has_idle_work = true;
	assert_int_equal(loop_turn(&loop, 0), 0); /* does not wait */
	assert_int_equal(idler.done, 0);
	assert_int_equal(write(a.fds[1], "x", 1), 1);
	assert_int_equal(loop_turn(&loop, -1), 0); /* need not wait */
	assert_int_equal(idler.done, 0);
	assert_int_equal(loop_turn(&loop, 1000), 0); /* still ready */
	assert_int_equal(a.called, 2);
	assert_int_equal(loop_watch(&loop, &a.watcher, 0), 0);
	assert_int_equal(loop_turn(&loop, 1), 0);
	assert_int_equal(idler.done, 3);
	assert_false(loop.has_idle_work);
	pipe_close(&a);
	loop_fini(&loop);
}

TEST(loop_leaves_idle_work_for_what_becomes_ready_or_due_meanwhile)
{
	struct loop loop;
	struct pipe_end a = {0};
	assert_int_equal(loop_init(&loop), 0);
	pipe_open(&a, &loop);
	struct idler idler = {.loop = &loop, .pieces = 1000000000, .ready_fd = a.fds[1]};
	loop.on_idle = work;
	loop.on_idle_context = &idler;
	loop.has_idle_work = true;
	assert_int_equal(loop_turn(&loop, -1), 0);
	assert_int_equal(a.called, 1);
	assert_int_equal(idler.done, 1);
	assert_true(loop.has_idle_work);
	assert_int_equal(loop_watch(&loop, &a.watcher, 0), 0);
	idler.ready_fd = 0;
	struct timer timer = {.on_time = stop, .context = &loop};
	loop_set_timer(&loop, &timer, loop.now_ms + 2);
	assert_int_equal(loop_run(&loop), 0);
	assert_true(idler.done < idler.pieces);
	pipe_close(&a);
	loop_fini(&loop);
}

TEST(signals_arrive_at_their_descriptor)
{
	int fd = signals_open((int[]){SIGUSR1, SIGHUP, 0});
	assert_true(fd >= 0);
	assert_int_equal(signals_read(fd), 0);
	raise(SIGHUP);
	assert_int_equal(signals_read(fd), SIGHUP);
	assert_int_equal(signals_read(fd), 0);
	close(fd);
}

TEST(random_system_gives_fresh_octets)
{
	struct random random = random_system();
	uint8_t a[600] = {0}, b[600] = {0};
	random_fill(&random, a, sizeof(a));
	random_fill(&random, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a + 500, b + 500, 100); /* to the last octet */
}

/* ---- turns on the processor ---- */

static void *take_short_turns(void *context)
{
	const struct sched_param usual = {0};
	int niceness = getpriority(PRIO_PROCESS, 0);
	(void)context;
	assert_int_equal(sched_setscheduler(0, SCHED_BATCH, &usual), 0);
	processors_take_short_turns();
	assert_int_equal(sched_getscheduler(0), SCHED_BATCH | SCHED_RESET_ON_FORK);
	assert_int_equal(getpriority(PRIO_PROCESS, 0), niceness);
	/* What sched(7) says of sched_getattr: size and policy, flags, niceness and priority, then the runtime. */
	uint64_t attributes[6];
	assert_int_equal(syscall(SYS_sched_getattr, 0, attributes, sizeof(attributes), 0), 0);
	struct utsname kernel;
	int major = 0, minor = 0;
	assert_int_equal(uname(&kernel), 0);
	assert_int_equal(sscanf(kernel.release, "%d.%d", &major, &minor), 2);
	if (major > 6 || (major == 6 && minor >= 12))
		assert_int_equal(attributes[3], PROCESSORS_TURN_US * 1000);
	return NULL;
}

TEST(short_turns_change_neither_class_nor_niceness)
{
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, take_short_turns, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}
