/* DSCP and ECN between two ends: what leaves outside, what arrives inside. */
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "ip/marks.h"
#include "tests/pair/world.h"

enum { KEEP = 0x100 };

/* What a router on the way sees, and what it does. */
struct router {
	uint8_t saw;   /* the outer octet of the last packet */
	unsigned seen; /* packets */
	uint16_t puts; /* an ECN, or KEEP */
};

static void pass_router(struct world *w, struct in_flight *flight)
{
	struct router *router = w->context;
	router->saw = flight->tos;
	router->seen++;
	if (router->puts != KEEP)
		flight->tos = (uint8_t)((flight->tos & ~ECN_FIELD) | router->puts);
}

static struct router *put_router(struct world *w, uint16_t puts)
{
	static struct router router;
	router = (struct router){.puts = puts};
	w->context = &router;
	w->on_wire = pass_router;
	return &router;
}

/* A packet with this octet goes from one end to the other. The octet it arrives with, or -1. */
static int send_marked(struct world *w, int from, uint8_t octet)
{
	static struct packet p;
	struct end *to = &w->ends[!from];
	world_make_udp(&p, world_session(w, from, 0), 7, 100);
	p.data[1] = octet;
	to->inbox_count = 0;
	world_send_packet(w, from, 0, &p);
	world_run(w, 10, NULL);
	assert_true(to->inbox_count <= 1);
	return to->inbox_count ? to->inbox[0].bytes[1] : -1;
}

TEST(between_two_of_ours_a_mark_from_the_way_arrives_inside)
{
	struct world *w = world_with_call(1);
	for (int from = 0; from < 2; from++) {
		struct router *router = put_router(w, KEEP);
		assert_int_equal(send_marked(w, from, 0xb8 | ECN_ECT_0), 0xb8 | ECN_ECT_0);
		assert_int_equal(router->saw, ECN_ECT_0);
		assert_int_equal(send_marked(w, from, ECN_ECT_1), ECN_ECT_1);
		assert_int_equal(router->saw, ECN_ECT_1);
		assert_int_equal(send_marked(w, from, ECN_CE), ECN_CE);
		assert_int_equal(router->saw, ECN_CE);
		put_router(w, ECN_CE);
		assert_int_equal(send_marked(w, from, 0xb8 | ECN_ECT_0), 0xb8 | ECN_CE);
		assert_int_equal(send_marked(w, from, ECN_ECT_1), ECN_CE);
	}
	world_free(w);
}

/* A router that is crowded at every third packet. */
struct busy_router {
	unsigned seen;
	uint8_t saw[BATCH_MAX];
};

static bool is_crowded(unsigned seen, uint8_t octet)
{
	return seen % 3 == 0 && (octet & ECN_FIELD) != ECN_NOT_ECT;
}

static void pass_busy_router(struct world *w, struct in_flight *flight)
{
	struct busy_router *router = w->context;
	if (router->seen == BATCH_MAX)
		return;
	router->saw[router->seen] = flight->tos;
	if (is_crowded(router->seen++, flight->tos))
		flight->tos |= ECN_CE;
}

TEST(each_packet_of_a_batch_of_any_size_keeps_its_own_marks)
{
	static struct packet p;
	struct world *w = world_new(7);
	world_call(w, 2);
	w->on_wire = pass_busy_router;
	for (unsigned size = 1; size <= BATCH_MAX; size++) {
		for (int from = 0; from < 2; from++) {
			struct random random = test_random(&w->seed);
			struct busy_router router = {0};
			uint8_t octets[BATCH_MAX];
			random_fill(&random, octets, sizeof(octets));
			w->context = &router;
			world_batch(w, size);
			w->ends[!from].inbox_count = 0;
			for (unsigned i = 0; i < BATCH_MAX; i++) {
				world_make_udp(&p, world_session(w, from, i % 2), i, 100);
				p.data[1] = octets[i];
				world_send_packet(w, from, i % 2, &p);
			}
			world_run(w, 10, NULL);
			assert_int_equal(w->ends[!from].inbox_count, BATCH_MAX);
			for (unsigned i = 0; i < BATCH_MAX; i++) {
				bool marked = is_crowded(i, octets[i]);
				assert_int_equal(world_inbox_number(w, !from, i), i);
				assert_int_equal(router.saw[i], octets[i] & ECN_FIELD);
				assert_int_equal(w->ends[!from].inbox[i].bytes[1],
						 octets[i] | (marked ? ECN_CE : 0));
			}
		}
	}
	world_free(w);
}

TEST(nobody_is_told_that_he_may_mark_for_an_end_that_would_lose_it)
{
	static const struct {
		enum ecn_policy policy;
		const char *caller; /* its vendor name */
		uint8_t outer;      /* of a packet with ECT(0) */
	} rows[] = {
		{ECN_AUTO, "poptun", ECN_ECT_0},     {ECN_AUTO, "Microsoft", ECN_NOT_ECT},
		{ECN_AUTO, "cananian", ECN_NOT_ECT}, {ECN_AUTO, "", ECN_NOT_ECT},
		{ECN_AUTO, "poptun2", ECN_NOT_ECT},  {ECN_ON, "Microsoft", ECN_ECT_0},
		{ECN_OFF, "poptun", ECN_NOT_ECT},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(2);
		w->ends[SERVER].settings->ecn = rows[i].policy;
		w->ends[CLIENT].settings->control.vendor = rows[i].caller;
		world_call(w, 1);
		struct router *router = put_router(w, KEEP);
		assert_int_equal(send_marked(w, SERVER, ECN_ECT_0), ECN_ECT_0);
		assert_int_equal(router->saw, rows[i].outer);
		assert_int_equal(send_marked(w, SERVER, ECN_CE), ECN_CE);
		/* The other way both know what the server is, and marks that come are carried. */
		put_router(w, ECN_CE);
		assert_int_equal(send_marked(w, CLIENT, ECN_ECT_0), ECN_CE);
		world_free(w);
	}
}

TEST(a_marked_packet_whose_sender_knows_no_ecn_is_dropped_and_nothing_else)
{
	struct world *w = world_with_call(3);
	struct session *server = world_session(w, SERVER, 0);
	put_router(w, ECN_CE);
	assert_int_equal(send_marked(w, CLIENT, 0xb8), -1);
	assert_int_equal(server->drops[DROP_IP_CONGESTED], 1);
	assert_int_equal(server->account.packets_in, 0);
	put_router(w, KEEP);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(send_marked(w, CLIENT, 0xb8), 0xb8);
	assert_int_equal(server->drops[DROP_IP_CONGESTED], 1);
	assert_int_equal(server->account.packets_in, 3);
	world_free(w);
}

TEST(a_call_stands_although_every_packet_of_it_is_marked)
{
	struct world *w = world_new(4);
	struct router *router = put_router(w, ECN_CE);
	world_call(w, 1);
	assert_true(router->seen > 10);
	assert_int_equal(w->ends[SERVER].drops[DROP_IP_CONGESTED], 0);
	world_free(w);
}

TEST(the_dscp_of_all_or_of_each_packet_stands_outside)
{
	static const struct {
		uint16_t tos;
		uint8_t inner, outer, control;
	} rows[] = {
		{0, 0xb8, 0, 0},
		{0x28, 0xb8 | ECN_ECT_0, 0x28 | ECN_ECT_0, 0x28},
		{TOS_COPY, 0xb8 | ECN_ECT_0, 0xb8 | ECN_ECT_0, 0},
		{TOS_COPY, 0, 0, 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(5);
		w->ends[SERVER].settings->tos = rows[i].tos;
		world_call(w, 1);
		struct router *router = put_router(w, KEEP);
		assert_int_equal(send_marked(w, SERVER, rows[i].inner), rows[i].inner);
		assert_int_equal(router->saw, rows[i].outer);
		/* Its farewell is PPP's own. */
		session_close(world_session(w, SERVER, 0), "enough", w->now_ms);
		world_perform(w, SERVER);
		assert_int_equal(router->seen, 2);
		assert_int_equal(router->saw, rows[i].control);
		world_run_out(w, 60000);
		world_free(w);
	}
}

TEST(marks_that_no_tunnel_makes_are_told_of_once)
{
	struct world *w = world_with_call(6);
	put_router(w, ECN_ECT_0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(send_marked(w, CLIENT, ECN_NOT_ECT), ECN_NOT_ECT);
	assert_int_equal(world_log_count(w, SERVER, "ecn=odd inner=0 outer=2"), 1);
	assert_int_equal(world_log_count(w, SERVER, "ecn=odd"), 1);
	world_free(w);
}
