/*
 * The fields in front of a PPP packet inside GRE: address ff, control 03, protocol (RFC 1661 §2; no
 * flags, no stuffing, no FCS). Both the long and the compressed form of each are read, whatever was
 * negotiated; what we send has the long form, which every peer reads.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/packet.h"

enum ppp_protocol {
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_COMPRESSED = 0x00fd, /* MPPE's packets */
	PPP_IPCP = 0x8021,
	PPP_IPV6CP = 0x8057,
	PPP_CCP = 0x80fd,
	PPP_LCP = 0xc021,
	PPP_PAP = 0xc023,
	PPP_CHAP = 0xc223,
	PPP_EAP = 0xc227,
};

enum { FRAME_HEADER = 4 }; /* octets in front of a packet that we send */

/* Pulls address and control, where they are there, and the protocol field. False: cut short, or no
 * protocol number (RFC 1661 §2: an odd last octet, an even first). */
bool frame_pull(struct packet *p, uint16_t *protocol);

/* The protocol field alone, as inside MPPE. */
bool frame_pull_protocol(struct packet *p, uint16_t *protocol);

/* Pushes the protocol field alone, and with it address and control. */
void frame_push_protocol(struct packet *p, uint16_t protocol);
void frame_push(struct packet *p, uint16_t protocol);

/* Is it network data, which encryption covers (RFC 3078 §3: 0021 to 00fa)? */
static inline bool frame_is_data(uint16_t protocol)
{
	return protocol < 0x4000 && protocol != PPP_COMPRESSED;
}
