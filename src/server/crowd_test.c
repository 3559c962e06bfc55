#include "server/crowd.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "server/engine.h"
#include "tests/test.h"

struct crowd {
	struct table table;
	struct map lines;
	struct session_host host;
	struct session_settings *settings;
	uint64_t seed;
};

static void begin(struct crowd *crowd)
{
	memset(crowd, 0, sizeof(*crowd));
	crowd->host.random = test_random(&crowd->seed);
	crowd->settings = session_settings_new(LINK_SERVER);
	assert_true(table_init(&crowd->table, (struct share){0}));
}

static void end(struct crowd *crowd)
{
	table_fini(&crowd->table);
	map_fini(&crowd->lines);
	session_settings_unref(crowd->settings);
	session_host_fini(&crowd->host);
}

static struct session *add_call(struct crowd *crowd, uint64_t started_ms)
{
	uint32_t id = table_pick_id(&crowd->table);
	struct session *session = session_new(&crowd->host, crowd->settings, id, (uint16_t)id,
					      (struct endpoint){0xc0000201, 4000}, 1);
	assert_non_null(table_add(&crowd->table, session));
	session_start(session, 1, started_ms);
	return session;
}

static void hear(struct session *session, enum link_phase phase)
{
	gre_on_data(&session->gre, 0, session->started_ms);
	session->link.phase = phase;
}

TEST(crowd_gives_up_the_oldest_silent_call_before_any_that_speaks)
{
	struct crowd crowd;
	begin(&crowd);
	hear(add_call(&crowd, 1000), LINK_AUTHENTICATE);
	struct session *second = add_call(&crowd, 3000), *third = add_call(&crowd, 2000);
	assert_ptr_equal(crowd_idle_call(&crowd.table, 20000), third);
	hear(third, LINK_ESTABLISH);
	assert_ptr_equal(crowd_idle_call(&crowd.table, 20000), second);
	end(&crowd);
}

TEST(crowd_leaves_time_to_speak_and_to_prove_oneself)
{
	struct crowd crowd;
	begin(&crowd);
	struct session *call = add_call(&crowd, 1000);
	assert_null(crowd_idle_call(&crowd.table, 1000 + CROWD_SILENT_MS - 1));
	assert_ptr_equal(crowd_idle_call(&crowd.table, 1000 + CROWD_SILENT_MS), call);
	hear(call, LINK_AUTHENTICATE);
	assert_null(crowd_idle_call(&crowd.table, 1000 + CROWD_UNPROVED_MS - 1));
	assert_ptr_equal(crowd_idle_call(&crowd.table, 1000 + CROWD_UNPROVED_MS), call);
	end(&crowd);
}

TEST(crowd_gives_up_nobody_who_proved_himself)
{
	struct crowd crowd;
	begin(&crowd);
	struct session *call = add_call(&crowd, 1000);
	hear(call, LINK_NETWORK);
	assert_null(crowd_idle_call(&crowd.table, 1000000));
	call->state = SESSION_UP;
	assert_null(crowd_idle_call(&crowd.table, 1000000));
	end(&crowd);
}

TEST(crowd_gives_up_connections_without_a_call_the_unestablished_and_old_ones_first)
{
	struct crowd crowd;
	struct connection connections[5];
	struct line lines[5];
	begin(&crowd);
	struct session *call = add_call(&crowd, 1000);
	memset(connections, 0, sizeof(connections));
	memset(lines, 0, sizeof(lines));
	static const struct {
		bool established, has_call, closed;
	} rows[5] = {{true, true, false},
		     {true, false, false},
		     {false, false, true},
		     {false, false, false},
		     {false, false, false}};
	for (uint32_t i = 0; i < COUNT_OF(lines); i++) {
		connections[i] = (struct connection){
			.id = i + 1, .established = rows[i].established, .closed = rows[i].closed};
		connections[i].calls[3] = rows[i].has_call ? call : NULL;
		lines[i].connection = &connections[i];
		map_insert(&crowd.lines, &lines[i].by_id, map_hash_u64(i + 1, 0));
	}
	assert_ptr_equal(crowd_idle_line(&crowd.lines, 5000), &lines[3]);
	connections[3].closed = true;
	assert_ptr_equal(crowd_idle_line(&crowd.lines, 5000), &lines[4]);
	connections[4].closed = true;
	assert_ptr_equal(crowd_idle_line(&crowd.lines, 5000), &lines[1]);
	connections[1].closed = true;
	assert_null(crowd_idle_line(&crowd.lines, 5000));
	end(&crowd);
}

TEST(crowd_gives_up_a_connection_that_is_being_stopped_before_all_others)
{
	struct crowd crowd;
	begin(&crowd);
	struct connection silent = {.id = 1};
	struct connection leaving = {
		.id = 2, .idle_ms = 9000, .established = true, .stopping = true};
	struct line lines[2] = {{.connection = &silent}, {.connection = &leaving}};
	for (uint32_t i = 0; i < COUNT_OF(lines); i++)
		map_insert(&crowd.lines, &lines[i].by_id, map_hash_u64(i + 1, 0));
	assert_ptr_equal(crowd_idle_line(&crowd.lines, 10000), &lines[1]);
	end(&crowd);
}

/* Else a stranger who says who he is, and nothing more, keeps his places from all who just came. */
TEST(crowd_leaves_a_connection_time_to_ask_for_its_call)
{
	struct crowd crowd;
	begin(&crowd);
	struct connection stranger = {.id = 1, .idle_ms = 1000, .established = true};
	struct connection caller = {.id = 2, .idle_ms = 1001 + CROWD_SILENT_MS};
	struct line lines[2] = {{.connection = &stranger}, {.connection = &caller}};
	for (uint32_t i = 0; i < COUNT_OF(lines); i++)
		map_insert(&crowd.lines, &lines[i].by_id, map_hash_u64(i + 1, 0));
	assert_ptr_equal(crowd_idle_line(&crowd.lines, caller.idle_ms), &lines[0]);
	assert_ptr_equal(crowd_idle_line(&crowd.lines, caller.idle_ms + CROWD_SILENT_MS),
			 &lines[1]);
	/* Where all just came it is the oldest that goes: the next one needs the place as much. */
	assert_ptr_equal(crowd_idle_line(&crowd.lines, stranger.idle_ms), &lines[0]);
	end(&crowd);
}
