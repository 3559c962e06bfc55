/*
 * The TUN device: one for all sessions. Packets towards the callers are read from it, packets of
 * the callers are written to it; each is a whole IPv4 or IPv6 packet at p->data, behind the
 * headroom.
 */
#pragma once
#include "base/packet.h"
#include "io/io.h"

enum { TUN_NAME = 16 }; /* longest name of an interface, and its NUL */

/* The descriptor of the interface `name`, made if it is not there; it goes when the descriptor is
 * closed. Needs CAP_NET_ADMIN. Or -errno and the reason in `why`. */
int tun_open(const char *name, char why[static WHY_SIZE]);

/*
 * Reads what waits, in order, into the first of `limit` packets. Returns how many, 0: nothing
 * waits, or -errno where the device is gone (-EBADFD). A packet longer than the room in a struct
 * packet comes cut; its own header tells.
 */
int tun_read(int fd, struct packet *packets, int limit);

/* Writes one packet; 0 or -errno: -EIO the interface is down, -EAGAIN or -ENOBUFS the host takes no
 * more now, -EINVAL it is no IP packet. */
int tun_write(int fd, const struct packet *p);
