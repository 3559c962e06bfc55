#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "io/foreign.h"

enum { LINE_WORDS = 128, WORD_LENGTH = 256 };

/* One line of iptables-save, cut into words. */
struct line {
	char words[LINE_WORDS][WORD_LENGTH];
	size_t count;
};

/* Splits at blanks outside of quotes; what is too long is cut.
 * Returns the start of the next line. */
static const char *line_split(const char *from, struct line *line)
{
	line->count = 0;
	while (*from && *from != '\n' && line->count < LINE_WORDS) {
		bool quoted = false;
		size_t length = 0;
		char *word = line->words[line->count];
		for (; *from && *from != '\n' && (quoted || *from != ' '); from++) {
			if (*from == '\\' && from[1] && from[1] != '\n')
				from++;
			else if (*from == '"') {
				quoted = !quoted;
				continue;
			}
			if (length < WORD_LENGTH - 1)
				word[length++] = *from;
		}
		word[length] = 0;
		line->count += length != 0;
		while (*from == ' ')
			from++;
	}
	from += strcspn(from, "\n");
	return *from ? from + 1 : from;
}

static json_t *meta(const char *key)
{
	return json_pack("{s:{s:s}}", "meta", "key", key);
}

static json_t *payload(const char *protocol, const char *field)
{
	return json_pack("{s:{s:s,s:s}}", "payload", "protocol", protocol, "field", field);
}

static json_t *match(bool inverted, json_t *left, json_t *right)
{
	return json_pack("{s:{s:s,s:o,s:o}}", "match", "op", inverted ? "!=" : "==", "left", left,
			 "right", right);
}

/* A match that we do not read: perhaps. */
static json_t *opaque(const char *name)
{
	return json_pack("{s:{s:s,s:s}}", "xt", "type", "match", "name", name);
}

/* Never true: a match whose right side is an empty set. */
static json_t *never(void)
{
	return match(false, meta("nfproto"), json_array());
}

/* "eth0", or "eth+" for all that begin with eth */
static json_t *interface_of(const char *text)
{
	char name[WORD_LENGTH];
	snprintf(name, sizeof(name), "%s", text);
	size_t length = strlen(name);
	if (length && name[length - 1] == '+')
		name[length - 1] = '*';
	return json_string(name);
}

/* A decimal number becomes a number, all else stays text. */
static json_t *scalar(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);
	return *text && !*end ? json_integer(value) : json_string(text);
}

/* "10.0.0.0/8" or one address */
static json_t *network_of(const char *text)
{
	char address[WORD_LENGTH];
	snprintf(address, sizeof(address), "%s", text);
	char *slash = strchr(address, '/');
	if (!slash)
		return json_string(address);
	*slash = 0;
	return json_pack("{s:{s:s,s:i}}", "prefix", "addr", address, "len",
			 (int)strtol(slash + 1, NULL, 10));
}

/* "22,1723,80:90", "RELATED,ESTABLISHED": a list, in small letters, of words and ranges. */
static json_t *list_of(const char *text)
{
	json_t *list = json_array();
	char copy[WORD_LENGTH], *rest = copy, *word;
	for (size_t i = 0; i < sizeof(copy); i++) {
		copy[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
		if (!text[i])
			break;
	}
	while ((word = strsep(&rest, ","))) {
		char *colon = strchr(word, ':');
		if (!colon) {
			json_array_append_new(list, scalar(word));
			continue;
		}
		*colon = 0;
		json_array_append_new(
			list,
			json_pack("{s:[o,o]}", "range", json_integer(strtol(word, NULL, 10)),
				  json_integer(colon[1] ? strtol(colon + 1, NULL, 10) : 65535)));
	}
	return json_pack("{s:o}", "set", list);
}

static json_t *mark_of(bool inverted, const char *text)
{
	unsigned long value = strtoul(text, NULL, 0); /* our packets carry mark 0 */
	return match(inverted, meta("mark"), json_integer((json_int_t)value));
}

static json_t *address_type_of(bool inverted, const char *type)
{
	json_t *left = json_pack("{s:{s:s,s:s}}", "fib", "result", "type", "flags", "daddr");
	return match(inverted, left, list_of(type));
}

/* State, or status, which are one option here. */
static json_t *state_of(bool inverted, const char *text)
{
	return match(inverted, json_pack("{s:{s:s}}", "ct", "key", "state"), list_of(text));
}

/* Docker keeps the networks of its bridges in sets of its own; the pool is in none of them. */
static json_t *set_of(bool inverted, const char *name)
{
	if (strncmp(name, "docker-", strlen("docker-")) == 0 && !inverted)
		return never();
	return opaque("set");
}

enum option {
	PROTOCOL,
	SOURCE,
	DESTINATION,
	IN,
	OUT,
	SPORT,
	DPORT,
	STATE,
	DST_TYPE,
	MARK,
	SET,
	COMMENT,
	MODULE,
};

/* clang-format off */
static const struct { const char *word; enum option option; } options[] = {
	{"-p", PROTOCOL}, {"-s", SOURCE}, {"-d", DESTINATION}, {"-i", IN}, {"-o", OUT},
	{"--sport", SPORT}, {"--sports", SPORT}, {"--dport", DPORT}, {"--dports", DPORT},
	{"--ctstate", STATE}, {"--state", STATE}, {"--dst-type", DST_TYPE}, {"--mark", MARK},
	{"--match-set", SET}, {"--comment", COMMENT}, {"-m", MODULE},
};
/* clang-format on */

/* Modules whose every option is among those above. */
static bool is_read(const char *module)
{
	static const char *const modules[] = {"tcp",      "udp",  "multiport", "conntrack", "state",
					      "addrtype", "mark", "set",       "comment",   "icmp"};
	for (size_t i = 0; i < COUNT_OF(modules); i++)
		if (strcmp(modules[i], module) == 0)
			return true;
	return false;
}

/* One option with its value; NULL: it says nothing about the packet. */
static json_t *option_match(enum option option, bool inverted, const char *value)
{
	switch (option) {
	case PROTOCOL:
		return match(inverted, meta("l4proto"), scalar(value));
	case SOURCE:
		return match(inverted, payload("ip", "saddr"), network_of(value));
	case DESTINATION:
		return match(inverted, payload("ip", "daddr"), network_of(value));
	case IN:
		return match(inverted, meta("iifname"), interface_of(value));
	case OUT:
		return match(inverted, meta("oifname"), interface_of(value));
	case SPORT:
		return match(inverted, payload("th", "sport"), list_of(value));
	case DPORT:
		return match(inverted, payload("th", "dport"), list_of(value));
	case STATE:
		return state_of(inverted, value);
	case DST_TYPE:
		return address_type_of(inverted, value);
	case MARK:
		return mark_of(inverted, value);
	case SET:
		return set_of(inverted, value);
	case MODULE:
		return is_read(value) ? NULL : opaque(value);
	case COMMENT:
		return NULL;
	}
	return NULL;
}

static const char *const verdicts[][2] = {
	{"ACCEPT", "accept"}, {"DROP", "drop"},     {"REJECT", "reject"},
	{"RETURN", "return"}, {"NFQUEUE", "queue"},
};

/* -j or -g: a verdict, a chain, or a target that lets the packet pass on. */
static json_t *target_of(const char *how, const char *name, const json_t *chains)
{
	for (size_t i = 0; i < COUNT_OF(verdicts); i++)
		if (strcmp(verdicts[i][0], name) == 0)
			return json_pack("{s:n}", verdicts[i][1]);
	if (json_object_get(chains, name))
		return json_pack("{s:{s:s}}", how[1] == 'g' ? "goto" : "jump", "target", name);
	return json_pack("{s:{s:s,s:s}}", "xt", "type", "target", "name", name);
}

static bool find_option(const char *word, enum option *option)
{
	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (strcmp(options[i].word, word) == 0) {
			*option = options[i].option;
			return true;
		}
	return false;
}

/* What stands behind "-A CHAIN". The target comes last and its own options are not ours. */
static json_t *expressions_of(const struct line *line, const json_t *chains)
{
	json_t *all = json_array();
	bool inverted = false;
	for (size_t i = 2; i < line->count; i++) {
		enum option option;
		const char *word = line->words[i],
			   *value = i + 1 < line->count ? line->words[i + 1] : "";
		if (strcmp(word, "!") == 0) {
			inverted = true;
			continue;
		}
		if (strcmp(word, "-j") == 0 || strcmp(word, "-g") == 0) {
			json_array_append_new(all, target_of(word, value, chains));
			break;
		}
		if (find_option(word, &option)) {
			json_t *one = option_match(option, inverted, value);
			if (one)
				json_array_append_new(all, one);
			i++;
		} else if (word[0] == '-') /* an option we do not read, perhaps with values */
			json_array_append_new(all, opaque(word));
		inverted = false;
	}
	return all;
}

static const struct {
	const char *chain, *hook;
} hooks[] = {
	{"PREROUTING", "prerouting"},   {"INPUT", "input"},
	{"FORWARD", "forward"},         {"OUTPUT", "output"},
	{"POSTROUTING", "postrouting"},
};

/* ":INPUT DROP [0:0]", ":DOCKER-USER - [0:0]" */
static json_t *chain_of(const char *table, const struct line *line)
{
	const char *name = line->words[0] + 1, *policy = line->count > 1 ? line->words[1] : "-";
	json_t *chain = json_pack("{s:s,s:s,s:s}", "family", "ip", "table", table, "name", name);
	for (size_t i = 0; i < COUNT_OF(hooks); i++)
		if (strcmp(hooks[i].chain, name) == 0 && strcmp(policy, "-")) {
			json_object_set_new(chain, "hook", json_string(hooks[i].hook));
			json_object_set_new(chain, "type",
					    json_string(strcmp(table, "nat") ? "filter" : "nat"));
			json_object_set_new(
				chain, "policy",
				json_string(strcmp(policy, "DROP") ? "accept" : "drop"));
		}
	return json_pack("{s:o}", "chain", chain);
}

static json_t *rule_of(const char *table, const struct line *line, const json_t *chains)
{
	return json_pack("{s:{s:s,s:s,s:s,s:o}}", "rule", "family", "ip", "table", table, "chain",
			 line->words[1], "expr", expressions_of(line, chains));
}

/* "-j CT --helper pptp" is the same to us as nftables' object. */
static json_t *helper_of(const char *table, const struct line *line)
{
	for (size_t i = 2; i + 1 < line->count; i++)
		if (strcmp(line->words[i], "--helper") == 0)
			return json_pack("{s:{s:s,s:s,s:s}}", "ct helper", "family", "ip", "table",
					 table, "type", line->words[i + 1]);
	return NULL;
}

json_t *foreign_from_iptables(const char *text)
{
	json_t *all = json_array(), *chains = json_object(), *one;
	struct line *line = malloc(sizeof(*line));
	char table[WORD_LENGTH] = "";
	while (line && *text) {
		text = line_split(text, line);
		const char *first = line->count ? line->words[0] : "#";
		if (first[0] == '*') {
			snprintf(table, sizeof(table), "%.200s", first + 1);
			json_object_clear(chains);
		} else if (first[0] == ':') {
			json_object_set_new(chains, first + 1, json_true());
			json_array_append_new(all, chain_of(table, line));
		} else if (strcmp(first, "-A") == 0 && line->count > 1) {
			json_array_append_new(all, rule_of(table, line, chains));
			if ((one = helper_of(table, line)))
				json_array_append_new(all, one);
		}
	}
	json_decref(chains);
	free(line);
	return json_pack("{s:o}", "nftables", all);
}
