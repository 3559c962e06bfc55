/*
 * One caller's life: call, tunnel, link, addresses and account, in one struct; the server's end and
 * the client's end are the same struct in another role. A value: bytes and the time go in, actions
 * come out (actions.h); no I/O, no clock, no globals.
 *
 *   actions.h      what sessions and connections want done, in one order
 *   session.h      one call: GRE tunnel + PPP link + account, and the path of its data packets
 *   connection.h   one control connection (TCP 1723) and the sessions that it carries
 *   settings.h     what a session needs of the configuration, counted, shared by all that began
 * under it
 *
 * Life: session_new → (the call ids are known) session_start → … → ACTION_SESSION_ENDED →
 * session_free. The owner keeps it in its tables and its timer; connection.h points at it while the
 * call stands.
 *
 * A data packet comes in by session_admit → mppe_run → session_deliver and leaves by
 * session_enclose → mppe_run → session_seal. In between, packets of any sessions may stand in one
 * batch.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/packet.h"
#include "gre/gre.h"
#include "ppp/link.h"
#include "session/actions.h"
#include "session/settings.h"

struct ip_view;

enum session_state {
	SESSION_CALLING,     /* the call is not up yet */
	SESSION_NEGOTIATING, /* LCP, authentication, network protocols */
	SESSION_UP,          /* at least one network protocol is open */
	SESSION_ENDING,      /* LCP's farewell is under way */
	SESSION_LINGERING, /* over, all is free; the call stands until the peer has done its part */
	SESSION_ENDED,
};

/* Octets and packets of inner IP, as the account has them. `in`: from the peer. */
struct session_account {
	uint64_t octets_in, octets_out;
	uint64_t packets_in, packets_out;
};

struct session {
	uint32_t id;         /* distinct for the life of the owner; 0 is never used */
	uint16_t call_id;    /* ours: in the GRE packets that come */
	uint16_t slot;       /* of the connection */
	uint32_t connection; /* id of the connection that carries the call */
	enum session_state state;
	struct link_end end;    /* from SESSION_LINGERING on */
	uint64_t linger_ms;     /* meaningful then: until when */
	struct endpoint caller; /* outer address and TCP port of the peer */
	uint32_t called;        /* outer address that the peer dialled: GRE answers leave from it */
	struct session_host *host;         /* borrowed */
	struct session_settings *settings; /* a counted reference */
	struct gre_tunnel gre;
	struct link link;
	bool ipv4_up, ipv6_up;
	struct link_addresses addresses; /* meaningful while up */
	char user[AUTH_NAME_LIMIT + 1];  /* from the registrar; empty before */
	uint32_t open_questions[2];      /* numbers, by enum auth_question; 0: none is open */
	uint32_t questions;              /* asked so far */
	bool asked;         /* the registrar knows this session: ACTION_RELEASE is due at the end */
	uint16_t outer_mtu; /* of the way to the peer, octets of outer IP packet */
	bool carries_ecn;   /* the outer header has the inner ECN; else Not-ECT */
	bool told_odd_marks;
	struct line_limit reports;
	struct session_account account;
	uint64_t drops[DROP_COUNT]; /* of this session's packets */
	uint64_t started_ms, up_ms; /* up_ms: when the first network protocol opened; 0 before */
	uint64_t data_ms;           /* when the last IP packet passed, either way */
	/* until when the first GRE packet is awaited; TIME_NEVER once it came */
	uint64_t gre_by_ms;
	uint64_t told_ms;        /* when a sender was last told that its packet was too big */
	uint16_t identification; /* of fragments made here */
};

/* What is known about a packet between its two halves. */
struct session_item {
	uint32_t seq;
	bool has_payload; /* false: a bare acknowledgement, done with */
	uint8_t tos;      /* of the outer header */
	struct link_item link;
};

/* A session that waits for its call; NULL without memory. Takes a reference to `settings`. */
struct session *session_new(struct session_host *host, struct session_settings *settings,
			    uint32_t id, uint16_t call_id, struct endpoint caller, uint32_t called);

/* Wipes and frees; puts nothing. */
void session_free(struct session *s);

/* The call stands: GRE and PPP begin. */
void session_start(struct session *s, uint16_t peer_call_id, uint64_t now_ms);

/* Ends it in order: PPP says farewell first. `why` in words, for log and peer. */
void session_close(struct session *s, const char *why, uint64_t now_ms);

/* Ends it at once, the call being gone or the session replaced.
 * Where it is ending already, its first reason stands. */
void session_hang_up(struct session *s, enum link_end_reason reason, const char *why,
		     uint64_t now_ms);

/* IPv6 alone comes down, in order: another session holds the peer's interface identifier. */
void session_refuse_ipv6(struct session *s, uint64_t now_ms);

/* The registrar's answer to question `number`; one that is not open any more is ignored. */
void session_on_verdict(struct session *s, uint32_t number, const struct auth_verdict *verdict,
			uint64_t now_ms);

/*
 * First half of receipt: a GRE packet at p->data, outer IP header off, addressed to our call id by
 * this caller; `tos` is the octet of that header. DROP_NONE and item->has_payload: mppe_run where
 * item->link.encrypted, then session_deliver. Where item->link.alone, all packets of this session admitted before must be
 * delivered before, and this one before the next is admitted.
 */
enum drop session_admit(struct session *s, struct packet *p, uint8_t tos, struct session_item *item,
			uint64_t now_ms);

/* Second half. *payload tells whether *p now is an IP packet for
 * the TUN device, its source checked, its MSS clamped, its ECN what RFC 6040 says. */
enum drop session_deliver(struct session *s, struct packet *p, const struct session_item *item,
			  enum link_payload *payload, uint64_t now_ms);

/* What becomes of an IP packet that is to go out. */
enum session_fit {
	SESSION_FITS,     /* session_enclose it */
	SESSION_FRAGMENT, /* IPv4: ip_fragment it to session_mtu, session_enclose each */
	SESSION_TOO_BIG,  /* not to be sent: DROP_IP_TOO_BIG */
};

/*
 * Looks at an IP packet from the TUN device: is the session open to it, is it too long, and is its
 * sender to be told so by ICMP (*tell: at most a few times a second)? Clamps the MSS of a SYN in
 * place.
 */
enum drop session_outbound(struct session *s, struct packet *p, enum session_fit *fit, bool *tell,
			   uint64_t now_ms);

/* Makes a PPP frame of the IP packet and item->tos; mppe_run where item->link.encrypted,
 * then session_seal, in the same order. */
enum drop session_enclose(struct session *s, struct packet *p, struct session_item *item,
			  uint64_t now_ms);

/* The outer header's octet for what carries no packet of the world: PPP's own frames, GRE's
 * acknowledgements. */
uint8_t session_tos(const struct session *s);

/* The GRE header goes in front: the packet is ready for the wire. */
void session_seal(struct session *s, struct packet *p);

/* Counts a drop that the owner decided upon. Returns `drop`. */
enum drop session_drop(struct session *s, enum drop drop);

/* Largest inner IP packet: what the peer's MRU and the outer way allow. */
uint16_t session_mtu(const struct session *s);

/*
 * Largest packet into which a super-segment from the TUN device is split: as session_mtu, so that
 * TCP's need not be fragmented. Where don't-fragment is to be obeyed, as long as its sender meant
 * (UINT16_MAX): session_outbound then refuses them, and the sender hears of it.
 */
uint16_t session_split_mtu(const struct session *s, const struct ip_view *view);

uint64_t session_deadline(const struct session *s);
void session_on_time(struct session *s, uint64_t now_ms);

const char *session_state_name(enum session_state state);
