#include "bench/mppe_helper.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/base.h"

static struct {
	pthread_t thread;
	const struct rc4_plan *plan;
	atomic_bool ends;
	/* ordered, and at work on; NULL: rests */
	struct mppe_supply *_Atomic supply, *_Atomic obeyed;
} helper;

static void *run(void *context)
{
	(void)context;
	while (!atomic_load(&helper.ends)) {
		struct mppe_supply *supply = atomic_load(&helper.supply);
		atomic_store(&helper.obeyed, supply);
		if (supply)
			mppe_supply_make(supply, helper.plan, 6);
		else
			sched_yield();
	}
	return NULL;
}

static void keep_to(pthread_t thread, size_t core)
{
	cpu_set_t cores;
	CPU_ZERO(&cores);
	CPU_SET(core, &cores);
	pthread_setaffinity_np(thread, sizeof(cores), &cores);
}

bool helper_start(const struct rc4_plan *plan)
{
	helper.plan = plan;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || pthread_create(&helper.thread, NULL, run, NULL))
		return false;
	keep_to(pthread_self(), 0);
	keep_to(helper.thread, 1);
	return true;
}

void helper_work(struct mppe_supply *supply)
{
	atomic_store(&helper.supply, supply);
	while (atomic_load(&helper.obeyed) != supply)
		;
}

void helper_stop(void)
{
	atomic_store(&helper.ends, true);
	pthread_join(helper.thread, NULL);
}
