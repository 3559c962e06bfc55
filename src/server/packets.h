/*
 * Packets in batches. From the network: receive up to GRE_BATCH, admit each, run MPPE over all that
 * wait, deliver, merge, write to the TUN device. From the TUN device: read up to PACKETS_TUN, split
 * super-segments, cut what is too long, enclose, run MPPE, seal, send. Nothing here allocates. No
 * packet overtakes another of its session on the way out, nor of its flow on the way in. When the
 * loop has nothing else to do, MPPE keys are made for the packets to come (ahead.h).
 */
#pragma once
#include <stdint.h>

#include "io/gre_socket.h"
#include "io/loop.h"
#include "io/tun.h"
#include "server/ahead.h"
#include "session/session.h"

enum {
	PACKETS_TUN = 64,      /* read from the TUN device at once */
	PACKETS_PIECES = 128,  /* fragments in one batch */
	PACKETS_SEGMENTS = 64, /* packets of super-segments in one batch */
	PACKETS_BATCH = PACKETS_TUN + PACKETS_PIECES + PACKETS_SEGMENTS,
	PACKETS_ROUNDS = 4, /* batches in a row before others have their turn */
};

struct engine;
struct packets_batch;

struct packets {
	struct engine *engine; /* borrowed */
	struct gre_port *gre;  /* borrowed */
	struct tun tun;
	struct watcher gre_watcher, tun_watcher;
	struct packets_batch *batch; /* owned */
	struct rc4_plan plan;        /* chosen at the start */
	struct ahead ahead;
	uint64_t truncated, unsent; /* of the port's, counted already */
};

/* Begins to watch both descriptors, and flushes at the end of each turn of the loop. 0 or -errno.
 */
int packets_init(struct packets *packets, struct engine *engine, struct gre_port *gre, int tun_fd);
void packets_fini(struct packets *packets);

/* Queues one GRE packet of the session's, header included, behind those queued before. */
void packets_send(struct packets *packets, const struct session *session, const uint8_t *bytes,
		  size_t length);

/* Sends what is queued. */
void packets_flush(struct packets *packets);
