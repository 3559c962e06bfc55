#include "ip/test_packets.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"

#define V6_ADDRESSES "20010db8000000000000000000000002 20010db8000000000000000000000007"

TEST(ip_look_finds_its_way_in_headers)
{
	static const struct {
		const char *hex;
		uint8_t version, protocol;
		size_t length, header, upper;
		bool is_fragment, is_later;
	} rows[] = {
		/* plain; with options; first, middle and last fragment; don't-fragment is no
		   fragment */
		{"4500001c 00010000 40110000 0a000002 c0000207 0035003500080000", 4, 17, 28, 20, 20,
		 false, false},
		{"46000020 00010000 40110000 0a000002 c0000207 94040000 0035003500080000", 4, 17,
		 32, 24, 24, false, false},
		{"4500001c 00012000 40110000 0a000002 c0000207 0035003500080000", 4, 17, 28, 20, 20,
		 true, false},
		{"4500001c 00012001 40110000 0a000002 c0000207 0035003500080000", 4, 17, 28, 20, 0,
		 true, true},
		{"4500001c 00010001 40110000 0a000002 c0000207 0035003500080000", 4, 17, 28, 20, 0,
		 true, true},
		{"4500001c 00014000 40110000 0a000002 c0000207 0035003500080000", 4, 17, 28, 20, 20,
		 false, false},
		{"4500001c 00011f00 40110000 0a000002 c0000207 0035003500080000", 4, 17, 28, 20, 0,
		 true, true},
		/* octets behind the total length go */
		{"45000015 00010000 40110000 0a000002 c0000207 ff 000000000000", 4, 17, 21, 20, 20,
		 false, false},
		/* IPv6: plain, empty, with padding behind */
		{"60000000 0004 06 40" V6_ADDRESSES "01020304", 6, 6, 44, 40, 40, false, false},
		{"60000000 0000 3b 40" V6_ADDRESSES "ffffffff", 6, 59, 40, 40, 40, false, false},
		/* hop-by-hop, destination options, authentication of 12 octets, then TCP */
		{"60000000 0020 00 40" V6_ADDRESSES "3c00010400000000 3300010400000000"
		 "060100000000000100000001 01020304",
		 6, 6, 72, 40, 68, false, false},
		/* fragment header: first, later, and an atomic one that is no fragment */
		{"60000000 0010 2c 40" V6_ADDRESSES "1100000100000001 0035003500080000", 6, 17, 56,
		 40, 48, true, false},
		{"60000000 0010 2c 40" V6_ADDRESSES "1100000900000001 0035003500080000", 6, 17, 56,
		 40, 0, true, true},
		{"60000000 0010 2c 40" V6_ADDRESSES "1100000000000001 0035003500080000", 6, 17, 56,
		 40, 48, false, false},
		{"60000000 0010 2c 40" V6_ADDRESSES "3c00000800000001 0035003500080000", 6, 60, 56,
		 40, 0, true, true},
		/* only the reserved bits of the fragment header are set */
		{"60000000 0010 2c 40" V6_ADDRESSES "1100000600000001 0035003500080000", 6, 17, 56,
		 40, 48, false, false},
		/* an extension header cut short; ESP, behind which nobody sees */
		{"60000000 0008 3c 40" V6_ADDRESSES "0601010400000000", 6, 60, 48, 40, 0, false,
		 false},
		{"60000000 0001 3c 40" V6_ADDRESSES "06", 6, 60, 41, 40, 0, false, false},
		{"60000000 0008 32 40" V6_ADDRESSES "0000000100000001", 6, 50, 48, 40, 40, false,
		 false},
	};
	static struct packet p;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_view view = view_of_hex(&p, rows[i].hex);
		assert_int_equal(view.version, rows[i].version);
		assert_int_equal(view.protocol, rows[i].protocol);
		assert_int_equal(view.length, rows[i].length);
		assert_int_equal(p.length, rows[i].length);
		assert_int_equal(view.header, rows[i].header);
		assert_int_equal(view.upper, rows[i].upper);
		assert_int_equal(view.is_fragment, rows[i].is_fragment);
		assert_int_equal(view.is_later, rows[i].is_later);
		assert_int_equal(view.source, view.version == 4 ? 0x0a000002 : 0);
		assert_int_equal(view.destination, view.version == 4 ? 0xc0000207 : 0);
	}
}

TEST(ip_look_gives_ipv6_addresses_in_place)
{
	static struct packet p;
	struct ip_view view = view_of_hex(&p, "60000000 0000 3b 40" V6_ADDRESSES);
	assert_int_equal(ipv6_source(&view)[15], 2);
	assert_int_equal(ipv6_destination(&view)[15], 7);
}

TEST(ip_look_refuses_what_is_no_ip_packet)
{
	static const char *const rows[] = {
		"",
		"45",
		"3500001c 00010000 40110000 0a000002 c0000207 0035003500080000", /* version 3 */
		"4400001c 00010000 40110000 0a000002 c0000207 0035003500080000", /* header of 16 */
		"45000013 00010000 40110000 0a000002 c0000207", /* total below header */
		"46000014 00010000 40110000 0a000002 c0000207", /* options not there */
		/* total above what came */
		"4500001d 00010000 40110000 0a000002 c0000207 0035003500080000",
		"45000000 00010000 40110000 0a000002 c0000207", /* as with offloads */
		"60000000 0005 06 40" V6_ADDRESSES "01020304",
	};
	static struct packet p;
	struct ip_view view;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		packet_of_hex(&p, rows[i]);
		assert_false(ip_look(&view, &p));
	}
}

TEST(ip_look_refuses_every_truncation)
{
	static const char *const rows[] = {
		"46000020 00010000 40110000 0a000002 c0000207 94040000 0035003500080000",
		"60000000 0010 2c 40" V6_ADDRESSES "1100000100000001 0035003500080000",
	};
	static struct packet p;
	struct ip_view view;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		packet_of_hex(&p, rows[i]);
		for (size_t whole = p.length, length = 0; length < whole; length++) {
			p.length = length;
			assert_false(ip_look(&view, &p));
		}
	}
}

TEST(ip_look_walks_extension_headers_within_bounds)
{
	static struct packet p;
	struct ip_view view;
	for (size_t count = 0; count < 12; count++) {
		packet_of_hex(&p, "60000000 0000 3c 40" V6_ADDRESSES);
		for (size_t i = 0; i < count; i++) {
			static const uint8_t options[8] = {60, 0, 1, 4};
			memcpy(p.data + p.length, options, 8);
			p.length += 8;
		}
		p.data[p.length] = 59; /* the last: no next header */
		memset(p.data + p.length + 1, 0, 7);
		p.length += 8;
		p.data[5] = (uint8_t)(p.length - IPV6_HEADER);
		assert_true(ip_look(&view, &p));
		assert_int_equal(view.upper, count < 8 ? p.length : 0);
	}
}

TEST(ip_look_stays_inside_random_packets)
{
	uint64_t state = 3;
	struct random random = test_random(&state);
	static struct packet p;
	struct ip_view view;
	for (int round = 0; round < 20000; round++) {
		packet_reset(&p);
		p.length = random_below(&random, 120);
		random_fill(&random, p.data, p.length);
		if (p.length > 6) { /* likely enough to be IP that the walk is entered */
			p.data[0] = round & 1 ? 0x45 : 0x60;
			p.data[round & 1 ? 2 : 4] = 0;
			p.data[6] =
				round & 1 ? p.data[6] : (uint8_t[]){0, 43, 44, 51, 60}[round % 5];
		}
		if (!ip_look(&view, &p))
			continue;
		assert_int_equal(view.length, p.length);
		assert_true(view.header <= view.length && view.upper <= view.length);
		assert_true(view.upper == 0 || view.upper >= view.header);
		assert_true(view.is_fragment || !view.is_later);
	}
}
