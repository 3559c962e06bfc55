/* The processors that this process may run on, and how it shares them. */
#pragma once
#include <stdint.h>

enum { PROCESSORS_TURN_US = 200 };

/* How many: what its affinity allows of those that are there; 1 at least. */
uint32_t processors_count(void);

/*
 * Asks for short turns on a processor for the calling thread, PROCESSORS_TURN_US each: since Linux 6.12
 * who wants less at a time has its turn sooner, so a packet that wakes the thread does not wait until
 * somebody with a long turn has had all of it. Its share stays the same; so do class and niceness, and
 * what it starts has usual turns again. Older kernels leave all as it is.
 */
void processors_take_short_turns(void);
