/*
 * A login is one question with one answer. The end that is to be convinced asks: who, with which
 * proof? The registrar (server/authority.c, which alone knows passwords) answers: accept, with keys
 * and address, or reject. The end that has to prove itself asks its own registrar for the proof in
 * the same way. Questions and answers cross a process boundary as messages (base/message.h), may
 * come late, never, or after the caller hung up.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "auth/method.h"
#include "base/field.h"

enum {
	AUTH_NAME_LIMIT = 255,      /* octets of a peer's name */
	AUTH_CHALLENGE_LIMIT = 255, /* octets of a CHAP challenge; ours have 16, or 8 for MS-CHAP */
	AUTH_RESPONSE_LIMIT = 255   /* octets of a CHAP value or a PAP password */
};

/* What the registrar is asked for. It never takes the one for the other: an empty PAP password is a
 * proof, not a wish for the right one. */
enum auth_question { AUTH_VERIFY, AUTH_PROVE };

/* What one end showed to prove who it is (AUTH_VERIFY);
 * or what it has to answer (AUTH_PROVE: no response yet). */
struct auth_proof {
	uint8_t question; /* enum auth_question */
	uint8_t method;   /* enum auth_method */
	/* 1: a session that was accepted before is asked once more (CHAP rechallenge):
	 * it keeps its address, and replaces nobody */
	uint8_t again;
	uint8_t identifier;
	/* As the peer sent it, domain included, NULs in it refused before; AUTH_PROVE: our own. */
	char name[AUTH_NAME_LIMIT + 1];
	BLOB(AUTH_CHALLENGE_LIMIT) challenge; /* empty for PAP */
	/* CHAP's value (49 octets for MS-CHAP), or PAP's password */
	BLOB(AUTH_RESPONSE_LIMIT) response;
};

/*
 * Where the MPPE keys start from (RFC 3079): `send` and `receive` as the asking end uses them.
 * 128-bit keys start from 16 octets, 56- and 40-bit ones from 8, which for MS-CHAPv2 are the first
 * 8 of the 16, for MS-CHAP the LM hash.
 */
struct auth_keys {
	uint8_t present; /* 0: the method gives no keys */
	uint8_t send[16], receive[16];
	uint8_t send_short[8], receive_short[8];
};

/* RFC 2759 §6 error codes, also used as the reason of a
 * reject for methods that have no codes on the wire. */
enum auth_error {
	AUTH_RESTRICTED_HOURS = 646,
	AUTH_ACCOUNT_DISABLED = 647,
	AUTH_PASSWORD_EXPIRED = 648,
	AUTH_NO_DIALIN_PERMISSION = 649,
	AUTH_FAILURE = 691,
	/* not of the RFC, but known to Windows, which then does not ask
	 * for another password: the registrar was silent too long */
	AUTH_NO_ANSWER = 930,
};

enum auth_result { AUTH_REJECT, AUTH_ACCEPT, AUTH_CONTINUE };

/* The registrar's answer. Fields that do not belong to the result are zero. */
struct auth_verdict {
	/* enum auth_question: which one it answers; to another it means nothing */
	uint8_t question;
	uint8_t result; /* enum auth_result */
	uint16_t error; /* enum auth_error, with AUTH_REJECT */
	/* the name that it goes by from here on, in logs and accounts */
	char user[AUTH_NAME_LIMIT + 1];
	/* for the peer: "S=…" of MS-CHAPv2; with a question for the proof: the response */
	BLOB(AUTH_RESPONSE_LIMIT) message;
	/* question for the proof, MS-CHAPv2: the "S=…" that the authenticator must show */
	BLOB(64) expected;
	struct auth_keys keys;
	uint32_t local_address, remote_address; /* inner, host order; 0: none was given */
	uint32_t dns[2], nbns[2];               /* 0: none */
};

/* Both as they cross a process boundary. Responses and keys print as "(hidden)". */
extern const struct field auth_proof_fields[];
extern const struct field auth_verdict_fields[];
