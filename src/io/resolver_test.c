#include "io/resolver.h"
#include "tests/test.h"

#include "base/base.h"

TEST(resolver_takes_ipv4_servers_and_never_a_loopback)
{
	static const struct {
		const char *text;
		size_t count;
		uint32_t servers[2];
	} rows[] = {
		{"", 0, {0}},
		{"nameserver 192.0.2.1", 1, {0xc0000201}},
		{"# nameserver 192.0.2.9\nsearch a b\nnameserver\t192.0.2.1 \r\nnameserver "
		 "192.0.2.2\n",
		 2,
		 {0xc0000201, 0xc0000202}},
		{"nameserver 127.0.0.53\nnameserver 0.0.0.0\nnameserver ::1\nnameserver "
		 "2001:db8::1\n",
		 0,
		 {0}},
		{"nameserver 127.0.0.1\nnameserver 192.0.2.3\nnameserver 192.0.2.4\nnameserver "
		 "192.0.2.5",
		 2,
		 {0xc0000203, 0xc0000204}},
		{"nameserver\nnameserver 1.2.3\nnameservers 192.0.2.1\n\n", 0, {0}},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint32_t servers[2] = {0};
		assert_int_equal(resolver_parse(rows[i].text, servers, 2), rows[i].count);
		assert_int_equal(servers[0], rows[i].servers[0]);
		assert_int_equal(servers[1], rows[i].servers[1]);
	}
}
