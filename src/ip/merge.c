#include "ip/merge.h"

#include <assert.h>
#include <string.h>

#include "base/base.h"
#include "ip/checksum.h"
#include "ip/ip.h"
#include "ip/octets.h"
#include "ip/transport.h"

enum { TCP_ENDS = TCP_FIN | TCP_PSH, TCP_ALONE = TCP_SYN | TCP_RST | TCP_URG | TCP_CWR };

/* A packet that may be part of a super-segment. */
struct segment {
	const uint8_t *ip, *upper;
	size_t headers, payload;
	uint8_t kind;    /* enum vnet_kind; VNET_PLAIN: it goes alone */
	uint8_t version; /* of IP */
	bool ends;       /* nothing may follow it */
};

void merger_init(struct merger *m, unsigned kinds)
{
	m->kinds = kinds;
	m->pieces_count = m->aggregates_count = m->taken = 0;
	memset(m->flows, 0, sizeof(m->flows));
}

/* ---- looking at one packet ---- */

static void look_tcp(struct segment *s, const struct ip_view *view)
{
	size_t left = view->length - view->upper;
	if (left < TCP_HEADER)
		return;
	size_t header = (size_t)(s->upper[TCP_OFFSET_AT] >> 4) * 4;
	uint8_t flags = s->upper[TCP_FLAGS_AT];
	if (header < TCP_HEADER || header >= left || (flags & TCP_ALONE) || !(flags & TCP_ACK))
		return;
	s->kind = view->version == 4 ? VNET_TCP4 : VNET_TCP6;
	s->headers = view->upper + header;
	s->ends = flags & TCP_ENDS;
}

static void look_udp(struct segment *s, const struct ip_view *view)
{
	size_t left = view->length - view->upper;
	if (left <= UDP_HEADER || load_u16(s->upper + UDP_LENGTH_AT) != left ||
	    !load_u16(s->upper + UDP_CHECKSUM_AT))
		return;
	s->kind = VNET_UDP;
	s->headers = view->upper + UDP_HEADER;
}

static void look(struct segment *s, const struct ip_view *view, size_t length, unsigned kinds)
{
	size_t plain = view->version == 4 ? IPV4_HEADER : IPV6_HEADER;
	s->ip = view->bytes;
	s->upper = view->bytes + view->upper;
	s->version = view->version;
	if (view->upper != plain || view->is_fragment || view->length != length)
		return;
	if (view->protocol == IP_TCP && (kinds & MERGE_TCP))
		look_tcp(s, view);
	else if (view->protocol == IP_UDP && (kinds & MERGE_UDP))
		look_udp(s, view);
	s->payload = view->length - s->headers;
}

/* The slot of the flow that a TCP or UDP packet belongs to. Two flows may share one: then they end
 * each other's aggregates, and no harm is done. */
static uint8_t *slot_of(struct merger *m, const struct ip_view *view)
{
	uint32_t ports = load_u32(view->bytes + view->upper);
	uint32_t source = view->source, destination = view->destination;
	if (view->version == 6) {
		source = load_u32(ipv6_source(view) + 12);
		destination = load_u32(ipv6_destination(view) + 12);
	}
	uint32_t hash = (source ^ destination * 0x85ebca6b ^ ports) * 0x9e3779b1;
	return &m->flows[(hash >> 16 ^ hash >> 24) % MERGER_FLOWS];
}

static bool is_header_right(const uint8_t *ip)
{
	uint64_t sum = 0;
	for (size_t at = 0; at < IPV4_HEADER; at += 4)
		sum += load_u32(ip + at);
	return !checksum_finish(sum);
}

/* Are the checksums right of a packet without options or extensions of IP? Its addresses stand
 * immediately before TCP's or UDP's header, so they are added with it. */
static bool verify(const uint8_t *ip, size_t upper, size_t length)
{
	bool is_v4 = ip[0] >> 4 == 4;
	uint8_t protocol = ip[is_v4 ? IPV4_TTL_AT + 1 : IPV6_NEXT_AT];
	size_t addresses = is_v4 ? IPV4_SOURCE_AT : IPV6_SOURCE_AT;
	if (is_v4 && !is_header_right(ip))
		return false;
	return !checksum_finish(checksum_add(protocol + (uint64_t)(length - upper), ip + addresses,
					     length - addresses));
}

/* ---- does a packet continue an aggregate? ---- */

static bool is_same(const uint8_t *a, const uint8_t *b, size_t at, size_t end)
{
	return !memcmp(a + at, b + at, end - at);
}

/* Both begin with headers of the same version and the fixed length. */
static bool has_same_ip(const uint8_t *a, const uint8_t *b)
{
	if (a[0] >> 4 == 4)
		return is_same(a, b, 0, IPV4_LENGTH_AT) &&
		       is_same(a, b, IPV4_FLAGS_AT, IPV4_CHECKSUM_AT) &&
		       is_same(a, b, IPV4_SOURCE_AT, IPV4_HEADER);
	return is_same(a, b, 0, IPV6_LENGTH_AT) && is_same(a, b, IPV6_NEXT_AT, IPV6_HEADER);
}

static bool has_same_tcp(const uint8_t *a, const uint8_t *b, size_t header)
{
	return is_same(a, b, 0, TCP_SEQUENCE_AT) && /* ports */
	       is_same(a, b, TCP_ACKNOWLEDGEMENT_AT, TCP_FLAGS_AT) &&
	       !((a[TCP_FLAGS_AT] ^ b[TCP_FLAGS_AT]) & ~TCP_ENDS) &&
	       is_same(a, b, TCP_WINDOW_AT, TCP_CHECKSUM_AT) &&
	       is_same(a, b, TCP_CHECKSUM_AT + 2, header);
}

/*
 * Identifications go up by one, as a splitter counts them. With don't-fragment they mean nothing
 * (RFC 6864 §4.1), and senders that leave them as they are, mostly 0, are welcome too.
 */
static bool continues_identification(struct merger_aggregate *a, const uint8_t *ip)
{
	uint16_t identification = load_u16(ip + IPV4_IDENTIFICATION_AT);
	bool dont_fragment = ip[IPV4_FLAGS_AT] & 0x40;
	if (a->count == 1)
		a->counts = !dont_fragment || identification != a->identification;
	return identification == (uint16_t)(a->identification + (a->counts ? a->count : 0));
}

static bool continues(struct merger *m, struct merger_aggregate *a, const struct segment *s)
{
	const struct merger_piece *first = &m->pieces[a->first];
	const uint8_t *ip = first->packet->data;
	if (a->kind != s->kind || first->headers != s->headers || s->payload > a->segment ||
	    a->length + s->payload > SUPER_LENGTH_MAX || ip[0] != s->ip[0] ||
	    !has_same_ip(ip, s->ip))
		return false;
	if (s->kind == VNET_UDP) {
		if (!is_same(ip + a->upper, s->upper, 0, UDP_LENGTH_AT))
			return false;
	} else if (load_u32(s->upper + TCP_SEQUENCE_AT) != a->sequence ||
		   !has_same_tcp(ip + a->upper, s->upper, s->headers - a->upper)) {
		return false;
	}
	if (s->version == 4 && !continues_identification(a, s->ip))
		return false;
	if (!a->verified && !verify(ip, a->upper, first->packet->length))
		return false;
	a->verified = true;
	return verify(s->ip, a->upper, s->headers + s->payload);
}

/* ---- the batch ---- */

static uint8_t begin(struct merger *m, uint8_t piece, const struct segment *s)
{
	struct merger_aggregate *a = &m->aggregates[m->aggregates_count++];
	*a = (struct merger_aggregate){.first = piece, .last = piece, .count = 1, .kind = s->kind};
	if (s->kind == VNET_PLAIN)
		return 0;
	a->upper = (uint8_t)(s->upper - s->ip);
	a->segment = (uint16_t)s->payload;
	a->length = (uint32_t)(s->headers + s->payload);
	if (s->version == 4)
		a->identification = load_u16(s->ip + IPV4_IDENTIFICATION_AT);
	if (s->kind != VNET_UDP)
		a->sequence = load_u32(s->upper + TCP_SEQUENCE_AT) + a->segment;
	return s->ends ? 0 : (uint8_t)m->aggregates_count;
}

/* Returns whether more may follow. */
static bool append(struct merger *m, struct merger_aggregate *a, uint8_t piece,
		   const struct segment *s)
{
	m->pieces[a->last].next = piece;
	a->last = piece;
	a->count++;
	a->length += (uint32_t)s->payload;
	a->sequence += (uint32_t)s->payload;
	return !s->ends && s->payload == a->segment;
}

void merger_add(struct merger *m, struct packet *p, uint32_t tag)
{
	struct segment s = {.kind = VNET_PLAIN};
	struct ip_view view;
	assert(!merger_is_full(m) && !m->taken);
	uint8_t piece = (uint8_t)m->pieces_count++;
	m->pieces[piece] = (struct merger_piece){.packet = p, .tag = tag};
	if (!m->kinds || !ip_look_at(&view, p->data, p->length)) {
		begin(m, piece, &s);
		return;
	}
	look(&s, &view, p->length, m->kinds);
	m->pieces[piece].headers = (uint16_t)s.headers;
	if (view.is_fragment) { /* of whichever flow: it keeps its place behind all */
		memset(m->flows, 0, sizeof(m->flows));
		begin(m, piece, &s);
		return;
	}
	if (!view.upper || view.length - view.upper < 4 ||
	    (view.protocol != IP_TCP && view.protocol != IP_UDP)) {
		begin(m, piece, &s);
		return;
	}
	/* What does not continue its flow's aggregate ends it, so that nothing overtakes it. */
	uint8_t *slot = slot_of(m, &view);
	struct merger_aggregate *open = *slot ? &m->aggregates[*slot - 1] : NULL;
	if (open && s.kind != VNET_PLAIN && continues(m, open, &s))
		*slot = append(m, open, piece, &s) ? *slot : 0;
	else
		*slot = begin(m, piece, &s);
}

/* ---- what is to be written ---- */

/* The headers of the first piece become those of the whole. */
static void finish_headers(const struct merger *m, const struct merger_aggregate *a)
{
	uint8_t *ip = m->pieces[a->first].packet->data, *upper = ip + a->upper;
	const uint8_t *last = m->pieces[a->last].packet->data + a->upper;
	uint16_t length = (uint16_t)(a->length - a->upper); /* of the upper layer */
	uint8_t protocol = a->kind == VNET_UDP ? IP_UDP : IP_TCP;
	if (ip[0] >> 4 == 4) {
		store_u16(ip + IPV4_LENGTH_AT, (uint16_t)a->length);
		store_u16(ip + IPV4_CHECKSUM_AT, 0);
		store_u16(ip + IPV4_CHECKSUM_AT, checksum_of(ip, IPV4_HEADER));
	} else {
		store_u16(ip + IPV6_LENGTH_AT, length);
	}
	uint16_t sum = checksum_fold(pseudo_header_sum(ip, protocol) + length);
	if (protocol == IP_TCP) {
		upper[TCP_FLAGS_AT] |= last[TCP_FLAGS_AT];
		store_u16(upper + TCP_CHECKSUM_AT, sum);
	} else {
		store_u16(upper + UDP_LENGTH_AT, length);
		store_u16(upper + UDP_CHECKSUM_AT, sum);
	}
}

static void describe(const struct merger *m, const struct merger_aggregate *a, struct merged *out)
{
	struct vnet_header h = {
		.kind = a->kind,
		.needs_checksum = true,
		.headers = m->pieces[a->first].headers,
		.segment = a->segment,
		.checksum_start = a->upper,
		.checksum_offset = a->kind == VNET_UDP ? UDP_CHECKSUM_AT : TCP_CHECKSUM_AT,
	};
	vnet_encode(out->vnet, &h);
}

bool merger_next(struct merger *m, struct merged *out)
{
	if (m->taken == m->aggregates_count) {
		merger_init(m, m->kinds);
		return false;
	}
	const struct merger_aggregate *a = &m->aggregates[m->taken++];
	const struct merger_piece *piece = &m->pieces[a->first];
	out->kind = a->count == 1 ? VNET_PLAIN : a->kind;
	out->tag = piece->tag;
	out->count = a->count;
	out->length = piece->packet->length;
	out->spans[0] = (struct merger_span){piece->packet->data, piece->packet->length};
	memset(out->vnet, 0, sizeof(out->vnet));
	if (a->count == 1)
		return true;
	for (size_t i = 1; i < a->count; i++) {
		piece = &m->pieces[piece->next];
		out->spans[i] = (struct merger_span){piece->packet->data + piece->headers,
						     piece->packet->length - piece->headers};
	}
	out->length = a->length;
	finish_headers(m, a);
	describe(m, a, out);
	return true;
}
