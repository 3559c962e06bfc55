#include "io/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/log.h"

uint64_t clock_now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_now_ms(void)
{
	return clock_now_us() / 1000;
}

uint64_t clock_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void fill(void *context, void *bytes, size_t length)
{
	uint8_t *to = bytes;
	while (length) {
		ssize_t got = getrandom(to, length, 0);
		if (got < 0 && errno != EINTR) {
			log_error("the kernel gives no random numbers: %m");
			abort();
		}
		if (got > 0) {
			to += got;
			length -= (size_t)got;
		}
	}
}

struct random random_system(void)
{
	return (struct random){.fill = fill};
}
