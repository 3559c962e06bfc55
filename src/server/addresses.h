/*
 * Which session has which inner address, over all workers: the keeper's book. It keeps the packets for
 * an address coming to the worker whose session was given it last, a route up as long as one session
 * uses it, and an IPv6 interface identifier with one session at a time.
 *
 * Two sessions may have one address for a moment, each on a worker of its own: a second login takes
 * the first one's place, and the first takes its leave. What the workers tell of it then comes in any
 * order; what the authority tells, who decides it, comes in its order.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "io/steering.h"

struct addresses {
	struct map held;                 /* struct held_address, in addresses.c */
	const struct steering *steering; /* borrowed */
	uint32_t workers;                /* queue n is worker n's */
};

void addresses_init(struct addresses *addresses, const struct steering *steering, uint32_t workers);
void addresses_fini(struct addresses *addresses);

/* The authority gives the address to this session, or takes it back. */
void addresses_give(struct addresses *addresses, uint32_t session, uint32_t address);
void addresses_free(struct addresses *addresses, uint32_t session, uint32_t address);

/* A session's IPv4 is up, or down again. Down: true where no other session uses the address. */
void addresses_up(struct addresses *addresses, uint32_t address);
bool addresses_down(struct addresses *addresses, uint32_t address);

/* False: another session has the identifier. Dropping one that is another's is nothing, and false. */
bool addresses_hold_ipv6(struct addresses *addresses, uint32_t session, const uint8_t id[static 8]);
bool addresses_drop_ipv6(struct addresses *addresses, uint32_t session, const uint8_t id[static 8]);
