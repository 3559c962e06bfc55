/*
 * The MSS option of TCP (RFC 9293 §3.7.1), brought down to what fits a session: the sites that
 * ignore or never see ICMP then send no segment that is too long.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "ip/ip.h"

/*
 * Lowers the MSS in a SYN or SYN-ACK to `mtu` less the fixed IP and TCP headers (40 octets with
 * IPv4, 60 with IPv6) and corrects the TCP checksum by the difference (so a wrong one stays wrong).
 * Never raises it; a SYN without the option stays as it is, for its receiver then assumes 536 or
 * 1220, which fits. Works on a first fragment as well, where the option is in it.
 * Returns true where the packet was changed.
 */
bool mss_clamp(const struct ip_view *view, uint16_t mtu);
