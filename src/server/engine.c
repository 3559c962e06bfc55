#include "server/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "io/clock.h"
#include "server/crowd.h"
#include "server/owner.h"

enum {
	STOP_PATIENCE_MS = 2000, /* for the callers' Terminate-Acks */
	LINE_FLUSH_MS = 5000,    /* for the last bytes of a control connection */
};

/* Where this address counts. Two that meet there share the bound; so many places are there that it
 * takes a stranger thousands of addresses to be in another's way. */
static atomic_uint *idle_of(struct engine *engine, uint32_t address)
{
	return &engine->places->idle[map_hash_u64(address, 1) % COUNT_OF(engine->places->idle)];
}

/* Whoever has a call is in no address's way. */
static void set_idle(struct engine *engine, struct line *line, bool is_idle)
{
	if (is_idle == line->is_idle)
		return;
	line->is_idle = is_idle;
	if (is_idle)
		atomic_fetch_add(idle_of(engine, line->caller), 1);
	else
		atomic_fetch_sub(idle_of(engine, line->caller), 1);
}

static void line_free(struct engine *engine, struct line *line)
{
	loop_cancel_timer(engine->loop, &line->timer);
	loop_unwatch(engine->loop, &line->watcher);
	stream_fini(&line->stream);
	map_remove(&engine->lines, &line->by_id);
	set_idle(engine, line, false);
	atomic_fetch_sub(&engine->load, 1);
	free(line);
}

struct line *engine_line(const struct engine *engine, uint32_t id)
{
	struct map_node *node = map_first(&engine->lines, map_hash_u64(id, 0));
	for (; node; node = map_next(node)) {
		struct line *line = CONTAINER_OF(node, struct line, by_id);
		if (line->connection && line->connection->id == id)
			return line;
	}
	return NULL;
}

void engine_touch(struct engine *engine, struct member *member)
{
	loop_follow_deadline(engine->loop, &member->timer, session_deadline(member->session));
}

void engine_touch_line(struct engine *engine, struct line *line)
{
	set_idle(engine, line, !line->connection || !line->connection->call_count);
	if (line->connection)
		loop_follow_deadline(engine->loop, &line->timer,
				     connection_deadline(line->connection));
	uint32_t events = (line->closing ? 0u : (uint32_t)EPOLLIN) |
			  (stream_is_waiting(&line->stream) ? (uint32_t)EPOLLOUT : 0u);
	if (events != line->watcher.events)
		loop_watch(engine->loop, &line->watcher, events);
}

void engine_close_line(struct engine *engine, struct line *line)
{
	connection_free(line->connection);
	line->connection = NULL;
	line->closing = true;
	if (!stream_is_waiting(&line->stream)) {
		line_free(engine, line);
		return;
	}
	loop_set_timer(engine->loop, &line->timer, engine->loop->now_ms + LINE_FLUSH_MS);
	engine_touch_line(engine, line);
}

static void line_on_time(void *context, uint64_t now_ms)
{
	struct line *line = context;
	struct engine *engine = line->engine;
	if (!line->connection) { /* its last bytes found no taker */
		line_free(engine, line);
		return;
	}
	if (connection_deadline(line->connection) <= now_ms)
		connection_on_time(line->connection, now_ms);
	engine_touch_line(engine, line);
	engine_perform(engine);
}

/* Reads once: who sends much waits for the next turn like everybody else. */
static void line_receive(struct line *line)
{
	uint8_t bytes[4096];
	uint64_t now_ms = line->engine->loop->now_ms;
	ssize_t length = stream_receive(&line->stream, bytes, sizeof(bytes));
	if (length > 0)
		connection_on_bytes(line->connection, bytes, (size_t)length, now_ms);
	else if (length == 0)
		connection_on_lost(line->connection, "control connection closed by peer", now_ms);
	else if (length != -EAGAIN)
		connection_on_lost(line->connection, "control connection broken", now_ms);
}

static void line_on_ready(void *context, uint32_t events)
{
	struct line *line = context;
	struct engine *engine = line->engine;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP) && stream_is_waiting(&line->stream)) {
		int error = stream_flush(&line->stream);
		if (line->closing && (error || !stream_is_waiting(&line->stream))) {
			line_free(engine, line);
			return;
		}
	}
	if (line->closing) {
		if (events & (EPOLLERR | EPOLLHUP))
			line_free(engine, line);
		return;
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		line_receive(line);
	engine_touch_line(engine, line);
	engine_perform(engine);
}

/* The path's MTU as TCP knows it is the best that is known of the way to the caller. */
static void learn_mtu(struct line *line)
{
	int mtu = stream_path_mtu(&line->stream);
	if (mtu > 0 && (uint32_t)mtu < line->connection->outer_mtu)
		line->connection->outer_mtu = (uint32_t)mtu;
}

static uint32_t pick_line_id(struct engine *engine)
{
	do
		engine->last_line = share_next(engine->table.share, engine->last_line);
	while (!engine->last_line || engine_line(engine, engine->last_line));
	return engine->last_line;
}

/* One address may not take the places of all others by connections that come to nothing. */
static bool is_crowded(struct engine *engine, uint32_t address)
{
	return atomic_load(idle_of(engine, address)) >= LINES_WITHOUT_CALL;
}

static bool make_room_for_line(struct engine *engine)
{
	char text[ADDRESS_TEXT];
	struct line *line = crowd_idle_line(&engine->lines, engine->loop->now_ms);
	if (!line)
		return false;
	engine->counters.connections_crowded_out++;
	engine_say(engine, LOG_LEVEL_WARNING,
		   "control=%u caller=%s closed without a call: its place was needed for another "
		   "caller",
		   line->connection->id, address_print(line->connection->caller.address, text));
	connection_on_lost(line->connection, "its place was needed for another caller",
			   engine->loop->now_ms);
	return true;
}

static bool make_room_for_call(struct engine *engine)
{
	struct session *session = crowd_idle_call(&engine->table, engine->loop->now_ms);
	if (!session)
		return false;
	engine->counters.calls_crowded_out++;
	session_hang_up(session, LINK_END_LOCAL, "its place was needed for another caller",
			engine->loop->now_ms);
	return true;
}

/* Its part of them all. Who comes is given to the engine with the fewest, so where one has its part
 * all have. */
static size_t lines_max(const struct engine *engine)
{
	size_t engines = share_count(engine->table.share);
	return ((size_t)engine->sessions_max + LINES_SPARE + engines - 1) / engines;
}

/* Whether there is a place for one more; else it is counted and logged. */
static bool has_room(struct engine *engine, uint32_t address)
{
	char text[ADDRESS_TEXT];
	address_print(address, text);
	if (is_crowded(engine, address)) {
		engine->counters.connections_crowded++;
		engine_say(
			engine, LOG_LEVEL_WARNING,
			"control=refused caller=%s: it has %d control connections without a call",
			text, LINES_WITHOUT_CALL);
		return false;
	}
	if (engine->lines.count >= lines_max(engine) && !make_room_for_line(engine)) {
		engine->counters.connections_refused++;
		engine_say(engine, LOG_LEVEL_WARNING,
			   "control=refused caller=%s: there are %zu control connections already",
			   text, engine->lines.count);
		return false;
	}
	return true;
}

static struct line *line_new(struct engine *engine, const struct caller *caller)
{
	struct line *line = calloc(1, sizeof(*line));
	if (!line)
		return NULL;
	line->connection = connection_new(&engine->host, engine->settings, pick_line_id(engine),
					  caller->from, caller->to.address, engine->loop->now_ms);
	if (line->connection)
		return line;
	free(line);
	return NULL;
}

static void turn_away(struct engine *engine, const struct caller *caller)
{
	close(caller->fd);
	atomic_fetch_sub(&engine->load, 1);
}

static void take(struct engine *engine, const struct caller *caller)
{
	if (engine->stopping || !has_room(engine, caller->from.address)) {
		turn_away(engine, caller);
		return;
	}
	struct line *line = line_new(engine, caller);
	if (!line) {
		engine->counters.connections_refused++;
		turn_away(engine, caller);
		return;
	}
	engine->counters.connections_accepted++;
	line->engine = engine;
	line->caller = caller->from.address;
	stream_init(&line->stream, caller->fd);
	line->timer = (struct timer){.on_time = line_on_time, .context = line};
	line->watcher =
		(struct watcher){.on_ready = line_on_ready, .context = line, .fd = caller->fd};
	map_insert(&engine->lines, &line->by_id, map_hash_u64(line->connection->id, 0));
	learn_mtu(line);
	engine_touch_line(engine, line);
}

void engine_expect(struct engine *engine)
{
	atomic_fetch_add(&engine->load, 1);
}

void engine_take(struct engine *engine, const struct caller *caller)
{
	take(engine, caller);
	engine_perform(engine);
}

static void member_on_time(void *context, uint64_t now_ms)
{
	struct member *member = context;
	struct engine *engine = member->engine;
	if (session_deadline(member->session) <= now_ms)
		session_on_time(member->session, now_ms);
	engine_touch(engine, member);
	engine_perform(engine);
}

void engine_make_room(struct engine *engine)
{
	if (atomic_load(&engine->places->sessions) >= engine->sessions_max)
		make_room_for_call(engine);
	engine_perform(engine);
}

/* Two that come to different engines at once do not both get the last place. */
static bool take_place(struct engine *engine)
{
	atomic_uint *sessions = &engine->places->sessions;
	if (atomic_fetch_add(sessions, 1) < engine->sessions_max || make_room_for_call(engine))
		return true;
	atomic_fetch_sub(sessions, 1);
	if (engine->when_full)
		engine->when_full(engine->context);
	return false;
}

static struct member *add_session(struct engine *engine, const struct connection *connection)
{
	uint16_t call_id = table_pick_call_id(&engine->table, &engine->host.random,
					      connection->caller.address);
	if (!call_id)
		return NULL;
	struct session *session =
		session_new(&engine->host, connection->settings, table_pick_id(&engine->table),
			    call_id, connection->caller, connection->called);
	struct member *member = session ? table_add(&engine->table, session) : NULL;
	if (!member) {
		if (session)
			session_free(session);
		return NULL;
	}
	member->engine = engine;
	member->timer = (struct timer){.on_time = member_on_time, .context = member};
	return member;
}

struct member *engine_add_session(struct engine *engine, const struct connection *connection)
{
	if (engine->stopping || !take_place(engine))
		return NULL;
	struct member *member = add_session(engine, connection);
	if (!member)
		atomic_fetch_sub(&engine->places->sessions, 1);
	return member;
}

void engine_remove_session(struct engine *engine, struct member *member, const struct link_end *end)
{
	const struct session *session = member->session;
	engine->counters.octets_in += session->account.octets_in;
	engine->counters.octets_out += session->account.octets_out;
	engine->counters.packets_in += session->account.packets_in;
	engine->counters.packets_out += session->account.packets_out;
	for (size_t i = 0; i < DROP_COUNT; i++)
		engine->counters.drops[i] += session->drops[i];
	struct line *line = engine_line(engine, session->connection);
	if (line) {
		connection_on_session_ended(line->connection, member->session, end->reason,
					    engine->loop->now_ms);
		engine_touch_line(engine, line);
	}
	loop_cancel_timer(engine->loop, &member->timer);
	path_forget(&engine->path, &member->path);
	table_remove(&engine->table, member);
	atomic_fetch_sub(&engine->places->sessions, 1);
}

/* ---- what is told of in few lines ---- */

void engine_drop(struct engine *engine, enum drop drop)
{
	engine->counters.drops[drop]++;
	engine->host.drops[drop]++;
}

/* At this time what has not been told is looked at again. */
static void report_by(struct engine *engine, uint64_t at_ms)
{
	if (at_ms != TIME_NEVER &&
	    (!engine->report_timer.place || at_ms < engine->report_timer.at_ms))
		loop_set_timer(engine->loop, &engine->report_timer, at_ms);
}

static void say_drop(void *context, enum drop drop, uint64_t count)
{
	/* What the host's own daemons send all day into a device that is up is nobody's trouble. */
	bool is_usual = drop == DROP_IP_MULTICAST || drop == DROP_LINK_NOT_UP;
	(void)context;
	log_at(is_usual ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "drop=%s count=%" PRIu64 ": %s",
	       drop_name(drop), count, drop_help(drop));
}

void engine_report_drops(struct engine *engine)
{
	report_by(engine, drop_log_look(&engine->drop_log, engine->host.drops, engine->loop->now_ms,
					say_drop, NULL));
}

static void tell_left_out(struct engine *engine)
{
	uint64_t left_out = rate_take_left_out(&engine->stranger_lines);
	if (left_out)
		log_warning("%" PRIu64 " more lines like this were not shown", left_out);
}

static void report_on_time(void *context, uint64_t now_ms)
{
	(void)now_ms;
	tell_left_out(context);
	engine_report_drops(context);
}

void engine_say(struct engine *engine, enum log_level level, const char *format, ...)
{
	char line[1536];
	va_list arguments;
	if (!rate_allows(&engine->stranger_lines, engine->loop->now_ms)) {
		report_by(engine, engine->loop->now_ms + DROP_LOG_EVERY_MS);
		return;
	}
	tell_left_out(engine);
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	log_at(level, "%s", line);
}

int engine_init(struct engine *engine, const struct engine_parts *parts)
{
	*engine = (struct engine){
		.loop = parts->loop,
		.settings = session_settings_ref(parts->settings),
		.sessions_max = parts->sessions_max,
		.last_line = parts->share.index,
		.places = parts->places,
		.when_full = parts->when_full,
		.context = parts->context,
		.authority = parts->authority,
		.keeper = parts->keeper,
		.stranger_lines = {.burst = 200 / share_count(parts->share),
				   .per_second = MAX_OF(20 / share_count(parts->share), 1u)},
		.started_ms = clock_now_ms(),
	};
	engine->host.random = random_system();
	engine->report_timer = (struct timer){.on_time = report_on_time, .context = engine};
	int error = table_init(&engine->table, parts->share) ? 0 : -ENOMEM;
	const struct path_parts path = {.loop = engine->loop,
					.host = &engine->host,
					.gre = parts->gre,
					.tun_fd = parts->tun_fd,
					.owner = &engine_owner,
					.context = engine,
					.plan = parts->plan};
	if (!error)
		error = path_init(&engine->path, &path);
	if (error)
		engine_fini(engine);
	return error;
}

static void remove_quietly(void *context, struct member *member)
{
	struct engine *engine = context;
	loop_cancel_timer(engine->loop, &member->timer);
}

void engine_fini(struct engine *engine)
{
	loop_cancel_timer(engine->loop, &engine->stop_timer);
	loop_cancel_timer(engine->loop, &engine->report_timer);
	path_fini(&engine->path);
	table_each(&engine->table, remove_quietly, engine);
	table_fini(&engine->table);
	for (size_t i = 0; i < engine->lines.size; i++) {
		while (engine->lines.chains[i]) {
			struct line *line =
				CONTAINER_OF(engine->lines.chains[i], struct line, by_id);
			if (line->connection)
				connection_free(line->connection);
			line_free(engine, line);
		}
	}
	map_fini(&engine->lines);
	session_settings_unref(engine->settings);
	session_host_fini(&engine->host);
}

void engine_configure(struct engine *engine, struct session_settings *settings,
		      uint32_t sessions_max)
{
	session_settings_ref(settings);
	session_settings_unref(engine->settings);
	engine->settings = settings;
	engine->sessions_max = sessions_max;
}

static void on_verdict(struct engine *engine, struct member *member,
		       const struct message_verdict *verdict)
{
	bool accepted = verdict->verdict.result == AUTH_ACCEPT;
	*(accepted ? &engine->counters.logins_accepted : &engine->counters.logins_refused) += 1;
	if (member)
		session_on_verdict(member->session, verdict->number, &verdict->verdict,
				   engine->loop->now_ms);
}

void engine_on_message(struct engine *engine, const struct message_type *type, const void *value)
{
	struct member *member = table_by_id(&engine->table, server_message_session(type, value));
	uint64_t now_ms = engine->loop->now_ms;
	if (type->kind == MESSAGE_VERDICT)
		on_verdict(engine, member, value);
	else if (member && type->kind == MESSAGE_DISCONNECT)
		engine_end_session(engine, member, ((const struct message_disconnect *)value)->why);
	else if (member && type->kind == MESSAGE_EVICT)
		session_hang_up(member->session, LINK_END_LOCAL, "replaced by a new login", now_ms);
	else if (member && type->kind == MESSAGE_IPV6_REFUSED)
		session_refuse_ipv6(member->session, now_ms);
	if (member)
		engine_touch(engine, member);
	engine_perform(engine);
}

void engine_end_session(struct engine *engine, struct member *member, const char *why)
{
	session_close(member->session, why, engine->loop->now_ms);
	engine_touch(engine, member);
}

/* All sessions at once want more done than the outbox holds. */
static void relieve(struct engine *engine)
{
	if (session_host_is_crowded(&engine->host))
		engine_perform(engine);
}

static void farewell(void *context, struct member *member)
{
	relieve(context);
	engine_end_session(context, member, "server shutdown");
}

static void hang_up(void *context, struct member *member)
{
	struct engine *engine = context;
	relieve(engine);
	session_hang_up(member->session, LINK_END_LOCAL, "server shutdown", engine->loop->now_ms);
}

/* Lines may be freed by what is carried out in between, so the chain is begun again each time. */
static void stop_chain(struct engine *engine, size_t chain)
{
	struct map_node *node = engine->lines.chains[chain];
	while (node) {
		struct line *line = CONTAINER_OF(node, struct line, by_id);
		node = node->next;
		if (line->stopped || !line->connection)
			continue;
		line->stopped = true;
		connection_stop(line->connection, "server shutdown", engine->loop->now_ms);
		if (session_host_is_crowded(&engine->host)) {
			engine_perform(engine);
			node = engine->lines.chains[chain];
		}
	}
}

static void stop_lines(struct engine *engine)
{
	for (size_t i = 0; i < engine->lines.size; i++)
		stop_chain(engine, i);
}

static void stop_now(struct engine *engine)
{
	table_each(&engine->table, hang_up, engine);
	engine_perform(engine);
	stop_lines(engine);
	engine_perform(engine);
	path_flush(&engine->path);
	loop_stop(engine->loop);
}

/* Looks again and again until all have taken leave, or the patience is over. */
static void stop_on_time(void *context, uint64_t now_ms)
{
	enum { LOOK_AGAIN_MS = 50 };
	struct engine *engine = context;
	if (!table_count(&engine->table) || now_ms >= engine->stop_by_ms)
		stop_now(engine);
	else
		loop_set_timer(engine->loop, &engine->stop_timer, now_ms + LOOK_AGAIN_MS);
}

void engine_stop(struct engine *engine)
{
	if (engine->stopping) {
		stop_now(engine);
		return;
	}
	engine->stopping = true;
	table_each(&engine->table, farewell, engine);
	engine_perform(engine);
	engine->stop_by_ms = engine->loop->now_ms + STOP_PATIENCE_MS;
	engine->stop_timer = (struct timer){.on_time = stop_on_time, .context = engine};
	loop_set_timer(engine->loop, &engine->stop_timer, engine->loop->now_ms);
}
