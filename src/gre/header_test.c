#include "gre/gre.h"
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"

/* The three packets of RFC 2637 §4.1, laid out by hand. */
static const struct {
	const char *hex, *payload;
	struct gre_header header;
} packets[] = {
	{"3001880b 0004 c1cb 00000000 ff03c021", "ff03c021", {4, 0xc1cb, true, false, 0, 0}},
	{"3081880b 0003 0000 00000001 fffffffe 214500",
	 "214500",
	 {3, 0, true, true, 1, 0xfffffffe}},
	{"2081880b 0000 ffff 12345678", "", {0, 0xffff, false, true, 0, 0x12345678}},
	{"3001880b 0000 0007 00000009", "", {0, 7, true, false, 9, 0}},
	{"2001880b 0000 0007", "", {0, 7, false, false, 0, 0}},
	/* from our recordings of pptp-linux and pptpd: first packets of both directions */
	{"3001880b001800000000 0001 ff03c021010100140206000000000506577e7f1107020802",
	 "ff03c021010100140206000000000506577e7f1107020802",
	 {24, 0, true, false, 1, 0}},
	{"3081880b000a719a 00000002 00000002 c02109000008cac13a1e",
	 "c02109000008cac13a1e",
	 {10, 0x719a, true, true, 2, 2}},
};

static void load(struct packet *p, const char *hex)
{
	packet_reset(p);
	p->length = test_unhex(hex, p->data, packet_room(p));
}

static void assert_header(const struct gre_header *is, const struct gre_header *should)
{
	assert_int_equal(is->payload_length, should->payload_length);
	assert_int_equal(is->call_id, should->call_id);
	assert_int_equal(is->has_seq, should->has_seq);
	assert_int_equal(is->has_ack, should->has_ack);
	assert_int_equal(is->seq, should->seq);
	assert_int_equal(is->ack, should->ack);
}

TEST(gre_header_is_read_and_leaves_the_payload)
{
	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		uint8_t payload[64];
		size_t length = test_unhex(packets[i].payload, payload, sizeof(payload));
		struct packet p;
		struct gre_header h;
		load(&p, packets[i].hex);
		assert_true(gre_pull(&p, &h));
		assert_header(&h, &packets[i].header);
		assert_int_equal(p.length, length);
		assert_memory_equal(p.data, payload, length);
	}
}

TEST(gre_header_is_written_as_it_was_read)
{
	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		uint8_t wire[64];
		size_t length = test_unhex(packets[i].hex, wire, sizeof(wire));
		struct packet p;
		load(&p, packets[i].payload);
		gre_push(&p, &packets[i].header);
		assert_int_equal(p.length, length);
		assert_memory_equal(p.data, wire, length);
	}
}

TEST(gre_payload_length_is_taken_from_the_packet_when_written)
{
	struct packet p;
	struct gre_header h = {.payload_length = 999, .call_id = 1, .has_seq = true};
	load(&p, "aabbcc");
	gre_push(&p, &h);
	assert_true(gre_pull(&p, &h));
	assert_int_equal(h.payload_length, 3);
}

TEST(gre_octets_beyond_the_payload_are_cut_off)
{
	struct packet p;
	struct gre_header h;
	load(&p, "3001880b 0002 0001 00000005 c021 0000000000");
	assert_true(gre_pull(&p, &h));
	assert_int_equal(p.length, 2);
	assert_int_equal(p.data[0], 0xc0);
}

TEST(gre_packet_cut_short_anywhere_is_refused_and_left_alone)
{
	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		struct packet whole;
		load(&whole, packets[i].hex);
		for (size_t length = 0; length < whole.length; length++) {
			struct packet p;
			struct gre_header h;
			load(&p, packets[i].hex);
			p.length = length;
			assert_false(gre_pull(&p, &h));
			assert_int_equal(p.length, length);
			assert_ptr_equal(p.data, p.buffer + PACKET_HEADROOM);
		}
	}
}

/* Every bit of the first four octets alone, turned over in a data packet with acknowledgement: only
 * the bit of the acknowledgement leaves a header that can be read. */
TEST(gre_header_with_any_wrong_bit_is_refused)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		struct packet p;
		struct gre_header h;
		load(&p, "3081880b 0002 0001 00000005 00000000 c021");
		p.data[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		bool is_acknowledgement = bit == 8;
		assert_int_equal(gre_pull(&p, &h), is_acknowledgement);
	}
}

TEST(gre_kinds_of_packets_that_are_no_enhanced_gre_are_refused)
{
	static const char *const foreign[] = {
		"0000 0800 45000014",                /* plain GRE, RFC 2784 */
		"2000 6558 00000001 ffffffff",       /* NVGRE: key, version 0 */
		"3001 0800 0002 0001 00000005 c021", /* version 1, but IPv4 inside */
		"2001 880b 0002 0001 c021",          /* a payload without a number */
		"2081 880b 0002 0001 00000005 c021", /* the same with an acknowledgement */
		"3001 880b ffff 0001 00000005 c021", /* longer than what is there */
		"3002 880b 0002 0001 00000005 c021", /* version 2 */
	};
	for (size_t i = 0; i < COUNT_OF(foreign); i++) {
		struct packet p;
		struct gre_header h;
		load(&p, foreign[i]);
		assert_false(gre_pull(&p, &h));
	}
}

TEST(gre_header_of_random_values_survives_a_round_trip)
{
	uint64_t seed = 2637;
	struct random random = test_random(&seed);
	for (int i = 0; i < 2000; i++) {
		uint32_t chance = random_u32(&random);
		struct gre_header h = {.call_id = (uint16_t)chance,
				       .has_seq = chance >> 16 & 1,
				       .has_ack = chance >> 17 & 1};
		h.payload_length = h.has_seq ? (uint16_t)random_below(&random, 1500) : 0;
		h.seq = h.has_seq ? random_u32(&random) : 0;
		h.ack = h.has_ack ? random_u32(&random) : 0;
		struct packet p;
		struct gre_header back;
		packet_reset(&p);
		memset(p.data, 0x55, h.payload_length);
		p.length = h.payload_length;
		gre_push(&p, &h);
		assert_true(gre_pull(&p, &back));
		assert_header(&back, &h);
		assert_int_equal(p.length, h.payload_length);
	}
}
