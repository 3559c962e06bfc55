#include "io/netlink_request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { DUMP_ATTEMPTS = 4 };

static int open_bus(struct netlink *netlink, int bus)
{
	*netlink = (struct netlink){mnl_socket_open2(bus, SOCK_CLOEXEC), 0};
	if (!netlink->socket)
		return -errno;
	if (mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int error = -errno;
		netlink_close(netlink);
		return error;
	}
	return 0;
}

int netlink_open(struct netlink *netlink)
{
	return open_bus(netlink, NETLINK_ROUTE);
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

void *netlink_begin(struct netlink_request *request, uint16_t type, unsigned flags, size_t length)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(request->bytes);
	header->nlmsg_type = type;
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return mnl_nlmsg_put_extra_header(header, length);
}

int netlink_ask(struct netlink *netlink, struct netlink_request *request, mnl_cb_t answer,
		void *context)
{
	_Alignas(struct nlmsghdr) char bytes[NETLINK_ANSWER];
	unsigned port = mnl_socket_get_portid(netlink->socket);
	uint32_t sequence = request->header.nlmsg_seq = ++netlink->sequence;
	if (mnl_socket_sendto(netlink->socket, &request->header, request->header.nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t length = mnl_socket_recvfrom(netlink->socket, bytes, sizeof(bytes));
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		int more = mnl_cb_run(bytes, (size_t)length, sequence, port, answer, context);
		if (more < 0 && errno == ESRCH &&
		    ((struct nlmsghdr *)(void *)bytes)->nlmsg_seq != sequence)
			continue; /* left over from a dump that was broken off */
		if (more < 0)
			return -errno;
		if (more == MNL_CB_STOP)
			return 0;
	}
}

int netlink_ask_nftables(uint8_t message, unsigned flags, mnl_cb_t answer, void *context)
{
	struct netlink netlink;
	struct netlink_request request;
	int error = open_bus(&netlink, NETLINK_NETFILTER);
	if (error)
		return error;
	struct nfgenmsg *body =
		netlink_begin(&request, NFNL_SUBSYS_NFTABLES << 8 | message, flags, sizeof(*body));
	body->version = NFNETLINK_V0;
	error = netlink_ask(&netlink, &request, answer, context);
	netlink_close(&netlink);
	return error;
}

int netlink_change(struct netlink *netlink, struct netlink_request *request)
{
	request->header.nlmsg_flags |= NLM_F_ACK;
	return netlink_ask(netlink, request, NULL, NULL);
}

/* Collects the attributes of a message behind its body of `length` octets; later ones win. */
struct attributes {
	const struct nlattr **table;
	unsigned count;
};

static int collect(const struct nlattr *attribute, void *context)
{
	struct attributes *attributes = context;
	unsigned type = mnl_attr_get_type(attribute);
	if (type < attributes->count)
		attributes->table[type] = attribute;
	return MNL_CB_OK;
}

static void clear(const struct nlattr **table, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		table[i] = NULL;
}

void netlink_attributes(const struct nlmsghdr *header, size_t length, const struct nlattr **table,
			unsigned count)
{
	clear(table, count);
	mnl_attr_parse(header, (unsigned)length, collect, &(struct attributes){table, count});
}

void netlink_nested(const struct nlattr *nest, const struct nlattr **table, unsigned count)
{
	clear(table, count);
	if (nest)
		mnl_attr_parse_nested(nest, collect, &(struct attributes){table, count});
}

uint32_t netlink_u32(const struct nlattr *attribute)
{
	return attribute && mnl_attr_get_payload_len(attribute) >= 4 ? mnl_attr_get_u32(attribute)
								     : 0;
}

uint32_t netlink_address(const struct nlattr *attribute)
{
	return ntohl(netlink_u32(attribute));
}

void netlink_text(const struct nlattr *attribute, char *to, size_t size)
{
	int length = attribute ? (int)mnl_attr_get_payload_len(attribute) : 0;
	snprintf(to, size, "%.*s", length,
		 attribute ? (const char *)mnl_attr_get_payload(attribute) : "");
}

void netlink_hardware(const struct nlattr *attribute, uint8_t to[static 6])
{
	memset(to, 0, 6);
	if (attribute && mnl_attr_get_payload_len(attribute) == 6)
		memcpy(to, mnl_attr_get_payload(attribute), 6);
}

int netlink_dump(struct netlink *netlink, struct netlink_request *request, mnl_cb_t answer,
		 void *context)
{
	int error = -EINTR;
	request->header.nlmsg_flags |= NLM_F_DUMP;
	for (int i = 0; i < DUMP_ATTEMPTS && error == -EINTR; i++)
		error = netlink_ask(netlink, request, answer, context);
	return error;
}
