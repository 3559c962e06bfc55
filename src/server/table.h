/*
 * The sessions of one worker, found by what a packet shows: call id and caller (GRE), inner address
 * (TUN), number (API and registrar). The table owns its members and their sessions.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/random.h"
#include "base/share.h"
#include "io/timers.h"
#include "path/member.h"
#include "session/session.h"

struct member {
	struct session *session; /* owned */
	struct path_member path;
	struct timer timer; /* the engine's */
	void *engine;       /* the engine's */
	struct map_node by_id, by_inner, by_interface;
	bool has_inner, has_interface;  /* listed under its inner address, its IPv6 identifier */
	bool has_hooks, has_ipv6_hooks; /* the keeper was told that its network is up */
	struct member *next_same_call;
};

enum { TABLE_CALLS = 65536 };

struct table {
	struct member **by_call; /* owned; TABLE_CALLS chains */
	struct map by_id, by_inner, by_interface;
	struct table_walk *walk; /* the innermost table_each under way */
	struct share share;      /* of session numbers and call ids: what this worker hands out */
	uint32_t last_id;
};

/* False without memory. */
bool table_init(struct table *table, struct share share);
void table_fini(struct table *table); /* frees members and sessions */

static inline size_t table_count(const struct table *table)
{
	return table->by_id.count;
}

/* A number for the next session, of this table's share: never 0, never one that lives. */
uint32_t table_pick_id(struct table *table);

/* A call id at random, of this table's share, not 0 and of no call with this caller; 0 where all are
 * taken. */
uint16_t table_pick_call_id(const struct table *table, const struct random *random,
			    uint32_t caller);

/* Takes the session. NULL without memory, and the session is not taken. */
struct member *table_add(struct table *table, struct session *session);

/* Takes the member out of all lists and frees it, and its session. */
void table_remove(struct table *table, struct member *member);

struct member *table_by_id(const struct table *table, uint32_t id);
/* Each returns NULL where there is none. */
struct member *table_by_call(const struct table *table, uint16_t call_id, uint32_t caller);
struct member *table_by_inner(const struct table *table, uint32_t address);
struct member *table_by_interface(const struct table *table, const uint8_t id[static 8]);

/* The member is found by its session's inner address from now on, and nobody else is. */
void table_hold_inner(struct table *table, struct member *member);
void table_drop_inner(struct table *table, struct member *member);

/* The same for the IPv6 interface identifier; false where another one holds it: first come, first
 * served. */
bool table_hold_interface(struct table *table, struct member *member);
void table_drop_interface(struct table *table, struct member *member);

/* Calls `visit` for each member. It may remove this one and others, which are not visited then, but
 * adds none. */
void table_each(struct table *table, void (*visit)(void *context, struct member *member),
		void *context);
