#include "io/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base.h"

/* Room for any request of ours, and for one read of a dump (the kernel's own upper size). */
enum { REQUEST_LENGTH = 512, ANSWER_LENGTH = 32 * 1024, DUMP_ATTEMPTS = 4 };

struct request {
	union {
		char bytes[REQUEST_LENGTH];
		struct nlmsghdr header;
	};
};

int netlink_open(struct netlink *netlink)
{
	*netlink = (struct netlink){mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC), 0};
	if (!netlink->socket)
		return -errno;
	if (mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int error = -errno;
		netlink_close(netlink);
		return error;
	}
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

/* Begins a request; the returned body (of `length` octets) is zero. */
static void *begin(struct request *request, uint16_t type, unsigned flags, size_t length)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(request->bytes);
	header->nlmsg_type = type;
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return mnl_nlmsg_put_extra_header(header, length);
}

/* Sends it and gives each answer to `answer` until the acknowledgement or the end of a dump. */
static int ask(struct netlink *netlink, struct request *request, mnl_cb_t answer, void *context)
{
	_Alignas(struct nlmsghdr) char bytes[ANSWER_LENGTH];
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

static int change(struct netlink *netlink, struct request *request)
{
	request->header.nlmsg_flags |= NLM_F_ACK;
	return ask(netlink, request, NULL, NULL);
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

static void attributes_of(const struct nlmsghdr *header, size_t length, const struct nlattr **table,
			  unsigned count)
{
	clear(table, count);
	mnl_attr_parse(header, (unsigned)length, collect, &(struct attributes){table, count});
}

static void nested_of(const struct nlattr *nest, const struct nlattr **table, unsigned count)
{
	clear(table, count);
	if (nest)
		mnl_attr_parse_nested(nest, collect, &(struct attributes){table, count});
}

static uint32_t u32_of(const struct nlattr *attribute)
{
	return attribute && mnl_attr_get_payload_len(attribute) >= 4 ? mnl_attr_get_u32(attribute)
								     : 0;
}

static uint32_t address_of(const struct nlattr *attribute)
{
	return ntohl(u32_of(attribute));
}

static void text_of(const struct nlattr *attribute, char *to, size_t size)
{
	int length = attribute ? (int)mnl_attr_get_payload_len(attribute) : 0;
	snprintf(to, size, "%.*s", length,
		 attribute ? (const char *)mnl_attr_get_payload(attribute) : "");
}

/* Repeated where a change in between made the kernel break it off; then rows come twice. */
static int dump(struct netlink *netlink, struct request *request, mnl_cb_t answer, void *context)
{
	int error = -EINTR;
	request->header.nlmsg_flags |= NLM_F_DUMP;
	for (int i = 0; i < DUMP_ATTEMPTS && error == -EINTR; i++)
		error = ask(netlink, request, answer, context);
	return error;
}

struct link_visit {
	void (*visit)(void *context, const struct netlink_link *link);
	void *context;
};

static int on_link(const struct nlmsghdr *header, void *context)
{
	const struct link_visit *visit = context;
	const struct ifinfomsg *body = mnl_nlmsg_get_payload(header);
	const struct nlattr *table[IFLA_LINKINFO + 1], *info[IFLA_INFO_KIND + 1];
	attributes_of(header, sizeof(*body), table, COUNT_OF(table));
	nested_of(table[IFLA_LINKINFO], info, COUNT_OF(info));
	struct netlink_link link = {.index = body->ifi_index,
				    .type = body->ifi_type,
				    .flags = body->ifi_flags,
				    .mtu = u32_of(table[IFLA_MTU])};
	text_of(table[IFLA_IFNAME], link.name, sizeof(link.name));
	text_of(info[IFLA_INFO_KIND], link.kind, sizeof(link.kind));
	visit->visit(visit->context, &link);
	return MNL_CB_OK;
}

int netlink_each_link(struct netlink *netlink,
		      void (*visit)(void *context, const struct netlink_link *link), void *context)
{
	struct request request;
	begin(&request, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	return dump(netlink, &request, on_link, &(struct link_visit){visit, context});
}

static void keep_link(void *context, const struct netlink_link *link)
{
	*(struct netlink_link *)context = *link;
}

int netlink_link_find(struct netlink *netlink, const char *name, struct netlink_link *link)
{
	struct request request;
	begin(&request, RTM_GETLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(&request.header, IFLA_IFNAME, name);
	return ask(netlink, &request, on_link, &(struct link_visit){keep_link, link});
}

static int link_of(struct netlink *netlink, int index, struct netlink_link *link)
{
	struct request request;
	struct ifinfomsg *body = begin(&request, RTM_GETLINK, NLM_F_ACK, sizeof(*body));
	body->ifi_index = index;
	return ask(netlink, &request, on_link, &(struct link_visit){keep_link, link});
}

/* An address that nobody chose would stand beside the one which IPv6CP announces. */
static int generate_no_address(struct netlink *netlink, int index)
{
	struct request request;
	struct ifinfomsg *body = begin(&request, RTM_NEWLINK, 0, sizeof(*body));
	body->ifi_index = index;
	struct nlattr *families = mnl_attr_nest_start(&request.header, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(&request.header, AF_INET6);
	mnl_attr_put_u8(&request.header, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(&request.header, inet6);
	mnl_attr_nest_end(&request.header, families);
	return change(netlink, &request);
}

int netlink_link_up(struct netlink *netlink, int index, uint32_t mtu)
{
	struct request request;
	(void)generate_no_address(netlink, index); /* refused where the host does without IPv6 */
	struct ifinfomsg *body = begin(&request, RTM_NEWLINK, 0, sizeof(*body));
	body->ifi_index = index;
	body->ifi_flags = body->ifi_change = IFF_UP;
	mnl_attr_put_u32(&request.header, IFLA_MTU, mtu);
	return change(netlink, &request);
}

struct subnet_visit {
	void (*visit)(void *context, const struct netlink_subnet *subnet);
	void *context;
};

static int on_subnet(const struct nlmsghdr *header, void *context)
{
	const struct subnet_visit *visit = context;
	const struct ifaddrmsg *body = mnl_nlmsg_get_payload(header);
	const struct nlattr *table[IFA_LOCAL + 1];
	attributes_of(header, sizeof(*body), table, COUNT_OF(table));
	if (body->ifa_family != AF_INET || !table[IFA_ADDRESS])
		return MNL_CB_OK;
	struct netlink_subnet subnet = {.index = (int)body->ifa_index,
					.address = address_of(table[IFA_LOCAL]),
					.peer = address_of(table[IFA_ADDRESS]),
					.prefix = body->ifa_prefixlen};
	if (!table[IFA_LOCAL])
		subnet.address = subnet.peer;
	visit->visit(visit->context, &subnet);
	return MNL_CB_OK;
}

int netlink_each_subnet(struct netlink *netlink,
			void (*visit)(void *context, const struct netlink_subnet *subnet),
			void *context)
{
	struct request request;
	struct ifaddrmsg *body = begin(&request, RTM_GETADDR, 0, sizeof(*body));
	body->ifa_family = AF_INET;
	return dump(netlink, &request, on_subnet, &(struct subnet_visit){visit, context});
}

static int address_change(struct netlink *netlink, struct request *request, uint16_t type,
			  unsigned flags, struct ifaddrmsg content, uint32_t address)
{
	*(struct ifaddrmsg *)begin(request, type, flags, sizeof(content)) = content;
	mnl_attr_put_u32(&request->header, IFA_LOCAL, htonl(address));
	mnl_attr_put_u32(&request->header, IFA_ADDRESS, htonl(address));
	return change(netlink, request);
}

int netlink_address_add(struct netlink *netlink, int index, uint32_t address, unsigned prefix)
{
	struct request request;
	struct ifaddrmsg content = {.ifa_family = AF_INET,
				    .ifa_prefixlen = (uint8_t)prefix,
				    .ifa_index = (unsigned)index};
	return address_change(netlink, &request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, content,
			      address);
}

int netlink_address_remove(struct netlink *netlink, int index, uint32_t address, unsigned prefix)
{
	struct request request;
	struct ifaddrmsg content = {.ifa_family = AF_INET,
				    .ifa_prefixlen = (uint8_t)prefix,
				    .ifa_index = (unsigned)index};
	int error = address_change(netlink, &request, RTM_DELADDR, 0, content, address);
	return error == -EADDRNOTAVAIL ? 0 : error;
}

int netlink_link_local_add(struct netlink *netlink, int index, uint64_t identifier)
{
	struct request request;
	struct ifaddrmsg *body =
		begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*body));
	uint8_t address[16] = {0xfe, 0x80};
	for (int i = 0; i < 8; i++)
		address[8 + i] = (uint8_t)(identifier >> (56 - 8 * i));
	body->ifa_family = AF_INET6;
	body->ifa_prefixlen = 64;
	body->ifa_scope = RT_SCOPE_LINK;
	body->ifa_flags =
		IFA_F_PERMANENT | IFA_F_NODAD; /* IPv6CP has seen to it that it is unique */
	body->ifa_index = (unsigned)index;
	mnl_attr_put(&request.header, IFA_LOCAL, sizeof(address), address);
	mnl_attr_put(&request.header, IFA_ADDRESS, sizeof(address), address);
	return change(netlink, &request);
}

struct route_visit {
	void (*visit)(void *context, const struct netlink_route *route);
	void *context;
};

static int on_route(const struct nlmsghdr *header, void *context)
{
	const struct route_visit *visit = context;
	const struct rtmsg *body = mnl_nlmsg_get_payload(header);
	const struct nlattr *table[RTA_TABLE + 1];
	attributes_of(header, sizeof(*body), table, COUNT_OF(table));
	struct netlink_route route = {
		.to = {address_of(table[RTA_DST]), body->rtm_dst_len},
		.index = (int)u32_of(table[RTA_OIF]),
		.source = address_of(table[RTA_PREFSRC]),
		.gateway = address_of(table[RTA_GATEWAY]),
		.table = table[RTA_TABLE] ? u32_of(table[RTA_TABLE]) : body->rtm_table,
		.protocol = body->rtm_protocol,
	};
	if (body->rtm_family == AF_INET && route.table != RT_TABLE_LOCAL &&
	    !(body->rtm_flags & RTM_F_CLONED))
		visit->visit(visit->context, &route);
	return MNL_CB_OK;
}

int netlink_each_route(struct netlink *netlink,
		       void (*visit)(void *context, const struct netlink_route *route),
		       void *context)
{
	struct request request;
	struct rtmsg *body = begin(&request, RTM_GETROUTE, 0, sizeof(*body));
	body->rtm_family = AF_INET;
	return dump(netlink, &request, on_route, &(struct route_visit){visit, context});
}

static struct rtmsg *route_put(struct request *request, uint16_t type, unsigned flags,
			       struct address_prefix to, int index)
{
	struct rtmsg *body = begin(request, type, flags, sizeof(*body));
	*body = (struct rtmsg){.rtm_family = AF_INET,
			       .rtm_dst_len = (uint8_t)to.length,
			       .rtm_table = RT_TABLE_MAIN,
			       .rtm_protocol = NETLINK_PROTOCOL,
			       .rtm_scope = RT_SCOPE_LINK,
			       .rtm_type = RTN_UNICAST};
	mnl_attr_put_u32(&request->header, RTA_DST, htonl(to.address));
	if (index)
		mnl_attr_put_u32(&request->header, RTA_OIF, (uint32_t)index);
	return body;
}

int netlink_route_add(struct netlink *netlink, struct address_prefix to, int index, uint32_t source)
{
	struct request request;
	route_put(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, to, index);
	if (source)
		mnl_attr_put_u32(&request.header, RTA_PREFSRC, htonl(source));
	return change(netlink, &request);
}

int netlink_route_remove(struct netlink *netlink, struct address_prefix to, int index)
{
	struct request request;
	route_put(&request, RTM_DELROUTE, 0, to, index);
	int error = change(netlink, &request);
	return error == -ESRCH ? 0 : error;
}

int netlink_route_add_via(struct netlink *netlink, struct address_prefix to, int index,
			  uint32_t gateway)
{
	struct request request;
	struct rtmsg *body =
		route_put(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, to, index);
	if (gateway) {
		body->rtm_scope = RT_SCOPE_UNIVERSE;
		mnl_attr_put_u32(&request.header, RTA_GATEWAY, htonl(gateway));
	}
	return change(netlink, &request);
}

int netlink_route_remove_via(struct netlink *netlink, struct address_prefix to)
{
	struct request request;
	struct rtmsg *body = route_put(&request, RTM_DELROUTE, 0, to, 0);
	body->rtm_scope = RT_SCOPE_NOWHERE; /* whatever its scope */
	int error = change(netlink, &request);
	return error == -ESRCH ? 0 : error;
}

static int on_path(const struct nlmsghdr *header, void *context)
{
	struct netlink_path *path = context;
	const struct rtmsg *body = mnl_nlmsg_get_payload(header);
	const struct nlattr *table[RTA_METRICS + 1], *metrics[RTAX_MTU + 1];
	attributes_of(header, sizeof(*body), table, COUNT_OF(table));
	nested_of(table[RTA_METRICS], metrics, COUNT_OF(metrics));
	*path = (struct netlink_path){.index = (int)u32_of(table[RTA_OIF]),
				      .source = address_of(table[RTA_PREFSRC]),
				      .gateway = address_of(table[RTA_GATEWAY]),
				      .mtu = u32_of(metrics[RTAX_MTU]),
				      .local = body->rtm_type == RTN_LOCAL};
	return MNL_CB_OK;
}

int netlink_path_find(struct netlink *netlink, uint32_t to, struct netlink_path *path)
{
	struct request request;
	struct netlink_link link = {0};
	struct rtmsg *body = begin(&request, RTM_GETROUTE, NLM_F_ACK, sizeof(*body));
	body->rtm_family = AF_INET;
	body->rtm_dst_len = 32;
	mnl_attr_put_u32(&request.header, RTA_DST, htonl(to));
	*path = (struct netlink_path){0};
	int error = ask(netlink, &request, on_path, path);
	if (error == 0 && !path->mtu && (error = link_of(netlink, path->index, &link)) == 0)
		path->mtu = link.mtu;
	return error;
}

struct proxy_visit {
	void (*visit)(void *context, const struct netlink_neighbour *neighbour);
	void *context;
};

static int on_proxy(const struct nlmsghdr *header, void *context)
{
	const struct proxy_visit *visit = context;
	const struct ndmsg *body = mnl_nlmsg_get_payload(header);
	const struct nlattr *table[NDA_PROTOCOL + 1];
	attributes_of(header, sizeof(*body), table, COUNT_OF(table));
	struct netlink_neighbour neighbour = {.index = body->ndm_ifindex,
					      .address = address_of(table[NDA_DST]),
					      .ours = table[NDA_PROTOCOL] &&
						      mnl_attr_get_u8(table[NDA_PROTOCOL]) ==
							      NETLINK_PROTOCOL};
	if (body->ndm_family == AF_INET && body->ndm_flags & NTF_PROXY)
		visit->visit(visit->context, &neighbour);
	return MNL_CB_OK;
}

int netlink_each_proxy(struct netlink *netlink,
		       void (*visit)(void *context, const struct netlink_neighbour *neighbour),
		       void *context)
{
	struct request request;
	struct ndmsg *body = begin(&request, RTM_GETNEIGH, 0, sizeof(*body));
	body->ndm_family = AF_INET;
	body->ndm_flags = NTF_PROXY;
	return dump(netlink, &request, on_proxy, &(struct proxy_visit){visit, context});
}

static void proxy_put(struct request *request, uint16_t type, unsigned flags, int index,
		      uint32_t address)
{
	struct ndmsg *body = begin(request, type, flags, sizeof(*body));
	body->ndm_family = AF_INET;
	body->ndm_ifindex = index;
	body->ndm_state = NUD_PERMANENT;
	body->ndm_flags = NTF_PROXY;
	mnl_attr_put_u32(&request->header, NDA_DST, htonl(address));
}

int netlink_proxy_add(struct netlink *netlink, int index, uint32_t address)
{
	struct request request;
	proxy_put(&request, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, index, address);
	mnl_attr_put_u8(&request.header, NDA_PROTOCOL, NETLINK_PROTOCOL);
	return change(netlink, &request);
}

int netlink_proxy_remove(struct netlink *netlink, int index, uint32_t address)
{
	struct request request;
	proxy_put(&request, RTM_DELNEIGH, 0, index, address);
	int error = change(netlink, &request);
	return error == -ENOENT ? 0 : error;
}

struct search {
	struct address_span range;
	int except;
	bool found;
	struct netlink_subnet subnet;
};

static void narrowest(void *context, const struct netlink_subnet *subnet)
{
	struct search *search = context;
	if (subnet->prefix < 32 && subnet->index != search->except &&
	    address_span_has(address_prefix_span(netlink_network(subnet)), search->range.first) &&
	    (!search->found || subnet->prefix > search->subnet.prefix)) {
		search->found = true;
		search->subnet = *subnet;
	}
}

int netlink_subnet_of(struct netlink *netlink, uint32_t address, int except,
		      struct netlink_subnet *subnet)
{
	struct search search = {.range = {address, address}, .except = except};
	int error = netlink_each_subnet(netlink, narrowest, &search);
	*subnet = search.subnet;
	return error ? error : search.found;
}

static void overlap(struct search *search, struct address_span other)
{
	if (other.first <= search->range.last && search->range.first <= other.last)
		search->found = true;
}

static void overlapping_subnet(void *context, const struct netlink_subnet *subnet)
{
	overlap(context, address_prefix_span(netlink_network(subnet)));
	overlap(context, (struct address_span){subnet->address, subnet->address});
}

static void overlapping_route(void *context, const struct netlink_route *route)
{
	if (route->to.length)
		overlap(context, address_prefix_span(route->to));
}

int netlink_range_is_used(struct netlink *netlink, struct address_span range)
{
	struct search search = {.range = range};
	int error = netlink_each_subnet(netlink, overlapping_subnet, &search);
	if (!error)
		error = netlink_each_route(netlink, overlapping_route, &search);
	return error ? error : search.found;
}
