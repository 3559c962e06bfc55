#include "path/backlog.h"

#include "base/base.h"
#include "tests/test.h"

#define MS UINT64_C(1000000)

enum { BATCH = 64 };

static uint64_t keys[BATCH];

/* The first `hot` packets are of session 1, the others of sessions 100 and so on. */
static void fill(unsigned hot)
{
	for (unsigned i = 0; i < BATCH; i++)
		keys[i] = i < hot ? 1 : 100 + i % 7;
}

static struct backlog_excess look(struct backlog *b, uint64_t overrun, uint64_t now_ns)
{
	return backlog_look(b, keys, BATCH, overrun, now_ns);
}

TEST(backlog_that_drains_loses_nothing)
{
	struct backlog b = {0};
	fill(60);
	for (uint64_t now = 5 * MS; now < 10000 * MS; now += MS) {
		if (now / MS % 90 == 0)
			backlog_drained(&b, now);
		else
			assert_int_equal(look(&b, 0, now).count, 0);
	}
}

TEST(backlog_that_stands_loses_single_packets_of_whoever_has_most)
{
	struct backlog b = {0};
	unsigned dropped = 0;
	backlog_drained(&b, MS);
	fill(40);
	for (uint64_t now = 2 * MS; now < 1000 * MS; now += MS / 4) {
		struct backlog_excess excess = look(&b, 0, now);
		assert_in_range(excess.count, 0, 1);
		assert_true(!excess.count || excess.key == 1);
		assert_false(excess.is_pressed);
		assert_true(!excess.count || now > 100 * MS);
		dropped += excess.count;
	}
	assert_in_range(dropped, 10, 50); /* (900 ms / 200 ms) squared, by CoDel's law */
}

TEST(backlog_that_overflows_leaves_nobody_more_than_half_of_a_batch)
{
	static const struct {
		unsigned hot, dropped;
	} rows[] = {{64, 32}, {50, 18}, {33, 1}, {32, 0}, {0, 0}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct backlog b = {0};
		fill(rows[i].hot);
		backlog_drained(&b, MS);
		assert_int_equal(look(&b, 0, 2 * MS).count, 0);
		assert_int_equal(look(&b, 0, 7 * MS).count, 0);
		for (uint64_t now = 8 * MS; now < 20 * MS; now += MS) {
			struct backlog_excess excess = look(&b, 5, now); /* once is enough */
			assert_int_equal(excess.count, rows[i].dropped);
			assert_true(!excess.count || (excess.key == 1 && excess.is_pressed));
		}
		backlog_drained(&b, 20 * MS);
		assert_int_equal(look(&b, 5, 30 * MS).count, 0);
	}
}

/* What was dropped before anybody asked is no sign of today's. */
TEST(backlog_asks_what_the_kernel_dropped_only_when_it_stands)
{
	struct backlog b = {0};
	backlog_drained(&b, 100 * MS);
	assert_false(backlog_is_old(&b, 104 * MS));
	assert_true(backlog_is_old(&b, 105 * MS));
	fill(64);
	assert_int_equal(look(&b, 1000, 101 * MS).count, 0);
	assert_false(b.was_asked);
	for (uint64_t now = 106 * MS; now < 150 * MS; now += MS)
		assert_int_equal(look(&b, 1000, now).count, 0);
	assert_int_equal(look(&b, 1001, 150 * MS).count, 32);
}
