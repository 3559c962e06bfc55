#include <stdio.h>

#include "base/base.h"
#include "ip/ip.h"
#include "ip/marks.h"
#include "ip/mss.h"
#include "ip/source.h"
#include "session/session_inner.h"

enum {
	/* IP 20, GRE with acknowledgement 16, FF 03 and protocol 4, MPPE's 00FD beside the inner
	   protocol 4: never more */
	OUTER_OVERHEAD = 44,
	INNER_MTU_MIN =
		576,   /* RFC 791: what every host takes; no report of a smaller way is believed */
	TELL_MS = 100, /* between two ICMP messages on account of one session */
};

enum drop session_drop(struct session *s, enum drop drop)
{
	s->drops[drop] += drop != DROP_NONE;
	s->host->drops[drop] += drop != DROP_NONE;
	return drop;
}

enum drop session_admit(struct session *s, struct packet *p, uint8_t tos, struct session_item *item,
			uint64_t now_ms)
{
	struct gre_header h;
	item->has_payload = false;
	item->tos = tos;
	if (s->state == SESSION_CALLING || s->state >= SESSION_LINGERING)
		return session_drop(s, DROP_GRE_UNKNOWN_CALL);
	if (!gre_pull(p, &h))
		return session_drop(s, DROP_GRE_MALFORMED);
	s->gre_by_ms = TIME_NEVER;
	if (h.has_ack)
		gre_on_ack(&s->gre, h.ack);
	if (!h.has_seq)
		return DROP_NONE;
	enum drop drop = gre_window_check(&s->gre.window, h.seq);
	if (drop == DROP_GRE_JUMP)
		gre_window_accept(&s->gre.window,
				  h.seq); /* noted, so that a second one can confirm it */
	if (drop)
		return session_drop(s, drop);
	item->seq = h.seq;
	drop = link_admit(&s->link, p, &item->link, now_ms);
	session_pump(s, now_ms); /* a lost stateful packet asks for a reset at once */
	item->has_payload = drop == DROP_NONE;
	return session_drop(s, drop);
}

/* The MSS of a SYN is lowered to what the session carries, or to what the configuration says. */
static void clamp(const struct session *s, const struct ip_view *view)
{
	enum { HEADERS = 40 }; /* IPv4 and TCP without options, of which an MSS knows nothing */
	uint16_t mtu = session_mtu(s), wanted = s->settings->mss_clamp;
	if (wanted == MSS_CLAMP_NONE)
		return;
	if (wanted != MSS_CLAMP_TO_MTU && wanted + HEADERS < mtu)
		mtu = (uint16_t)(wanted + HEADERS);
	mss_clamp(view, mtu);
}

/* What the outer packet met on the way becomes the inner one's. */
static enum drop carry_marks(struct session *s, const struct ip_view *view, uint8_t tos,
			     uint64_t now_ms)
{
	char line[120];
	uint8_t inner = marks_of(view->bytes);
	enum marks_fate fate = marks_arrive(view, tos);
	if (fate == MARKS_ODD && !s->told_odd_marks) {
		s->told_odd_marks = true;
		int length = snprintf(
			line, sizeof(line),
			"ecn=odd inner=%d outer=%d the ECN of GRE packets is rewritten on the way",
			inner & ECN_FIELD, tos & ECN_FIELD);
		session_report_limited(s, (const uint8_t *)line, (size_t)length, now_ms);
	}
	return fate == MARKS_DROP ? DROP_IP_CONGESTED : DROP_NONE;
}

/* The packet's source must be the caller's: nobody speaks for another from inside a tunnel. */
static enum drop check_inner(struct session *s, struct packet *p, enum link_payload payload,
			     uint8_t tos, uint64_t now_ms)
{
	struct ip_view view;
	if (!ip_look(&view, p) || view.version != (payload == LINK_PAYLOAD_IPV4 ? 4 : 6))
		return DROP_IP_MALFORMED;
	if (s->settings->link.role == LINK_SERVER && /* the far side forwards for the world */
	    !source_is_callers(&view, s->addresses.remote, s->addresses.remote_id))
		return DROP_IP_SOURCE;
	clamp(s, &view);
	return carry_marks(s, &view, tos, now_ms);
}

enum drop session_deliver(struct session *s, struct packet *p, const struct session_item *item,
			  enum link_payload *payload, uint64_t now_ms)
{
	*payload = LINK_PAYLOAD_NONE;
	if (s->state >= SESSION_LINGERING)
		return session_drop(s, DROP_LINK_NOT_UP);
	/* Again, for a batch may hold the same packet twice. */
	enum drop drop = gre_window_check(&s->gre.window, item->seq);
	if (drop)
		return session_drop(s, drop);
	bool proves = item->link.encrypted || !s->link.mppe_on;
	drop = link_deliver(&s->link, p, &item->link, payload, now_ms);
	if (!proves)
		gre_on_unproved(&s->gre, item->seq, now_ms);
	else if (drop != DROP_MPPE_GARBAGE) /* that may be forged: it moves nothing */
		gre_on_data(&s->gre, item->seq, now_ms);
	session_pump(s, now_ms);
	if (drop || *payload == LINK_PAYLOAD_NONE)
		return session_drop(s, drop);
	drop = check_inner(s, p, *payload, item->tos, now_ms);
	if (drop) {
		*payload = LINK_PAYLOAD_NONE;
		return session_drop(s, drop);
	}
	s->account.octets_in += p->length;
	s->account.packets_in++;
	s->data_ms = now_ms;
	return DROP_NONE;
}

/* Its sender is told at most every TELL_MS, however many of its packets are too long. */
static bool may_tell(struct session *s, uint64_t now_ms)
{
	if (s->told_ms && now_ms - s->told_ms < TELL_MS)
		return false;
	s->told_ms = now_ms;
	return true;
}

enum drop session_outbound(struct session *s, struct packet *p, enum session_fit *fit, bool *tell,
			   uint64_t now_ms)
{
	struct ip_view view;
	*fit = SESSION_FITS;
	*tell = false;
	if (!ip_look(&view, p))
		return session_drop(s, DROP_IP_MALFORMED);
	if (view.version == 4 ? !s->ipv4_up : !s->ipv6_up)
		return session_drop(s, DROP_LINK_NOT_UP);
	uint16_t mtu = session_mtu(s);
	clamp(s, &view);
	if (p->length <= mtu)
		return DROP_NONE;
	if (view.version == 6) { /* may not be fragmented inside: the outer packet will be */
		*tell = may_tell(s, now_ms);
		return DROP_NONE;
	}
	*fit = SESSION_FRAGMENT;
	if (!ipv4_dont_fragment(&view))
		return DROP_NONE;
	*tell = may_tell(s, now_ms);
	if (s->settings->fragment_dont_fragment)
		return DROP_NONE;
	*fit = SESSION_TOO_BIG;
	return session_drop(s, DROP_IP_TOO_BIG);
}

enum drop session_enclose(struct session *s, struct packet *p, struct session_item *item,
			  uint64_t now_ms)
{
	enum link_payload kind = p->data[0] >> 4 == 4 ? LINK_PAYLOAD_IPV4 : LINK_PAYLOAD_IPV6;
	size_t octets = p->length;
	item->tos = marks_outer(marks_of(p->data), s->settings->tos, s->carries_ecn);
	enum drop drop = link_send(&s->link, p, kind, &item->link);
	if (drop)
		return session_drop(s, drop);
	s->account.octets_out += octets;
	s->account.packets_out++;
	s->data_ms = now_ms;
	return DROP_NONE;
}

uint8_t session_tos(const struct session *s)
{
	return marks_outer(0, s->settings->tos, false);
}

void session_seal(struct session *s, struct packet *p)
{
	gre_send(&s->gre, p);
}

uint16_t session_mtu(const struct session *s)
{
	uint16_t outer =
		(uint16_t)(MAX_OF(s->outer_mtu, INNER_MTU_MIN + OUTER_OVERHEAD) - OUTER_OVERHEAD);
	uint16_t link = link_mtu(&s->link);
	return MIN_OF(outer, link);
}

uint16_t session_split_mtu(const struct session *s, const struct ip_view *view)
{
	bool forbidden = view->version == 4 && ipv4_dont_fragment(view) &&
			 !s->settings->fragment_dont_fragment;
	return forbidden ? UINT16_MAX : session_mtu(s);
}
