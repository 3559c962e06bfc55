#include "server/packets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "io/clock.h"
#include "io/tun.h"
#include "ip/fragment.h"
#include "ip/icmp.h"
#include "ip/merge.h"
#include "ip/source.h"
#include "ip/split.h"
#include "server/engine.h"

/* One packet on its way through a batch. */
struct entry {
	struct member *member;
	struct packet *packet;
	struct session_item item;
};

struct packets_batch {
	struct entry entries[PACKETS_BATCH];
	size_t count;
	size_t pieces_used, segments_used;
	struct packet tun[PACKETS_TUN];
	struct packet pieces[PACKETS_PIECES];
	struct packet segments[PACKETS_SEGMENTS]; /* of super-segments */
	struct merger merger;
	struct merged merged;
	struct packet answer; /* an ICMP message */
	struct entry alone;   /* the packet that must be delivered before the next is admitted */
};

_Static_assert((int)GRE_BATCH <= (int)MERGER_PACKETS,
	       "a batch from the network fits into the merger");

static void run_mppe(struct packets *packets)
{
	struct packets_batch *batch = packets->batch;
	struct mppe_item *items[PACKETS_BATCH];
	size_t count = 0;
	for (size_t i = 0; i < batch->count; i++) {
		if (!batch->entries[i].item.link.encrypted)
			continue;
		items[count++] = &batch->entries[i].item.link.mppe;
		ahead_note(&packets->ahead, batch->entries[i].member);
	}
	if (count)
		mppe_run_by(&packets->plan, items, count);
	packets->engine->loop->has_idle_work = packets->ahead.count > 0;
}

/* ---- from the network ---- */

static void deliver(struct packets *packets, size_t at)
{
	struct entry *entry = &packets->batch->entries[at];
	enum link_payload payload;
	if (session_deliver(entry->member->session, entry->packet, &entry->item, &payload,
			    packets->engine->loop->now_ms) == DROP_NONE &&
	    payload != LINK_PAYLOAD_NONE)
		merger_add(&packets->batch->merger, entry->packet, (uint32_t)at);
	engine_touch(packets->engine, entry->member);
}

/* Writes what was delivered, merged as far as it can be. */
static void write_merged(struct packets *packets)
{
	struct packets_batch *batch = packets->batch;
	while (merger_next(&batch->merger, &batch->merged)) {
		if (!tun_send(&packets->tun, &batch->merged))
			continue;
		/* A flow is one session's, whose source addresses are checked. */
		struct session *session = batch->entries[batch->merged.tag].member->session;
		for (size_t i = 0; i < batch->merged.count; i++)
			session_drop(session, DROP_QUEUE_FULL);
	}
}

/* Runs and delivers all that were admitted. */
static void settle_received(struct packets *packets)
{
	struct packets_batch *batch = packets->batch;
	run_mppe(packets);
	merger_init(&batch->merger, packets->tun.merges);
	for (size_t i = 0; i < batch->count; i++)
		deliver(packets, i);
	write_merged(packets);
	batch->count = 0;
}

static void receive_one(struct packets *packets, const struct gre_datagram *datagram)
{
	struct packets_batch *batch = packets->batch;
	struct packet *p = datagram->packet;
	if (p->length < 8) { /* no call id to look at */
		engine_drop(packets->engine, DROP_GRE_MALFORMED);
		return;
	}
	uint16_t call_id = (uint16_t)(p->data[6] << 8 | p->data[7]);
	struct member *member = table_by_call(&packets->engine->table, call_id, datagram->source);
	if (!member) {
		engine_drop(packets->engine, DROP_GRE_UNKNOWN_CALL);
		return;
	}
	struct entry *entry = &batch->entries[batch->count];
	entry->member = member;
	entry->packet = p;
	if (session_admit(member->session, p, &entry->item, packets->engine->loop->now_ms) ||
	    !entry->item.has_payload)
		return;
	if (!entry->item.link.alone) {
		batch->count++;
		return;
	}
	/* What came before it first, then this one, before the next is admitted. */
	struct entry *alone = &batch->alone;
	*alone = *entry;
	settle_received(packets);
	batch->entries[batch->count++] = *alone;
	settle_received(packets);
}

/* Control frames of this batch want much done already: it is done before more is read of them. */
static void relieve(struct packets *packets)
{
	settle_received(packets); /* before a session that it belongs to may be gone */
	engine_perform(packets->engine);
}

/* What the port would not take or could not send is counted by itself. */
static void count_of_port(struct packets *packets)
{
	const struct gre_port *gre = packets->gre;
	for (; packets->truncated < gre->truncated; packets->truncated++)
		engine_drop(packets->engine, DROP_GRE_TRUNCATED);
	for (; packets->unsent < gre->unsent; packets->unsent++)
		engine_drop(packets->engine, DROP_QUEUE_FULL);
	engine_report_drops(packets->engine);
}

static void on_gre(void *context, uint32_t events)
{
	struct packets *packets = context;
	struct gre_datagram datagrams[GRE_BATCH];
	(void)events;
	for (int round = 0; round < PACKETS_ROUNDS; round++) {
		int count = gre_port_receive(packets->gre, datagrams);
		if (count <= 0)
			break;
		packets->engine->counters.receive_calls++;
		packets->engine->counters.receive_packets += (uint64_t)count;
		for (int i = 0; i < count; i++) {
			receive_one(packets, &datagrams[i]);
			if (session_host_is_crowded(&packets->engine->host))
				relieve(packets);
		}
		settle_received(packets);
		engine_perform(packets->engine);
		packets_flush(packets);
		if (count < GRE_BATCH)
			break;
	}
	count_of_port(packets);
}

/* ---- from the TUN device ---- */

/* Seals and queues all that were enclosed, in order, and sends them. */
static void settle_sent(struct packets *packets)
{
	struct packets_batch *batch = packets->batch;
	run_mppe(packets);
	for (size_t i = 0; i < batch->count; i++) {
		struct entry *entry = &batch->entries[i];
		struct session *session = entry->member->session;
		session_seal(session, entry->packet);
		gre_port_put(packets->gre, entry->packet, session->called, session->caller.address,
			     0);
	}
	gre_port_flush(packets->gre);
	batch->count = batch->pieces_used = batch->segments_used = 0;
}

static void enclose(struct packets *packets, struct member *member, struct packet *p)
{
	struct packets_batch *batch = packets->batch;
	struct entry *entry = &batch->entries[batch->count];
	entry->member = member;
	entry->packet = p;
	if (session_enclose(member->session, p, &entry->item, packets->engine->loop->now_ms) ==
	    DROP_NONE)
		batch->count++;
}

/* The packet is cut to what the session carries; its pieces take the place of it. */
static void enclose_pieces(struct packets *packets, struct member *member, struct packet *p)
{
	enum {
		PIECES_OF_ONE = 32
	}; /* the smallest MTU, 576 less headers, cuts 2,048 octets into five */
	struct packets_batch *batch = packets->batch;
	struct session *session = member->session;
	struct fragmenter cut;
	struct ip_view view;
	if (batch->pieces_used + PIECES_OF_ONE > PACKETS_PIECES)
		settle_sent(packets);
	if (++session->identification == 0)
		session->identification = 1;
	if (!ip_look(&view, p) ||
	    !fragmenter_init(&cut, &view, session_mtu(session), true, session->identification)) {
		session_drop(session, DROP_IP_TOO_BIG);
		return;
	}
	while (batch->pieces_used < PACKETS_PIECES &&
	       fragmenter_next(&cut, &batch->pieces[batch->pieces_used]))
		enclose(packets, member, &batch->pieces[batch->pieces_used++]);
}

/* Its sender hears of the session's MTU, for the next packet; this one is delivered all the same.
 */
static void tell_sender(struct packets *packets, const struct session *session, struct packet *p)
{
	struct packet *answer = &packets->batch->answer;
	uint16_t mtu = session_mtu(session);
	struct ip_view view;
	bool good = ip_look(&view, p);
	if (good && view.version == 4) {
		good = icmp_too_big(answer, &view, session->addresses.local, mtu);
	} else if (good) {
		uint8_t source[IPV6_ADDRESS] = {0xfe, 0x80};
		memcpy(source + 8, session->addresses.local_id, 8);
		good = icmpv6_too_big(answer, &view, source, mtu);
	}
	if (good)
		tun_send_packet(&packets->tun,
				answer); /* one that is lost is sent again with the next packet */
}

/* Whose is it? NULL with the reason. */
static struct member *find_member(const struct table *table, const struct ip_view *view,
				  enum drop *drop)
{
	struct member *member = NULL;
	*drop = DROP_IP_NO_SESSION;
	if (view->version == 4) {
		member = table_by_inner(table, view->destination);
		if (!member &&
		    (ipv4_is_multicast(view->destination) || ipv4_is_broadcast(view->destination)))
			*drop = DROP_IP_MULTICAST;
	} else if (ipv6_is_multicast(ipv6_destination(view))) {
		*drop = DROP_IP_MULTICAST;
	} else if (ipv6_is_link_local(ipv6_destination(view))) {
		member = table_by_interface(table, ipv6_destination(view) + 8);
	}
	return member;
}

/* Looks at `length` octets from the TUN device; NULL where they are nobody's, which is counted. */
static struct member *look(struct packets *packets, uint8_t *bytes, size_t length,
			   struct ip_view *view)
{
	enum drop drop = DROP_IP_MALFORMED;
	struct member *member = NULL;
	if (ip_look_at(view, bytes, length))
		member = find_member(&packets->engine->table, view, &drop);
	if (!member)
		engine_drop(packets->engine, drop);
	return member;
}

static void send_to(struct packets *packets, struct member *member, struct packet *p)
{
	enum session_fit fit;
	bool tell;
	enum drop drop =
		session_outbound(member->session, p, &fit, &tell, packets->engine->loop->now_ms);
	if (tell)
		tell_sender(packets, member->session, p);
	if (drop)
		return;
	if (fit == SESSION_FRAGMENT)
		enclose_pieces(packets, member, p);
	else
		enclose(packets, member, p);
}

static void send_one(struct packets *packets, struct packet *p)
{
	struct ip_view view;
	struct member *member = look(packets, p->data, p->length, &view);
	if (!member)
		return;
	send_to(packets, member, p);
	engine_touch(packets->engine, member);
}

/* Sends a super-segment's packets, in batches as large as there is room for. Returns how many. */
static size_t send_super(struct packets *packets, const struct tun_super *super)
{
	struct packets_batch *batch = packets->batch;
	struct splitter cut;
	struct ip_view view;
	size_t count = 0;
	struct member *member = look(packets, super->bytes, super->length, &view);
	if (!member)
		return 1;
	if (!splitter_init(&cut, &view, &super->vnet, session_split_mtu(member->session, &view))) {
		session_drop(member->session, DROP_IP_MALFORMED);
		return 1;
	}
	for (;; count++) {
		if (batch->segments_used == PACKETS_SEGMENTS)
			settle_sent(packets);
		struct packet *p = &batch->segments[batch->segments_used];
		if (!splitter_next(&cut, p))
			break;
		batch->segments_used++;
		send_to(packets, member, p);
	}
	engine_touch(packets->engine, member);
	return count;
}

static void on_tun(void *context, uint32_t events)
{
	struct packets *packets = context;
	struct packets_batch *batch = packets->batch;
	size_t sent = 0, used = 0;
	(void)events;
	while (sent < (size_t)PACKETS_ROUNDS * PACKETS_TUN) {
		struct tun_super super;
		if (used == PACKETS_TUN) {
			settle_sent(packets);
			used = 0;
		}
		struct packet *p = &batch->tun[used];
		int got = tun_receive(&packets->tun, p, &super);
		if (got <= TUN_NOTHING)
			break;
		used++;
		if (got == TUN_SUPER) {
			sent += send_super(packets, &super);
		} else {
			send_one(packets, p);
			sent++;
		}
	}
	settle_sent(packets);
	count_of_port(packets);
}

/* ---- both ---- */

void packets_send(struct packets *packets, const struct session *session, const uint8_t *bytes,
		  size_t length)
{
	struct packet *p = gre_port_packet(packets->gre);
	if (length > packet_room(p))
		return; /* no control frame of ours is so long */
	memcpy(p->data, bytes, length);
	p->length = length;
	gre_port_put(packets->gre, p, session->called, session->caller.address, 0);
}

void packets_flush(struct packets *packets)
{
	gre_port_flush(packets->gre);
}

static void at_end(void *context)
{
	packets_flush(context);
}

static bool on_idle(void *context)
{
	struct packets *packets = context;
	struct engine *engine = packets->engine;
	engine->counters.keys_ahead += ahead_work(&packets->ahead, &packets->plan, &engine->table);
	return packets->ahead.count > 0;
}

int packets_init(struct packets *packets, struct engine *engine, struct gre_port *gre, int tun_fd)
{
	*packets = (struct packets){
		.engine = engine, .gre = gre, .truncated = gre->truncated, .unsent = gre->unsent};
	int error = tun_init(&packets->tun, tun_fd);
	if (error)
		return error;
	log_debug("tun super-segments=%s", packets->tun.merges & MERGE_UDP   ? "tcp,udp"
					   : packets->tun.merges & MERGE_TCP ? "tcp"
									     : "none");
	char kernels[RC4_PLAN_TEXT];
	packets->plan = rc4_choose(clock_now_ns);
	log_info("mppe kernels=\"%s\"", rc4_plan_print(&packets->plan, kernels));
	packets->batch = calloc(1, sizeof(*packets->batch));
	if (!packets->batch)
		return -ENOMEM;
	packets->gre_watcher =
		(struct watcher){.on_ready = on_gre, .context = packets, .fd = gre->fd};
	packets->tun_watcher =
		(struct watcher){.on_ready = on_tun, .context = packets, .fd = tun_fd};
	engine->loop->at_end = at_end;
	engine->loop->at_end_context = packets;
	engine->loop->on_idle = on_idle;
	engine->loop->on_idle_context = packets;
	error = loop_watch(engine->loop, &packets->gre_watcher, EPOLLIN);
	return error ? error : loop_watch(engine->loop, &packets->tun_watcher, EPOLLIN);
}

void packets_fini(struct packets *packets)
{
	if (!packets->engine)
		return;
	loop_unwatch(packets->engine->loop, &packets->gre_watcher);
	loop_unwatch(packets->engine->loop, &packets->tun_watcher);
	packets->engine->loop->at_end = NULL;
	packets->engine->loop->on_idle = NULL;
	packets->engine->loop->has_idle_work = false;
	free(packets->batch);
	tun_fini(&packets->tun);
	*packets = (struct packets){0};
}
