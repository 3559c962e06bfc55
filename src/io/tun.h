/*
 * The TUN device: one for all sessions. Packets towards the callers are read from it, packets of
 * the callers are written to it; each is a whole IPv4 or IPv6 packet at p->data, behind the
 * headroom.
 */
#pragma once
#include <stdbool.h>

#include "base/packet.h"
#include "io/io.h"
#include "ip/merge.h"
#include "ip/vnet.h"

enum { TUN_NAME = 16 }; /* longest name of an interface, and its NUL */

/* The descriptor of the interface `name`, made if it is not there; it goes when the descriptor is
 * closed. Needs CAP_NET_ADMIN. Or -errno and the reason in `why`. For tun_read and tun_write. */
int tun_open(const char *name, char why[static WHY_SIZE]);

/* The same, for super-segments where the kernel has them: for tun_init alone. */
int tun_open_super(const char *name, char why[static WHY_SIZE]);

/*
 * As tun_open_super, with `count` queues, each of which is read and written by itself (steering.h says
 * what comes out of which). Their descriptors, or -errno, the reason in `why`, and none is open.
 */
int tun_open_queues(const char *name, int *queues, size_t count, char why[static WHY_SIZE]);

/*
 * Reads what waits, in order, into the first of `limit` packets. Returns how many, 0: nothing
 * waits, or -errno where the device is gone (-EBADFD). A packet longer than the room in a struct
 * packet comes cut; its own header tells.
 */
int tun_read(int fd, struct packet *packets, int limit);

/* Writes one packet; 0 or -errno: -EIO the interface is down, -EAGAIN or -ENOBUFS the host takes no
 * more now, -EINVAL it is no IP packet. */
int tun_write(int fd, const struct packet *p);

/* ---- with super-segments ---- */

/* A descriptor of either kind, and what it can do. */
struct tun {
	int fd;           /* borrowed */
	bool has_headers; /* before each packet stands a vnet header */
	unsigned merges; /* enum merge_kinds: what may be written merged; less once it is refused */
};

/* What may be written merged: "tcp,udp", "tcp" or "none". */
const char *tun_supers_print(unsigned merges);

/* Agrees with the kernel on as much as it offers, down to nothing; `fd` may also be a socket that keeps
 * packets apart. */
void tun_init(struct tun *tun, int fd);

/* A packet that stands for many (ip/split.h). */
struct tun_super {
	struct vnet_header vnet;
	uint8_t *bytes; /* the packet's or the room's of tun_receive */
	size_t length;
};

enum tun_got {
	TUN_NOTHING, /* nothing waits */
	TUN_PACKET,  /* one packet, in *p, checksum complete */
	TUN_SUPER,   /* a super-segment, in *super; *p is in use for it */
};

enum { TUN_SUPER_ROOM = PACKET_CAPACITY + SUPER_LENGTH_MAX };

/* Reads one packet or super-segment: enum tun_got, or -errno where the device is gone. `room` has
 * TUN_SUPER_ROOM octets, for a super-segment that is longer than a packet's buffer. */
int tun_receive(struct tun *tun, struct packet *p, uint8_t *room, struct tun_super *super);

/* Writes what a merger gave; 0 or -errno as tun_write. What is of a kind that the kernel does not know goes
 * packet by packet, and from the next batch on that kind is not merged any more. */
int tun_send(struct tun *tun, const struct merged *merged);

/* Writes one packet. */
int tun_send_packet(struct tun *tun, const struct packet *p);
