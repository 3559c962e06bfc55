#include "path/ahead.h"

#include <string.h>

#include "base/base.h"
#include "session/session.h"
#include "tests/test.h"

enum { MEMBERS = 80 };

static struct session_host host;
static struct session_settings *settings;
static struct path_member members[MEMBERS];
static struct ahead ahead;
static uint64_t state;

static void begin(bool stateless)
{
	struct auth_keys keys = {.present = 1};
	memset(keys.send, 0x5a, sizeof(keys.send));
	state = 3;
	host = (struct session_host){.random = test_random(&state)};
	settings = session_settings_new(LINK_SERVER);
	assert_non_null(settings);
	ahead_init(&ahead);
	for (uint16_t i = 0; i < MEMBERS; i++) {
		struct session *session = session_new(&host, settings, i + 1u, i + 1,
						      (struct endpoint){.address = i}, 0);
		assert_non_null(session);
		mppe_init(&session->link.mppe, &keys, MPPE_128, stateless);
		members[i] = (struct path_member){.session = session};
	}
}

static void end(void)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (members[i].session)
			session_free(members[i].session);
	session_settings_unref(settings);
	session_host_fini(&host);
}

static unsigned work_all(void)
{
	unsigned made = 0;
	for (unsigned pieces = 0; ahead_has_work(&ahead); pieces++) {
		unsigned piece = ahead_work(&ahead, &rc4_plan_plain);
		assert_in_range(piece, 0, AHEAD_KEYS);
		assert_true(pieces < 1000);
		made += piece;
	}
	return made;
}

TEST(ahead_fills_each_noted_session_and_notes_it_once)
{
	begin(true);
	for (size_t i = 0; i < 2 * (size_t)MEMBERS; i++)
		ahead_note(&ahead, &members[i % MEMBERS]);
	assert_int_equal(work_all(), MEMBERS * 2 * MPPE_KEYS_AHEAD);
	for (size_t i = 0; i < MEMBERS; i++) {
		assert_int_equal(members[i].session->link.mppe.send.ahead_count, MPPE_KEYS_AHEAD);
		assert_int_equal(members[i].session->link.mppe.receive.ahead_count,
				 MPPE_KEYS_AHEAD);
		ahead_note(&ahead, &members[i]);
	}
	assert_false(ahead_has_work(&ahead));
	end();
}

TEST(ahead_passes_over_sessions_that_ended_or_lost_their_encryption)
{
	begin(true);
	for (size_t i = 0; i < 4; i++)
		ahead_note(&ahead, &members[i]);
	ahead_forget(&members[1]);
	session_free(members[1].session);
	members[1].session = NULL;
	mppe_fini(&members[2].session->link.mppe);
	assert_int_equal(work_all(), 2 * 2 * MPPE_KEYS_AHEAD);
	ahead_forget(&members[2]); /* also one that is not noted */
	end();
}

TEST(ahead_has_nothing_to_do_for_stateful_sessions)
{
	begin(false);
	ahead_note(&ahead, &members[0]);
	assert_false(ahead_has_work(&ahead));
	end();
}
