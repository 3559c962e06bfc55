/*
 * The registrar's half of a login, as functions: a proof against a secret, and the proof made from
 * a secret. Looking up the secret (as the name stands, then without its domain) and giving an
 * address are the registrar's own.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "auth/verdict.h"
#include "base/random.h"

/*
 * Does *proof show knowledge of the secret? Fills all of *verdict: on acceptance result, user (the
 * name as it came), for MS-CHAPv2 the message "S=…" (RFC 2759 §5), and for both MS-CHAPs the keys
 * as the authenticator uses them; on rejection AUTH_REJECT and AUTH_FAILURE, whatever was wrong.
 *
 * secret  `length` octets, UTF-8; NULL where there is no such user, which is the same work and
 *         the same answer as a wrong password
 * returns true where accepted. MS-CHAP's LM-Response counts only where the peer says that it does
 *         not use the NT-Response (RFC 2433 §6).
 */
bool auth_verify(const struct auth_proof *proof, const void *secret, size_t length,
		 struct auth_verdict *verdict);

/*
 * The answer to *question (AUTH_PROVE): in verdict->message CHAP's value or PAP's password, in
 * `expected` the "S=…" that MS-CHAPv2's authenticator must show, and the keys as the peer uses
 * them. MS-CHAP gets no LM-Response, from which the password would be read within hours.
 *
 * secret  as above; NULL: rejected
 * random  for the peer challenge of MS-CHAPv2
 * returns false, with AUTH_REJECT and AUTH_FAILURE, where there is no secret, or none that the
 *         method can use, or the challenge is not one of the method
 */
bool auth_prove(const struct auth_proof *question, const void *secret, size_t length,
		const struct random *random, struct auth_verdict *verdict);
