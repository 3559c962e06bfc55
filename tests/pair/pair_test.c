/* Whole calls: from Start-Control-Connection-Request to encrypted packets and back, in one process. */
#include "tests/test.h"

#include <string.h>

#include "tests/pair/world.h"

TEST(a_call_comes_up_and_carries_packets_both_ways)
{
	struct world *w = world_new(1);
	world_dial(w, 1);
	if (!world_run(w, 60000, world_is_up))
		fail_msg("server:\n%s\nclient:\n%s", w->ends[SERVER].log, w->ends[CLIENT].log);
	world_send(w, CLIENT, 0, 10, 100, 4);
	world_send(w, SERVER, 0, 10, 1300, 4);
	world_run(w, 1000, NULL);
	assert_int_equal(w->ends[SERVER].inbox_count, 10);
	assert_int_equal(w->ends[CLIENT].inbox_count, 10);
	assert_int_equal(w->clear_packets, 0);
	assert_int_equal(w->encrypted_packets, 20);
	world_free(w);
}
