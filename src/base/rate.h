/*
 * A token bucket for log lines that strangers can provoke at will: so many at once, so many a
 * second after that; the rest are counted, to be told of later.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct rate {
	uint32_t burst, per_second; /* set by its owner, the rest zero: begins full */
	uint64_t spent;             /* thousandths of a line, not yet made good for by time */
	uint64_t at_ms;             /* when `spent` was true */
	uint64_t left_out;          /* since rate_take_left_out */
};

/* May one more be written? What may not is counted in left_out. */
bool rate_allows(struct rate *rate, uint64_t now_ms);

/* How many were not written since this was asked last. */
uint64_t rate_take_left_out(struct rate *rate);
