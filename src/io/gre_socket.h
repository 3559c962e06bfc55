/*
 * GRE to and from the network in batches of GRE_BATCH packets, without allocation.
 *
 *   gre_socket.c               the raw socket, which always works
 *   gre_port.c                 batches in and out of it, or by the faster ways where they are open:
 *   gre_transmit.h next_hop.h  out by a packet socket
 *   gre_ring.h gre_ingress.h   in by a ring, and the rule that drops what the ring has taken
 *   gre_fair.h                 whose packet of the ring is next
 *   gre_io.h                   which of them, and why
 *
 * One socket serves all sessions of a worker: the kernel copies each packet to every socket of
 * protocol 47, whose filter then takes or refuses it. It
 * must be open before a call is answered, and stay open while calls may come: without it the kernel
 * tells callers "protocol unreachable".
 *
 * The kernel makes and takes the outer IPv4 header: don't-fragment clear, packets above the outer
 * MTU fragmented, received ones reassembled. Answers leave from the address that the caller
 * dialled.
 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/packet.h"
#include "base/share.h"
#include "io/io.h"
#include "io/loop.h"

enum {
	GRE_BATCH = 64,
	GRE_SOCKET_BUFFER = 4 * 1024 * 1024, /* octets each way, packets' overhead included */
};

/* The descriptor, which needs CAP_NET_RAW, or -errno and the reason in `why`.
 * It hears only what is for `listen` where that is not 0, and what comes by `device` (a VRF's, say)
 * where that is not NULL. */
int gre_socket_open(uint32_t listen, const char *device, char why[static WHY_SIZE]);

/*
 * From now on the socket takes only packets whose call id is of this share, and what came before is
 * forgotten: for one of several sockets that divide all calls among themselves, before the first
 * call. What is too short to have a call id goes to share 0, so that it is counted once. 0 or -errno.
 */
int gre_socket_share(int fd, struct share share);

enum gre_watched { GRE_WATCHED_RAW, GRE_WATCHED_RING, GRE_WATCHED_CHANGES, GRE_WATCHED };

struct gre_ring;
struct gre_transmit;

struct gre_port {
	int fd;                   /* owned */
	struct gre_receiving *in; /* owned */
	struct gre_sending *out;  /* owned */
	/* the faster ways, used where gre_io.h says so; NULL: there is none */
	struct gre_ring *ring;         /* owned */
	struct gre_transmit *transmit; /* owned */
	atomic_bool ring_is_wanted;
	bool by_ring;      /* what the ring holds is read */
	bool raw_is_ready; /* the raw socket may hold something */
	struct loop *loop; /* NULL: not watched */
	void (*on_ready)(void *context, uint32_t events);
	void *context;
	struct watcher watchers[GRE_WATCHED];
	uint64_t received_by_ring, sent_directly;
	/* truncated: longer than a packet buffer; DROP_GRE_TRUNCATED */
	uint64_t received, truncated;
	uint64_t sent,
		unsent;   /* unsent: the socket or a firewall would not take; DROP_QUEUE_FULL */
	int unsent_errno; /* why the last of these was not */
};

/* Takes `fd`; makes the buffers. 0, or -ENOMEM and `fd` is not taken. */
int gre_port_init(struct gre_port *port, int fd);
void gre_port_fini(struct gre_port *port);

/* Calls `on_ready` when something waits to be received, until gre_port_unwatch or gre_port_fini. 0 or -errno.
 */
int gre_port_watch(struct gre_port *port, struct loop *loop,
		   void (*on_ready)(void *context, uint32_t events), void *context);
void gre_port_unwatch(struct gre_port *port);

/* Whether packets come by the ring from now on: true after its filter takes them and nobody else does, false
 * after it takes none. Any thread may say it. */
void gre_port_want_ring(struct gre_port *port, bool wanted);

struct gre_datagram {
	struct packet *packet; /* the port's; data at the GRE header */
	uint32_t source, destination;
	uint8_t tos; /* with the ECN bits */
	uint8_t ttl;
};

/*
 * Receives what waits, at most GRE_BATCH packets, those of one call in order. Returns how many, 0: nothing
 * waits (or all was truncated), or -errno. The packets may be changed and are the port's: valid until the
 * next call, and until the next gre_port_flush where they were put into the queue.
 */
int gre_port_receive(struct gre_port *port, struct gre_datagram datagrams[static GRE_BATCH]);

/* Whether some packets have been looked at and not received: of these on_ready need not be called again. */
bool gre_port_has_waiting(const struct gre_port *port);

/* An emptied packet of the port's to write into: it is put,
 * or forgotten, before anything else is put. */
struct packet *gre_port_packet(struct gre_port *port);

/*
 * Queues a packet, which stays unchanged until gre_port_flush: to `destination`, from `source` (0:
 * the kernel chooses), with the octet `tos` of DSCP and ECN in the outer header. A full queue is
 * flushed first. Order is kept.
 */
void gre_port_put(struct gre_port *port, const struct packet *p, uint32_t source,
		  uint32_t destination, uint8_t tos);

/* Sends all that is queued. What the socket will not take is dropped and counted, as a router does
 * with a full queue: a sender inside then slows down. */
void gre_port_flush(struct gre_port *port);

/* Packets that the kernel dropped because we did not
 * read fast enough, or 0 where it does not say. */
uint64_t gre_port_overrun(const struct gre_port *port);
