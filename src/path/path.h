/*
 * The packet path: packets between the GRE socket and the TUN device, in batches, for the thousands
 * of sessions of a server as for the one of a client.
 *
 *   member.h   a session as the path knows it
 *   path.h     the door: begin and end, and what the path asks its owner
 *   receive.c  GRE → TUN: receive up to GRE_BATCH, admit each, run MPPE over all that wait, deliver,
 *              merge, write
 *   send.c     TUN → GRE: read what waits into the queue, and of those whose turn it is a batch: cut
 *              what is too long, enclose, run MPPE, seal, send
 *   order.h    what came late in a batch leaves in order
 *   backlog.h  which packets not to decrypt where too many come
 *   queue.h    a queue for each flow of each session    turns.h   whose turn it is
 *   ahead.h    MPPE keys for the packets to come, made when the loop has nothing else to do
 *   supplies.h whole keystreams for the few hot sessions, made then too, and by a helper thread
 *
 * The path owns no session: its owner finds them by what a packet shows. Nothing here allocates
 * after the start, and there are no globals: each worker has a path of its own. No packet overtakes
 * another of its session on the way out, nor of its flow on the way in, but to the place that its
 * sender gave it. In a turn of the loop one batch goes each way: whoever comes beside a flood waits
 * for that much of it, half a millisecond.
 */
#pragma once
#include <stdint.h>

#include "io/gre_socket.h"
#include "io/loop.h"
#include "io/tun.h"
#include "path/ahead.h"
#include "path/member.h"
#include "path/supplies.h"

enum {
	PATH_TUN = 64, /* packets of the owner's that may wait for path_settle */
	/* Read from the TUN device before a batch is sent: what a flood has too much of is dropped
	 * here, by flow, and not there, whosever it is. */
	PATH_READ = 512,
	PATH_READ_OCTETS = 1 << 20,
	PATH_PIECES = 128,  /* fragments in one batch */
	PATH_SEGMENTS = 64, /* taken from the queue in one batch */
	PATH_BATCH = PATH_TUN + PATH_PIECES + PATH_SEGMENTS,
};

/* What the path asks, with the owner's own `context`. Called for each packet, so let it be quick. No
 * session may go before `perform`. */
struct path_owner {
	/* Whose call a GRE packet belongs to, by its call id and outer addresses; NULL: nobody's. */
	struct path_member *(*by_packet)(void *context, uint16_t call_id, uint32_t source,
					 uint32_t destination);
	/* Into whose tunnel a packet from the TUN device goes; NULL: nobody's, for the reason in
	 * *drop. */
	struct path_member *(*by_destination)(void *context, const struct ip_view *view,
					      enum drop *drop);
	/* A packet moved something: the session's deadline may be another, and its state. */
	void (*touched)(void *context, struct path_member *member);
	/* Counts a packet that belongs to no session. */
	void (*drop)(void *context, enum drop drop);
	/* Carries out what sessions want done; what was dropped may be told of. After each batch, and
	 * within one where the host of the sessions is crowded. */
	void (*perform)(void *context);
	/* Without a TUN device: takes an IP packet that came out of a tunnel, and may change it. */
	void (*take)(void *context, struct path_member *member, struct packet *p);
};

struct path_counters {
	uint64_t receive_calls, receive_packets; /* batches from the network, packets in them */
	uint64_t keys_ahead;                     /* made in idle time */
};

struct path_receiving;
struct path_sending;

struct path {
	struct loop *loop;              /* borrowed; NULL: not begun */
	struct session_host *host;      /* borrowed */
	const struct path_owner *owner; /* borrowed */
	void *context;                  /* the owner's */
	struct gre_port *gre;           /* borrowed */
	struct tun tun;                 /* fd -1: none */
	struct watcher tun_watcher;
	struct path_receiving *receiving; /* owned */
	struct path_sending *sending;     /* owned */
	struct rc4_plan plan;             /* chosen at the start */
	struct ahead ahead;
	struct supplies supplies;
	struct path_counters counters;
	uint64_t truncated, unsent; /* of the port's, counted already */
};

struct path_parts {
	struct loop *loop;
	struct session_host *host; /* of all sessions */
	struct gre_port *gre;
	int tun_fd; /* -1: none; packets are for owner->take and from path_send */
	const struct path_owner *owner;
	void *context;
	const struct rc4_plan *plan; /* MPPE's kernels; NULL: they are chosen now */
};

/* Logs which kernels it runs by, and whether it is helped: path_init does where it chose them. */
void path_say_kernels(const struct path *path);

/* Begins to watch both descriptors, flushes at the end of each turn of the loop, and works when it
 * is idle. Everything in *parts is borrowed until path_fini. 0 or -errno. */
int path_init(struct path *path, const struct path_parts *parts);
/* Looks at no member any more. Also one that is zero. */
void path_fini(struct path *path);

/* The session ends: before it is freed. Also of a path that is zero. */
void path_forget(struct path *path, struct path_member *member);

/* Queues one GRE packet of the session's, header included, behind those queued before. */
void path_send_frame(struct path *path, const struct session *session, const uint8_t *bytes,
		     size_t length);

/* Sends what is queued by path_send_frame. */
void path_flush(struct path *path);

/*
 * Takes an IP packet of the owner's for a session's tunnel. It stays in place until path_settle,
 * which encrypts and sends all that were taken, in order; at most PATH_TUN may wait.
 */
void path_send(struct path *path, struct path_member *member, struct packet *p);
void path_settle(struct path *path);
