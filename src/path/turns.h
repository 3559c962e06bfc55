/*
 * Whose turn it is: deficit round robin as RFC 8290 §4.1 has it. Each that waits may spend so many
 * octets a round; who had nothing waiting comes before those who always have, for one round's
 * worth. Whoever takes turns may itself give turns: sessions do to their flows.
 */
#pragma once
#include <stdint.h>

#include "base/list.h"

enum { TURNS_OCTETS = 1514 }; /* in each round: a packet of Ethernet's size */

enum turn_place { TURN_OUT, TURN_FRESH, TURN_OLD };

/* Of one that waits; starts zero. */
struct turn {
	struct list node;
	int32_t credit; /* octets; the last packet may overdraw it */
	uint8_t place;  /* enum turn_place */
};

struct turns {
	struct list fresh, old;
};

void turns_init(struct turns *turns);

/* Something waits there now. */
void turns_join(struct turns *turns, struct turn *turn);

/* Whose turn it is; NULL: nobody's. It spends octets, or had nothing. */
struct turn *turns_next(struct turns *turns);

static inline void turn_spend(struct turn *turn, size_t octets)
{
	turn->credit -= (int32_t)octets;
}

/* It had nothing, after turns_next. It stays for a round where it was fresh, so that coming again is
 * no way to the front. */
void turns_had_nothing(struct turns *turns, struct turn *turn);

/* It waits no more. Nothing happens where it does not wait. */
void turn_leave(struct turn *turn);
