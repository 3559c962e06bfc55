/* From the TUN device to the network. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/clock.h"
#include "ip/fragment.h"
#include "ip/icmp.h"
#include "ip/ip.h"
#include "ip/split.h"
#include "path/path_inner.h"
#include "path/queue.h"

struct path_sending {
	struct path_entry entries[PATH_BATCH];
	size_t count;
	size_t pieces_used, segments_used;
	bool has_sent; /* in this turn of the loop */
	struct queue queue;
	struct packet pieces[PATH_PIECES];
	struct packet segments[PATH_SEGMENTS]; /* of super-segments */
	struct packet answer;                  /* an ICMP message */
};

/* Seals and queues all that were enclosed, in order, and sends them. */
void path_settle(struct path *path)
{
	struct path_sending *batch = path->sending;
	path_run(path, batch->entries, batch->count);
	for (size_t i = 0; i < batch->count; i++) {
		struct path_entry *entry = &batch->entries[i];
		struct session *session = entry->member->session;
		session_seal(session, entry->packet);
		gre_port_put(path->gre, entry->packet, session->called, session->caller.address,
			     entry->item.tos);
	}
	gre_port_flush(path->gre);
	batch->count = batch->pieces_used = batch->segments_used = 0;
	queue_settled(&batch->queue);
}

static void enclose(struct path *path, struct path_member *member, struct packet *p)
{
	struct path_sending *batch = path->sending;
	struct path_entry *entry = &batch->entries[batch->count];
	entry->member = member;
	entry->packet = p;
	if (session_enclose(member->session, p, &entry->item, path->loop->now_ms) == DROP_NONE)
		batch->count++;
}

/* The packet is cut to what the session carries; its pieces take the place of it. */
static void enclose_pieces(struct path *path, struct path_member *member, struct packet *p)
{
	enum {
		PIECES_OF_ONE = 32
	}; /* the smallest MTU, 576 less headers, cuts 2,048 octets into five */
	struct path_sending *batch = path->sending;
	struct session *session = member->session;
	struct fragmenter cut;
	struct ip_view view;
	if (batch->pieces_used + PIECES_OF_ONE > PATH_PIECES)
		path_settle(path);
	if (++session->identification == 0)
		session->identification = 1;
	if (!ip_look(&view, p) ||
	    !fragmenter_init(&cut, &view, session_mtu(session), true, session->identification)) {
		session_drop(session, DROP_IP_TOO_BIG);
		return;
	}
	while (batch->pieces_used < PATH_PIECES &&
	       fragmenter_next(&cut, &batch->pieces[batch->pieces_used]))
		enclose(path, member, &batch->pieces[batch->pieces_used++]);
}

/*
 * Its sender hears of the session's MTU, for the next packet; this one is delivered all the same. As if
 * the other end said so: a host believes nobody who speaks from its own address.
 */
static void tell_sender(struct path *path, const struct session *session, struct packet *p)
{
	struct packet *answer = &path->sending->answer;
	uint16_t mtu = session_mtu(session);
	struct ip_view view;
	bool good = ip_look(&view, p);
	if (good && view.version == 4) {
		good = icmp_too_big(answer, &view, session->addresses.remote, mtu);
	} else if (good) {
		uint8_t source[IPV6_ADDRESS] = {0xfe, 0x80};
		memcpy(source + 8, session->addresses.remote_id, 8);
		good = icmpv6_too_big(answer, &view, source, mtu);
	}
	if (good && path->tun.fd >= 0)
		tun_send_packet(&path->tun,
				answer); /* one that is lost is sent again with the next packet */
}

static void send_one(struct path *path, struct path_member *member, struct packet *p)
{
	enum session_fit fit;
	bool tell;
	enum drop drop = session_outbound(member->session, p, &fit, &tell, path->loop->now_ms);
	if (tell)
		tell_sender(path, member->session, p);
	if (!drop && fit == SESSION_FRAGMENT)
		enclose_pieces(path, member, p);
	else if (!drop)
		enclose(path, member, p);
}

void path_send(struct path *path, struct path_member *member, struct packet *p)
{
	send_one(path, member, p);
	path->owner->touched(path->context, member);
}

/* ---- from the TUN device ---- */

/* Puts what was read into the queue of whose it is; false: nobody's, or not to be cut, which is counted. */
static bool sort_in(struct path *path, struct queue_item *item, const struct tun_super *super,
		    uint64_t now_ns)
{
	struct ip_view view;
	enum drop drop = DROP_IP_MALFORMED;
	struct path_member *member = NULL;
	uint8_t *bytes = item->is_super ? super->bytes : item->packet.data;
	size_t length = item->is_super ? super->length : item->packet.length;
	if (ip_look_at(&view, bytes, length))
		member = path->owner->by_destination(path->context, &view, &drop);
	if (!member) {
		path->owner->drop(path->context, drop);
		return false;
	}
	if (item->is_super && !splitter_init(&item->cut, &view, &super->vnet,
					     session_split_mtu(member->session, &view))) {
		session_drop(member->session, DROP_IP_MALFORMED);
		return false;
	}
	queue_put(&path->sending->queue, member, item, &view, now_ns);
	return true;
}

/*
 * Reads what waits in the device: however much of it is one caller's, the others' is seen. The device's
 * own queue is everybody's and drops at its tail, so it is read faster than batches are sent from ours.
 */
static void read_tun(struct path *path)
{
	struct queue *queue = &path->sending->queue;
	uint64_t now_ns = path->loop->now_ns;
	size_t octets = 0;
	for (int i = 0; i < PATH_READ && octets < PATH_READ_OCTETS; i++) {
		struct tun_super super;
		struct queue_item *item = queue_room(queue);
		if (!item)
			return;
		int got = tun_receive(&path->tun, &item->packet, item->bytes, &super);
		item->is_super = got == TUN_SUPER;
		if (got <= TUN_NOTHING || !sort_in(path, item, &super, now_ns))
			queue_give_back(queue, item);
		if (got <= TUN_NOTHING)
			return;
		octets += got == TUN_SUPER ? super.length : item->packet.length;
	}
}

/* Sends a batch of those whose turn it is. */
static void send_batch(struct path *path)
{
	struct path_sending *batch = path->sending;
	struct path_member *last = NULL;
	struct queue_taken taken;
	uint64_t now_ns = path->loop->now_ns;
	for (int i = 0; i < PATH_SEGMENTS; i++) {
		struct packet *segment = &batch->segments[batch->segments_used];
		if (!queue_take(&batch->queue, segment, now_ns, &taken))
			break;
		batch->segments_used += taken.packet == segment;
		if (last && last != taken.member)
			path->owner->touched(path->context, last);
		last = taken.member;
		send_one(path, taken.member, taken.packet);
	}
	path_settle(path);
	if (last)
		path->owner->touched(path->context, last);
}

void path_on_tun(void *context, uint32_t events)
{
	struct path *path = context;
	struct path_sending *batch = path->sending;
	(void)events;
	read_tun(path);
	path_send_waiting(path);
	batch->has_sent = true;
}

bool path_has_waiting(const struct path *path)
{
	return !queue_is_empty(&path->sending->queue);
}

void path_send_waiting(struct path *path)
{
	if (path_has_waiting(path))
		send_batch(path);
	path_rest(path);
}

void path_end_sending(struct path *path)
{
	if (path_has_waiting(path) && !path->sending->has_sent)
		path_send_waiting(path);
	path->sending->has_sent = false;
}

/* ---- both ---- */

void path_forget(struct path *path, struct path_member *member)
{
	ahead_forget(member);
	supplies_forget(&path->supplies, member);
	if (path->sending)
		queue_forget(&path->sending->queue, member);
}

int path_sending_init(struct path *path)
{
	struct random random = random_system();
	uint64_t seed;
	random_fill(&random, (uint8_t *)&seed, sizeof(seed));
	path->sending = calloc(1, sizeof(*path->sending));
	return path->sending ? queue_init(&path->sending->queue, seed) : -ENOMEM;
}

void path_sending_fini(struct path *path)
{
	if (path->sending)
		queue_fini(&path->sending->queue);
	free(path->sending);
}
