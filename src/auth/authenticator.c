#include <string.h>

#include "auth/roles.h"
#include "base/base.h"
#include "base/log.h"

enum { MD5_CHALLENGE = 16, MD5_VALUE = 16, FAILURE_VERSION = 3 };

static void challenge_send(struct auth *a, uint64_t now_ms)
{
	/* Ixia's tester takes no Challenge without a Name. */
	const char *name = a->settings->our_name;
	if (!name || !*name)
		name = "poptun";
	a->attempts_left--;
	a->resend_ms = now_ms + a->settings->restart_ms;
	auth_send_chap(a, &(struct chap_packet){
				  .code = CHAP_CHALLENGE,
				  .identifier = a->identifier,
				  .value = a->proof.challenge.bytes,
				  .value_length = (uint8_t)a->proof.challenge.length,
				  .text = (const uint8_t *)name,
				  .text_length = (uint16_t)strnlen(name, AUTH_NAME_LIMIT),
			  });
}

static void challenge_new(struct auth *a, uint64_t now_ms)
{
	size_t length = auth_challenge_length(a->method);
	a->proof.challenge.length = length ? (uint16_t)length : MD5_CHALLENGE;
	random_fill(a->random, a->proof.challenge.bytes, a->proof.challenge.length);
	a->identifier++;
	a->answered = false;
	a->state = AUTH_WAIT_PEER;
	a->attempts_left = MAX_OF(a->settings->attempts, 1);
	challenge_send(a, now_ms);
}

void authenticator_start(struct auth *a, uint64_t now_ms)
{
	if (a->method != AUTH_PAP)
		challenge_new(a, now_ms);
}

static void answer_send(struct auth *a)
{
	if (a->method == AUTH_PAP)
		auth_send_pap(a, &(struct pap_packet){
					 .code = a->answer_code,
					 .identifier = a->identifier,
					 .message = a->answer.bytes,
					 .message_length = (uint8_t)a->answer.length,
				 });
	else
		auth_send_chap(a, &(struct chap_packet){
					  .code = a->answer_code,
					  .identifier = a->identifier,
					  .text = a->answer.bytes,
					  .text_length = a->answer.length,
				  });
}

static void answer_new(struct auth *a, enum chap_code code, const void *text, size_t length)
{
	_Static_assert((int)CHAP_SUCCESS == PAP_NAK, "PAP's codes are CHAP's less one");
	a->answer_code = (uint8_t)(a->method == AUTH_PAP ? code - 1 : code);
	a->answer.length = (uint16_t)MIN_OF(length, sizeof(a->answer.bytes));
	memcpy(a->answer.bytes, text, a->answer.length);
	a->answered = true;
	answer_send(a);
}

/* Never M=: Mac OS X 10.4 hangs on it, Windows 9x calls it an error.
 * No retry, so that a guess costs a whole connection. */
static void answer_mschap_failure(struct auth *a, uint16_t error)
{
	uint8_t text[128];
	struct writer out = writer_of(text, sizeof(text));
	struct mschap_failure failure = {.error = error, .version = FAILURE_VERSION};
	failure.challenge_length = (uint8_t)auth_challenge_length(a->method);
	random_fill(a->random, failure.challenge, failure.challenge_length);
	mschap_failure_encode(&failure, &out);
	answer_new(a, CHAP_FAILURE, text, out.length);
}

static void refuse(struct auth *a, uint16_t error, const void *text, size_t length)
{
	char user[AUTH_NAME_LIMIT + 1];
	if (auth_challenge_length(a->method))
		answer_mschap_failure(a, error);
	else
		answer_new(a, CHAP_FAILURE, text, length);
	text_escape(user, sizeof(user), a->peer_name, strlen(a->peer_name));
	outbox_print(a->out, AUTH_REPORT, "auth=%s user=%s refused=%u", auth_method_name(a->method),
		     user, error);
	auth_enter_refused(a, error);
}

static const char denied[] = "Access denied";

static void accept(struct auth *a, const struct auth_verdict *verdict, uint64_t now_ms)
{
	static const char granted[] = "Access granted";
	const char *name = verdict->user[0] ? verdict->user : a->peer_name;
	char user[AUTH_NAME_LIMIT + 1];
	if (a->method == AUTH_MSCHAPV2) /* cut behind the signature: no M= here either */
		answer_new(a, CHAP_SUCCESS, verdict->message.bytes,
			   MIN_OF(verdict->message.length, MSCHAP_SIGNATURE));
	else if (verdict->message.length)
		answer_new(a, CHAP_SUCCESS, verdict->message.bytes, verdict->message.length);
	else
		answer_new(a, CHAP_SUCCESS, granted, strlen(granted));
	if (!a->succeeded) {
		text_escape(user, sizeof(user), name, strlen(name));
		outbox_print(a->out, AUTH_REPORT, "auth=%s user=%s", auth_method_name(a->method),
			     user);
		outbox_put(a->out, AUTH_SUCCEEDED, verdict, sizeof(*verdict));
	}
	auth_enter_done(a);
	if (a->method != AUTH_PAP && a->settings->rechallenge_ms)
		a->resend_ms = now_ms + a->settings->rechallenge_ms;
}

void authenticator_on_verdict(struct auth *a, const struct auth_verdict *verdict, uint64_t now_ms)
{
	if (verdict->result == AUTH_ACCEPT)
		accept(a, verdict, now_ms);
	else if (verdict->message.length)
		refuse(a, verdict->error ? verdict->error : AUTH_FAILURE, verdict->message.bytes,
		       verdict->message.length);
	else
		refuse(a, verdict->error ? verdict->error : AUTH_FAILURE, denied, strlen(denied));
}

/* What the other end shows, by whichever method. */
struct claim {
	const uint8_t *name, *response;
	size_t name_length, response_length;
};

static bool claim_is_the_same(const struct auth *a, const struct claim *c)
{
	return strlen(a->proof.name) == c->name_length &&
	       a->proof.response.length == c->response_length &&
	       memcmp(a->proof.name, c->name, c->name_length) == 0 &&
	       memcmp(a->proof.response.bytes, c->response, c->response_length) == 0;
}

static void claim_take(struct auth *a, const struct claim *c)
{
	memset(a->proof.name, 0, sizeof(a->proof.name));
	memcpy(a->proof.name, c->name, c->name_length);
	memcpy(a->proof.response.bytes, c->response, c->response_length);
	a->proof.response.length = (uint16_t)c->response_length;
	if (a->succeeded && strcmp(a->peer_name, a->proof.name) != 0) {
		refuse(a, AUTH_FAILURE, denied, strlen(denied)); /* somebody else by now */
		return;
	}
	memcpy(a->peer_name, a->proof.name, sizeof(a->peer_name));
	auth_ask(a, AUTH_VERIFY);
}

static enum drop on_claim(struct auth *a, uint8_t identifier, const struct claim *c)
{
	if (c->name_length > AUTH_NAME_LIMIT || memchr(c->name, 0, c->name_length))
		return DROP_AUTH_MALFORMED;
	if (a->state == AUTH_WAIT_VERDICT && !claim_is_the_same(a, c))
		return DROP_PPP_CODE;
	if (a->state == AUTH_REFUSED && !a->answered) /* it was silent too long */
		return DROP_PPP_PHASE;
	a->identifier = identifier; /* a repeated PAP request has another one */
	if (a->state == AUTH_WAIT_PEER)
		claim_take(a, c);
	else if (a->answered)
		answer_send(a);
	return DROP_NONE;
}

enum drop authenticator_on_pap(struct auth *a, const struct pap_packet *p)
{
	struct claim claim = {p->name, p->password, p->name_length, p->password_length};
	if (p->code != PAP_REQUEST)
		return DROP_PPP_CODE;
	return on_claim(a, p->identifier, &claim);
}

enum drop authenticator_on_chap(struct auth *a, const struct chap_packet *p)
{
	struct claim claim = {p->text, p->value, p->text_length, p->value_length};
	if (p->code != CHAP_RESPONSE || p->identifier != a->identifier)
		return DROP_PPP_CODE;
	if (p->value_length != (a->method == AUTH_CHAP_MD5 ? MD5_VALUE : MSCHAP_VALUE))
		return DROP_AUTH_MALFORMED;
	return on_claim(a, p->identifier, &claim);
}

void authenticator_on_time(struct auth *a, uint64_t now_ms)
{
	if (a->state == AUTH_WAIT_VERDICT) {
		refuse(a, AUTH_NO_ANSWER, denied, strlen(denied));
	} else if (a->state == AUTH_DONE) {
		auth_set_patience(a, now_ms);
		challenge_new(a, now_ms);
	} else if (a->attempts_left) {
		challenge_send(a, now_ms);
	} else {
		auth_enter_refused(a, 0);
	}
}
