#include "server/api.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "config/testing.h"
#include "io/clock.h"
#include "server/metrics.h"
#include "tests/test.h"

enum { NOW_MS = 100000 };

/* Workers without threads, and engines with sessions, none of whose edges is open. A session lives with
 * the worker that its number names. */
struct fixture {
	struct loop loop;
	struct worker all[3];
	struct workers workers;
	struct api api;
	struct settings *settings;
	struct session_settings *session_settings;
	uint64_t seed;
	int reloads;
};

static const struct settings *settings_of(void *context)
{
	return ((const struct fixture *)context)->settings;
}

static int reload_well(void *context, char *why, size_t why_size)
{
	((struct fixture *)context)->reloads++;
	return 0;
}

static int reload_badly(void *context, char *why, size_t why_size)
{
	snprintf(why, why_size, "/etc/pptpd.conf:3: no");
	return -EINVAL;
}

static struct engine *engine_of(struct fixture *f, uint32_t session)
{
	return &f->all[share_owner(session, (uint32_t)f->workers.count)].engine;
}

static void engine_open(struct fixture *f, uint16_t index)
{
	struct engine *engine = &f->all[index].engine;
	f->all[index].workers = &f->workers;
	engine->loop = &f->loop;
	engine->places = &f->workers.places;
	engine->host.random = test_random(&f->seed);
	assert_true(table_init(&engine->table, (struct share){index, (uint16_t)f->workers.count}));
}

static void fixture_init(struct fixture *f, size_t workers)
{
	static const struct test_file files[] = {{NULL, NULL}};
	struct test_world world = {files};
	struct config_source source = test_source(&world);
	struct complaints complaints = {0};
	memset(f, 0, sizeof(*f));
	log_set(NULL, NULL, LOG_LEVEL_ERROR);
	assert_true(config_load(&source, NULL, &f->settings, &complaints));
	complaints_fini(&complaints);
	assert_int_equal(loop_init(&f->loop), 0);
	f->loop.now_ms = NOW_MS;
	f->session_settings = session_settings_new(LINK_SERVER);
	f->workers = (struct workers){.all = f->all, .count = workers, .sessions_max = 100};
	for (uint16_t i = 0; i < workers; i++)
		engine_open(f, i);
	f->api = (struct api){.workers = &f->workers,
			      .settings = settings_of,
			      .reload = reload_well,
			      .context = f};
}

static void cancel_timer(void *context, struct member *member)
{
	loop_cancel_timer(context, &member->timer);
}

static void fixture_fini(struct fixture *f)
{
	for (size_t i = 0; i < f->workers.count; i++) {
		struct engine *engine = &f->all[i].engine;
		table_each(&engine->table, cancel_timer, &f->loop);
		table_fini(&engine->table);
		map_fini(&engine->lines);
		session_host_fini(&engine->host);
	}
	session_settings_unref(f->session_settings);
	settings_unref(f->settings);
	loop_fini(&f->loop);
}

/* A session that negotiates, or that is up with an inner address. */
static struct session *add(struct fixture *f, uint32_t id, const char *user, uint32_t caller,
			   uint32_t inner)
{
	struct engine *engine = engine_of(f, id);
	struct session *s =
		session_new(&engine->host, f->session_settings, id, (uint16_t)(1000 + id),
			    (struct endpoint){caller, 40000}, 0x0a630001);
	struct member *member = table_add(&engine->table, s);
	member->engine = engine;
	session_start(s, (uint16_t)(2000 + id), NOW_MS - 5000);
	struct action_view action;
	while (action_take(&engine->host, &action))
		continue;
	strcpy(s->user, user);
	if (inner) {
		s->state = SESSION_UP;
		s->ipv4_up = true;
		s->up_ms = NOW_MS - 3000;
		s->addresses = (struct link_addresses){
			.local = 0xc0a80a01, .remote = inner, .dns = {0x08080808}};
		table_hold_inner(&engine->table, member);
	}
	return s;
}

static json_t *ask(struct fixture *f, const char *method, const char *path, unsigned expected)
{
	struct http_request request = {method, path};
	struct http_reply reply = {0};
	api_handle(&f->api, &request, &reply);
	assert_string_equal(reply.type, "application/json");
	if (reply.status != expected)
		fail_msg("%s %s: %u %s", method, path, reply.status, reply.body);
	json_t *answer = json_loads(reply.body, 0, NULL);
	assert_non_null(answer);
	assert_int_equal(strlen(reply.body), reply.length);
	free(reply.body);
	return answer;
}

static const char *text_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static json_int_t number_at(const json_t *object, const char *key)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	return json_integer_value(json_object_get(object, key));
}

TEST(a_session_has_a_row_with_who_where_and_how_much)
{
	struct fixture f;
	fixture_init(&f, 1);
	struct session *s = add(&f, 17, "anna", 0xcb007107, 0xc0a80a64);
	add(&f, 3, "", 0xcb007108, 0);
	s->account = (struct session_account){1ull << 40, 2, 3, 4};
	s->link.authenticator.state = AUTH_DONE;
	s->link.authenticator.method = AUTH_MSCHAPV2;
	s->link.mppe_on = true;
	s->link.mppe.send.size = MPPE_128;
	s->link.mppe.send.stateless = true;
	json_t *answer = ask(&f, "GET", "/v1/sessions", 200);
	const json_t *rows = json_object_get(answer, "sessions");
	assert_int_equal(json_array_size(rows), 2);
	const json_t *early = json_array_get(rows, 0), *row = json_array_get(rows, 1);
	assert_int_equal(number_at(early, "id"), 3);
	assert_string_equal(text_at(early, "state"), "negotiating");
	assert_int_equal(number_at(early, "seconds"), 5);
	assert_true(json_is_null(json_object_get(early, "address")));
	assert_string_equal(text_at(early, "auth"), "none");
	assert_string_equal(text_at(early, "mppe"), "none");
	assert_int_equal(number_at(row, "id"), 17);
	assert_string_equal(text_at(row, "user"), "anna");
	assert_string_equal(text_at(row, "caller"), "203.0.113.7");
	assert_string_equal(text_at(row, "called"), "10.99.0.1");
	assert_string_equal(text_at(row, "address"), "192.168.10.100");
	assert_string_equal(text_at(row, "state"), "up");
	assert_int_equal(number_at(row, "seconds"), 3);
	assert_int_equal(number_at(row, "octets_in"), 1ll << 40);
	assert_int_equal(number_at(row, "packets_out"), 4);
	assert_string_equal(text_at(row, "auth"), "mschapv2");
	assert_string_equal(text_at(row, "mppe"), "128 stateless");
	json_decref(answer);
	fixture_fini(&f);
}

TEST(an_id_is_a_number_a_user_an_inner_or_an_outer_address)
{
	static const struct {
		const char *id;
		unsigned status;
		json_int_t session;
	} rows[] = {
		{"17", 200, 17},
		{"anna", 200, 17},
		{"192.168.10.100", 200, 17},
		{"203.0.113.7", 409, 0},
		{"203.0.113.9", 200, 20},
		{"bert", 200, 18},
		{"19", 200, 19} /* a number, although 18's user has it for a name too */,
		{"Anna", 404, 0},
		{"ann", 404, 0},
		{"192.168.10.1", 404, 0},
		{"999999999", 404, 0},
		{"4294967313", 404, 0},
		{"0", 404, 0},
		{"192.168.10.112", 404, 0},
		{"r\303\266d/\"x\"", 200, 20},
		{"\377", 404, 0},
	};
	struct fixture f;
	fixture_init(&f, 1);
	add(&f, 17, "anna", 0xcb007107, 0xc0a80a64);
	add(&f, 18, "bert", 0xcb007107, 0xc0a80a65);
	add(&f, 19, "19", 0xcb007108, 0xc0a80a66);
	add(&f, 20, "r\303\266d/\"x\"", 0xcb007109, 0);
	add(&f, 21, "", 0xcb00710a, 0)->addresses.remote = 0xc0a80a70; /* not any more */
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char path[100];
		snprintf(path, sizeof(path), "/v1/sessions/%s", rows[i].id);
		json_t *answer = ask(&f, "GET", path, rows[i].status);
		if (rows[i].status == 200)
			assert_int_equal(number_at(answer, "id"), rows[i].session);
		else
			assert_non_null(text_at(answer, "error"));
		json_decref(answer);
	}
	fixture_fini(&f);
}

/* Sessions whose calls are not up end at once, without farewell. */
static void add_calling(struct fixture *f, uint32_t id, const char *user, uint32_t caller)
{
	struct engine *engine = engine_of(f, id);
	struct session *s =
		session_new(&engine->host, f->session_settings, id, (uint16_t)(1000 + id),
			    (struct endpoint){caller, 40000}, 0x0a630001);
	table_add(&engine->table, s)->engine = engine;
	strcpy(s->user, user);
}

static size_t count_sessions(struct fixture *f)
{
	size_t count = 0;
	for (size_t i = 0; i < f->workers.count; i++)
		count += table_count(&f->all[i].engine.table);
	return count;
}

static void expect_deletions(size_t workers)
{
	static const struct {
		const char *id;
		unsigned status;
		size_t ended, left;
	} steps[] = {
		{"carl", 404, 0, 5}, {"2", 200, 1, 4},           {"2", 404, 0, 4},
		{"anna", 200, 2, 2}, {"203.0.113.9", 200, 1, 1}, {"203.0.113.9", 404, 0, 1},
	};
	struct fixture f;
	fixture_init(&f, workers);
	add_calling(&f, 1, "anna", 0xcb007107);
	add_calling(&f, 2, "2", 0xcb007108);
	add_calling(&f, 3, "anna", 0xcb007109);
	add_calling(&f, 4, "dora", 0xcb007109);
	add_calling(&f, 5, "", 0xcb00710a);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		char path[100];
		snprintf(path, sizeof(path), "/v1/sessions/%s", steps[i].id);
		json_t *answer = ask(&f, "DELETE", path, steps[i].status);
		assert_int_equal(json_array_size(json_object_get(answer, "ended")), steps[i].ended);
		assert_int_equal(count_sessions(&f), steps[i].left);
		json_decref(answer);
	}
	fixture_fini(&f);
}

TEST(delete_ends_all_that_it_names_and_nobody_else)
{
	for (size_t workers = 1; workers <= 3; workers++)
		expect_deletions(workers);
}

TEST(a_session_shows_all_that_was_negotiated_counted_and_logged)
{
	struct fixture f;
	fixture_init(&f, 1);
	struct session *s = add(&f, 17, "anna", 0xcb007107, 0xc0a80a64);
	static const char line[] = "session=17 lcp=opened";
	s->drops[DROP_GRE_REPEATED] = 5;
	s->gre.lost = 7;
	recent_add(&f.all[0].engine.recent, 18, 0, "session=18", 10);
	recent_add(&f.all[0].engine.recent, 17, 1000000000, line, sizeof(line) - 1);
	json_t *answer = ask(&f, "GET", "/v1/sessions/anna", 200);
	assert_int_equal(number_at(json_object_get(answer, "drops"), "gre_repeated"), 5);
	assert_int_equal(json_object_size(json_object_get(answer, "drops")), 1);
	const json_t *gre = json_object_get(answer, "gre");
	assert_int_equal(number_at(gre, "call_id"), 1017);
	assert_int_equal(number_at(gre, "peer_call_id"), 2017);
	assert_int_equal(number_at(gre, "lost"), 7);
	const json_t *log = json_object_get(answer, "log");
	assert_int_equal(json_array_size(log), 1);
	assert_string_equal(text_at(json_array_get(log, 0), "line"), line);
	assert_string_equal(text_at(json_array_get(log, 0), "at"), "2001-09-09T01:46:40Z");
	assert_string_equal(json_string_value(json_array_get(json_object_get(answer, "dns"), 0)),
			    "8.8.8.8");
	assert_non_null(json_object_get(json_object_get(answer, "negotiated"), "lcp"));
	json_decref(answer);
	fixture_fini(&f);
}

TEST(names_that_are_no_utf8_are_shown_escaped)
{
	struct fixture f;
	fixture_init(&f, 1);
	add(&f, 1, "a\377", 0xcb007107, 0);
	json_t *answer = ask(&f, "GET", "/v1/sessions/1", 200);
	assert_string_equal(text_at(answer, "user"), "a\\xff");
	json_decref(answer);
	json_decref(ask(&f, "GET", "/v1/sessions/a\377", 200));
	json_decref(ask(&f, "GET", "/v1/sessions/a\\xff", 200));
	fixture_fini(&f);
}

/* The value behind "\nNAME ". */
static long long metric(const char *text, const char *name)
{
	char key[100];
	snprintf(key, sizeof(key), "\n%s ", name);
	const char *found = strstr(text, key);
	if (!found)
		fail_msg("no metric %s in:\n%s", name, text);
	return strtoll(found + strlen(key), NULL, 10);
}

TEST(sessions_of_all_workers_are_one_list_and_their_counts_one_sum)
{
	struct fixture f;
	fixture_init(&f, 3);
	for (uint32_t id = 3; id < 12; id++) {
		struct session *s = add(&f, id, "anna", 0xcb007107, id % 2 ? 0xc0a80a60 + id : 0);
		s->account.octets_in = 10;
		s->account.packets_out = id % 3;
	}
	for (size_t i = 0; i < f.workers.count; i++)
		f.all[i].engine.path.tun.merges = MERGE_TCP | (i ? MERGE_UDP : 0);
	f.all[0].engine.counters.octets_in = 1000;
	f.all[1].engine.counters.octets_in = 100;
	f.all[2].engine.counters.calls_refused = 7;
	f.workers.turned_away = 4;
	json_t *answer = ask(&f, "GET", "/v1/sessions", 200);
	const json_t *rows = json_object_get(answer, "sessions");
	assert_int_equal(json_array_size(rows), 9);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(number_at(json_array_get(rows, i), "id"), 3 + i);
	json_decref(answer);
	answer = ask(&f, "GET", "/v1/status", 200);
	assert_string_equal(text_at(answer, "super_segments"), "tcp"); /* what all of them do */
	assert_int_equal(number_at(json_object_get(answer, "counters"), "octets_in"), 1190);
	assert_int_equal(number_at(json_object_get(answer, "counters"), "calls_refused"), 7);
	assert_int_equal(number_at(json_object_get(answer, "counters"), "connections_refused"), 4);
	assert_int_equal(number_at(json_object_get(answer, "sessions"), "up"), 5);
	assert_int_equal(number_at(json_object_get(answer, "sessions"), "negotiating"), 4);
	const json_t *workers = json_object_get(answer, "workers");
	assert_int_equal(json_array_size(workers), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(number_at(json_array_get(workers, i), "sessions"), 3);
		assert_int_equal(number_at(json_array_get(workers, i), "packets_out"), 3 * i);
	}
	json_decref(answer);
	/* What names a session of one worker is looked for with all. */
	for (uint32_t id = 3; id < 12; id += 2) {
		char path[64], address[ADDRESS_TEXT];
		snprintf(path, sizeof(path), "/v1/sessions/%s",
			 address_print(0xc0a80a60 + id, address));
		answer = ask(&f, "GET", path, 200);
		assert_int_equal(number_at(answer, "id"), id);
		json_decref(answer);
	}
	json_decref(ask(&f, "GET", "/v1/sessions/anna", 409));
	char *text = metrics_print(&f.workers);
	assert_int_equal(metric(text, "poptun_worker_sessions{worker=\"2\"}"), 3);
	assert_int_equal(metric(text, "poptun_octets_in_total"), 1190);
	free(text);
	fixture_fini(&f);
}

TEST(status_adds_up_what_ended_and_what_lives)
{
	static const char *const warnings[] = {"a chain drops"};
	struct fixture f;
	fixture_init(&f, 1);
	struct session *s = add(&f, 1, "anna", 0xcb007107, 0xc0a80a64);
	add(&f, 2, "", 0xcb007107, 0);
	f.api.warnings = warnings;
	f.api.warning_count = 1;
	f.workers.plan = rc4_plan_plain;
	f.all[0].engine.counters.octets_in = 1000;
	f.all[0].engine.counters.drops[DROP_CLEAR] = 2;
	f.all[0].engine.counters.receive_calls = 4;
	f.all[0].engine.counters.receive_packets = 10;
	s->account.octets_in = 234;
	s->drops[DROP_CLEAR] = 3;
	json_t *answer = ask(&f, "GET", "/v1/status", 200);
	assert_string_equal(text_at(answer, "version"), POPTUN_VERSION);
	assert_string_equal(text_at(answer, "interface"), "pptp0");
	assert_string_equal(text_at(answer, "listen"), "0.0.0.0:1723");
	const json_t *sessions = json_object_get(answer, "sessions");
	assert_int_equal(number_at(sessions, "up"), 1);
	assert_int_equal(number_at(sessions, "negotiating"), 1);
	assert_int_equal(number_at(sessions, "max"), 100);
	assert_int_equal(number_at(json_object_get(answer, "counters"), "octets_in"), 1234);
	assert_int_equal(number_at(json_object_get(answer, "drops"), "clear"), 5);
	assert_int_equal(json_object_size(json_object_get(answer, "drops")), 1);
	assert_true(json_real_value(json_object_get(answer, "receive_batch_mean")) == 2.5);
	assert_string_equal(text_at(answer, "mppe_kernels"),
			    "6 lanes waiting, 4 lanes waiting, 1 lane");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(answer, "warnings"), 0)),
		"a chain drops");
	assert_string_equal(text_at(json_object_get(answer, "config"), "localip"), "192.168.10.1");
	json_decref(answer);
	fixture_fini(&f);
}

TEST(rates_are_those_since_somebody_last_asked)
{
	enum { SPAN_MS = 10000, OCTETS = 50000000, RATE = OCTETS / 10 };
	struct fixture f;
	fixture_init(&f, 1);
	f.api.samples[0].at_ms = 1;
	f.api.samples[1].at_ms = clock_now_ms() - SPAN_MS;
	f.api.samples[1].totals.octets_in = 1000;
	f.all[0].engine.counters.octets_in = 1000 + OCTETS;
	/* The second question comes too soon to tell anything new: it gets the same span. */
	for (int round = 0; round < 2; round++) {
		json_t *answer = ask(&f, "GET", "/v1/status", 200);
		const json_t *rates = json_object_get(answer, "rates");
		json_int_t rate = number_at(rates, "octets_in");
		assert_true(rate > RATE / 2 && rate <= RATE); /* however slow this machine is */
		assert_int_equal(number_at(rates, "packets_in"), 0);
		assert_true(json_real_value(json_object_get(rates, "seconds")) >= 10);
		assert_int_equal(f.api.samples[0].totals.octets_in, 1000);
		assert_int_equal(f.api.samples[1].totals.octets_in, 1000 + OCTETS);
		json_decref(answer);
	}
	fixture_fini(&f);
}

TEST(reload_tells_whether_the_new_configuration_is_in_force)
{
	struct fixture f;
	fixture_init(&f, 1);
	json_decref(ask(&f, "GET", "/v1/reload", 405));
	assert_int_equal(f.reloads, 0);
	json_decref(ask(&f, "POST", "/v1/reload", 200));
	assert_int_equal(f.reloads, 1);
	f.api.reload = reload_badly;
	json_t *answer = ask(&f, "POST", "/v1/reload", 422);
	assert_string_equal(text_at(answer, "error"), "/etc/pptpd.conf:3: no");
	json_decref(answer);
	fixture_fini(&f);
}

TEST(what_is_not_there_is_404_and_a_wrong_method_405)
{
	static const struct {
		const char *method, *path;
		unsigned status;
	} rows[] = {
		{"GET", "/", 404},
		{"GET", "", 404},
		{"GET", "/v1/status/", 404},
		{"GET", "/v1/sessions/", 404},
		{"GET", "/v1/statusx", 404},
		{"POST", "/v1/status", 405},
		{"DELETE", "/v1/sessions", 405},
		{"PUT", "/v1/sessions/1", 405},
		{"DELETE", "/metrics", 405},
	};
	struct fixture f;
	fixture_init(&f, 1);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		json_decref(ask(&f, rows[i].method, rows[i].path, rows[i].status));
	fixture_fini(&f);
}

TEST(metrics_tell_every_counter_and_every_reason_of_a_drop)
{
	struct fixture f;
	fixture_init(&f, 1);
	struct session *s = add(&f, 1, "anna", 0xcb007107, 0xc0a80a64);
	f.all[0].engine.counters.octets_in = 1000;
	s->account.octets_in = UINT32_MAX;
	s->drops[DROP_QUEUE_FULL] = 9;
	char *text = metrics_print(&f.workers);
	assert_int_equal(metric(text, "poptun_octets_in_total"), 1000ll + UINT32_MAX);
	assert_int_equal(metric(text, "poptun_drop_queue_full_total"), 9);
	assert_int_equal(metric(text, "poptun_sessions{state=\"up\"}"), 1);
	assert_int_equal(metric(text, "poptun_sessions_max"), 100);
	for (unsigned drop = DROP_NONE + 1; drop < DROP_COUNT; drop++) {
		char help[300];
		snprintf(help, sizeof(help), "# HELP poptun_drop_%s_total %s\n",
			 drop_name((enum drop)drop), drop_help((enum drop)drop));
		assert_non_null(strstr(text, help));
	}
	free(text);
	fixture_fini(&f);
}

static void join(void *context, const struct recent_line *line)
{
	strcat(strcat(context, line->text), " ");
}

TEST(the_last_lines_of_a_session_come_in_order_and_old_ones_are_forgotten)
{
	static struct recent recent;
	char all[100] = "", line[8];
	for (int i = 0; i < 5; i++)
		recent_add(&recent, i % 2 ? 8 : 7, i, line,
			   (size_t)snprintf(line, sizeof(line), "%d", i));
	recent_each(&recent, 7, 20, join, all);
	assert_string_equal(all, "0 2 4 ");
	*all = 0;
	recent_each(&recent, 7, 2, join, all);
	assert_string_equal(all, "2 4 ");
	*all = 0;
	for (int i = 0; i < RECENT_LINES - 1; i++)
		recent_add(&recent, 9, i, "x", 1);
	recent_each(&recent, 7, 20, join, all);
	assert_string_equal(all, "4 ");
}

TEST(a_word_of_both_files_is_told_twice)
{
	struct fixture f;
	fixture_init(&f, 1);
	f.settings->debug = true;
	json_t *answer = ask(&f, "GET", "/v1/status", 200);
	const json_t *config = json_object_get(answer, "config");
	assert_string_equal(text_at(config, "debug"), "yes");
	assert_string_equal(text_at(config, "debug (options file)"), "no");
	json_decref(answer);
	fixture_fini(&f);
}
