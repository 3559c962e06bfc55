/*
 * What a load measured: how long things took, and what failed, by stage and cause. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/stage.h"

/*
 * Durations, as a histogram: exact below 64 us, above in steps of at most 1/64. The memory is the
 * same for ten and for ten million of them.
 */
enum { DURATION_STEPS = 64, DURATION_DOUBLINGS = 34 };
struct durations {
	uint64_t count, most; /* most: exact, us */
	uint64_t steps[DURATION_STEPS * DURATION_DOUBLINGS];
};

void durations_add(struct durations *durations, uint64_t us);

/* The least duration that `percent` of all do not exceed, rounded up to its step; 0 where there are
 * none. 100: the longest. */
uint64_t durations_percentile(const struct durations *durations, unsigned percent);

/* Failures that look alike are one row; the last row takes what has no place any more. */
enum { FAILURE_ROWS = 32, FAILURE_CAUSE = 160 };
struct failure_row {
	enum stage stage;
	char cause[FAILURE_CAUSE];
	uint32_t count;
};
struct failures {
	struct failure_row rows[FAILURE_ROWS];
	size_t count;
};

void failures_add(struct failures *failures, enum stage stage, const char *cause);

/*
 * How many of `rate` a second are due `elapsed_us` after the first, the first being due at once;
 * no more than `most`.
 */
uint64_t pace_due(uint64_t rate, uint64_t elapsed_us, uint64_t most);
