/*
 * MPPE keys made ahead in idle time, for the sessions that used some up: each batch notes them, the
 * loop calls when it would wait.
 */
#pragma once
#include <stdbool.h>

#include "crypto/rc4.h"
#include "path/member.h"

enum { AHEAD_KEYS = 32 }; /* in one piece of work: about ten microseconds */

struct ahead {
	struct list noted; /* members, the first of them first */
};

void ahead_init(struct ahead *ahead);

static inline bool ahead_has_work(const struct ahead *ahead)
{
	return !list_is_empty(&ahead->noted);
}

/* The session took keys: it is noted if few are left. It stays where it is until it is forgotten or
 * has its keys. */
void ahead_note(struct ahead *ahead, struct path_member *member);

/* The session ends. */
void ahead_forget(struct path_member *member);

/* One piece of work. Returns the number of keys made. */
unsigned ahead_work(struct ahead *ahead, const struct rc4_plan *plan);
