#include "server/engine.h"

#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "io/clock.h"

enum {
	LINES_SPARE = 128, /* control connections beyond the sessions served: those that only begin
			      or end */
	STOP_PATIENCE_MS = 2000, /* for the callers' Terminate-Acks */
	LINE_FLUSH_MS = 5000,    /* for the last bytes of a control connection */
};

static void line_free(struct engine *engine, struct line *line)
{
	loop_cancel_timer(engine->loop, &line->timer);
	loop_unwatch(engine->loop, &line->watcher);
	stream_fini(&line->stream);
	map_remove(&engine->lines, &line->by_id);
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

/* A timer that moves to a later time is left alone: it looks again when it goes off. So a deadline
 * that recedes with every packet costs nothing. */
static void follow(struct loop *loop, struct timer *timer, uint64_t deadline_ms)
{
	if (deadline_ms == TIME_NEVER)
		loop_cancel_timer(loop, timer);
	else if (!timer->place || deadline_ms < timer->at_ms)
		loop_set_timer(loop, timer, deadline_ms);
}

void engine_touch(struct engine *engine, struct member *member)
{
	follow(engine->loop, &member->timer, session_deadline(member->session));
}

void engine_touch_line(struct engine *engine, struct line *line)
{
	if (line->connection)
		follow(engine->loop, &line->timer, connection_deadline(line->connection));
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

static void take_caller(void *context, const struct caller *caller)
{
	struct engine *engine = context;
	struct line *line = NULL;
	if (engine->lines.count < (size_t)engine->sessions_max + LINES_SPARE)
		line = calloc(1, sizeof(*line));
	if (line)
		line->connection =
			connection_new(&engine->host, engine->settings, ++engine->next_line,
				       caller->from, caller->to.address, engine->loop->now_ms);
	struct stream stream;
	stream_init(&stream, caller->fd);
	if (!line || !line->connection) {
		engine->counters.connections_refused++;
		stream_fini(&stream);
		free(line);
		return;
	}
	engine->counters.connections_accepted++;
	line->engine = engine;
	line->stream = stream;
	line->timer = (struct timer){.on_time = line_on_time, .context = line};
	line->watcher =
		(struct watcher){.on_ready = line_on_ready, .context = line, .fd = caller->fd};
	map_insert(&engine->lines, &line->by_id, map_hash_u64(line->connection->id, 0));
	learn_mtu(line);
	engine_touch_line(engine, line);
}

static void on_callers(void *context, uint32_t events)
{
	struct engine *engine = context;
	(void)events;
	engine->counters.connections_refused +=
		(uint64_t)listener_accept(engine->listener, take_caller, engine);
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

struct member *engine_add_session(struct engine *engine, const struct connection *connection)
{
	if (engine->stopping || table_count(&engine->table) >= engine->sessions_max)
		return NULL;
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
	table_remove(&engine->table, member);
}

int engine_init(struct engine *engine, const struct engine_parts *parts)
{
	*engine = (struct engine){
		.loop = parts->loop,
		.settings = session_settings_ref(parts->settings),
		.sessions_max = parts->sessions_max,
		.listener = parts->listener,
		.authority = parts->authority,
		.keeper = parts->keeper,
		.started_ms = clock_now_ms(),
	};
	engine->host.random = random_system();
	int error = table_init(&engine->table) ? 0 : -ENOMEM;
	if (!error)
		error = packets_init(&engine->packets, engine, parts->gre, parts->tun_fd);
	engine->listener_watcher = (struct watcher){
		.on_ready = on_callers, .context = engine, .fd = parts->listener->fd};
	if (!error)
		error = loop_watch(engine->loop, &engine->listener_watcher, EPOLLIN);
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
	loop_unwatch(engine->loop, &engine->listener_watcher);
	loop_cancel_timer(engine->loop, &engine->stop_timer);
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
	packets_fini(&engine->packets);
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

void engine_on_message(struct engine *engine, const struct message_type *type, const void *value)
{
	if (type->kind == MESSAGE_VERDICT) {
		const struct message_verdict *verdict = value;
		struct member *member = table_by_id(&engine->table, verdict->session);
		bool accepted = verdict->verdict.result == AUTH_ACCEPT;
		*(accepted ? &engine->counters.logins_accepted
			   : &engine->counters.logins_refused) += 1;
		if (member) {
			session_on_verdict(member->session, verdict->number, &verdict->verdict,
					   engine->loop->now_ms);
			engine_touch(engine, member);
		}
	} else if (type->kind == MESSAGE_DISCONNECT) {
		const struct message_disconnect *message = value;
		struct member *member = table_by_id(&engine->table, message->session);
		if (member)
			engine_end_session(engine, member, message->why);
	}
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

static void stop_lines(struct engine *engine)
{
	for (size_t i = 0; i < engine->lines.size; i++) {
		struct map_node *next;
		for (struct map_node *node = engine->lines.chains[i]; node; node = next) {
			struct line *line = CONTAINER_OF(node, struct line, by_id);
			next = node->next; /* a line may be freed; only one that was stopped is */
			relieve(engine);
			if (line->connection)
				connection_stop(line->connection, "server shutdown",
						engine->loop->now_ms);
		}
	}
}

static void stop_now(struct engine *engine)
{
	table_each(&engine->table, hang_up, engine);
	engine_perform(engine);
	stop_lines(engine);
	engine_perform(engine);
	packets_flush(&engine->packets);
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
	loop_unwatch(engine->loop, &engine->listener_watcher);
	table_each(&engine->table, farewell, engine);
	engine_perform(engine);
	engine->stop_by_ms = engine->loop->now_ms + STOP_PATIENCE_MS;
	engine->stop_timer = (struct timer){.on_time = stop_on_time, .context = engine};
	loop_set_timer(engine->loop, &engine->stop_timer, engine->loop->now_ms);
}
