#include "ip/test_packets.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "ip/checksum.h"
#include "ip/mss.h"

/* All packets here were composed by another program, checksums and all. */
#define V4_HEADER "4500003c1234400040065c7f0a000002c0000207"
#define V6_HEADER "60000000001c064020010db800000000000000000000000220010db8000000000000000000000007"

TEST(mss_clamp_lowers_what_is_too_high)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		/* SYN, SYN-ACK */
		{V4_HEADER
		 "c00000500102030400000000a002faf0bcae0000020405b40402080a000000010000000001030307",
		 V4_HEADER "c00000500102030400000000a002faf0bd1600000204054c0402080a000000010000000"
			   "001030307"},
		{V4_HEADER
		 "c00000500102030400000000a012faf0bc9e0000020405b40402080a000000010000000001030307",
		 V4_HEADER "c00000500102030400000000a012faf0bd0600000204054c0402080a000000010000000"
			   "001030307"},
		/* the value at an odd offset, behind a NOP */
		{"450000301234400040065c8b0a000002c0000207c000005001020304000000007002faf0477f00000"
		 "1020405b4010402",
		 "450000301234400040065c8b0a000002c0000207c000005001020304000000007002faf0af7f00000"
		 "10204054c010402"},
		/* behind IPv4 options */
		{"46000040123440004006c7760a000002c000020794040000c00000500102030400000000a002faf0b"
		 "cae0000020405b40402080a000000010000000001030307",
		 "46000040123440004006c7760a000002c000020794040000c00000500102030400000000a002faf0b"
		 "d1600000204054c0402080a000000010000000001030307"},
		/* IPv6, plain and behind destination options */
		{V6_HEADER "c00001bb00000007000000007002ffff66ee0000020405a001030308",
		 V6_HEADER "c00001bb00000007000000007002ffff67560000"
			   "0204053801030308"},
		{"6000000000243c4020010db800000000000000000000000220010db8000000000000000000000007"
		 "0600010400000000c00001bb00000007000000007002ffff66ee0000020405a001030308",
		 "6000000000243c4020010db800000000000000000000000220010db8000000000000000000000007"
		 "0600010400000000c00001bb00000007000000007002ffff675600000204053801030308"},
	};
	static struct packet p;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_view view = view_of_hex(&p, rows[i].before);
		assert_true(mss_clamp(&view, 1396));
		assert_packet_is(&p, rows[i].after);
		assert_false(mss_clamp(&view, 1396)); /* once is enough */
		assert_false(mss_clamp(&view, 1400)); /* and never up */
		assert_packet_is(&p, rows[i].after);
	}
}

TEST(mss_clamp_leaves_all_else_as_it_is)
{
	static const char *const rows[] = {
		/* no MSS option; no SYN; already lower */
		"4500002c1234400040065c8f0a000002c0000207c000005001020304000000006002faf00f8b000004"
		"020101",
		V4_HEADER
		"c00000500102030400000000a010faf0bcb00000020405b40402080a000000010000000001030307",
		V4_HEADER
		"c00000500102030400000000a002faf0bd4e0000020405140402080a000000010000000001030307",
		/* UDP; a later fragment whose data look like a SYN */
		"4500003c1234400040115c7f0a000002c0000207c00000500102030400000000a002faf0bcae000002"
		"0405b40402080a000000010000000001030307",
		"4500003c1234000140065c7f0a000002c0000207c00000500102030400000000a002faf0bcae000002"
		"0405b40402080a000000010000000001030307",
		/* a later fragment whose IP header itself would pass for a SYN's TCP header */
		"4500003c123400014006e27da0020002c0000207020405b40000000000000000000000000000000000"
		"00000000000000000000000000000000000000",
		/* the MSS behind the end of options; of a wrong length;
		 * cut by the header's length */
		"4500002c1234400040065c8f0a000002c0000207c000005001020304000000007002faf0bcae000000"
		"000000020405b4",
		"4500002c1234400040065c8f0a000002c0000207c000005001020304000000006002faf0bcae000002"
		"0305b4",
		"4500002c1234400040065c8f0a000002c0000207c000005001020304000000005002faf0bcae000002"
		"0405b4",
		/* an option of length 0, of length 1, one that points past the end */
		"450000301234400040065c8f0a000002c0000207c000005001020304000000007002faf0bcae000008"
		"000101020405b4",
		"450000301234400040065c8f0a000002c0000207c000005001020304000000007002faf0bcae000008"
		"010101020405b4",
		"450000301234400040065c8f0a000002c0000207c000005001020304000000007002faf0bcae000008"
		"090101020405b4",
		/* a header length below the least */
		"4500002c1234400040065c8f0a000002c0000207c000005001020304000000001002faf0bcae000002"
		"0405b4",
	};
	static struct packet p, before;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_view view = view_of_hex(&p, rows[i]);
		before = p;
		assert_false(mss_clamp(&view, 1396));
		assert_memory_equal(p.buffer, before.buffer, sizeof(p.buffer));
	}
}

TEST(mss_clamp_ignores_an_mtu_without_room_for_headers)
{
	static struct packet p;
	struct ip_view view = view_of_hex(
		&p, V4_HEADER
		"c00000500102030400000000a002faf0bcae0000020405b40402080a000000010000000001030307");
	assert_false(mss_clamp(&view, 0));
	assert_false(mss_clamp(&view, 40));
	assert_true(mss_clamp(&view, 41));
}

TEST(mss_clamp_does_not_touch_a_syn_cut_at_any_octet)
{
	static const char hex[] = V4_HEADER "c00000500102030400000000a002faf0bcae0000020405b4";
	static struct packet p;
	for (size_t length = 20; length <= 44; length++) {
		packet_of_hex(&p, hex);
		p.length = length;
		p.data[3] =
			(uint8_t)length; /* the IP header agrees: the TCP header is what is cut */
		struct ip_view view;
		assert_true(ip_look(&view, &p));
		assert_int_equal(mss_clamp(&view, 1396), length == 44);
	}
}

static uint16_t tcp_sum(const struct packet *p)
{
	size_t length = p->length - IPV4_HEADER;
	return checksum_finish(checksum_add(checksum_add(length + IP_TCP, p->data + 12, 8),
					    p->data + IPV4_HEADER, length));
}

TEST(mss_clamp_keeps_checksums_of_random_options_right)
{
	uint64_t state = 4;
	struct random random = test_random(&state);
	static struct packet p;
	int changed = 0;
	for (int round = 0; round < 20000; round++) {
		packet_of_hex(&p, V4_HEADER);
		p.length = 60;
		random_fill(&random, p.data + 20, 40);
		for (size_t at = 40; at < 60;
		     at++) /* few kinds and short lengths: most lists are walked */
			p.data[at] &= round & 1 ? 0x03 : 0x07;
		p.data[32] = (uint8_t)(0xa0 | (p.data[32] & 0xf));
		p.data[33] |= 0x02;
		p.data[36] = p.data[37] = 0;
		uint16_t sum = tcp_sum(&p);
		p.data[36] = (uint8_t)(sum >> 8);
		p.data[37] = (uint8_t)sum;
		struct ip_view view;
		assert_true(ip_look(&view, &p));
		changed += mss_clamp(&view, 140);
		assert_int_equal(tcp_sum(&p), 0);
	}
	assert_true(changed > 100);
}
