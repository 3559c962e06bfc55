#include "base/rate.h"

enum { WHOLE = 1000 }; /* one line, in thousandths: what a rate of one makes good for in a second */

bool rate_allows(struct rate *rate, uint64_t now_ms)
{
	uint64_t passed_ms = now_ms > rate->at_ms ? now_ms - rate->at_ms : 0;
	/* Beyond this all is made good for, and the product below cannot overflow. */
	if (rate->per_second && passed_ms > rate->spent / rate->per_second)
		rate->spent = 0;
	else
		rate->spent -= passed_ms * rate->per_second;
	rate->at_ms = now_ms;
	if (rate->spent + WHOLE > (uint64_t)rate->burst * WHOLE) {
		rate->left_out++;
		return false;
	}
	rate->spent += WHOLE;
	return true;
}

uint64_t rate_take_left_out(struct rate *rate)
{
	uint64_t left_out = rate->left_out;
	rate->left_out = 0;
	return left_out;
}
