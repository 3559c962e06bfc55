#include "ppp/link_inner.h"

#include "base/base.h"
#include "ip/checksum.h"
#include "ip/ip.h"

static bool is_network(uint16_t protocol)
{
	return protocol == PPP_IPV4 || protocol == PPP_IPV6;
}

static enum drop admit_encrypted(struct link *l, struct packet *p, struct link_item *item,
				 uint64_t now_ms)
{
	bool reset = false;
	if (!l->mppe_on)
		return DROP_PPP_PHASE;
	enum drop drop = mppe_admit(&l->mppe, p, &item->mppe, now_ms, &reset);
	if (reset)
		ccp_send_reset_request(&l->ccp);
	item->encrypted = drop == DROP_NONE;
	item->alone = item->mppe.stateful;
	return drop;
}

enum drop link_admit(struct link *l, struct packet *p, struct link_item *item, uint64_t now_ms)
{
	/* Not the whole item: its RC4 state is large, and mppe_admit sets what it uses. */
	item->protocol = 0;
	item->encrypted = item->alone = item->mppe.stateful = false;
	if (l->ended || l->phase == LINK_DEAD)
		return DROP_PPP_PHASE;
	if (!frame_pull(p, &item->protocol))
		return DROP_PPP_MALFORMED;
	if (item->protocol == PPP_COMPRESSED)
		return admit_encrypted(l, p, item, now_ms);
	if (frame_is_data(item->protocol) && l->encrypt)
		return DROP_CLEAR;
	item->alone = !is_network(item->protocol);
	return DROP_NONE;
}

/*
 * Is it what its protocol field says? That is all that tells a forged or wrongly decrypted packet
 * from the peer's, and one that passes moves the window and the keys away from the peer's. Its
 * header's checksum lets an IPv4 packet pass by chance once in 2^40, the length an IPv6 packet once
 * in 2^28. Behind an IPv4 packet there may be padding (RFC 1661 §2).
 */
static bool is_sane(const struct packet *p, uint16_t protocol)
{
	struct ip_view view;
	if (!is_network(protocol) || !ip_look_at(&view, p->data, p->length))
		return false;
	if (protocol == PPP_IPV4)
		return view.version == 4 && checksum_of(view.bytes, view.header) == 0;
	return view.version == 6 && view.length == p->length;
}

/* A decrypted packet: only now the direction's state moves. */
static enum drop deliver_encrypted(struct link *l, struct packet *p, const struct link_item *item,
				   uint16_t *protocol)
{
	if (!l->mppe_on) /* it went off since this packet was admitted */
		return DROP_PPP_PHASE;
	if (!frame_pull_protocol(p, protocol) || !is_sane(p, *protocol))
		return DROP_MPPE_GARBAGE;
	mppe_commit(&l->mppe, &item->mppe);
	return DROP_NONE;
}

static enum drop deliver_data(struct link *l, uint16_t protocol, enum link_payload *payload)
{
	const struct protocol *network =
		protocol == PPP_IPV4 ? &l->ipcp.protocol : &l->ipv6cp.protocol;
	if (l->phase != LINK_NETWORK || !protocol_is_opened(network))
		return DROP_LINK_NOT_UP;
	*payload = protocol == PPP_IPV4 ? LINK_PAYLOAD_IPV4 : LINK_PAYLOAD_IPV6;
	return DROP_NONE;
}

enum drop link_deliver(struct link *l, struct packet *p, const struct link_item *item,
		       enum link_payload *payload, uint64_t now_ms)
{
	uint16_t protocol = item->protocol;
	*payload = LINK_PAYLOAD_NONE;
	if (l->ended)
		return DROP_PPP_PHASE;
	if (item->encrypted) {
		enum drop drop = deliver_encrypted(l, p, item, &protocol);
		if (drop != DROP_NONE)
			return drop;
	} else if (!is_network(protocol)) {
		return link_on_control(l, protocol, p->data, p->length, now_ms);
	} else if (l->encrypt) {
		return DROP_CLEAR;
	}
	l->heard_ms = now_ms;
	return deliver_data(l, protocol, payload);
}

enum drop link_send(struct link *l, struct packet *p, enum link_payload kind,
		    struct link_item *item)
{
	const struct protocol *network =
		kind == LINK_PAYLOAD_IPV4 ? &l->ipcp.protocol : &l->ipv6cp.protocol;
	item->encrypted = item->alone = false;
	item->protocol = kind == LINK_PAYLOAD_IPV4 ? PPP_IPV4 : PPP_IPV6;
	if (kind == LINK_PAYLOAD_NONE || l->phase != LINK_NETWORK || !protocol_is_opened(network) ||
	    (l->encrypt && !l->mppe_on))
		return DROP_LINK_NOT_UP;
	if (!l->mppe_on) {
		frame_push(p, item->protocol);
		return DROP_NONE;
	}
	frame_push_protocol(p, item->protocol);
	mppe_seal(&l->mppe, p, &item->mppe);
	frame_push(p, PPP_COMPRESSED);
	item->encrypted = true;
	item->alone = item->mppe.stateful;
	return DROP_NONE;
}

uint16_t link_mtu(const struct link *l)
{
	uint16_t mru = lcp_peer_mru(&l->lcp);
	uint16_t limit = l->settings->mtu ? l->settings->mtu : LCP_MRU_DEFAULT;
	return MIN_OF(MIN_OF(mru, limit), LCP_MRU_DEFAULT);
}
