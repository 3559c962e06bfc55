#include "config/ranges.h"

#include <string.h>

#include "base/base.h"
#include "tests/test.h"

static bool resolve(void *context, const char *name, uint32_t *address)
{
	*address = 0xc0000207; /* 192.0.2.7 */
	return !strcmp(name, "vpn.example.org");
}

static bool parse(struct address_ranges *ranges, const char *text)
{
	char why[256] = "";
	*ranges = (struct address_ranges){0};
	bool fine = address_ranges_parse(ranges, text, resolve, NULL, why, sizeof(why));
	assert_int_equal(fine, !*why);
	return fine;
}

TEST(lists_of_addresses_are_read_in_their_order)
{
	static const struct {
		const char *text;
		uint32_t count, first, last;
		const char *printed;
	} lists[] = {
		{"192.168.0.1", 1, 0xc0a80001, 0xc0a80001, "192.168.0.1"},
		{"192.168.0.234-238,192.168.0.245", 6, 0xc0a800ea, 0xc0a800f5,
		 "192.168.0.234-238,192.168.0.245"},
		{"192.168-170.1.5", 3, 0xc0a80105, 0xc0aa0105, "192.168-170.1.5"},
		{"10-11.0.0.1", 2, 0x0a000001, 0x0b000001, "10-11.0.0.1"},
		{"192.168.0-255.2", 256, 0xc0a80002, 0xc0a8ff02, "192.168.0-255.2"},
		{"10.0.0.7-7", 1, 0x0a000007, 0x0a000007, "10.0.0.7"},
		{"10.0.0.2,10.0.0.1", 2, 0x0a000002, 0x0a000001, "10.0.0.2,10.0.0.1"},
		{"10.0.0.1-10.0.39.254", 10238, 0x0a000001, 0x0a0027fe, "10.0.0.1-10.0.39.254"},
		{"10.0.0.1-10.0.0.3", 3, 0x0a000001, 0x0a000003, "10.0.0.1-3"},
		{"vpn.example.org,10.0.0.1", 2, 0xc0000207, 0x0a000001, "192.0.2.7,10.0.0.1"},
		{"255.255.255.0-255", 256, 0xffffff00, 0xffffffff, "255.255.255.0-255"},
	};
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct address_ranges ranges;
		char printed[256];
		assert_true(parse(&ranges, lists[i].text));
		assert_int_equal(ranges.count, lists[i].count);
		assert_int_equal(address_ranges_nth(&ranges, 0), lists[i].first);
		assert_int_equal(address_ranges_nth(&ranges, ranges.count - 1), lists[i].last);
		assert_int_equal(address_ranges_nth(&ranges, ranges.count), 0);
		assert_string_equal(address_ranges_print(&ranges, printed, sizeof(printed)),
				    lists[i].printed);
		address_ranges_fini(&ranges);
	}
}

TEST(lists_that_are_none_are_refused)
{
	static const char *const lists[] = {
		"",
		",",
		"10.0.0.1,",
		",10.0.0.1",
		"10.0.0.1,,10.0.0.2",
		"10.0.0.1, 10.0.0.2",
		"10.0.0.1 10.0.0.2",
		"192.168.0.234-8", /* no shortcuts */
		"10.0.0.5-1",
		"10.0.0.1-256",
		"10.0.0.300",
		"10.0.0",
		"10.0.0.1.2",
		"10.0.0-1.1-2", /* one octet only */
		"10.0.0.1-2-3",
		"10.0.0.-2",
		"10.0.0.1-",
		"-",
		"10.0.0.9-10.0.0.1",
		"0.0.0.0-255.255.255.255",
		"nowhere.example.org",
		"10.0.0.1-vpn.example.org",
		"10.0.0.1/24",
		"0000000010.0.0.1",
	};
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct address_ranges ranges;
		if (parse(&ranges, lists[i]))
			fail_msg("taken: %s", lists[i]);
		assert_null(ranges.ranges);
	}
}

TEST(a_list_longer_than_the_limit_is_refused)
{
	struct address_ranges ranges;
	assert_false(parse(&ranges, "10.0.0.0-10.15.255.255,11.0.0.0-11.15.255.255"));
	assert_true(parse(&ranges, "10.0.0.0-10.15.255.255"));
	assert_int_equal(ranges.count, ADDRESSES_LIMIT);
	address_ranges_fini(&ranges);
}

TEST(an_address_is_found_at_its_place)
{
	struct address_ranges ranges;
	uint32_t n = 99;
	assert_true(parse(&ranges, "10.0.0.10-12,192.168-170.1.5,10.0.0.1"));
	for (uint32_t i = 0; i < ranges.count; i++) {
		assert_true(address_ranges_find(&ranges, address_ranges_nth(&ranges, i), &n));
		assert_int_equal(n, i);
	}
	assert_false(address_ranges_find(&ranges, 0x0a000009, NULL));
	assert_false(address_ranges_find(&ranges, 0x0a00000d, NULL));
	assert_false(address_ranges_find(&ranges, 0xc0a90106, NULL));
	assert_false(address_ranges_find(&ranges, 0xc0ab0105, NULL));
	assert_true(address_ranges_find(&ranges, 0xc0a90105, NULL));
	address_ranges_fini(&ranges);
}

TEST(addresses_in_two_lists_or_twice_in_one_are_found)
{
	static const struct {
		const char *a, *b;
		uint32_t common;
	} pairs[] = {
		{"10.0.0.1", "10.0.0.2-9", 0},
		{"10.0.0.1", "10.0.0.1-9", 0x0a000001},
		{"10.0.0.1-10.0.3.1", "10.0.2.250-255", 0x0a0002fa},
		{"10.0.0-9.7", "10.0.5.1-200", 0x0a000507},
		{"10.0.0-9.7", "10.0-9.3.7", 0x0a000307},
		{"10.0.0-9.7", "10.0-9.3.8", 0},
		{"10.0.0-9.7", "10.0.10.7,10.0.9.7", 0x0a000907},
	};
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct address_ranges a, b, both;
		char text[128];
		assert_true(parse(&a, pairs[i].a) && parse(&b, pairs[i].b));
		assert_int_equal(address_ranges_common(&a, &b), pairs[i].common);
		assert_int_equal(address_ranges_common(&b, &a), pairs[i].common);
		snprintf(text, sizeof(text), "%s,%s", pairs[i].a, pairs[i].b);
		assert_true(parse(&both, text));
		assert_int_equal(address_ranges_repeated(&both), pairs[i].common);
		address_ranges_fini(&a);
		address_ranges_fini(&b);
		address_ranges_fini(&both);
	}
}

TEST(a_printed_list_is_cut_to_fit)
{
	struct address_ranges ranges;
	char text[8];
	assert_true(parse(&ranges, "192.168.0.234-238,192.168.0.245"));
	assert_string_equal(address_ranges_print(&ranges, text, sizeof(text)), "192.168");
	address_ranges_fini(&ranges);
}
