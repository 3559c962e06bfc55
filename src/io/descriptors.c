#include "io/descriptors.h"

#include <stdint.h>
#include <sys/resource.h>

size_t descriptors_raise(void)
{
	struct rlimit limit, raised;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return SIZE_MAX;
	raised = (struct rlimit){limit.rlim_max, limit.rlim_max};
	if (limit.rlim_cur != limit.rlim_max && !setrlimit(RLIMIT_NOFILE, &raised))
		limit = raised;
	return limit.rlim_cur == RLIM_INFINITY ? SIZE_MAX : (size_t)limit.rlim_cur;
}
