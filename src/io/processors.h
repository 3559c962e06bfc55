/* The processors that this process may run on. */
#pragma once
#include <stdint.h>

/* How many: what its affinity allows of those that are there; 1 at least. */
uint32_t processors_count(void);
