#include "ip/test_packets.h"

#include <string.h>

#include "base/base.h"
#include "ip/checksum.h"
#include "ip/icmp.h"

#define US 0xc0a80a01 /* 192.168.10.1 */

static const uint8_t us6[IPV6_ADDRESS] = {0xfe, 0x80, [15] = 1};

/* All packets here were composed by another program, checksums and all. */
#define V4_LONG_HEADER "450005dc00074000391146c1c6336409c0a80a6400350fa005c869dd"
#define V6_LONG_HEADER                                                                     \
	"60000000051c113920010db800000000000000000000000920010db8000000000000000000000007" \
	"00350fa0051c6ebc"

/* A header and, as its data, octets that count from 0. */
static struct ip_view long_packet(struct packet *p, const char *header, size_t length)
{
	struct ip_view view;
	packet_of_hex(p, header);
	for (uint8_t count = 0; p->length < length; p->length++)
		p->data[p->length] = count++;
	assert_true(ip_look(&view, p));
	return view;
}

TEST(icmp_quotes_a_short_packet_whole)
{
	static struct packet p, answer;
	struct ip_view view =
		view_of_hex(&p, "450000300007400039114c6dc6336409c0a80a6400350fa0001ca033"
				"000102030405060708090a0b0c0d0e0f10111213");
	assert_true(icmp_too_big(&answer, &view, US, 40));
	assert_packet_is(&answer, "45c0004c000040004001450bc0a80a01c63364090304f24a00000028"
				  "450000300007400039114c6dc6336409c0a80a6400350fa0001ca033"
				  "000102030405060708090a0b0c0d0e0f10111213");
}

TEST(icmp_cuts_the_quotation_of_a_long_packet)
{
	static struct packet p, answer;
	static uint8_t head[64];
	struct ip_view view = long_packet(&p, V4_LONG_HEADER, 1500);
	assert_true(icmp_too_big(&answer, &view, US, 1396));
	assert_int_equal(answer.length, 576);
	test_unhex("45c002400000400040014317c0a80a01c63364090304eb7d00000574", head, sizeof(head));
	assert_memory_equal(answer.data, head, 28);
	assert_memory_equal(answer.data + 28, p.data, 548);
}

TEST(icmpv6_tells_the_mtu_but_none_below_1280)
{
	static struct packet p, answer;
	static uint8_t head[64];
	struct ip_view view = long_packet(&p, V6_LONG_HEADER, 1348);
	assert_true(icmpv6_too_big(&answer, &view, us6, 1000));
	assert_int_equal(answer.length, 1280);
	test_unhex(
		"6000000004d83a40fe80000000000000000000000000000120010db8000000000000000000000009"
		"0200a80c00000500",
		head, sizeof(head));
	assert_memory_equal(answer.data, head, 48);
	assert_memory_equal(answer.data + 48, p.data, 1232);
	assert_true(icmpv6_too_big(&answer, &view, us6, 1300));
	assert_int_equal(answer.data[46] << 8 | answer.data[47], 1300);
	assert_int_equal(checksum_finish(checksum_add(checksum_add(1240 + 58, answer.data + 8, 32),
						      answer.data + 40, 1240)),
			 0);
}

TEST(icmp_is_silent_where_the_packet_fits)
{
	static struct packet p, answer;
	struct ip_view view = long_packet(&p, V4_LONG_HEADER, 1500);
	assert_false(icmp_too_big(&answer, &view, US, 1500));
	assert_true(icmp_too_big(&answer, &view, US, 1499));
	assert_false(icmpv6_too_big(&answer, &view, us6, 1000)); /* of the other version */
	view = long_packet(&p, V6_LONG_HEADER, 1348);
	assert_false(icmpv6_too_big(&answer, &view, us6, 1348));
	assert_false(icmp_too_big(&answer, &view, US, 1000));
}

TEST(icmp_answers_no_packet_that_must_not_be_answered)
{
	enum { PROTOCOL = 9, FRAGMENT = 7, SOURCE = 12, DESTINATION = 16, ICMP_TYPE = 20 };
	static const struct {
		size_t at;
		uint8_t value, icmp_type;
		bool answered;
	} rows[] = {
		{PROTOCOL, 1, 8, true},       {PROTOCOL, 1, 0, true},
		{PROTOCOL, 1, 13, true},      {PROTOCOL, 1, 3, false},
		{PROTOCOL, 1, 4, false},      {PROTOCOL, 1, 5, false},
		{PROTOCOL, 1, 11, false},     {PROTOCOL, 1, 12, false},
		{PROTOCOL, 1, 200, false},    {PROTOCOL, 6, 3, true},
		{FRAGMENT, 1, 0, false},      {6, 0x20, 0, true},
		{SOURCE, 0, 0, false},        {SOURCE, 127, 0, false},
		{SOURCE, 224, 0, false},      {SOURCE, 255, 0, false},
		{DESTINATION, 224, 0, false}, {DESTINATION, 255, 0, false},
	};
	static struct packet p, answer;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_view view = long_packet(&p, V4_LONG_HEADER, 1500);
		p.data[rows[i].at] = rows[i].value;
		p.data[ICMP_TYPE] = rows[i].icmp_type;
		assert_true(ip_look(&view, &p));
		assert_int_equal(icmp_too_big(&answer, &view, US, 1396), rows[i].answered);
	}
}

TEST(icmpv6_answers_no_packet_that_must_not_be_answered)
{
	enum { NEXT = 6, SOURCE = 8, DESTINATION = 24, TYPE = 40 };
	static const struct {
		size_t at;
		uint8_t value, type;
		bool answered;
	} rows[] = {
		{NEXT, 58, 128, true},    {NEXT, 58, 129, true},
		{NEXT, 58, 1, false},     {NEXT, 58, 2, false},
		{NEXT, 58, 137, false},   {NEXT, 6, 2, true},
		{SOURCE, 0xff, 0, false}, {DESTINATION, 0xff, 0, false},
		{NEXT, 44, 17, false}, /* the counting data make it a later fragment */
	};
	static struct packet p, answer;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_view view = long_packet(&p, V6_LONG_HEADER, 1348);
		p.data[rows[i].at] = rows[i].value;
		p.data[TYPE] = rows[i].type;
		assert_true(ip_look(&view, &p));
		assert_int_equal(icmpv6_too_big(&answer, &view, us6, 1300), rows[i].answered);
	}
	struct ip_view view = long_packet(&p, V6_LONG_HEADER, 1348);
	memset(p.data + SOURCE, 0, IPV6_ADDRESS);
	assert_false(icmpv6_too_big(&answer, &view, us6, 1300));
}

TEST(icmp_without_a_visible_type_is_not_answered)
{
	static struct packet p, answer;
	struct ip_view view =
		view_of_hex(&p, "46000018 00070000 39010000 c6336409 c0a80a64 94040000");
	assert_false(icmp_too_big(&answer, &view, US, 20));
}
