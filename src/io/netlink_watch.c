/* Changes that others make, told by rtnetlink's multicast groups. */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "io/netlink_request.h"

int netlink_watch_open(struct netlink *netlink, bool neighbours)
{
	static const unsigned groups = RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_TC | RTMGRP_IPV4_IFADDR |
				       RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE;
	int next_hops = RTNLGRP_NEXTHOP, room = 1024 * 1024;
	*netlink =
		(struct netlink){mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK), 0};
	if (!netlink->socket)
		return -errno;
	if (mnl_socket_bind(netlink->socket, groups, MNL_SOCKET_AUTOPID) < 0) {
		int error = -errno;
		netlink_close(netlink);
		return error;
	}
	/* Since 5.3; older kernels have none. */
	(void)mnl_socket_setsockopt(netlink->socket, NETLINK_ADD_MEMBERSHIP, &next_hops,
				    sizeof(next_hops));
	(void)setsockopt(netlink_descriptor(netlink), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return 0;
}

int netlink_descriptor(const struct netlink *netlink)
{
	return mnl_socket_get_fd(netlink->socket);
}

struct change_visit {
	void (*each)(void *context, enum netlink_changes change,
		     const struct netlink_neighbour *neighbour);
	void *context;
};

static void visit_neighbour(const struct change_visit *visit, const struct nlmsghdr *header)
{
	const struct ndmsg *body = mnl_nlmsg_get_payload(header);
	struct netlink_neighbour neighbour = netlink_neighbour_of(header);
	if (header->nlmsg_type == RTM_DELNEIGH)
		neighbour.state = 0;
	if (body->ndm_family == AF_INET && !(body->ndm_flags & NTF_PROXY))
		visit->each(visit->context, NETLINK_CHANGE_NEIGHBOUR, &neighbour);
}

static int on_change(const struct nlmsghdr *header, void *context)
{
	const struct change_visit *visit = context;
	switch (header->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		visit_neighbour(visit, header);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
		visit->each(visit->context, NETLINK_CHANGE_LINK, NULL);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		visit->each(visit->context, NETLINK_CHANGE_ADDRESS, NULL);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
	case RTM_NEWRULE:
	case RTM_DELRULE:
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		visit->each(visit->context, NETLINK_CHANGE_ROUTING, NULL);
		break;
	default: /* filters and classes: their discipline was told of */
		break;
	}
	return MNL_CB_OK;
}

int netlink_watch_read(struct netlink *netlink,
		       void (*each)(void *context, enum netlink_changes change,
				    const struct netlink_neighbour *neighbour),
		       void *context)
{
	_Alignas(struct nlmsghdr) char bytes[NETLINK_ANSWER];
	struct change_visit visit = {each, context};
	int error = 0;
	for (;;) {
		ssize_t length = mnl_socket_recvfrom(netlink->socket, bytes, sizeof(bytes));
		if (length < 0 && errno == EAGAIN)
			return error;
		if (length < 0 && errno == ENOBUFS)
			error = -ENOBUFS;
		else if (length < 0 && errno != EINTR)
			return -errno;
		else if (length > 0)
			mnl_cb_run(bytes, (size_t)length, 0, 0, on_change, &visit);
	}
}
