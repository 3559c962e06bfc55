/*
 * What a server does to the machine it runs on, and undoes: addresses and routes of its TUN device,
 * forwarding, its nftables table, proxy ARP.
 *
 *   machine.h     the sum: up, down, and one client's part
 *   netlink.h     links, addresses, routes, proxy neighbours
 *   forwarding.h  ip_forward and its note
 *   firewall.h    our table as text (pure)
 *   nftables.h    the door to libnftables
 *   foreign.h     rules of others that would drop our packets
 *   resolver.h    the host's name servers
 *
 * Nothing here outlives its owner unseen: addresses and routes go with the TUN device, the table is
 * replaced whole, proxy neighbours carry our protocol number and are swept where nobody answers for
 * them any more, and the note about forwarding says which boot and namespace it holds for. So
 * machine_up after a kill -9 finds or replaces what was left, and nothing is there twice.
 *
 * Everything here waits for the kernel and needs CAP_NET_ADMIN: it is the keeper's.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "io/firewall.h"
#include "io/foreign.h"
#include "io/netlink.h"

enum { MACHINE_WHY = 384 };

struct machine_plan {
	const char *interface; /* of the TUN device, which is open already */
	uint32_t mtu; /* what is below 1500 counts as 1500, or the kernel would drop first */
	const uint32_t *local; /* ours; the first is the source of what we say to clients */
	size_t local_count;
	const struct address_span *pool;
	size_t pool_count;      /* at most FIREWALL_RANGES */
	uint64_t link_local_id; /* of fe80::id on the TUN device; 0: no IPv6 there */
	uint32_t listen;        /* where callers dial, 0: any address */
	enum nat_policy nat;
	bool proxyarp;
	const char *run_directory; /* is there, and is ours to write */
};

struct machine {
	const struct machine_plan *plan; /* borrowed until machine_down; NULL: down */
	struct netlink netlink;
	int index;             /* of the TUN device */
	bool gre_is_untracked; /* by our table */
	char why[MACHINE_WHY]; /* after a failure: one sentence with the remedy */
};

/*
 * 0, or -errno and m->why, and then all is undone. What can be lived without (IPv6, forwarding
 * where /proc is read-only, a table that no private address needs) is a warning in the log instead.
 */
int machine_up(const struct machine_plan *plan, struct machine *m);

/* Undoes it all, whatever has gone meanwhile. Also for one that is down or zero. */
void machine_down(struct machine *m);

/* What rules of others would drop of this plan's packets
 * (foreign.h), whether it is up or not. 0 or -errno. */
int machine_foreign(const struct machine_plan *plan, struct foreign_findings *findings);

/*
 * One client comes or goes: a route where the pool's routes do not hold its address, a proxy
 * neighbour where the plan says proxyarp and a network of ours holds it. 0 or -errno; may be
 * repeated.
 */
int machine_client_up(struct machine *m, uint32_t address);
int machine_client_down(struct machine *m, uint32_t address);
