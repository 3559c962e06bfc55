/*
 * Keystreams ahead for the hot: a fixed number of supplies (ppp/mppe_supply.h), lent to directions
 * with many packets a second, and taken back when they cool or their session ends. They are filled
 * in idle time, and by a helper on another core where that is not enough.
 *
 * Memory that was never lent is never touched; all together SUPPLIES times 100 KiB.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "io/loop.h"
#include "path/helper.h"
#include "path/member.h"
#include "ppp/mppe_supply.h"

enum {
	SUPPLIES = 16,            /* of a path: a supply serves one direction of one session */
	SUPPLIES_WINDOW_MS = 128, /* a direction is hot that has so many packets in such a time, */
	SUPPLIES_HOT = 64,        /* 500 a second */
	SUPPLIES_COOL_MS = 1000,  /* and has cooled when it has had fewer in such a time */
	SUPPLIES_COOL = 64,
	SUPPLIES_PIECE = 24, /* packets in one piece of idle work: about 40 microseconds */
};

/* To whom a supply is lent. */
struct loan {
	struct mppe_direction *to; /* NULL: nobody; borrowed until supplies_forget */
	uint64_t served, missed;   /* of it, counted already */
	uint64_t looked;           /* of both, when it was last looked at */
};

struct supplies {
	struct loop *loop;        /* borrowed */
	struct timer timer;       /* looks who has cooled, while anything is lent */
	struct mppe_supply *list; /* owned; NULL without memory: nobody is hot */
	struct loan loans[SUPPLIES];
	size_t lent, next;
	struct helper helper;
	uint64_t served; /* packets whose keystream was there */
};

/* *supplies stays where it is until supplies_fini. */
void supplies_init(struct supplies *supplies, struct loop *loop, const struct rc4_plan *plan);
void supplies_fini(struct supplies *supplies); /* what is lent goes back first */

/* The item is about to be run. It may be lent a supply now. */
void supplies_note(struct supplies *supplies, struct path_member *member,
		   const struct mppe_item *item);

/* A batch was run. */
void supplies_settle(struct supplies *supplies);

/* The session ends: before it is freed. */
void supplies_forget(struct supplies *supplies, const struct path_member *member);

/* For idle time: one piece of work. Both tell whether there is more. */
bool supplies_have_work(const struct supplies *supplies);
bool supplies_work(struct supplies *supplies, const struct rc4_plan *plan);
