/* Passwords and keys: wiped where their use ends. */
#pragma once
#include <stddef.h>
#include <string.h>

/* Overwrites with zeros, which the compiler may not leave out. */
static inline void secret_wipe(void *secret, size_t length)
{
	explicit_bzero(secret, length);
}
