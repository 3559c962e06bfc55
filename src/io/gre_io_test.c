/* Which ways GRE takes, and that it finds out when something changes; in the town of gre_town_test.h. */
#include "tests/test.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "io/gre_ring.h"
#include "io/gre_scene_test.h"
#include "io/gre_transmit.h"

const char *test_lacks(void)
{
	return town_lacks();
}

TEST(gre_io_takes_the_faster_ways_where_nobody_minds)
{
	const struct gre_io_plan plan = scene_plan(GRE_IO_AUTO);
	scene_begin(NULL, &plan);
	assert_string_equal(gre_io_print(&scene_io, scene_text), "packet in=ring out=packet");
	uint32_t number = town_send_until_direct(&scene_us, 0, THEM);
	town_expect(&scene_them, 0, number);
	for (uint32_t i = 0; i < 100; i++)
		town_put(&scene_them, i, 100, 0, US, 0);
	gre_port_flush(&scene_them);
	town_expect(&scene_us, 0, 100);
	assert_int_equal(scene_us.received_by_ring, 100);
	scene_end();
}

TEST(gre_io_goes_by_the_raw_socket_alone_where_it_is_told_to)
{
	const struct gre_io_plan plan = scene_plan(GRE_IO_RAW);
	scene_begin(NULL, &plan);
	assert_string_equal(gre_io_print(&scene_io, scene_text), "raw: gre-io raw is configured");
	assert_null(scene_us.ring);
	assert_null(scene_us.transmit);
	scene_end();
}

/* What an administrator may have set up, and what it means. */
static const struct {
	const char *line, *says;
} scenes[] = {
	{"nft 'add table ip f; add chain ip f out { type filter hook output priority 0; }; add rule ip f out "
	 "ip protocol 47 drop'",
	 "packet in=ring out=raw (foreign rule: chain out of ip f (nft) concerns GRE)"},
	{"nft 'add table ip f; add chain ip f o { type filter hook output priority 0; }; add rule ip f o ip "
	 "daddr 192.0.2.9 drop'",
	 "out=raw (foreign rule"},
	{"nft 'add table ip f; add chain ip f p { type filter hook postrouting priority 0; }; add rule ip f p "
	 "oifname \"wire\" ip dscp set 46'",
	 "out=raw (foreign rule"},
	{"nft 'add table ip f; add chain ip f o { type filter hook output priority 0; }; add rule ip f o oifname "
	 "\"other\" drop; add rule ip f o tcp dport 25 drop; add rule ip f o counter; add rule ip f o meta "
	 "l4proto 47 counter accept'",
	 "packet in=ring out=packet"},
	{"nft 'add table inet f; add chain inet f i { type filter hook input priority 0; policy drop; }; add rule "
	 "inet f i tcp dport 1723 accept; add rule inet f i meta l4proto 47 accept'",
	 "packet in=ring out=packet"},
	{"nft 'add table inet f; add chain inet f i { type filter hook input priority 0; policy drop; }; add rule "
	 "inet f i meta l4proto 47 ip saddr 10.7.0.0/24 accept'",
	 "packet in=raw (foreign rule: chain i of inet f (nft) concerns GRE) out=packet"},
	/* Somebody is banned, as fail2ban does it for all ports. */
	{"nft 'add table inet f; add set inet f banned { type ipv4_addr; elements = { 192.0.2.66 }; }; add chain "
	 "inet f i { type filter hook input priority -1; }; add rule inet f i ip saddr @banned reject'",
	 "packet in=raw (foreign rule: chain i of inet f (nft) concerns GRE) out=packet"},
	{"nft 'add table netdev f; add chain netdev f g { type filter hook ingress device wire priority 0; }; add "
	 "rule netdev f g ip saddr 10.7.0.2 drop'",
	 "packet in=raw (foreign rule: chain g of netdev f"},
	{"iptables-nft -A OUTPUT -p 47 -j LOG",
	 "out=raw (foreign rule: chain OUTPUT of ip filter (iptables-nft)"},
	{"iptables-nft -P INPUT DROP && iptables-nft -A INPUT -p 47 -j ACCEPT && iptables-nft -A INPUT -p tcp -j "
	 "ACCEPT",
	 "packet in=ring out=packet"},
	{"tc qdisc add dev wire clsact",
	 "packet in=raw (a queueing discipline clsact stands at an interface) out=packet"},
	{"ip xfrm policy add src 10.7.0.1 dst 10.7.0.2 dir out tmpl proto esp mode transport",
	 "raw: this host has "
	 "IPsec policies"},
	{"ip link set wire down", "packet in=raw (no interface of a usual kind is up) out=packet"},
};

TEST(gre_io_leaves_to_the_hosts_ip_what_others_want_to_see)
{
	for (size_t i = 0; i < COUNT_OF(scenes); i++) {
		const struct gre_io_plan plan = scene_plan(GRE_IO_AUTO);
		scene_begin(scenes[i].line, &plan);
		if (!scene_says(scenes[i].says))
			fail_msg("%s: \"%s\"", scenes[i].line, scene_text);
		scene_end();
	}
}

/* The last line of the log. */
static struct line {
	enum log_level level;
	char text[2048];
} logged;

static void keep_line(void *context, enum log_level level, const char *line)
{
	(void)context;
	logged.level = level;
	snprintf(logged.text, sizeof(logged.text), "%s", line);
}

/* Says it in the log and, as long as it is so, in what status asks for. */
static void expect_warning(const char *cause)
{
	char warning[GRE_IO_WARNING];
	assert_int_equal(logged.level, LOG_LEVEL_WARNING);
	assert_ptr_equal(gre_io_warning(&scene_io, warning), warning);
	assert_string_equal(logged.text, warning);
	if (!strstr(warning, cause))
		fail_msg("not \"%s\" in \"%s\"", cause, warning);
}

static void expect_no_warning(void)
{
	char warning[GRE_IO_WARNING];
	assert_int_equal(logged.level, LOG_LEVEL_INFO);
	assert_null(gre_io_warning(&scene_io, warning));
}

/* What not even `gre-io packet` overrides. */
static const struct {
	const char *line, *says;
} refusals[] = {
	{"ip xfrm policy add src 10.7.0.1 dst 10.7.0.2 dir out tmpl proto esp mode transport",
	 "cannot be had: raw: this host has IPsec policies"},
	{"ip link set wire down",
	 "cannot be had: packet in=raw (no interface of a usual kind is up) out=packet"},
};

TEST(gre_io_overrides_rules_where_it_is_told_to_but_nothing_that_would_break)
{
	struct gre_io_plan plan = scene_plan(GRE_IO_PACKET);
	log_set(keep_line, NULL, LOG_LEVEL_INFO);
	scene_begin(scenes[0].line, &plan);
	assert_string_equal(gre_io_print(&scene_io, scene_text), "packet in=ring out=packet");
	expect_no_warning();
	scene_end();
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		scene_begin(refusals[i].line, &plan);
		expect_warning(refusals[i].says);
		scene_end();
	}
	plan.vrf = "red";
	scene_begin(NULL, &plan);
	expect_warning("cannot be had: raw: the sockets are bound to a VRF");
	scene_end();
	log_set(NULL, NULL, LOG_LEVEL_INFO);
}

TEST(gre_io_warns_of_a_refusal_only_who_forced_the_faster_ways)
{
	static const enum gre_io_policy policies[] = {GRE_IO_AUTO, GRE_IO_RAW};
	log_set(keep_line, NULL, LOG_LEVEL_INFO);
	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		const struct gre_io_plan plan = scene_plan(policies[i]);
		scene_begin(refusals[0].line, &plan);
		assert_true(scene_says("raw: "));
		expect_no_warning();
		scene_end();
	}
	log_set(NULL, NULL, LOG_LEVEL_INFO);
}

TEST(gre_io_warns_as_long_as_another_program_hears_gre)
{
	const struct gre_io_plan plan = scene_plan(GRE_IO_PACKET);
	struct gre_port other;
	log_set(keep_line, NULL, LOG_LEVEL_INFO);
	scene_begin(NULL, &plan);
	expect_no_warning();
	town_port_open(&other, OUR_SIDE);
	scene_await("in=raw (another program here hears GRE too) out=packet");
	expect_warning("another program here hears GRE too");
	gre_port_fini(&other);
	scene_await("in=ring");
	expect_no_warning();
	scene_end();
	log_set(NULL, NULL, LOG_LEVEL_INFO);
}

TEST(gre_io_leaves_gre_to_translation_where_our_table_does_not_keep_it_from_that)
{
	static const char masquerade[] =
		"nft 'add table ip f; add chain ip f n { type nat hook postrouting priority 100; }; add rule ip f "
		"n ip saddr 172.16.0.0/12 masquerade'";
	struct gre_io_plan plan = scene_plan(GRE_IO_AUTO);
	scene_begin(masquerade, &plan);
	assert_string_equal(gre_io_print(&scene_io, scene_text), "packet in=ring out=packet");
	scene_end();
	plan.untracked = false;
	scene_begin(masquerade, &plan);
	assert_true(scene_says("raw: foreign rules translate addresses"));
	scene_end();
}

TEST(gre_io_stands_back_when_a_rule_comes_and_returns_when_it_goes)
{
	const struct gre_io_plan plan = scene_plan(GRE_IO_AUTO);
	scene_begin(NULL, &plan);
	scene_settle();
	uint32_t number = town_send_until_direct(&scene_us, 0, THEM), heard = 0;
	town_run(
		"nft 'add table ip f; add chain ip f b { type filter hook prerouting priority 0; }; add rule ip f "
		"b ip saddr 10.7.0.3 drop; add chain ip f o { type filter hook output priority 0; }; add rule ip f "
		"o ip daddr 10.7.0.3 drop'");
	scene_await("raw: foreign rule");
	assert_false(town_prints("nft list tables", "poptun_taken"));
	assert_false(town_goes_directly(&scene_us, number++, 100));
	town_put(&scene_them, heard, 100, THEM, US, 0);
	gre_port_flush(&scene_them);
	town_expect(&scene_us, heard++, 1);
	assert_int_equal(scene_us.received_by_ring, 0);
	town_run("nft delete table ip f");
	scene_await("packet in=ring out=packet");
	number = town_send_until_direct(&scene_us, number, THEM);
	town_expect(&scene_them, 0, number);
	town_put(&scene_them, heard, 100, THEM, US, 0);
	gre_port_flush(&scene_them);
	town_expect(&scene_us, heard++, 1);
	assert_int_equal(scene_us.received_by_ring, 1);
	scene_end();
}

TEST(gre_io_follows_ipsec_policies)
{
	const struct gre_io_plan plan = scene_plan(GRE_IO_AUTO);
	scene_begin(NULL, &plan);
	scene_settle();
	assert_true(scene_says("packet in=ring out=packet"));
	town_run(
		"ip xfrm policy add src 10.7.0.1 dst 10.7.0.2 dir out tmpl proto esp mode transport");
	scene_await("raw: this host has IPsec policies");
	town_run("ip xfrm policy delete src 10.7.0.1 dst 10.7.0.2 dir out");
	scene_await("packet in=ring out=packet");
	town_run("ip xfrm policy add src 10.7.0.1 dst 10.7.0.2 dir out action block");
	scene_await("raw: this host has IPsec policies");
	town_run("ip xfrm policy flush");
	scene_await("packet in=ring out=packet");
	scene_end();
}

TEST(gre_io_follows_addresses_and_interfaces)
{
	const struct gre_io_plan plan = scene_plan(GRE_IO_AUTO);
	scene_begin(NULL, &plan);
	scene_settle();
	town_run("ip address add 10.7.0.50/24 dev wire");
	scene_io.judged_ms = 0;
	for (int i = 0; i < WAIT_MS / 10 && scene_io.taken.address_count < 2; i++)
		loop_turn(&scene_loop, 10);
	assert_int_equal(scene_io.taken.address_count, 2);
	town_put(&scene_them, 0, 100, THEM, 0x0a070032, 0);
	gre_port_flush(&scene_them);
	town_expect(&scene_us, 0, 1);
	assert_int_equal(scene_us.received_by_ring, 1);
	town_run("ip link set wire down");
	scene_await("in=raw (no interface");
	town_run("ip link set wire up");
	scene_await("in=ring");
	scene_end();
}

TEST(gre_io_shares_gre_with_another_program)
{
	const struct gre_io_plan plan = scene_plan(GRE_IO_AUTO);
	struct gre_port other;
	scene_begin(NULL, &plan);
	town_port_open(&other, OUR_SIDE);
	scene_await("in=raw (another program here hears GRE too) out=packet");
	town_put(&scene_them, 0, 100, THEM, US, 0);
	gre_port_flush(&scene_them);
	town_expect(&other, 0, 1);
	town_expect(&scene_us, 0, 1);
	gre_port_fini(&other);
	scene_await("in=ring");
	scene_end();
}

TEST(gre_io_notices_that_another_program_is_gone_which_was_there_first)
{
	const struct gre_io_plan plan = scene_plan(GRE_IO_AUTO);
	struct gre_port other;
	town_open();
	town_port_open(&other, OUR_SIDE);
	scene_enter(&plan);
	assert_true(scene_says("in=raw (another program"));
	scene_settle();
	gre_port_fini(&other);
	scene_await("in=ring");
	scene_end();
}
