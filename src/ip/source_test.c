#include "ip/test_packets.h"

#include "base/base.h"
#include "ip/source.h"

TEST(source_of_ipv4_must_be_the_callers_address)
{
	static struct packet p;
	struct ip_view view = view_of_hex(&p, "45000014 00010000 40110000 c0a80a64 c0000207");
	assert_true(source_is_callers(&view, 0xc0a80a64, NULL));
	assert_false(source_is_callers(&view, 0xc0a80a65, NULL));
	assert_false(source_is_callers(&view, 0, NULL));
	view = view_of_hex(&p, "45000014 00010000 40110000 00000000 ffffffff");
	assert_false(source_is_callers(&view, 0, NULL));
}

TEST(source_of_ipv6_must_be_the_callers_link_local_address)
{
	static const uint8_t id[8] = {2, 0, 0, 0xff, 0xfe, 0, 0, 0x64};
	static const struct {
		const char *addresses;
		bool passes;
	} rows[] = {
		{"fe80000000000000 020000fffe000064 ff020000000000000000000000000002", true},
		{"fe80000000000000 020000fffe000064 fe800000000000000000000000000001", true},
		{"fe80000000000000 020000fffe000065 fe800000000000000000000000000001", false},
		{"fe80000000000001 020000fffe000064 fe800000000000000000000000000001", false},
		{"20010db800000000 020000fffe000064 fe800000000000000000000000000001", false},
		/* duplicate address detection, and the same towards anybody else */
		{"00000000000000000000000000000000 ff0200000000000000000001ff000064", true},
		{"00000000000000000000000000000000 ff0500000000000000000001ff000064", false},
		{"00000000000000000000000000000000 fe800000000000000000000000000001", false},
		{"00000000000000000000000000000001 ff0200000000000000000001ff000064", false},
	};
	static struct packet p;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char hex[128];
		snprintf(hex, sizeof(hex), "60000000 0000 3b ff %s", rows[i].addresses);
		struct ip_view view = view_of_hex(&p, hex);
		assert_int_equal(source_is_callers(&view, 0xc0a80a64, id), rows[i].passes);
		assert_false(source_is_callers(&view, 0xc0a80a64, NULL)); /* IPv6CP is not open */
	}
}

TEST(ipv4_kinds_of_addresses)
{
	static const struct {
		uint32_t address;
		bool multicast, broadcast, link_local, host;
	} rows[] = {
		{0x00000000, false, false, false, false}, {0x00ffffff, false, false, false, false},
		{0x01000000, false, false, false, true},  {0x7effffff, false, false, false, true},
		{0x7f000001, false, false, false, false}, {0x80000000, false, false, false, true},
		{0xa9fe0000, false, false, true, true},   {0xa9ff0000, false, false, false, true},
		{0xc0a80a64, false, false, false, true},  {0xdfffffff, false, false, false, true},
		{0xe0000000, true, false, false, false},  {0xefffffff, true, false, false, false},
		{0xf0000000, false, false, false, false}, {0xffffffff, false, true, false, false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(ipv4_is_multicast(rows[i].address), rows[i].multicast);
		assert_int_equal(ipv4_is_broadcast(rows[i].address), rows[i].broadcast);
		assert_int_equal(ipv4_is_link_local(rows[i].address), rows[i].link_local);
		assert_int_equal(ipv4_is_host(rows[i].address), rows[i].host);
	}
}

TEST(ipv6_kinds_of_addresses)
{
	static const struct {
		uint8_t address[16];
		bool unspecified, multicast, link_local, host;
	} rows[] = {
		{{0}, true, false, false, false},
		{{[15] = 1}, false, false, false, false},
		{{0xff, 0x02, [15] = 1}, false, true, false, false},
		{{0xfe, 0x80, [15] = 1}, false, false, true, true},
		{{0xfe, 0xbf, [15] = 1}, false, false, true, true},
		{{0xfe, 0xc0, [15] = 1}, false, false, false, true},
		{{0x20, 0x01, [15] = 1}, false, false, false, true},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(ipv6_is_unspecified(rows[i].address), rows[i].unspecified);
		assert_int_equal(ipv6_is_multicast(rows[i].address), rows[i].multicast);
		assert_int_equal(ipv6_is_link_local(rows[i].address), rows[i].link_local);
		assert_int_equal(ipv6_is_host(rows[i].address), rows[i].host);
	}
}
