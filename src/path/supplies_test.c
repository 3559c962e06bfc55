#include "path/supplies.h"

#include <string.h>

#include "base/base.h"
#include "session/session.h"
#include "tests/test.h"

enum { MEMBERS = 20, BATCH = 24 };

static struct session_host host;
static struct session_settings *settings;
static struct loop loop;
static struct supplies supplies;
static struct path_member members[MEMBERS];
static struct mppe peers[MEMBERS]; /* at the other end */
static uint64_t state;

static void begin(bool stateless)
{
	struct auth_keys keys = {.present = 1};
	memset(keys.send, 0x5a, sizeof(keys.send));
	memset(keys.receive, 0x5a, sizeof(keys.receive));
	state = 3;
	host = (struct session_host){.random = test_random(&state)};
	settings = session_settings_new(LINK_SERVER);
	assert_non_null(settings);
	assert_int_equal(loop_init(&loop), 0);
	loop.now_ms = 1000;
	supplies_init(&supplies, &loop, &rc4_plan_plain);
	helper_stop(&supplies.helper); /* where a test wants none */
	for (uint16_t i = 0; i < MEMBERS; i++) {
		struct session *session = session_new(&host, settings, i + 1u, i + 1,
						      (struct endpoint){.address = i}, 0);
		assert_non_null(session);
		mppe_init(&session->link.mppe, &keys, MPPE_128, stateless);
		mppe_init(&peers[i], &keys, MPPE_128, stateless);
		members[i] = (struct path_member){.session = session};
	}
}

static void end(void)
{
	supplies_fini(&supplies);
	for (size_t i = 0; i < MEMBERS; i++)
		if (members[i].session)
			session_free(members[i].session);
	session_settings_unref(settings);
	session_host_fini(&host);
	loop_fini(&loop);
}

/* The session's packets, to the peer and back from it, as a path runs them; each arrives as it was. */
static void exchange(struct path_member *member, unsigned count)
{
	static struct packet packets[BATCH];
	static struct mppe_item items[BATCH];
	struct mppe_item *all[BATCH] = {0};
	struct mppe *mppe = &member->session->link.mppe, *peer = &peers[member - members];
	bool reset;
	for (unsigned i = 0; i < count; i++) {
		all[i] = &items[i];
		packet_reset(&packets[i]);
		packets[i].length = 100 + i;
		memset(packets[i].data, (int)i, packets[i].length);
		mppe_seal(mppe, &packets[i], &items[i]);
		supplies_note(&supplies, member, &items[i]);
	}
	mppe_run(all, count);
	supplies_settle(&supplies);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(mppe_admit(peer, &packets[i], &items[i], 0, &reset), DROP_NONE);
		mppe_run(&all[i], 1);
		for (size_t n = 0; n < packets[i].length; n++)
			assert_int_equal(packets[i].data[n], i);
		mppe_commit(peer, &items[i]);
		mppe_seal(peer, &packets[i], &items[i]);
		mppe_run(&all[i], 1);
	}
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(mppe_admit(mppe, &packets[i], &items[i], 0, &reset), DROP_NONE);
		supplies_note(&supplies, member, &items[i]);
	}
	mppe_run(all, count);
	supplies_settle(&supplies);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(packets[i].length, 100 + i);
		for (size_t n = 0; n < packets[i].length; n++)
			assert_int_equal(packets[i].data[n], i);
		mppe_commit(mppe, &items[i]);
	}
}

static void heat(struct path_member *member)
{
	for (unsigned packets = 0; packets < SUPPLIES_HOT; packets += 16)
		exchange(member, 16);
}

static bool is_hot(const struct path_member *member)
{
	const struct mppe *mppe = &member->session->link.mppe;
	assert_int_equal(!mppe->send.supply, !mppe->receive.supply);
	return mppe->send.supply;
}

static void pass(uint64_t ms)
{
	for (; ms; ms--)
		timers_run(&loop.timers, ++loop.now_ms, 100);
}

static void work_all(void)
{
	for (unsigned pieces = 0; supplies_have_work(&supplies); pieces++) {
		assert_true(pieces < 1000);
		supplies_work(&supplies, &rc4_plan_plain);
	}
}

TEST(supplies_are_lent_to_the_hot_alone)
{
	begin(true);
	for (unsigned round = 0; round < 20; round++) { /* 31 in a window */
		exchange(&members[0], 16);
		loop.now_ms += SUPPLIES_WINDOW_MS / 2 + 2;
	}
	assert_false(is_hot(&members[0]));
	heat(&members[1]);
	assert_true(is_hot(&members[1]));
	assert_int_equal(supplies.lent, 2);
	end();
}

TEST(supplies_are_not_for_stateful_sessions)
{
	begin(false);
	struct mppe_item items[1] = {{.stateful = true}};
	for (unsigned i = 0; i < 1000; i++)
		supplies_note(&supplies, &members[0], items);
	assert_int_equal(supplies.lent, 0);
	end();
}

TEST(supplies_filled_in_idle_time_serve_each_packet)
{
	begin(true);
	heat(&members[0]);
	heat(&members[1]);
	assert_int_equal(supplies.served, 0);
	assert_true(supplies_have_work(&supplies));
	work_all();
	exchange(&members[0], BATCH);
	assert_int_equal(supplies.served, 2 * BATCH);
	exchange(&members[1], BATCH);
	assert_int_equal(supplies.served, 4 * BATCH);
	end();
}

TEST(supplies_come_back_from_those_who_cool)
{
	begin(true);
	for (size_t i = 0; i < 4; i++)
		heat(&members[i % 2]); /* once to be lent one, and once to keep it */
	pass(SUPPLIES_COOL_MS);
	assert_true(is_hot(&members[0]));
	heat(&members[0]);
	exchange(&members[1], 20);
	pass(SUPPLIES_COOL_MS);
	assert_true(is_hot(&members[0]));
	assert_false(is_hot(&members[1]));
	pass(SUPPLIES_COOL_MS);
	assert_int_equal(supplies.lent, 0);
	assert_int_equal(supplies.timer.place, 0);
	for (size_t i = 0; i < SUPPLIES; i++)
		assert_true(mppe_supply_is_free(&supplies.list[i]));
	heat(&members[1]);
	assert_true(is_hot(&members[1]));
	end();
}

TEST(supplies_are_so_many_and_then_the_next_waits)
{
	begin(true);
	for (size_t i = 0; i < MEMBERS; i++)
		heat(&members[i]);
	assert_int_equal(supplies.lent, SUPPLIES);
	assert_true(is_hot(&members[SUPPLIES / 2 - 1]));
	assert_false(is_hot(&members[SUPPLIES / 2]));
	supplies_forget(&supplies, &members[2]);
	loop.now_ms += SUPPLIES_WINDOW_MS;
	heat(&members[MEMBERS - 1]);
	assert_true(is_hot(&members[MEMBERS - 1]));
	end();
}

TEST(supplies_come_back_from_a_session_that_ends_and_a_link_that_goes_down)
{
	begin(true);
	heat(&members[0]);
	heat(&members[1]);
	mppe_fini(&members[0].session->link.mppe);
	assert_int_equal(supplies.lent, 4); /* it was not told */
	assert_true(mppe_supply_is_free(&supplies.list[0]));
	supplies_forget(&supplies, &members[0]);
	assert_int_equal(supplies.lent, 2);
	session_free(members[0].session);
	members[0].session = NULL;
	mppe_fini(&members[1].session->link.mppe);
	work_all();
	pass(SUPPLIES_COOL_MS);
	assert_int_equal(supplies.lent, 0);
	end();
}

/* The helper's thread beside this one, with sessions that come, cool and go. */
TEST(supplies_are_filled_by_a_helper)
{
	uint64_t random_state = 9;
	struct random random = test_random(&random_state);
	begin(true);
	bool helped = helper_start(&supplies.helper, supplies.list, SUPPLIES, &rc4_plan_plain);
	for (unsigned round = 0; round < 400; round++) {
		exchange(&members[random_below(&random, MEMBERS)], BATCH);
		if (round % 8 == 0)
			for (unsigned i = 0; i < 4; i++)
				exchange(&members[round / 50], BATCH);
		if (round % 100 == 99)
			pass(SUPPLIES_COOL_MS);
		if (round % 40 == 39)
			supplies_forget(&supplies, &members[round / 50]);
	}
	/* It may never have run where the machine is busy, until now. */
	heat(&members[0]);
	for (unsigned round = 0; helped && round < 20000 && !supplies.served; round++)
		exchange(&members[0], BATCH);
	if (helped)
		assert_true(supplies.served > 0);
	end();
}
