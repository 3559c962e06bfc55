#include "ip/test_packets.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "ip/checksum.h"
#include "ip/fragment.h"

#define ADDRESSES "c6336409c0a80a64"
#define DATA_32   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

TEST(fragmenter_cuts_as_rfc_791_says)
{
	/* All fragments here were composed by another program, checksums and all. */
	static const struct {
		const char *whole;
		uint16_t mtu, identification;
		const char *fragments[4];
	} rows[] = {
		/* a router alert, which is copied, and a record route, which is not */
		{"482a005c432100003911a6f1" ADDRESSES "940400000707040000000000" DATA_32
		 "202122232425262728292a2b2c2d2e2f303132333435363738393a3b",
		 56,
		 0xbeef,
		 {"482a00384321200039118715" ADDRESSES "940400000707040000000000"
		  "000102030405060708090a0b0c0d0e0f1011121314151617",
		  "462a00384321200339119419" ADDRESSES "94040000"
		  "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637",
		  "462a001c432100073911b431" ADDRESSES "9404000038393a3b"}},
		/* don't-fragment with identification 0 */
		{"452a00460000400039114c34" ADDRESSES DATA_32
		 "202122232425262728292a2b2c2d2e2f3031",
		 59,
		 0xbeef,
		 {"452a0034beef20003911ad56" ADDRESSES DATA_32,
		  "452a0026beef00043911cd60" ADDRESSES "202122232425262728292a2b2c2d2e2f3031"}},
		/* a fragment from the middle, whose identification happens to be 0 */
		{"452a0044000020b939116b7d" ADDRESSES DATA_32 "202122232425262728292a2b2c2d2e2f",
		 52,
		 0xbeef,
		 {"452a0034000020b939116b8d" ADDRESSES DATA_32,
		  "452a0024000020bd39116b99" ADDRESSES "202122232425262728292a2b2c2d2e2f"}},
	};
	static struct packet whole, piece;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_view view = view_of_hex(&whole, rows[i].whole);
		struct fragmenter cut;
		assert_true(
			fragmenter_init(&cut, &view, rows[i].mtu, true, rows[i].identification));
		for (size_t k = 0; rows[i].fragments[k]; k++) {
			assert_true(fragmenter_next(&cut, &piece));
			assert_packet_is(&piece, rows[i].fragments[k]);
		}
		assert_false(fragmenter_next(&cut, &piece));
		assert_false(fragmenter_next(&cut, &piece));
	}
}

TEST(fragmenter_obeys_dont_fragment_where_it_is_told_to)
{
	static struct packet p;
	struct fragmenter cut;
	struct ip_view view = view_of_hex(&p, "452a00460000400039114c34" ADDRESSES DATA_32
					      "202122232425262728292a2b2c2d2e2f3031");
	assert_false(fragmenter_init(&cut, &view, 52, false, 1));
	p.data[6] = 0;
	assert_true(fragmenter_init(&cut, &view, 52, false, 1));
}

TEST(fragmenter_refuses_what_cannot_be_cut)
{
	static struct packet p;
	struct fragmenter cut;
	struct ip_view view = view_of_hex(&p, "452a00340000000039114c34" ADDRESSES DATA_32);
	assert_false(fragmenter_init(&cut, &view, 27, true, 1)); /* no room for eight octets */
	assert_true(fragmenter_init(&cut, &view, 28, true, 1));
	p.data[6] = 0x1f; /* the end of the datagram past 65,535 octets */
	p.data[7] = 0xff;
	assert_false(fragmenter_init(&cut, &view, 28, true, 1));
	view = view_of_hex(&p, "60000000 0004 11 40 20010db8000000000000000000000002"
			       "20010db8000000000000000000000007 01020304");
	assert_false(fragmenter_init(&cut, &view, 40, true, 1));
}

/* A header with random options, of which some are malformed, and random data. */
static void make_packet(struct packet *p, const struct random *random)
{
	packet_of_hex(p, "45000000 00070000 40110000" ADDRESSES);
	size_t options = random_below(random, 11) * 4;
	size_t header = IPV4_HEADER + options, length = header + 1 + random_below(random, 1400);
	random_fill(random, p->data + IPV4_HEADER, length - IPV4_HEADER);
	for (size_t at = IPV4_HEADER; at < header; at++)
		p->data[at] &= 0x87;
	p->data[0] = (uint8_t)(0x40 | header / 4);
	p->data[2] = (uint8_t)(length >> 8);
	p->data[3] = (uint8_t)length;
	p->data[6] = (uint8_t)(random_u32(random) & 0x60);
	p->length = length;
}

TEST(fragments_of_random_packets_come_together_again)
{
	uint64_t state = 5;
	struct random random = test_random(&state);
	static struct packet whole, piece;
	static uint8_t data[2048];
	for (int round = 0; round < 3000; round++) {
		struct ip_view view, part;
		struct fragmenter cut;
		make_packet(&whole, &random);
		assert_true(ip_look(&view, &whole));
		uint16_t mtu = (uint16_t)(view.header + 8 + random_below(&random, 600));
		if (view.length <= mtu)
			continue;
		assert_true(fragmenter_init(&cut, &view, mtu, true, 9));
		size_t end = 0;
		bool more = true;
		while (fragmenter_next(&cut, &piece)) {
			assert_true(more && ip_look(&part, &piece) && part.length <= mtu);
			assert_int_equal(checksum_of(piece.data, part.header), 0);
			assert_int_equal(((piece.data[6] & 0x1f) << 8 | piece.data[7]) * 8, end);
			assert_int_equal(piece.data[8], 0x40);
			more = piece.data[6] & 0x20;
			assert_false(piece.data[6] & 0x40);
			memcpy(data + end, piece.data + part.header, part.length - part.header);
			end += part.length - part.header;
			assert_true(end % 8 == 0 || end == view.length - view.header);
		}
		assert_int_equal(more,
				 (whole.data[6] & 0x20) != 0); /* the last has what the whole had */
		assert_int_equal(end, view.length - view.header);
		assert_memory_equal(data, whole.data + view.header, end);
	}
}
