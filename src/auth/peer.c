#include <string.h>
#include <strings.h>

#include "auth/roles.h"
#include "base/base.h"
#include "base/log.h"
#include "base/secret.h"

static void report(struct auth *a, const char *result, const void *text, size_t length)
{
	char name[AUTH_NAME_LIMIT + 1], peer[AUTH_NAME_LIMIT + 1], message[AUTH_NAME_LIMIT + 1];
	text_escape(name, sizeof(name), a->proof.name, strlen(a->proof.name));
	text_escape(peer, sizeof(peer), a->peer_name, strlen(a->peer_name));
	text_escape(message, sizeof(message), text, length);
	outbox_print(a->out, AUTH_REPORT, "auth=%s as=%s to=%s %s%s", auth_method_name(a->method),
		     name, peer, result, message);
}

static void fail(struct auth *a, uint16_t error, const char *why, const void *text, size_t length)
{
	report(a, why, text, length);
	auth_enter_refused(a, error);
}

void peer_start(struct auth *a)
{
	const char *name = a->settings->our_name ? a->settings->our_name : "";
	memcpy(a->proof.name, name, strnlen(name, AUTH_NAME_LIMIT));
	if (a->method == AUTH_PAP)
		auth_ask(a, AUTH_PROVE);
}

static void proof_send(struct auth *a)
{
	size_t name_length = strlen(a->proof.name);
	if (a->method == AUTH_PAP)
		auth_send_pap(a, &(struct pap_packet){
					 .code = PAP_REQUEST,
					 .identifier = ++a->identifier, /* RFC 1334 §2.2.1 */
					 .name = (const uint8_t *)a->proof.name,
					 .name_length = (uint8_t)name_length,
					 .password = a->verdict.message.bytes,
					 .password_length = (uint8_t)a->verdict.message.length,
				 });
	else
		auth_send_chap(a, &(struct chap_packet){
					  .code = CHAP_RESPONSE,
					  .identifier = a->identifier,
					  .value = a->verdict.message.bytes,
					  .value_length = (uint8_t)a->verdict.message.length,
					  .text = (const uint8_t *)a->proof.name,
					  .text_length = (uint16_t)name_length,
				  });
}

static void proof_send_counted(struct auth *a, uint64_t now_ms)
{
	a->attempts_left--;
	a->resend_ms = now_ms + a->settings->restart_ms;
	proof_send(a);
}

void peer_on_verdict(struct auth *a, const struct auth_verdict *verdict, uint64_t now_ms)
{
	if (a->outdated) {
		a->outdated = false;
		auth_ask(a, AUTH_PROVE);
		return;
	}
	bool has_proof = a->method == AUTH_PAP || verdict->message.length;
	if (verdict->result != AUTH_ACCEPT || !has_proof) {
		fail(a, verdict->error ? verdict->error : AUTH_FAILURE, "secret=missing", "", 0);
		return;
	}
	a->verdict = *verdict;
	a->answered = true;
	a->state = AUTH_WAIT_PEER;
	a->attempts_left = MAX_OF(a->settings->attempts, 1);
	proof_send_counted(a, now_ms);
}

/* Is `identifier` that of our proof, or for PAP, of any time that we sent it? */
static bool answers_us(const struct auth *a, uint8_t identifier)
{
	uint32_t sent = MAX_OF(a->settings->attempts, 1) - a->attempts_left;
	uint8_t age = (uint8_t)(a->identifier - identifier);
	return a->answered && (a->method == AUTH_PAP ? age < sent : age == 0);
}

static void succeed(struct auth *a)
{
	if (!a->succeeded) {
		report(a, "accepted", "", 0);
		outbox_put(a->out, AUTH_SUCCEEDED, &a->verdict, sizeof(a->verdict));
	}
	/* CHAP's response stays, as the same Challenge may come again;
	 * it shows nobody the secret. */
	secret_wipe(&a->verdict.keys, sizeof(a->verdict.keys));
	if (a->method == AUTH_PAP)
		secret_wipe(&a->verdict.message, sizeof(a->verdict.message));
	auth_enter_done(a);
}

/* RFC 2759 §5: the authenticator knows our secret too, or we talk to somebody else. */
static bool signature_is_right(const struct auth *a, const uint8_t *text, size_t length)
{
	return a->method != AUTH_MSCHAPV2 ||
	       (length >= MSCHAP_SIGNATURE && a->verdict.expected.length == MSCHAP_SIGNATURE &&
		strncasecmp((const char *)text, (const char *)a->verdict.expected.bytes,
			    MSCHAP_SIGNATURE) == 0);
}

static void on_refusal(struct auth *a, const uint8_t *text, size_t length)
{
	struct mschap_failure failure;
	uint16_t error = AUTH_FAILURE;
	if (auth_challenge_length(a->method) && mschap_failure_decode(&failure, text, length))
		error = failure.error;
	fail(a, error, "refused=", text, length);
}

/* The other end's answer, by whichever method. */
static enum drop on_answer(struct auth *a, uint8_t identifier, bool accepted, const uint8_t *text,
			   size_t length)
{
	if (!answers_us(a, identifier))
		return DROP_PPP_CODE;
	if (a->state == AUTH_DONE && accepted) /* repeated */
		return DROP_NONE;
	if (a->state != AUTH_WAIT_PEER)
		return DROP_PPP_CODE;
	if (!accepted)
		on_refusal(a, text, length);
	else if (!signature_is_right(a, text, length))
		fail(a, AUTH_FAILURE, "signature=wrong", "", 0);
	else
		succeed(a);
	return DROP_NONE;
}

enum drop peer_on_pap(struct auth *a, const struct pap_packet *p)
{
	if (p->code == PAP_REQUEST)
		return DROP_PPP_CODE;
	return on_answer(a, p->identifier, p->code == PAP_ACK, p->message, p->message_length);
}

static bool challenge_is_the_same(const struct auth *a, const struct chap_packet *p)
{
	return a->proof.challenge.length == p->value_length && a->identifier == p->identifier &&
	       memcmp(a->proof.challenge.bytes, p->value, p->value_length) == 0;
}

static void challenge_take(struct auth *a, const struct chap_packet *p)
{
	const char *name = (const char *)p->text;
	memcpy(a->proof.challenge.bytes, p->value, p->value_length);
	a->proof.challenge.length = p->value_length;
	a->identifier = p->identifier;
	a->answered = false;
	memset(a->peer_name, 0, sizeof(a->peer_name));
	memcpy(a->peer_name, name, strnlen(name, MIN_OF(p->text_length, AUTH_NAME_LIMIT)));
}

static enum drop on_challenge(struct auth *a, const struct chap_packet *p, uint64_t now_ms)
{
	size_t length = auth_challenge_length(a->method);
	if (length && p->value_length != length)
		return DROP_AUTH_MALFORMED;
	if (a->state == AUTH_REFUSED)
		return DROP_PPP_PHASE;
	if (challenge_is_the_same(a, p)) {
		if (a->answered)
			proof_send(a);
		return DROP_NONE;
	}
	challenge_take(a, p);
	if (a->state == AUTH_WAIT_VERDICT) {
		a->outdated = true; /* its answer is awaited before the next question is put */
		return DROP_NONE;
	}
	if (a->state == AUTH_DONE)
		auth_set_patience(a, now_ms);
	auth_ask(a, AUTH_PROVE);
	return DROP_NONE;
}

enum drop peer_on_chap(struct auth *a, const struct chap_packet *p, uint64_t now_ms)
{
	switch (p->code) {
	case CHAP_CHALLENGE:
		return on_challenge(a, p, now_ms);
	case CHAP_SUCCESS:
	case CHAP_FAILURE:
		return on_answer(a, p->identifier, p->code == CHAP_SUCCESS, p->text,
				 p->text_length);
	default:
		return DROP_PPP_CODE;
	}
}

void peer_on_time(struct auth *a, uint64_t now_ms)
{
	if (a->state == AUTH_WAIT_VERDICT)
		fail(a, AUTH_NO_ANSWER, "registrar=silent", "", 0);
	else if (a->attempts_left)
		proof_send_counted(a, now_ms);
	else
		auth_enter_refused(a, 0);
}
