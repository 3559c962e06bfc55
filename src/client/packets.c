/*
 * Packets in batches: receive up to GRE_BATCH, admit each, run MPPE over all that wait, deliver; and
 * the other way, enclose, run MPPE, seal, send. Nothing here allocates, and no packet overtakes
 * another of its call.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "client/dialer.h"
#include "io/clock.h"

enum { ROUNDS = 4 }; /* batches in a row before others have their turn */

/* One packet on its way through a batch. */
struct entry {
	struct call *call;
	struct packet *packet;
	struct session_item item;
};

struct batch {
	struct entry entries[GRE_BATCH];
	size_t count;
};

struct dialer_batch {
	struct batch in, out;
};

_Static_assert((int)DIALER_BATCH <= (int)GRE_BATCH, "a batch is sent with one system call");

static void run_mppe(const struct rc4_plan *plan, struct batch *batch)
{
	struct mppe_item *items[GRE_BATCH];
	size_t count = 0;
	for (size_t i = 0; i < batch->count; i++)
		if (batch->entries[i].item.link.encrypted)
			items[count++] = &batch->entries[i].item.link.mppe;
	if (count)
		mppe_run_by(plan, items, count);
}

/* ---- from the network ---- */

static void deliver(struct dialer *dialer, struct entry *entry)
{
	enum link_payload payload;
	if (session_deliver(entry->call->session, entry->packet, &entry->item, &payload,
			    dialer->loop->now_ms) == DROP_NONE &&
	    payload != LINK_PAYLOAD_NONE)
		dialer->events->on_packet(dialer->context, entry->call, entry->packet);
	dialer_touch(dialer, entry->call);
}

/* Runs and delivers all that were admitted. Calls end in dialer_perform, so those of the batch are
 * all alive. */
static void settle_received(struct dialer *dialer)
{
	struct batch *batch = &dialer->batch->in;
	run_mppe(&dialer->plan, batch);
	for (size_t i = 0; i < batch->count; i++)
		deliver(dialer, &batch->entries[i]);
	batch->count = 0;
}

static void receive_one(struct dialer *dialer, const struct gre_datagram *datagram)
{
	struct batch *batch = &dialer->batch->in;
	struct packet *p = datagram->packet;
	struct session_item item;
	if (p->length < 8) { /* no call id to look at */
		dialer->drops[DROP_GRE_MALFORMED]++;
		return;
	}
	uint16_t call_id = (uint16_t)(p->data[6] << 8 | p->data[7]);
	struct call *call =
		dialer_call_by_packet(dialer, call_id, datagram->source, datagram->destination);
	if (!call) {
		dialer->drops[DROP_GRE_UNKNOWN_CALL]++;
		return;
	}
	/* The server's first Configure-Request follows its Outgoing-Call-Reply at once, and may be
	 * read before it: dropped, it would come again only after three seconds. */
	if (call->session->state == SESSION_CALLING)
		dialer_hear_line(dialer, call);
	if (session_admit(call->session, p, &item, dialer->loop->now_ms) || !item.has_payload)
		return;
	if (item.link.alone) /* what came before it first, then this one, before the next */
		settle_received(dialer);
	batch->entries[batch->count++] = (struct entry){call, p, item};
	if (item.link.alone)
		settle_received(dialer);
}

static void on_gre(void *context, uint32_t events)
{
	struct dialer *dialer = context;
	struct gre_datagram datagrams[GRE_BATCH];
	(void)events;
	dialer->performing = true; /* until the batch is settled, no call of it may go */
	for (int round = 0; round < ROUNDS; round++) {
		int count = gre_port_receive(dialer->gre, datagrams);
		for (int i = 0; i < count; i++) {
			receive_one(dialer, &datagrams[i]);
			if (!session_host_is_crowded(&dialer->host))
				continue;
			settle_received(dialer);
			dialer->performing = false;
			dialer_perform(dialer);
			dialer->performing = true;
		}
		settle_received(dialer);
		dialer->performing = false;
		dialer_perform(dialer);
		dialer->performing = true;
		gre_port_flush(dialer->gre);
		if (count < GRE_BATCH)
			break;
	}
	dialer->performing = false;
}

/* ---- to the network ---- */

void dialer_send(struct dialer *dialer, struct call *call, struct packet *p)
{
	struct batch *batch = &dialer->batch->out;
	struct entry *entry = &batch->entries[batch->count];
	uint64_t now_ms = dialer->loop->now_ms;
	enum session_fit fit;
	bool tell;
	assert(batch->count < DIALER_BATCH);
	if (session_outbound(call->session, p, &fit, &tell, now_ms))
		return;
	if (fit != SESSION_FITS) { /* whoever makes the packets knows the MTU */
		session_drop(call->session, DROP_IP_TOO_BIG);
		return;
	}
	entry->call = call;
	entry->packet = p;
	if (session_enclose(call->session, p, &entry->item, now_ms) == DROP_NONE)
		batch->count++;
	dialer_touch(dialer, call);
}

void dialer_flush(struct dialer *dialer)
{
	struct batch *batch = &dialer->batch->out;
	run_mppe(&dialer->plan, batch);
	for (size_t i = 0; i < batch->count; i++) {
		struct session *session = batch->entries[i].call->session;
		session_seal(session, batch->entries[i].packet);
		gre_port_put(dialer->gre, batch->entries[i].packet, session->called,
			     session->caller.address, 0);
	}
	batch->count = 0;
	gre_port_flush(dialer->gre);
}

void dialer_send_frame(struct dialer *dialer, const struct session *session, const uint8_t *bytes,
		       size_t length)
{
	struct packet *p = gre_port_packet(dialer->gre);
	if (length > packet_room(p))
		return; /* no control frame of ours is so long */
	memcpy(p->data, bytes, length);
	p->length = length;
	gre_port_put(dialer->gre, p, session->called, session->caller.address, 0);
}

/* ---- both ---- */

static void at_end(void *context)
{
	struct dialer *dialer = context;
	gre_port_flush(dialer->gre);
}

int dialer_packets_init(struct dialer *dialer)
{
	dialer->batch = calloc(1, sizeof(*dialer->batch));
	if (!dialer->batch)
		return -ENOMEM;
	dialer->gre_watcher =
		(struct watcher){.on_ready = on_gre, .context = dialer, .fd = dialer->gre->fd};
	dialer->plan = rc4_choose(clock_now_ns);
	dialer->loop->at_end = at_end;
	dialer->loop->at_end_context = dialer;
	return loop_watch(dialer->loop, &dialer->gre_watcher, EPOLLIN);
}

void dialer_packets_fini(struct dialer *dialer)
{
	loop_unwatch(dialer->loop, &dialer->gre_watcher);
	dialer->loop->at_end = NULL;
	free(dialer->batch);
	dialer->batch = NULL;
}
