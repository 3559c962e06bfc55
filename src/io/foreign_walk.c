#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "io/foreign.h"
#include "io/foreign_match.h"

/* What may become of a packet in a chain; more than one where a match holds perhaps. */
enum { ACCEPTED = 1, DROPPED = 2, RETURNED = 4 };

/* Jumps in jumps, as the kernel bounds them; rules looked at for one
 * packet, against rulesets whose chains meet again and again. */
enum { JUMP_DEPTH = 16, RULE_BUDGET = 200 * 1000 };

/* One table while a packet walks through its chains. */
struct walk {
	const json_t *rules; /* "family table chain" → array of rules */
	const json_t *sets;  /* "family table set" → array of elements */
	const char *family, *table;
	const struct foreign_packet *packet;
	unsigned budget;
	bool touches; /* a rule that may hold does something with the packet other than judge it */
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static void name_in(const char *family, const char *table, const char *name, char to[static 512])
{
	snprintf(to, 512, "%.10s %.200s %.200s", family, table, name);
}

static const json_t *set_elements(const void *context, const char *name)
{
	const struct walk *walk = context;
	char key[512];
	name_in(walk->family, walk->table, name, key);
	return json_object_get(walk->sets, key);
}

static struct foreign_sets sets_of(const struct walk *walk)
{
	return (struct foreign_sets){set_elements, walk};
}

static unsigned walk_chain(struct walk *walk, const char *chain, unsigned depth);

/* The verdict that a statement carries; `gone` says that the chain ends with it. 0: no verdict. */
static unsigned verdict(struct walk *walk, const json_t *statement, unsigned depth, bool *gone)
{
	const json_t *to;
	*gone = true;
	if (json_object_get(statement, "accept") || json_object_get(statement, "queue"))
		return ACCEPTED; /* what a program decides about a queue is not ours to foresee */
	if (json_object_get(statement, "drop") || json_object_get(statement, "reject"))
		return DROPPED;
	if (json_object_get(statement, "return"))
		return RETURNED;
	if ((to = json_object_get(statement, "goto")))
		return walk_chain(walk, text_of(to, "target"), depth - 1);
	*gone = false;
	if ((to = json_object_get(statement, "jump")))
		return walk_chain(walk, text_of(to, "target"), depth - 1);
	return 0;
}

static unsigned xt_verdict(const json_t *xt)
{
	bool rejects = strcmp(text_of(xt, "name"), "REJECT") == 0;
	return rejects && strcmp(text_of(xt, "type"), "target") == 0 ? DROPPED : 0;
}

/* {"vmap": {"key": …, "data": {"set": [[key, verdict], …]} or "@map"}} */
static unsigned map_verdict(struct walk *walk, const json_t *map, unsigned depth, bool *gone)
{
	const json_t *key = json_object_get(map, "key"), *data = json_object_get(map, "data");
	const json_t *pairs;
	const char *name = json_string_value(data);
	struct foreign_sets sets = sets_of(walk);
	unsigned outcomes = 0;
	size_t i;
	json_t *pair;
	*gone = false;
	pairs = name && name[0] == '@' ? set_elements(walk, name + 1)
				       : json_object_get(data, "set");
	if (!pairs) /* a map that we cannot see into may do anything */
		return ACCEPTED | DROPPED | RETURNED;
	json_array_foreach(pairs, i, pair) {
		bool this_gone;
		enum truth truth =
			foreign_equals(key, json_array_get(pair, 0), walk->packet, &sets);
		if (truth == TRUTH_NO)
			continue;
		unsigned more = verdict(walk, json_array_get(pair, 1), depth, &this_gone);
		outcomes |= more;
		if (truth == TRUTH_YES) {
			*gone = this_gone;
			return more;
		}
	}
	return outcomes | RETURNED;
}

/* Statements that hold back some packets and let others pass on. */
static bool is_partial(const json_t *statement)
{
	const json_t *xt = json_object_get(statement, "xt");
	return json_object_get(statement, "limit") || json_object_get(statement, "quota") ||
	       json_object_get(statement, "ct count") ||
	       (xt && strcmp(text_of(xt, "type"), "target") &&
		strcmp(text_of(xt, "name"), "comment"));
}

static unsigned statement_verdict(struct walk *walk, const json_t *statement, unsigned depth,
				  bool *gone)
{
	const json_t *of;
	if ((of = json_object_get(statement, "vmap")))
		return map_verdict(walk, of, depth, gone);
	if ((of = json_object_get(statement, "xt"))) {
		*gone = true;
		return xt_verdict(of);
	}
	return verdict(walk, statement, depth, gone);
}

/* Statements that leave a packet as it is, and tell nobody of it; counting all that comes by is as harmless. */
static bool is_harmless(const json_t *statement)
{
	static const char *const names[] = {"match",  "counter", "accept", "drop", "reject",
					    "return", "jump",    "goto",   "vmap", "notrack",
					    "limit",  "quota",   "comment"};
	const json_t *xt = json_object_get(statement, "xt");
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (json_object_get(statement, names[i]))
			return true;
	return xt && strcmp(text_of(xt, "type"), "target"); /* a match that we cannot see into */
}

/*
 * One rule. Returns what may become of the packet in it; RETURNED among that means here that it
 * goes on to the next rule. *leaves: the packet may return from the chain as a whole.
 */
static unsigned walk_rule(struct walk *walk, const json_t *rule, unsigned depth, bool *leaves)
{
	bool perhaps = false;
	struct foreign_sets sets = sets_of(walk);
	size_t i;
	json_t *statement;
	json_array_foreach(json_object_get(rule, "expr"), i, statement) {
		bool gone;
		const json_t *match = json_object_get(statement, "match");
		enum truth truth = match ? foreign_match(match, walk->packet, &sets) : TRUTH_YES;
		if (truth == TRUTH_NO)
			return RETURNED;
		perhaps = perhaps || truth == TRUTH_PERHAPS || is_partial(statement);
		walk->touches = walk->touches || !is_harmless(statement);
		unsigned outcomes = match ? 0 : statement_verdict(walk, statement, depth, &gone);
		if (!outcomes)
			continue;
		if (outcomes & RETURNED && gone) {
			*leaves = true;
			outcomes &= ~(unsigned)RETURNED;
		}
		return perhaps ? outcomes | RETURNED : outcomes;
	}
	return RETURNED;
}

static unsigned walk_chain(struct walk *walk, const char *chain, unsigned depth)
{
	char key[512];
	unsigned outcomes = 0;
	bool leaves = false;
	size_t i;
	json_t *rule;
	if (depth == 0)
		return ACCEPTED | DROPPED | RETURNED;
	name_in(walk->family, walk->table, chain, key);
	json_array_foreach(json_object_get(walk->rules, key), i, rule) {
		if (walk->budget == 0)
			return ACCEPTED | DROPPED | RETURNED;
		walk->budget--;
		unsigned step = walk_rule(walk, rule, depth, &leaves);
		outcomes |= step & ~(unsigned)RETURNED;
		if (!(step & RETURNED))
			return leaves ? outcomes | RETURNED : outcomes;
	}
	return outcomes | RETURNED;
}

/* clang-format off */
static const struct {
	const char *sentence;
	const char *hooks[2];     /* where such packets come by */
	const char *iptables;     /* match, with %s for the interface */
	const char *nft;
	const char *ufw, *firewalld;
} packets[FOREIGN_PACKETS] = {
	[FOREIGN_CONTROL_IN] = {"the control connections of callers (TCP port 1723)", {"prerouting", "input"},
		"-p tcp --dport 1723", "tcp dport 1723", "ufw allow 1723/tcp", "firewall-cmd --add-port=1723/tcp"},
	[FOREIGN_GRE_IN] = {"the tunnels of callers (protocol 47, GRE)", {"prerouting", "input"},
		"-p 47", "meta l4proto 47", "ufw allow proto gre from any", "firewall-cmd --add-protocol=gre"},
	[FOREIGN_GRE_OUT] = {"what we send into the tunnels (protocol 47, GRE)", {"output"},
		"-p 47", "meta l4proto 47", "ufw allow out proto gre to any", NULL},
	[FOREIGN_POOL_IN] = {"what clients send", {"prerouting", "forward"},
		"-i %s", "iifname %s", "ufw route allow in on %s", "firewall-cmd --zone=trusted --add-interface=%s"},
	[FOREIGN_POOL_OUT] = {"what comes back to clients", {"forward"},
		"-o %s", "oifname %s", "ufw route allow out on %s", "firewall-cmd --zone=trusted --add-interface=%s"},
};
/* clang-format on */

static struct foreign_packet packet_of(enum foreign_packets which, const struct foreign_plan *plan)
{
	const char *world = plan->uplink && plan->uplink[0] ? plan->uplink : "?";
	struct foreign_packet packet = {
		.in = world,
		.destination = plan->listen,
		.destination_is_known = plan->listen != 0,
		.protocol = 6,
		.source_port = 50123,
		.destination_port = 1723,
		.state = "new",
		.direction = "original",
		.route = "local",
	};
	if (which == FOREIGN_CONTROL_IN)
		return packet;
	if (which == FOREIGN_GRE_IN || which == FOREIGN_GRE_OUT) {
		packet.protocol = 47;
		packet.source_port = packet.destination_port = 0;
		packet.state = plan->track_gre ? "new" : "untracked";
	}
	if (which == FOREIGN_GRE_OUT) {
		packet.out = world;
		packet.in = NULL;
		packet.source = plan->listen;
		packet.source_is_known = plan->listen != 0;
		packet.destination_is_known = false;
		packet.route = "unicast";
	}
	if (which == FOREIGN_POOL_IN || which == FOREIGN_POOL_OUT) { /* to and from a web server */
		bool back = which == FOREIGN_POOL_OUT;
		packet.in = back ? world : plan->interface;
		packet.out = back ? plan->interface : world;
		packet.source = packet.destination = plan->client;
		packet.source_is_known = !back;
		packet.destination_is_known = back;
		packet.source_port = back ? 443 : 50123;
		packet.destination_port = back ? 50123 : 443;
		packet.state = back ? "established" : "new";
		packet.direction = back ? "reply" : "original";
		packet.route = "unicast";
	}
	return packet;
}

/* Rules and sets by name, so that each jump costs one look. */
struct ruleset {
	const json_t *all; /* array */
	json_t *rules, *sets;
};

static void index_rule(struct ruleset *ruleset, json_t *rule)
{
	char key[512];
	name_in(text_of(rule, "family"), text_of(rule, "table"), text_of(rule, "chain"), key);
	json_t *chain = json_object_get(ruleset->rules, key);
	if (!chain) {
		chain = json_array();
		json_object_set_new(ruleset->rules, key, chain);
	}
	json_array_append(chain, rule);
}

static void index_set(struct ruleset *ruleset, json_t *set)
{
	char key[512];
	json_t *elements = json_object_get(set, "elem");
	name_in(text_of(set, "family"), text_of(set, "table"), text_of(set, "name"), key);
	json_object_set_new(ruleset->sets, key, elements ? json_incref(elements) : json_array());
}

static struct ruleset ruleset_of(const json_t *json)
{
	struct ruleset ruleset = {json_object_get(json, "nftables"), json_object(), json_object()};
	size_t i;
	json_t *row, *of;
	json_array_foreach(ruleset.all, i, row) {
		if ((of = json_object_get(row, "rule")))
			index_rule(&ruleset, of);
		else if ((of = json_object_get(row, "set")) || (of = json_object_get(row, "map")))
			index_set(&ruleset, of);
	}
	return ruleset;
}

static bool has_chain(const struct ruleset *ruleset, const json_t *beside, const char *name)
{
	size_t i;
	json_t *row;
	json_array_foreach(ruleset->all, i, row) {
		const json_t *chain = json_object_get(row, "chain");
		if (chain && strcmp(text_of(chain, "name"), name) == 0 &&
		    strcmp(text_of(chain, "family"), text_of(beside, "family")) == 0 &&
		    strcmp(text_of(chain, "table"), text_of(beside, "table")) == 0)
			return true;
	}
	return false;
}

static bool is_plain(const char *name)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	return name[0] && strspn(name, letters) == strlen(name);
}

/* `format` is one of the constants of `packets`; it has at most one %s. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void fill(char *to, size_t size, const char *format, const char *interface)
{
	if (format)
		snprintf(to, size, format, interface);
	else
		to[0] = 0;
}
#pragma GCC diagnostic pop

/* Where the head of the chain is not ours to write:
 * the owner would wipe it or has a better place. */
static bool owner_remedy(const struct ruleset *ruleset, const json_t *chain,
			 const struct foreign_plan *plan, struct foreign_finding *finding)
{
	bool forward = strcmp(finding->hook, "forward") == 0;
	bool nft = strcmp(finding->tool, "nft") == 0;
	char match[64];
	if (nft && strcmp(finding->table, "firewalld") == 0)
		fill(finding->remedy, sizeof(finding->remedy), packets[finding->packets].firewalld,
		     plan->interface);
	else if (!nft && has_chain(ruleset, chain, "ufw-before-input"))
		fill(finding->remedy, sizeof(finding->remedy), packets[finding->packets].ufw,
		     plan->interface);
	else if (!nft && forward && has_chain(ruleset, chain, "DOCKER-USER")) {
		fill(match, sizeof(match), packets[finding->packets].iptables, plan->interface);
		snprintf(finding->remedy, sizeof(finding->remedy), "%s -I DOCKER-USER %s -j ACCEPT",
			 finding->tool, match);
	} else
		return false;
	return true;
}

static void chain_remedy(const struct foreign_plan *plan, struct foreign_finding *finding)
{
	char match[64];
	bool nft = strcmp(finding->tool, "nft") == 0;
	if (!is_plain(finding->table) || !is_plain(finding->chain))
		return;
	if (nft) {
		fill(match, sizeof(match), packets[finding->packets].nft, plan->interface);
		snprintf(finding->remedy, sizeof(finding->remedy),
			 "nft insert rule %s %s %s %s accept", finding->family, finding->table,
			 finding->chain, match);
		return;
	}
	bool usual = strcmp(finding->table, "filter") == 0;
	fill(match, sizeof(match), packets[finding->packets].iptables, plan->interface);
	snprintf(finding->remedy, sizeof(finding->remedy), "%s %s%s%s-I %s %s -j ACCEPT",
		 finding->tool, usual ? "" : "-t ", usual ? "" : finding->table, usual ? "" : " ",
		 finding->chain, match);
}

static void report(const struct ruleset *ruleset, const json_t *chain,
		   const struct foreign_plan *plan, struct foreign_finding finding,
		   struct foreign_findings *findings)
{
	if (findings->count == COUNT_OF(findings->all))
		return;
	snprintf(finding.family, sizeof(finding.family), "%s", text_of(chain, "family"));
	snprintf(finding.table, sizeof(finding.table), "%s", text_of(chain, "table"));
	snprintf(finding.chain, sizeof(finding.chain), "%s", text_of(chain, "name"));
	snprintf(finding.hook, sizeof(finding.hook), "%s", text_of(chain, "hook"));
	if (!owner_remedy(ruleset, chain, plan, &finding))
		chain_remedy(plan, &finding);
	findings->all[findings->count++] = finding;
}

static bool passes_by(enum foreign_packets which, const char *hook)
{
	for (size_t i = 0; i < COUNT_OF(packets[which].hooks); i++)
		if (packets[which].hooks[i] && strcmp(packets[which].hooks[i], hook) == 0)
			return true;
	return false;
}

static unsigned outcomes_of(const struct ruleset *ruleset, const json_t *chain,
			    const struct foreign_packet *packet, bool *touches)
{
	struct walk walk = {.rules = ruleset->rules,
			    .sets = ruleset->sets,
			    .family = text_of(chain, "family"),
			    .table = text_of(chain, "table"),
			    .packet = packet,
			    .budget = RULE_BUDGET};
	unsigned outcomes = walk_chain(&walk, text_of(chain, "name"), JUMP_DEPTH);
	*touches = walk.touches || walk.budget == 0;
	if (!(outcomes & RETURNED))
		return outcomes;
	bool drops = strcmp(text_of(chain, "policy"), "drop") == 0;
	return (outcomes & ~(unsigned)RETURNED) | (drops ? DROPPED : ACCEPTED);
}

/* A base chain of somebody else through which our packets go. */
static bool is_foreign_filter(const json_t *chain)
{
	const char *family = text_of(chain, "family");
	bool v4 = strcmp(family, "ip") == 0 || strcmp(family, "inet") == 0;
	return v4 && strcmp(text_of(chain, "type"), "filter") == 0 &&
	       strncmp(text_of(chain, "table"), "poptun", strlen("poptun")) != 0;
}

void foreign_judge(const json_t *json, const struct foreign_plan *plan, const char *tool,
		   struct foreign_findings *findings)
{
	struct ruleset ruleset = ruleset_of(json);
	size_t i;
	json_t *row;
	json_array_foreach(ruleset.all, i, row) {
		const json_t *chain = json_object_get(row, "chain");
		if (!chain || !is_foreign_filter(chain))
			continue;
		for (enum foreign_packets which = 0; which < FOREIGN_PACKETS; which++) {
			struct foreign_packet packet = packet_of(which, plan);
			bool touches;
			struct foreign_finding finding = {.packets = which};
			snprintf(finding.tool, sizeof(finding.tool), "%s", tool);
			if (passes_by(which, text_of(chain, "hook")) &&
			    outcomes_of(&ruleset, chain, &packet, &touches) == DROPPED)
				report(&ruleset, chain, plan, finding, findings);
		}
	}
	json_decref(ruleset.rules);
	json_decref(ruleset.sets);
}

/* Where a packet that goes round the host's IP would have come by. */
static bool would_pass_by(bool out, const json_t *chain, bool tracked)
{
	static const char *const in_hooks[] = {"ingress", "prerouting", "input"},
				 *const out_hooks[] = {"output", "postrouting", NULL};
	const char *const *hooks = out ? out_hooks : in_hooks, *family = text_of(chain, "family");
	bool known = strcmp(family, "ip") == 0 || strcmp(family, "inet") == 0 ||
		     strcmp(family, "netdev") == 0;
	if (!known || strncmp(text_of(chain, "table"), "poptun", strlen("poptun")) == 0 ||
	    (!tracked && strcmp(text_of(chain, "type"), "nat") == 0))
		return false;
	for (size_t i = 0; i < COUNT_OF(in_hooks); i++)
		if (hooks[i] && strcmp(text_of(chain, "hook"), hooks[i]) == 0)
			return true;
	return false;
}

bool foreign_concerns_gre(const json_t *json, const struct foreign_plan *plan, const char *tool,
			  bool out, char why[static FOREIGN_SENTENCE])
{
	struct ruleset ruleset = ruleset_of(json);
	struct foreign_packet packet = packet_of(out ? FOREIGN_GRE_OUT : FOREIGN_GRE_IN, plan);
	bool found = false, touches;
	size_t i;
	json_t *row;
	json_array_foreach(ruleset.all, i, row) {
		const json_t *chain = json_object_get(row, "chain");
		if (found || !chain || !would_pass_by(out, chain, plan->track_gre) ||
		    (outcomes_of(&ruleset, chain, &packet, &touches) == ACCEPTED && !touches))
			continue;
		found = true;
		snprintf(why, FOREIGN_SENTENCE, "foreign rule: chain %s of %s %s (%s) concerns GRE",
			 text_of(chain, "name"), text_of(chain, "family"), text_of(chain, "table"),
			 tool);
	}
	json_decref(ruleset.rules);
	json_decref(ruleset.sets);
	return found;
}

/* Statements that translate addresses; iptables-nft's are xt targets of the same names. */
static bool translates(const json_t *statement)
{
	static const char *const names[][2] = {{"masquerade", "MASQUERADE"},
					       {"snat", "SNAT"},
					       {"dnat", "DNAT"},
					       {"redirect", "REDIRECT"}};
	const char *target = text_of(json_object_get(statement, "xt"), "name");
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (json_object_get(statement, names[i][0]) || strcmp(target, names[i][1]) == 0)
			return true;
	return false;
}

static bool rule_translates(const json_t *rule)
{
	size_t i;
	json_t *statement;
	if (strncmp(text_of(rule, "table"), "poptun", strlen("poptun")) == 0)
		return false;
	json_array_foreach(json_object_get(rule, "expr"), i, statement) {
		if (translates(statement))
			return true;
	}
	return false;
}

bool foreign_ruleset_forwards(const json_t *json)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(json, "nftables"), i, row) {
		if (rule_translates(json_object_get(row, "rule")))
			return true;
	}
	return false;
}

bool foreign_ruleset_helps_pptp(const json_t *json)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(json, "nftables"), i, row) {
		const json_t *helper = json_object_get(row, "ct helper");
		if (helper && strcmp(text_of(helper, "type"), "pptp") == 0)
			return true;
	}
	return false;
}

const char *foreign_print(const struct foreign_finding *finding, char text[static FOREIGN_SENTENCE])
{
	snprintf(text, FOREIGN_SENTENCE, "chain %s of %s %s (%s) drops %s%s%s", finding->chain,
		 finding->family, finding->table, finding->tool, packets[finding->packets].sentence,
		 finding->remedy[0] ? "; remedy: "
				    : "; remedy: let them through in the tool that made it",
		 finding->remedy);
	return text;
}
