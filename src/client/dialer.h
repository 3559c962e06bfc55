/*
 * The client's room: calls to PPTP servers, without a kernel's PPP.
 *
 *   dialer.h       connections to servers, the calls on them, and their packets
 *   perform.c      the one switch from actions to system calls
 *   owner.c        what the packet path (path/path.h) asks of the dialer
 *   registrar.h    the one place that knows the password
 *   password.h     where the password comes from
 *   stage.h        how far a call has come; why one failed
 *   pause.h        how long to wait before the next attempt
 *   options.h      what `poptun connect` is told
 *   peer_file.h    the same by a peers file of pppd
 *   network.h      what is done to the machine, and undone
 *   name_servers.h the same for DNS
 *   connect.h      the commands, `poptun connect`
 *   load.h         and `poptun load`
 *
 * A dialer owns its lines (one TCP connection each) and its calls. Sessions of all calls share one
 * session_host and one packet path. Without a TUN device, which a load generator has no use for, what
 * comes out of a tunnel is handed to a callback, and what is to go in is given to dialer_send.
 *
 * Callbacks come from inside the dialer's functions and from its loop. They may place, end and stop
 * calls and lines; what they ask for is carried out before the outermost function returns.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "client/registrar.h"
#include "client/stage.h"
#include "io/gre_socket.h"
#include "io/loop.h"
#include "io/stream.h"
#include "path/path.h"
#include "session/connection.h"

struct dialer;

/* A control connection: TCP on its way, then standing. */
struct line {
	uint32_t id;
	struct dialer *dialer;
	void *owner; /* the caller's own */
	struct endpoint server;
	struct connection *connection; /* owned; NULL: TCP is not there yet, or the line is over */
	struct session_settings *settings; /* a counted reference */
	struct stream stream;
	struct watcher watcher;
	struct timer timer;
	struct map_node by_id;
	uint64_t connected_us; /* when TCP stood (clock_now_us); 0: not yet */
	bool closing;          /* nothing is read any more; freed when what is to be sent is sent */
};

/* A call and its session. */
struct call {
	struct session *session; /* owned */
	struct path_member path;
	struct dialer *dialer;
	void *owner; /* the caller's own */
	struct timer timer;
	struct map_node by_id, by_call;
	enum stage stage;          /* under way */
	uint64_t stage_ms[STAGES]; /* when each began; 0: not yet */
};

/* What the caller hears of. None may be NULL but one of the last two. */
struct dialer_events {
	/* The control connection stands: calls may be placed on it. */
	void (*on_line_up)(void *context, struct line *line);
	/* It is over, or never came to be: `why` in words; `reached` is what was under way
	 * (STAGE_TCP, STAGE_CONTROL, or STAGE_CALL where it had stood). Its calls ended before. The
	 * line is the dialer's no more than for this call. */
	void (*on_line_down)(void *context, struct line *line, enum stage reached, const char *why);
	/* call->stage went on; `before`: what it was. */
	void (*on_stage)(void *context, struct call *call, enum stage before);
	/* A network protocol came up (session->addresses tell), or went down. */
	void (*on_network)(void *context, struct call *call, bool ipv4, bool up);
	/* The last of a call, its session still whole. */
	void (*on_call_over)(void *context, struct call *call, const struct link_end *end);
	/* With a TUN device: into whose tunnel this packet from it goes; NULL: nobody's. */
	struct call *(*call_for)(void *context, const struct ip_view *view);
	/* Without: an IP packet came out of the tunnel; it may be changed, and is the dialer's. */
	void (*on_packet)(void *context, struct call *call, struct packet *p);
};

struct dialer {
	struct loop *loop; /* borrowed; NULL: not open */
	struct session_host host;
	struct registrar *registrar; /* borrowed */
	struct path path;
	const struct dialer_events *events;
	void *context;
	struct map lines, calls;  /* by id */
	struct map calls_by_call; /* by what a GRE packet shows */
	uint32_t next_line, next_session;
	uint64_t drops
		[DROP_COUNT]; /* of packets that belong to no call, and of calls that are over */
	bool performing;
	uint8_t in_hand[UINT16_MAX]; /* the bytes of the action that is being carried out */
};

struct dialer_parts {
	struct loop *loop;
	struct registrar *registrar;
	struct gre_port *gre;
	int tun_fd; /* -1: none */
	const struct dialer_events *events;
	void *context;
};

/* Everything in *parts is borrowed until dialer_fini. 0 or -errno. */
int dialer_init(struct dialer *dialer, const struct dialer_parts *parts);
/* Frees all lines and calls at once, without farewells and callbacks. Also one that is zero. */
void dialer_fini(struct dialer *dialer);

/*
 * Begins a TCP connection to `server`, from `from` (0: the kernel chooses). on_line_up or
 * on_line_down follows. NULL without memory, or where the kernel refuses at once: *error is the
 * -errno.
 */
struct line *dialer_open_line(struct dialer *dialer, struct session_settings *settings,
			      struct endpoint server, uint32_t from, int *error);

/* Ends the line in order, its calls hung up. on_line_down follows, at the latest when the server's
 * answer did not come. */
void dialer_stop_line(struct dialer *dialer, struct line *line, const char *why);

/* Gives a line up at once, however far it is. on_line_down follows. */
void dialer_drop_line(struct dialer *dialer, struct line *line, const char *why);

/* Places a call on a line that is up, under `settings` (NULL: the line's own), which carry the name to
 * log in with. NULL where it takes no more. */
struct call *dialer_call(struct dialer *dialer, struct line *line,
			 struct session_settings *settings, void *owner);

/* Ends a call: in order (LCP says farewell), or at once. on_call_over follows. */
void dialer_close_call(struct dialer *dialer, struct call *call, const char *why);
void dialer_hang_up(struct dialer *dialer, struct call *call, enum link_end_reason reason,
		    const char *why);

/*
 * Takes an IP packet for the call's tunnel. It stays in place until dialer_flush, which encrypts and
 * sends all that were taken, in order; at most DIALER_BATCH may wait.
 */
enum { DIALER_BATCH = PATH_TUN };
void dialer_send(struct dialer *dialer, struct call *call, struct packet *p);
void dialer_flush(struct dialer *dialer);

/* ---- between the files of the dialer ---- */

void dialer_perform(struct dialer *dialer);
void dialer_touch(struct dialer *dialer, struct call *call);
void dialer_touch_line(struct dialer *dialer, struct line *line);
struct line *dialer_line(const struct dialer *dialer, uint32_t id);
struct call *dialer_call_by_id(const struct dialer *dialer, uint32_t id);
struct call *dialer_call_by_packet(const struct dialer *dialer, uint16_t call_id, uint32_t server,
				   uint32_t local);
/* Reads what waits on the call's control connection; nothing is performed yet. */
void dialer_hear_line(struct dialer *dialer, const struct call *call);
void dialer_close_line(struct dialer *dialer, struct line *line, const char *why);
void dialer_end_call(struct dialer *dialer, struct call *call, const struct link_end *end);
extern const struct path_owner dialer_owner; /* context: the dialer */
