/* What a session needs of the configuration. Built once for
 * each reading of it; sessions hold counted references. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/control.h"
#include "ip/marks.h"
#include "ppp/link.h"

/* Values of mss_clamp that are no MSS. */
enum { MSS_CLAMP_NONE = 0, MSS_CLAMP_TO_MTU = 1 };

/* How we call ourselves in the Start messages. What names itself so carries ECN inside as RFC 6040
 * says, so this may be told nobody else's software. */
extern const char session_vendor[];

struct session_settings {
	atomic_uint references; /* sessions of several threads hold them */
	struct link_settings link;
	struct control_settings control;
	uint32_t idle_ms; /* without data for so long: ended; 0: never (pppd: idle) */
	/* after the first network protocol opened; 0: never (pppd: maxconnect) */
	uint32_t max_connect_ms;
	/* no GRE for so long after the call stood: a warning that names protocol 47 */
	uint32_t first_gre_ms;
	uint16_t mss_clamp; /* of SYN and SYN-ACK, both ways: one of the two above, or an MSS */
	/* IPv4 that is too long is delivered in pieces although
	 * it forbids that: the cure for sites deaf to ICMP */
	bool fragment_dont_fragment;
	uint16_t tos;        /* TOS_COPY, or the octet whose DSCP the GRE packets have */
	enum ecn_policy ecn; /* of what we send; marks that come are carried inside always */
	uint16_t outer_mtu;  /* assumed of the way to the caller where nothing better is known */
	char our_name[AUTH_NAME_LIMIT + 1]; /* link.auth.our_name points here */
};

/* Zeros but for sane timers; one reference, the caller's. NULL without memory. */
struct session_settings *session_settings_new(enum link_role role);
struct session_settings *session_settings_ref(struct session_settings *settings);
void session_settings_unref(struct session_settings *settings); /* NULL is fine */
