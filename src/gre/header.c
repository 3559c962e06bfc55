/* The header of enhanced GRE, RFC 2637 §4.1: read, and written. */
#include <assert.h>

#include "base/writer.h"
#include "gre/gre.h"

enum {
	GRE_K = 0x20, /* first octet: C R K S s Recur; the key is always there */
	GRE_S = 0x10, /* a sequence number, and so a payload */
	GRE_A = 0x80, /* second octet: A Flags Ver */
	GRE_VERSION_1 = 1,
	GRE_PPP = 0x880b,
};

bool gre_decode(struct gre_header *h, struct reader *in)
{
	uint8_t flags = read_u8(in), version = read_u8(in);
	uint16_t protocol = read_u16(in);
	h->payload_length = read_u16(in);
	h->call_id = read_u16(in);
	h->has_seq = flags & GRE_S;
	h->has_ack = version & GRE_A;
	h->seq = h->has_seq ? read_u32(in) : 0;
	h->ack = h->has_ack ? read_u32(in) : 0;
	/* A payload without a number could be repeated at will: the window would never see it. */
	bool numbered = h->has_seq || h->payload_length == 0;
	return !in->failed && h->payload_length <= in->left && protocol == GRE_PPP &&
	       (flags & ~GRE_S) == GRE_K && (version & ~GRE_A) == GRE_VERSION_1 && numbered;
}

void gre_push(struct packet *p, const struct gre_header *h)
{
	size_t payload = p->length, octets = 8u + (h->has_seq ? 4u : 0u) + (h->has_ack ? 4u : 0u);
	assert(payload <= UINT16_MAX);
	struct writer out = writer_of(packet_push(p, octets), octets);
	write_u8(&out, (uint8_t)(GRE_K | (h->has_seq ? GRE_S : 0)));
	write_u8(&out, (uint8_t)(GRE_VERSION_1 | (h->has_ack ? GRE_A : 0)));
	write_u16(&out, GRE_PPP);
	write_u16(&out, (uint16_t)payload);
	write_u16(&out, h->call_id);
	if (h->has_seq)
		write_u32(&out, h->seq);
	if (h->has_ack)
		write_u32(&out, h->ack);
}

bool gre_pull(struct packet *p, struct gre_header *h)
{
	struct reader in = reader_of(p->data, p->length);
	if (!gre_decode(h, &in))
		return false;
	packet_pull(p, p->length - in.left);
	p->length = h->payload_length;
	return true;
}
