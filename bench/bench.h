/*
 * What the benchmarks share. Ways of doing the same work are measured in interleaved rounds, so
 * that a disturbance of the machine meets them all; what counts is their ratio within one run.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Nanoseconds that never go back. */
uint64_t bench_now_ns(void);

/* CPU, cores, kernel and compiler: the first line of every table. */
void bench_print_machine(void);

/* One way of doing the work. */
struct bench_way {
	const char *name;
	void (*before)(void *context); /* ahead of each round, not timed; may be NULL */
	void (*run)(void *context);    /* one round */
	void *context;
	unsigned units; /* packets in one round: what the figures are given for */
};

/* Nanoseconds a unit. */
struct bench_figures {
	double min, quiet, median; /* quiet: the lower quartile */
};

/* Runs all ways in turn, `rounds` times and once before that does not count. */
void bench_measure(const struct bench_way *ways, size_t count, unsigned rounds,
		   struct bench_figures *figures);
