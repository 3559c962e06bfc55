#include "ip/test_supers.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "ip/split.h"

static uint8_t bytes[SUPER_LENGTH_MAX + 1];

/* Looks at the super-segment of row `i`, which lies in `bytes`. */
static struct ip_view view_of_row(size_t i, struct vnet_header *vnet)
{
	struct ip_view view;
	size_t length = test_unhex(supers[i].super, bytes, sizeof(bytes));
	assert_true(ip_look_at(&view, bytes, length));
	*vnet = (struct vnet_header){.kind = supers[i].kind, .segment = supers[i].segment};
	return view;
}

TEST(splitter_makes_the_packets_that_the_super_segment_stands_for)
{
	static struct packet to;
	for (size_t i = 0; i < COUNT_OF(supers); i++) {
		struct vnet_header vnet;
		struct splitter cut;
		struct ip_view view = view_of_row(i, &vnet);
		assert_true(splitter_init(&cut, &view, &vnet, supers[i].mtu));
		for (size_t k = 0; supers[i].packets[k]; k++) {
			assert_true(splitter_next(&cut, &to));
			assert_packet_is(&to, supers[i].packets[k]);
		}
		assert_false(splitter_next(&cut, &to));
		assert_false(splitter_next(&cut, &to));
	}
}

TEST(splitter_refuses_what_is_not_as_the_header_says)
{
	for (size_t i = 0; i < COUNT_OF(supers); i++) {
		struct vnet_header vnet, wrong;
		struct splitter cut;
		struct ip_view view = view_of_row(i, &vnet), odd = view;
		assert_true(splitter_init(&cut, &view, &vnet, supers[i].mtu));
		for (int kind = 0; kind < 256; kind++) {
			wrong = vnet;
			wrong.kind = (uint8_t)kind;
			assert_int_equal(splitter_init(&cut, &view, &wrong, supers[i].mtu),
					 kind == vnet.kind);
		}
		wrong = vnet;
		wrong.segment = 0;
		assert_false(splitter_init(&cut, &view, &wrong, supers[i].mtu));
		wrong.segment = PACKET_CAPACITY;
		assert_int_equal(splitter_init(&cut, &view, &wrong, 1500),
				 view.protocol == IP_TCP); /* a datagram is as long as it is */
		assert_int_equal(splitter_init(&cut, &view, &vnet, supers[i].headers),
				 view.protocol == IP_UDP);
		assert_true(splitter_init(&cut, &view, &vnet, supers[i].headers + 1));
		odd.is_fragment = true;
		assert_false(splitter_init(&cut, &odd, &vnet, supers[i].mtu));
	}
}

/* The length in the IP header follows, or the truncation would be seen at once. */
static void set_length(uint8_t *ip, size_t length)
{
	size_t at = ip[0] >> 4 == 4 ? 2 : 4;
	if (length < at + 2)
		return;
	if (at == 4)
		length = length < IPV6_HEADER ? 0 : length - IPV6_HEADER;
	ip[at] = (uint8_t)(length >> 8);
	ip[at + 1] = (uint8_t)length;
}

TEST(splitter_stays_within_every_truncation)
{
	static struct packet to;
	for (size_t i = 0; i < COUNT_OF(supers); i++) {
		struct vnet_header vnet;
		struct splitter cut;
		struct ip_view whole = view_of_row(i, &vnet), view;
		for (size_t length = whole.length; length > 0; length--) {
			/* The octets end where the buffer ends, so that a sanitizer sees a step too
			 * far. */
			uint8_t *at = bytes + sizeof(bytes) - length;
			test_unhex(supers[i].super, bytes, sizeof(bytes) - length);
			memmove(at, bytes, length);
			set_length(at, length);
			bool cuts = ip_look_at(&view, at, length) &&
				    splitter_init(&cut, &view, &vnet, supers[i].mtu);
			assert_int_equal(cuts, length > supers[i].headers);
			size_t payload = 0;
			while (cuts && splitter_next(&cut, &to))
				payload += to.length - supers[i].headers;
			assert_int_equal(payload, cuts ? length - supers[i].headers : 0);
		}
	}
}

TEST(splitter_numbers_as_many_packets_as_a_super_segment_can_hold)
{
	static struct packet to;
	struct vnet_header vnet;
	struct splitter cut;
	struct ip_view view = view_of_row(0, &vnet);
	size_t count = 0, headers = supers[0].headers;
	memset(bytes + headers, 0xff, sizeof(bytes) - headers);
	set_length(bytes, SUPER_LENGTH_MAX);
	assert_true(ip_look_at(&view, bytes, SUPER_LENGTH_MAX));
	vnet.segment = 1;
	assert_true(splitter_init(&cut, &view, &vnet, 1400));
	for (; splitter_next(&cut, &to); count++) {
		assert_int_equal(to.length, headers + 1);
		assert_int_equal(to.data[4] << 8 | to.data[5], (0xfffe + count) & 0xffff);
		assert_int_equal(plain_checksum(0, to.data, 20), 0);
		assert_int_equal(plain_check(to.data, 20, to.length), 0);
	}
	assert_int_equal(count, SUPER_LENGTH_MAX - headers);
}

TEST(vnet_completes_the_checksum_that_a_packet_needs)
{
	/* clang-format off */
	static const struct {
		const char *name;
		uint16_t start, offset;
		const char *before, *after;
	} rows[] = {
		{"SYN", 20, 16, "4500002c0000400040066ec30a000002c000020700010002000000090000000060022000cc270000020405b4", "4500002c0000400040066ec30a000002c000020700010002000000090000000060022000ac110000020405b4"},
		{"UDP of odd length", 40, 6, "60000000000b114020010db800000000000000000000000220010db800000000000000000000000700350009000b5b97616263", "60000000000b114020010db800000000000000000000000220010db800000000000000000000000700350009000bdfbc616263"},
		{"UDP whose sum is zero", 20, 6, "4500001e000300004011aec30a000002c000020700350009000acc243393", "4500001e000300004011aec30a000002c000020700350009000affff3393"},
	}; /* clang-format on */
	static struct packet p;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct vnet_header h = {.checksum_start = rows[i].start,
					.checksum_offset = rows[i].offset};
		packet_of_hex(&p, rows[i].before);
		assert_true(vnet_complete(&h, p.data, p.length)); /* it needs none */
		assert_packet_is(&p, rows[i].before);
		h.needs_checksum = true;
		for (size_t cut = 0; cut < h.checksum_start + h.checksum_offset + 2u; cut++)
			assert_false(vnet_complete(&h, p.data, cut));
		assert_packet_is(&p, rows[i].before);
		assert_true(vnet_complete(&h, p.data, p.length));
		assert_packet_is(&p, rows[i].after);
	}
}

TEST(vnet_header_survives_coding)
{
	uint64_t state = 3;
	struct random random = test_random(&state);
	for (int round = 0; round < 1000; round++) {
		uint8_t before[VNET_HEADER], after[VNET_HEADER];
		struct vnet_header h;
		random_fill(&random, before, sizeof(before));
		before[0] &= 1; /* the flag that is known here */
		vnet_decode(&h, before);
		vnet_encode(after, &h);
		assert_memory_equal(before, after, VNET_HEADER);
	}
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ /* as Linux gave it on x86-64 */
	struct vnet_header h;
	vnet_decode(&h, (const uint8_t[]){1, 0x81, 0x34, 0, 0xb4, 5, 0x14, 0, 0x10, 0});
	assert_true(h.needs_checksum && h.has_cwr);
	assert_int_equal(h.kind, VNET_TCP4);
	assert_int_equal(h.headers, 52);
	assert_int_equal(h.segment, 1460);
	assert_int_equal(h.checksum_start, 20);
	assert_int_equal(h.checksum_offset, 16);
#endif
}
