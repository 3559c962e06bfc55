/*
 * IPCP (RFC 1332) with name servers (RFC 1877). A server grants the address and the name servers of
 * the verdict, and naks anything else; a client takes what it is given. Van Jacobson's compression
 * and the deprecated IP-Addresses are rejected.
 */
#pragma once
#include "auth/verdict.h"
#include "ppp/protocol.h"

struct link_settings;
struct link_addresses;

enum ipcp_row { IPCP_ADDRESS, IPCP_DNS1, IPCP_NBNS1, IPCP_DNS2, IPCP_NBNS2, IPCP_ROWS };

struct ipcp {
	struct protocol protocol;
	const struct link_settings *settings; /* borrowed, as the next */
	const struct auth_verdict *granted;
};

void ipcp_init(struct ipcp *i, const struct link_settings *settings,
	       const struct auth_verdict *granted, struct outbox *out);

/* Sets the IPv4 members to what was agreed on. */
void ipcp_addresses(const struct ipcp *i, struct link_addresses *a);
