/* How long to wait before the next attempt: each pause about twice the one before, with some
 * chance in it, so that the clients of a server that comes back do not come all at once. Pure. */
#pragma once
#include <stdint.h>

#include "base/random.h"

enum { PAUSE_FIRST_MS = 2000, PAUSE_MOST_MS = 120000, PAUSE_STEADY_MS = 60000 };

struct pauses {
	uint32_t first_ms; /* 0: PAUSE_FIRST_MS */
	uint32_t next_ms;  /* 0: first_ms */
};

/* The next pause: between half of it and all of it. */
uint32_t pause_next(struct pauses *pauses, const struct random *random);

/* A link that stood for so long ends: after PAUSE_STEADY_MS pauses begin anew. */
void pause_link_stood(struct pauses *pauses, uint64_t stood_ms);
