/* From the TUN device to the network. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ip/fragment.h"
#include "ip/icmp.h"
#include "ip/ip.h"
#include "ip/split.h"
#include "path/path_inner.h"

struct path_sending {
	struct path_entry entries[PATH_BATCH];
	size_t count;
	size_t pieces_used, segments_used;
	struct packet tun[PATH_TUN];
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

/* Its sender hears of the session's MTU, for the next packet; this one is delivered all the same.
 */
static void tell_sender(struct path *path, const struct session *session, struct packet *p)
{
	struct packet *answer = &path->sending->answer;
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
	if (good && path->tun.fd >= 0)
		tun_send_packet(&path->tun,
				answer); /* one that is lost is sent again with the next packet */
}

void path_send(struct path *path, struct path_member *member, struct packet *p)
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
	path->owner->touched(path->context, member);
}

/* Looks at `length` octets from the TUN device; NULL where they are nobody's, which is counted. */
static struct path_member *look(struct path *path, uint8_t *bytes, size_t length,
				struct ip_view *view)
{
	enum drop drop = DROP_IP_MALFORMED;
	struct path_member *member = NULL;
	if (ip_look_at(view, bytes, length))
		member = path->owner->by_destination(path->context, view, &drop);
	if (!member)
		path->owner->drop(path->context, drop);
	return member;
}

static void send_one(struct path *path, struct packet *p)
{
	struct ip_view view;
	struct path_member *member = look(path, p->data, p->length, &view);
	if (member)
		path_send(path, member, p);
}

/* Sends a super-segment's packets, in batches as large as there is room for. Returns how many. */
static size_t send_super(struct path *path, const struct tun_super *super)
{
	struct path_sending *batch = path->sending;
	struct splitter cut;
	struct ip_view view;
	size_t count = 0;
	struct path_member *member = look(path, super->bytes, super->length, &view);
	if (!member)
		return 1;
	if (!splitter_init(&cut, &view, &super->vnet, session_split_mtu(member->session, &view))) {
		session_drop(member->session, DROP_IP_MALFORMED);
		return 1;
	}
	for (;; count++) {
		if (batch->segments_used == PATH_SEGMENTS)
			path_settle(path);
		struct packet *p = &batch->segments[batch->segments_used];
		if (!splitter_next(&cut, p))
			break;
		batch->segments_used++;
		path_send(path, member, p);
	}
	return count;
}

void path_on_tun(void *context, uint32_t events)
{
	struct path *path = context;
	struct path_sending *batch = path->sending;
	size_t sent = 0, used = 0;
	(void)events;
	while (sent < (size_t)PATH_ROUNDS * PATH_TUN) {
		struct tun_super super;
		if (used == PATH_TUN) {
			path_settle(path);
			used = 0;
		}
		struct packet *p = &batch->tun[used];
		int got = tun_receive(&path->tun, p, &super);
		if (got <= TUN_NOTHING)
			break;
		used++;
		if (got == TUN_SUPER) {
			sent += send_super(path, &super);
		} else {
			send_one(path, p);
			sent++;
		}
	}
	path_settle(path);
	path_rest(path);
}

int path_sending_init(struct path *path)
{
	path->sending = calloc(1, sizeof(*path->sending));
	return path->sending ? 0 : -ENOMEM;
}

void path_sending_fini(struct path *path)
{
	free(path->sending);
}
