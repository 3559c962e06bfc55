/* For this room's tests: a packet out of hexadecimal, looked at. */
#pragma once
#include "tests/test.h"

#include "ip/ip.h"

static inline void packet_of_hex(struct packet *p, const char *hex)
{
	packet_reset(p);
	p->length = test_unhex(hex, p->data, packet_room(p));
}

static inline struct ip_view view_of_hex(struct packet *p, const char *hex)
{
	struct ip_view view;
	packet_of_hex(p, hex);
	assert_true(ip_look(&view, p));
	return view;
}

static inline void assert_packet_is(const struct packet *p, const char *hex)
{
	static struct packet expected;
	packet_of_hex(&expected, hex);
	assert_int_equal(p->length, expected.length);
	assert_memory_equal(p->data, expected.data, expected.length);
}
