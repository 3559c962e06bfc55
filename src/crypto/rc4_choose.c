/*
 * Each kernel is timed over packets of a usual length, in a few rounds that interleave them; the
 * best counts, as whatever disturbs a round makes it longer. Then the cheapest way to spend any
 * number of jobs follows from the times of the kernels, from one job on upwards.
 */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "crypto/rc4_kernel.h"

enum { ROUNDS = 10, LENGTH = 512, KERNELS_MAX = 32, MUCH_THE_SAME = 8 /* an eighth more */ };

/* Packets to be timed with, a key for each. */
struct course {
	uint8_t keys[RC4_LANES_MAX][16], data[RC4_LANES_MAX][LENGTH];
	union rc4_room room;
	struct rc4_job jobs[RC4_LANES_MAX];
	const struct rc4_job *list[RC4_LANES_MAX];
};

static void course_init(struct course *c)
{
	memset(c, 0, sizeof(*c));
	for (unsigned i = 0; i < RC4_LANES_MAX; i++) {
		memset(c->keys[i], (int)i + 1, sizeof(c->keys[i]));
		c->keys[i][0] = 0x5a;
		c->jobs[i] = (struct rc4_job){c->keys[i], sizeof(c->keys[i]), c->data[i], LENGTH};
		c->list[i] = &c->jobs[i];
	}
}

/* The best time of each kernel, for one run of all its lanes. Those that this processor cannot run
 * are not looked at. */
static void time_all(uint64_t times[static KERNELS_MAX], size_t count,
		     bool (*runs)(const struct rc4_kernel *kernel), uint64_t (*now_ns)(void))
{
	struct course course;
	course_init(&course);
	for (size_t k = 0; k < count; k++)
		times[k] = UINT64_MAX;
	for (unsigned round = 0; round < ROUNDS; round++)
		for (size_t k = 0; k < count; k++) {
			if (!runs(&rc4_kernels[k]))
				continue;
			uint64_t start = now_ns();
			rc4_kernels[k].run(&course.room, course.list);
			uint64_t took = now_ns() - start;
			times[k] = MIN_OF(times[k], took);
		}
}

/*
 * Of two ways that cost much the same, the wide step comes first. Jobs are sorted, and the short ones had
 * better be those that walk alone; and a wide kernel, which leaves nothing of the core idle, is the one that
 * is held up by whoever is on the core's other thread just now, in the millisecond of the choice.
 */
static bool is_better(uint64_t cost, uint64_t than, const struct rc4_kernel *kernel,
		      const struct rc4_kernel *than_kernel)
{
	if (than == UINT64_MAX || kernel->lanes == than_kernel->lanes)
		return cost < than;
	if (kernel->lanes > than_kernel->lanes)
		return cost <= than + than / MUCH_THE_SAME;
	return cost + cost / MUCH_THE_SAME < than;
}

struct rc4_plan rc4_choose_where(bool (*runs)(const struct rc4_kernel *kernel),
				 uint64_t (*now_ns)(void))
{
	uint64_t times[KERNELS_MAX], least[RC4_PLANNED + 1] = {0};
	struct rc4_plan plan = rc4_plan_plain;
	size_t count = MIN_OF(rc4_kernel_count, (size_t)KERNELS_MAX);
	time_all(times, count, runs, now_ns);
	for (unsigned jobs = 1; jobs <= RC4_PLANNED; jobs++) {
		least[jobs] = UINT64_MAX;
		for (size_t k = 0; k < count; k++) {
			const struct rc4_kernel *kernel = &rc4_kernels[k];
			if (!runs(kernel) || kernel->lanes > jobs)
				continue;
			uint64_t cost = times[k] + least[jobs - kernel->lanes];
			if (!is_better(cost, least[jobs], kernel, plan.step[jobs]))
				continue;
			least[jobs] = cost;
			plan.step[jobs] = kernel;
		}
	}
	return plan;
}

struct rc4_plan rc4_choose(uint64_t (*now_ns)(void))
{
	return rc4_choose_where(rc4_kernel_runs, now_ns);
}

const char *rc4_plan_print(const struct rc4_plan *plan, char text[static RC4_PLAN_TEXT])
{
	size_t length = 0;
	text[0] = 0;
	for (unsigned lanes = RC4_LANES_MAX; lanes > 0; lanes--)
		for (size_t k = 0; k < rc4_kernel_count; k++) {
			const struct rc4_kernel *kernel = &rc4_kernels[k];
			bool used = false;
			for (unsigned jobs = 1; jobs <= RC4_PLANNED; jobs++)
				used |= plan->step[jobs] == kernel;
			if (!used || kernel->lanes != lanes || length >= RC4_PLAN_TEXT)
				continue;
			int more = snprintf(text + length, RC4_PLAN_TEXT - length, "%s%s",
					    length ? ", " : "", kernel->name);
			length += more > 0 ? (size_t)more : 0;
		}
	return text;
}
