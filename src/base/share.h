/*
 * One worker's part of a space of numbers (call ids, session numbers) that several divide among
 * themselves: those which leave `index` when divided by `count`. So a number names its owner, and
 * nobody has to be asked.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct share {
	uint16_t index, count; /* index < count; {0} is the whole, as {0, 1} is */
};

static inline uint32_t share_count(struct share share)
{
	return share.count ? share.count : 1;
}

/* The index of the one that owns `number`, of `count`. */
static inline uint32_t share_owner(uint32_t number, uint32_t count)
{
	return number % count;
}

static inline bool share_has(struct share share, uint32_t number)
{
	return share_owner(number, share_count(share)) == share.index;
}
