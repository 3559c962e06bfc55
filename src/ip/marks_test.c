#include "ip/test_packets.h"

#include "base/base.h"
#include "ip/marks.h"

enum { NOT_ECT, ECT_1, ECT_0, CE }; /* RFC 3168 §5, figure 1 */

/* Datagrams with the octet in question, IPv4's with the checksum that belongs to it; worked out by
 * another program. */
static const char *const v4[] = {
	[NOT_ECT] = "45b8001c1234400040115bdc0a000002c00002070fa00fa100080000",
	[ECT_1] = "45b9001c1234400040115bdb0a000002c00002070fa00fa100080000",
	[ECT_0] = "45ba001c1234400040115bda0a000002c00002070fa00fa100080000",
	[CE] = "45bb001c1234400040115bd90a000002c00002070fa00fa100080000",
};
#define V6_REST                                                                                    \
	"12340008114020010db800000000000000000000000220010db80000000000000000000000070fa00fa10008" \
	"abcd"
static const char *const v6[] = {
	[NOT_ECT] = "6b85" V6_REST,
	[ECT_1] = "6b95" V6_REST,
	[ECT_0] = "6ba5" V6_REST,
	[CE] = "6bb5" V6_REST,
};

TEST(marks_of_finds_the_octet_of_both_versions)
{
	struct packet p;
	for (unsigned ecn = NOT_ECT; ecn <= CE; ecn++) {
		packet_of_hex(&p, v4[ecn]);
		assert_int_equal(marks_of(p.data), 0xb8 | ecn);
		packet_of_hex(&p, v6[ecn]);
		assert_int_equal(marks_of(p.data), 0xb8 | ecn);
	}
}

/* RFC 6040 §4.1, figure 3. */
TEST(the_outer_ecn_is_the_inner_one_in_normal_mode_alone)
{
	static const struct {
		uint8_t inner, compatibility, normal;
	} rows[] = {
		{NOT_ECT, NOT_ECT, NOT_ECT},
		{ECT_0, NOT_ECT, ECT_0},
		{ECT_1, NOT_ECT, ECT_1},
		{CE, NOT_ECT, CE},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(marks_outer(rows[i].inner, 0, false), rows[i].compatibility);
		assert_int_equal(marks_outer(rows[i].inner, 0, true), rows[i].normal);
	}
}

TEST(the_outer_dscp_is_set_or_copied_whatever_the_ecn)
{
	static const struct {
		uint8_t inner;
		uint16_t tos;
		bool carries_ecn;
		uint8_t outer;
	} rows[] = {
		{0xb8, 0, true, 0x00},         {0xba, 0, true, 0x02},
		{0xba, 0x28, true, 0x2a},      {0xba, 0x28, false, 0x28},
		{0x00, 0xfc, true, 0xfc},      {0xff, 0xfc, true, 0xff},
		{0xb8, TOS_COPY, true, 0xb8},  {0xbb, TOS_COPY, true, 0xbb},
		{0xbb, TOS_COPY, false, 0xb8}, {0x00, TOS_COPY, true, 0x00},
		{0x03, 0x2b, false, 0x28}, /* ECN comes from nowhere but the packet */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(marks_outer(rows[i].inner, rows[i].tos, rows[i].carries_ecn),
				 rows[i].outer);
}

/* RFC 6040 §4.2, figure 4, line by line. */
static const struct {
	uint8_t inner, outer, leaves;
	enum marks_fate fate;
} arrivals[] = {
	{NOT_ECT, NOT_ECT, NOT_ECT, MARKS_GOOD},
	{NOT_ECT, ECT_0, NOT_ECT, MARKS_ODD},
	{NOT_ECT, ECT_1, NOT_ECT, MARKS_ODD},
	{NOT_ECT, CE, NOT_ECT, MARKS_DROP},
	{ECT_0, NOT_ECT, ECT_0, MARKS_GOOD},
	{ECT_0, ECT_0, ECT_0, MARKS_GOOD},
	{ECT_0, ECT_1, ECT_1, MARKS_GOOD},
	{ECT_0, CE, CE, MARKS_GOOD},
	{ECT_1, NOT_ECT, ECT_1, MARKS_GOOD},
	{ECT_1, ECT_0, ECT_1, MARKS_ODD},
	{ECT_1, ECT_1, ECT_1, MARKS_GOOD},
	{ECT_1, CE, CE, MARKS_GOOD},
	{CE, NOT_ECT, CE, MARKS_GOOD},
	{CE, ECT_0, CE, MARKS_GOOD},
	{CE, ECT_1, CE, MARKS_ODD},
	{CE, CE, CE, MARKS_GOOD},
};

static void assert_arrives(const char *const packets[4])
{
	static const uint8_t dscps[] = {0x00, 0xb8, 0xfc}; /* the outer DSCP stays outside */
	struct packet p;
	for (size_t i = 0; i < COUNT_OF(arrivals); i++)
		for (size_t j = 0; j < COUNT_OF(dscps); j++) {
			struct ip_view view = view_of_hex(&p, packets[arrivals[i].inner]);
			assert_int_equal(marks_arrive(&view, dscps[j] | arrivals[i].outer),
					 arrivals[i].fate);
			assert_packet_is(&p, packets[arrivals[i].leaves]);
		}
}

TEST(an_ipv4_packet_arrives_with_what_it_met_on_the_way)
{
	assert_arrives(v4);
}

TEST(an_ipv6_packet_arrives_with_what_it_met_on_the_way)
{
	assert_arrives(v6);
}

TEST(a_wrong_checksum_stays_wrong)
{
	struct packet p;
	struct ip_view view =
		view_of_hex(&p, "45ba001c1234400040110bad0a000002c00002070fa00fa100080000");
	assert_int_equal(marks_arrive(&view, CE), MARKS_GOOD);
	assert_packet_is(&p, "45bb001c1234400040110bac0a000002c00002070fa00fa100080000");
}
