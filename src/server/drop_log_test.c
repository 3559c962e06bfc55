#include "server/drop_log.h"

#include "base/base.h"
#include "tests/test.h"

struct said {
	int lines;
	enum drop drop;
	uint64_t count;
};

static void say(void *context, enum drop drop, uint64_t count)
{
	struct said *said = context;
	said->lines++;
	said->drop = drop;
	said->count = count;
}

TEST(drop_log_has_one_line_for_a_reason_in_ten_seconds)
{
	static const struct {
		uint64_t now_ms, count;
		int lines;
		uint64_t said, again_ms;
	} steps[] = {
		{1000, 0, 0, 0, TIME_NEVER},    {1000, 1, 1, 1, TIME_NEVER}, /* the first at once */
		{1001, 1, 0, 0, TIME_NEVER},    {1002, 50, 0, 0, 11000},
		{10999, 99, 0, 0, 11000},       {11000, 100, 1, 99, TIME_NEVER},
		{30000, 100, 0, 0, TIME_NEVER}, {30000, 101, 1, 1, TIME_NEVER},
	};
	struct drop_log log = {{0}};
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct said said = {0};
		uint64_t counts[DROP_COUNT] = {[DROP_IP_TOO_BIG] = steps[i].count};
		assert_int_equal(drop_log_look(&log, counts, steps[i].now_ms, say, &said),
				 steps[i].again_ms);
		assert_int_equal(said.lines, steps[i].lines);
		assert_int_equal(said.count, steps[i].said);
		assert_int_equal(said.drop, steps[i].lines ? DROP_IP_TOO_BIG : DROP_NONE);
	}
}

TEST(drop_log_keeps_reasons_apart)
{
	struct drop_log log = {{0}};
	struct said said = {0};
	uint64_t counts[DROP_COUNT] = {0};
	for (int i = DROP_NONE + 1; i < DROP_COUNT; i++)
		counts[i] = 3;
	assert_int_equal(drop_log_look(&log, counts, 1, say, &said), TIME_NEVER);
	assert_int_equal(said.lines, DROP_COUNT - 1);
	counts[DROP_CLEAR]++;
	counts[DROP_IP_SOURCE]++;
	assert_int_equal(drop_log_look(&log, counts, 2, say, &said), 1 + DROP_LOG_EVERY_MS);
	assert_int_equal(said.lines, DROP_COUNT - 1);
	assert_int_equal(drop_log_look(&log, counts, 10001, say, &said), TIME_NEVER);
	assert_int_equal(said.lines, DROP_COUNT + 1);
}
