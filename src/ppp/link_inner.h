/* What link.c and link_path.c share. */
#pragma once
#include "ppp/frame.h"
#include "ppp/link.h"

/* A control frame, without its protocol field. */
enum drop link_on_control(struct link *l, uint16_t protocol, const uint8_t *packet, size_t length,
			  uint64_t now_ms);

/* Protocol-Reject for what is not spoken here; few a second. */
void link_reject_protocol(struct link *l, uint16_t protocol, const uint8_t *packet, size_t length,
			  uint64_t now_ms);
