/* The way of data packets between two ends: late ones, forged ones, sizes. */
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "gre/gre.h"
#include "ip/ip.h"
#include "ppp/frame.h"
#include "tests/pair/world.h"

static uint64_t server_drops(const struct world *w, enum drop drop)
{
	return world_session(w, SERVER, 0)->drops[drop];
}

/* Keeps packets back until the test lets them go. */
struct pile {
	bool keeps;
	size_t count;
	struct in_flight flights[256];
};

static void keep(struct world *w, struct in_flight *flight)
{
	struct pile *pile = w->context;
	if (!pile->keeps || pile->count == COUNT_OF(pile->flights))
		return;
	pile->flights[pile->count++] = *flight;
	flight->used = false;
}

static struct pile *pile_up(struct world *w, unsigned packets)
{
	static struct pile pile;
	pile.count = 0;
	w->context = &pile;
	w->on_wire = keep;
	pile.keeps = true;
	world_send(w, CLIENT, 0, packets, 100);
	pile.keeps = false;
	assert_int_equal(pile.count, packets);
	return &pile;
}

/* Those of the pile, the last first. */
static void arrive_backwards(struct world *w, const struct pile *pile)
{
	const struct in_flight *batch[BATCH_MAX];
	for (size_t left = pile->count; left;) {
		size_t count = 0;
		while (left && count < w->receive_batch)
			batch[count++] = &pile->flights[--left];
		world_receive(w, SERVER, batch, count);
	}
}

TEST(late_packets_are_accepted_once_in_batches_of_every_size)
{
	enum { PACKETS = 60 }; /* MPPE keeps 64 keys */
	for (unsigned size = 1; size <= BATCH_MAX; size++) {
		struct world *w = world_with_call(3 + size);
		world_batch(w, size);
		struct pile *pile = pile_up(w, PACKETS);
		arrive_backwards(w, pile);
		arrive_backwards(w, pile);
		assert_int_equal(w->ends[SERVER].inbox_count, PACKETS);
		assert_int_equal(server_drops(w, DROP_GRE_REPEATED), PACKETS);
		for (unsigned i = 0; i < PACKETS; i++)
			assert_int_equal(world_inbox_number(w, SERVER, i), PACKETS - 1 - i);
		world_free(w);
	}
}

/* Beside each other, and the whole batch over again. */
TEST(a_packet_twice_in_a_batch_of_any_size_is_delivered_once)
{
	struct world *w = world_with_call(4);
	unsigned repeated = 0;
	for (unsigned size = 2; size <= BATCH_MAX; size++) {
		for (int beside = 0; beside < 2; beside++) {
			const struct in_flight *batch[BATCH_MAX];
			unsigned packets = (size + 1) / 2;
			struct pile *pile = pile_up(w, packets);
			for (unsigned i = 0; i < size; i++)
				batch[i] = &pile->flights[beside ? i / 2 : i % packets];
			w->ends[SERVER].inbox_count = 0;
			world_receive(w, SERVER, batch, size);
			repeated += size - packets;
			assert_int_equal(w->ends[SERVER].inbox_count, packets);
			assert_int_equal(server_drops(w, DROP_GRE_REPEATED), repeated);
			for (unsigned i = 0; i < packets; i++)
				assert_int_equal(world_inbox_number(w, SERVER, i), i);
		}
	}
	world_free(w);
}

/* A frame as the client would send it: numbered rightly, but with what the test says inside. */
static void inject(struct world *w, struct session *as, uint16_t protocol, struct packet *p)
{
	frame_push(p, protocol);
	gre_send(&as->gre, p);
	world_arrive(w, SERVER, p->data, p->length);
}

TEST(a_clear_packet_is_not_accepted_where_encryption_is_in_force)
{
	static const struct {
		enum mppe_policy policy;
		bool up;
	} rows[] = {{MPPE_REQUIRED, true}, {MPPE_OPTIONAL, true}, {MPPE_REQUIRED, false}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		static struct packet p;
		struct world *w = world_new(5);
		w->ends[SERVER].settings->link.mppe = rows[i].policy;
		world_dial(w, 1);
		world_run(w, rows[i].up ? 10000 : 12, NULL);
		assert_int_equal(world_session(w, SERVER, 0)->ipv4_up, rows[i].up);
		struct session *client = world_session(w, CLIENT, 0);
		world_make_udp(&p, client, 7, 100);
		inject(w, client, PPP_IPV4, &p);
		assert_int_equal(w->ends[SERVER].inbox_count, 0);
		assert_int_equal(server_drops(w, DROP_CLEAR), 1);
		if (rows[i].up) { /* and nothing is the worse for it */
			world_send(w, CLIENT, 0, 3, 100);
			world_run(w, 100, NULL);
			assert_int_equal(w->ends[SERVER].inbox_count, 3);
		}
		world_free(w);
	}
}

TEST(nothing_leaves_before_the_network_is_up_nor_after_it)
{
	static struct packet p;
	struct sending sending;
	struct world *w = world_new(6);
	world_dial(w, 1);
	do {
		for (int side = 0; side < 2; side++) {
			struct session *s = world_session(w, side, 0);
			if (!s || s->ipv4_up)
				continue;
			world_make_udp(&p, s, 1, 100);
			sending = world_send_packet(w, side, 0, &p);
			assert_int_equal(sending.drop, DROP_LINK_NOT_UP);
		}
	} while (!world_is_up(w) && world_run(w, 1, NULL));
	session_close(world_session(w, SERVER, 0), "bye", w->now_ms);
	world_make_udp(&p, world_session(w, SERVER, 0), 1, 100);
	sending = world_send_packet(w, SERVER, 0, &p);
	assert_int_equal(sending.drop, DROP_LINK_NOT_UP);
	assert_int_equal(w->clear_packets, 0);
	world_perform(w, SERVER);
	world_run_out(w, 10000);
	world_free(w);
}

TEST(a_caller_speaks_for_its_own_address_only)
{
	static const uint32_t strangers[] = {0,          0x7f000001, 0xc0a80a01,
					     0xc0a80a66, 0x08080808, 0xffffffff};
	static struct packet p;
	struct world *w = world_with_call(7);
	for (size_t i = 0; i < COUNT_OF(strangers); i++) {
		world_make_udp(&p, world_session(w, CLIENT, 0), 1, 100);
		struct writer out = writer_of(p.data + 12, 4);
		write_u32(&out, strangers[i]);
		world_send_packet(w, CLIENT, 0, &p);
		world_run(w, 10, NULL);
		assert_int_equal(server_drops(w, DROP_IP_SOURCE), i + 1);
	}
	assert_int_equal(w->ends[SERVER].inbox_count, 0);
	assert_int_equal(world_session(w, SERVER, 0)->account.packets_in, 0);
	world_free(w);
}

/* The server forwards for the world: the client takes what comes from there. */
TEST(a_client_takes_packets_from_any_source)
{
	static struct packet p;
	struct world *w = world_with_call(8);
	world_make_udp(&p, world_session(w, SERVER, 0), 1, 100);
	p.data[12] = 8;
	world_send_packet(w, SERVER, 0, &p);
	world_run(w, 10, NULL);
	assert_int_equal(w->ends[CLIENT].inbox_count, 1);
	world_free(w);
}

TEST(packets_under_another_call_id_get_nowhere)
{
	struct world *w = world_new(9);
	world_call(w, 2);
	struct pile *pile = pile_up(w, 4);
	uint16_t other = world_session(w, SERVER, 1)->call_id;
	for (size_t i = 0; i < pile->count; i++) {
		uint8_t *bytes = pile->flights[i].bytes;
		bytes[6] = (uint8_t)(i & 1 ? 0xee : other >> 8);
		bytes[7] = (uint8_t)(i & 1 ? 0xee : other);
		world_arrive(w, SERVER, bytes, pile->flights[i].length);
	}
	assert_int_equal(w->ends[SERVER].inbox_count, 0);
	assert_int_equal(w->ends[SERVER].drops[DROP_GRE_UNKNOWN_CALL], 2);
	/* Decrypted with the other's keys they are garbage, which moves nothing. */
	const struct session *victim = world_session(w, SERVER, 1);
	assert_int_equal(victim->drops[DROP_MPPE_GARBAGE], 2);
	world_send(w, CLIENT, 1, 5, 100);
	world_run(w, 100, NULL);
	assert_int_equal(victim->account.packets_in, 5);
	world_free(w);
}

TEST(forged_clear_frames_deafen_no_encrypted_call)
{
	static const uint32_t leaps[] = {300, 60000, 3000000, 3000001, 3000002};
	struct world *w = world_with_call(10);
	struct session *client = world_session(w, CLIENT, 0);
	uint32_t next = client->gre.next_seq;
	for (size_t i = 0; i < COUNT_OF(leaps); i++) {
		static struct packet p;
		packet_reset(&p);
		memset(p.data, 0, 8);
		p.length = 8;
		client->gre.next_seq = next + leaps[i];
		inject(w, client, 0xc677, &p);
	}
	client->gre.next_seq = next;
	world_send(w, CLIENT, 0, 5, 100);
	world_run(w, 100, NULL);
	assert_int_equal(world_session(w, SERVER, 0)->account.packets_in, 5);
	world_free(w);
}

static void make_syn(struct packet *p, const struct session *s, uint8_t flags, uint16_t mss)
{
	world_make_udp(p, s, 0, 44);
	struct writer out = writer_of(p->data + 20, 24);
	p->data[9] = IP_TCP;
	write_u32(&out, 0x10000050);
	write_u32(&out, 1);
	write_u32(&out, 0);
	write_u16(&out, (uint16_t)(0x6000 | flags));
	write_u16(&out, 0xffff);
	write_u32(&out, 0);
	write_u16(&out, 0x0204);
	write_u16(&out, mss);
}

TEST(the_mss_is_brought_down_to_the_session_both_ways)
{
	enum { SYN = 0x02, ACK = 0x10 };
	static const struct {
		uint16_t clamp, outer_mtu, asked, got;
		uint8_t flags;
	} rows[] = {
		{MSS_CLAMP_TO_MTU, 1500, 1460, 1416, SYN},
		{MSS_CLAMP_TO_MTU, 1500, 1460, 1416, SYN | ACK},
		{MSS_CLAMP_TO_MTU, 1500, 1200, 1200, SYN},
		{MSS_CLAMP_TO_MTU, 1444, 1460, 1360, SYN},
		{MSS_CLAMP_TO_MTU, 1500, 1460, 1460, ACK},
		{1300, 1500, 1460, 1300, SYN},
		{1440, 1500, 1460, 1416, SYN}, /* never more than fits */
		{MSS_CLAMP_NONE, 1500, 1460, 1460, SYN},
	};
	static struct packet p;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (int from = 0; from < 2; from++) {
			struct world *w = world_new(10 + i);
			/* The client's own clamp is off: it is the server that does it. */
			w->ends[CLIENT].settings->mss_clamp = MSS_CLAMP_NONE;
			w->ends[SERVER].settings->mss_clamp = rows[i].clamp;
			w->ends[SERVER].settings->outer_mtu = rows[i].outer_mtu;
			world_call(w, 1);
			make_syn(&p, world_session(w, from, 0), rows[i].flags, rows[i].asked);
			world_send_packet(w, from, 0, &p);
			world_run(w, 10, NULL);
			assert_int_equal(w->ends[!from].inbox_count, 1);
			const uint8_t *mss = w->ends[!from].inbox[0].bytes + 42;
			assert_int_equal(mss[0] << 8 | mss[1], rows[i].got);
			world_free(w);
		}
	}
}

/* product.md, sizes of packets, rule 3. */
TEST(what_is_too_long_is_cut_or_told)
{
	static const struct {
		bool dont_fragment, despite;
		size_t octets;
		enum drop drop;
		enum session_fit fit;
		bool tell;
		unsigned pieces;
	} rows[] = {
		{false, true, 1400, DROP_NONE, SESSION_FITS, false, 1},
		{true, true, 1400, DROP_NONE, SESSION_FITS, false, 1},
		{false, true, 1401, DROP_NONE, SESSION_FRAGMENT, false, 2},
		{true, true, 1500, DROP_NONE, SESSION_FRAGMENT, true, 2},
		{false, false, 1500, DROP_NONE, SESSION_FRAGMENT, false, 2},
		{true, false, 1500, DROP_IP_TOO_BIG, SESSION_TOO_BIG, true, 0},
	};
	static struct packet p;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(20 + i);
		w->ends[CLIENT].settings->link.mru = 1400;
		w->ends[SERVER].settings->fragment_dont_fragment = rows[i].despite;
		world_call(w, 1);
		assert_int_equal(session_mtu(world_session(w, SERVER, 0)), 1400);
		world_make_udp(&p, world_session(w, SERVER, 0), 9, rows[i].octets);
		p.data[6] = rows[i].dont_fragment ? 0x40 : 0;
		struct sending sending = world_send_packet(w, SERVER, 0, &p);
		assert_int_equal(sending.drop, rows[i].drop);
		assert_int_equal(sending.fit, rows[i].fit);
		assert_int_equal(sending.tell, rows[i].tell);
		assert_int_equal(sending.pieces, rows[i].pieces);
		world_run(w, 10, NULL);
		assert_int_equal(w->ends[CLIENT].inbox_count, rows[i].pieces);
		for (unsigned k = 0; k < rows[i].pieces; k++)
			assert_true(w->ends[CLIENT].inbox[k].length <= 1400);
		assert_int_equal(world_session(w, SERVER, 0)->drops[DROP_IP_TOO_BIG],
				 rows[i].drop == DROP_IP_TOO_BIG);
		world_free(w);
	}
}

TEST(senders_are_told_only_a_few_times_a_second)
{
	static struct packet p;
	unsigned told = 0;
	struct world *w = world_with_call(30);
	for (unsigned i = 0; i < 1000; i++) {
		world_make_udp(&p, world_session(w, SERVER, 0), i, 1500);
		p.data[6] = 0x40;
		told += world_send_packet(w, SERVER, 0, &p).tell;
		world_run(w, 1, NULL);
	}
	assert_int_equal(told, 10);
	world_free(w);
}

/* RFC 2637 §4.4, and peers that obey a window: no debt is older than 100 ms. */
TEST(what_came_is_acknowledged_within_100_ms)
{
	struct world *w = world_with_call(31);
	world_run(w, 1000, NULL);
	uint64_t before = w->bare_acknowledgements;
	world_send(w, CLIENT, 0, 5, 100);
	uint32_t newest = world_session(w, CLIENT, 0)->gre.next_seq - 1;
	world_run(w, 5 + 99, NULL);
	assert_int_equal(w->bare_acknowledgements, before);
	world_run(w, 1, NULL);
	assert_int_equal(w->bare_acknowledgements, before + 1); /* one for all five */
	world_run(w, 5, NULL);
	assert_int_equal(world_session(w, CLIENT, 0)->gre.peer_acked, newest);
	/* Data carries it along where there is any. */
	before = w->bare_acknowledgements;
	world_send(w, CLIENT, 0, 1, 100);
	world_run(w, 50, NULL);
	world_send(w, SERVER, 0, 1, 100);
	world_run(w, 50, NULL);
	assert_int_equal(w->bare_acknowledgements, before);
	assert_int_equal(world_session(w, CLIENT, 0)->gre.peer_acked, newest + 1);
	world_free(w);
}

TEST(a_peer_that_acknowledges_nothing_is_sent_to_all_the_same)
{
	struct world *w = world_with_call(32);
	for (unsigned i = 0; i < 100; i++) {
		world_send(w, SERVER, 0, 64, 1000);
		world_run(w, 6, NULL);
	}
	assert_int_equal(w->ends[CLIENT].inbox_count, 6400);
	world_free(w);
}
