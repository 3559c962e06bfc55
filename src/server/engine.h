/*
 * The engine: everything that a stranger can send ends here, and it holds no password, no root and
 * no path. It is given descriptors, callers and two seams; it runs control connections and sessions,
 * moves packets, and tells what it does. A server has several, each in a thread of its own
 * (worker.h), which touches it alone; what they have in common is `struct places`.
 *
 *   serve.h      start and stop: configuration, machine, keeper, authority, engine, in that order
 *   engine.h     connections and sessions         table.h    sessions, found by what a packet shows
 *   perform.c    the one switch from actions to system calls
 *   owner.h      what the packet path (path/path.h) asks of the engine
 *   counters.h   what is counted                 census.h   one look over all that lives
 *   recent.h     the last log lines of sessions  drop_log.h  lines about dropped packets
 *   authority.h pool.h intake.h   the registrar      keeper.h   what needs root
 *   messages.h   what the three say to each other
 *   api.h answers.h metrics.h     what people and programs ask
 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/log.h"
#include "base/rate.h"
#include "base/share.h"
#include "io/gre_socket.h"
#include "io/listener.h"
#include "io/loop.h"
#include "io/stream.h"
#include "path/path.h"
#include "server/counters.h"
#include "server/drop_log.h"
#include "server/messages.h"
#include "server/recent.h"
#include "server/seams.h"
#include "server/table.h"
#include "session/connection.h"

/* A control connection and its TCP stream. */
struct line {
	struct connection *connection; /* owned */
	struct stream stream;
	struct watcher watcher;
	struct timer timer;
	struct engine *engine;
	struct map_node by_id;
	uint32_t caller; /* its address */
	bool is_idle;    /* without a call: it counts in places->idle */
	bool stopped;    /* connection_stop was called for the end of the server */
	bool closing;    /* nothing is read any more; freed when what is to be sent is sent */
};

/* What all engines of a server count together. */
struct places {
	atomic_uint sessions;
	atomic_uint idle[1 << 14]; /* control connections without a call, by address, hashed */
};

struct engine {
	struct loop *loop;     /* borrowed */
	struct places *places; /* borrowed */
	atomic_uint load;      /* callers that it has, or that are on their way to it */
	struct session_host host;
	struct session_settings *settings; /* a counted reference: for connections to come */
	uint32_t sessions_max;             /* of all engines together */
	struct table table;
	struct map lines; /* struct line by id */
	uint32_t last_line;
	struct path path;
	struct seam_end *authority, *keeper; /* borrowed */
	void (*when_full)(void *context);    /* may be NULL */
	void *context;
	struct timer stop_timer;
	uint64_t stop_by_ms;             /* meaningful while stopping */
	struct engine_counters counters; /* of sessions: those that have ended */
	struct recent recent;            /* lines of the log */
	struct rate stranger_lines;      /* lines that nobody had to log in for */
	struct drop_log drop_log;
	struct timer report_timer; /* for what the log was not told yet */
	uint64_t started_ms;
	bool stopping;
	uint8_t in_hand[UINT16_MAX]; /* the bytes of the action that is being carried out */
};

enum {
	LINES_SPARE = 128, /* control connections beyond the sessions served: those that only begin
			      or end */
	LINES_WITHOUT_CALL = 64, /* of one address, at most */
};

struct engine_parts {
	struct loop *loop;
	struct session_settings *settings;
	uint32_t sessions_max;
	struct share share; /* of call ids, and numbers of sessions and connections */
	struct places *places;
	struct gre_port *gre; /* takes the calls of this share, where others take the rest */
	int tun_fd;
	const struct rc4_plan *plan; /* NULL: it is chosen now */
	struct seam_end *authority, *keeper;
	/* No place is left, here is nobody who could make room, and a caller was refused: perhaps
	 * another engine has one who can. */
	void (*when_full)(void *context);
	void *context;
};

/* Everything in *parts is borrowed until engine_fini, but for a reference to the settings. 0 or
 * -errno. */
int engine_init(struct engine *engine, const struct engine_parts *parts);
void engine_fini(struct engine *engine);

/* What new connections go by from now on; those that stand keep theirs. */
void engine_configure(struct engine *engine, struct session_settings *settings,
		      uint32_t sessions_max);

/*
 * A caller comes: engine_expect from any thread, when it is decided who gets it, then engine_take in
 * the engine's own.
 */
void engine_expect(struct engine *engine);
void engine_take(struct engine *engine, const struct caller *caller);

/* A stranger's session ends, if there is one that may, so that another caller has a place. */
void engine_make_room(struct engine *engine);

/* A message from the authority or the keeper. */
void engine_on_message(struct engine *engine, const struct message_type *type, const void *value);

/*
 * Ends all sessions in order: farewells first, and after two seconds at most the rest; then the
 * loop is stopped. The second call stops at once.
 */
void engine_stop(struct engine *engine);

/* Ends one session in order. */
void engine_end_session(struct engine *engine, struct member *member, const char *why);

/* Carries out what is waiting in the outbox, and looks at the deadlines of whom it concerns
 * (perform.c). */
void engine_perform(struct engine *engine);

/* The member's deadline may have changed: its timer follows. */
void engine_touch(struct engine *engine, struct member *member);

/* Counts a packet that belongs to no session. */
void engine_drop(struct engine *engine, enum drop drop);

/* Logs what was dropped, as far as its lines are due. Costs little: after each batch. */
void engine_report_drops(struct engine *engine);

/* Writes a line that a stranger can provoke, unless there were too many: then it is counted. */
void engine_say(struct engine *engine, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* For perform.c. */
struct line *engine_line(const struct engine *engine, uint32_t id);
void engine_touch_line(struct engine *engine, struct line *line);
/* The connection is over: freed at once, or when its last bytes are sent. */
void engine_close_line(struct engine *engine, struct line *line);
struct member *engine_add_session(struct engine *engine, const struct connection *connection);
/* The session's last moment: its octets are counted, its call is cleared, all is freed. */
void engine_remove_session(struct engine *engine, struct member *member,
			   const struct link_end *end);
