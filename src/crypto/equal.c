#include "crypto/equal.h"

#include <nettle/memops.h>

bool secret_equal(const void *a, const void *b, size_t length)
{
	return memeql_sec(a, b, length);
}
