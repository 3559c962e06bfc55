#include "bench/mppe_helper.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/base.h"

static struct {
	pthread_t thread;
	const struct rc4_plan *plan;
	struct mppe_supply *_Atomic supply; /* NULL: rests */
	sem_t order, answer;                /* an answer when it begins, and when it ends */
} helper;

static void await(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

/* At rest it sleeps: what is measured meanwhile would be slower beside one that spins, on a machine of which
 * the two cores are threads of one. An order without a supply is the last. */
static void *run(void *context)
{
	struct mppe_supply *supply;
	(void)context;
	for (;;) {
		await(&helper.order);
		if (!atomic_load(&helper.supply))
			return NULL;
		sem_post(&helper.answer);
		while ((supply = atomic_load(&helper.supply)))
			mppe_supply_make(supply, helper.plan, 6);
		sem_post(&helper.answer);
	}
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
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || sem_init(&helper.order, 0, 0) ||
	    sem_init(&helper.answer, 0, 0) || pthread_create(&helper.thread, NULL, run, NULL))
		return false;
	keep_to(pthread_self(), 0);
	keep_to(helper.thread, 1);
	return true;
}

void helper_work(struct mppe_supply *supply)
{
	if (atomic_exchange(&helper.supply, NULL))
		await(&helper.answer);
	if (!supply)
		return;
	atomic_store(&helper.supply, supply);
	sem_post(&helper.order);
	await(&helper.answer);
}

void helper_stop(void)
{
	helper_work(NULL);
	sem_post(&helper.order);
	pthread_join(helper.thread, NULL);
}
