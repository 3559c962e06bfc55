/*
 * What sessions and connections want done, all in one outbox and so in one order. Each action's
 * bytes begin with its header below, which names the doer by number: by the time an action is
 * carried out, the doer may be gone. The carrying-out is one switch (server/perform.c; the pair
 * tests have their own).
 */
#pragma once
#include <stdint.h>

#include "auth/verdict.h"
#include "base/drop.h"
#include "base/log.h"
#include "base/outbox.h"
#include "base/random.h"
#include "ppp/link.h"

enum action_kind {
	/* of connections: `id` is the connection's */
	ACTION_SEND_CONTROL = 1, /* bytes for TCP */
	ACTION_CLOSE_CONTROL,    /* flush, close TCP, connection_free; text: the reason */
	ACTION_CONNECTED,        /* the control connection stands; a client places its calls now */
	ACTION_CALL_ASKED,       /* struct control_event: answer with connection_accept or
				    connection_refuse */
	/* of sessions: `id` is the session's */
	ACTION_SEND_GRE, /* a GRE packet, header included, for the peer */
	ACTION_ASK,      /* struct action_question: for the registrar */
	ACTION_RELEASE,  /* the registrar forgets question and address of this session */
	ACTION_IPV4_UP,  /* struct link_addresses */
	ACTION_IPV4_DOWN,
	ACTION_IPV6_UP, /* struct link_addresses */
	ACTION_IPV6_DOWN,
	ACTION_SESSION_ENDED, /* struct link_end: the last of a session: session_free */
	/* of both */
	ACTION_LOG, /* one octet of enum log_level, then the text, complete with its prefix */
};

/* The registrar's answer comes back by session_on_verdict with the same number. */
struct action_question {
	uint32_t number;
	struct auth_proof proof;
};

/* What all sessions and connections of one worker share; the worker owns it. */
struct session_host {
	struct outbox out; /* the actions above */
	struct outbox link_out,
		control_out; /* scratch: empty whenever no session's function is at work */
	struct random random;
	uint64_t drops[DROP_COUNT]; /* of all sessions that there were, as they occur */
};

void session_host_fini(struct session_host *host);

/*
 * So many actions wait that the owner carries them out before it lets any session or connection do
 * more. Who feeds one packet, one deadline or 4 KiB of a stream at a time, and asks this in
 * between, never comes near OUTBOX_LIMIT, whatever the peers send.
 */
bool session_host_is_crowded(const struct session_host *host);

/* Puts an action: the doer's id, then the bytes. */
void action_put(struct session_host *host, enum action_kind kind, uint32_t id, const void *bytes,
		size_t length);
/* Puts a line for the log, unless it is crowded beyond all measure there: then the line is lost,
 * and nothing else. */
void action_log(struct session_host *host, uint32_t id, enum log_level level, const char *format,
		...) __attribute__((format(printf, 4, 5)));

/* Lines that a peer can provoke at will: so many in a second are written, the rest are counted. */
enum { LINES_A_SECOND = 20 };
struct line_limit {
	uint64_t second;
	uint32_t lines, left_out;
};
/* May one more be written? *left_out: how many were not since the last that was. */
bool line_limit_allows(struct line_limit *limit, uint64_t now_ms, uint32_t *left_out);

/* One action taken apart. `bytes` lie in the outbox: valid until the next put. */
struct action_view {
	enum action_kind kind;
	uint32_t id;
	const uint8_t *bytes;
	size_t length;
};
bool action_take(struct session_host *host, struct action_view *view);

/* Wipes the bytes of the action just taken where they lie: it held a secret, and was copied. */
void action_wipe(struct session_host *host, const struct action_view *view);
