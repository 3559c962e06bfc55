#include "ppp/link.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "base/secret.h"
#include "ppp/link_inner.h"

enum {
	PATIENCE = 2,     /* times restart_ms × max_configure: until a negotiation is given up */
	CCP_RESTARTS = 3, /* where its two directions came out differently */
	CCP_OPTIONAL_WAIT =
		2, /* times restart_ms: so long the network waits for a CCP that may fail */
	REJECTS_A_SECOND = 10,
};

static const uint64_t never = UINT64_MAX;

static uint64_t patience(const struct fsm_settings *s, uint64_t now_ms)
{
	return now_ms + (uint64_t)PATIENCE * s->restart_ms * MAX_OF(s->max_configure, 1);
}

/* ---- the end ---- */

static void network_down(struct link *l, uint64_t now_ms);

static void finish(struct link *l, uint64_t now_ms)
{
	if (l->ended)
		return;
	network_down(l, now_ms);
	l->ended = l->ending = true;
	l->phase = LINK_DEAD;
	outbox_put(l->out, LINK_ENDED, &l->end, sizeof(l->end));
}

/* The first reason that is given stands. */
static void set_end(struct link *l, enum link_end_reason reason, uint16_t error, const char *text)
{
	if (l->ending)
		return;
	l->ending = true;
	l->end = (struct link_end){.reason = (uint8_t)reason, .auth_error = error};
	snprintf(l->end.text, sizeof(l->end.text), "%s", text);
}

static void on_lcp(struct link *l, unsigned layer, uint64_t now_ms);

/* Ends the link in order: Terminate-Request, and the peer's Ack or its silence. */
static void terminate(struct link *l, enum link_end_reason reason, uint16_t error, const char *text,
		      uint64_t now_ms)
{
	if (l->ending)
		return;
	set_end(l, reason, error, text);
	snprintf(l->lcp.protocol.goodbye, sizeof(l->lcp.protocol.goodbye), "%s", text);
	l->phase = LINK_TERMINATE;
	on_lcp(l, protocol_event(&l->lcp.protocol, FSM_CLOSE, now_ms), now_ms);
	bool waits = l->lcp.protocol.fsm.state == FSM_CLOSING ||
		     l->lcp.protocol.fsm.state == FSM_STOPPING;
	if (!waits || reason == LINK_END_ECHO || reason == LINK_END_LOOPBACK)
		finish(l, now_ms); /* nobody is there who could answer */
}

/* ---- network protocols ---- */

static void fill_addresses(const struct link *l, struct link_addresses *a)
{
	memset(a, 0, sizeof(*a));
	ipcp_addresses(&l->ipcp, a);
	ipv6cp_addresses(&l->ipv6cp, a);
}

static void wait_for_network(struct link *l, uint64_t now_ms)
{
	bool any = protocol_is_opened(&l->ipcp.protocol) || protocol_is_opened(&l->ipv6cp.protocol);
	if (any || !l->settings->network_timeout_ms)
		l->network_by_ms = never;
	else
		l->network_by_ms = now_ms + l->settings->network_timeout_ms;
}

static bool is_over(const struct protocol *p)
{
	return p->fsm.state <= FSM_STOPPED;
}

/* One network protocol gave up: the link goes on as long as another may still come up or is up. */
static void on_network_finished(struct link *l, uint64_t now_ms)
{
	if (l->phase == LINK_NETWORK && is_over(&l->ipcp.protocol) && is_over(&l->ipv6cp.protocol))
		terminate(l, LINK_END_NETWORK, 0, "no network protocol is left", now_ms);
}

static void ipv4_up(struct link *l, uint64_t now_ms)
{
	struct link_addresses a;
	char local[ADDRESS_TEXT], remote[ADDRESS_TEXT];
	fill_addresses(l, &a);
	if (l->settings->role == LINK_SERVER && !a.remote) {
		outbox_print(l->out, LINK_REPORT, "ipcp=refused reason=no-address-for-the-peer");
		protocol_event(&l->ipcp.protocol, FSM_CLOSE, now_ms);
		return;
	}
	outbox_print(l->out, LINK_REPORT, "ipcp=opened local=%s remote=%s",
		     address_print(a.local, local), address_print(a.remote, remote));
	outbox_put(l->out, LINK_IPV4_UP, &a, sizeof(a));
}

static void ipv6_up(struct link *l)
{
	struct link_addresses a;
	fill_addresses(l, &a);
	const uint8_t *x = a.local_id, *y = a.remote_id;
	outbox_print(l->out, LINK_REPORT,
		     "ipv6cp=opened local=%02x%02x:%02x%02x:%02x%02x:%02x%02x "
		     "remote=%02x%02x:%02x%02x:%02x%02x:%02x%02x",
		     x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], y[0], y[1], y[2], y[3], y[4],
		     y[5], y[6], y[7]);
	outbox_put(l->out, LINK_IPV6_UP, &a, sizeof(a));
}

static void on_ipcp(struct link *l, unsigned layer, uint64_t now_ms)
{
	if (layer & FSM_TLD) {
		outbox_print(l->out, LINK_REPORT, "ipcp=closed");
		outbox_put(l->out, LINK_IPV4_DOWN, NULL, 0);
	}
	if (layer & FSM_TLU)
		ipv4_up(l, now_ms);
	if (layer & (FSM_TLU | FSM_TLD))
		wait_for_network(l, now_ms);
	if (layer & FSM_TLF)
		on_network_finished(l, now_ms);
}

static void on_ipv6cp(struct link *l, unsigned layer, uint64_t now_ms)
{
	if (layer & FSM_TLD) {
		outbox_print(l->out, LINK_REPORT, "ipv6cp=closed");
		outbox_put(l->out, LINK_IPV6_DOWN, NULL, 0);
	}
	if (layer & FSM_TLU)
		ipv6_up(l);
	if (layer & (FSM_TLU | FSM_TLD))
		wait_for_network(l, now_ms);
	if (layer & FSM_TLF)
		on_network_finished(l, now_ms);
}

static unsigned open_protocol(struct protocol *p, uint64_t now_ms)
{
	unsigned layer = protocol_event(p, FSM_OPEN, now_ms);
	return layer | protocol_event(p, FSM_UP, now_ms);
}

/* Answers a request that came too early, as if it came now. */
static void answer_early(struct link *l, uint16_t protocol, struct link_early *early,
			 uint64_t now_ms)
{
	struct link_early copy = *early;
	early->length = 0;
	if (copy.length)
		link_on_control(l, protocol, copy.bytes, copy.length, now_ms);
}

/* CCP is done, one way or the other. */
static void start_networks(struct link *l, uint64_t now_ms)
{
	if (l->networks_started)
		return;
	l->networks_started = true;
	if (l->settings->ipv4)
		on_ipcp(l, open_protocol(&l->ipcp.protocol, now_ms), now_ms);
	if (l->settings->ipv6)
		on_ipv6cp(l, open_protocol(&l->ipv6cp.protocol, now_ms), now_ms);
	wait_for_network(l, now_ms);
	answer_early(l, PPP_IPCP, &l->early_ipcp, now_ms);
	answer_early(l, PPP_IPV6CP, &l->early_ipv6cp, now_ms);
}

/* ---- encryption ---- */

static void encrypt(struct link *l, uint32_t bits, uint64_t now_ms)
{
	enum mppe_size size = bits & CCP_128 ? MPPE_128 : bits & CCP_56 ? MPPE_56 : MPPE_40;
	bool stateless = bits & CCP_STATELESS;
	mppe_init(&l->mppe, &l->keys, size, stateless);
	secret_wipe(&l->keys, sizeof(l->keys));
	l->mppe_on = l->encrypt = true;
	l->ccp_by_ms = never;
	outbox_print(l->out, LINK_REPORT, "ccp=opened mppe=%d %s",
		     size == MPPE_128  ? 128
		     : size == MPPE_56 ? 56
				       : 40,
		     stateless ? "stateless" : "stateful");
	start_networks(l, now_ms);
}

/* No encryption came of it. `why` goes to the log and to the peer where that is the end. */
static void ccp_failed(struct link *l, const char *why, uint64_t now_ms)
{
	l->ccp_by_ms = never;
	if (l->encrypt) {
		terminate(l, LINK_END_MPPE, 0, why, now_ms);
		return;
	}
	if (!l->networks_started)
		outbox_print(l->out, LINK_REPORT, "ccp=failed mppe=none");
	start_networks(l, now_ms);
}

static void on_ccp(struct link *l, unsigned layer, uint64_t now_ms);

static void restart_ccp(struct link *l, uint64_t now_ms)
{
	l->ccp_restarts++;
	ccp_reconcile(&l->ccp);
	unsigned layer = protocol_event(&l->ccp.protocol, FSM_DOWN, now_ms) & ~(unsigned)FSM_TLD;
	on_ccp(l, layer | protocol_event(&l->ccp.protocol, FSM_UP, now_ms), now_ms);
}

static void ccp_up(struct link *l, uint64_t now_ms)
{
	bool differ;
	uint32_t bits = ccp_result(&l->ccp, &differ);
	if (bits && l->keys.present)
		encrypt(l, bits, now_ms);
	else if (differ && l->ccp_restarts < CCP_RESTARTS)
		restart_ccp(l, now_ms);
	else
		ccp_failed(l, "encryption is required, and the peer agreed to none", now_ms);
}

static void on_ccp(struct link *l, unsigned layer, uint64_t now_ms)
{
	if (layer & FSM_TLD && l->mppe_on)
		terminate(l, LINK_END_MPPE, 0, "the peer took encryption down", now_ms);
	if (l->ending)
		return;
	if (layer & FSM_TLU)
		ccp_up(l, now_ms);
	else if (layer & FSM_TLF)
		ccp_failed(l, "encryption is required, and the peer does not agree to it", now_ms);
}

static void start_network_phase(struct link *l, uint64_t now_ms)
{
	char why[sizeof(l->end.text)];
	l->phase = LINK_NETWORK;
	l->networks_started = false;
	if (l->settings->mppe == MPPE_OFF && !l->encrypt) {
		start_networks(l, now_ms);
		return;
	}
	if (!l->keys.present) {
		bool server = l->settings->role == LINK_SERVER;
		snprintf(why, sizeof(why),
			 "encryption is required, and a login by %s gives no keys for it",
			 auth_method_name(server ? lcp_demanded(&l->lcp) : lcp_asked(&l->lcp)));
		ccp_failed(l, why, now_ms);
		return;
	}
	const struct fsm_settings *s = &l->settings->ccp;
	l->ccp_by_ms = l->encrypt ? patience(s, now_ms)
				  : now_ms + (uint64_t)CCP_OPTIONAL_WAIT * s->restart_ms;
	on_ccp(l, open_protocol(&l->ccp.protocol, now_ms), now_ms);
}

/* ---- authentication ---- */

static bool is_done(const struct auth *a)
{
	return a->state == AUTH_IDLE || a->state == AUTH_DONE;
}

/* Both directions' keys are those of the first login of the peer (RFC 3079): at the server that of
 * the peer, at the client our own. */
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
		terminate(l, LINK_END_AUTH_TIMEOUT, 0, "no answer to the login in time", now_ms);
	else
		terminate(l, LINK_END_AUTH_FAILED, error,
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
static void on_auth(struct link *l, bool authenticator, uint64_t now_ms)
{
	drain_auth(l, authenticator, now_ms);
	if (l->phase == LINK_AUTHENTICATE && !l->ending && !l->nobody_asked &&
	    is_done(&l->authenticator) && is_done(&l->peer))
		start_network_phase(l, now_ms);
}

static void ask_for_nobody(struct link *l)
{
	struct auth_proof proof = {.question = AUTH_VERIFY, .method = AUTH_NONE};
	l->nobody_asked = true;
	outbox_put(l->out, LINK_ASK, &proof, sizeof(proof));
}

static void start_authentication(struct link *l, uint64_t now_ms)
{
	enum auth_method demanded = lcp_demanded(&l->lcp), asked = lcp_asked(&l->lcp);
	const struct auth_settings *settings = &l->settings->auth;
	if (l->settings->demand &&
	    demanded == AUTH_NONE) { /* it was rejected, or cannot be asked */
		terminate(l, LINK_END_AUTH_METHOD, 0, "the peer takes none of our login methods",
			  now_ms);
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
	on_auth(l, false, now_ms);
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
		on_auth(l, true, now_ms);
	} else if (verdict->question == AUTH_VERIFY) {
		auth_on_verdict(&l->authenticator, verdict, now_ms);
		on_auth(l, true, now_ms);
	} else {
		auth_on_verdict(&l->peer, verdict, now_ms);
		on_auth(l, false, now_ms);
	}
}

static enum drop on_auth_packet(struct link *l, uint16_t protocol, const uint8_t *packet,
				size_t length, uint64_t now_ms)
{
	if (l->phase != LINK_AUTHENTICATE && l->phase != LINK_NETWORK)
		return DROP_PPP_PHASE;
	enum drop drop = DROP_PPP_PHASE;
	if (l->authenticator.state != AUTH_IDLE) {
		drop = auth_on_packet(&l->authenticator, protocol, packet, length, now_ms);
		on_auth(l, true, now_ms);
	}
	if (drop != DROP_NONE && l->peer.state != AUTH_IDLE && !l->ending) {
		drop = auth_on_packet(&l->peer, protocol, packet, length, now_ms);
		on_auth(l, false, now_ms);
	}
	return drop;
}

/* ---- LCP and the phases ---- */

/* LCP left Opened: everything above is as it was before the call. */
static void network_down(struct link *l, uint64_t now_ms)
{
	on_ipcp(l, protocol_event(&l->ipcp.protocol, FSM_DOWN, now_ms) & ~(unsigned)FSM_TLF,
		now_ms);
	on_ipv6cp(l, protocol_event(&l->ipv6cp.protocol, FSM_DOWN, now_ms) & ~(unsigned)FSM_TLF,
		  now_ms);
	ipcp_init(&l->ipcp, l->settings, &l->granted, l->out);
	ipv6cp_init(&l->ipv6cp, l->settings, l->random, l->out);
	ccp_init(&l->ccp, l->settings, l->out);
	auth_fini(&l->authenticator);
	auth_fini(&l->peer);
	mppe_fini(&l->mppe);
	secret_wipe(&l->keys, sizeof(l->keys));
	l->mppe_on = l->networks_started = l->nobody_asked = false;
	l->ccp_restarts = 0;
	l->early_ipcp.length = l->early_ipv6cp.length = 0;
	l->ccp_by_ms = l->network_by_ms = l->echo_due_ms = never;
	l->echoes_unanswered = 0;
}

static void lcp_up(struct link *l, uint64_t now_ms)
{
	uint16_t mru = MAX_OF(lcp_peer_mru(&l->lcp), LCP_MRU_MIN);
	l->lcp.protocol.peer_mru = l->ccp.protocol.peer_mru = mru;
	l->ipcp.protocol.peer_mru = l->ipv6cp.protocol.peer_mru = mru;
	lcp_report(&l->lcp);
	if (l->settings->identification)
		lcp_send_identification(&l->lcp, l->settings->identification);
	if (l->settings->echo_interval_ms)
		l->echo_due_ms = now_ms + l->settings->echo_interval_ms;
	start_authentication(l, now_ms);
}

static void on_lcp(struct link *l, unsigned layer, uint64_t now_ms)
{
	if (layer & FSM_TLD) {
		outbox_print(l->out, LINK_REPORT, "lcp=closed");
		if (l->phase == LINK_NETWORK) /* an honest renegotiation has its time again */
			l->establish_by_ms = patience(&l->settings->lcp, now_ms);
		network_down(l, now_ms);
		l->phase = l->ending ? LINK_TERMINATE : LINK_ESTABLISH;
	}
	if (layer & FSM_TLU && !l->ending)
		lcp_up(l, now_ms);
	if (layer & FSM_TLF) {
		set_end(l, LINK_END_LCP, 0, "LCP: the peer is silent or agrees to nothing");
		finish(l, now_ms);
	}
}

/* The peer said goodbye, and was answered. It needs nothing more of us. */
static void on_goodbye(struct link *l, const uint8_t *packet, size_t length, uint64_t now_ms)
{
	char text[64], escaped[64];
	size_t said = MIN_OF(length - 4, sizeof(text));
	memcpy(text, packet + 4, said);
	text_escape(escaped, sizeof(escaped), text, said);
	char why[sizeof(l->end.text)];
	snprintf(why, sizeof(why), "the peer hung up%s%s", said ? ": " : "", escaped);
	set_end(l, LINK_END_PEER, 0, why);
	finish(l, now_ms);
}

/* The peer's Protocol-Reject. */
static void on_protocol_rejected(struct link *l, uint16_t protocol, uint64_t now_ms)
{
	outbox_print(l->out, LINK_REPORT, "lcp=protocol-reject protocol=%04x", protocol);
	switch (protocol) {
	case PPP_LCP:
		on_lcp(l, protocol_event(&l->lcp.protocol, FSM_RXJ_MINUS, now_ms), now_ms);
		break;
	case PPP_CCP:
	case PPP_COMPRESSED:
		if (l->mppe_on)
			terminate(l, LINK_END_MPPE, 0, "the peer took encryption down", now_ms);
		else
			on_ccp(l, protocol_event(&l->ccp.protocol, FSM_RXJ_MINUS, now_ms), now_ms);
		break;
	case PPP_IPCP:
		on_ipcp(l, protocol_event(&l->ipcp.protocol, FSM_RXJ_MINUS, now_ms), now_ms);
		break;
	case PPP_IPV6CP:
		on_ipv6cp(l, protocol_event(&l->ipv6cp.protocol, FSM_RXJ_MINUS, now_ms), now_ms);
		break;
	case PPP_PAP:
	case PPP_CHAP:
		if (l->phase == LINK_AUTHENTICATE)
			terminate(l, LINK_END_AUTH_METHOD, 0,
				  "the peer does not speak the agreed login method", now_ms);
		break;
	}
}

/* What the last packet left behind in *lcp. */
static void after_lcp(struct link *l, uint64_t now_ms)
{
	struct lcp *lcp = &l->lcp;
	uint16_t rejected = lcp->peer_rejected;
	if (lcp->echo_answered)
		l->echoes_unanswered = 0;
	if (lcp->protocol.rejected_code == CODE_ECHO_REQUEST + 1)
		l->echo_due_ms = never; /* a peer that does not know Echo is not dead for that */
	lcp->echo_answered = false;
	lcp->protocol.rejected_code = 0;
	lcp->peer_rejected = 0;
	/* In a loop our own refusal of our own demand comes back first. */
	if (lcp->looped || (lcp->auth_refused && lcp->magic_seen))
		terminate(l, LINK_END_LOOPBACK, 0, "our own magic number came back", now_ms);
	else if (lcp->auth_refused)
		terminate(l, LINK_END_AUTH_METHOD, 0, "the peer takes none of our login methods",
			  now_ms);
	else if (rejected)
		on_protocol_rejected(l, rejected, now_ms);
}

static enum drop on_lcp_packet(struct link *l, const uint8_t *packet, size_t length,
			       uint64_t now_ms)
{
	unsigned layer = 0;
	bool opened = protocol_is_opened(&l->lcp.protocol);
	enum drop drop = protocol_on_packet(&l->lcp.protocol, packet, length, now_ms, &layer);
	if (drop == DROP_NONE && packet[0] == CODE_TERMINATE_REQUEST && opened) {
		uint16_t whole = (uint16_t)(packet[2] << 8 | packet[3]);
		on_goodbye(l, packet, whole, now_ms);
		return DROP_NONE;
	}
	on_lcp(l, layer, now_ms);
	if (!l->ended)
		after_lcp(l, now_ms);
	return drop;
}

/* ---- control packets by protocol ---- */

static enum drop on_ccp_packet(struct link *l, const uint8_t *packet, size_t length,
			       uint64_t now_ms)
{
	unsigned layer = 0;
	if (l->mppe_on && ccp_repeat(&l->ccp, packet, length, l->mppe.receive.started))
		return DROP_NONE;
	enum drop drop = protocol_on_packet(&l->ccp.protocol, packet, length, now_ms, &layer);
	on_ccp(l, layer, now_ms);
	bool reset = l->ccp.reset_asked && l->mppe_on;
	l->ccp.reset_asked = false;
	if (reset && !l->mppe.send.stateless) {
		mppe_on_reset_request(&l->mppe);
		/* Linux decrypts nothing more before it has one; Windows code-rejects it, no harm.
		 */
		ccp_send_reset_ack(&l->ccp, l->ccp.reset_identifier);
	}
	return drop;
}

/*
 * IPCP and IPv6CP before CCP is done: MikroTik and newer Windows send their requests right after
 * the login. A Terminate-Ack would make them give up, an Ack would open the network in clear: the
 * request waits. Anything else is none of an orderly peer's.
 */
static enum drop keep(struct link_early *early, const uint8_t *packet, size_t length)
{
	if (!length || packet[0] != CODE_CONFIGURE_REQUEST || length > sizeof(early->bytes))
		return DROP_PPP_PHASE;
	memcpy(early->bytes, packet, length);
	early->length = (uint16_t)length;
	return DROP_NONE;
}

static enum drop on_ipcp_packet(struct link *l, const uint8_t *packet, size_t length,
				uint64_t now_ms)
{
	unsigned layer = 0;
	if (!l->networks_started)
		return keep(&l->early_ipcp, packet, length);
	enum drop drop = protocol_on_packet(&l->ipcp.protocol, packet, length, now_ms, &layer);
	on_ipcp(l, layer, now_ms);
	return drop;
}

static enum drop on_ipv6cp_packet(struct link *l, const uint8_t *packet, size_t length,
				  uint64_t now_ms)
{
	unsigned layer = 0;
	if (!l->networks_started)
		return keep(&l->early_ipv6cp, packet, length);
	enum drop drop = protocol_on_packet(&l->ipv6cp.protocol, packet, length, now_ms, &layer);
	on_ipv6cp(l, layer, now_ms);
	return drop;
}

void link_reject_protocol(struct link *l, uint16_t protocol, const uint8_t *packet, size_t length,
			  uint64_t now_ms)
{
	if (!protocol_is_opened(&l->lcp.protocol) || l->phase != LINK_NETWORK)
		return;
	if (now_ms - l->reject_ms >= 1000) {
		l->reject_ms = now_ms;
		l->rejects = 0;
	}
	if (l->rejects++ < REJECTS_A_SECOND)
		lcp_send_protocol_reject(&l->lcp, protocol, packet, length);
}

static enum drop by_protocol(struct link *l, uint16_t protocol, const uint8_t *packet,
			     size_t length, uint64_t now_ms)
{
	bool network = l->phase == LINK_NETWORK;
	switch (protocol) {
	case PPP_LCP:
		return on_lcp_packet(l, packet, length, now_ms);
	case PPP_PAP:
	case PPP_CHAP:
		return on_auth_packet(l, protocol, packet, length, now_ms);
	case PPP_CCP:
		if (l->ccp.protocol.fsm.state > FSM_STARTING)
			return on_ccp_packet(l, packet, length, now_ms);
		break;
	case PPP_IPCP:
		if (network && l->settings->ipv4)
			return on_ipcp_packet(l, packet, length, now_ms);
		break;
	case PPP_IPV6CP:
		if (network && l->settings->ipv6)
			return on_ipv6cp_packet(l, packet, length, now_ms);
		break;
	}
	if (!network) /* RFC 1661 §3.5: silently */
		return DROP_PPP_PHASE;
	link_reject_protocol(l, protocol, packet, length, now_ms);
	return DROP_PPP_PROTOCOL;
}

enum drop link_on_control(struct link *l, uint16_t protocol, const uint8_t *packet, size_t length,
			  uint64_t now_ms)
{
	enum drop drop = by_protocol(l, protocol, packet, length, now_ms);
	if (drop == DROP_NONE)
		l->heard_ms = now_ms;
	return drop;
}

/* ---- doors ---- */

void link_open(struct link *l, const struct link_settings *settings, const struct random *random,
	       struct outbox *out, uint64_t now_ms)
{
	*l = (struct link){.settings = settings,
			   .random = random,
			   .out = out,
			   .phase = LINK_ESTABLISH,
			   .encrypt = settings->mppe == MPPE_REQUIRED,
			   .heard_ms = now_ms,
			   .establish_by_ms = patience(&settings->lcp, now_ms)};
	l->ccp_by_ms = l->network_by_ms = l->echo_due_ms = never;
	lcp_init(&l->lcp, settings, random, out);
	ipcp_init(&l->ipcp, settings, &l->granted, out);
	ipv6cp_init(&l->ipv6cp, settings, random, out);
	ccp_init(&l->ccp, settings, out);
	on_lcp(l, open_protocol(&l->lcp.protocol, now_ms), now_ms);
}

void link_fini(struct link *l)
{
	auth_fini(&l->authenticator);
	auth_fini(&l->peer);
	mppe_fini(&l->mppe);
	secret_wipe(&l->keys, sizeof(l->keys));
	if (l->auth_out.bytes)
		secret_wipe(l->auth_out.bytes, l->auth_out.capacity);
	outbox_fini(&l->auth_out);
	l->ended = l->ending = true;
}

void link_close(struct link *l, const char *why, uint64_t now_ms)
{
	if (!l->ended)
		terminate(l, LINK_END_LOCAL, 0, why, now_ms);
}

/* ---- time ---- */

static void echo(struct link *l, uint64_t now_ms)
{
	const struct link_settings *s = l->settings;
	bool heard = now_ms - l->heard_ms < s->echo_interval_ms;
	if (s->echo_adaptive && heard)
		l->echoes_unanswered = 0;
	l->echo_due_ms = s->echo_interval_ms ? now_ms + s->echo_interval_ms : never;
	if (s->echo_adaptive && heard)
		return;
	if (s->echo_failures && l->echoes_unanswered >= s->echo_failures) {
		terminate(l, LINK_END_ECHO, 0, "the peer answers no LCP Echo-Request any more",
			  now_ms);
		return;
	}
	l->echoes_unanswered++;
	lcp_send_echo(&l->lcp);
}

static uint64_t establish_by(const struct link *l)
{
	return l->phase == LINK_ESTABLISH ? l->establish_by_ms : never;
}

uint64_t link_deadline(const struct link *l)
{
	if (l->ended)
		return never;
	const uint64_t times[] = {
		l->lcp.protocol.fsm.deadline_ms,
		l->ccp.protocol.fsm.deadline_ms,
		l->ipcp.protocol.fsm.deadline_ms,
		l->ipv6cp.protocol.fsm.deadline_ms,
		auth_deadline(&l->authenticator),
		auth_deadline(&l->peer),
		establish_by(l),
		l->ccp_by_ms,
		l->network_by_ms,
		l->echo_due_ms,
	};
	uint64_t first = never;
	for (size_t i = 0; i < COUNT_OF(times); i++)
		first = MIN_OF(first, times[i]);
	return first;
}

static void protocols_on_time(struct link *l, uint64_t now_ms)
{
	on_lcp(l, protocol_on_time(&l->lcp.protocol, now_ms), now_ms);
	on_ccp(l, protocol_on_time(&l->ccp.protocol, now_ms), now_ms);
	on_ipcp(l, protocol_on_time(&l->ipcp.protocol, now_ms), now_ms);
	on_ipv6cp(l, protocol_on_time(&l->ipv6cp.protocol, now_ms), now_ms);
}

static void auths_on_time(struct link *l, uint64_t now_ms)
{
	if (now_ms >= auth_deadline(&l->authenticator)) {
		auth_on_time(&l->authenticator, now_ms);
		on_auth(l, true, now_ms);
	}
	if (now_ms >= auth_deadline(&l->peer)) {
		auth_on_time(&l->peer, now_ms);
		on_auth(l, false, now_ms);
	}
}

void link_on_time(struct link *l, uint64_t now_ms)
{
	if (l->ended)
		return;
	protocols_on_time(l, now_ms);
	auths_on_time(l, now_ms);
	if (now_ms >= l->ccp_by_ms)
		ccp_failed(l, "encryption is required, and the peer did not agree to it in time",
			   now_ms);
	if (now_ms >= establish_by(l))
		terminate(l, LINK_END_LCP, 0, "LCP came to no agreement in time", now_ms);
	if (now_ms >= l->network_by_ms)
		terminate(l, LINK_END_NETWORK, 0, "no network protocol came up in time", now_ms);
	if (now_ms >= l->echo_due_ms)
		echo(l, now_ms);
}

/* ---- names ---- */

static const struct {
	const char *name;
	int pppd_status; /* pppd(8), EXIT STATUS */
} ends[LINK_END_REASONS] = {
	[LINK_END_LOCAL] = {"closed here", 5},
	[LINK_END_PEER] = {"peer hung up", 16},
	[LINK_END_LCP] = {"no LCP", 10},
	[LINK_END_AUTH_METHOD] = {"no common login method", 10},
	[LINK_END_AUTH_FAILED] = {"login refused", 11},
	[LINK_END_AUTH_TIMEOUT] = {"login timed out", 11},
	[LINK_END_MPPE] = {"no encryption", 10},
	[LINK_END_NETWORK] = {"no network protocol", 10},
	[LINK_END_ECHO] = {"peer silent", 15},
	[LINK_END_LOOPBACK] = {"loopback", 17},
};

const char *link_end_name(enum link_end_reason reason)
{
	return reason < LINK_END_REASONS ? ends[reason].name : "unknown";
}

int link_end_pppd_status(enum link_end_reason reason, enum link_role role)
{
	/* 11: the peer did not prove itself; 19: we did not. */
	if (role == LINK_CLIENT &&
	    (reason == LINK_END_AUTH_FAILED || reason == LINK_END_AUTH_TIMEOUT))
		return 19;
	return reason < LINK_END_REASONS ? ends[reason].pppd_status : 10;
}
