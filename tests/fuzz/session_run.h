/*
 * What fuzz_session.c and its orderly peer share: one control connection, as server or as client,
 * and the sessions on it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "session/connection.h"

enum { SESSIONS = 8, PROTOCOLS = 4 };

/* What a client's registrar says that the server has to show, and an orderly one shows. */
#define RUN_SIGNATURE "S=0123456789ABCDEF0123456789ABCDEF01234567"

struct slot {
	struct session *session;
	unsigned asked, released, ended;
	uint32_t question; /* number of the last */
	uint8_t kind;
	struct {
		size_t length; /* 0: answered */
		uint8_t bytes[300];
	} requests[PROTOCOLS]; /* our end's last Configure-Requests, with their protocol field */
	uint8_t identifier; /* of our end's last Challenge or PAP request, or of the peer's Challenge */
	uint32_t seq;
};

struct run {
	struct session_host host;
	struct session_settings *settings;
	struct connection *connection; /* NULL: closed */
	struct slot slots[SESSIONS];   /* by id - 1 */
	uint32_t sessions;
	uint64_t now_ms;
	bool started; /* the peer has sent its Start-Control-Connection message */
};

/* A GRE packet arrives. */
void run_arrive(struct run *r, struct slot *slot, struct packet *p);
/* As client: one more call, where there is room. */
void run_place_call(struct run *r);

/* ---- the peer, which does what an orderly one would (session_peer.c) ---- */

/* What it has to know of our end's GRE packets. */
void peer_listen(struct slot *slot, const uint8_t *bytes, size_t length);
/* `bytes`: protocol field and packet. */
void peer_send_frame(struct run *r, struct slot *slot, const uint8_t *bytes, size_t length);
/* The next message of the control connection: to a server, a request; to a client, the reply that it
 * awaits, or else the client is made to place another call. */
void peer_control(struct run *r, const struct slot *newest, uint8_t amount);
void peer_request(struct run *r, struct slot *slot, uint8_t which);
/* Its part in the login. */
void peer_login(struct run *r, struct slot *slot, uint8_t amount);
/* Ack, Nak or Reject (`code`) to all that our end asked last. */
void peer_answer(struct run *r, struct slot *slot, uint8_t code);
