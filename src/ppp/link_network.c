#include "ppp/link_inner.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/secret.h"

enum {
	CCP_RESTARTS = 3, /* where its two directions came out differently */
	/* times restart_ms: so long the network waits for a CCP that may fail */
	CCP_OPTIONAL_WAIT = 2,
};

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
		l->network_by_ms = LINK_NEVER;
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
		link_terminate(l, LINK_END_NETWORK, 0, "no network protocol is left", now_ms);
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

void link_on_ipcp(struct link *l, unsigned layer, uint64_t now_ms)
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

void link_on_ipv6cp(struct link *l, unsigned layer, uint64_t now_ms)
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

unsigned link_open_protocol(struct protocol *p, uint64_t now_ms)
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
		link_on_ipcp(l, link_open_protocol(&l->ipcp.protocol, now_ms), now_ms);
	if (l->settings->ipv6)
		link_on_ipv6cp(l, link_open_protocol(&l->ipv6cp.protocol, now_ms), now_ms);
	wait_for_network(l, now_ms);
	answer_early(l, PPP_IPCP, &l->early_ipcp, now_ms);
	answer_early(l, PPP_IPV6CP, &l->early_ipv6cp, now_ms);
}

static void encrypt(struct link *l, uint32_t bits, uint64_t now_ms)
{
	enum mppe_size size = bits & CCP_128 ? MPPE_128 : bits & CCP_56 ? MPPE_56 : MPPE_40;
	bool stateless = bits & CCP_STATELESS;
	mppe_init(&l->mppe, &l->keys, size, stateless);
	secret_wipe(&l->keys, sizeof(l->keys));
	l->mppe_on = l->encrypt = true;
	l->ccp_by_ms = LINK_NEVER;
	outbox_print(l->out, LINK_REPORT, "ccp=opened mppe=%d %s",
		     size == MPPE_128  ? 128
		     : size == MPPE_56 ? 56
				       : 40,
		     stateless ? "stateless" : "stateful");
	start_networks(l, now_ms);
}

/* No encryption came of it. `why` goes to the log and to the peer where that is the end. */
void link_ccp_failed(struct link *l, const char *why, uint64_t now_ms)
{
	l->ccp_by_ms = LINK_NEVER;
	if (l->encrypt) {
		link_terminate(l, LINK_END_MPPE, 0, why, now_ms);
		return;
	}
	if (!l->networks_started)
		outbox_print(l->out, LINK_REPORT, "ccp=failed mppe=none");
	start_networks(l, now_ms);
}

static void restart_ccp(struct link *l, uint64_t now_ms)
{
	l->ccp_restarts++;
	ccp_reconcile(&l->ccp);
	unsigned layer = protocol_event(&l->ccp.protocol, FSM_DOWN, now_ms) & ~(unsigned)FSM_TLD;
	link_on_ccp(l, layer | protocol_event(&l->ccp.protocol, FSM_UP, now_ms), now_ms);
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
		link_ccp_failed(l, "encryption is required, and the peer agreed to none", now_ms);
}

void link_on_ccp(struct link *l, unsigned layer, uint64_t now_ms)
{
	if (layer & FSM_TLD && l->mppe_on)
		link_terminate(l, LINK_END_MPPE, 0, "the peer took encryption down", now_ms);
	if (l->ending)
		return;
	if (layer & FSM_TLU)
		ccp_up(l, now_ms);
	else if (layer & FSM_TLF)
		link_ccp_failed(l, "encryption is required, and the peer does not agree to it",
				now_ms);
}

void link_start_network_phase(struct link *l, uint64_t now_ms)
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
			 "encryption is required, and a login by %s gives no keys",
			 auth_method_name(server ? lcp_demanded(&l->lcp) : lcp_asked(&l->lcp)));
		link_ccp_failed(l, why, now_ms);
		return;
	}
	const struct fsm_settings *s = &l->settings->ccp;
	l->ccp_by_ms = l->encrypt ? link_patience(s, now_ms)
				  : now_ms + (uint64_t)CCP_OPTIONAL_WAIT * s->restart_ms;
	link_on_ccp(l, link_open_protocol(&l->ccp.protocol, now_ms), now_ms);
}

enum drop link_on_ccp_packet(struct link *l, const uint8_t *packet, size_t length, uint64_t now_ms)
{
	unsigned layer = 0;
	if (l->mppe_on && ccp_repeat(&l->ccp, packet, length, l->mppe.receive.started))
		return DROP_NONE;
	enum drop drop = protocol_on_packet(&l->ccp.protocol, packet, length, now_ms, &layer);
	link_on_ccp(l, layer, now_ms);
	bool reset = l->ccp.reset_asked && l->mppe_on;
	l->ccp.reset_asked = false;
	if (reset && !l->mppe.send.stateless) {
		mppe_on_reset_request(&l->mppe);
		/* Linux decrypts nothing more before it has one;
		 * Windows code-rejects it, no harm. */
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

enum drop link_on_ipcp_packet(struct link *l, const uint8_t *packet, size_t length, uint64_t now_ms)
{
	unsigned layer = 0;
	if (!l->networks_started)
		return keep(&l->early_ipcp, packet, length);
	enum drop drop = protocol_on_packet(&l->ipcp.protocol, packet, length, now_ms, &layer);
	link_on_ipcp(l, layer, now_ms);
	return drop;
}

enum drop link_on_ipv6cp_packet(struct link *l, const uint8_t *packet, size_t length,
				uint64_t now_ms)
{
	unsigned layer = 0;
	if (!l->networks_started)
		return keep(&l->early_ipv6cp, packet, length);
	enum drop drop = protocol_on_packet(&l->ipv6cp.protocol, packet, length, now_ms, &layer);
	link_on_ipv6cp(l, layer, now_ms);
	return drop;
}
