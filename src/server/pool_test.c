#include "server/pool.h"

#include <string.h>

#include "base/address.h"
#include "base/base.h"
#include "config/testing.h"

/* A pool of these lists; what config would forbid is tried as well. */
struct fixture {
	struct settings settings;
	struct pool pool;
};

static void open_pool(struct fixture *f, const char *local, const char *remote,
		      uint32_t connections)
{
	char why[256];
	*f = (struct fixture){.settings = {.connections = connections}};
	assert_true(address_ranges_parse(&f->settings.local, local, NULL, NULL, why, sizeof(why)));
	if (*remote)
		assert_true(address_ranges_parse(&f->settings.remote, remote, NULL, NULL, why,
						 sizeof(why)));
	assert_true(pool_init(&f->pool, &f->settings));
}

static void close_pool(struct fixture *f)
{
	pool_fini(&f->pool);
	address_ranges_fini(&f->settings.local);
	address_ranges_fini(&f->settings.remote);
}

static uint32_t address(const char *text)
{
	uint32_t value;
	assert_true(address_parse(text, &value));
	return value;
}

/* "LOCAL:REMOTE", or "none". */
static void expect_next(struct fixture *f, uint32_t session, const char *expected)
{
	struct pool_lease lease;
	char local[ADDRESS_TEXT], remote[ADDRESS_TEXT], text[64] = "none";
	if (pool_take_any(&f->pool, session, NULL, NULL, &lease)) {
		assert_int_equal(lease.session, session);
		snprintf(text, sizeof(text), "%s:%s", address_print(lease.local, local),
			 address_print(lease.remote, remote));
	}
	assert_string_equal(text, expected);
}

TEST(pool_gives_the_lowest_free_slot)
{
	struct fixture f;
	open_pool(&f, "10.0.0.1", "10.0.0.100-102", 100);
	expect_next(&f, 1, "10.0.0.1:10.0.0.100");
	expect_next(&f, 2, "10.0.0.1:10.0.0.101");
	pool_release(&f.pool, address("10.0.0.100"), 1);
	expect_next(&f, 3, "10.0.0.1:10.0.0.100");
	expect_next(&f, 4, "10.0.0.1:10.0.0.102");
	expect_next(&f, 5, "none");
	pool_release(&f.pool, address("10.0.0.101"), 2);
	pool_release(&f.pool, address("10.0.0.100"), 3);
	expect_next(&f, 6, "10.0.0.1:10.0.0.100");
	expect_next(&f, 7, "10.0.0.1:10.0.0.101");
	expect_next(&f, 8, "none");
	close_pool(&f);
}

TEST(pool_pairs_the_lists_slot_by_slot)
{
	struct fixture f;
	open_pool(&f, "10.0.0.5,10.0.1.7-8", "10.9.0.200,10.9.0.3-4", 100);
	expect_next(&f, 1, "10.0.0.5:10.9.0.200");
	expect_next(&f, 2, "10.0.1.7:10.9.0.3");
	expect_next(&f, 3, "10.0.1.8:10.9.0.4");
	expect_next(&f, 4, "none");
	assert_int_equal(pool_local_for(&f.pool, address("10.9.0.3")), address("10.0.1.7"));
	/* Of none of the slots: the first of ours. */
	assert_int_equal(pool_local_for(&f.pool, address("172.16.0.1")), address("10.0.0.5"));
	close_pool(&f);
}

TEST(pool_serves_no_more_than_connections_says)
{
	struct fixture f;
	open_pool(&f, "10.0.0.1", "10.0.0.100-200", 2);
	expect_next(&f, 1, "10.0.0.1:10.0.0.100");
	expect_next(&f, 2, "10.0.0.1:10.0.0.101");
	expect_next(&f, 3, "none");
	close_pool(&f);
}

TEST(pool_without_remote_addresses_has_only_fixed_ones)
{
	struct fixture f;
	struct pool_lease lease;
	open_pool(&f, "10.0.0.1", "", 100);
	expect_next(&f, 1, "none");
	assert_true(pool_take(&f.pool, address("172.16.0.9"), 1, &lease));
	assert_int_equal(lease.local, address("10.0.0.1"));
	assert_int_equal(lease.remote, address("172.16.0.9"));
	assert_int_equal(pool_holder(&f.pool, address("172.16.0.9")), 1);
	close_pool(&f);
}

TEST(pool_takes_a_fixed_address_out_of_turn_and_from_its_holder)
{
	struct fixture f;
	struct pool_lease lease;
	uint32_t fixed = address("10.0.0.100");
	open_pool(&f, "10.0.0.1", "10.0.0.100-101", 100);
	assert_true(pool_take(&f.pool, fixed, 7, &lease));
	expect_next(&f, 8, "10.0.0.1:10.0.0.101"); /* the first is taken */
	assert_true(pool_take(&f.pool, fixed, 9, &lease));
	assert_int_equal(pool_holder(&f.pool, fixed), 9);
	pool_release(&f.pool, fixed, 7); /* it is not his any more */
	assert_int_equal(pool_holder(&f.pool, fixed), 9);
	expect_next(&f, 10, "none");
	pool_release(&f.pool, fixed, 9);
	pool_release(&f.pool, fixed, 9); /* twice is nothing */
	assert_int_equal(pool_holder(&f.pool, fixed), 0);
	expect_next(&f, 10, "10.0.0.1:10.0.0.100");
	close_pool(&f);
}

TEST(pool_gives_an_address_that_stands_twice_in_its_list_once)
{
	struct fixture f;
	open_pool(&f, "10.0.0.1", "10.0.0.100,10.0.0.100,10.0.0.101", 100);
	expect_next(&f, 1, "10.0.0.1:10.0.0.100");
	expect_next(&f, 2, "10.0.0.1:10.0.0.101");
	expect_next(&f, 3, "none");
	close_pool(&f);
}

static bool is_even(const void *context, uint32_t value, uint32_t slot)
{
	assert_ptr_equal(context, is_even);
	assert_int_equal(value, 0x0a000064 + slot);
	return value % 2 == 0;
}

TEST(pool_gives_only_what_is_allowed)
{
	struct fixture f;
	struct pool_lease lease;
	open_pool(&f, "10.0.0.1", "10.0.0.100-103", 100);
	const uint32_t expected[] = {0x0a000064, 0x0a000066};
	for (uint32_t i = 0; i < COUNT_OF(expected); i++) {
		assert_true(pool_take_any(&f.pool, i + 1, is_even, is_even, &lease));
		assert_int_equal(lease.remote, expected[i]);
	}
	assert_false(pool_take_any(&f.pool, 3, is_even, is_even, &lease));
	expect_next(&f, 3, "10.0.0.1:10.0.0.101"); /* what was skipped is still there */
	close_pool(&f);
}

TEST(pool_of_many_gives_each_address_once)
{
	enum { MANY = 10000 };
	struct fixture f;
	struct pool_lease lease;
	open_pool(&f, "10.255.255.254", "10.1.0.0-10.1.39.15", MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_true(pool_take_any(&f.pool, i + 1, NULL, NULL, &lease));
		assert_int_equal(lease.remote, 0x0a010000 + i);
	}
	assert_false(pool_take_any(&f.pool, 1, NULL, NULL, &lease));
	for (uint32_t i = 0; i < MANY; i += 3)
		pool_release(&f.pool, 0x0a010000 + i, i + 1);
	for (uint32_t i = 0; i < MANY; i += 3) {
		assert_true(pool_take_any(&f.pool, MANY + i, NULL, NULL, &lease));
		assert_int_equal(lease.remote, 0x0a010000 + i);
	}
	assert_false(pool_take_any(&f.pool, 1, NULL, NULL, &lease));
	close_pool(&f);
}
