/*
 * GRE to and from the network over one raw socket, in batches of GRE_BATCH packets a system call,
 * without allocation or copy.
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
#include <stdint.h>

#include "base/packet.h"
#include "base/share.h"
#include "io/io.h"

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

struct gre_port {
	int fd;                   /* owned */
	struct gre_receiving *in; /* owned */
	struct gre_sending *out;  /* owned */
	/* truncated: longer than a packet buffer; DROP_GRE_TRUNCATED */
	uint64_t received, truncated;
	uint64_t sent,
		unsent;   /* unsent: the socket or a firewall would not take; DROP_QUEUE_FULL */
	int unsent_errno; /* why the last of these was not */
};

/* Takes `fd`; makes the buffers. 0, or -ENOMEM and `fd` is not taken. */
int gre_port_init(struct gre_port *port, int fd);
void gre_port_fini(struct gre_port *port);

struct gre_datagram {
	struct packet *packet; /* the port's; data at the GRE header */
	uint32_t source, destination;
	uint8_t tos; /* with the ECN bits */
	uint8_t ttl;
};

/*
 * Receives what waits, at most GRE_BATCH packets, in order. Returns how many, 0: nothing waits (or
 * all was truncated), or -errno. The packets may be changed and are the port's: valid until the
 * next call, and until the next gre_port_flush where they were put into the queue.
 */
int gre_port_receive(struct gre_port *port, struct gre_datagram datagrams[static GRE_BATCH]);

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
