/*
 * A thread that fills supplies (ppp/mppe_supply.h) where the path's own cannot keep up: then one
 * session's RC4 is made by two cores. It runs only on a core that would be idle otherwise
 * (SCHED_IDLE), so every path has one, however many paths there are: no worker loses to it, and
 * none waits for it. It sleeps while there is nothing to make.
 */
#pragma once
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "ppp/mppe_supply.h"

struct helper {
	bool runs;
	pthread_t thread;
	struct mppe_supply *list; /* borrowed */
	size_t count;
	struct rc4_plan plan;
	sem_t bell;
	atomic_bool asleep, stopping;
};

/*
 * Starts it, for these supplies. False, and everything else does nothing, where this thread may run
 * on one core only, or no thread can be had. *helper stays where it is until helper_stop.
 */
bool helper_start(struct helper *helper, struct mppe_supply *list, size_t count,
		  const struct rc4_plan *plan);

/* There is something to make. Costs next to nothing while the helper is awake. */
void helper_wake(struct helper *helper);

/* Looks at no supply any more. Also one that was not started, if it is zero. */
void helper_stop(struct helper *helper);
