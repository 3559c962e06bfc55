#include "ppp/ipcp.h"

#include <string.h>

#include "base/base.h"
#include "base/list.h"
#include "ppp/frame.h"
#include "ppp/link.h"

static struct ipcp *ipcp_of(struct options *o)
{
	return CONTAINER_OF(o, struct ipcp, protocol.options);
}

/* Neither "this network", loopback, multicast nor reserved. */
static bool is_host(uint32_t address)
{
	uint32_t first = address >> 24;
	return first != 0 && first != 127 && first < 224;
}

static enum option_answer judge_address(struct options *o, struct reader value,
					struct writer *better)
{
	const struct ipcp *i = ipcp_of(o);
	uint32_t asked = read_u32(&value), granted = i->granted->remote_address;
	bool free_choice = i->settings->accept_remote || i->settings->role == LINK_CLIENT;
	if ((granted && asked == granted) || (free_choice && is_host(asked)))
		return OPTION_ACK;
	if (!granted)
		return OPTION_REJECT;
	write_u32(better, granted);
	return OPTION_NAK;
}

/* A server that naks our address knows better where we had none; else only where the configuration
 * says so. One that never agrees is asked no more: each keeps its opinion. */
static void address_naked(struct options *o, struct option_value *ours, bool asked,
			  struct reader value)
{
	const struct ipcp *i = ipcp_of(o);
	uint32_t wanted = read_u32(&value);
	bool ours_is_open = !option_number(ours, 0) && i->settings->role == LINK_CLIENT;
	if ((ours_is_open || i->settings->accept_local) && is_host(wanted))
		option_set_u32(ours, wanted);
	else if (o->naks_received > o->max_failure)
		ours->present = false;
}

static enum option_answer judge_server(uint32_t granted, struct reader value, struct writer *better)
{
	if (!granted)
		return OPTION_REJECT;
	if (read_u32(&value) == granted)
		return OPTION_ACK;
	write_u32(better, granted);
	return OPTION_NAK;
}

static enum option_answer judge_dns1(struct options *o, struct reader value, struct writer *better)
{
	return judge_server(ipcp_of(o)->granted->dns[0], value, better);
}

static enum option_answer judge_dns2(struct options *o, struct reader value, struct writer *better)
{
	return judge_server(ipcp_of(o)->granted->dns[1], value, better);
}

static enum option_answer judge_nbns1(struct options *o, struct reader value, struct writer *better)
{
	return judge_server(ipcp_of(o)->granted->nbns[0], value, better);
}

static enum option_answer judge_nbns2(struct options *o, struct reader value, struct writer *better)
{
	return judge_server(ipcp_of(o)->granted->nbns[1], value, better);
}

static void server_naked(struct options *o, struct option_value *ours, bool asked,
			 struct reader value)
{
	uint32_t address = read_u32(&value);
	if (asked && is_host(address))
		option_set_u32(ours, address);
	else if (asked)
		ours->present = false;
}

/* Yamaha's RTX sends no IP-Address: it is told what to ask for. */
static void append(struct options *o, unsigned seen, struct writer *nak)
{
	const struct ipcp *i = ipcp_of(o);
	if (i->settings->role == LINK_CLIENT || seen & 1u << IPCP_ADDRESS ||
	    !i->granted->remote_address)
		return;
	write_u16(nak, 0x0306);
	write_u32(nak, i->granted->remote_address);
}

static const struct option table[IPCP_ROWS] = {
	[IPCP_ADDRESS] = {3, "address", 4, judge_address, address_naked},
	[IPCP_DNS1] = {129, "dns1", 4, judge_dns1, server_naked},
	[IPCP_NBNS1] = {130, "nbns1", 4, judge_nbns1, server_naked},
	[IPCP_DNS2] = {131, "dns2", 4, judge_dns2, server_naked},
	[IPCP_NBNS2] = {132, "nbns2", 4, judge_nbns2, server_naked},
};

static void begin(struct protocol *p)
{
	const struct ipcp *i = CONTAINER_OF(p, struct ipcp, protocol);
	struct option_value *ours = p->options.ours;
	memset(ours, 0, sizeof(p->options.ours));
	if (i->settings->role == LINK_CLIENT || i->granted->local_address)
		option_set_u32(&ours[IPCP_ADDRESS], i->granted->local_address);
	if (i->settings->role != LINK_CLIENT)
		return;
	option_set_u32(&ours[IPCP_DNS1], 0);
	option_set_u32(&ours[IPCP_DNS2], 0);
}

static const struct protocol_kind kind = {PPP_IPCP, "ipcp", begin, NULL};

void ipcp_init(struct ipcp *i, const struct link_settings *settings,
	       const struct auth_verdict *granted, struct outbox *out)
{
	*i = (struct ipcp){.settings = settings, .granted = granted};
	protocol_init(&i->protocol, &kind, table, COUNT_OF(table), &settings->ipcp, out);
	i->protocol.options.append = append;
}

void ipcp_addresses(const struct ipcp *i, struct link_addresses *a)
{
	const struct option_value *sent = i->protocol.options.sent,
				  *peers = i->protocol.options.peers;
	bool client = i->settings->role == LINK_CLIENT;
	a->local = option_number(&sent[IPCP_ADDRESS], i->granted->local_address);
	a->remote = option_number(&peers[IPCP_ADDRESS], i->granted->remote_address);
	a->dns[0] = client ? option_number(&sent[IPCP_DNS1], 0) : i->granted->dns[0];
	a->dns[1] = client ? option_number(&sent[IPCP_DNS2], 0) : i->granted->dns[1];
	a->nbns[0] = client ? option_number(&sent[IPCP_NBNS1], 0) : i->granted->nbns[0];
	a->nbns[1] = client ? option_number(&sent[IPCP_NBNS2], 0) : i->granted->nbns[1];
}
