#include "io/gre_fair.h"

#include "tests/test.h"

static struct gre_fair fair;

/* Frames in the order in which they are taken, as text. */
static void expect(const char *wanted)
{
	char seen[200] = "";
	size_t length = 0;
	for (unsigned frame; (frame = gre_fair_take(&fair)) != GRE_FAIR_NONE;)
		length += (size_t)snprintf(seen + length, sizeof(seen) - length, " %u", frame);
	assert_string_equal(seen, wanted);
	assert_int_equal(fair.waiting, 0);
}

TEST(gre_fair_gives_flows_their_turns_and_frames_of_a_flow_their_order)
{
	gre_fair_init(&fair);
	expect("");
	for (unsigned frame = 0; frame < 6; frame++)
		gre_fair_put(&fair, frame, 7);
	expect(" 0 1 2 3 4 5");
	for (unsigned frame = 0; frame < 6; frame++)
		gre_fair_put(&fair, frame, 7);
	gre_fair_put(&fair, 6, GRE_FAIR_FLOWS - 1);
	gre_fair_put(&fair, 7, 0);
	gre_fair_put(&fair, 8, GRE_FAIR_FLOWS - 1);
	assert_int_equal(fair.waiting, 9);
	expect(" 0 6 7 1 8 2 3 4 5");
}

TEST(gre_fair_lets_who_comes_late_wait_for_one_frame_of_each)
{
	gre_fair_init(&fair);
	for (unsigned frame = 0; frame < 900; frame++)
		gre_fair_put(&fair, frame, frame % 3);
	for (unsigned i = 0; i < 100; i++)
		gre_fair_take(&fair);
	gre_fair_put(&fair, 1000, 500);
	unsigned waited = 0;
	while (gre_fair_take(&fair) != 1000)
		waited++;
	assert_in_range(waited, 0, 3);
}

TEST(gre_fair_keeps_what_it_was_given_whatever_comes_and_goes)
{
	uint32_t state = 1;
	uint16_t flow_of[GRE_FAIR_FRAMES], put_at[GRE_FAIR_FRAMES], newest[GRE_FAIR_FLOWS] = {0};
	unsigned next = 0, put = 0, taken = 0;
	gre_fair_init(&fair);
	for (unsigned i = 0; i < 60000; i++) {
		state = state * 1103515245 + 12345;
		bool puts = (state >> 16) % 100 < (i / 5000 % 2 ? 30 : 70);
		if (puts && !gre_fair_has(&fair, next)) {
			unsigned flow = (state >> 20) % 2 ? 3 : (state >> 21) % GRE_FAIR_FLOWS;
			gre_fair_put(&fair, next, flow);
			flow_of[next] = (uint16_t)flow;
			put_at[next] = (uint16_t)++put;
			next = (next + 1) % GRE_FAIR_FRAMES;
		} else if (!puts) {
			unsigned frame = gre_fair_take(&fair);
			if (frame == GRE_FAIR_NONE)
				continue;
			taken++;
			assert_false(gre_fair_has(&fair, frame));
			assert_true((int16_t)(put_at[frame] - newest[flow_of[frame]]) > 0 ||
				    !newest[flow_of[frame]]);
			newest[flow_of[frame]] = put_at[frame];
		}
		assert_int_equal(fair.waiting, put - taken);
	}
	while (gre_fair_take(&fair) != GRE_FAIR_NONE)
		taken++;
	assert_int_equal(taken, put);
	assert_in_range(put, 20000, 60000);
}

TEST(gre_fair_tells_how_many_of_the_marked_still_wait)
{
	gre_fair_init(&fair);
	for (unsigned frame = 0; frame < 4; frame++)
		gre_fair_put(&fair, frame, 1);
	gre_fair_mark(&fair);
	assert_int_equal(fair.marked, 4);
	gre_fair_put(&fair, 4, 2);
	gre_fair_put(&fair, 5, 2);
	gre_fair_take(&fair); /* 0 */
	assert_int_equal(fair.marked, 3);
	gre_fair_take(&fair); /* 4, which was not there */
	assert_int_equal(fair.marked, 3);
	gre_fair_mark(&fair); /* while some still wait */
	assert_int_equal(fair.marked, 4);
	gre_fair_put(&fair, 6, 3);
	expect(" 1 5 6 2 3");
	assert_int_equal(fair.marked, 0);
}
