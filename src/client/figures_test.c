/* What a load measures: percentiles, failures, the pace. */
#include "client/figures.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "tests/test.h"

TEST(percentiles_of_short_durations_are_exact)
{
	static const struct {
		unsigned percent;
		uint64_t us;
	} wanted[] = {{0, 0}, {1, 1}, {50, 25}, {90, 45}, {99, 50}, {100, 50}};
	static struct durations d;
	assert_int_equal(durations_percentile(&d, 50), 0);
	for (uint64_t us = 50; us >= 1; us--)
		durations_add(&d, us);
	assert_int_equal(d.count, 50);
	for (size_t i = 1; i < COUNT_OF(wanted); i++)
		assert_int_equal(durations_percentile(&d, wanted[i].percent), wanted[i].us);
}

TEST(percentiles_of_long_durations_are_right_within_a_64th_and_never_too_low)
{
	static struct durations d;
	static const unsigned percents[] = {1, 10, 50, 90, 99};
	for (uint64_t i = 1; i <= 1000; i++)
		durations_add(&d, i * 3137); /* 3 ms to 3 s */
	for (size_t i = 0; i < COUNT_OF(percents); i++) {
		uint64_t exact = percents[i] * 10 * (uint64_t)3137;
		uint64_t got = durations_percentile(&d, percents[i]);
		assert_true(got >= exact && got <= exact + exact / 64 + 1);
	}
	assert_int_equal(durations_percentile(&d, 100), 3137000);
}

TEST(every_duration_has_its_place)
{
	static const uint64_t edges[] = {0,
					 63,
					 64,
					 65,
					 127,
					 128,
					 129,
					 8191,
					 8192,
					 UINT32_MAX,
					 (uint64_t)1 << 38,
					 (uint64_t)1 << 45,
					 UINT64_MAX};
	for (size_t i = 0; i < COUNT_OF(edges); i++) {
		static struct durations d;
		memset(&d, 0, sizeof(d));
		durations_add(&d, edges[i]);
		assert_int_equal(d.most, edges[i]);
		assert_int_equal(durations_percentile(&d, 100), edges[i]);
		uint64_t total = 0;
		for (size_t step = 0; step < COUNT_OF(d.steps); step++)
			total += d.steps[step];
		assert_int_equal(total, 1);
	}
}

TEST(an_outlier_is_the_longest_but_not_the_rule)
{
	static struct durations d;
	for (int i = 0; i < 99; i++)
		durations_add(&d, 10);
	durations_add(&d, 5000000);
	assert_int_equal(durations_percentile(&d, 99), 10);
	assert_int_equal(durations_percentile(&d, 100), 5000000);
}

TEST(failures_that_look_alike_are_one_row)
{
	static struct failures f;
	failures_add(&f, STAGE_LOGIN, "refused");
	failures_add(&f, STAGE_TCP, "refused");
	failures_add(&f, STAGE_LOGIN, "refused");
	assert_int_equal(f.count, 2);
	assert_int_equal(f.rows[0].stage, STAGE_LOGIN);
	assert_int_equal(f.rows[0].count, 2);
	assert_int_equal(f.rows[1].count, 1);
}

TEST(failures_of_too_many_kinds_share_the_last_row)
{
	static struct failures f;
	char cause[300];
	for (int i = 0; i < 100; i++) {
		snprintf(cause, sizeof(cause), "%d %0200d", i, 7); /* longer than a row's text */
		failures_add(&f, STAGE_LCP, cause);
		failures_add(&f, STAGE_LCP, cause);
	}
	uint32_t total = 0;
	assert_int_equal(f.count, FAILURE_ROWS);
	for (size_t i = 0; i < f.count; i++)
		total += f.rows[i].count;
	assert_int_equal(total, 200);
	assert_string_equal(f.rows[FAILURE_ROWS - 1].cause, "various other causes");
}

TEST(the_pace_is_even_and_ends_with_the_last)
{
	static const struct {
		uint64_t rate, elapsed_us, most, due;
	} rows[] = {
		{100, 0, 1000, 1},          {100, 9999, 1000, 1},
		{100, 10000, 1000, 2},      {100, 1000000, 1000, 101},
		{100, 9990000, 1000, 1000}, {100, 3600000000, 1000, 1000},
		{1, 999999, 5, 1},          {1, 1000000, 5, 2},
		{1000000, 5, 100, 6},       {1000000, 86400000000, UINT64_MAX, 86400000001},
		{7, 500000, 100, 4},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(pace_due(rows[i].rate, rows[i].elapsed_us, rows[i].most),
				 rows[i].due);
}
