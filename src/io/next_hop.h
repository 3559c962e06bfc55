/*
 * The next hops of packets that leave by a packet socket: for each destination the interface, the
 * hardware addresses and the MTU that the kernel itself would choose, asked of rtnetlink once and
 * kept until rtnetlink tells of a change.
 *
 * Tables are bounded: an entry that is needed takes the place of the one asked for longest ago. What
 * is not known, not usual (loopback, tunnels, encapsulation, enslaved interfaces) or not to be asked
 * now has no next hop here, and goes by the raw socket, which knows all ways.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "io/netlink.h"

enum {
	NEXT_HOPS = 4096, /* destinations */
	NEXT_HOP_NEIGHBOURS = 1024,
	NEXT_HOP_LINKS = 16,
	NEXT_HOP_QUESTIONS =
		8, /* between two of next_hops_turn, so that strangers cost us little */
	NEXT_HOP_KEPT_MS =
		10 * 1000, /* then asked again: what rtnetlink does not tell, a path's MTU */
	NEXT_HOP_KICK_MS = 5 * 1000,
	ETHERNET_HEADER = 14,
};

/* A neighbour and what the kernel says of it; also for all hops that go by it. */
struct next_hop_neighbour {
	struct netlink_neighbour row; /* index 0: a free place */
	uint64_t asked_ms;
	uint64_t kicked_ms; /* when the raw socket last made the kernel look whether it is there */
};

/* One destination. */
struct next_hop {
	uint32_t destination, asked_from; /* the key; asked_from 0: any address of ours */
	uint32_t generation;              /* of the tables, when it was asked */
	uint64_t asked_ms;
	bool is_usable;
	uint32_t source, via;
	int index; /* interface */
	uint32_t mtu;
	uint8_t ttl;
	uint8_t hardware[6]; /* the interface's */
	/* for the sender: is it sent by the packet socket, and how long not, since packets to it
	 * are too long for the interface */
	bool is_direct;
	uint64_t fragments_until_ms;
	uint64_t stale_since_ms;
	uint16_t identification;
};

struct next_hops {
	struct netlink questions, changes;
	uint32_t generation;
	unsigned questions_left;
	uint64_t now_ms;
	uint8_t ttl;                               /* the host's usual one */
	struct next_hop *hops;                     /* owned: NEXT_HOPS */
	struct next_hop_neighbour *neighbours;     /* owned */
	struct netlink_link links[NEXT_HOP_LINKS]; /* index 0: a free place */
	uint64_t asked;                            /* questions so far */
};

/* Ethernet or its like, up, and nobody's member: so that what IP does with its packets is all that is
 * done. */
bool next_hop_link_is_usable(const struct netlink_link *link);

/* 0 or -errno. */
int next_hops_open(struct next_hops *hops);
void next_hops_close(struct next_hops *hops); /* also of one that is zero */

/* To be watched for reading: then next_hops_read. */
int next_hops_descriptor(const struct next_hops *hops);

/* Follows what has changed. */
void next_hops_read(struct next_hops *hops);

/* The time, and new questions may be asked. */
void next_hops_turn(struct next_hops *hops, uint64_t now_ms);

/* The way to `destination` for packets from `source` (0: the kernel chooses); NULL: not known now. One
 * that is given may still be of no use. It is the table's until the next call. */
struct next_hop *next_hops_find(struct next_hops *hops, uint32_t destination, uint32_t source);

/*
 * The hop's Ethernet header, or false: its neighbour is not known. *is_stale: packets may go there,
 * but nobody has heard of the neighbour for long, so one should go by the raw socket, and
 * next_hops_kicked be called.
 */
bool next_hops_header(struct next_hops *hops, const struct next_hop *hop,
		      uint8_t header[static ETHERNET_HEADER], bool *is_stale);
void next_hops_kicked(struct next_hops *hops, const struct next_hop *hop);

/* Forgets this destination, whose packet a packet socket would not take; or all of them. */
void next_hops_forget(struct next_hops *hops, struct next_hop *hop);
void next_hops_forget_all(struct next_hops *hops);
