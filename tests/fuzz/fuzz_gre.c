/*
 * Enhanced GRE: the header of any octets, then the window and the acknowledgements with whatever
 * numbers it named. The input is a row of packets, each behind one octet of length.
 */
#include <assert.h>
#include <string.h>

#include "gre/gre.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read and is written again must read the same. */
static void round_trip(struct packet *p, const struct gre_header *h)
{
	struct gre_header again;
	size_t length = p->length;
	gre_push(p, h);
	assert(gre_pull(p, &again));
	assert(p->length == length && again.call_id == h->call_id);
	assert(again.has_seq == h->has_seq && again.seq == h->seq);
	assert(again.has_ack == h->has_ack && again.ack == h->ack);
}

static void numbers(struct gre_tunnel *g, const struct gre_header *h, uint64_t now_ms)
{
	if (h->has_ack)
		gre_on_ack(g, h->ack);
	if (!h->has_seq)
		return;
	enum drop check = gre_window_check(&g->window, h->seq);
	assert(gre_on_data(g, h->seq, now_ms) == check);
	assert(check != DROP_NONE || gre_window_check(&g->window, h->seq) == DROP_GRE_REPEATED);
	assert(g->window.span >= 1 || !g->window.started);
	assert(g->window.span <= GRE_WINDOW_BITS);
	assert(check != DROP_NONE || gre_deadline(g) <= now_ms + GRE_ACK_DELAY_MS);
}

static void answer(struct gre_tunnel *g, bool with_data)
{
	struct packet p;
	struct gre_header h;
	bool owed = gre_deadline(g) != UINT64_MAX;
	packet_reset(&p);
	if (with_data) {
		p.data[0] = 0x21;
		p.length = 1;
		gre_send(g, &p);
	} else if (!gre_send_ack(g, &p)) {
		assert(!owed);
		return;
	}
	assert(gre_pull(&p, &h));
	assert(h.has_ack == owed && (!owed || h.ack == g->window.newest));
	assert(gre_deadline(g) == UINT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);
	struct gre_tunnel g;
	gre_tunnel_init(&g, 1);
	for (uint64_t now_ms = 0; in.left; now_ms += 30) {
		struct packet p;
		struct gre_header h;
		size_t length = read_u8(&in);
		if (length > in.left)
			length = in.left;
		packet_reset(&p);
		read_copy(&in, p.data, length);
		p.length = length;
		if (!gre_pull(&p, &h))
			continue;
		assert(p.length == h.payload_length && p.length <= length);
		round_trip(&p, &h);
		numbers(&g, &h, now_ms);
		if (h.call_id & 1)
			answer(&g, h.call_id & 2);
	}
	return 0;
}
