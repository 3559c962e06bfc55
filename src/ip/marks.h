/*
 * The octet of DSCP and ECN (IPv4's TOS, IPv6's Traffic Class) between a packet inside the tunnel and
 * the outer header that carries it: ECN as RFC 6040 says, DSCP as a pipe (RFC 2983): the inner one
 * passes as it is, whatever became of the outer one.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "ip/ip.h"

/* The two low bits of the octet (RFC 3168 §5). */
enum ecn {
	ECN_NOT_ECT = 0, /* its sender knows no ECN: congestion is told by dropping */
	ECN_ECT_1 = 1,
	ECN_ECT_0 = 2,
	ECN_CE = 3, /* congestion was met */
	ECN_FIELD = 3,
};

/* When the outer header has the inner ECN, so that a queue on the way may mark in place of dropping
 * (RFC 6040 §4.3's normal mode); otherwise it has Not-ECT (its compatibility mode). */
enum ecn_policy {
	ECN_AUTO, /* where the other end is known to carry a mark inside */
	ECN_ON,
	ECN_OFF,
};

/* In place of an octet: the outer DSCP is the inner one. */
enum { TOS_COPY = 0x100 };

/* The octet of the IPv4 or IPv6 packet that begins at `ip`. */
uint8_t marks_of(const uint8_t *ip);

/*
 * The outer header's octet for a packet with this inner one. `tos`: TOS_COPY, or the octet whose DSCP
 * it gets. `carries_ecn`: normal mode.
 */
uint8_t marks_outer(uint8_t inner, uint16_t tos, bool carries_ecn);

enum marks_fate {
	MARKS_GOOD,
	MARKS_ODD, /* no tunnel makes such a pair: somebody on the way changes octets that he should not */
	MARKS_DROP, /* congestion was met, and its sender would not understand a mark */
};

/*
 * The packet came out of one whose outer header had the octet `outer`: its ECN becomes what RFC 6040
 * §4.2 says, and IPv4's checksum follows (a wrong one stays wrong). Before packets are merged.
 */
enum marks_fate marks_arrive(const struct ip_view *view, uint8_t outer);
