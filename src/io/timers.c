#include "io/timers.h"

#include <stdlib.h>

#include "base/log.h"

void timers_fini(struct timers *timers)
{
	free(timers->heap);
	*timers = (struct timers){0};
}

static void put(struct timers *timers, size_t place, struct timer *timer)
{
	timers->heap[place - 1] = timer;
	timer->place = place;
}

/* Moves `timer` from the hole at `place` towards the root, past all that are later. */
static void rise(struct timers *timers, size_t place, struct timer *timer)
{
	for (; place > 1; place /= 2) {
		struct timer *parent = timers->heap[place / 2 - 1];
		if (parent->at_ms <= timer->at_ms)
			break;
		put(timers, place, parent);
	}
	put(timers, place, timer);
}

/* Moves `timer` from the hole at `place` away from the root, past all that are earlier. */
static void sink(struct timers *timers, size_t place, struct timer *timer)
{
	for (size_t child; (child = place * 2) <= timers->count; place = child) {
		if (child < timers->count &&
		    timers->heap[child]->at_ms < timers->heap[child - 1]->at_ms)
			child++;
		if (timer->at_ms <= timers->heap[child - 1]->at_ms)
			break;
		put(timers, place, timers->heap[child - 1]);
	}
	put(timers, place, timer);
}

static void grow(struct timers *timers)
{
	size_t capacity = timers->capacity ? timers->capacity * 2 : 64;
	struct timer **heap = reallocarray(timers->heap, capacity, sizeof(*heap));
	if (!heap) {
		log_error("no memory for %zu timers", capacity);
		abort();
	}
	timers->heap = heap;
	timers->capacity = capacity;
}

void timers_cancel(struct timers *timers, struct timer *timer)
{
	size_t place = timer->place;
	if (!place)
		return;
	timer->place = 0;
	struct timer *last = timers->heap[--timers->count];
	if (last == timer)
		return;
	if (place > 1 && last->at_ms < timers->heap[place / 2 - 1]->at_ms)
		rise(timers, place, last);
	else
		sink(timers, place, last);
}

void timers_set(struct timers *timers, struct timer *timer, uint64_t at_ms)
{
	if (timer->place && timer->at_ms == at_ms)
		return;
	timers_cancel(timers, timer);
	timer->at_ms = at_ms;
	if (at_ms == TIMER_NEVER)
		return;
	if (timers->count == timers->capacity)
		grow(timers);
	rise(timers, ++timers->count, timer);
}

uint64_t timers_next(const struct timers *timers)
{
	return timers->count ? timers->heap[0]->at_ms : TIMER_NEVER;
}

size_t timers_run(struct timers *timers, uint64_t now_ms, size_t limit)
{
	size_t ran = 0;
	for (; ran < limit && timers_next(timers) <= now_ms; ran++) {
		struct timer *timer = timers->heap[0];
		timers_cancel(timers, timer);
		timer->on_time(timer->context, now_ms);
	}
	return ran;
}
