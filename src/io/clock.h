/* The real sources of time and chance, which pure rooms are handed. */
#pragma once
#include <stdint.h>

#include "base/random.h"

/* Milliseconds that never go back; where they start means nothing. */
uint64_t clock_now_ms(void);
uint64_t clock_now_us(void); /* the same clock, finer: for measuring */

/* The same clock in nanoseconds, for measuring. */
uint64_t clock_now_ns(void);

/* getrandom(2). Ends the process where the kernel has
 * no randomness to give: no key could be safe. */
struct random random_system(void);
