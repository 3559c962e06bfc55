#include "client/dialer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "io/clock.h"

enum {
	TCP_PATIENCE_MS = 10000, /* for a SYN's answer: three tries of the kernel */
	LINE_FLUSH_MS = 3000,    /* for the last bytes of a control connection */
	CALL_ID_TRIES = 1000,
};

/* ---- lines ---- */

static void line_free(struct line *line)
{
	struct dialer *dialer = line->dialer;
	loop_cancel_timer(dialer->loop, &line->timer);
	loop_unwatch(dialer->loop, &line->watcher);
	stream_fini(&line->stream);
	if (line->connection)
		connection_free(line->connection);
	session_settings_unref(line->settings);
	map_remove(&dialer->lines, &line->by_id);
	free(line);
}

struct line *dialer_line(const struct dialer *dialer, uint32_t id)
{
	struct map_node *node = map_first(&dialer->lines, map_hash_u64(id, 0));
	for (; node; node = map_next(node))
		if (CONTAINER_OF(node, struct line, by_id)->id == id)
			return CONTAINER_OF(node, struct line, by_id);
	return NULL;
}

static bool is_connecting(const struct line *line)
{
	return !line->connection && !line->closing;
}

void dialer_touch_line(struct dialer *dialer, struct line *line)
{
	if (is_connecting(line))
		return;
	if (line->connection)
		loop_follow_deadline(dialer->loop, &line->timer,
				     connection_deadline(line->connection));
	uint32_t events = (line->closing ? 0u : (uint32_t)EPOLLIN) |
			  (stream_is_waiting(&line->stream) ? (uint32_t)EPOLLOUT : 0u);
	if (events != line->watcher.events)
		loop_watch(dialer->loop, &line->watcher, events);
}

void dialer_close_line(struct dialer *dialer, struct line *line, const char *why)
{
	enum stage reached = !line->connection               ? STAGE_TCP
			     : line->connection->established ? STAGE_CALL
							     : STAGE_CONTROL;
	dialer->events->on_line_down(dialer->context, line, reached, why);
	if (line->connection)
		connection_free(line->connection);
	line->connection = NULL;
	line->closing = true;
	if (!stream_is_waiting(&line->stream)) {
		line_free(line);
		return;
	}
	loop_set_timer(dialer->loop, &line->timer, dialer->loop->now_ms + LINE_FLUSH_MS);
	dialer_touch_line(dialer, line);
}

static void line_on_time(void *context, uint64_t now_ms)
{
	struct line *line = context;
	struct dialer *dialer = line->dialer;
	if (is_connecting(line)) {
		dialer_close_line(dialer, line, "no answer in 10 s");
	} else if (!line->connection) { /* its last bytes found no taker */
		line_free(line);
	} else {
		if (connection_deadline(line->connection) <= now_ms)
			connection_on_time(line->connection, now_ms);
		dialer_touch_line(dialer, line);
	}
	dialer_perform(dialer);
}

static void line_receive(struct line *line)
{
	uint8_t bytes[4096];
	uint64_t now_ms = line->dialer->loop->now_ms;
	ssize_t length = stream_receive(&line->stream, bytes, sizeof(bytes));
	if (length > 0)
		connection_on_bytes(line->connection, bytes, (size_t)length, now_ms);
	else if (length == 0)
		connection_on_lost(line->connection, "control connection closed by the server",
				   now_ms);
	else if (length != -EAGAIN)
		connection_on_lost(line->connection, strerror((int)-length), now_ms);
}

void dialer_hear_line(struct dialer *dialer, const struct call *call)
{
	struct line *line = dialer_line(dialer, call->session->connection);
	if (!line || !line->connection || line->closing)
		return;
	line_receive(line);
	dialer_touch_line(dialer, line);
}

/* Our own address on the way, from which GRE leaves too. */
static uint32_t local_address(int fd)
{
	struct sockaddr_in at = {0};
	socklen_t length = sizeof(at);
	if (getsockname(fd, (struct sockaddr *)&at, &length))
		return 0;
	return ntohl(at.sin_addr.s_addr);
}

/* TCP stands, or failed. */
static void line_connected(struct line *line)
{
	struct dialer *dialer = line->dialer;
	int error = 0;
	socklen_t length = sizeof(error);
	getsockopt(line->stream.fd, SOL_SOCKET, SO_ERROR, &error, &length);
	if (error) {
		dialer_close_line(dialer, line, strerror(error));
		return;
	}
	loop_cancel_timer(dialer->loop, &line->timer);
	line->connected_us = clock_now_us();
	line->connection = connection_new(&dialer->host, line->settings, line->id, line->server,
					  local_address(line->stream.fd), dialer->loop->now_ms);
	if (!line->connection) {
		dialer_close_line(dialer, line, "out of memory");
		return;
	}
	int mtu = stream_path_mtu(&line->stream);
	if (mtu > 0 && (uint32_t)mtu < line->connection->outer_mtu)
		line->connection->outer_mtu = (uint32_t)mtu;
	dialer_touch_line(dialer, line);
}

static void line_on_ready(void *context, uint32_t events)
{
	struct line *line = context;
	struct dialer *dialer = line->dialer;
	if (is_connecting(line)) {
		line_connected(line);
		dialer_perform(dialer);
		return;
	}
	if (stream_is_waiting(&line->stream)) {
		int error = stream_flush(&line->stream);
		if (line->closing && (error || !stream_is_waiting(&line->stream))) {
			line_free(line);
			return;
		}
	}
	if (line->closing) {
		if (events & (EPOLLERR | EPOLLHUP))
			line_free(line);
		return;
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		line_receive(line);
	dialer_touch_line(dialer, line);
	dialer_perform(dialer);
}

/* A socket whose connection to `server` has begun, or -errno. */
static int begin_tcp(struct endpoint server, uint32_t from)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(from)};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(server.address),
				 .sin_port = htons(server.port)};
	int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	/* The port is chosen by connect(2), which may use one for several servers. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
	if ((from && bind(fd, (struct sockaddr *)&local, sizeof(local))) ||
	    (connect(fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)) {
		int error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

struct line *dialer_open_line(struct dialer *dialer, struct session_settings *settings,
			      struct endpoint server, uint32_t from, int *error)
{
	int fd = begin_tcp(server, from);
	struct line *line = fd < 0 ? NULL : calloc(1, sizeof(*line));
	*error = fd < 0 ? fd : -ENOMEM;
	if (!line) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	line->id = ++dialer->next_line;
	line->dialer = dialer;
	line->server = server;
	line->settings = session_settings_ref(settings);
	stream_init(&line->stream, fd);
	line->timer = (struct timer){.on_time = line_on_time, .context = line};
	line->watcher = (struct watcher){.on_ready = line_on_ready, .context = line, .fd = fd};
	map_insert(&dialer->lines, &line->by_id, map_hash_u64(line->id, 0));
	loop_set_timer(dialer->loop, &line->timer, clock_now_ms() + TCP_PATIENCE_MS);
	if ((*error = loop_watch(dialer->loop, &line->watcher, EPOLLOUT))) {
		line_free(line);
		return NULL;
	}
	return line;
}

void dialer_stop_line(struct dialer *dialer, struct line *line, const char *why)
{
	if (line->closing)
		return;
	if (!line->connection) {
		dialer_close_line(dialer, line, why);
	} else {
		connection_stop(line->connection, why, dialer->loop->now_ms);
		dialer_touch_line(dialer, line);
	}
	dialer_perform(dialer);
}

void dialer_drop_line(struct dialer *dialer, struct line *line, const char *why)
{
	if (line->closing)
		return;
	if (line->connection)
		connection_on_lost(line->connection, why, dialer->loop->now_ms);
	else
		dialer_close_line(dialer, line, why);
	dialer_perform(dialer);
}

/* ---- calls ---- */

static uint64_t call_hash(uint16_t call_id, uint32_t server, uint32_t local)
{
	return map_hash_u64((uint64_t)server << 32 | local, call_id);
}

struct call *dialer_call_by_id(const struct dialer *dialer, uint32_t id)
{
	struct map_node *node = map_first(&dialer->calls, map_hash_u64(id, 0));
	for (; node; node = map_next(node))
		if (CONTAINER_OF(node, struct call, by_id)->session->id == id)
			return CONTAINER_OF(node, struct call, by_id);
	return NULL;
}

struct call *dialer_call_by_packet(const struct dialer *dialer, uint16_t call_id, uint32_t server,
				   uint32_t local)
{
	struct map_node *node =
		map_first(&dialer->calls_by_call, call_hash(call_id, server, local));
	for (; node; node = map_next(node)) {
		struct call *call = CONTAINER_OF(node, struct call, by_call);
		const struct session *s = call->session;
		if (s->call_id == call_id && s->caller.address == server && s->called == local)
			return call;
	}
	return NULL;
}

static uint16_t pick_call_id(struct dialer *dialer, const struct connection *c)
{
	for (int i = 0; i < CALL_ID_TRIES; i++) {
		uint16_t id = (uint16_t)(1 + random_below(&dialer->host.random, UINT16_MAX));
		if (!dialer_call_by_packet(dialer, id, c->caller.address, c->called))
			return id;
	}
	return 0;
}

static void call_free(struct call *call)
{
	struct dialer *dialer = call->dialer;
	loop_cancel_timer(dialer->loop, &call->timer);
	map_remove(&dialer->calls, &call->by_id);
	map_remove(&dialer->calls_by_call, &call->by_call);
	for (size_t i = 0; i < DROP_COUNT; i++)
		dialer->drops[i] += call->session->drops[i];
	path_forget(&dialer->path, &call->path);
	session_free(call->session);
	free(call);
}

static void call_on_time(void *context, uint64_t now_ms)
{
	struct call *call = context;
	struct dialer *dialer = call->dialer;
	if (session_deadline(call->session) <= now_ms)
		session_on_time(call->session, now_ms);
	dialer_touch(dialer, call);
	dialer_perform(dialer);
}

static void call_moved(struct dialer *dialer, struct call *call)
{
	enum session_state state = call->session->state;
	enum stage before = call->stage, now = stage_of(call->session);
	if (now <= before || state == SESSION_ENDING || state == SESSION_ENDED)
		return;
	for (unsigned stage = before + 1; stage <= now; stage++)
		call->stage_ms[stage] = dialer->loop->now_ms;
	call->stage = now;
	dialer->events->on_stage(dialer->context, call, before);
}

void dialer_touch(struct dialer *dialer, struct call *call)
{
	loop_follow_deadline(dialer->loop, &call->timer, session_deadline(call->session));
	call_moved(dialer, call);
}

struct call *dialer_call(struct dialer *dialer, struct line *line,
			 struct session_settings *settings, void *owner)
{
	struct connection *c = line->connection;
	uint16_t call_id = c ? pick_call_id(dialer, c) : 0;
	struct call *call = call_id ? calloc(1, sizeof(*call)) : NULL;
	if (!call)
		return NULL;
	call->session = session_new(&dialer->host, settings ? settings : c->settings,
				    ++dialer->next_session, call_id, c->caller, c->called);
	if (!call->session) {
		free(call);
		return NULL;
	}
	call->path.session = call->session;
	call->dialer = dialer;
	call->owner = owner;
	call->stage = STAGE_CALL;
	call->stage_ms[STAGE_CALL] = dialer->loop->now_ms;
	call->timer = (struct timer){.on_time = call_on_time, .context = call};
	map_insert(&dialer->calls, &call->by_id, map_hash_u64(call->session->id, 0));
	map_insert(&dialer->calls_by_call, &call->by_call,
		   call_hash(call_id, c->caller.address, c->called));
	if (!connection_call(c, call->session, dialer->loop->now_ms)) {
		call_free(call);
		return NULL;
	}
	dialer_touch_line(dialer, line);
	dialer_perform(dialer);
	return call;
}

void dialer_close_call(struct dialer *dialer, struct call *call, const char *why)
{
	session_close(call->session, why, dialer->loop->now_ms);
	dialer_touch(dialer, call);
	dialer_perform(dialer);
}

void dialer_hang_up(struct dialer *dialer, struct call *call, enum link_end_reason reason,
		    const char *why)
{
	session_hang_up(call->session, reason, why, dialer->loop->now_ms);
	dialer_perform(dialer);
}

void dialer_end_call(struct dialer *dialer, struct call *call, const struct link_end *end)
{
	struct line *line = dialer_line(dialer, call->session->connection);
	if (line && line->connection) {
		connection_on_session_ended(line->connection, call->session, end->reason,
					    dialer->loop->now_ms);
		dialer_touch_line(dialer, line);
	}
	dialer->events->on_call_over(dialer->context, call, end);
	call_free(call);
}

/* ---- the whole ---- */

static void on_verdict(void *context, uint32_t session, uint32_t number,
		       const struct auth_verdict *verdict)
{
	struct dialer *dialer = context;
	struct call *call = dialer_call_by_id(dialer, session);
	if (!call)
		return; /* it came after the hang-up */
	session_on_verdict(call->session, number, verdict, dialer->loop->now_ms);
	dialer_touch(dialer, call);
	dialer_perform(dialer);
}

int dialer_init(struct dialer *dialer, const struct dialer_parts *parts)
{
	*dialer = (struct dialer){
		.loop = parts->loop,
		.registrar = parts->registrar,
		.events = parts->events,
		.context = parts->context,
	};
	dialer->host.random = random_system();
	registrar_answer_to(dialer->registrar, on_verdict, dialer);
	const struct path_parts path = {.loop = parts->loop,
					.host = &dialer->host,
					.gre = parts->gre,
					.tun_fd = parts->tun_fd,
					.owner = &dialer_owner,
					.context = dialer};
	int error = path_init(&dialer->path, &path);
	if (error)
		dialer_fini(dialer);
	return error;
}

static void free_call(struct map_node *node)
{
	call_free(CONTAINER_OF(node, struct call, by_id));
}

static void free_line(struct map_node *node)
{
	line_free(CONTAINER_OF(node, struct line, by_id));
}

/* Each takes itself out of the map. */
static void free_all(struct map *map, void (*free_one)(struct map_node *node))
{
	for (size_t i = 0; i < map->size; i++) {
		struct map_node *node = map->chains[i];
		while (node) {
			struct map_node *following = node->next;
			free_one(node);
			node = following;
		}
	}
}

void dialer_fini(struct dialer *dialer)
{
	if (!dialer->loop)
		return;
	registrar_answer_to(dialer->registrar, NULL, NULL);
	free_all(&dialer->calls, free_call);
	free_all(&dialer->lines, free_line);
	map_fini(&dialer->calls);
	map_fini(&dialer->calls_by_call);
	map_fini(&dialer->lines);
	path_fini(&dialer->path);
	session_host_fini(&dialer->host);
	dialer->loop = NULL;
}
