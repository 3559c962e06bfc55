#include "io/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base.h"
#include "io/netlink_request.h"

struct link_visit {
	void (*visit)(void *context, const struct netlink_link *link);
	void *context;
};

static int on_link(const struct nlmsghdr *header, void *context)
{
	const struct link_visit *visit = context;
	const struct ifinfomsg *body = mnl_nlmsg_get_payload(header);
	const struct nlattr *table[IFLA_LINKINFO + 1], *info[IFLA_INFO_KIND + 1];
	netlink_attributes(header, sizeof(*body), table, COUNT_OF(table));
	netlink_nested(table[IFLA_LINKINFO], info, COUNT_OF(info));
	struct netlink_link link = {.index = body->ifi_index,
				    .type = body->ifi_type,
				    .flags = body->ifi_flags,
				    .mtu = netlink_u32(table[IFLA_MTU]),
				    .master = (int)netlink_u32(table[IFLA_MASTER])};
	netlink_hardware(table[IFLA_ADDRESS], link.hardware);
	netlink_text(table[IFLA_IFNAME], link.name, sizeof(link.name));
	netlink_text(info[IFLA_INFO_KIND], link.kind, sizeof(link.kind));
	visit->visit(visit->context, &link);
	return MNL_CB_OK;
}

int netlink_each_link(struct netlink *netlink,
		      void (*visit)(void *context, const struct netlink_link *link), void *context)
{
	struct netlink_request request;
	netlink_begin(&request, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	return netlink_dump(netlink, &request, on_link, &(struct link_visit){visit, context});
}

static void keep_link(void *context, const struct netlink_link *link)
{
	*(struct netlink_link *)context = *link;
}

int netlink_link_find(struct netlink *netlink, const char *name, struct netlink_link *link)
{
	struct netlink_request request;
	netlink_begin(&request, RTM_GETLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(&request.header, IFLA_IFNAME, name);
	return netlink_ask(netlink, &request, on_link, &(struct link_visit){keep_link, link});
}

int netlink_link_of(struct netlink *netlink, int index, struct netlink_link *link)
{
	struct netlink_request request;
	struct ifinfomsg *body = netlink_begin(&request, RTM_GETLINK, NLM_F_ACK, sizeof(*body));
	body->ifi_index = index;
	return netlink_ask(netlink, &request, on_link, &(struct link_visit){keep_link, link});
}

/* An address that nobody chose would stand beside the one which IPv6CP announces. */
static int generate_no_address(struct netlink *netlink, int index)
{
	struct netlink_request request;
	struct ifinfomsg *body = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*body));
	body->ifi_index = index;
	struct nlattr *families = mnl_attr_nest_start(&request.header, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(&request.header, AF_INET6);
	mnl_attr_put_u8(&request.header, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(&request.header, inet6);
	mnl_attr_nest_end(&request.header, families);
	return netlink_change(netlink, &request);
}

int netlink_link_up(struct netlink *netlink, int index, uint32_t mtu)
{
	struct netlink_request request;
	(void)generate_no_address(netlink, index); /* refused where the host does without IPv6 */
	struct ifinfomsg *body = netlink_begin(&request, RTM_NEWLINK, 0, sizeof(*body));
	body->ifi_index = index;
	body->ifi_flags = body->ifi_change = IFF_UP;
	mnl_attr_put_u32(&request.header, IFLA_MTU, mtu);
	mnl_attr_put_u32(&request.header, IFLA_TXQLEN, NETLINK_LINK_QUEUE);
	return netlink_change(netlink, &request);
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
	netlink_attributes(header, sizeof(*body), table, COUNT_OF(table));
	if (body->ifa_family != AF_INET || !table[IFA_ADDRESS])
		return MNL_CB_OK;
	struct netlink_subnet subnet = {.index = (int)body->ifa_index,
					.address = netlink_address(table[IFA_LOCAL]),
					.peer = netlink_address(table[IFA_ADDRESS]),
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
	struct netlink_request request;
	struct ifaddrmsg *body = netlink_begin(&request, RTM_GETADDR, 0, sizeof(*body));
	body->ifa_family = AF_INET;
	return netlink_dump(netlink, &request, on_subnet, &(struct subnet_visit){visit, context});
}

static int address_change(struct netlink *netlink, struct netlink_request *request, uint16_t type,
			  unsigned flags, struct ifaddrmsg content, uint32_t address)
{
	*(struct ifaddrmsg *)netlink_begin(request, type, flags, sizeof(content)) = content;
	mnl_attr_put_u32(&request->header, IFA_LOCAL, htonl(address));
	mnl_attr_put_u32(&request->header, IFA_ADDRESS, htonl(address));
	return netlink_change(netlink, request);
}

int netlink_address_add(struct netlink *netlink, int index, uint32_t address, unsigned prefix)
{
	struct netlink_request request;
	struct ifaddrmsg content = {.ifa_family = AF_INET,
				    .ifa_prefixlen = (uint8_t)prefix,
				    .ifa_index = (unsigned)index};
	return address_change(netlink, &request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, content,
			      address);
}

int netlink_address_remove(struct netlink *netlink, int index, uint32_t address, unsigned prefix)
{
	struct netlink_request request;
	struct ifaddrmsg content = {.ifa_family = AF_INET,
				    .ifa_prefixlen = (uint8_t)prefix,
				    .ifa_index = (unsigned)index};
	int error = address_change(netlink, &request, RTM_DELADDR, 0, content, address);
	return error == -EADDRNOTAVAIL ? 0 : error;
}

int netlink_link_local_add(struct netlink *netlink, int index, uint64_t identifier)
{
	struct netlink_request request;
	struct ifaddrmsg *body =
		netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*body));
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
	return netlink_change(netlink, &request);
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
	netlink_attributes(header, sizeof(*body), table, COUNT_OF(table));
	struct netlink_route route = {
		.to = {netlink_address(table[RTA_DST]), body->rtm_dst_len},
		.index = (int)netlink_u32(table[RTA_OIF]),
		.source = netlink_address(table[RTA_PREFSRC]),
		.gateway = netlink_address(table[RTA_GATEWAY]),
		.table = table[RTA_TABLE] ? netlink_u32(table[RTA_TABLE]) : body->rtm_table,
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
	struct netlink_request request;
	struct rtmsg *body = netlink_begin(&request, RTM_GETROUTE, 0, sizeof(*body));
	body->rtm_family = AF_INET;
	return netlink_dump(netlink, &request, on_route, &(struct route_visit){visit, context});
}

static struct rtmsg *route_put(struct netlink_request *request, uint16_t type, unsigned flags,
			       struct address_prefix to, int index)
{
	struct rtmsg *body = netlink_begin(request, type, flags, sizeof(*body));
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
	struct netlink_request request;
	route_put(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, to, index);
	if (source)
		mnl_attr_put_u32(&request.header, RTA_PREFSRC, htonl(source));
	return netlink_change(netlink, &request);
}

int netlink_route_remove(struct netlink *netlink, struct address_prefix to, int index)
{
	struct netlink_request request;
	route_put(&request, RTM_DELROUTE, 0, to, index);
	int error = netlink_change(netlink, &request);
	return error == -ESRCH ? 0 : error;
}

int netlink_route_add_via(struct netlink *netlink, struct address_prefix to, int index,
			  uint32_t gateway)
{
	struct netlink_request request;
	struct rtmsg *body =
		route_put(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, to, index);
	if (gateway) {
		body->rtm_scope = RT_SCOPE_UNIVERSE;
		mnl_attr_put_u32(&request.header, RTA_GATEWAY, htonl(gateway));
	}
	return netlink_change(netlink, &request);
}

int netlink_route_remove_via(struct netlink *netlink, struct address_prefix to)
{
	struct netlink_request request;
	struct rtmsg *body = route_put(&request, RTM_DELROUTE, 0, to, 0);
	body->rtm_scope = RT_SCOPE_NOWHERE; /* whatever its scope */
	int error = netlink_change(netlink, &request);
	return error == -ESRCH ? 0 : error;
}

static int on_path(const struct nlmsghdr *header, void *context)
{
	struct netlink_path *path = context;
	const struct rtmsg *body = mnl_nlmsg_get_payload(header);
	const struct nlattr *table[RTA_ENCAP + 1], *metrics[RTAX_HOPLIMIT + 1];
	netlink_attributes(header, sizeof(*body), table, COUNT_OF(table));
	netlink_nested(table[RTA_METRICS], metrics, COUNT_OF(metrics));
	*path = (struct netlink_path){.index = (int)netlink_u32(table[RTA_OIF]),
				      .source = netlink_address(table[RTA_PREFSRC]),
				      .gateway = netlink_address(table[RTA_GATEWAY]),
				      .mtu = netlink_u32(metrics[RTAX_MTU]),
				      .hop_limit = (uint8_t)netlink_u32(metrics[RTAX_HOPLIMIT]),
				      .local = body->rtm_type == RTN_LOCAL,
				      .is_plain = body->rtm_type == RTN_UNICAST &&
						  !table[RTA_VIA] && !table[RTA_ENCAP]};
	return MNL_CB_OK;
}

static struct rtmsg *path_put(struct netlink_request *request, uint32_t to)
{
	struct rtmsg *body = netlink_begin(request, RTM_GETROUTE, NLM_F_ACK, sizeof(*body));
	body->rtm_family = AF_INET;
	body->rtm_dst_len = 32;
	mnl_attr_put_u32(&request->header, RTA_DST, htonl(to));
	return body;
}

int netlink_path_find(struct netlink *netlink, uint32_t to, struct netlink_path *path)
{
	struct netlink_request request;
	struct netlink_link link = {0};
	path_put(&request, to);
	*path = (struct netlink_path){0};
	int error = netlink_ask(netlink, &request, on_path, path);
	if (error == 0 && !path->mtu && (error = netlink_link_of(netlink, path->index, &link)) == 0)
		path->mtu = link.mtu;
	return error;
}

int netlink_path_from(struct netlink *netlink, uint32_t to, uint32_t from,
		      struct netlink_path *path)
{
	struct netlink_request request;
	struct rtmsg *body = path_put(&request, to);
	if (from) {
		body->rtm_src_len = 32;
		mnl_attr_put_u32(&request.header, RTA_SRC, htonl(from));
	}
	*path = (struct netlink_path){0};
	return netlink_ask(netlink, &request, on_path, path);
}

struct netlink_neighbour netlink_neighbour_of(const struct nlmsghdr *header)
{
	const struct ndmsg *body = mnl_nlmsg_get_payload(header);
	const struct nlattr *table[NDA_PROTOCOL + 1];
	netlink_attributes(header, sizeof(*body), table, COUNT_OF(table));
	struct netlink_neighbour neighbour = {.index = body->ndm_ifindex,
					      .address = netlink_address(table[NDA_DST]),
					      .state = body->ndm_state,
					      .ours = table[NDA_PROTOCOL] &&
						      mnl_attr_get_u8(table[NDA_PROTOCOL]) ==
							      NETLINK_PROTOCOL};
	netlink_hardware(table[NDA_LLADDR], neighbour.hardware);
	return neighbour;
}

static int on_neighbour(const struct nlmsghdr *header, void *context)
{
	*(struct netlink_neighbour *)context = netlink_neighbour_of(header);
	return MNL_CB_OK;
}

int netlink_neighbour_find(struct netlink *netlink, int index, uint32_t address,
			   struct netlink_neighbour *neighbour)
{
	struct netlink_request request;
	struct ndmsg *body = netlink_begin(&request, RTM_GETNEIGH, NLM_F_ACK, sizeof(*body));
	body->ndm_family = AF_INET;
	body->ndm_ifindex = index;
	mnl_attr_put_u32(&request.header, NDA_DST, htonl(address));
	*neighbour = (struct netlink_neighbour){.index = index, .address = address};
	return netlink_ask(netlink, &request, on_neighbour, neighbour);
}

struct proxy_visit {
	void (*visit)(void *context, const struct netlink_neighbour *neighbour);
	void *context;
};

static int on_proxy(const struct nlmsghdr *header, void *context)
{
	const struct proxy_visit *visit = context;
	const struct ndmsg *body = mnl_nlmsg_get_payload(header);
	struct netlink_neighbour neighbour = netlink_neighbour_of(header);
	if (body->ndm_family == AF_INET && body->ndm_flags & NTF_PROXY)
		visit->visit(visit->context, &neighbour);
	return MNL_CB_OK;
}

int netlink_each_proxy(struct netlink *netlink,
		       void (*visit)(void *context, const struct netlink_neighbour *neighbour),
		       void *context)
{
	struct netlink_request request;
	struct ndmsg *body = netlink_begin(&request, RTM_GETNEIGH, 0, sizeof(*body));
	body->ndm_family = AF_INET;
	body->ndm_flags = NTF_PROXY;
	return netlink_dump(netlink, &request, on_proxy, &(struct proxy_visit){visit, context});
}

static void proxy_put(struct netlink_request *request, uint16_t type, unsigned flags, int index,
		      uint32_t address)
{
	struct ndmsg *body = netlink_begin(request, type, flags, sizeof(*body));
	body->ndm_family = AF_INET;
	body->ndm_ifindex = index;
	body->ndm_state = NUD_PERMANENT;
	body->ndm_flags = NTF_PROXY;
	mnl_attr_put_u32(&request->header, NDA_DST, htonl(address));
}

int netlink_proxy_add(struct netlink *netlink, int index, uint32_t address)
{
	struct netlink_request request;
	proxy_put(&request, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, index, address);
	mnl_attr_put_u8(&request.header, NDA_PROTOCOL, NETLINK_PROTOCOL);
	return netlink_change(netlink, &request);
}

int netlink_proxy_remove(struct netlink *netlink, int index, uint32_t address)
{
	struct netlink_request request;
	proxy_put(&request, RTM_DELNEIGH, 0, index, address);
	int error = netlink_change(netlink, &request);
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

struct qdisc_visit {
	void (*visit)(void *context, const struct netlink_qdisc *qdisc);
	void *context;
};

static int on_qdisc(const struct nlmsghdr *header, void *context)
{
	const struct qdisc_visit *visit = context;
	const struct tcmsg *body = mnl_nlmsg_get_payload(header);
	const struct nlattr *table[TCA_KIND + 1];
	struct netlink_qdisc qdisc = {.index = body->tcm_ifindex};
	netlink_attributes(header, sizeof(*body), table, COUNT_OF(table));
	netlink_text(table[TCA_KIND], qdisc.kind, sizeof(qdisc.kind));
	visit->visit(visit->context, &qdisc);
	return MNL_CB_OK;
}

int netlink_each_qdisc(struct netlink *netlink,
		       void (*visit)(void *context, const struct netlink_qdisc *qdisc),
		       void *context)
{
	struct netlink_request request;
	netlink_begin(&request, RTM_GETQDISC, 0, sizeof(struct tcmsg));
	return netlink_dump(netlink, &request, on_qdisc, &(struct qdisc_visit){visit, context});
}
