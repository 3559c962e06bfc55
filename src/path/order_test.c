#include "path/order.h"

#include "base/base.h"
#include "tests/test.h"

static const char first, second; /* sessions */

struct row {
	const void *session;
	uint32_t number;
	bool is_late;
};

/* The tags, which are the order of arrival, in the order of leaving. */
static void check(const struct row *rows, size_t count, const uint32_t *tags)
{
	struct order o = {0};
	for (uint32_t i = 0; i < count; i++)
		order_add(&o, (struct order_place){rows[i].session, rows[i].number, i},
			  rows[i].is_late);
	assert_int_equal(o.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(o.places[i].tag, tags[i]);
}

TEST(order_is_that_of_arrival_where_nothing_is_late)
{
	static const struct row rows[] = {
		{&first, 7, false}, {&second, 3, false}, {&first, 9, false}, {&second, 4, false}};
	check(rows, COUNT_OF(rows), (uint32_t[]){0, 1, 2, 3});
}

TEST(order_puts_the_late_before_later_ones_of_its_session)
{
	static const struct row rows[] = {{&first, 10, false}, {&first, 12, false},
					  {&first, 13, false}, {&first, 11, true},
					  {&first, 14, false}, {&first, 9, true}};
	check(rows, COUNT_OF(rows), (uint32_t[]){5, 0, 3, 1, 2, 4});
}

TEST(order_looks_past_other_sessions_and_leaves_theirs)
{
	static const struct row rows[] = {{&second, 2, false}, {&first, 12, false},
					  {&second, 3, false}, {&second, 4, false},
					  {&first, 11, true},  {&second, 1, true}};
	check(rows, COUNT_OF(rows), (uint32_t[]){5, 0, 4, 1, 2, 3});
}

/* Those before it in number went with an earlier batch, or were lost. */
TEST(order_lets_the_late_go_last_where_none_of_the_batch_is_later)
{
	static const struct row rows[] = {
		{&first, 5, false}, {&second, 9, false}, {&first, 6, true}};
	check(rows, COUNT_OF(rows), (uint32_t[]){0, 1, 2});
}

TEST(order_goes_by_numbers_that_wrap)
{
	static const struct row rows[] = {{&first, 0xfffffffe, false},
					  {&first, 1, false},
					  {&first, 0, true},
					  {&first, 0xffffffff, true}};
	check(rows, COUNT_OF(rows), (uint32_t[]){0, 3, 2, 1});
}
