/*
 * Who makes room when all places are taken: strangers who hold one and show nothing for it. Without
 * this a hundred calls that nobody means, or some hundred connections that say nothing, shut
 * everybody out for as long as somebody takes the trouble to dial again.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "server/table.h"

struct line;

/*
 * A call was asked for and there is no place: of the calls from which no packet came within
 * CROWD_SILENT_MS the oldest, else of those that are unproved after CROWD_UNPROVED_MS. NULL: all are
 * in earnest, or had no time yet to show it.
 */
enum { CROWD_SILENT_MS = 300, CROWD_UNPROVED_MS = 5000 };
struct session *crowd_idle_call(const struct table *table, uint64_t now_ms);

/* The same for control connections (lines by id), of those without a call: the oldest that had
 * CROWD_SILENT_MS and did not even say who they are; else of those that said no more than that; else
 * the oldest of all. NULL: each has a call. */
struct line *crowd_idle_line(const struct map *lines, uint64_t now_ms);
