/* How a call ends after the farewells. */
#include "tests/test.h"

#include "tests/pair/world.h"

static bool server_released(const struct world *w)
{
	return w->ends[SERVER].releases > 0;
}

TEST(a_refused_login_leaves_the_call_standing_for_a_moment)
{
	struct world *w = world_new(5);
	w->registrar.wrong_password = true;
	world_dial(w, 1);
	assert_true(world_run(w, 60000, server_released));
	/* What it held is free, the call still stands. */
	assert_int_equal(w->ends[SERVER].ended, 0);
	uint64_t released_ms = w->now_ms;
	assert_true(world_run(w, 60000, world_is_over));
	assert_true(w->now_ms >= released_ms);
	assert_int_equal(w->ends[SERVER].ended, 1);
	assert_int_equal(w->ends[CLIENT].last_end.reason, LINK_END_AUTH_FAILED);
	world_free(w);
}
