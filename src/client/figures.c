#include "client/figures.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"

enum { EXACT_BITS = 6 };

/* Below 64 the value itself; above, the highest seven bits and how far they were shifted. */
static size_t step_of(uint64_t us)
{
	if (us < DURATION_STEPS)
		return us;
	unsigned shift = 63u - (unsigned)__builtin_clzll(us) - EXACT_BITS;
	size_t step = (shift + 1) * (size_t)DURATION_STEPS + (us >> shift) - DURATION_STEPS;
	return MIN_OF(step, (size_t)DURATION_STEPS * DURATION_DOUBLINGS - 1);
}

/* The longest duration of a step. */
static uint64_t end_of(size_t step)
{
	if (step < DURATION_STEPS)
		return step;
	unsigned shift = (unsigned)(step / DURATION_STEPS - 1);
	uint64_t first = (uint64_t)(DURATION_STEPS + step % DURATION_STEPS) << shift;
	return first + ((uint64_t)1 << shift) - 1;
}

void durations_add(struct durations *d, uint64_t us)
{
	d->steps[step_of(us)]++;
	d->count++;
	d->most = MAX_OF(d->most, us);
}

uint64_t durations_percentile(const struct durations *d, unsigned percent)
{
	uint64_t wanted = (d->count * percent + 99) / 100, seen = 0;
	/* The last step has no end. */
	for (size_t i = 0; i < COUNT_OF(d->steps) - 1 && wanted; i++) {
		seen += d->steps[i];
		if (seen >= wanted)
			return MIN_OF(end_of(i), d->most);
	}
	return d->most;
}

void failures_add(struct failures *f, enum stage stage, const char *cause)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->rows[i].stage == stage &&
		    !strncmp(f->rows[i].cause, cause, FAILURE_CAUSE - 1)) {
			f->rows[i].count++;
			return;
		}
	if (f->count == FAILURE_ROWS) {
		struct failure_row *last = &f->rows[FAILURE_ROWS - 1];
		snprintf(last->cause, sizeof(last->cause), "various other causes");
		last->count++;
		return;
	}
	struct failure_row *row = &f->rows[f->count++];
	row->stage = stage;
	row->count = 1;
	snprintf(row->cause, sizeof(row->cause), "%s", cause);
}

uint64_t pace_due(uint64_t rate, uint64_t elapsed_us, uint64_t most)
{
	uint64_t due = 1 + elapsed_us / 1000000 * rate + elapsed_us % 1000000 * rate / 1000000;
	return MIN_OF(due, most);
}
