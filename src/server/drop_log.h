/*
 * Lines about dropped packets: at most one for each reason in DROP_LOG_EVERY_MS while they occur,
 * the first at once. Pure: counts and the time go in.
 */
#pragma once
#include <stdint.h>

#include "base/drop.h"

enum { DROP_LOG_EVERY_MS = 10000 };

/* Starts as {0}. */
struct drop_log {
	uint64_t told[DROP_COUNT];    /* what the counts were when a line was last written */
	uint64_t next_ms[DROP_COUNT]; /* no line before */
};

/*
 * Calls `say` for each reason whose count rose and whose line is due, with the number of drops that
 * the line stands for. Returns when to look again on account of what is not due yet, or TIME_NEVER.
 */
uint64_t drop_log_look(struct drop_log *log, const uint64_t counts[static DROP_COUNT],
		       uint64_t now_ms, void (*say)(void *context, enum drop drop, uint64_t count),
		       void *context);
