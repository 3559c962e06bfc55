/*
 * LCP (RFC 1661 §6, RFC 1570): its options, and the codes beyond the automaton: Echo, Discard,
 * Protocol-Reject, Identification, Time-Remaining.
 *
 * Granted to the peer: MRU from 128, any ACCM, a magic number that is neither 0 nor ours, both
 * compressions of header fields (we read them anyway), and to prove ourselves by a method that we
 * offer. All else (callback, multilink, endpoint discriminator, quality reports …) is rejected at
 * once.
 */
#pragma once
#include "auth/method.h"
#include "base/random.h"
#include "ppp/protocol.h"

struct link_settings;

enum lcp_row { LCP_MRU, LCP_ACCM, LCP_AUTHENTICATION, LCP_MAGIC, LCP_PFC, LCP_ACFC, LCP_ROWS };

enum { LCP_MRU_MIN = 128, LCP_MRU_DEFAULT = 1500, LCP_LOOP_LIMIT = 5 };

struct lcp {
	struct protocol protocol;
	const struct link_settings *settings; /* borrowed */
	const struct random *random;          /* borrowed */
	auth_methods left;       /* demanded methods that the peer has not refused yet */
	uint8_t magic_seen;      /* requests in a row that carried our own magic number */
	uint8_t echo_identifier; /* of the last Echo-Request sent */
	uint8_t told;            /* Identifications and the like that were reported */
	/* What just happened; the owner looks after each packet and clears. */
	bool looped;            /* our own magic number comes back */
	bool auth_refused;      /* the peer takes none of the methods that we demand */
	bool echo_answered;     /* the last Echo-Request was */
	uint16_t peer_rejected; /* the peer's Protocol-Reject named this protocol */
};

void lcp_init(struct lcp *l, const struct link_settings *settings, const struct random *random,
	      struct outbox *out);

/* What both sides agreed on; sensible once LCP is opened. */
uint16_t lcp_peer_mru(const struct lcp *l);
enum auth_method lcp_demanded(const struct lcp *l); /* the peer proves itself by this */
enum auth_method lcp_asked(const struct lcp *l);    /* we prove ourselves by this */

void lcp_send_echo(struct lcp *l);
void lcp_send_identification(struct lcp *l, const char *text);
/* `packet`: the information field that came, which is cut to the peer's MRU. */
void lcp_send_protocol_reject(struct lcp *l, uint16_t protocol, const uint8_t *packet,
			      size_t length);
void lcp_report(struct lcp *l); /* "lcp=opened mru=… …" */
