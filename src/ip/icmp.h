/*
 * "Too big", told to the sender of a packet that does not fit a session: ICMP type 3 code 4 with
 * the next hop's MTU (RFC 1191 §4), ICMPv6 type 2 (RFC 4443 §3.2). When to tell, and how often, is
 * the caller's affair.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "ip/ip.h"

enum {
	ICMP_LENGTH_MAX = 576,            /* of the whole answer, RFC 1812 §4.3.2.3 */
	ICMPV6_LENGTH_MAX = IPV6_MTU_MIN, /* RFC 4443 §2.4 (c) */
};

/*
 * Writes the answer to the packet of `view` into `to`, a whole IPv4 packet from `source` (our inner
 * address) to that packet's source. False, with nothing to send, where the packet is one that no
 * ICMP error may answer (RFC 1122 §3.2.2: an ICMP error itself, a later fragment, one to or from
 * anything but a single host), or where it is no longer than `mtu`.
 */
bool icmp_too_big(struct packet *to, const struct ip_view *view, uint32_t source, uint16_t mtu);

/*
 * The same for IPv6, `source` being IPV6_ADDRESS octets. An `mtu` below 1280 is told as 1280, less
 * being no business of an IPv6 sender (RFC 8200 §5); so only packets longer than that are answered.
 */
bool icmpv6_too_big(struct packet *to, const struct ip_view *view, const uint8_t *source,
		    uint16_t mtu);
