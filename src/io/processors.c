#include "io/processors.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

uint32_t processors_count(void)
{
	cpu_set_t set;
	/* More than a cpu_set_t holds: then there are enough of them in any case. */
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return CPU_SETSIZE;
	int count = CPU_COUNT(&set);
	return count > 0 ? (uint32_t)count : 1;
}

/* The first version of the kernel's struct sched_attr, whose header and glibc's do not go together; the
 * two calls have no name in glibc either. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

void processors_take_short_turns(void)
{
	struct attributes mine = {.size = sizeof(mine)};
	if (syscall(SYS_sched_getattr, 0, &mine, sizeof(mine), 0))
		return;
	if (mine.policy != SCHED_OTHER && mine.policy != SCHED_BATCH)
		return; /* whoever chose another class meant it */
	mine.runtime_ns = PROCESSORS_TURN_US * 1000;
	mine.flags |= SCHED_FLAG_RESET_ON_FORK;
	syscall(SYS_sched_setattr, 0, &mine, 0);
}
