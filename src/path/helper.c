#include "path/helper.h"

#include <sched.h>
#include <signal.h>

#include "io/clock.h"

enum {
	PIECE = 6, /* packets at once: the widest kernel's lanes */
	/* Awake without work: between two batches of a session at full speed nothing is rung. */
	PATIENCE_NS = 30000,
};

static unsigned make_round(struct helper *helper)
{
	unsigned done = 0;
	for (size_t i = 0; i < helper->count; i++)
		done += mppe_supply_make(&helper->list[i], &helper->plan, PIECE);
	return done;
}

static bool has_work(const struct helper *helper)
{
	for (size_t i = 0; i < helper->count; i++)
		if (mppe_supply_wants(&helper->list[i]))
			return true;
	return false;
}

/* Whether there is work before it becomes tiresome. */
static bool await_work(const struct helper *helper)
{
	uint64_t start = clock_now_ns();
	while (!has_work(helper))
		if (atomic_load_explicit(&helper->stopping, memory_order_relaxed) ||
		    clock_now_ns() - start > PATIENCE_NS)
			return false;
	return true;
}

static void *run(void *context)
{
	struct helper *helper = context;
	/* Where the kernel knows no such class, it competes like anybody. */
	sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){0});
	while (!atomic_load(&helper->stopping)) {
		if (make_round(helper) || await_work(helper))
			continue;
		atomic_store(&helper->asleep, true);
		while (sem_wait(&helper->bell))
			;
	}
	return NULL;
}

static bool has_cores(void)
{
	cpu_set_t cores;
	return !sched_getaffinity(0, sizeof(cores), &cores) && CPU_COUNT(&cores) > 1;
}

bool helper_start(struct helper *helper, struct mppe_supply *list, size_t count,
		  const struct rc4_plan *plan)
{
	sigset_t all, ours;
	*helper = (struct helper){.list = list, .count = count, .plan = *plan};
	if (!has_cores() || sem_init(&helper->bell, 0, 0))
		return false;
	sigfillset(&all); /* signals are for those who wait for them */
	pthread_sigmask(SIG_SETMASK, &all, &ours);
	helper->runs = !pthread_create(&helper->thread, NULL, run, helper);
	pthread_sigmask(SIG_SETMASK, &ours, NULL);
	if (!helper->runs)
		sem_destroy(&helper->bell);
	return helper->runs;
}

/* One ring that falls between its last look and its sleep waits for the next batch's. */
void helper_wake(struct helper *helper)
{
	if (helper->runs && atomic_load_explicit(&helper->asleep, memory_order_relaxed) &&
	    atomic_exchange(&helper->asleep, false))
		sem_post(&helper->bell);
}

void helper_stop(struct helper *helper)
{
	if (!helper->runs)
		return;
	/* On a busy machine the end would be long in coming. */
	pthread_setschedparam(helper->thread, SCHED_OTHER, &(struct sched_param){0});
	atomic_store(&helper->stopping, true);
	sem_post(&helper->bell);
	pthread_join(helper->thread, NULL);
	sem_destroy(&helper->bell);
	helper->runs = false;
}
