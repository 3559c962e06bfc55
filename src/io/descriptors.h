/* How many descriptors this process may have open. */
#pragma once
#include <stddef.h>

/* Raises the limit to the highest that this process may have. Returns what it is then. */
size_t descriptors_raise(void);
