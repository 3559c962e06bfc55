/* A wire that loses, doubles and reorders; and peers that send anything at all. */
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "gre/gre.h"
#include "ppp/frame.h"
#include "tests/pair/world.h"

/* Which of the numbered packets came; each may come once. */
static unsigned count_distinct(const struct world *w, int end)
{
	bool seen[INBOX_SLOTS] = {false};
	for (unsigned i = 0; i < w->ends[end].inbox_count; i++) {
		uint32_t number = world_inbox_number(w, end, i);
		assert_true(number < INBOX_SLOTS && !seen[number]);
		seen[number] = true;
	}
	return (unsigned)w->ends[end].inbox_count;
}

/* Sixty packets of many lengths, of all calls in turn: so many of them came. */
static unsigned exchange(struct world *w, int from)
{
	static struct packet p;
	unsigned calls = world_sessions(w, from);
	w->ends[!from].inbox_count = 0;
	for (unsigned i = 0; i < 60; i++) {
		world_make_udp(&p, world_session(w, from, i % calls), i, 60 + i * 97 % 1300);
		assert_int_equal(world_send_packet(w, from, i % calls, &p).drop, DROP_NONE);
	}
	world_run(w, 50, NULL);
	return count_distinct(w, !from);
}

static const struct wire_faults bad_wires[] = {
	{.lose = 50},
	{.repeat = 300},
	{.reorder = 300},
	{.lose = 100, .repeat = 100, .reorder = 100, .stream_part = 7},
	{.lose = 200, .repeat = 50, .reorder = 200, .stream_part = 1},
};

/* The wire heals: a stateful stream is found again within its reset. */
static void heal(struct world *w)
{
	w->wire = (struct wire_faults){0};
	for (unsigned times = 0; times < 2; times++) {
		for (unsigned call = 0; call < world_sessions(w, CLIENT); call++) {
			world_send(w, CLIENT, call, 1, 100);
			world_send(w, SERVER, call, 1, 100);
		}
		world_run(w, 2000, NULL);
	}
}

TEST(calls_come_up_over_a_bad_wire_and_carry_each_packet_at_most_once)
{
	for (size_t i = 0; i < COUNT_OF(bad_wires); i++) {
		for (uint64_t seed = 1; seed <= 12; seed++) {
			bool stateful = seed & 1;
			struct world *w = world_new(seed * 1000 + i);
			w->wire = bad_wires[i];
			w->send_batch = 6;
			w->ends[CLIENT].settings->link.mppe_stateless = !stateful;
			world_call(w, 1);
			for (int side = 0; side < 2; side++) {
				unsigned came = exchange(w, side);
				/* A stateful stream may be deaf until its reset. */
				assert_true(stateful || came > 25);
				assert_true(stateful || bad_wires[i].lose || came == 60);
			}
			heal(w);
			assert_int_equal(exchange(w, CLIENT), 60);
			assert_int_equal(exchange(w, SERVER), 60);
			assert_int_equal(w->clear_packets, 0);
			world_free(w);
		}
	}
}

TEST(a_bad_wire_confuses_batches_of_no_size)
{
	for (size_t i = 0; i < COUNT_OF(bad_wires); i++) {
		for (int stateful = 0; stateful < 2; stateful++) {
			unsigned least = stateful ? 0 : bad_wires[i].lose ? 26 : 60;
			struct world *w = world_new(500 + i);
			w->ends[CLIENT].settings->link.mppe_stateless = !stateful;
			world_call(w, 3);
			w->wire = bad_wires[i];
			for (unsigned size = 1; size <= BATCH_MAX; size++) {
				world_batch(w, size);
				assert_true(exchange(w, CLIENT) >= least);
				assert_true(exchange(w, SERVER) >= least);
			}
			heal(w);
			assert_int_equal(exchange(w, CLIENT), 60);
			assert_int_equal(exchange(w, SERVER), 60);
			assert_int_equal(w->clear_packets, 0);
			world_free(w);
		}
	}
}

TEST(calls_end_cleanly_over_a_bad_wire)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct world *w = world_new(seed);
		w->wire = bad_wires[seed % COUNT_OF(bad_wires)];
		w->registrar.delay_ms = seed * 13 % 200;
		w->registrar.wrong_password = seed % 4 == 0;
		world_dial(w, 3);
		world_run(w, seed * 37 % 3000, NULL);
		if (w->ends[seed & 1].connection) {
			connection_stop(w->ends[seed & 1].connection, "enough", w->now_ms);
			world_perform(w, (int)(seed & 1));
		}
		world_run_out(w, 300000);
		world_assert_clean(w);
		world_free(w);
	}
}

static void black_hole(struct world *w, struct in_flight *flight)
{
	const bool *open = w->context;
	flight->used = !*open;
}

/* The coherency count goes round after 4,096 packets. */
TEST(a_long_gap_is_survived)
{
	static const unsigned gaps[] = {100, 300, 2047, 2048, 4095, 4096, 5000, 60000};
	for (size_t i = 0; i < COUNT_OF(gaps); i++) {
		/* Of a stateful stream, so many keys in a row may be missed, and no more. */
		for (int stateful = 0; stateful < (gaps[i] <= 5000 ? 2 : 1); stateful++) {
			bool hole = true;
			struct world *w = world_new(i + 1);
			w->ends[CLIENT].settings->link.mppe_stateless = !stateful;
			world_call(w, 1);
			w->context = &hole;
			w->on_wire = black_hole;
			world_send(w, SERVER, 0, gaps[i], 100);
			hole = false;
			for (unsigned k = 0; k < 40; k++) { /* time for a reset or a search */
				world_send(w, SERVER, 0, 1, 100);
				world_run(w, 200, NULL);
			}
			assert_int_equal(exchange(w, SERVER), 60);
			world_free(w);
		}
	}
}

/* ---- anything at all ---- */

static void fill_random(struct world *w, void *bytes, size_t length)
{
	struct random random = test_random(&w->seed);
	random_fill(&random, bytes, length);
}

static uint32_t below(struct world *w, uint32_t bound)
{
	struct random random = test_random(&w->seed);
	return random_below(&random, bound);
}

TEST(noise_on_the_control_stream_ends_in_a_close_and_harms_nobody)
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		uint8_t noise[4096];
		struct world *w = world_new(seed);
		world_dial(w, (unsigned)(seed % 3));
		world_run(w, seed % 40, NULL);
		fill_random(w, noise, sizeof(noise));
		if (seed & 1) { /* a good header, so that it gets further */
			struct writer out = writer_of(noise, 12);
			static const uint16_t lengths[] = {156, 16, 20, 168, 32, 24, 148, 40};
			write_u16(&out, lengths[seed / 2 % COUNT_OF(lengths)]);
			write_u16(&out, 1);
			write_u32(&out, CONTROL_COOKIE);
			write_u16(&out, (uint16_t)(1 + below(w, 15)));
			write_u16(&out, 0);
		}
		if (w->ends[SERVER].connection)
			connection_on_bytes(w->ends[SERVER].connection, noise, sizeof(noise),
					    w->now_ms);
		world_perform(w, SERVER);
		world_run(w, 200, NULL);
		assert_null(w->ends[SERVER].connection);
		world_run_out(w, 200000);
		world_assert_clean(w);
		world_free(w);
	}
}

/* Frames of all protocols, with random insides, numbered as if the client had sent them. */
static void arrive_noise(struct world *w, const struct session *client)
{
	static const uint16_t protocols[] = {PPP_LCP,        PPP_PAP,    PPP_CHAP, PPP_CCP,
					     PPP_IPCP,       PPP_IPV6CP, PPP_IPV4, PPP_IPV6,
					     PPP_COMPRESSED, 0x0f01};
	static struct packet p;
	packet_reset(&p);
	p.length = 4 + below(w, below(w, 8) ? 60 : 1500);
	fill_random(w, p.data, p.length);
	if (below(w, 4)) { /* a good code and length */
		p.data[0] = (uint8_t)(1 + below(w, 15));
		p.data[1] = (uint8_t)below(w, 4);
		p.data[2] = (uint8_t)(p.length >> 8);
		p.data[3] = (uint8_t)p.length;
	}
	if (below(w, 16))
		frame_push(&p, protocols[below(w, COUNT_OF(protocols))]);
	struct gre_header h = {.call_id = client->gre.peer_call_id,
			       .has_seq = true,
			       .seq = client->gre.next_seq + below(w, 1000),
			       .has_ack = below(w, 2),
			       .ack = below(w, 100)};
	gre_push(&p, &h);
	if (!below(w, 10))
		p.data[below(w, (uint32_t)p.length)] ^= (uint8_t)(1 << below(w, 8));
	world_arrive(w, SERVER, p.data, p.length);
}

TEST(noise_on_gre_never_lasts_and_never_lets_a_clear_packet_through)
{
	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct world *w = world_new(seed);
		world_dial(w, 1);
		world_run(w, seed % 50, NULL);
		for (unsigned i = 0; i < 300; i++) {
			struct session *client = world_session(w, CLIENT, 0);
			if (!client || !world_session(w, SERVER, 0))
				break;
			arrive_noise(w, client);
			if (i % 16 == 0)
				world_run(w, below(w, 100), NULL);
		}
		assert_int_equal(w->ends[SERVER].inbox_count, 0);
		assert_int_equal(w->clear_packets, 0);
		/* Up, or over: nothing in between lasts. */
		world_run(w, 300000, NULL);
		assert_true(world_is_over(w) || world_is_up(w));
		if (w->ends[CLIENT].connection)
			world_lose_tcp(w, CLIENT);
		world_run_out(w, 1000);
		world_assert_clean(w);
		world_free(w);
	}
}

/* Real packets with bits that fell over on the way. */
static void flip_bits(struct world *w, struct in_flight *flight)
{
	for (uint32_t n = below(w, 3); n; n--)
		flight->bytes[below(w, flight->length)] ^= (uint8_t)(1 << below(w, 8));
}

TEST(a_wire_that_changes_bits_never_lets_a_clear_packet_through)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct world *w = world_new(seed);
		w->on_wire = flip_bits;
		world_dial(w, 2);
		for (unsigned i = 0; i < 50; i++) {
			world_run(w, 400, NULL);
			for (int side = 0; side < 2; side++) {
				struct session *s = world_session(w, side, 0);
				if (s && s->ipv4_up && s->state == SESSION_UP)
					world_send(w, side, 0, 3, 100);
			}
		}
		assert_int_equal(w->clear_packets, 0);
		if (w->ends[SERVER].connection)
			world_lose_tcp(w, SERVER);
		world_run_out(w, 1000);
		world_assert_clean(w);
		world_free(w);
	}
}

/* As many requests at once as recvmmsg brings, from a caller with the longest name there is: each
 * is answered and reported, and the outbox has bounds. */
TEST(a_batch_of_requests_that_begin_everything_anew_is_taken)
{
	struct world *w = world_with_call(77);
	static struct in_flight flights[BATCH_MAX];
	const struct in_flight *batch[BATCH_MAX];
	struct session *client = world_session(w, CLIENT, 0);
	memset(world_session(w, SERVER, 0)->user, '\xff', AUTH_NAME_LIMIT);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < BATCH_MAX; i++) {
			static struct packet p;
			packet_reset(&p);
			p.length = 1400; /* unknown options, all to be rejected */
			memset(p.data, 0, p.length);
			for (size_t at = 4; at + 4 <= p.length; at += 4)
				memcpy(p.data + at, "\xee\x04\x00", 4);
			memcpy(p.data, (const uint8_t[]){1, (uint8_t)i, 0x05, 0x78}, 4);
			frame_push(&p, PPP_LCP);
			gre_send(&client->gre, &p);
			flights[i].to = SERVER;
			flights[i].length = (uint16_t)p.length;
			memcpy(flights[i].bytes, p.data, p.length);
			batch[i] = &flights[i];
		}
		world_receive(w, SERVER, batch, BATCH_MAX);
		world_run(w, 10, NULL);
	}
	assert_true(world_log_count(w, SERVER, "lcp=closed") < 2 * LINES_A_SECOND);
	world_free(w);
}
