/*
 * Times at which something wants to be called: a heap of timers which lie in their owners' structs.
 * It reads no clock. Setting, moving and cancelling cost the logarithm of their number, and setting
 * one for the first time may allocate.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define TIMER_NEVER UINT64_MAX

struct timer {
	void (*on_time)(void *context, uint64_t now_ms);
	void *context;
	uint64_t at_ms;
	size_t place; /* in the heap, counted from 1; 0: not set */
};

struct timers {
	struct timer **heap; /* owned; heap[0] is the earliest */
	size_t count, capacity;
};

void timers_fini(struct timers *timers);

/* Sets or moves `timer`, which stays where it is in memory until it went off or was cancelled;
 * TIMER_NEVER cancels it. Ends the process where memory has run out. */
void timers_set(struct timers *timers, struct timer *timer, uint64_t at_ms);
void timers_cancel(struct timers *timers, struct timer *timer);

/* The earliest time, or TIMER_NEVER. */
uint64_t timers_next(const struct timers *timers);

/* Calls what is due at `now_ms`, the earliest first, each cancelled before its call; at most
 * `limit` of them, so that what sets itself to the past cannot hold up the rest. Returns how many.
 */
size_t timers_run(struct timers *timers, uint64_t now_ms, size_t limit);
