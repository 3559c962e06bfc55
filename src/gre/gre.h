/*
 * Enhanced GRE (RFC 2637 §4).
 *
 *   header.c   the header: read and checked, written
 *   window.c   which numbers came already
 *   tunnel.c   one call's two directions: numbers and acknowledgements
 *
 * One struct gre_tunnel is one call; struct session owns it by value. Nothing here sends: a packet
 * gets its header and the owner sends it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/drop.h"
#include "base/packet.h"
#include "base/reader.h"

enum {
	GRE_HEADER_MAX = 16,
	/* a bare acknowledgement is sent when no data carried it for so long */
	GRE_ACK_DELAY_MS = 100,
	GRE_WINDOW_BITS = 256, /* numbers back from the newest that are still told apart */
	/* numbers ahead of the newest that one packet alone may move the window */
	GRE_JUMP_LIMIT = 65536,
	GRE_CLEAR_STEP = 16, /* the same, for a packet that proves nothing */
};

/* RFC 2637 §4.1; integers in host order. */
struct gre_header {
	uint16_t payload_length; /* octets behind the header */
	uint16_t call_id;        /* the receiver's */
	bool has_seq, has_ack;
	uint32_t seq, ack;
};

/* Reads and checks a header: version 1, protocol 880b, key present, all else zero, payload not
 * longer than what is there, and numbered where there is any. False: not enhanced GRE. */
bool gre_decode(struct gre_header *h, struct reader *in);

/* gre_decode at p->data; on success the packet is the payload alone, octets beyond it cut off. */
bool gre_pull(struct packet *p, struct gre_header *h);

/* Puts the header in front of the payload; h->payload_length is taken from the packet. */
void gre_push(struct packet *p, const struct gre_header *h);

/*
 * Which numbers came already. Accepts each number once, also late; any first number (0 by the RFC,
 * 1 by some peers). A jump of more than GRE_JUMP_LIMIT is believed only when a second packet
 * follows closely behind the first (the way of RFC 3550 A.1), so that one forged packet cannot
 * deafen a call, nor a long silence.
 */
struct gre_window {
	bool started;
	uint32_t newest;
	/* numbers up to the newest that the peer is known to have used, at most GRE_WINDOW_BITS */
	uint32_t span;
	uint64_t seen[GRE_WINDOW_BITS / 64]; /* bit 0 of word 0: newest */
	bool suspect; /* a jump was seen: `suspected` is the number that would confirm it */
	uint32_t suspected;
};

/*
 * What gre_window_accept would say to `seq`: DROP_NONE, DROP_GRE_REPEATED or DROP_GRE_JUMP. Changes
 * nothing. Who checks first and accepts later must show a DROP_GRE_JUMP to gre_window_accept (or
 * gre_on_data) all the same: that notes the leap, which the next packet may confirm.
 */
enum drop gre_window_check(const struct gre_window *w, uint32_t seq);

/* Accepts or refuses `seq` (host order, wraps at 2^32): DROP_NONE at most once for each number. A
 * gap moves the window on: lost packets are not awaited, late ones still welcome. */
enum drop gre_window_accept(struct gre_window *w, uint32_t seq);

/* How many numbers that never came would fall out of the window
 * if `seq` were accepted now. A confirmed leap counts none. */
uint32_t gre_window_loss(const struct gre_window *w, uint32_t seq);

struct gre_tunnel {
	uint16_t peer_call_id; /* goes into what we send */
	uint32_t next_seq;     /* of the next data packet */
	bool wrapped;          /* next_seq went round: every number was used */
	struct gre_window window;
	bool ack_owed;
	uint64_t ack_due_ms; /* when a bare acknowledgement leaves; meaningful while ack_owed */
	bool peer_acked_any;
	uint32_t peer_acked; /* highest number that the peer acknowledged */
	/* numbers never seen that fell out of the window: for the account, not for action */
	uint64_t lost;
};

void gre_tunnel_init(struct gre_tunnel *g, uint16_t peer_call_id);

/* Second half of receipt, once the payload proved sane:
 * the window moves, an acknowledgement is owed. */
enum drop gre_on_data(struct gre_tunnel *g, uint32_t seq, uint64_t now_ms);

/*
 * The same for a packet that anybody could have made up: a clear frame of LCP, say, on a call whose
 * data are encrypted. It is marked and acknowledged only near the newest number; a leap is neither
 * followed nor noted, or two forged packets could deafen the call. The next proved packet takes the
 * window along.
 */
void gre_on_unproved(struct gre_tunnel *g, uint32_t seq, uint64_t now_ms);

/* The peer acknowledged up to `ack`; numbers that were never sent are ignored (true: believed). */
bool gre_on_ack(struct gre_tunnel *g, uint32_t ack);

/* Puts the header on a data packet: the next number, and the acknowledgement where one is owed. */
void gre_send(struct gre_tunnel *g, struct packet *p);

/* A bare acknowledgement into an emptied packet; false where none is owed. */
bool gre_send_ack(struct gre_tunnel *g, struct packet *p);

/* When the owed acknowledgement must leave; UINT64_MAX: none is owed. */
uint64_t gre_deadline(const struct gre_tunnel *g);
