/* Whose packet it may be: callers speak for themselves alone (RFC 2827). And what kind an address
 * is. IPv4 addresses are in host order, IPv6 ones IPV6_ADDRESS octets. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "ip/ip.h"

/*
 * May a caller that holds `address` and, where it is not NULL, the link-local address of
 * `interface_id` (8 octets, RFC 5072 §5) send this packet? IPv4: only from `address`; 0 is no
 * address and nothing passes. IPv6: only from fe80::/64 with its interface identifier, or from ::
 * towards link-local multicast, as duplicate address detection does (RFC 4862 §5.4.2, RFC 3590).
 */
bool source_is_callers(const struct ip_view *view, uint32_t address, const uint8_t *interface_id);

/* 224.0.0.0/4. */
bool ipv4_is_multicast(uint32_t address);
/* 255.255.255.255; a subnet's own broadcast address looks like any other. */
bool ipv4_is_broadcast(uint32_t address);
/* 169.254.0.0/16, RFC 3927. */
bool ipv4_is_link_local(uint32_t address);
/* May it belong to a single host elsewhere? Not 0/8, 127/8, multicast, nor what lies above. */
bool ipv4_is_host(uint32_t address);

bool ipv6_is_unspecified(const uint8_t *address); /* :: */
bool ipv6_is_multicast(const uint8_t *address);   /* ff00::/8 */
bool ipv6_is_link_local(const uint8_t *address);  /* fe80::/10 */
/* May it belong to a single host elsewhere? Not ::, ::1, nor multicast. */
bool ipv6_is_host(const uint8_t *address);
