#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

uint64_t bench_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The first value of /proc/cpuinfo that is named so; what it is where there is none. */
static void cpu_value(const char *name, char *value, size_t size)
{
	char line[512];
	FILE *file = fopen("/proc/cpuinfo", "re");
	snprintf(value, size, "?");
	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');
		if (!colon || strncmp(line, name, strlen(name)) != 0)
			continue;
		snprintf(value, size, "%s", colon + 2);
		value[strcspn(value, "\n")] = 0;
		break;
	}
	if (file)
		fclose(file);
}

void bench_print_machine(void)
{
	char model[128], number[32];
	struct utsname kernel;
	cpu_value("model name", model, sizeof(model));
	cpu_value("model\t", number, sizeof(number));
	uname(&kernel);
	printf("machine: %s (model %s), %ld cores, %s %s %s, %s %s\n", model, number,
	       sysconf(_SC_NPROCESSORS_ONLN), kernel.sysname, kernel.release, kernel.machine,
#ifdef __clang__
	       "clang", __clang_version__
#else
	       "gcc", __VERSION__
#endif
	);
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

static double measure_once(const struct bench_way *way)
{
	if (way->before)
		way->before(way->context);
	uint64_t start = bench_now_ns();
	way->run(way->context);
	return (double)(bench_now_ns() - start) / way->units;
}

void bench_measure(const struct bench_way *ways, size_t count, unsigned rounds,
		   struct bench_figures *figures)
{
	double *samples = calloc(count * rounds, sizeof(*samples));
	if (!samples)
		abort();
	for (size_t way = 0; way < count; way++)
		measure_once(&ways[way]);
	for (unsigned round = 0; round < rounds; round++)
		for (size_t way = 0; way < count; way++)
			samples[way * rounds + round] = measure_once(&ways[way]);
	for (size_t way = 0; way < count; way++) {
		double *mine = samples + way * rounds;
		qsort(mine, rounds, sizeof(*mine), compare);
		figures[way] = (struct bench_figures){mine[0], mine[rounds / 4], mine[rounds / 2]};
	}
	free(samples);
}
