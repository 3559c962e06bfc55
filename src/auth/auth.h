/*
 * Who the peer is: PAP (RFC 1334), CHAP (RFC 1994) with MD5, MS-CHAP (RFC 2433) and MS-CHAPv2 (RFC
 * 2759).
 *
 *   method.h        the methods' names
 *   verdict.h       the question for the registrar, and its answer
 *   auth.h          one machine for all methods and both roles; it knows no password
 *   roles.h         what auth.c, authenticator.c and peer.c share
 *   proof.h         the registrar's half: a proof against a secret, and the proof made from one
 *   mschap.h        the hashes, responses and keys of MS-CHAP and MS-CHAPv2
 *   pap.h chap.h    packet codecs
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
	/* struct auth_proof, host layout: ask the registrar; at most
	 * one answer comes back, and no second question before it */
	AUTH_ASK,
	/* struct auth_verdict, host layout (with keys and address); wipe it after use.
	 * Once in a machine's life: a rechallenge that goes well is silent */
	AUTH_SUCCEEDED,
	/* uint16_t, host order: enum auth_error, or 0 where the peer was silent too long;
	 * also when a rechallenge fails after AUTH_SUCCEEDED */
	AUTH_FAILED,
	AUTH_REPORT, /* text for the log, without the session's prefix: "auth=pap user=anna" */
};

struct auth_settings {
	const char *our_name; /* in challenges (where empty: "poptun"), or of the user to prove */
	uint32_t restart_ms;  /* between packets without an answer; pppd: chap-restart 3 s */
	uint32_t attempts;    /* of each packet, at least 1; pppd: chap-max-challenge 10 */
	uint32_t timeout_ms;  /* without success after this long, failed; 0: never */
	uint32_t rechallenge_ms; /* authenticator, CHAP; pppd: chap-interval; 0: off */
	uint32_t pap_timeout_ms; /* in place of timeout_ms, for the authenticator's PAP */
};

enum auth_state {
	AUTH_IDLE,
	AUTH_WAIT_PEER,
	AUTH_WAIT_VERDICT,
	AUTH_DONE,
	AUTH_REFUSED, /* final, as a success is until the next rechallenge */
};

struct auth {
	enum auth_role role;
	enum auth_method method;
	enum auth_state state;
	const struct auth_settings *settings; /* borrowed */
	const struct random *random;          /* borrowed */
	struct outbox *out;                   /* borrowed */
	uint64_t resend_ms, give_up_ms;       /* UINT64_MAX: not waiting */
	uint32_t attempts_left;
	uint8_t identifier; /* of the latest Challenge or PAP request */
	bool succeeded;     /* once at least */
	bool answered;      /* authenticator: `answer` stands; peer: a proof was sent */
	bool outdated;      /* peer: a newer challenge came while a question was open */
	char peer_name[AUTH_NAME_LIMIT + 1];
	struct auth_proof proof; /* of the question that is, was or will be open */
	/* Authenticator: what a repeated Response gets again (RFC 1994 §4.2). */
	uint8_t answer_code;
	BLOB(AUTH_RESPONSE_LIMIT) answer;
	/* Peer: our proof, and what to expect and to have when the other end accepts it. */
	struct auth_verdict verdict;
};

/* Starts in `role` with the method that LCP agreed on, any but AUTH_NONE and AUTH_EAP. All pointers
 * are borrowed for the life of *a, until auth_fini. */
void auth_start(struct auth *a, enum auth_role role, enum auth_method method,
		const struct auth_settings *settings, const struct random *random,
		struct outbox *out, uint64_t now_ms);

/* Wipes everything; the machine is idle then. */
void auth_fini(struct auth *a);

/*
 * One packet of PPP protocol `protocol` (PAP c023, CHAP c223), without the protocol field. Where
 * both roles are in use on a link, the one that a packet does not belong to says DROP_PPP_CODE.
 */
enum drop auth_on_packet(struct auth *a, uint16_t protocol, const uint8_t *packet, size_t length,
			 uint64_t now_ms);

/* The registrar's answer; ignored where that question is not open (it came late, or twice, or is
 * for the machine of the other role). */
void auth_on_verdict(struct auth *a, const struct auth_verdict *verdict, uint64_t now_ms);

/* When auth_on_time wants to be called next; UINT64_MAX: never. */
uint64_t auth_deadline(const struct auth *a);
void auth_on_time(struct auth *a, uint64_t now_ms);
