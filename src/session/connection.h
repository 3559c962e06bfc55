/*
 * One control connection (TCP 1723) and the calls that it carries. The owner feeds it with what TCP
 * brought, and makes and frees the sessions; the connection starts and hangs them up as the control
 * machine says.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "session/session.h"

enum { CONNECTION_IDLE_MS = 60000 }; /* without a call for so long, the connection is stopped */

struct connection {
	uint32_t id;
	struct endpoint caller;
	uint32_t called;
	struct session_host *host;
	struct session_settings *settings; /* a counted reference */
	struct control control;
	bool established, stopping,
		closed;    /* stopping: the farewell is said, and has its own patience */
	size_t call_count; /* of the next */
	struct session *calls[CONTROL_CALLS_MAX]; /* borrowed, by slot */
	uint64_t idle_ms;                         /* since when there is no call */
	struct line_limit reports;
	uint32_t outer_mtu; /* for the sessions to come; the owner may learn it from TCP */
};

/* TCP stands; as client, the Start-Control-Connection-Request is put. NULL without memory. */
struct connection *connection_new(struct session_host *host, struct session_settings *settings,
				  uint32_t id, struct endpoint caller, uint32_t called,
				  uint64_t now_ms);
void connection_free(struct connection *c); /* its sessions are gone already */

void connection_on_bytes(struct connection *c, const uint8_t *bytes, size_t length,
			 uint64_t now_ms);

/* TCP broke or was closed by the peer: the calls end; ACTION_CLOSE_CONTROL follows. */
void connection_on_lost(struct connection *c, const char *why, uint64_t now_ms);

/* Answers to ACTION_CALL_ASKED. The session carries our call id; the connection starts it, or hangs
 * it up where the call is gone already. */
void connection_accept(struct connection *c, uint16_t slot, struct session *session,
		       uint64_t now_ms);
void connection_refuse(struct connection *c, uint16_t slot, uint8_t result, uint8_t error,
		       uint64_t now_ms);

/* Client: places a call for `session`; false where the connection is not up or full. */
bool connection_call(struct connection *c, struct session *session, uint64_t now_ms);

/* The owner carries out ACTION_SESSION_ENDED: the call
 * is cleared, its slot free. Before session_free. */
void connection_on_session_ended(struct connection *c, struct session *session, uint8_t reason,
				 uint64_t now_ms);

/* Ends all of it in order: sessions hang up, Stop-Control-Connection-Request, close. */
void connection_stop(struct connection *c, const char *why, uint64_t now_ms);

uint64_t connection_deadline(const struct connection *c);
void connection_on_time(struct connection *c, uint64_t now_ms);
