/*
 * One control protocol (RFC 1661 §5): its automaton, its options, and the packets between them.
 * LCP, IPCP, IPv6CP and CCP each begin with a struct protocol and add their own codes.
 *
 * Every function that may move the automaton returns the layer's events, FSM_TLU | FSM_TLD |
 * FSM_TLS | FSM_TLF, for the owner to act upon.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/drop.h"
#include "base/outbox.h"
#include "ppp/fsm.h"
#include "ppp/options.h"

/* RFC 1661 §5, RFC 1570 §1, RFC 1962 §3, RFC 2153 §1. */
enum protocol_code {
	CODE_VENDOR = 0,
	CODE_CONFIGURE_REQUEST,
	CODE_CONFIGURE_ACK,
	CODE_CONFIGURE_NAK,
	CODE_CONFIGURE_REJECT,
	CODE_TERMINATE_REQUEST,
	CODE_TERMINATE_ACK,
	CODE_CODE_REJECT,
	CODE_PROTOCOL_REJECT,
	CODE_ECHO_REQUEST,
	CODE_ECHO_REPLY,
	CODE_DISCARD_REQUEST,
	CODE_IDENTIFICATION,
	CODE_TIME_REMAINING,
	CODE_RESET_REQUEST,
	CODE_RESET_ACK,
};

struct protocol;

struct protocol_kind {
	uint16_t number; /* PPP protocol */
	const char *name;
	/* Sets options.ours to what is asked first: called when a negotiation begins. */
	void (*begin)(struct protocol *p);
	/* A code above 7, or 0. True: it was dealt with; false: it is unknown here. May be NULL. */
	bool (*extra)(struct protocol *p, uint8_t code, uint8_t identifier, struct reader data);
};

struct protocol {
	const struct protocol_kind *kind;
	struct fsm fsm;
	struct options options;
	struct outbox *out;         /* borrowed: frames and reports go there */
	uint8_t identifier;         /* of the last packet that we began */
	uint8_t request_identifier; /* of the last Configure-Request */
	bool request_open;          /* and no reply has come to it */
	uint8_t acked_identifier;   /* of the peer's request that was acked last */
	uint16_t peer_mru;          /* no reject is longer */
	/* a peer's Code-Reject just named this code, plus 1; the owner clears */
	uint8_t rejected_code;
	char goodbye[64]; /* text for our Terminate-Request */
};

void protocol_init(struct protocol *p, const struct protocol_kind *kind, const struct option *table,
		   size_t count, const struct fsm_settings *settings, struct outbox *out);

/* Up, Open, Down, Close, RXJ+ or RXJ-. */
unsigned protocol_event(struct protocol *p, enum fsm_event event, uint64_t now_ms);

/* One packet, without PPP's protocol field. Adds to *layer. */
enum drop protocol_on_packet(struct protocol *p, const uint8_t *packet, size_t length,
			     uint64_t now_ms, unsigned *layer);

/* The restart timer, where it has run out by now_ms. */
unsigned protocol_on_time(struct protocol *p, uint64_t now_ms);

/* Sends a packet of this protocol, cut to the peer's MRU. */
void protocol_send(struct protocol *p, uint8_t code, uint8_t identifier, const void *data,
		   size_t length);

/* LINK_TRACE: "recv ccp configure-request id=1 120601000040", the data in hexadecimal, cut. */
void protocol_trace(struct protocol *p, const char *direction, const uint8_t *packet,
		    size_t length);

static inline bool protocol_is_opened(const struct protocol *p)
{
	return fsm_is_opened(&p->fsm);
}
