/*
 * One PPP link (RFC 1661), either end: LCP, authentication, CCP with MPPE, IPCP, IPv6CP, and the
 * path of data packets.
 *
 *   fsm.h        the automaton of RFC 1661 §4.1, as the RFC's own table
 *   options.h    one negotiator for all protocols: a protocol is a table of its options
 *   protocol.h   automaton, options and packets together: what every control protocol begins with
 *   lcp.h ipcp.h ipv6cp.h ccp.h
 *                the four protocols: what is asked and what is granted
 *   mppe.h       encryption
 *   frame.h      address, control and protocol field
 *   link.h       phases and doors: which packet may pass when; session/ comes in here alone
 *
 * struct session owns a struct link by value. Control frames and login questions go out by the
 * outbox; data packets are changed in place. Whether a data packet leaves encrypted, clear or not
 * at all is decided in link_send and nowhere else.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "auth/auth.h"
#include "base/address.h"
#include "base/drop.h"
#include "base/outbox.h"
#include "base/packet.h"
#include "base/random.h"
#include "ppp/ccp.h"
#include "ppp/ipcp.h"
#include "ppp/ipv6cp.h"
#include "ppp/lcp.h"
#include "ppp/mppe.h"

enum link_role {
	LINK_SERVER, /* asks the peer who it is, and gives addresses */
	LINK_CLIENT,
};

enum mppe_policy { MPPE_OFF, MPPE_OPTIONAL, MPPE_REQUIRED };

enum link_action {
	LINK_FRAME = 1, /* a whole PPP frame for the tunnel */
	/* struct auth_proof: see auth/verdict.h. Where no proof is demanded of a peer, the method
	 * is AUTH_NONE: the verdict gives it addresses. A later AUTH_VERIFY stands in the place of
	 * an earlier one, whose verdict is not to be passed on any more; so does a later AUTH_PROVE. */
	LINK_ASK,
	/* struct auth_verdict without its keys; again after each LCP renegotiation */
	LINK_AUTHENTICATED,
	LINK_IPV4_UP, /* struct link_addresses: IPCP opened */
	LINK_IPV4_DOWN,
	LINK_IPV6_UP, /* struct link_addresses: IPv6CP opened */
	LINK_IPV6_DOWN,
	LINK_ENDED,  /* struct link_end; nothing follows it */
	LINK_REPORT, /* text for the log, without the session's prefix: "lcp=opened mru=1400 …" */
	LINK_TRACE,  /* text, debug level */
};

struct link_addresses {
	uint32_t local, remote; /* inner IPv4 */
	uint32_t dns[2], nbns[2];
	uint8_t local_id[8], remote_id[8]; /* IPv6 interface identifiers */
};

/* Why a link ended. `pppd_status` below gives pppd's exit status for each. */
enum link_end_reason {
	LINK_END_LOCAL,       /* link_close was called */
	LINK_END_PEER,        /* the peer's LCP Terminate-Request */
	LINK_END_LCP,         /* LCP did not come up: silence, or no agreement */
	LINK_END_AUTH_METHOD, /* the peer would not take any of our methods */
	LINK_END_AUTH_FAILED, /* we refused the peer, or it refused us */
	LINK_END_AUTH_TIMEOUT,
	LINK_END_MPPE,     /* encryption is required and could not be agreed on */
	LINK_END_NETWORK,  /* no network protocol came up */
	LINK_END_ECHO,     /* the peer answers no LCP Echo-Request any more */
	LINK_END_LOOPBACK, /* our own magic number came back */
	LINK_END_REASONS
};

struct link_end {
	uint8_t reason;      /* enum link_end_reason */
	uint16_t auth_error; /* with LINK_END_AUTH_FAILED */
	char text[96];       /* one line for people: what happened, and to whom the peer said it */
};

struct link_settings {
	enum link_role role;
	/* ours, proposed to the peer; 1500 is not put on the wire as it is the default */
	uint16_t mru;
	uint16_t mtu;          /* upper bound of the inner MTU; 0: what the peer's MRU allows */
	bool magic, pfc, acfc; /* negotiate them */
	bool accept_pfc_acfc;  /* agree to the peer's wish for them */
	/* methods that the peer may prove itself with, strongest asked first; 0: none is asked */
	auth_methods demand;
	auth_methods offer; /* methods that we prove ourselves with where the peer asks */
	struct auth_settings auth;
	enum mppe_policy mppe;
	uint8_t mppe_sizes;  /* set of enum mppe_size */
	bool mppe_stateless; /* stateless is agreed to; proposed first where allowed */
	bool mppe_stateful;  /* stateful is agreed to where the peer insists */
	bool ipv4, ipv6;
	bool accept_local, accept_remote; /* pppd: ipcp-accept-local, ipcp-accept-remote */
	uint8_t interface_id[8];          /* ours, IPv6; zero: made from chance */
	struct fsm_settings lcp, ccp, ipcp, ipv6cp;
	uint32_t echo_interval_ms; /* 0: off */
	uint32_t echo_failures;    /* unanswered ones until the peer counts as dead; 0: never */
	bool echo_adaptive;        /* only when nothing was heard */
	/* authenticated, but neither IPCP nor IPv6CP open for so long: ended; 0: never */
	uint32_t network_timeout_ms;
	const char *identification; /* LCP Identification to send when opened, or NULL */
};

enum link_phase { LINK_DEAD, LINK_ESTABLISH, LINK_AUTHENTICATE, LINK_NETWORK, LINK_TERMINATE };

/* A network protocol's Configure-Request that came before CCP was done. */
struct link_early {
	uint16_t length; /* 0: none */
	uint8_t bytes[256];
};

struct link {
	const struct link_settings *settings; /* borrowed, as the next two */
	const struct random *random;
	struct outbox *out;
	enum link_phase phase;
	struct lcp lcp;
	struct auth authenticator, peer; /* of the peer, and of ourselves; AUTH_IDLE: not in use */
	struct outbox auth_out;          /* owned: what these two want done */
	bool nobody_asked; /* no proof was demanded: the verdict of AUTH_NONE is awaited */
	struct ccp ccp;
	struct ipcp ipcp;
	struct ipv6cp ipv6cp;
	struct mppe mppe;
	bool encrypt; /* nothing clear passes: encryption is required, or was in force once */
	bool mppe_on; /* both directions are encrypted */
	bool networks_started; /* CCP is done: IPCP and IPv6CP may be answered */
	uint8_t ccp_restarts;
	struct auth_keys keys;       /* from the verdict until CCP used them; wiped then */
	struct auth_verdict granted; /* addresses and name servers; its keys are wiped */
	struct link_early early_ipcp, early_ipv6cp;
	/* UINT64_MAX: not waiting */
	uint64_t establish_by_ms, ccp_by_ms, network_by_ms, echo_due_ms;
	uint64_t heard_ms;  /* when the last good packet came */
	uint64_t reject_ms; /* the second in which `rejects` Protocol-Rejects were sent */
	uint32_t rejects, echoes_unanswered;
	struct link_end end; /* why, from the moment that this is certain */
	bool ending, ended;
};

/* What is known about a data packet between link_admit and link_deliver. */
struct link_item {
	uint16_t protocol; /* PPP protocol of the frame as it came */
	bool encrypted;    /* `mppe` is to be run */
	/* deliver this one before the link's next is admitted: control frames and stateful MPPE */
	bool alone;
	struct mppe_item mppe;
};

enum link_payload { LINK_PAYLOAD_NONE, LINK_PAYLOAD_IPV4, LINK_PAYLOAD_IPV6 };

/* Starts LCP. Pointers are borrowed for the life of *l. */
void link_open(struct link *l, const struct link_settings *settings, const struct random *random,
	       struct outbox *out, uint64_t now_ms);
void link_fini(struct link *l); /* wipes keys; puts nothing */

/* Ends the link in order (Terminate-Request, which carries `why`); LINK_ENDED follows, at the
 * latest when LCP's patience is over. */
void link_close(struct link *l, const char *why, uint64_t now_ms);

/* Closes IPv6CP alone, in order; what else is up stays up.
 * Without another network protocol that is the link's end. */
void link_close_ipv6(struct link *l, uint64_t now_ms);

/* First half of receipt: the frame at p->data. On DROP_NONE the
 * address, control and protocol fields are pulled off. */
enum drop link_admit(struct link *l, struct packet *p, struct link_item *item, uint64_t now_ms);

/*
 * Second half, after mppe_run where item->encrypted. Control frames are handled, and *payload is
 * NONE; otherwise *p is an IP packet (its addresses are not checked here).
 */
enum drop link_deliver(struct link *l, struct packet *p, const struct link_item *item,
		       enum link_payload *payload, uint64_t now_ms);

/*
 * Makes a frame of the IP packet in *p. DROP_NONE: *p is the frame, and where item->encrypted,
 * mppe_run is still to be run over item->mppe before it is sent. DROP_LINK_NOT_UP where that
 * network protocol is not open, or encryption that is required is not in force.
 */
enum drop link_send(struct link *l, struct packet *p, enum link_payload kind,
		    struct link_item *item);

/* The registrar's answer to the question that it names; ignored where that one is not open. */
void link_on_verdict(struct link *l, const struct auth_verdict *verdict, uint64_t now_ms);

/* Largest IP packet that the peer takes: its MRU (encryption's
 * octets come on top), at most settings->mtu. */
uint16_t link_mtu(const struct link *l);

uint64_t link_deadline(const struct link *l);
void link_on_time(struct link *l, uint64_t now_ms);

/* "peer hung up", and pppd's exit status for the case (10 negotiation,
 * 11 and 19 authentication, 15 echo, 17 loopback). */
const char *link_end_name(enum link_end_reason reason);
int link_end_pppd_status(enum link_end_reason reason, enum link_role role);
