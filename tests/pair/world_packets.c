/* The ways of packets in the world: the wire with its
 * faults, and both paths as an owner runs them. */
#include <string.h>

#include "base/base.h"
#include "ip/checksum.h"
#include "ip/fragment.h"
#include "ip/ip.h"
#include "ppp/mppe_supply.h"
#include "tests/pair/world.h"
#include "tests/test.h"

enum { LATENCY_MS = 5, REORDER_MS = 30, NUMBER_AT = 28 /* behind IP and UDP headers */ };

/* ---- the wire ---- */

static bool chance(struct world *w, uint32_t in_1000)
{
	struct random random = test_random(&w->seed);
	return in_1000 && random_below(&random, 1000) < in_1000;
}

/* What the wire shows of a data frame: is it MPPE, or clear IP? */
static void look_at_wire(struct world *w, const uint8_t *bytes, size_t length)
{
	struct reader in = reader_of(bytes, length);
	struct gre_header h;
	assert_true(gre_decode(&h, &in)); /* what we send is good */
	if (!h.has_seq) {
		w->bare_acknowledgements++;
		return;
	}
	uint16_t protocol = read_u8(&in);
	if (protocol == 0xff) {
		read_u8(&in);
		protocol = read_u8(&in);
	}
	if (!(protocol & 1))
		protocol = (uint16_t)(protocol << 8 | read_u8(&in));
	w->encrypted_packets += protocol == 0xfd;
	w->clear_packets += protocol == 0x21 || protocol == 0x57;
}

void world_fly(struct world *w, int to, uint8_t tos, const uint8_t *bytes, size_t length)
{
	look_at_wire(w, bytes, length);
	assert_true(length <= sizeof(w->flights[0].bytes));
	unsigned copies = chance(w, w->wire.lose) ? 0 : chance(w, w->wire.repeat) ? 2 : 1;
	for (size_t i = 0; i < WIRE_SLOTS && copies; i++) {
		struct in_flight *flight = &w->flights[i];
		if (flight->used)
			continue;
		w->slots_used = MAX_OF(w->slots_used, i + 1);
		flight->used = true;
		flight->to = (uint8_t)to;
		flight->order = ++w->order;
		flight->tos = tos;
		flight->at_ms =
			w->now_ms + LATENCY_MS + (chance(w, w->wire.reorder) ? REORDER_MS : 0);
		flight->length = (uint16_t)length;
		memcpy(flight->bytes, bytes, length);
		if (w->on_wire)
			w->on_wire(w, flight);
		copies--;
	}
	assert_int_equal(copies, 0); /* the wire is long enough for every test */
}

/* ---- in ---- */

static void take_out(struct end *end, const struct packet *p)
{
	if (end->inbox_count < INBOX_SLOTS) {
		end->inbox[end->inbox_count].length = p->length;
		memcpy(end->inbox[end->inbox_count].bytes, p->data, MIN_OF(p->length, 1600));
	}
	end->inbox_count++;
}

/* Lends the packet's direction a supply, if one is free, and lets some more be made, or nothing. */
static void supply(struct random *random, const struct mppe_item *item)
{
	static struct mppe_supply supplies[WORLD_SESSIONS];
	struct mppe_direction *d = item->stateful ? NULL : item->direction;
	for (size_t i = 0; d && i < COUNT_OF(supplies) && !d->supply; i++)
		if (mppe_supply_is_free(&supplies[i]))
			mppe_supply_lend(&supplies[i], d);
	if (d && d->supply)
		mppe_supply_make(d->supply, &rc4_plan_plain, random_below(random, 5));
}

static void run_mppe(struct world *w, struct batch *batch)
{
	struct random random = test_random(&w->supply_seed);
	struct mppe_item *items[BATCH_MAX];
	size_t count = 0;
	for (size_t i = 0; i < batch->count; i++) {
		if (!batch->items[i].link.encrypted)
			continue;
		items[count++] = &batch->items[i].link.mppe;
		if (w->supply_seed)
			supply(&random, items[count - 1]);
	}
	mppe_run(items, count);
}

static void settle(struct world *w, int to)
{
	enum link_payload payload;
	struct batch *batch = &w->receiving;
	run_mppe(w, batch);
	for (size_t i = 0; i < batch->count; i++)
		if (session_deliver(batch->sessions[i], &batch->packets[i], &batch->items[i],
				    &payload, w->now_ms) == DROP_NONE &&
		    payload != LINK_PAYLOAD_NONE)
			take_out(&w->ends[to], &batch->packets[i]);
	batch->count = 0;
}

static struct session *by_call_id(struct end *end, const struct in_flight *flight)
{
	uint16_t call_id = (uint16_t)(flight->bytes[6] << 8 | flight->bytes[7]);
	for (size_t k = 0; k < WORLD_SESSIONS && flight->length >= 8; k++)
		if (end->sessions[k] && end->sessions[k]->call_id == call_id)
			return end->sessions[k];
	return NULL;
}

static void receive_one(struct world *w, const struct in_flight *flight)
{
	struct session *session = by_call_id(&w->ends[flight->to], flight);
	struct session_item item;
	struct batch *batch = &w->receiving;
	if (!session) {
		w->ends[flight->to].drops[DROP_GRE_UNKNOWN_CALL]++;
		return;
	}
	struct packet *p = &batch->packets[batch->count];
	packet_reset(p);
	memcpy(p->data, flight->bytes, flight->length);
	p->length = flight->length;
	if (session_admit(session, p, flight->tos, &item, w->now_ms) || !item.has_payload)
		return;
	size_t slot = batch->count++;
	batch->sessions[slot] = session;
	batch->items[slot] = item;
	if (!item.link.alone)
		return;
	/* What came before it first, then this one, before the next is admitted. */
	struct packet alone = *p;
	alone.data = alone.buffer + (p->data - p->buffer);
	batch->count = slot;
	settle(w, flight->to);
	batch->packets[0] = alone;
	batch->packets[0].data = batch->packets[0].buffer + (alone.data - alone.buffer);
	batch->sessions[0] = session;
	batch->items[0] = item;
	if (item.link.encrypted)
		batch->items[0].link.mppe.data =
			batch->packets[0].buffer + (item.link.mppe.data - p->buffer);
	batch->count = 1;
	settle(w, flight->to);
}

void world_receive(struct world *w, int to, const struct in_flight *const *flights, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		receive_one(w, flights[i]);
		if (session_host_is_crowded(&w->ends[to].host)) {
			settle(w, to);
			world_perform(w, to);
		}
	}
	settle(w, to);
	world_perform(w, to);
}

void world_arrive(struct world *w, int to, const uint8_t *bytes, size_t length)
{
	static struct in_flight flight;
	const struct in_flight *one = &flight;
	flight.to = (uint8_t)to;
	flight.length = (uint16_t)length;
	memcpy(flight.bytes, bytes, length);
	world_receive(w, to, &one, 1);
}

/* An octet of the payload of the packet with this number. */
static uint8_t pattern(uint32_t number, size_t at)
{
	return (uint8_t)(number * 7 + at + (at >> 8));
}

uint32_t world_inbox_number(const struct world *w, int end, unsigned slot)
{
	assert_true(slot < w->ends[end].inbox_count && slot < INBOX_SLOTS);
	const uint8_t *bytes = w->ends[end].inbox[slot].bytes;
	struct reader in = reader_of(bytes + NUMBER_AT, 4);
	uint32_t number = read_u32(&in);
	for (size_t at = NUMBER_AT + 4; at < w->ends[end].inbox[slot].length; at++)
		assert_int_equal(bytes[at], pattern(number, at));
	return number;
}

/* ---- out ---- */

void world_make_udp(struct packet *p, const struct session *s, uint32_t number, size_t octets)
{
	packet_reset(p);
	memset(p->data, 0, octets);
	struct writer out = writer_of(p->data, octets);
	write_u16(&out, 0x4500);
	write_u16(&out, (uint16_t)octets);
	write_u32(&out, 0x00010000);
	write_u32(&out, 0x40110000); /* TTL, UDP; the checksum follows when it is sent */
	write_u32(&out, s->addresses.local);
	write_u32(&out, s->addresses.remote);
	write_u32(&out, 0x10001000);
	write_u32(&out, 0);
	if (octets >= NUMBER_AT + 4)
		write_u32(&out, number);
	while (out.length < octets)
		write_u8(&out, pattern(number, out.length));
	p->length = octets;
	assert_false(out.failed);
}

void world_make_ipv6(struct packet *p, const uint8_t *from, const uint8_t *to, size_t octets)
{
	static const uint8_t link_local[8] = {0xfe, 0x80};
	packet_reset(p);
	memset(p->data, 0, octets);
	struct writer out = writer_of(p->data, octets);
	write_u32(&out, 0x60000000);
	write_u16(&out, (uint16_t)(octets - IPV6_HEADER));
	write_u16(&out, IP_UDP << 8 | 64);
	write_bytes(&out, link_local, 8);
	write_bytes(&out, from, 8);
	write_bytes(&out, link_local, 8);
	write_bytes(&out, to, 8);
	p->length = octets;
}

/* As its sender's kernel does it, for a test may have changed what it covers. */
static void make_checksum_right(struct packet *p)
{
	struct ip_view view;
	if (!ip_look(&view, p) || view.version != 4)
		return;
	struct writer out = writer_of(view.bytes + 10, 2);
	memset(view.bytes + 10, 0, 2);
	write_u16(&out, checksum_of(view.bytes, view.header));
}

void world_seal(struct world *w, int from)
{
	struct batch *batch = &w->sending[from];
	run_mppe(w, batch);
	for (size_t i = 0; i < batch->count; i++) {
		session_seal(batch->sessions[i], &batch->packets[i]);
		world_fly(w, !from, batch->items[i].tos, batch->packets[i].data,
			  batch->packets[i].length);
	}
	batch->count = 0;
}

/* The number of packets that it became: one, or none. */
static unsigned enclose(struct world *w, int from, struct session *s, const struct packet *p)
{
	struct batch *batch = &w->sending[from];
	struct packet *mine = &batch->packets[batch->count];
	packet_reset(mine);
	memcpy(mine->data, p->data, p->length);
	mine->length = p->length;
	if (session_enclose(s, mine, &batch->items[batch->count], w->now_ms) != DROP_NONE)
		return 0;
	batch->sessions[batch->count++] = s;
	assert_in_range(w->send_batch, 1, BATCH_MAX);
	if (batch->count >= w->send_batch)
		world_seal(w, from);
	return 1;
}

static unsigned enclose_pieces(struct world *w, int from, struct session *s, struct packet *p)
{
	static struct packet piece;
	struct fragmenter cut;
	struct ip_view view;
	unsigned pieces = 0;
	assert_true(ip_look(&view, p));
	assert_true(fragmenter_init(&cut, &view, session_mtu(s), true, ++s->identification));
	while (fragmenter_next(&cut, &piece))
		pieces += enclose(w, from, s, &piece);
	return pieces;
}

struct sending world_send_packet(struct world *w, int from, unsigned session, struct packet *p)
{
	struct session *s = world_session(w, from, session);
	struct sending sending = {0};
	make_checksum_right(p);
	sending.drop = session_outbound(s, p, &sending.fit, &sending.tell, w->now_ms);
	if (sending.drop)
		return sending;
	sending.pieces = sending.fit == SESSION_FRAGMENT ? enclose_pieces(w, from, s, p)
							 : enclose(w, from, s, p);
	return sending;
}

void world_send(struct world *w, int from, unsigned session, unsigned count, size_t octets)
{
	static struct packet p;
	assert_non_null(world_session(w, from, session));
	for (unsigned sent = 0; sent < count; sent++) {
		world_make_udp(&p, world_session(w, from, session), sent, octets);
		struct sending sending = world_send_packet(w, from, session, &p);
		assert_int_equal(sending.drop, DROP_NONE);
		assert_int_equal(sending.fit, SESSION_FITS);
	}
	world_seal(w, from);
}
