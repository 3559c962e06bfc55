/*
 * Who the peer is: PAP (RFC 1334), CHAP (RFC 1994) with MD5, MS-CHAP (RFC 2433) and MS-CHAPv2 (RFC
 * 2759).
 *
 *   method.h    the methods' names        verdict.h   the question for the registrar and its answer
 *   auth.h      one machine for all methods and both roles: it talks to the peer and asks; it knows
 * no password proof.h     the registrar's half: proof against secret, and the proof made from a
 * secret pap.h chap.h   packet codecs
 *
 * ppp/link.c owns a struct auth by value for each direction in use. The machine puts its actions
 * into the outbox that it was given. It opens nothing and reads no clock.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/verdict.h"
#include "base/drop.h"
#include "base/outbox.h"
#include "base/random.h"

enum auth_role { AUTH_AUTHENTICATOR, AUTH_PEER };

enum auth_action {
	AUTH_SEND = 1, /* two octets of PPP protocol (network order), then the packet */
	AUTH_ASK, /* struct auth_proof, host layout: ask the registrar; exactly one answer at most
		     comes back */
	AUTH_SUCCEEDED, /* struct auth_verdict, host layout (with keys and address); wipe it after
			   use */
	AUTH_FAILED,    /* uint16_t, host order: enum auth_error, or 0 where the peer was silent too
			   long */
	AUTH_REPORT,    /* text for the log, without the session's prefix */
};

struct auth_settings {
	const char *our_name; /* in challenges (never empty), or of the user to prove */
	uint32_t restart_ms; /* between challenges or requests without an answer; pppd: chap-restart
				3 s */
	uint32_t attempts;   /* challenges sent at most; pppd: chap-max-challenge 10 */
	uint32_t timeout_ms; /* authenticator: without success after this long, failed; 0: never */
	uint32_t rechallenge_ms; /* pppd: chap-interval; 0: off */
};

enum auth_state { AUTH_IDLE, AUTH_WAIT_PEER, AUTH_WAIT_VERDICT, AUTH_DONE, AUTH_REFUSED };

struct auth {
	enum auth_role role;
	enum auth_method method;
	enum auth_state state;
	const struct auth_settings *settings; /* borrowed */
	const struct random *random;          /* borrowed */
	struct outbox *out;                   /* borrowed */
	uint8_t identifier;
	uint8_t challenge[16];
	uint32_t attempts_left;
	uint64_t resend_ms, give_up_ms; /* UINT64_MAX: not waiting */
	/* The rest is the owner's business no more than these: auth.c says what they hold. */
	char peer_name[AUTH_NAME_LIMIT + 1];
	struct auth_proof proof;
	BLOB(AUTH_RESPONSE_LIMIT) answer; /* repeated for a repeated Response (RFC 1994 §4.2) */
	uint8_t answer_code;
	BLOB(64) expected;
	struct auth_verdict verdict;
};

/* Starts in `role` with the method that LCP agreed on. All pointers are borrowed for the life of
 * *a. */
void auth_start(struct auth *a, enum auth_role role, enum auth_method method,
		const struct auth_settings *settings, const struct random *random,
		struct outbox *out, uint64_t now_ms);

/* Wipes what is secret. */
void auth_fini(struct auth *a);

/* One packet of PPP protocol `protocol` (PAP c023, CHAP c223), without the protocol field. */
enum drop auth_on_packet(struct auth *a, uint16_t protocol, const uint8_t *packet, size_t length,
			 uint64_t now_ms);

/* The registrar's answer; ignored where no question is open (it came late, or twice). */
void auth_on_verdict(struct auth *a, const struct auth_verdict *verdict, uint64_t now_ms);

/* When auth_on_time wants to be called next; UINT64_MAX: never. */
uint64_t auth_deadline(const struct auth *a);
void auth_on_time(struct auth *a, uint64_t now_ms);
