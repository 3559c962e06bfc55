#include "server/ahead.h"

#include <string.h>

#include "base/base.h"
#include "session/session.h"
#include "tests/test.h"

enum { MEMBERS = 80 };

static struct session_host host;
static struct session_settings *settings;
static struct table table;
static struct member *members[MEMBERS];
static uint64_t state;

static void add_members(size_t count, bool stateless)
{
	struct auth_keys keys = {.present = 1};
	memset(keys.send, 0x5a, sizeof(keys.send));
	state = 3;
	host = (struct session_host){.random = test_random(&state)};
	settings = session_settings_new(LINK_SERVER);
	assert_non_null(settings);
	assert_true(table_init(&table, (struct share){0}));
	for (size_t i = 0; i < count; i++) {
		struct endpoint caller = {.address = (uint32_t)i};
		struct session *session = session_new(&host, settings, table_pick_id(&table),
						      (uint16_t)(i + 1), caller, 0);
		members[i] = table_add(&table, session);
		mppe_init(&session->link.mppe, &keys, MPPE_128, stateless);
	}
}

static void remove_members(void)
{
	table_fini(&table);
	session_settings_unref(settings);
	session_host_fini(&host);
}

static unsigned work_all(struct ahead *ahead)
{
	unsigned made = 0;
	for (unsigned pieces = 0; ahead->count; pieces++) {
		unsigned piece = ahead_work(ahead, &rc4_plan_plain, &table);
		assert_in_range(piece, 0, AHEAD_KEYS);
		assert_true(pieces < 1000);
		made += piece;
	}
	return made;
}

TEST(ahead_fills_each_noted_session_and_notes_it_once)
{
	struct ahead ahead = {0};
	add_members(20, true);
	for (size_t i = 0; i < 40; i++)
		ahead_note(&ahead, members[i % 20]);
	assert_int_equal(ahead.count, 20);
	assert_int_equal(work_all(&ahead), 20 * 2 * MPPE_KEYS_AHEAD);
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(members[i]->session->link.mppe.send.ahead_count, MPPE_KEYS_AHEAD);
		assert_false(members[i]->awaits_keys);
		ahead_note(&ahead, members[i]);
	}
	assert_int_equal(ahead.count, 0);
	remove_members();
}

TEST(ahead_takes_no_more_than_its_places_and_the_others_later)
{
	struct ahead ahead = {0};
	add_members(MEMBERS, true);
	for (size_t i = 0; i < MEMBERS; i++)
		ahead_note(&ahead, members[i]);
	assert_int_equal(ahead.count, AHEAD_SESSIONS);
	work_all(&ahead);
	for (size_t i = 0; i < MEMBERS; i++)
		ahead_note(&ahead, members[i]);
	assert_int_equal(ahead.count, MEMBERS - AHEAD_SESSIONS);
	assert_int_equal(work_all(&ahead), (MEMBERS - AHEAD_SESSIONS) * 2 * MPPE_KEYS_AHEAD);
	remove_members();
}

TEST(ahead_passes_over_sessions_that_ended_or_lost_their_encryption)
{
	struct ahead ahead = {0};
	add_members(4, true);
	for (size_t i = 0; i < 4; i++)
		ahead_note(&ahead, members[i]);
	table_remove(&table, members[1]);
	mppe_fini(&members[2]->session->link.mppe);
	assert_int_equal(work_all(&ahead), 2 * 2 * MPPE_KEYS_AHEAD);
	assert_false(members[2]->awaits_keys);
	remove_members();
}

TEST(ahead_has_nothing_to_do_for_stateful_sessions)
{
	struct ahead ahead = {0};
	add_members(1, false);
	ahead_note(&ahead, members[0]);
	assert_int_equal(ahead.count, 0);
	remove_members();
}
