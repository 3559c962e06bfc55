/*
 * Keys and whole keystreams of one stateless direction's packets to come, so that a packet costs an
 * XOR alone. They follow from the session key and from nothing that a packet carries; so they can
 * be made in idle time, or by another thread on another core, while the direction goes on.
 *
 *	owner of the direction:   mppe_supply_lend … seal, admit, run, commit … mppe_supply_return
 *	any thread, meanwhile:    mppe_supply_make
 *
 * Nobody owns the chain of keys: the maker walks a copy of its own, and a direction that finds a
 * key or a keystream missing makes it by itself. So neither ever waits for the other, and a maker
 * that is stopped, late or absent costs speed alone. One that fell behind is handed the key that
 * the direction is at, and goes on from there.
 *
 * Packets have numbers here: key changes since the start, of which the coherency count is the last
 * twelve bits. The maker makes numbers in rising order, with gaps where it was overtaken; the
 * direction takes them in any order, and releases all up to a number.
 *
 * No locks, no clock, no thread: a ring between two who may be of different threads, in which each
 * variable has one writer at a time. Wiped when it is given back.
 */
#pragma once
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "crypto/rc4.h"
#include "ppp/mppe.h"

enum {
	MPPE_SUPPLY_PACKETS = 64, /* a power of two: more than a batch of one session takes */
	MPPE_SUPPLY_OCTETS =
		1536,           /* of the largest frame; longer ones are encrypted by their key */
	MPPE_SUPPLY_PIECE = 12, /* packets made at most in one piece of work */
};

struct mppe_made {
	alignas(64) uint8_t stream[MPPE_SUPPLY_OCTETS];
	uint64_t number; /* 0: nothing is here */
	uint16_t length; /* octets of `stream` that were made */
	uint8_t key[16];
};

/* Free when it is all zeros. */
struct mppe_supply {
	/* Whose it is: of nobody, of a direction, of a direction and a maker's at the moment; ending:
	   the direction is gone, and the maker sets it free. */
	alignas(64) _Atomic(uint32_t) state;

	/* the direction's */
	alignas(64) _Atomic(uint32_t)
		released;         /* low bits of: packets up to this one are done with */
	_Atomic(uint32_t) octets; /* of keystream that its packets need */
	uint64_t released_number;
	uint32_t looked_up, longest; /* of the packets that `octets` follows from */
	uint64_t served, missed;     /* packets whose keystream was there, or was not */

	/* a key from the direction to a maker that fell behind */
	_Atomic(uint32_t) hint; /* none, one is there, or the maker is reading it */
	uint8_t hint_key[16];
	uint64_t hint_number; /* of the last one */

	/* the maker's */
	alignas(64) _Atomic(uint32_t)
		made;             /* low bits of: all that it will make up to this is there */
	_Atomic(uint32_t) making; /* low bits of: the piece of work that is begun ends here */
	uint64_t number;          /* of `key` */
	uint64_t total;           /* packets made */
	uint8_t size, start_key[16], key[16];

	struct mppe_made packets[MPPE_SUPPLY_PACKETS]; /* by number modulo their count */
};

/* ---- the owner of the direction, in one thread ---- */

static inline bool mppe_supply_is_free(const struct mppe_supply *s)
{
	return !atomic_load_explicit(&s->state, memory_order_acquire);
}

/* Lends a free supply to a stateless direction that has none. */
void mppe_supply_lend(struct mppe_supply *s, struct mppe_direction *d);

/*
 * The direction gives back what it has, if anything. It is wiped and free at once, or as soon as
 * the maker that is at work on it ends its piece. mppe_fini does this too.
 */
void mppe_supply_return(struct mppe_direction *d);

/* ---- makers, in any thread ---- */

/* Whether there is a piece of work. */
bool mppe_supply_wants(const struct mppe_supply *s);

/*
 * One piece of work, of `most` packets or MPPE_SUPPLY_PIECE. Returns how many were made or passed;
 * 0 where there is nothing to do, or another maker is at it.
 */
unsigned mppe_supply_make(struct mppe_supply *s, const struct rc4_plan *plan, unsigned most);

/* ---- for mppe.c and mppe_keys.c ---- */

/* The packet, if it was made and not released; it stays where it is until it is released. */
const struct mppe_made *mppe_supply_find(const struct mppe_supply *s, uint64_t number);

/* Whether a maker is at work on the packet right now: it is worth to look again in a while. */
bool mppe_supply_is_making(const struct mppe_supply *s, uint64_t number);

/* The same as mppe_supply_find for a packet of this length, with keystream enough; counts and
 * remembers. */
const struct mppe_made *mppe_supply_take(struct mppe_supply *s, uint64_t number, size_t length);

/* The direction makes all up to `number` by itself: a maker that is behind goes on from this key. */
void mppe_supply_hint(struct mppe_supply *s, uint64_t number, const uint8_t *key);

/* No packet up to `number` is looked up any more. */
void mppe_supply_release(struct mppe_supply *s, uint64_t number);

/* How many packets after `number` the maker has reached. */
unsigned mppe_supply_ready(const struct mppe_supply *s, uint64_t number);
