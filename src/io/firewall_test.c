#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "io/firewall.h"

static struct firewall_plan plan_of(enum nat_policy nat)
{
	static const struct address_span pool[] = {{0xc0a80a64, 0xc0a80ac8},
						   {0xc6336401, 0xc6336402}};
	return (struct firewall_plan){
		.interface = "pptp0", .nat = nat, .pool = pool, .pool_count = COUNT_OF(pool)};
}

TEST(firewall_text_replaces_the_table_in_one_transaction)
{
	static char text[FIREWALL_TEXT];
	struct firewall_plan plan = plan_of(NAT_AUTO);
	assert_true(firewall_text(&plan, text, sizeof(text)));
	assert_string_equal(text,
			    "table inet poptun\n"
			    "delete table inet poptun\n"
			    "table inet poptun {\n"
			    "\tchain input {\n"
			    "\t\ttype filter hook input priority filter; policy accept;\n"
			    "\t\ttcp dport 1723 accept\n"
			    "\t\tip protocol 47 accept\n"
			    "\t}\n"
			    "\tchain forward {\n"
			    "\t\ttype filter hook forward priority filter; policy accept;\n"
			    "\t\tiifname \"pptp0\" accept\n"
			    "\t\toifname \"pptp0\" accept\n"
			    "\t}\n"
			    "\tchain output {\n"
			    "\t\ttype filter hook output priority filter; policy accept;\n"
			    "\t\toifname \"pptp0\" icmp type redirect drop\n"
			    "\t\ticmp type destination-unreachable icmp code prot-unreachable "
			    "@th,136,8 47 drop\n"
			    "\t}\n"
			    "\tchain untracked_in {\n"
			    "\t\ttype filter hook prerouting priority raw; policy accept;\n"
			    "\t\tip protocol 47 @th,16,16 0x880b fib daddr type local notrack\n"
			    "\t}\n"
			    "\tchain untracked_out {\n"
			    "\t\ttype filter hook output priority raw; policy accept;\n"
			    "\t\tip protocol 47 @th,16,16 0x880b notrack\n"
			    "\t}\n"
			    "\tchain postrouting {\n"
			    "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
			    "\t\toifname { \"pptp0\", \"lo\" } accept\n"
			    "\t\tip saddr 192.168.10.100-192.168.10.200 masquerade\n"
			    "\t\tiifname \"pptp0\" ip saddr { 10.0.0.0/8, "
			    "100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16 } masquerade\n"
			    "\t}\n"
			    "}\n");
}

TEST(firewall_text_speaks_of_the_listen_address_alone_where_there_is_one)
{
	static char text[FIREWALL_TEXT];
	struct firewall_plan plan = plan_of(NAT_ON);
	plan.listen = 0xc0000201;
	assert_true(firewall_text(&plan, text, sizeof(text)));
	assert_non_null(strstr(text, "\t\tip daddr 192.0.2.1 tcp dport 1723 accept\n"));
	assert_non_null(strstr(text, "\t\tip daddr 192.0.2.1 ip protocol 47 accept\n"));
	assert_non_null(strstr(text, "0x880b ip daddr 192.0.2.1 notrack\n"));
	assert_non_null(strstr(text, "0x880b ip saddr 192.0.2.1 notrack\n"));
	assert_non_null(strstr(text, "\t\tip saddr 198.51.100.1-198.51.100.2 masquerade\n"));
	assert_non_null(strstr(text, "\t\tiifname \"pptp0\" meta nfproto ipv4 masquerade\n"));
}

TEST(firewall_text_spares_the_networks_where_clients_are_present)
{
	static const struct address_prefix present[] = {{0xc0a80a00, 24}};
	static char text[FIREWALL_TEXT];
	struct firewall_plan plan = plan_of(NAT_AUTO);
	plan.present = present;
	plan.present_count = COUNT_OF(present);
	plan.track_gre = true;
	assert_true(firewall_text(&plan, text, sizeof(text)));
	const char *spared = strstr(text, "\t\tip daddr 192.168.10.0/24 accept\n");
	assert_non_null(spared);
	assert_non_null(strstr(spared, "masquerade")); /* so it comes first */
	assert_null(strstr(text, "notrack"));
}

TEST(firewall_text_that_does_not_fit_is_refused_at_every_length)
{
	static char text[FIREWALL_TEXT];
	struct firewall_plan plan = plan_of(NAT_AUTO);
	assert_true(firewall_text(&plan, text, sizeof(text)));
	size_t length = strlen(text);
	for (size_t size = 0; size <= length; size++)
		assert_false(firewall_text(&plan, text, size));
	assert_true(firewall_text(&plan, text, length + 1));
}

TEST(firewall_table_is_named_after_the_interface)
{
	char name[FIREWALL_TABLE_NAME];
	assert_string_equal(firewall_table("pptp0", name), "poptun");
	assert_string_equal(firewall_table("vpn-2", name), "poptun_vpn-2");
	assert_string_equal(firewall_table("abcdefghijklmno", name), "poptun_abcdefghijklmno");
}

TEST(firewall_interface_is_usable_where_nft_and_shell_read_it_as_it_stands)
{
	static const struct {
		const char *name;
		bool usable;
	} rows[] = {
		{"pptp0", true},
		{"vpn-2.x_y", true},
		{"", false},
		{"pptp*", false},
		{"abcdefghijklmno", true},
		{"abcdefghijklmnop", false},
		{"a b", false},
		{"a\"b", false},
		{"a/b", false},
		{"..", false},
		{"a;b", false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(firewall_interface_is_usable(rows[i].name), rows[i].usable);
}

TEST(firewall_is_needed_by_private_pools_unless_nat_is_off)
{
	struct firewall_plan plan = plan_of(NAT_AUTO);
	assert_true(firewall_is_needed(&plan));
	plan.pool++; /* the public range alone */
	plan.pool_count = 1;
	assert_false(firewall_is_needed(&plan));
	plan.nat = NAT_ON;
	assert_true(firewall_is_needed(&plan));
	plan = plan_of(NAT_OFF);
	assert_false(firewall_is_needed(&plan));
}
