#include "path/turns.h"

#include "base/base.h"
#include "tests/test.h"

/* Who waits with packets of which length, and for how many. */
struct waiter {
	struct turn turn;
	size_t length;
	uint32_t packets, octets_sent;
};

static struct waiter *next(struct turns *turns)
{
	struct turn *turn;
	while ((turn = turns_next(turns))) {
		struct waiter *w = CONTAINER_OF(turn, struct waiter, turn);
		if (w->packets) {
			w->packets--;
			w->octets_sent += (uint32_t)w->length;
			turn_spend(turn, w->length);
			return w;
		}
		turns_had_nothing(turns, turn);
	}
	return NULL;
}

TEST(turns_share_octets_equally_whatever_the_packets_lengths)
{
	static const size_t lengths[] = {40, 100, 576, 1400, 1500};
	struct waiter waiters[COUNT_OF(lengths)] = {0};
	struct turns turns;
	turns_init(&turns);
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		waiters[i].length = lengths[i];
		waiters[i].packets = UINT32_MAX;
		turns_join(&turns, &waiters[i].turn);
	}
	for (size_t i = 0; i < 100000; i++)
		assert_non_null(next(&turns));
	for (size_t i = 1; i < COUNT_OF(lengths); i++)
		assert_in_range(waiters[i].octets_sent + (size_t)3 * TURNS_OCTETS,
				waiters[0].octets_sent,
				waiters[0].octets_sent + (size_t)6 * TURNS_OCTETS);
}

TEST(turns_let_who_comes_new_go_before_who_waits_always)
{
	struct waiter bulk[2] = {{.length = 1500, .packets = 1000},
				 {.length = 1500, .packets = 1000}};
	struct waiter sparse = {.length = 100};
	struct turns turns;
	turns_init(&turns);
	for (size_t i = 0; i < 2; i++)
		turns_join(&turns, &bulk[i].turn);
	for (size_t i = 0; i < 10; i++)
		next(&turns);
	for (size_t i = 0; i < 20; i++) {
		sparse.packets = 1;
		turns_join(&turns, &sparse.turn);
		assert_ptr_equal(next(&turns), &sparse);
		/* Long enough for its place to be given up. */
		for (size_t k = 0; k < 6; k++)
			assert_ptr_not_equal(next(&turns), &sparse);
		assert_int_equal(sparse.turn.place, TURN_OUT);
	}
}

TEST(turns_are_no_sooner_for_who_goes_and_comes_again)
{
	struct waiter bulk = {.length = 1500, .packets = 1000}, restless = {.length = 1500};
	struct turns turns;
	turns_init(&turns);
	turns_join(&turns, &bulk.turn);
	for (size_t i = 0; i < 400; i++) {
		if (!restless.packets) { /* each time that it has sent all */
			restless.packets = 1;
			turns_join(&turns, &restless.turn);
		}
		next(&turns);
	}
	assert_in_range(bulk.octets_sent, 190 * 1500, 400 * 1500);
}

TEST(turns_end_where_nobody_waits)
{
	struct waiter one = {.length = 1500, .packets = 2}, gone = {.length = 1, .packets = 1};
	struct turns turns;
	turns_init(&turns);
	assert_null(next(&turns));
	turns_join(&turns, &one.turn);
	turns_join(&turns, &gone.turn);
	turns_join(&turns, &gone.turn); /* a second time is none */
	turn_leave(&gone.turn);
	turn_leave(&gone.turn);
	assert_ptr_equal(next(&turns), &one);
	assert_ptr_equal(next(&turns), &one);
	assert_null(next(&turns));
	assert_int_equal(one.turn.place, TURN_OUT);
	assert_int_equal(gone.packets, 1);
}
