#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "io/foreign.h"
#include "io/foreign_match.h"

static const struct foreign_plan plan = {.interface = "pptp0",
					 .uplink = "eth0",
					 .listen = 0xc6336401,  /* 198.51.100.1 */
					 .client = 0xc0a80a64}; /* 192.168.10.100 */

/* JSON with ' for ". */
static json_t *json(const char *text)
{
	char *copy = strdup(text);
	assert_non_null(copy);
	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	json_error_t error;
	json_t *parsed = json_loads(copy, JSON_DECODE_ANY, &error);
	if (!parsed)
		fail_msg("%s in: %s", error.text, text);
	free(copy);
	return parsed;
}

static const char *const words[FOREIGN_PACKETS] = {"control", "gre", "gre-out", "in", "out"};

/* What is dropped, as "chain:packets …". */
static void print(const struct foreign_findings *findings, char text[static 1024])
{
	text[0] = 0;
	for (size_t i = 0; i < findings->count; i++)
		sprintf(text + strlen(text), "%s%s:%s", i ? " " : "", findings->all[i].chain,
			words[findings->all[i].packets]);
}

static void expect(const json_t *ruleset, const char *tool, const char *expected)
{
	struct foreign_findings findings = {0};
	char text[1024];
	foreign_judge(ruleset, &plan, tool, &findings);
	print(&findings, text);
	assert_string_equal(text, expected);
}

static const char *remedy(const json_t *ruleset, const char *tool, const char *which)
{
	static struct foreign_findings findings;
	findings.count = 0;
	foreign_judge(ruleset, &plan, tool, &findings);
	for (size_t i = 0; i < findings.count; i++)
		if (strcmp(words[findings.all[i].packets], which) == 0)
			return findings.all[i].remedy;
	return "no finding";
}

static const json_t *no_sets(const void *context, const char *name)
{
	return NULL;
}

TEST(foreign_match_knows_what_it_can_judge)
{
	static const struct foreign_packet packet = {.in = "pptp0",
						     .out = "eth0",
						     .source = 0xc0a80a64,
						     .source_is_known = true,
						     .protocol = 6,
						     .source_port = 50123,
						     .destination_port = 443,
						     .state = "new",
						     .direction = "original",
						     .route = "unicast"};
	static const struct {
		const char *operator, * left, *right;
		enum truth truth;
	} rows[] = {
		{"==", "{'meta':{'key':'iifname'}}", "'pptp0'", TRUTH_YES},
		{"==", "{'meta':{'key':'iifname'}}", "'pptp*'", TRUTH_YES},
		{"==", "{'meta':{'key':'iifname'}}", "'ppp*'", TRUTH_NO},
		{"!=", "{'meta':{'key':'oifname'}}", "'docker0'", TRUTH_YES},
		{"==", "{'meta':{'key':'oif'}}", "{'set':['lo','eth0']}", TRUTH_YES},
		{"==", "{'meta':{'key':'l4proto'}}", "'tcp'", TRUTH_YES},
		{"==", "{'meta':{'key':'l4proto'}}", "47", TRUTH_NO},
		{"!=", "{'meta':{'key':'l4proto'}}", "'gre'", TRUTH_YES},
		{"==", "{'meta':{'key':'nfproto'}}", "'ipv6'", TRUTH_NO},
		{"==", "{'&':[{'meta':{'key':'mark'}},16384]}", "16384", TRUTH_NO},
		{"==", "{'meta':{'key':'skuid'}}", "0", TRUTH_PERHAPS},
		{"==", "{'payload':{'protocol':'tcp','field':'dport'}}",
		 "{'set':[22,{'range':[400,500]}]}", TRUTH_YES},
		{"==", "{'payload':{'protocol':'tcp','field':'dport'}}", "{'range':[1,442]}",
		 TRUTH_NO},
		{"!=", "{'payload':{'protocol':'udp','field':'dport'}}", "53", TRUTH_NO},
		{"==", "{'payload':{'protocol':'icmp','field':'type'}}", "'echo-request'",
		 TRUTH_NO},
		{">=", "{'payload':{'protocol':'th','field':'sport'}}", "1024", TRUTH_YES},
		{"<", "{'payload':{'protocol':'th','field':'sport'}}", "1024", TRUTH_NO},
		{"<=", "{'payload':{'protocol':'th','field':'sport'}}", "50123", TRUTH_YES},
		{">", "{'payload':{'protocol':'th','field':'sport'}}", "50123", TRUTH_NO},
		{"==", "{'payload':{'protocol':'ip','field':'saddr'}}",
		 "{'prefix':{'addr':'192.168.0.0','len':16}}", TRUTH_YES},
		{"==", "{'payload':{'protocol':'ip','field':'saddr'}}",
		 "{'prefix':{'addr':'192.168.0.0','len':20}}", TRUTH_YES},
		{"==", "{'payload':{'protocol':'ip','field':'saddr'}}",
		 "{'prefix':{'addr':'192.168.0.0','len':21}}", TRUTH_NO},
		{"==", "{'payload':{'protocol':'ip','field':'saddr'}}",
		 "{'set':[{'range':['192.168.10.1','192.168.10.100']}]}", TRUTH_YES},
		{"==", "{'payload':{'protocol':'ip','field':'daddr'}}", "'192.0.2.1'",
		 TRUTH_PERHAPS},
		{"==", "{'payload':{'protocol':'ip','field':'saddr'}}", "'@unknown'",
		 TRUTH_PERHAPS},
		{"==", "{'payload':{'protocol':'ip6','field':'saddr'}}", "'::1'", TRUTH_NO},
		{"==", "{'payload':{'base':'th','offset':16,'len':16}}", "34827", TRUTH_PERHAPS},
		{"in", "{'ct':{'key':'state'}}", "['established','related']", TRUTH_NO},
		{"==", "{'ct':{'key':'state'}}", "{'set':['new','untracked']}", TRUTH_YES},
		{"in", "{'ct':{'key':'state'}}", "'invalid'", TRUTH_NO},
		{"in", "{'ct':{'key':'status'}}", "'dnat'", TRUTH_NO},
		{"==", "{'ct':{'key':'zone'}}", "1", TRUTH_PERHAPS},
		{"==", "{'fib':{'result':'type','flags':'daddr'}}", "'local'", TRUTH_NO},
		{"==", "{'fib':{'result':'type','flags':['daddr','iif']}}", "'unicast'", TRUTH_YES},
		{"==", "{'fib':{'result':'oif','flags':['saddr','iif']}}", "false", TRUTH_PERHAPS},
		{"==", "{'payload':{'protocol':'tcp','field':'dport'}}",
		 "{'set':[{'elem':{'val':443}}]}", TRUTH_YES},
		{"==", "7", "7", TRUTH_PERHAPS},
		{"==", "{}", "{}", TRUTH_PERHAPS},
	};
	static const struct foreign_sets sets = {no_sets, NULL};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		json_t *match = json_pack("{s:s,s:o,s:o}", "op", rows[i].operator, "left",
					  json(rows[i].left), "right", json(rows[i].right));
		if (foreign_match(match, &packet, &sets) != rows[i].truth)
			fail_msg("row %zu: %s %s %s", i, rows[i].left, rows[i].operator,
				 rows[i].right);
		json_decref(match);
	}
}

#define CHAIN(name, hook, policy)                                                                  \
	"{'chain':{'family':'inet','table':'wall','name':'" name "','type':'filter','hook':'" hook \
	"','prio':0,'policy':'" policy "'}},"
#define PLAIN_CHAIN(name) "{'chain':{'family':'inet','table':'wall','name':'" name "'}},"
#define RULE(chain, statements) \
	"{'rule':{'family':'inet','table':'wall','chain':'" chain "','expr':[" statements "]}},"
#define MATCH(left, right) "{'match':{'op':'==','left':" left ",'right':" right "}},"
#define STATE(states)      "{'match':{'op':'in','left':{'ct':{'key':'state'}},'right':" states "}},"
#define META(key)          "{'meta':{'key':'" key "'}}"
#define FIELD_OF(p, f)     "{'payload':{'protocol':'" p "','field':'" f "'}}"
#define JUMP(to)           "{'jump':{'target':'" to "'}}"
#define END                "{'metainfo':{}}"

TEST(foreign_judge_reports_what_can_end_in_no_other_way_than_drop)
{
	/* clang-format off */
	static const struct {
		const char *ruleset, *findings;
	} rows[] = {
		{END, ""},
		{CHAIN("i", "input", "accept") END, ""},
		{CHAIN("i", "input", "drop") END, "i:control i:gre"},
		{CHAIN("f", "forward", "drop") END, "f:in f:out"},
		{CHAIN("o", "output", "drop") END, "o:gre-out"},
		{CHAIN("p", "prerouting", "drop") END, "p:control p:gre p:in"},
		/* the usual stateful host */
		{CHAIN("i", "input", "drop")
		 RULE("i", STATE("['established','related']") "{'accept':null}")
		 RULE("i", MATCH(META("iifname"), "'lo'") "{'accept':null}")
		 RULE("i", MATCH(FIELD_OF("tcp", "dport"), "{'set':[22,1723]}") "{'accept':null}") END,
		 "i:gre"},
		{CHAIN("i", "input", "drop")
		 RULE("i", MATCH(FIELD_OF("ip", "protocol"), "'gre'") "{'counter':{}},{'accept':null}") END,
		 "i:control"},
		/* from some places only: whoever wrote that knows of it */
		{CHAIN("i", "input", "drop")
		 RULE("i", MATCH(FIELD_OF("ip", "saddr"), "'192.0.2.7'") "{'accept':null}") END,
		 ""},
		{CHAIN("i", "input", "drop")
		 RULE("i", MATCH(FIELD_OF("ip", "daddr"), "'192.0.2.7'") "{'accept':null}") END,
		 "i:control i:gre"},
		/* an explicit end */
		{CHAIN("f", "forward", "accept")
		 RULE("f", STATE("'established'") "{'accept':null}")
		 RULE("f", "{'reject':{'type':'icmpx'}}") END,
		 "f:in"},
		{CHAIN("f", "forward", "accept") RULE("f", "{'limit':{}},{'drop':null}") END, ""},
		{CHAIN("f", "forward", "accept") RULE("f", "{'queue':null}") RULE("f", "{'drop':null}") END, ""},
		/* jumps: back, away, and in a ring */
		{CHAIN("f", "forward", "drop") PLAIN_CHAIN("a")
		 RULE("f", JUMP("a"))
		 RULE("a", MATCH(META("iifname"), "'pptp0'") "{'return':null}")
		 RULE("a", "{'accept':null}") END,
		 "f:in"},
		{CHAIN("f", "forward", "accept") PLAIN_CHAIN("a")
		 RULE("f", "{'goto':{'target':'a'}}")
		 RULE("f", "{'drop':null}") END,
		 ""},
		{CHAIN("f", "forward", "accept") PLAIN_CHAIN("a") PLAIN_CHAIN("b")
		 RULE("f", JUMP("a"))
		 RULE("a", JUMP("b"))
		 RULE("b", "{'drop':null}") END,
		 "f:in f:out"},
		{CHAIN("f", "forward", "drop") PLAIN_CHAIN("a") RULE("f", JUMP("a")) RULE("a", JUMP("a")) END, ""},
		{CHAIN("f", "forward", "drop") RULE("f", JUMP("nowhere")) END, "f:in f:out"},
		/* perhaps back from the jump, so the drop behind it is not certain */
		{CHAIN("f", "forward", "accept") PLAIN_CHAIN("a")
		 RULE("f", JUMP("a"))
		 RULE("a", MATCH(META("skuid"), "1") "{'return':null}")
		 RULE("a", "{'drop':null}") END,
		 ""},
		/* a verdict map, written out and by name */
		{CHAIN("i", "input", "drop")
		 RULE("i", "{'vmap':{'key':" META("l4proto") ",'data':{'set':[['tcp',{'accept':null}]]}}}") END,
		 "i:gre"},
		{CHAIN("i", "input", "accept")
		 RULE("i", "{'vmap':{'key':" META("l4proto") ",'data':'@m'}}")
		 "{'map':{'family':'inet','table':'wall','name':'m','elem':[['tcp',{'drop':null}]]}}," END,
		 "i:control"},
		/* named sets */
		{CHAIN("i", "input", "accept")
		 "{'set':{'family':'inet','table':'wall','name':'s','elem':[80,{'range':[1700,1800]}]}},"
		 RULE("i", MATCH(FIELD_OF("tcp", "dport"), "'@s'") "{'drop':null}") END,
		 "i:control"},
		/* what iptables-nft leaves opaque */
		{CHAIN("i", "input", "drop")
		 RULE("i", "{'xt':{'type':'match','name':'conntrack'}},{'accept':null}") END,
		 ""},
		{CHAIN("i", "input", "accept")
		 RULE("i", "{'xt':{'type':'match','name':'comment'}},{'xt':{'type':'target','name':'REJECT'}}") END,
		 "i:control i:gre"},
		{CHAIN("i", "input", "accept") RULE("i", "{'xt':{'type':'target','name':'LOG'}}") END, ""},
		/* not ours to judge */
		{"{'chain':{'family':'inet','table':'poptun_x','name':'i','type':'filter','hook':'input','policy':'drop'}},"
		 END, ""},
		{"{'chain':{'family':'ip6','table':'wall','name':'i','type':'filter','hook':'input','policy':'drop'}},"
		 END, ""},
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[4096];
		snprintf(text, sizeof(text), "{'nftables':[%s]}", rows[i].ruleset);
		json_t *ruleset = json(text);
		expect(ruleset, "nft", rows[i].findings);
		json_decref(ruleset);
	}
}

TEST(foreign_judge_takes_what_makes_no_sense_for_no_rules)
{
	static const char *const texts[] = {
		"null",
		"[]",
		"{'nftables':{}}",
		("{'nftables':[1,null,{},{'chain':1},{'rule':[]},{'chain':{'hook':'input','type':'"
		 "filter'}}]}"),
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		json_t *ruleset = json(texts[i]);
		expect(ruleset, "nft", "");
		assert_false(foreign_ruleset_forwards(ruleset));
		assert_false(foreign_ruleset_helps_pptp(ruleset));
		json_decref(ruleset);
	}
	expect(NULL, "nft", "");
}

/* docker's tables, an older and a newer generation, with a published port */
static const char docker[] =
	"*filter\n"
	":INPUT ACCEPT [0:0]\n"
	":FORWARD DROP [0:0]\n"
	":OUTPUT ACCEPT [0:0]\n"
	":DOCKER - [0:0]\n"
	":DOCKER-ISOLATION-STAGE-1 - [0:0]\n"
	":DOCKER-ISOLATION-STAGE-2 - [0:0]\n"
	":DOCKER-USER - [0:0]\n"
	"-A FORWARD -j DOCKER-USER\n"
	"-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n"
	"-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	"-A FORWARD -m set --match-set docker-ext-bridges-v4 dst "
	"-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	"-A FORWARD -o docker0 -j DOCKER\n"
	"-A FORWARD -i docker0 ! -o docker0 -j ACCEPT\n"
	"-A FORWARD -i docker0 -o docker0 -j ACCEPT\n"
	"-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT\n"
	"-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2\n"
	"-A DOCKER-ISOLATION-STAGE-1 -j RETURN\n"
	"-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP\n"
	"-A DOCKER-ISOLATION-STAGE-2 -j RETURN\n"
	"-A DOCKER-USER -j RETURN\n"
	"COMMIT\n"
	"*nat\n"
	":POSTROUTING ACCEPT [0:0]\n"
	"-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE\n"
	"COMMIT\n";

/* ufw's shape: user rules deep inside, odd packets sorted out before */
static const char ufw[] =
	"# a comment\n"
	"*filter\n"
	":INPUT DROP [5:300]\n"
	":FORWARD DROP [0:0]\n"
	":OUTPUT ACCEPT [0:0]\n"
	":ufw-before-forward - [0:0]\n"
	":ufw-before-input - [0:0]\n"
	":ufw-logging-deny - [0:0]\n"
	":ufw-not-local - [0:0]\n"
	":ufw-user-forward - [0:0]\n"
	":ufw-user-input - [0:0]\n"
	"-A INPUT -j ufw-before-input\n"
	"-A FORWARD -j ufw-before-forward\n"
	"-A ufw-before-input -i lo -j ACCEPT\n"
	"-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	"-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny\n"
	"-A ufw-before-input -m conntrack --ctstate INVALID -j DROP\n"
	"-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT\n"
	"-A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT\n"
	"-A ufw-before-input -j ufw-not-local\n"
	"-A ufw-before-input -d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT\n"
	"-A ufw-before-input -j ufw-user-input\n"
	"-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	"-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT\n"
	"-A ufw-before-forward -j ufw-user-forward\n"
	"-A ufw-logging-deny -m limit --limit 3/min "
	"--limit-burst 10 -j LOG --log-prefix \"[UFW BLOCK] \"\n"
	"-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN\n"
	"-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN\n"
	"-A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny\n"
	"-A ufw-not-local -j DROP\n"
	"-A ufw-user-input -p tcp -m tcp --dport 22 -m "
	"comment --comment \"a -j ACCEPT\" -j ACCEPT\n"
	"COMMIT\n";

TEST(foreign_judge_knows_docker_and_its_place_for_users_rules)
{
	json_t *ruleset = foreign_from_iptables(docker);
	expect(ruleset, "iptables", "FORWARD:in FORWARD:out");
	assert_string_equal(remedy(ruleset, "iptables", "in"),
			    "iptables -I DOCKER-USER -i pptp0 -j ACCEPT");
	assert_string_equal(remedy(ruleset, "iptables-legacy", "out"),
			    "iptables-legacy -I DOCKER-USER -o pptp0 -j ACCEPT");
	assert_true(foreign_ruleset_forwards(ruleset));
	json_decref(ruleset);
}

TEST(foreign_judge_knows_ufw_and_its_words)
{
	json_t *ruleset = foreign_from_iptables(ufw);
	expect(ruleset, "iptables", "INPUT:control INPUT:gre FORWARD:in");
	assert_string_equal(remedy(ruleset, "iptables", "control"), "ufw allow 1723/tcp");
	assert_string_equal(remedy(ruleset, "iptables", "gre"), "ufw allow proto gre from any");
	assert_string_equal(remedy(ruleset, "iptables", "in"), "ufw route allow in on pptp0");
	json_decref(ruleset);
}

/* clang-format off */
#define IN_FIREWALLD "'family':'inet','table':'firewalld',"
static const char firewalld[] = "{'nftables':["
	"{'chain':{" IN_FIREWALLD "'name':'filter_INPUT','type':'filter','hook':'input','prio':10,'policy':'accept'}},"
	"{'rule':{" IN_FIREWALLD "'chain':'filter_INPUT','expr':[" STATE("{'set':['established','related']}") "{'accept':null}]}},"
	"{'rule':{" IN_FIREWALLD "'chain':'filter_INPUT','expr':[" STATE("'invalid'") "{'drop':null}]}},"
	"{'rule':{" IN_FIREWALLD "'chain':'filter_INPUT','expr':[" JUMP("filter_INPUT_ZONES") "]}},"
	"{'rule':{" IN_FIREWALLD "'chain':'filter_INPUT','expr':[{'reject':{'type':'icmpx','expr':'admin-prohibited'}}]}},"
	"{'rule':{" IN_FIREWALLD "'chain':'filter_INPUT_ZONES','expr':[{'goto':{'target':'filter_IN_public'}}]}},"
	"{'rule':{" IN_FIREWALLD "'chain':'filter_IN_public','expr':[" MATCH(FIELD_OF("tcp", "dport"), "22") "{'accept':null}]}},"
	"{'chain':{" IN_FIREWALLD "'name':'filter_FORWARD','type':'filter','hook':'forward','prio':10,'policy':'accept'}},"
	"{'rule':{" IN_FIREWALLD "'chain':'filter_FORWARD','expr':[" STATE("{'set':['established','related']}") "{'accept':null}]}},"
	"{'rule':{" IN_FIREWALLD "'chain':'filter_FORWARD','expr':["
		"{'match':{'op':'in','left':{'ct':{'key':'status'}},'right':'dnat'}},{'accept':null}]}},"
	"{'rule':{" IN_FIREWALLD "'chain':'filter_FORWARD','expr':[{'reject':{'type':'icmpx','expr':'admin-prohibited'}}]}}"
	"]}";
/* clang-format on */

TEST(foreign_judge_knows_firewalld_and_its_words)
{
	json_t *ruleset = json(firewalld);
	expect(ruleset, "nft", "filter_INPUT:control filter_INPUT:gre filter_FORWARD:in");
	assert_string_equal(remedy(ruleset, "nft", "control"), "firewall-cmd --add-port=1723/tcp");
	assert_string_equal(remedy(ruleset, "nft", "gre"), "firewall-cmd --add-protocol=gre");
	assert_string_equal(remedy(ruleset, "nft", "in"),
			    "firewall-cmd --zone=trusted --add-interface=pptp0");
	json_decref(ruleset);
}

TEST(foreign_judge_is_content_once_the_rules_are_there)
{
	static const char *const fixed[] = {
		"*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:U - [0:0]\n"
		"-A INPUT -j U\n-A U -p tcp -m multiport --dports "
		"22,1700:1723 -j ACCEPT\n-A U -p gre -j ACCEPT\n"
		"-A FORWARD -i pptp+ -j ACCEPT\n-A FORWARD -o pptp0 -j ACCEPT\nCOMMIT\n",
		"*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n"
		"-A INPUT ! -i eth1 -j ACCEPT\n-A FORWARD -s 192.168.10.0/24 -j ACCEPT\n"
		"-A FORWARD -d 192.168.10.0/24 -m state --state ESTABLISHED -j ACCEPT\nCOMMIT\n",
	};
	for (size_t i = 0; i < COUNT_OF(fixed); i++) {
		json_t *ruleset = foreign_from_iptables(fixed[i]);
		expect(ruleset, "iptables", "");
		json_decref(ruleset);
	}
}

TEST(foreign_judge_gives_a_remedy_for_the_chain_that_drops)
{
	json_t *ruleset = json("{'nftables':[" CHAIN("in-1", "input", "drop") CHAIN(
		"f", "forward", "drop") CHAIN("o", "output", "drop") END "]}");
	assert_string_equal(remedy(ruleset, "nft", "control"),
			    "nft insert rule inet wall in-1 tcp dport 1723 accept");
	assert_string_equal(remedy(ruleset, "nft", "gre"),
			    "nft insert rule inet wall in-1 meta l4proto 47 accept");
	assert_string_equal(remedy(ruleset, "nft", "gre-out"),
			    "nft insert rule inet wall o meta l4proto 47 accept");
	assert_string_equal(remedy(ruleset, "nft", "in"),
			    "nft insert rule inet wall f iifname pptp0 accept");
	assert_string_equal(remedy(ruleset, "nft", "out"),
			    "nft insert rule inet wall f oifname pptp0 accept");
	json_decref(ruleset);
	ruleset = foreign_from_iptables("*mangle\n:FORWARD DROP [0:0]\nCOMMIT\n");
	assert_string_equal(remedy(ruleset, "iptables-nft", "in"),
			    "iptables-nft -t mangle -I FORWARD -i pptp0 -j ACCEPT");
	json_decref(ruleset);
}

TEST(foreign_judge_gives_no_command_where_a_name_could_be_read_as_another)
{
	json_t *ruleset = json("{'nftables':[" CHAIN("a;b", "forward", "drop") END "]}");
	assert_string_equal(remedy(ruleset, "nft", "in"), "");
	struct foreign_findings findings = {0};
	char text[FOREIGN_SENTENCE];
	foreign_judge(ruleset, &plan, "nft", &findings);
	assert_string_equal(
		foreign_print(&findings.all[0], text),
		"chain a;b of inet wall (nft) drops what clients send; remedy: let them through in "
		"the tool that made it");
	assert_int_equal(foreign_fix(&findings.all[0]), -ENOTSUP);
	json_decref(ruleset);
}

TEST(foreign_from_iptables_survives_every_truncation)
{
	static const char *const texts[] = {docker, ufw};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		for (size_t length = 0; length < strlen(texts[i]); length++) {
			char *text = strndup(texts[i], length);
			json_t *ruleset = foreign_from_iptables(text);
			struct foreign_findings findings = {0};
			foreign_judge(ruleset, &plan, "iptables", &findings);
			assert_true(findings.count <= 4);
			json_decref(ruleset);
			free(text);
		}
}

TEST(foreign_ruleset_tells_who_forwards_and_who_helps_pptp)
{
	static const struct {
		const char *save;
		bool forwards, helps;
	} rows[] = {
		{"*filter\n:INPUT DROP [0:0]\n-A INPUT -j DROP\nCOMMIT\n", false, false},
		{"*filter\n:FORWARD DROP [0:0]\nCOMMIT\n", false, false},
		{"*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i a -j ACCEPT\nCOMMIT\n", false, false},
		{"*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n", true,
		 false},
		{"*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 1723 -j CT "
		 "--helper pptp\nCOMMIT\n",
		 false, true},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		json_t *ruleset = foreign_from_iptables(rows[i].save);
		assert_int_equal(foreign_ruleset_forwards(ruleset), rows[i].forwards);
		assert_int_equal(foreign_ruleset_helps_pptp(ruleset), rows[i].helps);
		json_decref(ruleset);
	}
	json_t *ours = json("{'nftables':[{'rule':{'family':'inet','table':'poptun','chain':'p','"
			    "expr':[{'masquerade':null}]}}]}");
	assert_false(foreign_ruleset_forwards(ours));
	json_decref(ours);
	json_t *theirs = json("{'nftables':[{'rule':{'family':'inet','table':'t','chain':'p','expr'"
			      ":[{'xt':{'type':'target','name':'SNAT'}}]}}]}");
	assert_true(foreign_ruleset_forwards(theirs));
	json_decref(theirs);
	json_t *nft = json("{'nftables':[{'ct "
			   "helper':{'family':'ip','table':'t','name':'p','type':'pptp'}}]}");
	assert_true(foreign_ruleset_helps_pptp(nft));
	json_decref(nft);
}
