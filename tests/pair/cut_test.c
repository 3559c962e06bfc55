/* What comes is cut short: nobody is harmed, at either end. */
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "tests/pair/world.h"

/* GRE packets that are on their way, so that pieces of them can come first. */
struct overheard {
	struct in_flight flights[64];
	size_t count;
};

static void overhear(struct world *w, struct in_flight *flight)
{
	struct overheard *o = w->context;
	assert_true(o->count < COUNT_OF(o->flights));
	o->flights[o->count++] = *flight;
}

/* Time passes; before each packet come all its pieces. Returns how many those were. */
static unsigned run_with_pieces(struct world *w, unsigned ms)
{
	struct overheard *o = w->context;
	unsigned pieces = 0;
	while (ms--) {
		world_run(w, 1, NULL);
		for (size_t i = 0; i < o->count; i++)
			for (size_t cut = 0; cut < o->flights[i].length; cut++, pieces++)
				world_arrive(w, o->flights[i].to, o->flights[i].bytes, cut);
		o->count = 0;
	}
	return pieces;
}

/* Of a call from the first Configure-Request to the last Terminate-Ack; the frames inside, cut in
 * GRE packets that are whole, are in ppp/link_test.c. */
TEST(every_piece_of_every_packet_of_a_call_is_dropped_at_either_end)
{
	static struct overheard overheard;
	struct world *w = world_new(3);
	overheard.count = 0;
	w->context = &overheard;
	w->on_wire = overhear;
	world_dial(w, 1);
	assert_true(run_with_pieces(w, 2000) > 500);
	assert_true(world_is_up(w));
	for (int side = 0; side < 2; side++)
		world_send(w, side, 0, 3, 100);
	assert_true(run_with_pieces(w, 1000) > 600);
	for (int side = 0; side < 2; side++)
		assert_int_equal(w->ends[side].inbox_count, 3);
	session_close(world_session(w, SERVER, 0), "enough", w->now_ms);
	world_perform(w, SERVER);
	assert_true(run_with_pieces(w, 1000) >= 2 * 20); /* a request and an acknowledgement */
	world_lose_tcp(w, CLIENT);
	world_run_out(w, 1000);
	world_assert_clean(w);
	for (int side = 0; side < 2; side++)
		assert_int_equal(w->ends[side].ipv4_ups, 1);
	world_free(w);
}

TEST(tcp_may_break_behind_every_octet_of_every_message_to_either_end)
{
	/* Start- and Outgoing-Call-Request to the server; the replies to the client. */
	static const uint32_t octets[2] = {[SERVER] = 156 + 168, [CLIENT] = 156 + 32};
	for (int side = 0; side < 2; side++) {
		for (uint32_t at = 1; at <= octets[side]; at++) {
			struct world *w = world_new(at);
			w->wire.stream_cut[side] = at;
			world_dial(w, 1);
			world_run_out(w, 120000);
			world_assert_clean(w);
			assert_int_equal(w->ends[SERVER].closes, 1);
			assert_int_equal(w->ends[CLIENT].closes, 1);
			assert_int_equal(w->ends[SERVER].ipv4_ups + w->ends[CLIENT].ipv4_ups, 0);
			world_free(w);
		}
	}
}
