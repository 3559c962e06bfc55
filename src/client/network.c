#include "client/network.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "base/reader.h"
#include "io/tun.h"
#include "ip/ip.h"

enum { NAMES = 1000 };

static int open_free(struct network *n)
{
	for (int i = 0; i < NAMES; i++) {
		snprintf(n->interface, sizeof(n->interface), "poptun%d", i);
		if (if_nametoindex(n->interface))
			continue;
		int fd = tun_open_super(n->interface, n->why);
		if (fd != -EBUSY) /* another one may have been quicker */
			return fd;
	}
	return -EBUSY;
}

int network_open(struct network *n, const char *name)
{
	*n = (struct network){.tun_fd = -1};
	if (*name)
		memcpy(n->interface, name, strnlen(name, sizeof(n->interface) - 1));
	int fd = *name ? tun_open_super(name, n->why) : open_free(n);
	if (fd < 0)
		return fd;
	n->tun_fd = fd;
	n->index = (int)if_nametoindex(n->interface);
	int error = netlink_open(&n->netlink);
	if (error) {
		snprintf(n->why, sizeof(n->why), "cannot open rtnetlink: %s", strerror(-error));
		network_close(n);
	}
	return error;
}

void network_close(struct network *n)
{
	if (n->tun_fd < 0)
		return;
	network_down(n);
	netlink_close(&n->netlink);
	close(n->tun_fd); /* and the device goes, with what hangs on it */
	n->tun_fd = -1;
}

size_t network_routes(const struct connect_options *options,
		      struct address_prefix to[static CONNECT_ROUTES + 2])
{
	static const struct address_prefix halves[] = {{0, 1}, {0x80000000, 1}};
	size_t count = 0;
	bool all = options->default_route;
	for (size_t i = 0; i < options->route_count; i++) {
		if (options->routes[i].length)
			to[count++] = options->routes[i];
		all |= !options->routes[i].length;
	}
	for (size_t i = 0; all && i < COUNT_OF(halves); i++)
		to[count++] = halves[i];
	return count;
}

/* ---- the way to the server ---- */

struct search {
	uint32_t server;
	bool ours;
};

static void look_for_ours(void *context, const struct netlink_route *route)
{
	struct search *search = context;
	if (route->to.length == 32 && route->to.address == search->server)
		search->ours |= route->protocol == NETLINK_PROTOCOL;
}

/* Before any route of ours could catch the tunnel's own packets. A route to that very address that
 * somebody else made stays, and serves. */
static int keep_server_outside(struct network *n)
{
	struct netlink_path path;
	struct address_prefix to = {n->server, 32};
	struct search search = {.server = n->server};
	netlink_each_route(&n->netlink, look_for_ours, &search);
	if (search.ours) /* of one that was killed: the way may be another by now */
		netlink_route_remove_via(&n->netlink, to);
	int error = netlink_path_find(&n->netlink, n->server, &path);
	if (error || path.local)
		return error;
	error = netlink_route_add_via(&n->netlink, to, path.index, path.gateway);
	n->has_host_route = error == 0;
	return error == -EEXIST ? 0 : error;
}

static bool holds_server(const struct network *n, const struct address_prefix *routes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (address_span_has(address_prefix_span(routes[i]), n->server))
			return true;
	return false;
}

/* ---- up and down ---- */

static void add_route(struct network *n, struct address_prefix to)
{
	char address[ADDRESS_TEXT];
	int error = n->route_count < COUNT_OF(n->routes)
			    ? netlink_route_add(&n->netlink, to, n->index, n->local)
			    : -E2BIG;
	if (error)
		log_warning("the route to %s/%u into the tunnel cannot be made: %s",
			    address_print(to.address, address), to.length,
			    error == -EEXIST ? "there is one already" : strerror(-error));
	else
		n->routes[n->route_count++] = to;
}

static int fail(struct network *n, const char *what, int error)
{
	snprintf(n->why, sizeof(n->why), "%s: %s", what, strerror(-error));
	network_down(n);
	return error;
}

int network_up(struct network *n, const struct connect_options *options,
	       const struct link_addresses *addresses, uint32_t server, uint16_t mtu)
{
	struct address_prefix routes[CONNECT_ROUTES + 2];
	size_t count = network_routes(options, routes);
	network_down(n);
	n->up = true;
	n->local = addresses->local;
	n->server = server;
	int error = netlink_link_up(&n->netlink, n->index, mtu);
	if (error)
		return fail(n, "the interface cannot be set up", error);
	if (holds_server(n, routes, count) && (error = keep_server_outside(n)))
		return fail(n,
			    "the route that keeps the server outside of the tunnel cannot be made",
			    error);
	error = netlink_address_add(&n->netlink, n->index, n->local, 32);
	if (error)
		return fail(n, "the address cannot be set", error);
	/* Some servers call themselves inside as they are called outside: that way is no tunnel's. */
	if (addresses->remote && addresses->remote != server && addresses->remote != n->local)
		add_route(n, (struct address_prefix){addresses->remote, 32});
	for (size_t i = 0; i < count; i++)
		add_route(n, routes[i]);
	return 0;
}

void network_down(struct network *n)
{
	if (!n->up)
		return;
	while (n->route_count)
		netlink_route_remove(&n->netlink, n->routes[--n->route_count], n->index);
	netlink_address_remove(&n->netlink, n->index, n->local, 32);
	if (n->has_host_route)
		netlink_route_remove_via(&n->netlink, (struct address_prefix){n->server, 32});
	n->has_host_route = n->up = false;
}

void network_ipv6_up(struct network *n, const struct link_addresses *addresses, uint16_t mtu)
{
	struct reader in = reader_of(addresses->local_id, sizeof(addresses->local_id));
	int error = mtu < IPV6_MTU_MIN ? -EMSGSIZE : netlink_link_up(&n->netlink, n->index, mtu);
	if (!error)
		error = netlink_link_local_add(&n->netlink, n->index, read_u64(&in));
	if (error)
		log_warning("IPv6 inside is without an address: %s", strerror(-error));
}
