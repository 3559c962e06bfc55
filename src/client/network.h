/*
 * What a client does to its machine, and undoes: the TUN device, the address on it, routes into the
 * tunnel, and a route to the server that keeps the tunnel's own packets outside of it.
 *
 * The default route of others stays where it is: --default-route lays the two halves 0.0.0.0/1 and
 * 128.0.0.0/1 over it, which go with the device whatever happens to us. What could outlive us, the
 * route to the server, carries NETLINK_PROTOCOL, and a later start takes it over.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "client/options.h"
#include "io/io.h"
#include "io/netlink.h"
#include "session/session.h"

struct network {
	struct netlink netlink;
	int tun_fd; /* owned; -1: not open */
	char interface[CONNECT_INTERFACE];
	int index;
	bool up; /* IPv4 stands, and so what follows */
	uint32_t local, server;
	struct address_prefix routes[CONNECT_ROUTES + 3]; /* made by us */
	size_t route_count;
	bool has_host_route;
	char why[WHY_SIZE * 2]; /* after a failure: one sentence */
};

/* Opens the device; `name` empty: the first free poptunN. 0, or -errno and network->why. */
int network_open(struct network *network, const char *name);
/* Undoes everything. Also of one that is zero with tun_fd -1, or closed. */
void network_close(struct network *network);

/* The tunnel stands: address and routes. 0, or -errno and network->why, and then all of it is
 * undone. What is not needed for the tunnel itself is a warning. */
int network_up(struct network *network, const struct connect_options *options,
	       const struct link_addresses *addresses, uint32_t server, uint16_t mtu);
void network_down(struct network *network);

/* The link-local address of IPv6. */
void network_ipv6_up(struct network *network, const struct link_addresses *addresses, uint16_t mtu);

/* Routes into the tunnel as asked for, the whole world as two halves. Returns how many. */
size_t network_routes(const struct connect_options *options,
		      struct address_prefix to[static CONNECT_ROUTES + 2]);
