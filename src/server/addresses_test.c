#include "server/addresses.h"

#include "tests/test.h"

enum { ADDRESS = 0x0a000064, FIRST = 2, SECOND = 3, THIRD = 4 }; /* sessions */

static const uint8_t id[8] = {2, 0, 0, 0, 0, 0, 0, 9}, other_id[8] = {2, 0, 0, 0, 0, 0, 0, 8};

static struct addresses addresses;
static const struct steering off;

static void start(void)
{
	addresses_init(&addresses, &off, 2);
}

static void stop(void)
{
	assert_int_equal(addresses.held.count, 0); /* nothing of those that went is kept */
	addresses_fini(&addresses);
}

TEST(an_address_is_kept_while_it_is_somebodys_or_in_use)
{
	start();
	addresses_give(&addresses, FIRST, ADDRESS);
	addresses_up(&addresses, ADDRESS);
	assert_true(addresses_down(&addresses, ADDRESS));
	assert_int_equal(addresses.held.count, 1); /* it may come up again */
	addresses_up(&addresses, ADDRESS);
	addresses_free(&addresses, FIRST, ADDRESS);
	assert_int_equal(addresses.held.count, 1);
	assert_true(addresses_down(&addresses, ADDRESS));
	stop();
	start();
	addresses_give(&addresses, FIRST, ADDRESS); /* never came up */
	addresses_free(&addresses, FIRST, ADDRESS);
	stop();
}

TEST(a_route_goes_with_the_last_that_uses_it_in_whatever_order_they_tell)
{
	start();
	addresses_give(&addresses, FIRST, ADDRESS);
	addresses_up(&addresses, ADDRESS);
	addresses_give(&addresses, SECOND, ADDRESS);
	addresses_free(&addresses, FIRST, ADDRESS); /* it is not his any more */
	addresses_up(&addresses, ADDRESS);
	assert_false(addresses_down(&addresses, ADDRESS));
	assert_int_equal(addresses.held.count, 1);
	addresses_free(&addresses, SECOND, ADDRESS);
	assert_true(addresses_down(&addresses, ADDRESS));
	assert_true(addresses_down(&addresses, ADDRESS)); /* of one that never was, too */
	stop();
}

TEST(an_interface_identifier_is_one_sessions_at_a_time)
{
	start();
	assert_true(addresses_hold_ipv6(&addresses, FIRST, id));
	assert_true(addresses_hold_ipv6(&addresses, FIRST, id));
	assert_false(addresses_hold_ipv6(&addresses, SECOND, id));
	assert_true(addresses_hold_ipv6(&addresses, SECOND, other_id));
	assert_false(addresses_drop_ipv6(&addresses, SECOND, id));
	assert_true(addresses_drop_ipv6(&addresses, FIRST, id));
	assert_false(addresses_drop_ipv6(&addresses, FIRST, id));
	assert_true(addresses_hold_ipv6(&addresses, THIRD, id));
	assert_true(addresses_drop_ipv6(&addresses, THIRD, id));
	assert_true(addresses_drop_ipv6(&addresses, SECOND, other_id));
	stop();
}

TEST(addresses_that_are_left_are_freed_at_the_end)
{
	start();
	for (uint32_t i = 0; i < 100; i++)
		addresses_give(&addresses, i + 2, ADDRESS + i);
	assert_true(addresses_hold_ipv6(&addresses, FIRST, id));
	addresses_fini(&addresses);
}
