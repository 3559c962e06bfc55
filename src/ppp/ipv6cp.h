/* IPv6CP (RFC 5072): two distinct interface identifiers, from which each side makes its link-local
 * address. IPv6-Compression-Protocol is rejected. */
#pragma once
#include "base/random.h"
#include "ppp/protocol.h"

struct link_settings;
struct link_addresses;

enum ipv6cp_row { IPV6CP_IDENTIFIER, IPV6CP_ROWS };

struct ipv6cp {
	struct protocol protocol;
	const struct link_settings *settings; /* borrowed, as the next */
	const struct random *random;
};

void ipv6cp_init(struct ipv6cp *i, const struct link_settings *settings,
		 const struct random *random, struct outbox *out);

/* Sets the IPv6 members to what was agreed on; an identifier that was not negotiated is zero. */
void ipv6cp_addresses(const struct ipv6cp *i, struct link_addresses *a);
