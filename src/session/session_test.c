/* What a session does by itself, without another end to talk to: tests/pair has the rest. */
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "session/session.h"

/* product.md: 16 KiB resident for each, with its share of everything else. */
_Static_assert(sizeof(struct session) < 12 * 1024, "a session is a small thing");

struct desk {
	uint64_t seed;
	struct session_host host;
	struct session_settings *settings;
	struct session *session;
	unsigned counts[ACTION_LOG + 1];
	struct link_end end;
	uint8_t frame[1600];
	char log[16384];
};

static void take_all(struct desk *d)
{
	struct action_view view;
	while (action_take(&d->host, &view)) {
		d->counts[view.kind]++;
		if (view.kind == ACTION_SESSION_ENDED)
			memcpy(&d->end, view.bytes, sizeof(d->end));
		else if (view.kind == ACTION_LOG) {
			size_t length = strlen(d->log);
			snprintf(d->log + length, sizeof(d->log) - length, "%.*s\n",
				 (int)view.length - 1, (const char *)view.bytes + 1);
		}
	}
}

static void open_desk(struct desk *d)
{
	*d = (struct desk){.seed = 5};
	d->host.random = test_random(&d->seed);
	d->settings = session_settings_new(LINK_SERVER);
	d->session = session_new(&d->host, d->settings, 9, 700, (struct endpoint){0xc6336402, 4000},
				 0xcb007101);
}

static void close_desk(struct desk *d)
{
	session_free(d->session);
	session_settings_unref(d->settings);
	session_host_fini(&d->host);
}

TEST(a_call_that_never_came_up_ends_with_nothing_to_release)
{
	struct desk d;
	open_desk(&d);
	assert_true(session_deadline(d.session) == TIME_NEVER);
	session_on_time(d.session, 5000);
	session_close(d.session, "caller gave up", 5000);
	session_close(d.session, "again", 5000);
	take_all(&d);
	assert_int_equal(d.counts[ACTION_SESSION_ENDED], 1);
	assert_int_equal(d.counts[ACTION_RELEASE], 0);
	assert_int_equal(d.counts[ACTION_SEND_GRE], 0);
	assert_string_equal(d.end.text, "caller gave up");
	assert_non_null(strstr(d.log, "session=9 ended caller=198.51.100.2 address=0.0.0.0 "
				      "seconds=0 octets_in=0 octets_out=0 reason=\"closed here\" "
				      "detail=\"caller gave up\""));
	close_desk(&d);
}

TEST(nothing_wakes_a_session_that_ended)
{
	struct desk d;
	struct packet p = {.data = p.buffer};
	struct session_item item;
	struct auth_verdict verdict = {.result = AUTH_ACCEPT};
	open_desk(&d);
	session_start(d.session, 44, 1000);
	session_hang_up(d.session, LINK_END_PEER, "call cleared", 2000);
	take_all(&d);
	memset(d.counts, 0, sizeof(d.counts));
	session_start(d.session, 44, 3000);
	session_on_time(d.session, 900000);
	session_on_verdict(d.session, 1, &verdict, 3000);
	session_refuse_ipv6(d.session, 3000);
	session_hang_up(d.session, LINK_END_LOCAL, "again", 3000);
	assert_int_equal(session_admit(d.session, &p, 0, &item, 3000), DROP_GRE_UNKNOWN_CALL);
	assert_false(item.has_payload);
	assert_true(session_deadline(d.session) == TIME_NEVER);
	take_all(&d);
	for (size_t i = 0; i <= ACTION_LOG; i++)
		assert_int_equal(d.counts[i], 0);
	close_desk(&d);
}

TEST(silence_of_gre_is_reported_once_and_names_protocol_47)
{
	struct desk d;
	open_desk(&d);
	session_start(d.session, 44, 1000);
	session_on_time(d.session, 10999);
	take_all(&d);
	assert_null(strstr(d.log, "gre=silent"));
	session_on_time(d.session, 11000);
	session_on_time(d.session, 12000);
	take_all(&d);
	char *line = strstr(d.log, "session=9 gre=silent caller=198.51.100.2");
	assert_non_null(line);
	assert_non_null(strstr(line, "protocol 47"));
	assert_null(strstr(line + strlen("session=9 gre=silent"), "gre=silent"));
	close_desk(&d);
}

/* The worst name that a caller can claim to have. */
TEST(no_name_pushes_the_words_behind_it_out_of_a_line)
{
	struct desk d;
	open_desk(&d);
	session_start(d.session, 44, 1000);
	memset(d.session->user, '\xff', AUTH_NAME_LIMIT);
	session_hang_up(d.session, LINK_END_AUTH_FAILED, "the login was refused", 2000);
	take_all(&d);
	assert_non_null(strstr(d.log, "\\xff login=failed caller=198.51.100.2 error=0\n"));
	assert_non_null(strstr(d.log, "detail=\"the login was refused\"\n"));
	close_desk(&d);
}

TEST(a_name_cannot_forge_a_log_line)
{
	struct desk d;
	open_desk(&d);
	session_start(d.session, 44, 1000);
	strcpy(d.session->user, "x login=failed caller=8.8.8.8\nsession=1");
	session_hang_up(d.session, LINK_END_PEER, "gone", 2000);
	take_all(&d);
	assert_null(strstr(d.log, "caller=8.8.8.8"));
	assert_null(strstr(d.log, "\nsession=1"));
	assert_non_null(strstr(d.log, "user=x\\x20login\\x3dfailed"));
	close_desk(&d);
}

TEST(lines_beyond_a_seconds_share_are_counted)
{
	struct line_limit limit = {0};
	uint32_t left_out;
	for (unsigned i = 0; i < LINES_A_SECOND; i++)
		assert_true(line_limit_allows(&limit, 5000, &left_out));
	assert_false(line_limit_allows(&limit, 5999, &left_out));
	assert_false(line_limit_allows(&limit, 5999, &left_out));
	assert_true(line_limit_allows(&limit, 6000, &left_out));
	assert_int_equal(left_out, 2);
	assert_true(line_limit_allows(&limit, 6000, &left_out));
	assert_int_equal(left_out, 0);
}

TEST(a_host_that_nobody_empties_loses_lines_and_nothing_else)
{
	struct session_host host = {0};
	struct action_view view;
	size_t lines = 0;
	assert_false(session_host_is_crowded(&host));
	for (unsigned i = 0; i < 100000; i++)
		action_log(&host, 1, LOG_LEVEL_INFO, "%0200u", i);
	assert_true(session_host_is_crowded(&host));
	assert_true(host.out.length <= OUTBOX_LIMIT / 2 + 300);
	action_put(&host, ACTION_RELEASE, 1, NULL, 0);
	while (action_take(&host, &view) && view.kind == ACTION_LOG)
		lines++;
	assert_in_range(lines, 600, 700);
	assert_int_equal(view.kind, ACTION_RELEASE);
	assert_false(action_take(&host, &view));
	assert_false(session_host_is_crowded(&host));
	session_host_fini(&host);
}

TEST(a_way_that_is_said_to_be_tiny_is_not_believed)
{
	struct desk d;
	open_desk(&d);
	session_start(d.session, 44, 1000);
	static const struct {
		uint16_t outer, inner;
	} rows[] = {{1500, 1456}, {1444, 1400}, {620, 576}, {100, 576}, {0, 576}, {9000, 1500}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		d.session->outer_mtu = rows[i].outer;
		assert_int_equal(session_mtu(d.session), rows[i].inner);
	}
	close_desk(&d);
}
