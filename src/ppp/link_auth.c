#include "ppp/link_inner.h"

#include <string.h>

#include "base/secret.h"

static bool is_done(const struct auth *a)
{
	return a->state == AUTH_IDLE || a->state == AUTH_DONE;
}

/* Both directions' keys are those of the first login of the peer (RFC 3079):
 * at the server that of the peer, at the client our own. */
static void on_proved(struct link *l, bool authenticator, const struct auth_verdict *verdict)
{
	bool decides = l->settings->role == LINK_SERVER
			       ? authenticator || l->authenticator.state == AUTH_IDLE
			       : !authenticator || l->peer.state == AUTH_IDLE;
	if (!decides)
		return;
	l->keys = verdict->keys;
	l->granted = *verdict;
	secret_wipe(&l->granted.keys, sizeof(l->granted.keys));
	outbox_put(l->out, LINK_AUTHENTICATED, &l->granted, sizeof(l->granted));
}

static void on_auth_failed(struct link *l, uint16_t error, uint64_t now_ms)
{
	bool ours = l->peer.state == AUTH_REFUSED;
	if (!error)
		link_terminate(l, LINK_END_AUTH_TIMEOUT, 0, "no answer to the login in time",
			       now_ms);
	else
		link_terminate(l, LINK_END_AUTH_FAILED, error,
			       ours ? "our login was refused" : "the login was refused", now_ms);
}

static void on_auth_action(struct link *l, const struct action *action, bool authenticator,
			   uint64_t now_ms)
{
	uint8_t frame[2 + 1500];
	struct auth_verdict verdict;
	uint16_t error;
	switch (action->kind) {
	case AUTH_SEND:
		if (action->length > sizeof(frame) - 2)
			return;
		frame[0] = 0xff;
		frame[1] = 0x03;
		memcpy(frame + 2, action->bytes, action->length);
		outbox_put(l->out, LINK_FRAME, frame, action->length + 2);
		secret_wipe(frame, sizeof(frame));
		break;
	case AUTH_ASK:
		outbox_put(l->out, LINK_ASK, action->bytes, action->length);
		break;
	case AUTH_SUCCEEDED:
		memcpy(&verdict, action->bytes, sizeof(verdict));
		on_proved(l, authenticator, &verdict);
		secret_wipe(&verdict, sizeof(verdict));
		break;
	case AUTH_FAILED:
		memcpy(&error, action->bytes, sizeof(error));
		on_auth_failed(l, error, now_ms);
		break;
	case AUTH_REPORT:
		outbox_put(l->out, LINK_REPORT, action->bytes, action->length);
		break;
	}
}

/* Carries out what one of the two machines wants. */
static void drain_auth(struct link *l, bool authenticator, uint64_t now_ms)
{
	struct action action;
	while (outbox_take(&l->auth_out, &action))
		if (!l->ending)
			on_auth_action(l, &action, authenticator, now_ms);
	if (l->auth_out.bytes)
		secret_wipe(l->auth_out.bytes, l->auth_out.capacity);
}

/* The same, and on to the network when both are done. */
void link_on_auth(struct link *l, bool authenticator, uint64_t now_ms)
{
	drain_auth(l, authenticator, now_ms);
	if (l->phase == LINK_AUTHENTICATE && !l->ending && !l->nobody_asked &&
	    is_done(&l->authenticator) && is_done(&l->peer))
		link_start_network_phase(l, now_ms);
}

static void ask_for_nobody(struct link *l)
{
	struct auth_proof proof = {.question = AUTH_VERIFY, .method = AUTH_NONE};
	l->nobody_asked = true;
	outbox_put(l->out, LINK_ASK, &proof, sizeof(proof));
}

void link_start_authentication(struct link *l, uint64_t now_ms)
{
	enum auth_method demanded = lcp_demanded(&l->lcp), asked = lcp_asked(&l->lcp);
	const struct auth_settings *settings = &l->settings->auth;
	if (l->settings->demand &&
	    demanded == AUTH_NONE) { /* it was rejected, or cannot be asked */
		link_terminate(l, LINK_END_AUTH_METHOD, 0,
			       "the peer takes none of our login methods", now_ms);
		return;
	}
	l->phase = LINK_AUTHENTICATE;
	l->nobody_asked = false;
	if (demanded != AUTH_NONE)
		auth_start(&l->authenticator, AUTH_AUTHENTICATOR, demanded, settings, l->random,
			   &l->auth_out, now_ms);
	else if (l->settings->role == LINK_SERVER)
		ask_for_nobody(l);
	drain_auth(l, true, now_ms); /* both have to begin before one of them can be the last */
	if (asked != AUTH_NONE && l->phase == LINK_AUTHENTICATE)
		auth_start(&l->peer, AUTH_PEER, asked, settings, l->random, &l->auth_out, now_ms);
	link_on_auth(l, false, now_ms);
}

void link_on_verdict(struct link *l, const struct auth_verdict *verdict, uint64_t now_ms)
{
	if (l->ending || l->phase < LINK_AUTHENTICATE)
		return;
	if (l->nobody_asked) {
		l->nobody_asked = false;
		if (verdict->result == AUTH_ACCEPT)
			on_proved(l, true, verdict);
		else
			on_auth_failed(l, verdict->error ? verdict->error : AUTH_FAILURE, now_ms);
		link_on_auth(l, true, now_ms);
	} else if (verdict->question == AUTH_VERIFY) {
		auth_on_verdict(&l->authenticator, verdict, now_ms);
		link_on_auth(l, true, now_ms);
	} else {
		auth_on_verdict(&l->peer, verdict, now_ms);
		link_on_auth(l, false, now_ms);
	}
}

enum drop link_on_auth_packet(struct link *l, uint16_t protocol, const uint8_t *packet,
			      size_t length, uint64_t now_ms)
{
	if (l->phase != LINK_AUTHENTICATE && l->phase != LINK_NETWORK)
		return DROP_PPP_PHASE;
	enum drop drop = DROP_PPP_PHASE;
	if (l->authenticator.state != AUTH_IDLE) {
		drop = auth_on_packet(&l->authenticator, protocol, packet, length, now_ms);
		link_on_auth(l, true, now_ms);
	}
	if (drop != DROP_NONE && l->peer.state != AUTH_IDLE && !l->ending) {
		drop = auth_on_packet(&l->peer, protocol, packet, length, now_ms);
		link_on_auth(l, false, now_ms);
	}
	return drop;
}
