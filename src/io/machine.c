#include "io/machine.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "io/forwarding.h"
#include "io/nftables.h"

enum { LEAST_MTU = 1500 };

__attribute__((format(printf, 3, 4))) static int fail(struct machine *m, int error,
						      const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(m->why, sizeof(m->why), format, arguments);
	va_end(arguments);
	return error;
}

/* What the kernel refused, and what to do about it. */
static int refused(struct machine *m, int error, const char *what)
{
	const char *interface = m->plan->interface;
	if (error == -EPERM || error == -EACCES)
		return fail(
			m, error,
			"cannot %s on %s: CAP_NET_ADMIN is missing; start as root, or with that "
			"capability (docker: --cap-add NET_ADMIN)",
			what, interface);
	return fail(m, error, "cannot %s on %s: %s", what, interface, strerror(-error));
}

static int link_up(struct machine *m)
{
	struct netlink_link link;
	const struct machine_plan *plan = m->plan;
	int error = netlink_link_find(&m->netlink, plan->interface, &link);
	if (error)
		return refused(m, error, "find the device");
	error = netlink_link_up(&m->netlink, link.index, MAX_OF(plan->mtu, LEAST_MTU));
	if (error)
		return refused(m, error, "set the device up");
	m->index = link.index; /* from here on there is something to undo */
	return 0;
}

static int addresses_up(struct machine *m)
{
	const struct machine_plan *plan = m->plan;
	for (size_t i = 0; i < plan->local_count; i++) {
		int error = netlink_address_add(&m->netlink, m->index, plan->local[i], 32);
		if (error)
			return refused(m, error, "set the local address");
	}
	if (!plan->link_local_id)
		return 0;
	int error = netlink_link_local_add(&m->netlink, m->index, plan->link_local_id);
	if (error == -EPERM)
		return refused(m, error, "set the IPv6 address");
	if (error)
		log_warning("interface=%s no IPv6 inside the tunnels: %s", plan->interface,
			    strerror(-error));
	return 0;
}

static uint32_t source_of(const struct machine *m)
{
	return m->plan->local_count ? m->plan->local[0] : 0;
}

/* A route that is there already is ours from an earlier call, or somebody else's. */
static int route_up(struct machine *m, struct address_prefix to)
{
	struct netlink_path path;
	int error = netlink_route_add(&m->netlink, to, m->index, source_of(m));
	if (error == -EEXIST && netlink_path_find(&m->netlink, to.address, &path) == 0 &&
	    path.index == m->index)
		return 0;
	return error;
}

static int route_conflict(struct machine *m, struct address_prefix to)
{
	char text[ADDRESS_TEXT];
	return fail(m, -EEXIST,
		    "cannot route the pool to %s: another interface has a route to %s/%u already; "
		    "choose other addresses in remoteip, or end the server that uses these",
		    m->plan->interface, address_print(to.address, text), to.length);
}

static int routes_up(struct machine *m)
{
	const struct machine_plan *plan = m->plan;
	for (size_t i = 0; i < plan->pool_count; i++) {
		struct address_prefix cover[PREFIX_COVER];
		size_t count = address_cover(plan->pool[i], cover);
		for (size_t j = 0; j < count; j++) {
			int error = route_up(m, cover[j]);
			if (error == -EEXIST)
				return route_conflict(m, cover[j]);
			if (error)
				return refused(m, error, "set the pool's routes");
		}
	}
	return 0;
}

static void routes_down(struct machine *m)
{
	const struct machine_plan *plan = m->plan;
	for (size_t i = 0; i < plan->pool_count; i++) {
		struct address_prefix cover[PREFIX_COVER];
		size_t count = address_cover(plan->pool[i], cover);
		for (size_t j = 0; j < count; j++)
			(void)netlink_route_remove(&m->netlink, cover[j], m->index);
	}
	for (size_t i = 0; i < plan->local_count; i++)
		(void)netlink_address_remove(&m->netlink, m->index, plan->local[i], 32);
}

static void forwarding_up(struct machine *m)
{
	bool was_off = false;
	int error = forwarding_on(m->plan->run_directory, &was_off);
	if (error)
		log_warning("ip_forward %s (%s), so clients reach this host only; set "
			    "net.ipv4.ip_forward=1 from outside (docker: --sysctl "
			    "net.ipv4.ip_forward=1)",
			    was_off ? "is off and cannot be turned on" : "cannot be read",
			    strerror(-error));
	else if (was_off)
		log_info("ip_forward=on was=off");
}

/* Interfaces that somebody made in order to forward: other tunnels, bridges of containers. */
static bool is_forwarder(const struct netlink_link *link)
{
	static const char *const not [] = {"",     "dummy", "veth", "vlan",
					   "bond", "ifb",   "vcan", "nlmon"};
	if (link->type == ARPHRD_PPP)
		return true;
	for (size_t i = 0; i < COUNT_OF(not ); i++)
		if (strcmp(link->kind, not [i]) == 0)
			return false;
	return link->flags & IFF_UP; /* modules leave idle ones such as gre0 and tunl0 */
}

struct forwarders {
	int own;
	bool seen;
};

static void look_at_link(void *context, const struct netlink_link *link)
{
	struct forwarders *forwarders = context;
	if (link->index != forwarders->own && is_forwarder(link))
		forwarders->seen = true;
}

static bool others_forward(struct machine *m)
{
	struct forwarders forwarders = {.own = m->index};
	if (netlink_each_link(&m->netlink, look_at_link, &forwarders))
		return true; /* who cannot see must not switch off */
	return forwarders.seen || foreign_forwards();
}

static void forwarding_down(struct machine *m)
{
	int error = forwarding_restore(m->plan->run_directory, others_forward(m));
	if (error)
		log_warning("ip_forward stays on: %s", strerror(-error));
}

/* The networks in which clients are present by proxy ARP, each once. */
static size_t networks_of_pool(struct machine *m, struct address_prefix *to)
{
	size_t count = 0;
	const struct machine_plan *plan = m->plan;
	for (size_t i = 0; plan->proxyarp && i < MIN_OF(plan->pool_count, FIREWALL_RANGES); i++) {
		struct netlink_subnet subnet;
		if (netlink_subnet_of(&m->netlink, plan->pool[i].first, m->index, &subnet) != 1)
			continue;
		struct address_prefix network = netlink_network(&subnet);
		if (!count || to[count - 1].address != network.address)
			to[count++] = network;
	}
	return count;
}

static int table_make(struct machine *m, const struct firewall_plan *plan,
		      char why[static WHY_SIZE])
{
	char *text = malloc(FIREWALL_TEXT);
	int error = text ? 0 : -ENOMEM;
	if (text && !firewall_text(plan, text, FIREWALL_TEXT))
		error = -E2BIG;
	if (error)
		snprintf(why, WHY_SIZE, "%s", strerror(-error));
	else
		error = nftables_run(text, why);
	free(text);
	return error;
}

static void table_remove(struct machine *m)
{
	char text[4 * FIREWALL_TABLE_NAME + 64], why[WHY_SIZE];
	if (firewall_removal_text(m->plan->interface, text, sizeof(text)))
		(void)nftables_run(text, why); /* without nftables there is none to remove */
}

static int table_up(struct machine *m)
{
	struct address_prefix present[FIREWALL_RANGES];
	const struct machine_plan *plan = m->plan;
	struct firewall_plan firewall = {.interface = plan->interface,
					 .nat = plan->nat,
					 .listen = plan->listen,
					 .pool = plan->pool,
					 .pool_count = plan->pool_count,
					 .present = present,
					 .present_count = networks_of_pool(m, present),
					 .track_gre = foreign_helps_pptp()};
	char why[WHY_SIZE], name[FIREWALL_TABLE_NAME];
	if (plan->nat == NAT_OFF) {
		table_remove(m); /* of an earlier run with another setting */
		return 0;
	}
	int error = table_make(m, &firewall, why);
	firewall_table(plan->interface, name);
	if (error && firewall_is_needed(&firewall))
		return fail(
			m, error,
			"cannot make the nftables table inet %s: %s; give this system nf_tables "
			"(and us CAP_NET_ADMIN), or write "
			"`nat off` and masquerade the pool elsewhere",
			name, why);
	if (error)
		log_warning("no nftables table inet %s: %s", name, why);
	m->gre_is_untracked = !error && !firewall.track_gre;
	return 0;
}

/* Proxy neighbours that carry our mark; collected first, since each costs a question of its own. */
struct proxies {
	struct netlink_neighbour *all;
	size_t count, capacity;
};

static void collect_proxy(void *context, const struct netlink_neighbour *neighbour)
{
	struct proxies *proxies = context;
	if (!neighbour->ours)
		return;
	if (proxies->count == proxies->capacity) {
		size_t capacity = proxies->capacity ? proxies->capacity * 2 : 64;
		void *more = realloc(proxies->all, capacity * sizeof(*proxies->all));
		if (!more)
			return;
		proxies->all = more;
		proxies->capacity = capacity;
	}
	proxies->all[proxies->count++] = *neighbour;
}

/*
 * Removes those that speak for clients of ours, or for nobody: without a server the way to their
 * address leads back into the network that asks. Those of another server lead to its device.
 */
static void sweep_proxies(struct machine *m)
{
	struct proxies proxies = {0};
	(void)netlink_each_proxy(&m->netlink, collect_proxy, &proxies);
	for (size_t i = 0; i < proxies.count; i++) {
		struct netlink_path path;
		int index = proxies.all[i].index;
		if (netlink_path_find(&m->netlink, proxies.all[i].address, &path) ||
		    path.index == index || path.index == m->index)
			(void)netlink_proxy_remove(&m->netlink, index, proxies.all[i].address);
	}
	free(proxies.all);
}

int machine_up(const struct machine_plan *plan, struct machine *m)
{
	*m = (struct machine){.plan = plan};
	int error = -EINVAL;
	if (!firewall_interface_is_usable(plan->interface))
		(void)fail(m, error,
			   "interface %.32s: a name is 1 to 15 letters, digits, '.', '_' or '-'",
			   plan->interface);
	else if ((error = netlink_open(&m->netlink)))
		(void)refused(m, error, "open rtnetlink");
	else {
		error = link_up(m);
		if (!error)
			error = addresses_up(m);
		if (!error) {
			sweep_proxies(m);
			error = routes_up(m);
		}
		if (!error)
			error = table_up(m);
		if (!error)
			forwarding_up(m);
	}
	if (error)
		machine_down(m);
	return error;
}

void machine_down(struct machine *m)
{
	if (!m->plan)
		return;
	if (m->index) {
		table_remove(m);
		sweep_proxies(m);
		routes_down(m);
		forwarding_down(m);
	}
	netlink_close(&m->netlink);
	m->plan = NULL;
	m->index = 0;
}

int machine_foreign(const struct machine_plan *plan, struct foreign_findings *findings)
{
	struct foreign_plan foreign = {.interface = plan->interface,
				       .listen = plan->listen,
				       .client = plan->pool_count ? plan->pool[0].first : 0,
				       .track_gre = plan->nat == NAT_OFF || foreign_helps_pptp()};
	return foreign_find(&foreign, findings);
}

static bool is_of_pool(const struct machine_plan *plan, uint32_t address)
{
	for (size_t i = 0; i < plan->pool_count; i++)
		if (address_span_has(plan->pool[i], address))
			return true;
	return false;
}

int machine_client_up(struct machine *m, uint32_t address)
{
	struct netlink_subnet subnet;
	int error = is_of_pool(m->plan, address)
			    ? 0
			    : route_up(m, (struct address_prefix){address, 32});
	if (error || !m->plan->proxyarp)
		return error;
	int found = netlink_subnet_of(&m->netlink, address, m->index, &subnet);
	return found == 1 ? netlink_proxy_add(&m->netlink, subnet.index, address) : found;
}

int machine_client_down(struct machine *m, uint32_t address)
{
	struct netlink_subnet subnet;
	int found =
		m->plan->proxyarp ? netlink_subnet_of(&m->netlink, address, m->index, &subnet) : 0;
	int error = found == 1 ? netlink_proxy_remove(&m->netlink, subnet.index, address) : found;
	if (!is_of_pool(m->plan, address)) {
		int more = netlink_route_remove(&m->netlink, (struct address_prefix){address, 32},
						m->index);
		error = error ? error : more;
	}
	return error;
}
