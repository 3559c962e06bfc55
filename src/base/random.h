/* Where chance comes from: handed in, so that a test can repeat a run.
 * The real one is getrandom(2), in io/. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct random {
	void (*fill)(void *context, void *bytes, size_t length); /* never fails */
	void *context;
};

static inline void random_fill(const struct random *random, void *bytes, size_t length)
{
	random->fill(random->context, bytes, length);
}

static inline uint32_t random_u32(const struct random *random)
{
	uint32_t value;
	random_fill(random, &value, sizeof(value));
	return value;
}

/* Evenly from 0 to bound - 1; bound > 0. */
static inline uint32_t random_below(const struct random *random, uint32_t bound)
{
	uint32_t unfair = (uint32_t)(UINT32_MAX - (uint32_t)(((uint64_t)UINT32_MAX + 1) %
							     bound)); /* last fair value */
	uint32_t value;
	do
		value = random_u32(random);
	while (value > unfair);
	return value % bound;
}
