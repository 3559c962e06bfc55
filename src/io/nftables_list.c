/*
 * The ruleset as JSON, without the one thing that Debian 12's libnftables (1.0.6) must not be asked for: a
 * table that has a flag. It frees the flag's name and prints it then, which ends in half a text or in a
 * broken heap. The table that keeps GRE from the host's IP (gre_ingress.c) has one, `owner`, and so have
 * tables of others. Of such a table the chains are asked for, one by one, and its sets are not known.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "io/netlink_request.h"
#include "io/nftables.h"

enum { TABLES = 512, FLAG_DORMANT = 1 /* its rules do nothing */, COMMAND = 3 * 256 };

struct tables {
	size_t count;
	bool flagged, too_many;
	struct table {
		const char *family;
		uint32_t flags;
		char name[NFT_TABLE_MAXNAMELEN];
	} rows[TABLES];
};

static const char *family_name(uint8_t family)
{
	static const char *const names[] = {
		[NFPROTO_INET] = "inet",     [NFPROTO_IPV4] = "ip",       [NFPROTO_ARP] = "arp",
		[NFPROTO_NETDEV] = "netdev", [NFPROTO_BRIDGE] = "bridge", [NFPROTO_IPV6] = "ip6"};
	return family < COUNT_OF(names) ? names[family] : NULL;
}

static int on_table(const struct nlmsghdr *header, void *context)
{
	struct tables *tables = context;
	const struct nfgenmsg *body = mnl_nlmsg_get_payload(header);
	struct table row = {.family = family_name(body->nfgen_family)};
	const struct nlattr *attributes[NFTA_TABLE_FLAGS + 1];
	netlink_attributes(header, sizeof(*body), attributes, COUNT_OF(attributes));
	if (attributes[NFTA_TABLE_NAME])
		snprintf(row.name, sizeof(row.name), "%s",
			 mnl_attr_get_str(attributes[NFTA_TABLE_NAME]));
	if (attributes[NFTA_TABLE_FLAGS])
		row.flags = ntohl(mnl_attr_get_u32(attributes[NFTA_TABLE_FLAGS]));
	tables->flagged |= row.flags != 0;
	tables->too_many |= tables->count == TABLES;
	if (row.family && tables->count < TABLES)
		tables->rows[tables->count++] = row;
	return MNL_CB_OK;
}

static int tables_find(struct tables *tables)
{
	int error = netlink_ask_nftables(NFT_MSG_GETTABLE, NLM_F_DUMP, on_table, tables);
	return !error && tables->too_many ? -E2BIG : error;
}

/* The rows that a command prints; *rows NULL where what it names has gone meanwhile. */
static int ask(const char *command, json_t **rows, char why[static WHY_SIZE])
{
	char *text = NULL;
	*rows = NULL;
	int error = nftables_json(command, &text, why);
	if (error)
		return error == -ENOENT ? 0 : error;
	json_t *json = json_loads(text, 0, NULL);
	free(text);
	*rows = json_incref(json_object_get(json, "nftables"));
	json_decref(json);
	return *rows ? 0 : -EBADMSG;
}

static int take(json_t *all, const char *command, char why[static WHY_SIZE])
{
	json_t *rows;
	int error = ask(command, &rows, why);
	if (rows && json_array_extend(all, rows))
		error = -ENOMEM;
	json_decref(rows);
	return error;
}

static int take_chains(json_t *all, const struct table *table, char why[static WHY_SIZE])
{
	json_t *rows, *row;
	size_t i;
	char command[COMMAND];
	snprintf(command, sizeof(command), "list chains %s", table->family);
	int error = ask(command, &rows, why);
	json_array_foreach(rows, i, row) {
		const json_t *chain = json_object_get(row, "chain");
		const char *of = json_string_value(json_object_get(chain, "table")),
			   *name = json_string_value(json_object_get(chain, "name"));
		if (error || !of || !name || strcmp(of, table->name) != 0)
			continue;
		snprintf(command, sizeof(command), "list chain %s %s %s", table->family,
			 table->name, name);
		error = take(all, command, why);
	}
	json_decref(rows);
	return error;
}

static int take_table(json_t *all, const struct table *table, char why[static WHY_SIZE])
{
	char command[COMMAND];
	if (table->flags & FLAG_DORMANT)
		return 0;
	if (table->flags)
		return take_chains(all, table, why);
	snprintf(command, sizeof(command), "list table %s %s", table->family, table->name);
	return take(all, command, why);
}

static int list_by_table(const struct tables *tables, char **json, char why[static WHY_SIZE])
{
	int error = 0;
	json_t *all = json_array();
	for (size_t i = 0; i < tables->count && !error; i++)
		error = take_table(all, &tables->rows[i], why);
	json_t *whole = json_pack("{so}", "nftables", all);
	if (!error && !(*json = json_dumps(whole, JSON_COMPACT)))
		error = -ENOMEM;
	json_decref(whole);
	return error;
}

int nftables_list(char **json, char why[static WHY_SIZE])
{
	struct tables *tables = calloc(1, sizeof(*tables));
	*json = NULL;
	snprintf(why, WHY_SIZE, "the tables cannot be listed");
	int error = tables ? tables_find(tables) : -ENOMEM;
	/* Whatever is in the way of the list, the library words it better. */
	if (tables && !error && tables->flagged)
		error = list_by_table(tables, json, why);
	else if (error != -E2BIG && error != -ENOMEM)
		error = nftables_json("list ruleset", json, why);
	free(tables);
	return error;
}
