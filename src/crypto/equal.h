/* Comparing what a peer showed with a secret:
 * the time taken tells nothing about where they differ. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

bool secret_equal(const void *a, const void *b, size_t length);
