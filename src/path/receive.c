/* From the network to the TUN device. */
#include <errno.h>
#include <stdlib.h>

#include "ip/merge.h"
#include "path/backlog.h"
#include "path/order.h"
#include "path/path_inner.h"

struct path_receiving {
	struct backlog backlog;
	uint64_t overrun, overrun_ms; /* what the kernel dropped, and when it was asked */
	struct path_entry entries[GRE_BATCH];
	size_t count;
	struct order order; /* of those that were delivered */
	struct merger merger;
	struct merged merged;
	struct path_entry alone; /* the packet that must be delivered before the next is admitted */
	bool has_received;       /* in this turn of the loop */
};

_Static_assert((int)GRE_BATCH <= (int)MERGER_PACKETS,
	       "a batch from the network fits into the merger");
_Static_assert((int)GRE_BATCH <= (int)ORDER_PACKETS, "and can be put into order");

static bool is_late(const struct path_entry *entry)
{
	const struct gre_window *window = &entry->member->session->gre.window;
	return window->started && (int32_t)(entry->item.seq - window->newest) < 0;
}

static void deliver(struct path *path, size_t at)
{
	struct path_entry *entry = &path->receiving->entries[at];
	enum link_payload payload;
	bool late = is_late(entry);
	if (session_deliver(entry->member->session, entry->packet, &entry->item, &payload,
			    path->loop->now_ms) == DROP_NONE &&
	    payload != LINK_PAYLOAD_NONE)
		order_add(&path->receiving->order,
			  (struct order_place){entry->member, entry->item.seq, (uint32_t)at}, late);
	path->owner->touched(path->context, entry->member);
}

/* Where there is no device, the owner is. */
static void hand_on(struct path *path, const struct path_entry *entry, uint32_t tag)
{
	if (path->tun.fd < 0)
		path->owner->take(path->context, entry->member, entry->packet);
	else
		merger_add(&path->receiving->merger, entry->packet, tag);
}

/* Writes what was delivered, merged as far as it can be. */
static void write_merged(struct path *path)
{
	struct path_receiving *batch = path->receiving;
	while (merger_next(&batch->merger, &batch->merged)) {
		if (!tun_send(&path->tun, &batch->merged))
			continue;
		/* A flow is one session's, whose source addresses are checked. */
		struct session *session = batch->entries[batch->merged.tag].member->session;
		for (size_t i = 0; i < batch->merged.count; i++)
			session_drop(session, DROP_QUEUE_FULL);
	}
}

/* Runs and delivers all that were admitted. */
static void settle(struct path *path)
{
	struct path_receiving *batch = path->receiving;
	path_run(path, batch->entries, batch->count);
	merger_init(&batch->merger, path->tun.merges);
	batch->order.count = 0;
	for (size_t i = 0; i < batch->count; i++)
		deliver(path, i);
	for (size_t i = 0; i < batch->order.count; i++) {
		uint32_t tag = batch->order.places[i].tag;
		hand_on(path, &batch->entries[tag], tag);
	}
	write_merged(path);
	batch->count = 0;
}

static bool has_call_id(const struct packet *p)
{
	return p->length >= 8;
}

static uint16_t call_id_of(const struct packet *p)
{
	return (uint16_t)(p->data[6] << 8 | p->data[7]);
}

/* Whose it is; NULL: nobody's, which is counted. */
static struct path_member *find(struct path *path, const struct gre_datagram *datagram)
{
	if (!has_call_id(datagram->packet)) {
		path->owner->drop(path->context, DROP_GRE_MALFORMED);
		return NULL;
	}
	struct path_member *member =
		path->owner->by_packet(path->context, call_id_of(datagram->packet),
				       datagram->source, datagram->destination);
	if (!member)
		path->owner->drop(path->context, DROP_GRE_UNKNOWN_CALL);
	return member;
}

static void receive_one(struct path *path, const struct gre_datagram *datagram)
{
	struct path_receiving *batch = path->receiving;
	struct packet *p = datagram->packet;
	struct path_member *member = find(path, datagram);
	if (!member)
		return;
	struct path_entry *entry = &batch->entries[batch->count];
	entry->member = member;
	entry->packet = p;
	if (session_admit(member->session, p, datagram->tos, &entry->item, path->loop->now_ms) ||
	    !entry->item.has_payload)
		return;
	if (!entry->item.link.alone) {
		batch->count++;
		return;
	}
	/* What came before it first, then this one, before the next is admitted. */
	struct path_entry *alone = &batch->alone;
	*alone = *entry;
	settle(path);
	batch->entries[batch->count++] = *alone;
	settle(path);
}

/* Control frames of this batch want much done already: it is done before more is read of them. */
static void relieve(struct path *path)
{
	settle(path); /* before a session that it belongs to may be gone */
	path->owner->perform(path->context);
}

/* Call id and caller: as much as the packet says of whose it is. */
static uint64_t key_of(const struct gre_datagram *datagram)
{
	uint16_t call_id = has_call_id(datagram->packet) ? call_id_of(datagram->packet) : 0;
	return (uint64_t)datagram->source << 16 | call_id;
}

/* What the kernel has dropped so far, asked once a millisecond: it is a system call. */
static uint64_t overrun_of(struct path *path)
{
	struct path_receiving *receiving = path->receiving;
	if (receiving->overrun_ms != path->loop->now_ms) {
		receiving->overrun_ms = path->loop->now_ms;
		receiving->overrun = gre_port_overrun(path->gre);
	}
	return receiving->overrun;
}

/* What of this batch is not to be decrypted. */
static struct backlog_excess look_at_backlog(struct path *path,
					     const struct gre_datagram *datagrams, int count)
{
	struct backlog *backlog = &path->receiving->backlog;
	uint64_t keys[GRE_BATCH], now_ns = path->loop->now_ns;
	if (count < GRE_BATCH) {
		backlog_drained(backlog, now_ns);
		return (struct backlog_excess){0};
	}
	for (int i = 0; i < count; i++)
		keys[i] = key_of(&datagrams[i]);
	uint64_t overrun = backlog_is_old(backlog, now_ns) ? overrun_of(path) : 0;
	return backlog_look(backlog, keys, (unsigned)count, overrun, now_ns);
}

static void drop_one(struct path *path, const struct gre_datagram *datagram, enum drop drop)
{
	struct path_member *member = find(path, datagram);
	if (member)
		session_drop(member->session, drop);
}

static void receive_batch(struct path *path, const struct gre_datagram *datagrams, int count)
{
	struct backlog_excess excess = look_at_backlog(path, datagrams, count);
	for (int i = 0; i < count; i++) {
		if (excess.count && key_of(&datagrams[i]) == excess.key) {
			excess.count--;
			drop_one(path, &datagrams[i],
				 excess.is_pressed ? DROP_QUEUE_CROWDED : DROP_QUEUE_LATE);
			continue;
		}
		receive_one(path, &datagrams[i]);
		if (session_host_is_crowded(path->host))
			relieve(path);
	}
	settle(path);
	path->owner->perform(path->context);
	path_flush(path);
}

void path_receive_waiting(struct path *path)
{
	struct gre_datagram datagrams[GRE_BATCH];
	int count = gre_port_receive(path->gre, datagrams);
	if (count <= 0) {
		backlog_drained(&path->receiving->backlog, path->loop->now_ns);
		return path_rest(path);
	}
	path->counters.receive_calls++;
	path->counters.receive_packets += (uint64_t)count;
	receive_batch(path, datagrams, count);
	path_rest(path);
}

void path_on_gre(void *context, uint32_t events)
{
	struct path *path = context;
	(void)events;
	path_receive_waiting(path);
	path->receiving->has_received = true;
}

void path_end_receiving(struct path *path)
{
	if (gre_port_has_waiting(path->gre) && !path->receiving->has_received)
		path_receive_waiting(path);
	path->receiving->has_received = false;
}

int path_receiving_init(struct path *path)
{
	path->receiving = calloc(1, sizeof(*path->receiving));
	return path->receiving ? 0 : -ENOMEM;
}

void path_receiving_fini(struct path *path)
{
	free(path->receiving);
}
