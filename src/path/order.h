/*
 * The order in which a batch from the network goes on: as it came, but that what came late goes before
 * those of its session that its sender numbered later. Nothing waits for it; as the whole batch goes on at
 * once, what was put out of order on the way by less than a batch leaves in order (RFC 2637 §4.3 lets a
 * receiver put packets into order), and TCP's segments can be merged all the same.
 *
 * Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ORDER_PACKETS = 64 };

struct order_place {
	const void *session;
	uint32_t number; /* of GRE: wraps at 2^32 */
	uint32_t tag;    /* the owner's */
};

/* Starts with count 0; the places are then in the order wanted. */
struct order {
	size_t count;
	struct order_place places[ORDER_PACKETS];
};

/* Adds the next that came, ORDER_PACKETS at most. is_late: its session had a later number before, maybe of this
 * batch; only then others are looked at. */
void order_add(struct order *o, struct order_place place, bool is_late);
