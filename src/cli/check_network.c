/* The network around the server: the pool among other networks,
 * name servers, the way out, and firewalls of others. */
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/base.h"
#include "cli/doctor.h"
#include "io/foreign.h"
#include "io/netlink.h"
#include "io/resolver.h"

/* ---- the pool ---- */

struct overlap {
	const struct settings *settings;
	int own;                     /* index of our own interface */
	struct netlink_subnet found; /* index 0: none */
};

static void look_for_overlap(void *context, const struct netlink_subnet *subnet)
{
	struct overlap *overlap = context;
	const struct address_ranges *pool = &overlap->settings->remote;
	struct address_span net = address_prefix_span(netlink_network(subnet));
	if (subnet->index == overlap->own)
		return;
	for (size_t i = 0; i < pool->length && !overlap->found.index; i++) {
		const struct address_range *range = &pool->ranges[i];
		uint32_t last = range->first + (range->count - 1) * range->step;
		if (range->first <= net.last && last >= net.first)
			overlap->found = *subnet;
	}
}

static void say_overlap(struct doctor *doctor, const struct netlink_subnet *subnet)
{
	char address[ADDRESS_TEXT], name[IF_NAMESIZE] = "an interface";
	address_print(netlink_network(subnet).address, address);
	if_indextoname((unsigned)subnet->index, name);
	if (doctor->settings->proxy_arp)
		doctor_say(doctor, HEALTH_OK, NULL,
			   "pool: remoteip lies in %s/%u of %s, where proxyarp answers for callers",
			   address, subnet->prefix, name);
	else
		doctor_say(doctor, HEALTH_WARNING,
			   "proxyarp in the options file, or a remoteip that no other network has",
			   "pool: remoteip lies in %s/%u of %s, whose hosts will not find the "
			   "callers",
			   address, subnet->prefix, name);
}

void check_pool(struct doctor *doctor)
{
	struct netlink netlink;
	struct netlink_link link;
	struct overlap overlap = {.settings = doctor->settings};
	if (doctor->settings->delegate || netlink_open(&netlink))
		return;
	if (!netlink_link_find(&netlink, doctor->settings->interface, &link))
		overlap.own = link.index;
	int error = netlink_each_subnet(&netlink, look_for_overlap, &overlap);
	netlink_close(&netlink);
	if (error)
		doctor_say(doctor, HEALTH_WARNING, NULL,
			   "pool: this host's networks cannot be listed: %s", strerror(-error));
	else if (overlap.found.index)
		say_overlap(doctor, &overlap.found);
	else
		doctor_say(doctor, HEALTH_OK, NULL,
			   "pool: %u addresses, in no network of another interface",
			   doctor->settings->remote.count);
}

/* ---- name servers ---- */

void check_dns(struct doctor *doctor)
{
	uint32_t servers[2] = {doctor->settings->dns[0], doctor->settings->dns[1]};
	char one[ADDRESS_TEXT], other[ADDRESS_TEXT];
	bool given = servers[0] || servers[1];
	if (!given && !resolver_find(servers, COUNT_OF(servers))) {
		doctor_say(doctor, HEALTH_WARNING, "ms-dns ADDRESS in the options file",
			   "DNS: callers get no name server: none is configured, and this host's "
			   "own serve nobody else");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(servers); i++) {
		if (servers[i] >> 24 != 127)
			continue;
		doctor_say(doctor, HEALTH_ERROR, "ms-dns with an address that callers can reach",
			   "DNS: callers are told %s, which is their own machine",
			   address_print(servers[i], one));
		return;
	}
	doctor_say(doctor, HEALTH_OK, NULL, "DNS: callers are told %s%s%s%s",
		   address_print(servers[0], one), servers[1] ? " and " : "",
		   servers[1] ? address_print(servers[1], other) : "",
		   given ? "" : " (this host's own)");
}

/* ---- the way out ---- */

static const char *name_of(int index, char name[static IF_NAMESIZE])
{
	return if_indextoname((unsigned)index, name) ? name : "an interface";
}

void check_uplink(struct doctor *doctor)
{
	enum {
		SOMEWHERE = 0xc0000201, /* 192.0.2.1: what only a default route leads to */
		OVERHEAD = 44,          /* outer IP, GRE, PPP and MPPE */
		USUAL_MRU = 1400
	};
	struct netlink netlink;
	struct netlink_path path;
	char name[IF_NAMESIZE];
	if (netlink_open(&netlink))
		return;
	int error = netlink_path_find(&netlink, SOMEWHERE, &path);
	netlink_close(&netlink);
	if (error)
		doctor_say(doctor, HEALTH_WARNING, "ip route add default via GATEWAY",
			   "way out: there is no default route; callers reach only the networks "
			   "that this host has routes to");
	else if (path.mtu < USUAL_MRU + OVERHEAD)
		doctor_say(doctor, HEALTH_WARNING,
			   "mru and mtu in the options file, 44 less than that at most",
			   "way out: the MTU of %s is %u; a packet of %d octets inside is %d "
			   "outside, and comes in pieces",
			   name_of(path.index, name), path.mtu, USUAL_MRU, USUAL_MRU + OVERHEAD);
	else
		doctor_say(doctor, HEALTH_OK, NULL, "way out: by %s, MTU %u",
			   name_of(path.index, name), path.mtu);
}

/* ---- firewalls ---- */

static void say_finding(struct doctor *doctor, const struct foreign_finding *finding)
{
	static const char mark[] = "; remedy: ";
	char sentence[FOREIGN_SENTENCE];
	foreign_print(finding, sentence);
	char *remedy = strstr(sentence, mark);
	if (remedy) /* it has a line of its own */
		*remedy = 0;
	int error = doctor->fix ? foreign_fix(finding) : 0;
	if (doctor->fix && !error)
		doctor_say(doctor, HEALTH_OK, NULL, "firewall: fixed by `%s`: %s", finding->remedy,
			   sentence);
	else if (doctor->fix)
		doctor_say(doctor, HEALTH_ERROR, finding->remedy,
			   "firewall: %s; the remedy did not work: %s", sentence, strerror(-error));
	else
		doctor_say(doctor, HEALTH_ERROR, finding->remedy, "firewall: %s", sentence);
}

void check_firewalls(struct doctor *doctor)
{
	static struct foreign_findings findings; /* large */
	const struct settings *settings = doctor->settings;
	const struct foreign_plan plan = {
		.interface = settings->interface,
		.listen = settings->listen,
		.client = address_ranges_nth(&settings->remote, 0),
		.track_gre = foreign_helps_pptp(),
	};
	int error = foreign_find(&plan, &findings);
	if (error)
		doctor_say(doctor, HEALTH_WARNING, "run this as root",
			   "firewall: the rules of others cannot be read: %s", strerror(-error));
	else if (!findings.count)
		doctor_say(doctor, HEALTH_OK, NULL,
			   "firewall: no rule of others drops what is ours");
	for (size_t i = 0; i < findings.count; i++)
		say_finding(doctor, &findings.all[i]);
}
