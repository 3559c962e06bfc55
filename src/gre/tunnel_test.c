#include "gre/gre.h"
#include "tests/test.h"

#include "base/base.h"

/* Sends a data packet of one octet and reads its header back. */
static struct gre_header sent(struct gre_tunnel *g)
{
	struct packet p;
	struct gre_header h;
	packet_reset(&p);
	p.data[0] = 0x21;
	p.length = 1;
	gre_send(g, &p);
	assert_true(gre_pull(&p, &h));
	assert_int_equal(p.length, 1);
	return h;
}

TEST(gre_data_is_numbered_from_0_for_the_peers_call)
{
	struct gre_tunnel g;
	gre_tunnel_init(&g, 0xbeef);
	for (uint32_t i = 0; i < 3; i++) {
		struct gre_header h = sent(&g);
		assert_int_equal(h.seq, i);
		assert_int_equal(h.call_id, 0xbeef);
		assert_false(h.has_ack);
	}
}

TEST(gre_acknowledgement_rides_on_data_once)
{
	struct gre_tunnel g;
	gre_tunnel_init(&g, 1);
	assert_int_equal(gre_on_data(&g, 1, 1000), DROP_NONE);
	assert_int_equal(gre_on_data(&g, 4, 1010), DROP_NONE);
	assert_int_equal(gre_on_data(&g, 3, 1020), DROP_NONE);
	struct gre_header first = sent(&g), second = sent(&g);
	assert_true(first.has_ack);
	assert_int_equal(first.ack, 4); /* the highest, not the latest */
	assert_false(second.has_ack);
	assert_int_equal(gre_deadline(&g), UINT64_MAX);
}

TEST(gre_bare_acknowledgement_is_due_100_ms_after_the_oldest_debt)
{
	struct gre_tunnel g;
	struct packet p;
	struct gre_header h;
	gre_tunnel_init(&g, 0x1234);
	packet_reset(&p);
	assert_int_equal(gre_deadline(&g), UINT64_MAX);
	assert_false(gre_send_ack(&g, &p));
	assert_int_equal(p.length, 0);
	gre_on_data(&g, 0, 5000);
	gre_on_data(&g, 1, 5090);
	assert_int_equal(gre_deadline(&g), 5100);
	assert_true(gre_send_ack(&g, &p));
	assert_int_equal(p.length, 12);
	assert_true(gre_pull(&p, &h));
	assert_false(h.has_seq);
	assert_int_equal(h.ack, 1);
	assert_int_equal(h.call_id, 0x1234);
	assert_int_equal(gre_deadline(&g), UINT64_MAX);
	packet_reset(&p);
	assert_false(gre_send_ack(&g, &p));
	assert_int_equal(sent(&g).seq, 0); /* a bare acknowledgement used no number */
}

TEST(gre_unproved_packets_move_the_window_by_a_little_alone)
{
	struct gre_tunnel g;
	gre_tunnel_init(&g, 1);
	gre_on_unproved(&g, 1000, 0); /* the first of all: as good as any */
	assert_int_equal(g.window.newest, 1000);
	gre_on_unproved(&g, 1000 + GRE_CLEAR_STEP, 0);
	assert_int_equal(g.window.newest, 1000 + GRE_CLEAR_STEP);
	assert_int_equal(sent(&g).ack, 1000 + GRE_CLEAR_STEP);
	static const uint32_t forged[] = {1033, 1200, 60000, 3000000, 3000001, 3000002};
	for (size_t i = 0; i < COUNT_OF(forged); i++)
		gre_on_unproved(&g, forged[i], 0);
	assert_int_equal(g.window.newest, 1000 + GRE_CLEAR_STEP);
	assert_false(g.ack_owed);
	for (uint32_t seq = 1001; seq < 1000 + GRE_CLEAR_STEP; seq++)
		assert_int_equal(gre_on_data(&g, seq, 0), DROP_NONE);
	assert_int_equal(gre_on_data(&g, 1500, 0), DROP_NONE);
}

TEST(gre_refused_data_is_not_acknowledged)
{
	struct gre_tunnel g;
	struct packet p;
	gre_tunnel_init(&g, 1);
	packet_reset(&p);
	gre_on_data(&g, 7, 0);
	gre_send_ack(&g, &p);
	assert_int_equal(gre_on_data(&g, 7, 10), DROP_GRE_REPEATED);
	assert_int_equal(gre_on_data(&g, 90000, 10), DROP_GRE_JUMP);
	assert_int_equal(gre_deadline(&g), UINT64_MAX);
	assert_int_equal(gre_on_data(&g, 90001, 10), DROP_NONE); /* the leap was noted */
	assert_int_equal(gre_deadline(&g), 110);
}

TEST(gre_acknowledgement_of_what_was_never_sent_is_ignored)
{
	static const struct {
		uint32_t next_seq;
		bool wrapped;
		uint32_t ack;
		bool believed;
	} cases[] = {
		{0, false, UINT32_MAX, false}, /* Cisco, before anything was sent */
		{0, false, 0, false},
		{1, false, 0, true},
		{1, false, 1, false},
		{10, false, 9, true},
		{10, false, 10, false},
		{10, false, UINT32_MAX, false},
		{3000000000, false, 0, true},
		{3000000000, false, 3000000000, false},
		{0, true, UINT32_MAX, true}, /* just wrapped */
		{0, true, 0, false},
		{5, true, UINT32_MAX, true},
		{5, true, 4, true},
		{5, true, 5, false},
		{5, true, 1000, false},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gre_tunnel g;
		gre_tunnel_init(&g, 1);
		g.next_seq = cases[i].next_seq;
		g.wrapped = cases[i].wrapped;
		if (gre_on_ack(&g, cases[i].ack) != cases[i].believed)
			fail_msg("next %u, ack %u: expected %d", g.next_seq, cases[i].ack,
				 cases[i].believed);
		assert_int_equal(g.peer_acked_any, cases[i].believed);
	}
}

TEST(gre_acknowledgements_only_rise)
{
	struct gre_tunnel g;
	gre_tunnel_init(&g, 1);
	g.next_seq = UINT32_MAX - 1;
	for (int i = 0; i < 4; i++)
		sent(&g); /* …fe, …ff, 0, 1 */
	assert_true(g.wrapped);
	assert_true(gre_on_ack(&g, UINT32_MAX));
	assert_true(gre_on_ack(&g, 1));
	assert_int_equal(g.peer_acked, 1);
	assert_true(gre_on_ack(&g, UINT32_MAX - 1)); /* late: believed, and nothing new */
	assert_int_equal(g.peer_acked, 1);
}

TEST(gre_tunnel_accounts_for_lost_numbers)
{
	struct gre_tunnel g;
	gre_tunnel_init(&g, 1);
	for (uint32_t seq = 1; seq < 2000; seq++)
		if (seq % 100)
			gre_on_data(&g, seq, 0);
	/* 19 hundreds are missing; 1900 and 1800 are still awaited */
	assert_int_equal(g.lost, 17);
}
