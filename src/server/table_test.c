#include "server/table.h"

#include <string.h>

#include "base/base.h"
#include "tests/test.h"

struct fixture {
	struct table table;
	struct session_host host;
	struct session_settings *settings;
	uint64_t seed;
};

static void start(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->host.random = test_random(&f->seed);
	f->settings = session_settings_new(LINK_SERVER);
	assert_true(table_init(&f->table, (struct share){0}));
}

static void stop(struct fixture *f)
{
	table_fini(&f->table);
	session_settings_unref(f->settings);
	session_host_fini(&f->host);
}

static struct member *add(struct fixture *f, uint16_t call_id, uint32_t caller)
{
	struct session *session = session_new(&f->host, f->settings, table_pick_id(&f->table),
					      call_id, (struct endpoint){caller, 4000}, 1);
	struct member *member = table_add(&f->table, session);
	assert_non_null(member);
	return member;
}

TEST(table_picks_call_ids_distinct_for_a_caller_until_none_is_left)
{
	enum { CALLER = 0xc0000201, OTHER = 0xc0000202 };
	struct fixture f;
	start(&f);
	static bool used[TABLE_CALLS];
	memset(used, 0, sizeof(used));
	size_t neighbours = 0;
	uint16_t before = 0;
	for (uint32_t i = 1; i < TABLE_CALLS; i++) {
		uint16_t call_id = table_pick_call_id(&f.table, &f.host.random, CALLER);
		assert_int_not_equal(call_id, 0);
		assert_false(used[call_id]);
		used[call_id] = true;
		if (i <= 1000)
			neighbours += (uint16_t)(before + 1) == call_id;
		before = call_id;
		add(&f, call_id, CALLER);
	}
	assert_true(neighbours < 10); /* at random, not one after the other */
	assert_int_equal(table_pick_call_id(&f.table, &f.host.random, CALLER), 0);
	assert_int_not_equal(table_pick_call_id(&f.table, &f.host.random, OTHER), 0);
	table_remove(&f.table, table_by_call(&f.table, 777, CALLER));
	assert_int_equal(table_pick_call_id(&f.table, &f.host.random, CALLER), 777);
	stop(&f);
}

TEST(table_hands_out_numbers_and_call_ids_of_its_share_alone)
{
	static const struct share shares[] = {{0, 2}, {1, 2}, {0, 3}, {2, 3}, {7, 8}};
	for (size_t i = 0; i < COUNT_OF(shares); i++) {
		enum { CALLER = 0xc0000201 };
		static bool used[TABLE_CALLS];
		uint32_t count = shares[i].count, index = shares[i].index, halves[2] = {0};
		uint32_t left = TABLE_CALLS / count + (index < TABLE_CALLS % count) - (index == 0);
		struct fixture f;
		start(&f);
		f.table.share = shares[i];
		f.table.last_id = index;
		memset(used, 0, sizeof(used));
		for (uint32_t taken = 0; taken < left; taken++) {
			uint16_t call_id = table_pick_call_id(&f.table, &f.host.random, CALLER);
			assert_int_not_equal(call_id, 0);
			assert_int_equal(call_id % count, index);
			assert_false(used[call_id]);
			used[call_id] = true;
			if (taken < 1000)
				halves[call_id >= TABLE_CALLS / 2]++;
			assert_int_equal(add(&f, call_id, CALLER)->session->id % count, index);
		}
		/* By chance fewer than 385 of 1,000 lie in one half once in 10^12 times. */
		assert_true(halves[0] > 385 && halves[1] > 385);
		assert_int_equal(table_pick_call_id(&f.table, &f.host.random, CALLER), 0);
		stop(&f);
	}
}

TEST(table_numbers_of_a_share_stay_in_it_beyond_the_last)
{
	struct fixture f;
	start(&f);
	f.table.share = (struct share){2, 3};
	f.table.last_id = UINT32_MAX - 4; /* 3 goes into 2^32 - 1 */
	assert_int_equal(table_pick_id(&f.table), UINT32_MAX - 1);
	assert_int_equal(table_pick_id(&f.table), 2);
	f.table.share.index = 0;
	f.table.last_id = UINT32_MAX - 3;
	assert_int_equal(table_pick_id(&f.table), UINT32_MAX);
	assert_int_equal(table_pick_id(&f.table), 3); /* not 0 */
	stop(&f);
}

TEST(table_tells_callers_with_one_call_id_apart)
{
	enum { CALLERS = 20 };
	struct fixture f;
	struct member *members[CALLERS];
	start(&f);
	for (uint32_t i = 0; i < CALLERS; i++)
		members[i] = add(&f, 5, 100 + i);
	for (uint32_t i = 0; i < CALLERS; i++)
		assert_ptr_equal(table_by_call(&f.table, 5, 100 + i), members[i]);
	assert_null(table_by_call(&f.table, 5, 99));
	assert_null(table_by_call(&f.table, 6, 100));
	/* First, last and one in the middle of the chain. */
	const uint32_t out[] = {0, CALLERS - 1, 7};
	for (size_t i = 0; i < COUNT_OF(out); i++)
		table_remove(&f.table, members[out[i]]);
	for (uint32_t i = 0; i < CALLERS; i++) {
		bool gone = i == 0 || i == CALLERS - 1 || i == 7;
		assert_ptr_equal(table_by_call(&f.table, 5, 100 + i), gone ? NULL : members[i]);
	}
	stop(&f);
}

TEST(table_numbers_never_repeat_a_living_one_and_are_never_0)
{
	struct fixture f;
	start(&f);
	f.table.last_id = UINT32_MAX - 1;
	struct member *last = add(&f, 1, 1), *first = add(&f, 2, 1);
	assert_int_equal(last->session->id, UINT32_MAX);
	assert_int_equal(first->session->id, 1);
	f.table.last_id = 0;
	assert_int_equal(table_pick_id(&f.table), 2);
	assert_ptr_equal(table_by_id(&f.table, UINT32_MAX), last);
	assert_null(table_by_id(&f.table, 7));
	stop(&f);
}

TEST(table_gives_an_inner_address_to_the_latest)
{
	struct fixture f;
	start(&f);
	struct member *a = add(&f, 1, 1), *b = add(&f, 2, 1);
	a->session->addresses.remote = b->session->addresses.remote = 0x0a000064;
	assert_null(table_by_inner(&f.table, 0x0a000064));
	table_hold_inner(&f.table, a);
	assert_ptr_equal(table_by_inner(&f.table, 0x0a000064), a);
	table_hold_inner(&f.table, b);
	assert_ptr_equal(table_by_inner(&f.table, 0x0a000064), b);
	assert_false(a->has_inner);
	table_drop_inner(&f.table, a); /* has none any more */
	assert_ptr_equal(table_by_inner(&f.table, 0x0a000064), b);
	table_hold_inner(&f.table, b); /* again: IPCP came up anew */
	assert_ptr_equal(table_by_inner(&f.table, 0x0a000064), b);
	table_remove(&f.table, b);
	assert_null(table_by_inner(&f.table, 0x0a000064));
	assert_int_equal(f.table.by_inner.count, 0);
	stop(&f);
}

TEST(table_keeps_an_interface_identifier_with_the_first)
{
	static const uint8_t id[8] = {2, 0, 0, 0, 0, 0, 0, 9}, other[8] = {2};
	struct fixture f;
	start(&f);
	struct member *a = add(&f, 1, 1), *b = add(&f, 2, 1);
	memcpy(a->session->addresses.remote_id, id, 8);
	memcpy(b->session->addresses.remote_id, id, 8);
	assert_true(table_hold_interface(&f.table, a));
	assert_true(table_hold_interface(&f.table, a));
	assert_false(table_hold_interface(&f.table, b));
	assert_ptr_equal(table_by_interface(&f.table, id), a);
	assert_null(table_by_interface(&f.table, other));
	table_drop_interface(&f.table, b);
	table_drop_interface(&f.table, a);
	assert_true(table_hold_interface(&f.table, b));
	assert_ptr_equal(table_by_interface(&f.table, id), b);
	stop(&f);
}

struct removal {
	struct fixture *f;
	size_t visits;
	uint32_t others; /* how many more each visit removes */
};

static void count_nothing(void *context, struct member *member)
{
	(void)context;
	assert_non_null(member->session);
}

static void remove_some(void *context, struct member *member)
{
	struct removal *r = context;
	uint32_t id = member->session->id;
	r->visits++;
	table_each(&r->f->table, count_nothing, NULL); /* one walk within another */
	for (uint32_t i = 1; i <= r->others; i++) {
		struct member *other = table_by_id(&r->f->table, id + i);
		if (other)
			table_remove(&r->f->table, other);
	}
	if (id % 2)
		table_remove(&r->f->table, member);
}

/* What is carried out for one session may end others, which are next in the same chain. */
TEST(table_may_lose_any_member_while_it_is_walked)
{
	for (uint32_t others = 0; others < 40; others++) {
		struct fixture f;
		struct removal r = {.f = &f, .others = others};
		start(&f);
		for (uint16_t i = 1; i <= 100; i++)
			add(&f, i, 1);
		table_each(&f.table, remove_some, &r);
		assert_true(r.visits >= 1 && r.visits <= 100);
		if (!others)
			assert_int_equal(table_count(&f.table), 50);
		assert_null(f.table.walk);
		stop(&f);
	}
}
