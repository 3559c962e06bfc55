/*
 * MPPE keys made ahead in idle time, for the sessions that used some up: packets.c notes them, the
 * loop calls when it would wait. Sessions are noted by number, so one that ends meanwhile is passed
 * over.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/rc4.h"
#include "server/table.h"

enum {
	AHEAD_SESSIONS = 64, /* noted at once; those beyond make their keys when packets come */
	AHEAD_KEYS = 32,     /* in one piece of work: about ten microseconds */
};

struct ahead {
	uint32_t sessions[AHEAD_SESSIONS];
	size_t count;
};

/* The session took keys: it is noted if few are left. */
void ahead_note(struct ahead *ahead, struct member *member);

/* One piece of work. Returns the number of keys made; ahead->count tells whether there is more. */
unsigned ahead_work(struct ahead *ahead, const struct rc4_plan *plan, const struct table *table);
