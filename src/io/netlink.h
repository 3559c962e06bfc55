/*
 * rtnetlink, as much of it as a PPTP server needs (libmnl): links, addresses, routes, proxy
 * neighbours.
 *
 * One struct netlink is one socket of the network namespace that its opener was in. Calls wait for
 * the kernel's acknowledgement, so they belong to the keeper and to start and stop, never to the
 * packet path. They return 0 or -errno as the kernel gave it; IPv4 addresses are in host order.
 *
 * What we add carries our own protocol number (NETLINK_PROTOCOL), so that `ip route` shows whose it
 * is and a later start finds what a killed one left behind.
 */
#pragma once
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

struct mnl_socket;

enum { NETLINK_PROTOCOL = 172 }; /* rtm_protocol, NDA_PROTOCOL: not among those of rt_protos */

struct netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
};

int netlink_open(struct netlink *netlink);
void netlink_close(struct netlink *netlink); /* also of one that is zero or closed */

struct netlink_link {
	int index;
	char name[IFNAMSIZ];
	char kind[IFNAMSIZ]; /* "tun", "bridge", "wireguard", …; "" for hardware and loopback */
	uint16_t type;       /* ARPHRD_ */
	unsigned flags;      /* IFF_ */
	uint32_t mtu;
	int master;          /* the bridge, bond or VRF that it belongs to, 0: none */
	uint8_t hardware[6]; /* Ethernet address, where it has one */
};

/* An address of one of the host's own interfaces. */
struct netlink_subnet {
	int index;
	uint32_t address; /* the host's own */
	uint32_t peer;    /* of a point-to-point interface, else equal to address */
	unsigned prefix;  /* of the network around `peer` */
};

static inline struct address_prefix netlink_network(const struct netlink_subnet *subnet)
{
	return (struct address_prefix){subnet->peer & address_mask(subnet->prefix), subnet->prefix};
}

struct netlink_route {
	struct address_prefix to;
	int index;        /* of the interface that it leaves by; 0: not by one interface */
	uint32_t source;  /* preferred own address, 0: none */
	uint32_t gateway; /* 0: on the link */
	unsigned table;
	unsigned protocol;
};

/* How packets towards one address leave this host. */
struct netlink_path {
	int index;
	uint32_t source;
	uint32_t gateway;  /* 0: on the link */
	uint32_t mtu;      /* of the path as far as the kernel knows it, else of the interface */
	uint8_t hop_limit; /* 0: the host's usual one */
	bool local;        /* the address is one of our own */
	bool is_plain;     /* unicast, by an IPv4 router or on the link, without encapsulation */
};

struct netlink_neighbour {
	int index;
	uint32_t address;
	uint16_t state;      /* NUD_, 0: there is none */
	uint8_t hardware[6]; /* Ethernet address, where the state knows one */
	bool ours;           /* carries NETLINK_PROTOCOL */
};

/* Visitors are called once for each row; the row is the visitor's for the call only. */
int netlink_each_link(struct netlink *netlink,
		      void (*visit)(void *context, const struct netlink_link *link), void *context);
int netlink_each_subnet(struct netlink *netlink,
			void (*visit)(void *context, const struct netlink_subnet *subnet),
			void *context); /* IPv4 */
int netlink_each_route(struct netlink *netlink,
		       void (*visit)(void *context, const struct netlink_route *route),
		       void *context); /* IPv4, every table but "local" */
int netlink_each_proxy(struct netlink *netlink,
		       void (*visit)(void *context, const struct netlink_neighbour *neighbour),
		       void *context); /* IPv4 */

/* -ENODEV where there is none of that name. */
int netlink_link_find(struct netlink *netlink, const char *name, struct netlink_link *link);

/*
 * Up, with this MTU, without the IPv6 address that the kernel would think of, and with a queue like
 * that of a real interface: a TUN device's usual 500 packets are fewer than two turns of the loop
 * can bring, each of which reads 256 from the callers before it looks at what came back.
 */
enum { NETLINK_LINK_QUEUE = 1000 };
int netlink_link_up(struct netlink *netlink, int index, uint32_t mtu);

/* One IPv4 address with its prefix (32 makes no network around it). One that is there already is
 * no error when added, one that is not there none when removed. */
int netlink_address_add(struct netlink *netlink, int index, uint32_t address, unsigned prefix);
int netlink_address_remove(struct netlink *netlink, int index, uint32_t address, unsigned prefix);

/* fe80::identifier/64 (RFC 4291 §2.5.6). -EACCES or
 * -EOPNOTSUPP where the host does without IPv6. */
int netlink_link_local_add(struct netlink *netlink, int index, uint64_t identifier);

/* A route in table main out of an interface, on the link. Adding gives -EEXIST where another route
 * to that very network is there; removing one that is gone is no error. */
int netlink_route_add(struct netlink *netlink, struct address_prefix to, int index,
		      uint32_t source);
int netlink_route_remove(struct netlink *netlink, struct address_prefix to, int index);

/* The same by a router, or on the link where `gateway` is 0; removing asks for no more than the
 * network, and touches only a route with NETLINK_PROTOCOL. */
int netlink_route_add_via(struct netlink *netlink, struct address_prefix to, int index,
			  uint32_t gateway);
int netlink_route_remove_via(struct netlink *netlink, struct address_prefix to);

/* -ENETUNREACH and the like where no packet could leave. */
int netlink_path_find(struct netlink *netlink, uint32_t to, struct netlink_path *path);

/* The same for packets from that address of ours (0: any), with `mtu` 0 where only the
 * interface bounds it. */
int netlink_path_from(struct netlink *netlink, uint32_t to, uint32_t from,
		      struct netlink_path *path);

/* -ENODEV where there is none of that index. */
int netlink_link_of(struct netlink *netlink, int index, struct netlink_link *link);

/* What the kernel knows of one neighbour: -ENOENT nothing, -EOPNOTSUPP it cannot be asked (before
 * 5.0). */
int netlink_neighbour_find(struct netlink *netlink, int index, uint32_t address,
			   struct netlink_neighbour *neighbour);

/* Answers ARP for `address` on that interface; both may be repeated. */
int netlink_proxy_add(struct netlink *netlink, int index, uint32_t address);
int netlink_proxy_remove(struct netlink *netlink, int index, uint32_t address);

/* The network of an interface other than `except` (0: none) that holds `address`, the narrowest.
 * 1 with *subnet, 0 where there is none, or -errno. */
int netlink_subnet_of(struct netlink *netlink, uint32_t address, int except,
		      struct netlink_subnet *subnet);

/* Does a network or a route of this host (other than the default
 * route) overlap with the range? 1, 0 or -errno. */
int netlink_range_is_used(struct netlink *netlink, struct address_span range);

/* Queueing disciplines: "ingress", "clsact", "htb", … */
struct netlink_qdisc {
	int index;
	char kind[IFNAMSIZ];
};
int netlink_each_qdisc(struct netlink *netlink,
		       void (*visit)(void *context, const struct netlink_qdisc *qdisc),
		       void *context);

/* ---- changes that others make ---- */

enum netlink_changes {
	NETLINK_CHANGE_NEIGHBOUR, /* of IPv4; one that is gone has state 0 */
	NETLINK_CHANGE_ROUTING,   /* a route, a rule, a next hop */
	NETLINK_CHANGE_ADDRESS,   /* IPv4 */
	NETLINK_CHANGE_LINK,      /* a link or its queueing discipline */
};

/* Opens a socket that hears of these, of neighbours only where asked, for netlink_watch_read alone; its
 * descriptor is netlink_descriptor's, to be waited for. 0 or -errno. */
int netlink_watch_open(struct netlink *netlink, bool neighbours);
int netlink_descriptor(const struct netlink *netlink);

/*
 * Calls `each` for every change that waits; `neighbour` is NULL but for NETLINK_CHANGE_NEIGHBOUR. 0,
 * -ENOBUFS where some were lost, or another -errno.
 */
int netlink_watch_read(struct netlink *netlink,
		       void (*each)(void *context, enum netlink_changes change,
				    const struct netlink_neighbour *neighbour),
		       void *context);
