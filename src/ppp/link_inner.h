/* What the files of struct link share: link.c the phases, link_auth.c the logins, link_network.c
 * CCP and the network protocols, link_path.c the way of a packet. */
#pragma once
#include "ppp/frame.h"
#include "ppp/link.h"

#define LINK_NEVER UINT64_MAX

/* When a negotiation that begins now is given up, however busily the peer talks. */
uint64_t link_patience(const struct fsm_settings *s, uint64_t now_ms);

/* Open and Up; returns the layer's events. */
unsigned link_open_protocol(struct protocol *p, uint64_t now_ms);

/* Ends the link in order: Terminate-Request, then the peer's
 * Ack or its silence. The first reason stands. */
void link_terminate(struct link *l, enum link_end_reason reason, uint16_t error, const char *text,
		    uint64_t now_ms);

/* LCP is opened: the ends prove themselves, and then the network phase begins. */
void link_start_authentication(struct link *l, uint64_t now_ms);
enum drop link_on_auth_packet(struct link *l, uint16_t protocol, const uint8_t *packet,
			      size_t length, uint64_t now_ms);
/* One of the two machines was called: carries out what it wants. */
void link_on_auth(struct link *l, bool authenticator, uint64_t now_ms);

/* Everybody has proved himself: CCP first, where it is wanted. */
void link_start_network_phase(struct link *l, uint64_t now_ms);
/* Layer events (enum fsm_action) of the three protocols. */
void link_on_ccp(struct link *l, unsigned layer, uint64_t now_ms);
void link_on_ipcp(struct link *l, unsigned layer, uint64_t now_ms);
void link_on_ipv6cp(struct link *l, unsigned layer, uint64_t now_ms);
/* No encryption came of it: the end where it is required, with `why` for log and peer. */
void link_ccp_failed(struct link *l, const char *why, uint64_t now_ms);
enum drop link_on_ccp_packet(struct link *l, const uint8_t *packet, size_t length, uint64_t now_ms);
enum drop link_on_ipcp_packet(struct link *l, const uint8_t *packet, size_t length,
			      uint64_t now_ms);
enum drop link_on_ipv6cp_packet(struct link *l, const uint8_t *packet, size_t length,
				uint64_t now_ms);

/* A control frame, without its protocol field. */
enum drop link_on_control(struct link *l, uint16_t protocol, const uint8_t *packet, size_t length,
			  uint64_t now_ms);
