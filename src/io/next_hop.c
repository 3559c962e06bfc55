#include "io/next_hop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/map.h"
#include "io/netlink.h"

enum { WAYS = 4, USUAL_TTL = 64 };

/* The host's usual time to live. */
static uint8_t usual_ttl(void)
{
	char text[8] = "";
	int fd = open("/proc/sys/net/ipv4/ip_default_ttl", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	long ttl = length > 0 ? strtol(text, NULL, 10) : 0;
	return ttl > 0 && ttl < 256 ? (uint8_t)ttl : USUAL_TTL;
}

int next_hops_open(struct next_hops *hops)
{
	*hops = (struct next_hops){.ttl = usual_ttl(), .generation = 1};
	hops->hops = calloc(NEXT_HOPS, sizeof(*hops->hops));
	hops->neighbours = calloc(NEXT_HOP_NEIGHBOURS, sizeof(*hops->neighbours));
	int error = hops->hops && hops->neighbours ? 0 : -ENOMEM;
	/* The changes first, so that none is missed between question and answer. */
	if (!error)
		error = netlink_watch_open(&hops->changes, true);
	if (!error)
		error = netlink_open(&hops->questions);
	if (error)
		next_hops_close(hops);
	return error;
}

void next_hops_close(struct next_hops *hops)
{
	netlink_close(&hops->questions);
	netlink_close(&hops->changes);
	free(hops->hops);
	free(hops->neighbours);
	*hops = (struct next_hops){0};
}

int next_hops_descriptor(const struct next_hops *hops)
{
	return netlink_descriptor(&hops->changes);
}

void next_hops_turn(struct next_hops *hops, uint64_t now_ms)
{
	hops->now_ms = now_ms;
	hops->questions_left = NEXT_HOP_QUESTIONS;
}

/* What was asked before holds no more. */
static void forget_routes(struct next_hops *hops)
{
	hops->generation++;
	memset(hops->links, 0, sizeof(hops->links));
}

static struct next_hop_neighbour *neighbour_bucket(struct next_hops *hops, int index,
						   uint32_t address)
{
	uint64_t hash = map_hash_u64((uint64_t)(uint32_t)index << 32 | address, 0);
	return hops->neighbours + hash % (NEXT_HOP_NEIGHBOURS / WAYS) * WAYS;
}

static struct next_hop_neighbour *neighbour_known(struct next_hops *hops, int index,
						  uint32_t address)
{
	struct next_hop_neighbour *bucket = neighbour_bucket(hops, index, address);
	for (size_t i = 0; i < WAYS; i++)
		if (bucket[i].row.index == index && bucket[i].row.address == address)
			return &bucket[i];
	return NULL;
}

static void on_change(void *context, enum netlink_changes change,
		      const struct netlink_neighbour *neighbour)
{
	struct next_hops *hops = context;
	if (change == NETLINK_CHANGE_NEIGHBOUR) {
		struct next_hop_neighbour *known =
			neighbour_known(hops, neighbour->index, neighbour->address);
		if (known)
			known->row = *neighbour;
		return;
	}
	forget_routes(hops);
}

void next_hops_read(struct next_hops *hops)
{
	if (netlink_watch_read(&hops->changes, on_change, hops)) { /* some were lost */
		forget_routes(hops);
		memset(hops->neighbours, 0, NEXT_HOP_NEIGHBOURS * sizeof(*hops->neighbours));
	}
}

static bool may_ask(struct next_hops *hops)
{
	if (!hops->questions_left)
		return false;
	hops->questions_left--;
	hops->asked++;
	return true;
}

/* The link of that index, asked unless it is known; NULL: it is gone. */
static const struct netlink_link *link_find(struct next_hops *hops, int index)
{
	struct netlink_link *place = &hops->links[(unsigned)index % NEXT_HOP_LINKS];
	if (place->index != index && netlink_link_of(&hops->questions, index, place))
		place->index = 0;
	return place->index ? place : NULL;
}

bool next_hop_link_is_usable(const struct netlink_link *link)
{
	return link->type == ARPHRD_ETHER && !link->master && link->flags & IFF_UP &&
	       !(link->flags & (IFF_LOOPBACK | IFF_NOARP));
}

static void hop_ask(struct next_hops *hops, struct next_hop *hop)
{
	struct netlink_path path;
	hop->generation = hops->generation;
	hop->asked_ms = hops->now_ms;
	hop->is_usable = false;
	if (netlink_path_from(&hops->questions, hop->destination, hop->asked_from, &path) ||
	    !path.is_plain || !path.index)
		return;
	const struct netlink_link *link = link_find(hops, path.index);
	if (!link || !next_hop_link_is_usable(link))
		return;
	hop->source = hop->asked_from ? hop->asked_from : path.source;
	hop->via = path.gateway ? path.gateway : hop->destination;
	hop->index = path.index;
	hop->mtu = path.mtu && path.mtu < link->mtu ? path.mtu : link->mtu;
	hop->ttl = path.hop_limit ? path.hop_limit : hops->ttl;
	memcpy(hop->hardware, link->hardware, sizeof(hop->hardware));
	hop->is_usable = hop->source != 0;
}

static bool hop_is_fresh(const struct next_hops *hops, const struct next_hop *hop)
{
	return hop->generation == hops->generation &&
	       hops->now_ms < hop->asked_ms + NEXT_HOP_KEPT_MS;
}

static bool hop_is_of(const struct next_hop *hop, uint32_t destination, uint32_t source)
{
	return hop->generation && hop->destination == destination && hop->asked_from == source;
}

struct next_hop *next_hops_find(struct next_hops *hops, uint32_t destination, uint32_t source)
{
	uint64_t hash = map_hash_u64((uint64_t)destination << 32 | source, 0);
	struct next_hop *bucket = hops->hops + hash % (NEXT_HOPS / WAYS) * WAYS, *hop = bucket;
	for (size_t i = 0; i < WAYS; i++) {
		if (hop_is_of(&bucket[i], destination, source)) {
			hop = &bucket[i];
			if (hop_is_fresh(hops, hop))
				return hop;
			break;
		}
		if (bucket[i].asked_ms < hop->asked_ms)
			hop = &bucket[i];
	}
	if (!may_ask(hops)) /* what only grew old may do for another turn */
		return hop_is_of(hop, destination, source) && hop->generation == hops->generation
			       ? hop
			       : NULL;
	if (!hop_is_of(hop, destination, source))
		*hop = (struct next_hop){.destination = destination,
					 .asked_from = source,
					 .identification = (uint16_t)hash};
	hop_ask(hops, hop);
	return hop;
}

/* The neighbour, asked unless it is known; NULL: not now. */
static struct next_hop_neighbour *neighbour_find(struct next_hops *hops, int index,
						 uint32_t address)
{
	struct next_hop_neighbour *known = neighbour_known(hops, index, address);
	if (known || !may_ask(hops))
		return known;
	struct next_hop_neighbour *bucket = neighbour_bucket(hops, index, address);
	known = bucket;
	for (size_t i = 1; i < WAYS; i++)
		if (bucket[i].asked_ms < known->asked_ms)
			known = &bucket[i];
	*known = (struct next_hop_neighbour){.asked_ms = hops->now_ms};
	/* None is an answer too: rtnetlink tells when there is one. */
	int error = netlink_neighbour_find(&hops->questions, index, address, &known->row);
	if (error && error != -ENOENT)
		known->row.index = 0;
	return known->row.index ? known : NULL;
}

bool next_hops_header(struct next_hops *hops, const struct next_hop *hop,
		      uint8_t header[static ETHERNET_HEADER], bool *is_stale)
{
	static const uint16_t good =
		NUD_REACHABLE | NUD_PERMANENT | NUD_STALE | NUD_DELAY | NUD_PROBE;
	const struct next_hop_neighbour *neighbour = neighbour_find(hops, hop->index, hop->via);
	if (!neighbour || !(neighbour->row.state & good))
		return false;
	*is_stale = neighbour->row.state & NUD_STALE &&
		    hops->now_ms >= neighbour->kicked_ms + NEXT_HOP_KICK_MS;
	memcpy(header, neighbour->row.hardware, ETH_ALEN);
	memcpy(header + ETH_ALEN, hop->hardware, ETH_ALEN);
	header[12] = ETH_P_IP >> 8;
	header[13] = ETH_P_IP & 0xff;
	return true;
}

void next_hops_kicked(struct next_hops *hops, const struct next_hop *hop)
{
	struct next_hop_neighbour *neighbour = neighbour_known(hops, hop->index, hop->via);
	if (neighbour)
		neighbour->kicked_ms = hops->now_ms;
}

void next_hops_forget(struct next_hops *hops, struct next_hop *hop)
{
	hop->generation = hops->generation - 1;
}

void next_hops_forget_all(struct next_hops *hops)
{
	forget_routes(hops);
	memset(hops->hops, 0, NEXT_HOPS * sizeof(*hops->hops));
	memset(hops->neighbours, 0, NEXT_HOP_NEIGHBOURS * sizeof(*hops->neighbours));
}
