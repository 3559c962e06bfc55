#include "auth/auth.h"

#include <assert.h>

#include "auth/roles.h"
#include "base/base.h"
#include "base/secret.h"

static const uint64_t never = UINT64_MAX;

void auth_start(struct auth *a, enum auth_role role, enum auth_method method,
		const struct auth_settings *settings, const struct random *random,
		struct outbox *out, uint64_t now_ms)
{
	assert(method > AUTH_NONE && method < AUTH_EAP);
	*a = (struct auth){.role = role,
			   .method = method,
			   .state = AUTH_WAIT_PEER,
			   .settings = settings,
			   .random = random,
			   .out = out,
			   .resend_ms = never};
	random_fill(random, &a->identifier, sizeof(a->identifier));
	auth_set_patience(a, now_ms);
	if (role == AUTH_AUTHENTICATOR)
		authenticator_start(a, now_ms);
	else
		peer_start(a);
}

void auth_fini(struct auth *a)
{
	secret_wipe(a, sizeof(*a));
}

static enum drop on_pap(struct auth *a, const uint8_t *packet, size_t length)
{
	struct pap_packet p;
	if (!pap_decode(&p, packet, length))
		return DROP_AUTH_MALFORMED;
	return a->role == AUTH_AUTHENTICATOR ? authenticator_on_pap(a, &p) : peer_on_pap(a, &p);
}

static enum drop on_chap(struct auth *a, const uint8_t *packet, size_t length, uint64_t now_ms)
{
	struct chap_packet p;
	if (!chap_decode(&p, packet, length))
		return DROP_AUTH_MALFORMED;
	return a->role == AUTH_AUTHENTICATOR ? authenticator_on_chap(a, &p)
					     : peer_on_chap(a, &p, now_ms);
}

enum drop auth_on_packet(struct auth *a, uint16_t protocol, const uint8_t *packet, size_t length,
			 uint64_t now_ms)
{
	if (a->state == AUTH_IDLE)
		return DROP_PPP_PHASE;
	if (protocol != (a->method == AUTH_PAP ? PAP_PROTOCOL : CHAP_PROTOCOL))
		return DROP_PPP_PROTOCOL;
	return a->method == AUTH_PAP ? on_pap(a, packet, length)
				     : on_chap(a, packet, length, now_ms);
}

void auth_on_verdict(struct auth *a, const struct auth_verdict *verdict, uint64_t now_ms)
{
	if (a->state != AUTH_WAIT_VERDICT || verdict->question != a->proof.question)
		return;
	if (a->role == AUTH_AUTHENTICATOR)
		authenticator_on_verdict(a, verdict, now_ms);
	else
		peer_on_verdict(a, verdict, now_ms);
}

uint64_t auth_deadline(const struct auth *a)
{
	return a->state == AUTH_IDLE ? never : MIN_OF(a->resend_ms, a->give_up_ms);
}

void auth_on_time(struct auth *a, uint64_t now_ms)
{
	uint64_t deadline = auth_deadline(a);
	if (deadline == never || now_ms < deadline)
		return;
	if (now_ms >= a->give_up_ms && a->state == AUTH_WAIT_PEER)
		auth_enter_refused(a, 0);
	else if (a->role == AUTH_AUTHENTICATOR)
		authenticator_on_time(a, now_ms);
	else
		peer_on_time(a, now_ms);
}

static void send_packet(struct auth *a, struct writer *packet)
{
	assert(!packet->failed);
	outbox_put(a->out, AUTH_SEND, packet->start, packet->length);
	secret_wipe(packet->start, packet->length); /* it may hold a password */
}

void auth_send_pap(struct auth *a, const struct pap_packet *p)
{
	uint8_t bytes[2 + AUTH_PACKET_LIMIT];
	struct writer out = writer_of(bytes, sizeof(bytes));
	write_u16(&out, PAP_PROTOCOL);
	pap_encode(p, &out);
	send_packet(a, &out);
}

void auth_send_chap(struct auth *a, const struct chap_packet *p)
{
	uint8_t bytes[2 + AUTH_PACKET_LIMIT];
	struct writer out = writer_of(bytes, sizeof(bytes));
	write_u16(&out, CHAP_PROTOCOL);
	chap_encode(p, &out);
	send_packet(a, &out);
}

void auth_ask(struct auth *a, enum auth_question question)
{
	a->proof.question = (uint8_t)question;
	a->proof.method = (uint8_t)a->method;
	a->proof.again = a->succeeded;
	a->proof.identifier = a->identifier;
	a->state = AUTH_WAIT_VERDICT;
	a->resend_ms = never;
	outbox_put(a->out, AUTH_ASK, &a->proof, sizeof(a->proof));
}

void auth_enter_done(struct auth *a)
{
	a->state = AUTH_DONE;
	a->succeeded = true;
	a->resend_ms = a->give_up_ms = never;
	secret_wipe(&a->proof.response, sizeof(a->proof.response));
}

void auth_enter_refused(struct auth *a, uint16_t error)
{
	if (!error)
		outbox_print(a->out, AUTH_REPORT, "auth=%s peer=silent",
			     auth_method_name(a->method));
	a->state = AUTH_REFUSED;
	a->resend_ms = a->give_up_ms = never;
	secret_wipe(&a->proof.response, sizeof(a->proof.response));
	secret_wipe(&a->verdict, sizeof(a->verdict));
	outbox_put(a->out, AUTH_FAILED, &error, sizeof(error));
}

void auth_set_patience(struct auth *a, uint64_t now_ms)
{
	bool is_pap = a->role == AUTH_AUTHENTICATOR && a->method == AUTH_PAP;
	uint32_t patience_ms = is_pap ? a->settings->pap_timeout_ms : a->settings->timeout_ms;
	a->give_up_ms = patience_ms ? now_ms + patience_ms : never;
}

size_t auth_challenge_length(enum auth_method method)
{
	switch (method) {
	case AUTH_MSCHAP:
		return MSCHAP_CHALLENGE;
	case AUTH_MSCHAPV2:
		return MSCHAPV2_CHALLENGE;
	default:
		return 0;
	}
}
