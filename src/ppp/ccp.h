/*
 * CCP (RFC 1962) for MPPE alone (RFC 3078 §2): option 18. Each side's Configure-Request says what
 * it is ready to receive; we agree only to one size and mode for both directions. Bits of the
 * obsolete 40-bit form, of MPPC and of the unknown are nak'd away; every other algorithm is
 * rejected.
 */
#pragma once
#include "ppp/protocol.h"

struct link_settings;

enum ccp_row { CCP_MPPE, CCP_ROWS };

/* Supported Bits of option 18 (RFC 3078 §2.1). */
enum ccp_bits {
	CCP_STATELESS = 0x01000000,
	CCP_56 = 0x80,
	CCP_128 = 0x40,
	CCP_40 = 0x20,
};

enum {
	CCP_PATIENCE = 2, /* times that we nak for our mode before we agree to the peer's */
};

struct ccp {
	struct protocol protocol;
	const struct link_settings *settings; /* borrowed */
	bool refused;     /* the peer would not encrypt both directions: asked no more */
	uint8_t insisted; /* requests in a row whose mode is not ours */
	/* once the peer talked us into something, what is asked first from then on */
	uint32_t agreed;
	/* What just happened; the owner looks after each packet and clears. */
	bool reset_asked; /* a Reset-Request came in Opened state */
	uint8_t reset_identifier;
};

void ccp_init(struct ccp *c, const struct link_settings *settings, struct outbox *out);

/* The bits that hold in both directions; 0: no encryption
 * was agreed on. *differ: the directions disagree. */
uint32_t ccp_result(const struct ccp *c, bool *differ);

/* The directions disagreed: what the next negotiation, which the owner begins, asks for. */
void ccp_reconcile(struct ccp *c);

/*
 * In Opened state: is this packet the peer's last request once more, because our Ack was lost? Then
 * it is acked again and nothing else changes. The RFC's automaton would negotiate anew, and
 * encryption must not be touched once it is in force. `data_came`: the peer has sent encrypted
 * data, so its automaton is open too, and a request under a new number is a true renegotiation.
 */
bool ccp_repeat(struct ccp *c, const uint8_t *packet, size_t length, bool data_came);

void ccp_send_reset_request(struct ccp *c);
void ccp_send_reset_ack(struct ccp *c, uint8_t identifier);
