/*
 * The control connection and its calls, RFC 2637 §2-3.
 *
 *   messages.h   the fifteen messages: one table of fields reads, writes and prints each
 *   framer.h     whole messages out of a byte stream
 *   control.h    the machine of one TCP connection and its calls, as PAC (our server) or PNS (our
 *                client): control.c the connection, calls.c the calls, machine.h between them
 *
 * session/connection.c owns a struct control by value, feeds it with what TCP brought, and carries
 * out its actions in order. Bounds: CONTROL_CALLS_MAX calls, one message of buffer, every stage 60
 * s at most (the first message: less).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outbox.h"
#include "base/random.h"
#include "control/framer.h"
#include "control/messages.h"

enum control_role {
	CONTROL_PAC, /* accepts connections and calls: a PPTP server */
	CONTROL_PNS, /* opens them: a PPTP client */
};

enum { CONTROL_CALLS_MAX = 64, CONTROL_STAGE_MS = 60000, CONTROL_ECHO_MS = 60000 };

/* What the machine wants done. Events of calls carry struct control_event, host layout. */
enum control_action {
	CONTROL_SEND = 1, /* bytes for TCP */
	/* flush, then close TCP; the bytes are the reason,
	 * as text for the log. Nothing follows it */
	CONTROL_CLOSE,
	CONTROL_ESTABLISHED, /* PNS: calls may be placed now. PAC: the peer said who it is */
	/* PAC: the owner answers with control_call_accept or control_call_refuse */
	CONTROL_CALL_ASKED,
	CONTROL_CALL_UP,   /* both call ids are known: GRE may flow */
	CONTROL_CALL_DOWN, /* the call ended (or never came up); its slot is free after this */
	/* Set-Link-Info came, `reason` has it in words: without effect (no octet
	 * stuffing in GRE). Windows sends two a call, so it is no report */
	CONTROL_LINK_INFO,
	CONTROL_WAN_ERRORS, /* WAN-Error-Notify came, `reason` has it in words; reported as well */
	CONTROL_REPORT,     /* text for the log */
	CONTROL_TRACE,      /* text for the log at debug level: a message, printed */
};

struct control_event {
	uint16_t slot;    /* which call: 0 to CONTROL_CALLS_MAX - 1, stable while the call lives */
	uint16_t call_id; /* ours */
	uint16_t peer_call_id; /* the peer's */
	uint16_t serial;       /* Call Serial Number */
	uint16_t peer_window;  /* Packet Recv. Window Size of the peer */
	/* CONTROL_CALL_DOWN: of the message that ended it; 0 where none came */
	uint8_t result, error;
	uint16_t cause;
	/* CONTROL_CALL_DOWN: in words: "call cleared by peer", "connection lost" … */
	char reason[96];
};

struct control_settings {
	enum control_role role;
	const char *host_name, *vendor; /* up to 64 octets, sent in the Start messages */
	/* PAC: from TCP accept to the Start-Control-Connection-Request; pptpd: stimeout 10 s */
	uint32_t first_message_ms;
	uint32_t echo_ms;       /* silence before an Echo-Request; RFC: 60 s; 0: never */
	uint16_t window;        /* our Packet Recv. Window Size, packets */
	uint32_t connect_speed; /* bits/s, told to the peer; pptpd: speed */
	uint16_t calls_max;     /* at most CONTROL_CALLS_MAX on one connection */
	bool trace;             /* put CONTROL_TRACE for every message, either way */
};

enum control_state {
	CONTROL_IDLE, /* PAC: TCP stands, the Start-Control-Connection-Request is awaited */
	CONTROL_WAIT_CTL_REPLY, /* PNS: sent it */
	CONTROL_ESTABLISHED_STATE,
	CONTROL_WAIT_STOP_REPLY,
	CONTROL_CLOSED,
};

enum call_state {
	CALL_FREE,
	CALL_WAIT_OWNER, /* PAC: CONTROL_CALL_ASKED was put, the owner has not answered */
	CALL_WAIT_REPLY, /* PNS: Outgoing-Call-Request sent */
	CALL_ESTABLISHED,
	CALL_WAIT_DISCONNECT, /* PNS: Call-Clear-Request sent */
};

struct control_call {
	enum call_state state;
	uint16_t call_id, peer_call_id, serial, peer_window;
	uint64_t since_ms; /* when the state was entered */
};

struct control {
	const struct control_settings *settings; /* borrowed */
	const struct random *random;             /* borrowed */
	struct outbox *out;                      /* borrowed */
	enum control_state state;
	uint64_t since_ms; /* when the state was entered */
	uint64_t heard_ms; /* when the last message came */
	bool echo_waiting; /* an Echo-Request of ours is unanswered */
	uint64_t echo_sent_ms;
	uint32_t echo_identifier;
	uint16_t next_serial;
	char peer_host[65], peer_vendor[65]; /* as told, NUL-ended, not escaped */
	uint16_t peer_firmware;
	struct framer framer;
	struct control_call calls[CONTROL_CALLS_MAX];
};

/* TCP stands. A PNS sends its Start-Control-Connection-Request at once.
 * Pointers are borrowed for the life of *c. */
void control_init(struct control *c, const struct control_settings *settings,
		  const struct random *random, struct outbox *out, uint64_t now_ms);

/* What TCP brought, in any portions up to a few ten thousand octets: one portion whose answers
 * would fill half of OUTBOX_LIMIT closes the connection. After CONTROL_CLOSE was put, everything is
 * ignored. */
void control_on_bytes(struct control *c, const uint8_t *bytes, size_t length, uint64_t now_ms);

/* TCP is gone: every call goes down with `reason`; no CONTROL_CLOSE is put. */
void control_on_lost(struct control *c, const char *reason, uint64_t now_ms);

/*
 * PAC: answers to CONTROL_CALL_ASKED. `call_id` is ours, distinct among all calls with this peer's
 * address. `result` is of enum ocrp_result. A refused call goes down like any other. Late answers,
 * to a slot that no longer waits, are ignored; an owner that says nothing for 60 s has refused.
 */
void control_call_accept(struct control *c, uint16_t slot, uint16_t call_id, uint64_t now_ms);
void control_call_refuse(struct control *c, uint16_t slot, uint8_t result, uint8_t error,
			 uint64_t now_ms);

/* PNS: places a call under our `call_id`; returns its slot,
 * or -1 where none is free or the connection is not up. */
int control_call_place(struct control *c, uint16_t call_id, uint64_t now_ms);

/*
 * Ends a call from our side. PAC: Call-Disconnect-Notify with `result` (enum cdn_result of
 * messages.h), and CONTROL_CALL_DOWN at once. PNS: Call-Clear-Request, and CONTROL_CALL_DOWN when
 * the notify comes or 60 s passed.
 */
void control_call_end(struct control *c, uint16_t slot, uint8_t result, uint64_t now_ms);

/* Ends the connection in order: Stop-Control-Connection-Request,
 * then close; calls go down first. */
void control_stop(struct control *c, uint64_t now_ms);

uint64_t control_deadline(const struct control *c);
void control_on_time(struct control *c, uint64_t now_ms);
