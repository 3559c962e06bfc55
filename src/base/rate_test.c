#include "base/rate.h"

#include "base/base.h"
#include "tests/test.h"

static uint32_t allowed(struct rate *rate, uint64_t now_ms, uint32_t asked)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < asked; i++)
		count += rate_allows(rate, now_ms);
	return count;
}

TEST(rate_allows_a_burst_and_then_so_many_a_second)
{
	static const struct {
		uint64_t now_ms;
		uint32_t asked, allowed;
	} steps
		[] =
			{
				{5000, 20, 10},       {5000, 5, 0},
				{5199, 5, 0}, /* a fifth of a second for one */
				{5200, 5, 1},         {5399, 1, 0},
				{5400, 3, 1},         {6400, 20, 5},
				{7400, 3, 3},         {7400, 3, 2},
				{10400, 99, 10}, /* never more than the burst */
				{1000000000, 99, 10}, {UINT64_MAX, 99, 10},
			};
	struct rate rate = {.burst = 10, .per_second = 5};
	for (size_t i = 0; i < COUNT_OF(steps); i++)
		assert_int_equal(allowed(&rate, steps[i].now_ms, steps[i].asked), steps[i].allowed);
}

TEST(rate_counts_what_was_left_out)
{
	struct rate rate = {.burst = 2, .per_second = 1};
	allowed(&rate, 0, 5);
	assert_int_equal(rate_take_left_out(&rate), 3);
	assert_int_equal(rate_take_left_out(&rate), 0);
	allowed(&rate, 1000, 2);
	assert_int_equal(rate_take_left_out(&rate), 1);
}

TEST(rate_survives_a_clock_that_goes_back_and_a_rate_of_nothing)
{
	struct rate rate = {.burst = 2, .per_second = 1}, never = {.burst = 1};
	assert_int_equal(allowed(&rate, 9000, 3), 2);
	assert_int_equal(allowed(&rate, 1000, 3), 0);
	assert_int_equal(allowed(&rate, 2000, 3), 1);
	assert_int_equal(allowed(&never, 0, 3), 1);
	assert_int_equal(allowed(&never, UINT64_MAX, 3), 0);
}
