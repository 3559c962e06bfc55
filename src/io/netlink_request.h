/* One question to rtnetlink or nf_tables and its answers, part of netlink.h: for the files that make requests. */
#pragma once
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "io/netlink.h"

/* Room for any request of ours, and for one read of a dump (the kernel's own upper size). */
enum { NETLINK_REQUEST = 512, NETLINK_ANSWER = 32 * 1024 };

struct netlink_request {
	union {
		char bytes[NETLINK_REQUEST];
		struct nlmsghdr header;
	};
};

/* Begins a request; the returned body (of `length` octets) is zero. */
void *netlink_begin(struct netlink_request *request, uint16_t type, unsigned flags, size_t length);

/* Sends it and gives each answer to `answer` until the acknowledgement. 0 or -errno. */
int netlink_ask(struct netlink *netlink, struct netlink_request *request, mnl_cb_t answer,
		void *context);

/* Asks nf_tables in the same way, on a socket of its own: a message without attributes of any family
 * (NFT_MSG_…, linux/netfilter/nf_tables.h). */
int netlink_ask_nftables(uint8_t message, unsigned flags, mnl_cb_t answer, void *context);

/* Asks for a change. */
int netlink_change(struct netlink *netlink, struct netlink_request *request);

/* Asks for all rows; repeated where a change in between made the kernel break it off, and then rows
 * come twice. */
int netlink_dump(struct netlink *netlink, struct netlink_request *request, mnl_cb_t answer,
		 void *context);

/* The attributes behind a message's body of `length` octets, by type; later ones win, NULL: not
 * there. */
void netlink_attributes(const struct nlmsghdr *header, size_t length, const struct nlattr **table,
			unsigned count);
void netlink_nested(const struct nlattr *nest, const struct nlattr **table, unsigned count);

/* Values of attributes; zero or empty where there is none, or it is too short. */
uint32_t netlink_u32(const struct nlattr *attribute);
uint32_t netlink_address(const struct nlattr *attribute); /* IPv4, host order */
void netlink_text(const struct nlattr *attribute, char *to, size_t size);
void netlink_hardware(const struct nlattr *attribute, uint8_t to[static 6]); /* Ethernet address */

/* The row of a message about a neighbour. */
struct netlink_neighbour netlink_neighbour_of(const struct nlmsghdr *header);
