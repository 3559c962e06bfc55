#include "client/pause.h"

#include "base/base.h"

uint32_t pause_next(struct pauses *pauses, const struct random *random)
{
	if (!pauses->first_ms)
		pauses->first_ms = PAUSE_FIRST_MS;
	if (!pauses->next_ms)
		pauses->next_ms = pauses->first_ms;
	uint32_t most = pauses->next_ms;
	if (most < PAUSE_MOST_MS)
		pauses->next_ms = MIN_OF(most * 2, PAUSE_MOST_MS);
	return most - random_below(random, most / 2 + 1);
}

void pause_link_stood(struct pauses *pauses, uint64_t stood_ms)
{
	if (stood_ms >= PAUSE_STEADY_MS)
		pauses->next_ms = 0;
}
