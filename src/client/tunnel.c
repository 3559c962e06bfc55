/* The link is up: addresses, routes, DNS and hooks. */
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "client/connect.h"

static void take_name_servers(struct connect *c, const uint32_t dns[2])
{
	char first[ADDRESS_TEXT], second[ADDRESS_TEXT];
	enum name_servers_door door = name_servers_door();
	if (!c->options->dns || (!dns[0] && !dns[1]))
		return;
	bool all = false;
	struct address_prefix routes[CONNECT_ROUTES + 2];
	size_t count = network_routes(c->options, routes);
	for (size_t i = 0; i < count; i++)
		all |= routes[i].length == 1;
	int error = name_servers_take(door, c->network.interface, dns, all);
	if (!error) {
		c->name_servers = door;
		connect_say("dns", "given to %s", name_servers_door_name(door));
		return;
	}
	connect_say("dns",
		    "neither systemd-resolved nor resolvconf takes it: put \"nameserver %s\"%s%s%s "
		    "into /etc/resolv.conf yourself",
		    address_print(dns[0] ? dns[0] : dns[1], first),
		    dns[0] && dns[1] ? " and \"nameserver " : "",
		    dns[0] && dns[1] ? address_print(dns[1], second) : "",
		    dns[0] && dns[1] ? "\"" : "");
}

static void call_hooks(struct connect *c, enum hook_event event)
{
	hooks_call(&c->hooks, &c->programs, event, &c->facts);
}

static void tunnel_up(struct connect *c, const struct session *session)
{
	const struct link_addresses *a = &session->addresses;
	int error = a->local ? network_up(&c->network, c->options, a, c->server.address,
					  session_mtu(session))
			     : -1;
	if (!a->local)
		snprintf(
			c->network.why, sizeof(c->network.why),
			"the server gave no address; ask its administrator whether its pool is empty");
	if (error) {
		connect_say("failed", "%s", c->network.why);
		c->own_fault = a->local != 0;
		dialer_close_call(&c->dialer, c->call, "the address cannot be used");
		return;
	}
	c->is_up = c->was_up = true;
	c->up_ms = c->loop.now_ms;
	c->facts = (struct hook_facts){.session = session->id,
				       .caller = session->caller.address,
				       .local = a->local,
				       .remote = a->remote,
				       .dns = {a->dns[0], a->dns[1]},
				       .nbns = {a->nbns[0], a->nbns[1]}};
	take_name_servers(c, a->dns);
	connect_say("up", "on %s%s", c->network.interface,
		    c->network.has_host_route ? ", the server's own address outside of it" : "");
	call_hooks(c, HOOK_IP_UP);
}

void connect_tunnel_down(struct connect *c)
{
	if (!c->is_up)
		return;
	c->is_up = false;
	if (c->name_servers != NAME_SERVERS_NONE)
		name_servers_drop(c->name_servers, c->network.interface);
	c->name_servers = NAME_SERVERS_NONE;
	network_down(&c->network);
	if (c->call) {
		c->facts.seconds = (c->loop.now_ms - c->up_ms) / 1000;
		c->facts.octets_in = c->call->session->account.octets_in;
		c->facts.octets_out = c->call->session->account.octets_out;
	}
	call_hooks(c, HOOK_IP_DOWN);
}

void connect_network(void *context, struct call *call, bool ipv4, bool up)
{
	struct connect *c = context;
	if (!ipv4 && up)
		network_ipv6_up(&c->network, &call->session->addresses, session_mtu(call->session));
	else if (ipv4 && up)
		tunnel_up(c, call->session);
	else if (ipv4)
		connect_tunnel_down(c);
}
