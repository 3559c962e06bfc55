#include "path/queue.h"

#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/map.h"
#include "io/tun.h"
#include "ip/marks.h"

enum { CROWDED_DROPS = 32 }; /* packets at once: the longest flow is not looked for with each */

/* ---- places ---- */

int queue_init(struct queue *q, uint64_t seed)
{
	*q = (struct queue){
		.seed = seed,
		.items = calloc(QUEUE_PACKETS, sizeof(*q->items)),
		.flows = calloc(QUEUE_FLOWS, sizeof(*q->flows)),
		.memory = malloc((size_t)QUEUE_SUPERS * TUN_SUPER_ROOM), /* touched as it is used */
	};
	turns_init(&q->sessions);
	list_init(&q->idle);
	if (!q->items || !q->flows || !q->memory) {
		queue_fini(q);
		return -ENOMEM;
	}
	for (size_t i = 0; i < QUEUE_FLOWS; i++)
		list_append(&q->idle, &q->flows[i].by_age);
	while (q->room_count < QUEUE_SUPERS) {
		q->rooms[q->room_count] = q->memory + q->room_count * TUN_SUPER_ROOM;
		q->room_count++;
	}
	return 0;
}

void queue_fini(struct queue *q)
{
	free(q->items);
	free(q->flows);
	free(q->memory);
	*q = (struct queue){0};
}

static bool has_room(const struct queue *q)
{
	return (q->free || q->used_ever < QUEUE_PACKETS) && q->room_count;
}

static void release_room(struct queue *q, struct queue_item *item)
{
	if (item->bytes)
		q->rooms[q->room_count++] = item->bytes;
	item->bytes = NULL;
}

void queue_give_back(struct queue *q, struct queue_item *item)
{
	release_room(q, item);
	item->next = q->free;
	q->free = item;
}

void queue_settled(struct queue *q)
{
	while (q->away) {
		struct queue_item *item = q->away;
		q->away = item->next;
		queue_give_back(q, item);
	}
}

/* ---- flows ---- */

static uint64_t hash_of(const struct queue *q, const struct ip_view *view)
{
	uint64_t addresses = (uint64_t)view->source << 32 | view->destination,
		 rest = view->protocol;
	if (view->version == 6)
		addresses = map_hash_bytes(view->bytes + 8, (size_t)2 * IPV6_ADDRESS, q->seed);
	/* Fragments have no ports but in the first: all go without, to stay in order. */
	if (!view->is_fragment && view->upper && view->length >= view->upper + 4 &&
	    (view->protocol == IP_TCP || view->protocol == IP_UDP)) {
		const uint8_t *ports = view->bytes + view->upper;
		rest |= (uint64_t)ports[0] << 40 | (uint64_t)ports[1] << 32 |
			(uint64_t)ports[2] << 24 | (uint64_t)ports[3] << 16;
	}
	return map_hash_u64(addresses, map_hash_u64(rest, q->seed));
}

static struct queue_flow **chain_of(struct queue *q, uint64_t hash)
{
	return &q->chains[hash % QUEUE_CHAINS];
}

/* What its session was remembered by is forgotten; nothing waits in it. */
static void forget_flow(struct queue *q, struct queue_flow *flow)
{
	if (!flow->member)
		return;
	struct queue_flow **link = chain_of(q, flow->hash);
	while (*link != flow)
		link = &(*link)->next_same;
	*link = flow->next_same;
	turn_leave(&flow->turn);
	flow->member->flows_count--;
	flow->member = NULL;
}

/* The flow of that hash, or the one that was idle longest. There are as many flows as places, so
 * one is idle. */
static struct queue_flow *flow_of(struct queue *q, struct path_member *member, uint64_t hash)
{
	struct queue_flow *flow = *chain_of(q, hash);
	while (flow && (flow->hash != hash || flow->member != member))
		flow = flow->next_same;
	if (flow)
		return flow;
	flow = CONTAINER_OF(q->idle.next, struct queue_flow, by_age);
	forget_flow(q, flow);
	flow->member = member;
	flow->hash = hash;
	flow->codel = (struct codel){0};
	flow->next_same = *chain_of(q, hash);
	*chain_of(q, hash) = flow;
	if (!member->flows_count++)
		turns_init(&member->flows);
	return flow;
}

static void weigh(struct queue_flow *flow, size_t before, size_t after)
{
	flow->octets += (uint32_t)(after - before);
	flow->member->octets_waiting += (uint32_t)(after - before);
}

/* Octets that still wait in an item. */
static size_t weight_of(const struct queue_item *item)
{
	return item->is_super ? item->cut.length - item->cut.done : item->packet.length;
}

/* The first item leaves its flow. */
static struct queue_item *unlink_first(struct queue *q, struct queue_flow *flow)
{
	struct queue_item *item = flow->first;
	flow->first = item->next;
	q->waiting--;
	if (!flow->first)
		list_append(&q->idle, &flow->by_age);
	return item;
}

/* ---- too many ---- */

static void longest_of(const struct list *turns, struct queue_flow **longest)
{
	for (const struct list *node = turns->next; node != turns; node = node->next) {
		struct queue_flow *flow = CONTAINER_OF(CONTAINER_OF(node, struct turn, node),
						       struct queue_flow, turn);
		if (flow->first && (!*longest || flow->octets > (*longest)->octets))
			*longest = flow;
	}
}

static void heaviest_of(const struct list *turns, struct path_member **heaviest)
{
	for (const struct list *node = turns->next; node != turns; node = node->next) {
		struct path_member *member = CONTAINER_OF(CONTAINER_OF(node, struct turn, node),
							  struct path_member, turn);
		if (!*heaviest || member->octets_waiting > (*heaviest)->octets_waiting)
			*heaviest = member;
	}
}

/* As many packets as the item stands for. */
static size_t packets_in(const struct queue_item *item)
{
	return item->is_super ? (weight_of(item) + item->cut.segment - 1) / item->cut.segment : 1;
}

/* The session with the most loses from the front of its longest flow, where a sender hears of it
 * soonest. */
static void drop_longest(struct queue *q)
{
	struct path_member *member = NULL;
	struct queue_flow *flow = NULL;
	heaviest_of(&q->sessions.fresh, &member);
	heaviest_of(&q->sessions.old, &member);
	if (!member)
		return;
	longest_of(&member->flows.fresh, &flow);
	longest_of(&member->flows.old, &flow);
	uint32_t enough = flow ? flow->octets / 2 : 0;
	for (size_t dropped = 0;
	     flow && flow->first && dropped < CROWDED_DROPS && flow->octets >= enough;) {
		struct queue_item *item = unlink_first(q, flow);
		size_t packets = packets_in(item);
		dropped += packets;
		weigh(flow, weight_of(item), 0);
		while (packets--)
			session_drop(member->session, DROP_QUEUE_CROWDED);
		queue_give_back(q, item);
	}
}

/* ---- in ---- */

struct queue_item *queue_room(struct queue *q)
{
	if (!has_room(q))
		return NULL; /* all are taken: first let them be sent */
	struct queue_item *item = q->free;
	if (item)
		q->free = item->next;
	else
		item = &q->items[q->used_ever++];
	item->bytes = q->rooms[--q->room_count];
	item->is_super = false;
	return item;
}

void queue_put(struct queue *q, struct path_member *member, struct queue_item *item,
	       const struct ip_view *view, uint64_t now_ns)
{
	struct queue_flow *flow = flow_of(q, member, hash_of(q, view));
	if (!item->is_super || item->cut.bytes != item->bytes)
		release_room(q, item);
	item->since_ns = now_ns;
	item->next = NULL;
	if (flow->first)
		flow->last->next = item;
	else
		list_remove(&flow->by_age);
	if (!flow->first)
		flow->first = item;
	flow->last = item;
	q->waiting++;
	weigh(flow, 0, weight_of(item));
	turns_join(&member->flows, &flow->turn);
	turns_join(&q->sessions, &member->turn);
	while (q->waiting && !has_room(q))
		drop_longest(q); /* now, and not when nothing may come any more */
}

/* ---- whose turn it is ---- */

/* The flow's next packet, and since when it waited; NULL: nothing waits. */
static struct packet *next_packet(struct queue *q, struct queue_flow *flow, struct packet *segment,
				  uint64_t *since_ns)
{
	while (flow->first) {
		struct queue_item *item = flow->first;
		size_t before = weight_of(item);
		*since_ns = item->since_ns;
		if (!item->is_super) {
			weigh(flow, before, 0);
			unlink_first(q, flow);
			item->next = q->away;
			q->away = item;
			return &item->packet;
		}
		bool got = splitter_next(&item->cut, segment);
		weigh(flow, before, weight_of(item));
		if (!weight_of(item))
			queue_give_back(q, unlink_first(q, flow));
		if (got)
			return segment;
	}
	return NULL;
}

/* Whoever understands it is told of congestion by a mark in place of a loss. */
static bool mark(struct packet *p)
{
	struct ip_view view;
	return ip_look(&view, p) && marks_arrive(&view, ECN_CE) != MARKS_DROP;
}

/* The next packet of the flow that is not dropped; NULL: there is none. */
static struct packet *take_from(struct queue *q, struct queue_flow *flow, struct packet *segment,
				uint64_t now_ns)
{
	struct packet *p;
	uint64_t since_ns;
	while ((p = next_packet(q, flow, segment, &since_ns))) {
		if (!codel_drops(&flow->codel, now_ns - since_ns, flow->octets, now_ns))
			return p;
		if (mark(p)) {
			codel_marked(&flow->codel);
			return p;
		}
		session_drop(flow->member->session, DROP_QUEUE_LATE);
	}
	codel_empty(&flow->codel);
	return NULL;
}

bool queue_take(struct queue *q, struct packet *segment, uint64_t now_ns, struct queue_taken *taken)
{
	struct turn *of_session;
	while ((of_session = turns_next(&q->sessions))) {
		struct path_member *member = CONTAINER_OF(of_session, struct path_member, turn);
		struct turn *of_flow = member->flows_count ? turns_next(&member->flows) : NULL;
		if (!of_flow) {
			turns_had_nothing(&q->sessions, of_session);
			continue;
		}
		struct queue_flow *flow = CONTAINER_OF(of_flow, struct queue_flow, turn);
		struct packet *p = take_from(q, flow, segment, now_ns);
		if (!p) {
			turns_had_nothing(&member->flows, of_flow);
			continue;
		}
		turn_spend(of_flow, p->length);
		turn_spend(of_session, p->length);
		*taken = (struct queue_taken){member, p};
		return true;
	}
	return false;
}

void queue_forget(struct queue *q, struct path_member *member)
{
	for (size_t i = 0; member->flows_count && i < QUEUE_FLOWS; i++) {
		struct queue_flow *flow = &q->flows[i];
		if (flow->member != member)
			continue;
		while (flow->first) {
			weigh(flow, weight_of(flow->first), 0);
			queue_give_back(q, unlink_first(q, flow));
		}
		forget_flow(q, flow);
	}
	turn_leave(&member->turn);
}
