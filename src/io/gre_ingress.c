#include "io/gre_ingress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/base.h"

#ifndef NFT_TABLE_F_OWNER /* Linux 5.12 */
#define NFT_TABLE_F_OWNER 0x2
#endif

enum {
	BATCH = 64 * 1024, /* far more than GRE_TAKEN_ADDRESSES rules and as many chains fill */
	BEFORE_OTHERS = -500,
};

/* One transaction. */
struct batch {
	_Alignas(struct nlmsghdr) char bytes[BATCH];
	size_t length;
	uint32_t sequence;
	char table[32];
};

static struct nlmsghdr *message_begin(struct batch *batch, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(batch->bytes + batch->length);
	header->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	header->nlmsg_seq = ++batch->sequence;
	struct nfgenmsg *body = mnl_nlmsg_put_extra_header(header, sizeof(*body));
	*body = (struct nfgenmsg){.nfgen_family = NFPROTO_NETDEV, .version = NFNETLINK_V0};
	return header;
}

static void message_end(struct batch *batch, const struct nlmsghdr *header)
{
	batch->length += NLMSG_ALIGN(header->nlmsg_len);
	assert(batch->length + 2048 < BATCH);
}

static void put_edge(struct batch *batch, uint16_t type)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(batch->bytes + batch->length);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST;
	header->nlmsg_seq = ++batch->sequence;
	struct nfgenmsg *body = mnl_nlmsg_put_extra_header(header, sizeof(*body));
	*body = (struct nfgenmsg){.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
	message_end(batch, header);
}

static void put_table(struct batch *batch, uint16_t type)
{
	struct nlmsghdr *header =
		message_begin(batch, type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0);
	mnl_attr_put_strz(header, NFTA_TABLE_NAME, batch->table);
	if (type == NFT_MSG_NEWTABLE)
		mnl_attr_put_u32(header, NFTA_TABLE_FLAGS, htonl(NFT_TABLE_F_OWNER));
	message_end(batch, header);
}

/* A chain at the ingress of `device`, or where that is NULL, one to be jumped to. */
static void put_chain(struct batch *batch, const char *name, const char *device)
{
	struct nlmsghdr *header = message_begin(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	mnl_attr_put_strz(header, NFTA_CHAIN_TABLE, batch->table);
	mnl_attr_put_strz(header, NFTA_CHAIN_NAME, name);
	if (device) {
		struct nlattr *hook = mnl_attr_nest_start(header, NFTA_CHAIN_HOOK);
		mnl_attr_put_u32(header, NFTA_HOOK_HOOKNUM, htonl(NF_NETDEV_INGRESS));
		mnl_attr_put_u32(header, NFTA_HOOK_PRIORITY, htonl((uint32_t)BEFORE_OTHERS));
		mnl_attr_put_strz(header, NFTA_HOOK_DEV, device);
		mnl_attr_nest_end(header, hook);
		mnl_attr_put_strz(header, NFTA_CHAIN_TYPE, "filter");
	}
	message_end(batch, header);
}

/* ---- expressions: values go through one register ---- */

/* A rule while its expressions are written. */
struct rule {
	struct nlmsghdr *header;
	struct nlattr *expressions, *element, *data;
};

static void expression_begin(struct rule *rule, const char *name)
{
	rule->element = mnl_attr_nest_start(rule->header, NFTA_LIST_ELEM);
	mnl_attr_put_strz(rule->header, NFTA_EXPR_NAME, name);
	rule->data = mnl_attr_nest_start(rule->header, NFTA_EXPR_DATA);
}

static void expression_end(struct rule *rule)
{
	mnl_attr_nest_end(rule->header, rule->data);
	mnl_attr_nest_end(rule->header, rule->element);
}

static void put_number(struct rule *rule, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(rule->header, type, htonl(value));
}

static void put_value(struct rule *rule, uint16_t type, const void *value, size_t length)
{
	struct nlattr *nest = mnl_attr_nest_start(rule->header, type);
	mnl_attr_put(rule->header, NFTA_DATA_VALUE, length, value);
	mnl_attr_nest_end(rule->header, nest);
}

static void compare(struct rule *rule, enum nft_cmp_ops operation, const void *value, size_t length)
{
	expression_begin(rule, "cmp");
	put_number(rule, NFTA_CMP_SREG, NFT_REG_1);
	put_number(rule, NFTA_CMP_OP, operation);
	put_value(rule, NFTA_CMP_DATA, value, length);
	expression_end(rule);
}

static void load(struct rule *rule, enum nft_payload_bases base, uint32_t offset, uint32_t length)
{
	expression_begin(rule, "payload");
	put_number(rule, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_number(rule, NFTA_PAYLOAD_BASE, base);
	put_number(rule, NFTA_PAYLOAD_OFFSET, offset);
	put_number(rule, NFTA_PAYLOAD_LEN, length);
	expression_end(rule);
}

static void match_octet(struct rule *rule, uint32_t offset, uint8_t value)
{
	load(rule, NFT_PAYLOAD_NETWORK_HEADER, offset, 1);
	compare(rule, NFT_CMP_EQ, &value, 1);
}

static void match_short(struct rule *rule, enum nft_payload_bases base, uint32_t offset,
			uint16_t value)
{
	const uint16_t wire = htons(value);
	load(rule, base, offset, 2);
	compare(rule, NFT_CMP_EQ, &wire, 2);
}

static void match_to_this_host(struct rule *rule)
{
	const uint8_t host = PACKET_HOST;
	expression_begin(rule, "meta");
	put_number(rule, NFTA_META_DREG, NFT_REG_1);
	put_number(rule, NFTA_META_KEY, NFT_META_PKTTYPE);
	expression_end(rule);
	compare(rule, NFT_CMP_EQ, &host, 1);
}

static void match_no_fragment(struct rule *rule)
{
	static const uint8_t mask[] = {0x3f, 0xff}, none[] = {0, 0};
	load(rule, NFT_PAYLOAD_NETWORK_HEADER, 6, 2);
	expression_begin(rule, "bitwise");
	put_number(rule, NFTA_BITWISE_SREG, NFT_REG_1);
	put_number(rule, NFTA_BITWISE_DREG, NFT_REG_1);
	put_number(rule, NFTA_BITWISE_LEN, 2);
	put_value(rule, NFTA_BITWISE_MASK, mask, 2);
	put_value(rule, NFTA_BITWISE_XOR, none, 2);
	expression_end(rule);
	compare(rule, NFT_CMP_EQ, none, 2);
}

static void match_longest(struct rule *rule)
{
	const uint16_t longest = htons(GRE_RING_LONGEST);
	load(rule, NFT_PAYLOAD_NETWORK_HEADER, 2, 2);
	compare(rule, NFT_CMP_LTE, &longest, 2);
}

static void put_verdict(struct rule *rule, int code, const char *chain)
{
	expression_begin(rule, "immediate");
	put_number(rule, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	struct nlattr *data = mnl_attr_nest_start(rule->header, NFTA_IMMEDIATE_DATA);
	struct nlattr *verdict = mnl_attr_nest_start(rule->header, NFTA_DATA_VERDICT);
	put_number(rule, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain)
		mnl_attr_put_strz(rule->header, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(rule->header, verdict);
	mnl_attr_nest_end(rule->header, data);
	expression_end(rule);
}

static struct rule rule_begin(struct batch *batch, const char *chain)
{
	struct rule rule = {
		.header = message_begin(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND)};
	mnl_attr_put_strz(rule.header, NFTA_RULE_TABLE, batch->table);
	mnl_attr_put_strz(rule.header, NFTA_RULE_CHAIN, chain);
	rule.expressions = mnl_attr_nest_start(rule.header, NFTA_RULE_EXPRESSIONS);
	return rule;
}

static void rule_end(struct batch *batch, struct rule *rule)
{
	mnl_attr_nest_end(rule->header, rule->expressions);
	message_end(batch, rule->header);
}

/* The conditions of gre_ring.c: change both or none. The link header of a packet with a VLAN tag shows
 * the tag here, wherever the interface has put it. */
static void put_taken(struct batch *batch, const char *from, const char *to)
{
	struct rule rule = rule_begin(batch, from);
	match_to_this_host(&rule);
	match_short(&rule, NFT_PAYLOAD_LL_HEADER, 12, ETH_P_IP);
	match_octet(&rule, 9, IPPROTO_GRE);
	match_octet(&rule, 0, 0x45);
	match_no_fragment(&rule);
	match_short(&rule, NFT_PAYLOAD_NETWORK_HEADER, 22, 0x880b);
	match_longest(&rule);
	put_verdict(&rule, NFT_JUMP, to);
	rule_end(batch, &rule);
}

static void put_address(struct batch *batch, const char *chain, uint32_t address)
{
	const uint32_t wire = htonl(address);
	struct rule rule = rule_begin(batch, chain);
	load(&rule, NFT_PAYLOAD_NETWORK_HEADER, 16, 4);
	compare(&rule, NFT_CMP_EQ, &wire, 4);
	put_verdict(&rule, NF_DROP, NULL);
	rule_end(batch, &rule);
}

static void put_all(struct batch *batch, const struct gre_taken *taken)
{
	char chain[IFNAMSIZ + 8], device[IFNAMSIZ];
	put_table(batch, NFT_MSG_NEWTABLE);
	put_chain(batch, "taken", NULL);
	for (size_t i = 0; i < taken->address_count; i++)
		put_address(batch, "taken", taken->addresses[i]);
	for (size_t i = 0; i < taken->interface_count; i++) {
		if (!if_indextoname((unsigned)taken->interfaces[i], device))
			continue; /* gone: nothing comes by it */
		snprintf(chain, sizeof(chain), "in_%d", taken->interfaces[i]);
		put_chain(batch, chain, device);
		put_taken(batch, chain, "taken");
	}
}

/* Each message is acknowledged; the first refusal is the answer. */
static int await(struct gre_ingress *ingress, uint32_t first, uint32_t last)
{
	_Alignas(struct nlmsghdr) char bytes[8192];
	int error = 0;
	for (;;) {
		ssize_t length = mnl_socket_recvfrom(ingress->socket, bytes, sizeof(bytes));
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)bytes;
		int left = (int)length;
		for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
			const struct nlmsgerr *answer = mnl_nlmsg_get_payload(header);
			if (header->nlmsg_type != NLMSG_ERROR || header->nlmsg_seq < first)
				continue;
			if (!error)
				error = answer->error;
			/* A batch as a whole is refused under the number of its first message. */
			if (header->nlmsg_seq == last || header->nlmsg_seq == first)
				return error;
		}
	}
}

int gre_ingress_open(struct gre_ingress *ingress, char why[static WHY_SIZE])
{
	*ingress =
		(struct gre_ingress){.socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC)};
	const struct timeval patience = {.tv_sec = 5}; /* an answer is there at once, or never */
	if (ingress->socket && mnl_socket_bind(ingress->socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    setsockopt(mnl_socket_get_fd(ingress->socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) == 0)
		return 0;
	int error = errno ? -errno : -EOPNOTSUPP;
	snprintf(why, WHY_SIZE, "no nf_tables: %s", strerror(-error));
	gre_ingress_close(ingress);
	return error;
}

void gre_ingress_close(struct gre_ingress *ingress)
{
	if (ingress->socket)
		mnl_socket_close(ingress->socket);
	*ingress = (struct gre_ingress){0};
}

static void explain(int error, char why[static WHY_SIZE])
{
	if (error == -EPERM)
		snprintf(why, WHY_SIZE, "CAP_NET_ADMIN is missing");
	else if (error == -EOPNOTSUPP)
		snprintf(why, WHY_SIZE,
			 "this kernel has no rules at ingress that go with their owner");
	else
		snprintf(why, WHY_SIZE, "no rule at ingress: %s", strerror(-error));
}

int gre_ingress_drop(struct gre_ingress *ingress, const struct gre_taken *taken,
		     char why[static WHY_SIZE])
{
	struct batch batch;
	if (!taken && !ingress->stands)
		return 0;
	batch.length = 0;
	batch.sequence = ingress->sequence;
	snprintf(batch.table, sizeof(batch.table), "poptun_taken_%u",
		 mnl_socket_get_portid(ingress->socket));
	put_edge(&batch, NFNL_MSG_BATCH_BEGIN);
	if (ingress->stands)
		put_table(&batch, NFT_MSG_DELTABLE);
	if (taken)
		put_all(&batch, taken);
	uint32_t first = ingress->sequence + 1, last = batch.sequence;
	put_edge(&batch, NFNL_MSG_BATCH_END);
	ingress->sequence = batch.sequence;
	int error = mnl_socket_sendto(ingress->socket, batch.bytes, batch.length) < 0
			    ? -errno
			    : await(ingress, first, last);
	if (error)
		explain(error, why);
	else
		ingress->stands = taken != NULL;
	return error;
}
