/*
 * Packets from the TUN device that wait for their way into the tunnels: a queue for each flow of
 * each session, after RFC 8290. Sessions take turns, and within a session its flows, those first that
 * had nothing waiting; a flow whose packets wait too long loses some or has them marked (ip/codel.h),
 * and where all is full, the longest flow of the session with the most makes room. Packets of one
 * flow keep their order.
 *
 *	while ((item = queue_room(q)) && read(item))
 *		queue_put(q, member, item, …);
 *	while (queue_take(q, room, now_ns, &taken))
 *		send(taken.member, taken.packet);
 *	queue_settled(q);
 *
 * Super-segments wait whole and are cut when it is their turn. All memory is taken at the start:
 * QUEUE_PACKETS places, QUEUE_SUPERS of them for super-segments.
 */
#pragma once
#include "ip/codel.h"
#include "ip/split.h"
#include "path/member.h"

enum {
	QUEUE_PACKETS = 1024,
	QUEUE_SUPERS = 64,           /* that are longer than a packet's buffer */
	QUEUE_FLOWS = QUEUE_PACKETS, /* as many as can have packets waiting */
	QUEUE_CHAINS = 2048,
};

/* What waits: one packet, or a super-segment. */
struct queue_item {
	struct queue_item *next;
	uint64_t since_ns;
	uint8_t *bytes; /* TUN_SUPER_ROOM octets of the queue's; NULL: it has none of its own */
	struct splitter cut; /* meaningful where it is a super-segment */
	bool is_super;
	struct packet packet;
};

struct queue_flow {
	struct turn turn;           /* within its session */
	struct path_member *member; /* NULL: unused */
	uint64_t hash;
	struct queue_flow *next_same; /* in its chain */
	struct list by_age;           /* meaningful while nothing waits */
	struct queue_item *first, *last;
	uint32_t octets;
	struct codel codel;
};

struct queue {
	struct turns sessions;
	size_t waiting;               /* items in flows */
	uint64_t seed;                /* so that nobody can choose flows that collide */
	struct queue_item *free;      /* the latest used first: it is in the cache */
	size_t used_ever;             /* items; memory of the others was never touched */
	struct queue_item *away;      /* taken, until queue_settled */
	size_t room_count;            /* of rooms */
	uint8_t *rooms[QUEUE_SUPERS]; /* free ones */
	struct list idle;             /* flows without packets, the longest so first */
	struct queue_flow *chains[QUEUE_CHAINS];
	struct queue_item *items; /* owned */
	struct queue_flow *flows; /* owned */
	uint8_t *memory;          /* owned: of all rooms */
};

/* 0 or -ENOMEM. `seed` is chance. The queue stays where it is until queue_fini. */
int queue_init(struct queue *q, uint64_t seed);
void queue_fini(struct queue *q);

static inline bool queue_is_empty(const struct queue *q)
{
	return !q->waiting;
}

/* A place to read a packet or super-segment into, with `bytes`; NULL: first let those be sent that were
 * taken. It is put, or given back, before the next is asked for. */
struct queue_item *queue_room(struct queue *q);
void queue_give_back(struct queue *q, struct queue_item *item);

/* What was read into the item waits for `member` from `now_ns` on. `view` is of it. Where that took the
 * last place, the longest flow of the session with the most makes room (DROP_QUEUE_CROWDED). */
void queue_put(struct queue *q, struct path_member *member, struct queue_item *item,
	       const struct ip_view *view, uint64_t now_ns);

struct queue_taken {
	struct path_member *member;
	struct packet *packet; /* `segment`, or the queue's own until queue_settled */
};

/* Takes the packet whose turn it is; false: none waits. `segment` is for one cut from a
 * super-segment. */
bool queue_take(struct queue *q, struct packet *segment, uint64_t now_ns,
		struct queue_taken *taken);

/* The packets that were taken are needed no more. */
void queue_settled(struct queue *q);

/* The session ends: what waits for it is dropped. Nothing taken of it is still in use. */
void queue_forget(struct queue *q, struct path_member *member);
