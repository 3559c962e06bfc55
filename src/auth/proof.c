#include "auth/proof.h"

#include <string.h>

#include "auth/chap.h"
#include "auth/mschap.h"
#include "base/base.h"
#include "base/secret.h"
#include "crypto/equal.h"
#include "crypto/hash.h"

struct secret {
	const uint8_t *bytes;
	size_t length;
};

/* All of the longer one is looked at, and what a short
 * secret lacks is nothing that could be shown. */
static bool pap_verify(const struct auth_proof *proof, const struct secret *secret)
{
	uint8_t padded[AUTH_RESPONSE_LIMIT] = {0}, shown[AUTH_RESPONSE_LIMIT] = {0};
	memcpy(padded, secret->bytes, MIN_OF(secret->length, sizeof(padded)));
	memcpy(shown, proof->response.bytes, proof->response.length);
	bool equal = secret_equal(padded, shown, sizeof(padded));
	secret_wipe(padded, sizeof(padded));
	secret_wipe(shown, sizeof(shown));
	return equal && secret->length == proof->response.length;
}

/* RFC 1994 §4.1 */
static void md5_value(uint8_t value[static MD5_OCTETS], const struct auth_proof *proof,
		      const struct secret *secret)
{
	hash_md5(value, HASH_PARTS({&proof->identifier, 1}, {secret->bytes, secret->length},
				   {proof->challenge.bytes, proof->challenge.length}));
}

static bool md5_verify(const struct auth_proof *proof, const struct secret *secret)
{
	uint8_t value[MD5_OCTETS];
	md5_value(value, proof, secret);
	return proof->response.length == sizeof(value) &&
	       secret_equal(value, proof->response.bytes, sizeof(value));
}

static bool mschap_verify(const struct auth_proof *proof, const struct secret *secret,
			  struct auth_verdict *verdict)
{
	struct mschap_response shown;
	uint8_t nt_hash[MSCHAP_HASH], lm_hash[MSCHAP_HASH], nt[MSCHAP_PROOF], lm[MSCHAP_PROOF];
	if (proof->challenge.length != MSCHAP_CHALLENGE ||
	    !mschap_response_decode(&shown, proof->response.bytes, proof->response.length))
		return false;
	mschap_nt_hash(nt_hash, secret->bytes, secret->length);
	mschap_lm_hash(lm_hash, secret->bytes, secret->length);
	mschap_challenge_response(nt, proof->challenge.bytes, nt_hash);
	mschap_challenge_response(lm, proof->challenge.bytes, lm_hash);
	mschap_keys(&verdict->keys, nt_hash, lm_hash, proof->challenge.bytes);
	secret_wipe(nt_hash, sizeof(nt_hash));
	secret_wipe(lm_hash, sizeof(lm_hash));
	return shown.use_nt & 1 ? secret_equal(nt, shown.nt, sizeof(nt))
				: secret_equal(lm, shown.lm, sizeof(lm));
}

static bool mschapv2_verify(const struct auth_proof *proof, const struct secret *secret,
			    struct auth_verdict *verdict)
{
	struct mschapv2_response shown;
	uint8_t nt_hash[MSCHAP_HASH], challenge_hash[MSCHAP_CHALLENGE], nt[MSCHAP_PROOF];
	if (proof->challenge.length != MSCHAPV2_CHALLENGE ||
	    !mschapv2_response_decode(&shown, proof->response.bytes, proof->response.length))
		return false;
	mschap_nt_hash(nt_hash, secret->bytes, secret->length);
	mschap_challenge_hash(challenge_hash, shown.peer_challenge, proof->challenge.bytes,
			      proof->name);
	mschap_challenge_response(nt, challenge_hash, nt_hash);
	mschap_signature(verdict->message.bytes, nt_hash, nt, challenge_hash);
	verdict->message.length = MSCHAP_SIGNATURE;
	mschapv2_keys(&verdict->keys, nt_hash, nt);
	secret_wipe(nt_hash, sizeof(nt_hash));
	return secret_equal(nt, shown.nt, sizeof(nt));
}

static bool verify(const struct auth_proof *proof, const struct secret *secret,
		   struct auth_verdict *verdict)
{
	switch (proof->method) {
	case AUTH_PAP:
		return pap_verify(proof, secret);
	case AUTH_CHAP_MD5:
		return md5_verify(proof, secret);
	case AUTH_MSCHAP:
		return mschap_verify(proof, secret, verdict);
	case AUTH_MSCHAPV2:
		return mschapv2_verify(proof, secret, verdict);
	default:
		return false;
	}
}

static bool reject(const struct auth_proof *proof, struct auth_verdict *verdict)
{
	secret_wipe(verdict, sizeof(*verdict));
	verdict->question = proof->question;
	verdict->result = AUTH_REJECT;
	verdict->error = AUTH_FAILURE;
	return false;
}

bool auth_verify(const struct auth_proof *proof, const void *secret, size_t length,
		 struct auth_verdict *verdict)
{
	/* Of an unknown user, as long as a password mostly is: the same blocks are hashed. */
	const struct secret used = {secret ? secret : "nobody...", secret ? length : 9};
	memset(verdict, 0, sizeof(*verdict));
	bool right = verify(proof, &used, verdict);
	if (!right || !secret || proof->question != AUTH_VERIFY)
		return reject(proof, verdict);
	verdict->question = AUTH_VERIFY;
	verdict->result = AUTH_ACCEPT;
	memcpy(verdict->user, proof->name, sizeof(verdict->user));
	return true;
}

static bool pap_prove(const struct secret *secret, struct auth_verdict *verdict)
{
	if (secret->length > sizeof(verdict->message.bytes))
		return false;
	memcpy(verdict->message.bytes, secret->bytes, secret->length);
	verdict->message.length = (uint16_t)secret->length;
	return true;
}

static bool md5_prove(const struct auth_proof *question, const struct secret *secret,
		      struct auth_verdict *verdict)
{
	md5_value(verdict->message.bytes, question, secret);
	verdict->message.length = MD5_OCTETS;
	return question->challenge.length > 0;
}

static bool mschap_prove(const struct auth_proof *question, const struct secret *secret,
			 struct auth_verdict *verdict)
{
	struct mschap_response shown = {.use_nt = 1};
	uint8_t nt_hash[MSCHAP_HASH], lm_hash[MSCHAP_HASH];
	if (question->challenge.length != MSCHAP_CHALLENGE)
		return false;
	mschap_nt_hash(nt_hash, secret->bytes, secret->length);
	mschap_lm_hash(lm_hash, secret->bytes, secret->length);
	mschap_challenge_response(shown.nt, question->challenge.bytes, nt_hash);
	mschap_keys(&verdict->keys, nt_hash, lm_hash, question->challenge.bytes);
	secret_wipe(nt_hash, sizeof(nt_hash));
	secret_wipe(lm_hash, sizeof(lm_hash));
	struct writer out = writer_of(verdict->message.bytes, sizeof(verdict->message.bytes));
	mschap_response_encode(&shown, &out);
	verdict->message.length = (uint16_t)out.length;
	return true;
}

static bool mschapv2_prove(const struct auth_proof *question, const struct secret *secret,
			   const struct random *random, struct auth_verdict *verdict)
{
	struct mschapv2_response shown = {.flags = 0};
	uint8_t nt_hash[MSCHAP_HASH], challenge_hash[MSCHAP_CHALLENGE];
	if (question->challenge.length != MSCHAPV2_CHALLENGE)
		return false;
	random_fill(random, shown.peer_challenge, sizeof(shown.peer_challenge));
	mschap_nt_hash(nt_hash, secret->bytes, secret->length);
	mschap_challenge_hash(challenge_hash, shown.peer_challenge, question->challenge.bytes,
			      question->name);
	mschap_challenge_response(shown.nt, challenge_hash, nt_hash);
	mschap_signature(verdict->expected.bytes, nt_hash, shown.nt, challenge_hash);
	verdict->expected.length = MSCHAP_SIGNATURE;
	mschapv2_keys(&verdict->keys, nt_hash, shown.nt);
	mschap_keys_turn(&verdict->keys);
	secret_wipe(nt_hash, sizeof(nt_hash));
	struct writer out = writer_of(verdict->message.bytes, sizeof(verdict->message.bytes));
	mschapv2_response_encode(&shown, &out);
	verdict->message.length = (uint16_t)out.length;
	return true;
}

static bool prove(const struct auth_proof *question, const struct secret *secret,
		  const struct random *random, struct auth_verdict *verdict)
{
	switch (question->method) {
	case AUTH_PAP:
		return pap_prove(secret, verdict);
	case AUTH_CHAP_MD5:
		return md5_prove(question, secret, verdict);
	case AUTH_MSCHAP:
		return mschap_prove(question, secret, verdict);
	case AUTH_MSCHAPV2:
		return mschapv2_prove(question, secret, random, verdict);
	default:
		return false;
	}
}

bool auth_prove(const struct auth_proof *question, const void *secret, size_t length,
		const struct random *random, struct auth_verdict *verdict)
{
	const struct secret used = {secret, length};
	memset(verdict, 0, sizeof(*verdict));
	if (!secret || question->question != AUTH_PROVE || !prove(question, &used, random, verdict))
		return reject(question, verdict);
	verdict->question = AUTH_PROVE;
	verdict->result = AUTH_ACCEPT;
	memcpy(verdict->user, question->name, sizeof(verdict->user));
	return true;
}
