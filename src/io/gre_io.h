/*
 * Which ways GRE takes, and why: by the raw socket alone, or out by a packet socket and in by a ring
 * (gre_socket.h names the parts). The faster ways go round the host's IP, so they are taken only where
 * that makes no difference to anybody:
 *
 *   both  no IPsec policy; no rule of others concerns GRE; no VRF
 *   out   the next hop is known, each destination for itself (next_hop.h)
 *   in    nobody else here hears GRE; its packets are not tracked for others; no queueing discipline
 *         stands at the ingress of the interfaces; the rule that drops what the ring takes can be made
 *
 * This is judged at the start and again when links, addresses, routes, rules or IPsec policies change, of which
 * the kernel tells. Of other raw sockets it does not, nor of rules of iptables-legacy: the first are looked for
 * every second, the others read again twice a minute where there are any. What no longer holds is left at once,
 * and calls do not notice: the raw socket is open all the time.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"
#include "io/foreign.h"
#include "io/gre_ingress.h"
#include "io/gre_socket.h"
#include "io/loop.h"
#include "io/netlink.h"

enum {
	GRE_IO_PORTS = 64,
	GRE_IO_TEXT = 2 * FOREIGN_SENTENCE + 64,
	GRE_IO_WARNING = GRE_IO_TEXT + 64,
};

struct gre_io_plan {
	enum gre_io_policy policy;
	uint32_t listen;        /* where callers dial, 0: any address of this host */
	const char *vrf;        /* NULL: none */
	const char *interface;  /* of the TUN device */
	bool untracked;         /* our own table keeps GRE from connection tracking */
	struct gre_port *ports; /* the n-th has the calls of share {n, port_count}; borrowed */
	size_t port_count;      /* at most GRE_IO_PORTS */
};

struct gre_io {
	struct gre_io_plan plan;
	struct gre_ingress ingress;
	struct gre_taken taken;                                   /* in force, where in_why is "" */
	char in_why[FOREIGN_SENTENCE], out_why[FOREIGN_SENTENCE]; /* why not; "": it is in use */
	char no_ring[WHY_SIZE], no_transmit[WHY_SIZE]; /* could not be opened; "": could */
	struct loop *loop;                             /* NULL: changes are not followed */
	struct netlink changes;
	int rules_fd, policies_fd; /* hear of changes of nftables and of IPsec; -1: not open */
	struct watcher changes_watcher, rules_watcher, policies_watcher;
	struct timer judge_timer, alone_timer;
	uint64_t judged_ms;
	/* what the rules of others said, for these interfaces */
	bool rules_are_known;
	int judged_interfaces[GRE_TAKEN_INTERFACES];
	char rules_in[FOREIGN_SENTENCE], rules_out[FOREIGN_SENTENCE];
	bool is_crowded;          /* another program hears GRE */
	bool has_legacy;          /* rules of iptables-legacy may be among them */
	uint64_t legacy_again_ms; /* when these are read again */
};

/* Opens what the plan allows, judges and begins, before the ports are watched. Nothing of it can fail so
 * that GRE would not go: it goes by the raw socket then. */
void gre_io_open(struct gre_io *io, const struct gre_io_plan *plan);

/* Follows changes from now on, in this loop, which may be another than the ports'. */
void gre_io_follow(struct gre_io *io, struct loop *loop);

/* Back to the raw sockets; before the ports are closed. Also of one that is zero. */
void gre_io_close(struct gre_io *io);

/* Judges now. */
void gre_io_judge(struct gre_io *io);

/* "packet in=ring out=packet", "packet in=raw (why) out=packet", "raw: why". Returns `text`. */
const char *gre_io_print(const struct gre_io *io, char text[static GRE_IO_TEXT]);

/* Of GRE_IO_PACKET, which overrides rules of others and nothing else: a sentence with the cause where a way
 * is raw all the same, else NULL. Returns `text`. The log has it whenever the cause changes. */
const char *gre_io_warning(const struct gre_io *io, char text[static GRE_IO_WARNING]);
