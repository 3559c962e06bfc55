/* The chain of session keys, for mppe.c: each follows from the one before it (RFC 3078 §7.3). */
#pragma once
#include "ppp/mppe.h"

enum { MPPE_COUNT_MASK = 0xfff };

/* How far `to` is ahead of `from`, 0 to 4095. */
static inline unsigned mppe_distance(uint16_t from, uint16_t to)
{
	return (unsigned)(to - from) & MPPE_COUNT_MASK;
}

/* Octets of a key: 8 or 16. */
static inline uint8_t mppe_key_octets(const struct mppe_direction *d)
{
	return d->size == MPPE_128 ? 16 : 8;
}

/* The initial session key, from the start key. */
void mppe_first_key(struct mppe_direction *d);

/* The key after this one, in place; the chain is of this size and start key. */
void mppe_change_key_of(uint8_t size, const uint8_t start_key[static 16], uint8_t *key);
/* The same of the direction's chain. */
void mppe_change_key(const struct mppe_direction *d, uint8_t *key);

/* Stateless: *key is of packet `count`, which is d->count or later; now it is of the next one.
 * Takes the key that was made ahead, where there is one. */
void mppe_next_key(const struct mppe_direction *d, uint16_t count, uint8_t *key);

/* Stateless: the direction moves on to this packet; `key` may be d->session_key. */
void mppe_move_on(struct mppe_direction *d, uint16_t count, uint64_t number, const uint8_t *key);

/* One key more ahead for each of so many different directions which are not full, in lanes. */
void mppe_extend(const struct rc4_plan *plan, struct mppe_direction *const *list, size_t count);
enum { MPPE_EXTENDED = 64 }; /* directions at once */
