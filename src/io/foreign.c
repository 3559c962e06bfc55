#include "io/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "io/netlink.h"
#include "io/nftables.h"
#include "io/tool.h"

enum { REMEDY_WORDS = 24 };

/* The three places where rules stand; each may be NULL. */
struct rulesets {
	json_t *nft, *iptables, *legacy;
};

static void rulesets_free(struct rulesets *rulesets)
{
	json_decref(rulesets->nft);
	json_decref(rulesets->iptables);
	json_decref(rulesets->legacy);
}

/* The save command's text as JSON; NULL where it is not installed or fails. */
static json_t *saved(const char *tool)
{
	char *text = NULL;
	json_t *json = NULL;
	if (tool_run((const char *const[]){tool, NULL}, &text) == 0)
		json = foreign_from_iptables(text);
	free(text);
	return json;
}

static bool is_of_table(const json_t *row, const char *family, const char *table)
{
	void *at = json_object_iter((json_t *)row);
	const json_t *of = at ? json_object_iter_value(at) : NULL;
	const char *has = json_string_value(json_object_get(of, "family"));
	const char *in = json_string_value(json_object_get(of, "table"));
	return has && in && strcmp(has, family) == 0 && strcmp(in, table) == 0;
}

static bool has_table(const json_t *ruleset, const char *family, const char *table)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(ruleset, "nftables"), i, row)
		if (is_of_table(row, family, table))
			return true;
	return false;
}

static void remove_table(json_t *ruleset, const char *family, const char *table)
{
	json_t *rows = json_object_get(ruleset, "nftables");
	for (size_t i = json_array_size(rows); i-- > 0;)
		if (is_of_table(json_array_get(rows, i), family, table))
			json_array_remove(rows, i);
}

/*
 * nftables prints the matches of iptables-nft's tables by name only; their owner's save command
 * tells all of them. A table which that does not know is left as nftables gave it.
 */
static void read_iptables_tables(struct rulesets *rulesets)
{
	static const char *const tables[] = {"filter", "mangle", "raw", "security", "nat"};
	bool any = false;
	for (size_t i = 0; i < COUNT_OF(tables); i++)
		any = any || has_table(rulesets->nft, "ip", tables[i]);
	if (!any || !(rulesets->iptables = saved("iptables-nft-save")))
		return;
	for (size_t i = 0; i < COUNT_OF(tables); i++)
		if (has_table(rulesets->iptables, "ip", tables[i]))
			remove_table(rulesets->nft, "ip", tables[i]);
}

/* Asking iptables-legacy loads its modules, so only where the kernel has tables of its kind. */
bool foreign_legacy_is_in_use(void)
{
	char byte;
	int fd = open("/proc/thread-self/net/ip_tables_names", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool in_use = read(fd, &byte, 1) == 1;
	close(fd);
	return in_use;
}

/* What kind of iptables the plain name calls here. */
static bool plain_name_is(const char *kind)
{
	char path[TOOL_PATH];
	char *real = tool_find("iptables", path) ? realpath(path, NULL) : NULL;
	bool nft = real && strstr(real, "nft");
	free(real);
	return strcmp(kind, "nft") == 0 ? nft : real && !nft;
}

static int rulesets_read(struct rulesets *rulesets)
{
	char *text = NULL, why[WHY_SIZE], path[TOOL_PATH];
	*rulesets = (struct rulesets){0};
	int error = nftables_list(&text, why);
	if (error == -EPERM)
		return error;
	if (!error)
		rulesets->nft = json_loads(text, 0, NULL);
	free(text);
	if (rulesets->nft)
		read_iptables_tables(rulesets);
	if (foreign_legacy_is_in_use())
		rulesets->legacy =
			saved(tool_find("iptables-legacy-save", path) ? "iptables-legacy-save"
								      : "iptables-save");
	return 0;
}

static void look_for_default(void *context, const struct netlink_route *route)
{
	int *index = context;
	if (route->to.length == 0 && route->index && !*index)
		*index = route->index;
}

/* The interface of the default route; "" where there is none. */
static void uplink_find(char name[static IFNAMSIZ])
{
	struct netlink netlink;
	int index = 0;
	name[0] = 0;
	if (netlink_open(&netlink))
		return;
	(void)netlink_each_route(&netlink, look_for_default, &index);
	netlink_close(&netlink);
	if (index && !if_indextoname((unsigned)index, name))
		name[0] = 0;
}

int foreign_find(const struct foreign_plan *plan, struct foreign_findings *findings)
{
	struct rulesets rulesets;
	struct foreign_plan asked = *plan;
	char uplink[IFNAMSIZ];
	findings->count = 0;
	int error = rulesets_read(&rulesets);
	if (error)
		return error;
	if (!asked.uplink) {
		uplink_find(uplink);
		asked.uplink = uplink;
	}
	foreign_judge(rulesets.nft, &asked, "nft", findings);
	foreign_judge(rulesets.iptables, &asked, plain_name_is("nft") ? "iptables" : "iptables-nft",
		      findings);
	foreign_judge(rulesets.legacy, &asked,
		      plain_name_is("legacy") ? "iptables" : "iptables-legacy", findings);
	rulesets_free(&rulesets);
	return 0;
}

/* Of the three rulesets, for packets by any of these interfaces. */
static void find_concern(const struct rulesets *rulesets, const struct foreign_plan *plan,
			 const char *const *interfaces, size_t count, bool out,
			 char why[static FOREIGN_SENTENCE])
{
	struct foreign_plan one = *plan;
	why[0] = 0;
	for (size_t i = 0; i < count && !why[0]; i++) {
		one.uplink = interfaces[i];
		(void)(foreign_concerns_gre(rulesets->nft, &one, "nft", out, why) ||
		       foreign_concerns_gre(rulesets->iptables, &one, "iptables-nft", out, why) ||
		       foreign_concerns_gre(rulesets->legacy, &one, "iptables-legacy", out, why));
	}
}

static bool any_forwards(const struct rulesets *rulesets)
{
	return foreign_ruleset_forwards(rulesets->nft) ||
	       foreign_ruleset_forwards(rulesets->iptables) ||
	       foreign_ruleset_forwards(rulesets->legacy);
}

int foreign_find_gre(const struct foreign_plan *plan, const char *const *interfaces, size_t count,
		     char in[static FOREIGN_SENTENCE], char out[static FOREIGN_SENTENCE])
{
	struct rulesets rulesets;
	int error = rulesets_read(&rulesets);
	if (error)
		return error;
	find_concern(&rulesets, plan, interfaces, count, false, in);
	find_concern(&rulesets, plan, interfaces, count, true, out);
	if (!in[0] && plan->track_gre && any_forwards(&rulesets))
		snprintf(in, FOREIGN_SENTENCE,
			 "foreign rules translate addresses, perhaps those of GRE too");
	rulesets_free(&rulesets);
	return 0;
}

int foreign_fix(const struct foreign_finding *finding)
{
	char words[FOREIGN_REMEDY], why[WHY_SIZE], *rest = words, *word;
	const char *argv[REMEDY_WORDS + 1] = {NULL};
	size_t count = 0;
	if (strncmp(finding->remedy, "nft ", 4) == 0)
		return nftables_run(finding->remedy + 4, why);
	snprintf(words, sizeof(words), "%s", finding->remedy);
	while (count < REMEDY_WORDS && (word = strsep(&rest, " ")))
		if (*word)
			argv[count++] = word;
	return count ? tool_run(argv, NULL) : -ENOTSUP;
}

bool foreign_forwards(void)
{
	struct rulesets rulesets;
	if (rulesets_read(&rulesets))
		return true; /* who cannot see must not switch off */
	bool found = any_forwards(&rulesets);
	rulesets_free(&rulesets);
	return found;
}

bool foreign_helps_pptp(void)
{
	struct rulesets rulesets;
	if (rulesets_read(&rulesets))
		return false;
	bool found = foreign_ruleset_helps_pptp(rulesets.nft) ||
		     foreign_ruleset_helps_pptp(rulesets.iptables) ||
		     foreign_ruleset_helps_pptp(rulesets.legacy);
	rulesets_free(&rulesets);
	return found;
}
