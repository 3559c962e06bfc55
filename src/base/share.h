/*
 * One worker's part of a space of numbers (call ids, session numbers) that several divide among
 * themselves: those which leave `index` when divided by `count`. So a number names its owner, and
 * nobody has to be asked.
 */
#pragma once
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

/* The number of this share that follows `last`, which is one of it, or the index at first. Beyond the
 * largest comes the smallest again, which may be 0. */
static inline uint32_t share_next(struct share share, uint32_t last)
{
	return last > UINT32_MAX - share_count(share) ? share.index : last + share_count(share);
}
