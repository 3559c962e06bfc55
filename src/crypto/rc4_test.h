/* What tests share that run RC4 by each of its kernels: here, and in the rooms that stand on it. */
#pragma once
#include "crypto/rc4_kernel.h"

/* One kernel wherever there are jobs enough for it, and one lane for the rest. */
static inline struct rc4_plan plan_of(const struct rc4_kernel *kernel)
{
	struct rc4_plan plan;
	for (unsigned jobs = 0; jobs <= RC4_PLANNED; jobs++)
		plan.step[jobs] = jobs < kernel->lanes ? &rc4_kernels[0] : kernel;
	return plan;
}

/* Calls `check` with the plan of each kernel that this processor can run. */
static inline void by_every_kernel(void (*check)(const struct rc4_plan *plan))
{
	for (size_t k = 0; k < rc4_kernel_count; k++) {
		struct rc4_plan plan = plan_of(&rc4_kernels[k]);
		if (rc4_kernel_runs(&rc4_kernels[k]))
			check(&plan);
	}
}
