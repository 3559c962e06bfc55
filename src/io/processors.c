#include "io/processors.h"

#include <sched.h>

uint32_t processors_count(void)
{
	cpu_set_t set;
	/* More than a cpu_set_t holds: then there are enough of them in any case. */
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return CPU_SETSIZE;
	int count = CPU_COUNT(&set);
	return count > 0 ? (uint32_t)count : 1;
}
