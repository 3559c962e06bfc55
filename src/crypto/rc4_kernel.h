/* Kernels of RC4, for rc4.c, rc4_choose.c and their test: so many jobs, each in a lane of its own,
 * walk in step through one loop. */
#pragma once
#include <stdbool.h>

#include "crypto/rc4.h"

enum { RC4_LANES_MAX = 6 };

struct rc4_kernel {
	const char *name;
	unsigned lanes;
	bool needs_sse41;
	/* `lanes` states to work in, and jobs, the longest first. */
	void (*run)(struct rc4 *states, const struct rc4_job *const *jobs);
};

/* All of them; the first has one lane. */
extern const struct rc4_kernel rc4_kernels[];
extern const size_t rc4_kernel_count;

/* Whether this processor can run it. */
bool rc4_kernel_runs(const struct rc4_kernel *kernel);

/* The state ahead of the key schedule, and the key repeated to
 * 256 octets, so that the schedule's loop needs no remainder. */
void rc4_start(struct rc4 *r, const uint8_t *key, size_t length, uint8_t repeated[static 256]);
