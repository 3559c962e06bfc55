#include "ppp/link.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "base/secret.h"
#include "ppp/link_inner.h"

enum {
	PATIENCE = 2, /* times restart_ms × max_configure: until a negotiation is given up */
	REJECTS_A_SECOND = 10,
};

uint64_t link_patience(const struct fsm_settings *s, uint64_t now_ms)
{
	return now_ms + (uint64_t)PATIENCE * s->restart_ms * MAX_OF(s->max_configure, 1);
}

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
void link_terminate(struct link *l, enum link_end_reason reason, uint16_t error, const char *text,
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

/* LCP left Opened: everything above is as it was before the call. */
static void network_down(struct link *l, uint64_t now_ms)
{
	link_on_ipcp(l, protocol_event(&l->ipcp.protocol, FSM_DOWN, now_ms) & ~(unsigned)FSM_TLF,
		     now_ms);
	link_on_ipv6cp(l,
		       protocol_event(&l->ipv6cp.protocol, FSM_DOWN, now_ms) & ~(unsigned)FSM_TLF,
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
	l->ccp_by_ms = l->network_by_ms = l->echo_due_ms = LINK_NEVER;
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
	link_start_authentication(l, now_ms);
}

static void on_lcp(struct link *l, unsigned layer, uint64_t now_ms)
{
	if (layer & FSM_TLD) {
		outbox_print(l->out, LINK_REPORT, "lcp=closed");
		if (l->phase == LINK_NETWORK) /* an honest renegotiation has its time again */
			l->establish_by_ms = link_patience(&l->settings->lcp, now_ms);
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
	text_quote(escaped, sizeof(escaped), text, said);
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
			link_terminate(l, LINK_END_MPPE, 0, "the peer took encryption down",
				       now_ms);
		else
			link_on_ccp(l, protocol_event(&l->ccp.protocol, FSM_RXJ_MINUS, now_ms),
				    now_ms);
		break;
	case PPP_IPCP:
		link_on_ipcp(l, protocol_event(&l->ipcp.protocol, FSM_RXJ_MINUS, now_ms), now_ms);
		break;
	case PPP_IPV6CP:
		link_on_ipv6cp(l, protocol_event(&l->ipv6cp.protocol, FSM_RXJ_MINUS, now_ms),
			       now_ms);
		break;
	case PPP_PAP:
	case PPP_CHAP:
		if (l->phase == LINK_AUTHENTICATE)
			link_terminate(l, LINK_END_AUTH_METHOD, 0,
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
		l->echo_due_ms =
			LINK_NEVER; /* a peer that does not know Echo is not dead for that */
	lcp->echo_answered = false;
	lcp->protocol.rejected_code = 0;
	lcp->peer_rejected = 0;
	/* In a loop our own refusal of our own demand comes back first. */
	if (lcp->looped || (lcp->auth_refused && lcp->magic_seen))
		link_terminate(l, LINK_END_LOOPBACK, 0, "our own magic number came back", now_ms);
	else if (lcp->auth_refused)
		link_terminate(l, LINK_END_AUTH_METHOD, 0,
			       "the peer takes none of our login methods", now_ms);
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

/* Protocol-Reject for what is not spoken here; few a second. */
static void reject_protocol(struct link *l, uint16_t protocol, const uint8_t *packet, size_t length,
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
		return link_on_auth_packet(l, protocol, packet, length, now_ms);
	case PPP_CCP:
		if (l->ccp.protocol.fsm.state > FSM_STARTING)
			return link_on_ccp_packet(l, packet, length, now_ms);
		break;
	case PPP_IPCP:
		if (network && l->settings->ipv4)
			return link_on_ipcp_packet(l, packet, length, now_ms);
		break;
	case PPP_IPV6CP:
		if (network && l->settings->ipv6)
			return link_on_ipv6cp_packet(l, packet, length, now_ms);
		break;
	}
	if (!network) /* RFC 1661 §3.5: silently */
		return DROP_PPP_PHASE;
	reject_protocol(l, protocol, packet, length, now_ms);
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

void link_open(struct link *l, const struct link_settings *settings, const struct random *random,
	       struct outbox *out, uint64_t now_ms)
{
	*l = (struct link){.settings = settings,
			   .random = random,
			   .out = out,
			   .phase = LINK_ESTABLISH,
			   .encrypt = settings->mppe == MPPE_REQUIRED,
			   .heard_ms = now_ms,
			   .establish_by_ms = link_patience(&settings->lcp, now_ms)};
	l->ccp_by_ms = l->network_by_ms = l->echo_due_ms = LINK_NEVER;
	lcp_init(&l->lcp, settings, random, out);
	ipcp_init(&l->ipcp, settings, &l->granted, out);
	ipv6cp_init(&l->ipv6cp, settings, random, out);
	ccp_init(&l->ccp, settings, out);
	on_lcp(l, link_open_protocol(&l->lcp.protocol, now_ms), now_ms);
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
		link_terminate(l, LINK_END_LOCAL, 0, why, now_ms);
}

void link_close_ipv6(struct link *l, uint64_t now_ms)
{
	if (!l->ending)
		link_on_ipv6cp(l, protocol_event(&l->ipv6cp.protocol, FSM_CLOSE, now_ms), now_ms);
}

static void echo(struct link *l, uint64_t now_ms)
{
	const struct link_settings *s = l->settings;
	bool heard = now_ms - l->heard_ms < s->echo_interval_ms;
	if (s->echo_adaptive && heard)
		l->echoes_unanswered = 0;
	l->echo_due_ms = s->echo_interval_ms ? now_ms + s->echo_interval_ms : LINK_NEVER;
	if (s->echo_adaptive && heard)
		return;
	if (s->echo_failures && l->echoes_unanswered >= s->echo_failures) {
		link_terminate(l, LINK_END_ECHO, 0, "the peer answers no LCP Echo-Request any more",
			       now_ms);
		return;
	}
	l->echoes_unanswered++;
	lcp_send_echo(&l->lcp);
}

static uint64_t establish_by(const struct link *l)
{
	return l->phase == LINK_ESTABLISH ? l->establish_by_ms : LINK_NEVER;
}

uint64_t link_deadline(const struct link *l)
{
	if (l->ended)
		return LINK_NEVER;
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
	uint64_t first = LINK_NEVER;
	for (size_t i = 0; i < COUNT_OF(times); i++)
		first = MIN_OF(first, times[i]);
	return first;
}

static void protocols_on_time(struct link *l, uint64_t now_ms)
{
	on_lcp(l, protocol_on_time(&l->lcp.protocol, now_ms), now_ms);
	link_on_ccp(l, protocol_on_time(&l->ccp.protocol, now_ms), now_ms);
	link_on_ipcp(l, protocol_on_time(&l->ipcp.protocol, now_ms), now_ms);
	link_on_ipv6cp(l, protocol_on_time(&l->ipv6cp.protocol, now_ms), now_ms);
}

static void auths_on_time(struct link *l, uint64_t now_ms)
{
	if (now_ms >= auth_deadline(&l->authenticator)) {
		auth_on_time(&l->authenticator, now_ms);
		link_on_auth(l, true, now_ms);
	}
	if (now_ms >= auth_deadline(&l->peer)) {
		auth_on_time(&l->peer, now_ms);
		link_on_auth(l, false, now_ms);
	}
}

void link_on_time(struct link *l, uint64_t now_ms)
{
	if (l->ended)
		return;
	protocols_on_time(l, now_ms);
	auths_on_time(l, now_ms);
	if (now_ms >= l->ccp_by_ms)
		link_ccp_failed(l,
				"encryption is required, and the peer did not agree to it in time",
				now_ms);
	if (now_ms >= establish_by(l))
		link_terminate(l, LINK_END_LCP, 0, "LCP came to no agreement in time", now_ms);
	if (now_ms >= l->network_by_ms)
		link_terminate(l, LINK_END_NETWORK, 0, "no network protocol came up in time",
			       now_ms);
	if (now_ms >= l->echo_due_ms)
		echo(l, now_ms);
}

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
