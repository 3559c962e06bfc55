/*
 * The machine itself, each test in a network namespace of its own that it unshares:
 *
 *   lo up, lan0 (one end of a veth) 192.168.10.5/24, TUN devices pptp0 and vpn2
 *
 * Skipped without the right to make namespaces or TUN devices.
 */
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "io/forwarding.h"
#include "io/machine.h"
#include "io/nftables.h"
#include "io/tool.h"

static const uint32_t local[] = {0xc0a80a01};                         /* 192.168.10.1 */
static const struct address_span pool[] = {{0xc0a80a64, 0xc0a80ac8}}; /* .100 to .200 */

static char run_directory[64];

static struct machine_plan plan_of(const char *interface)
{
	return (struct machine_plan){.interface = interface,
				     .mtu = 1400,
				     .local = local,
				     .local_count = COUNT_OF(local),
				     .pool = pool,
				     .pool_count = COUNT_OF(pool),
				     .link_local_id = 0x0200000000000001,
				     .run_directory = run_directory};
}

/* A shell's line, in this namespace: what it printed, for the test to free. */
static char *shell(const char *line)
{
	char *text = NULL;
	if (tool_run((const char *const[]){"sh", "-c", line, NULL}, &text))
		fail_msg("failed: %s", line);
	return text;
}

static void run(const char *line)
{
	free(shell(line));
}

static bool prints(const char *line, const char *what)
{
	char *text = shell(line);
	bool found = strstr(text, what) != NULL;
	free(text);
	return found;
}

static void enter_namespace(void)
{
	if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) || unshare(CLONE_NEWNET))
		skip();
	strcpy(run_directory, "/tmp/poptun-machine-XXXXXX");
	assert_non_null(mkdtemp(run_directory));
	run("ip link set lo up && ip link add lan0 type veth peer name lan1 && ip link set lan0 up "
	    "&& "
	    "ip link set lan1 up && echo 0 >/proc/sys/net/ipv4/ip_forward");
}

static void leave_namespace(void)
{
	char line[128];
	snprintf(line, sizeof(line), "rm -rf %s", run_directory);
	run(line);
}

static int tun(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request))
		fail_msg("TUNSETIFF %s: %s", name, strerror(errno));
	return fd;
}

static void up(const struct machine_plan *plan, struct machine *m)
{
	if (machine_up(plan, m))
		fail_msg("machine_up: %s", m->why);
}

static bool forwards(void)
{
	return prints("cat /proc/sys/net/ipv4/ip_forward", "1");
}

TEST(machine_up_makes_device_routes_table_and_forwarding_and_down_undoes_them)
{
	enter_namespace();
	struct machine m;
	struct machine_plan plan = plan_of("pptp0");
	run("nft 'add table inet other; add chain inet other c; add rule inet other c tcp dport 5 "
	    "accept'");
	char *before = shell("nft list ruleset; ip addr show dev lan0; ip route");
	int fd = tun("pptp0");
	up(&plan, &m);
	assert_true(prints("ip -o link show pptp0", "mtu 1500"));
	assert_true(prints("ip -o link show pptp0", ",UP"));
	assert_true(prints("ip -o -4 addr show pptp0", "inet 192.168.10.1/32"));
	assert_true(prints("ip -o -6 addr show pptp0", "inet6 fe80::200:0:0:1/64 scope link"));
	assert_true(prints("ip -o -6 addr show pptp0 | wc -l", "1\n"));
	assert_true(prints("ip route",
			   "192.168.10.128/26 dev pptp0 proto 172 scope link src 192.168.10.1"));
	assert_true(prints("ip route show dev pptp0 | wc -l", "6\n"));
	assert_true(prints("nft list table inet poptun",
			   "ip saddr 192.168.10.100-192.168.10.200 masquerade"));
	assert_true(forwards());
	machine_down(&m);
	assert_false(forwards());
	char *after = shell("nft list ruleset; ip addr show dev lan0; ip route");
	assert_string_equal(before, after);
	assert_true(prints("ip -o -4 addr show pptp0 | wc -l", "0\n"));
	machine_down(&m); /* once more does nothing */
	free(before);
	free(after);
	close(fd);
	leave_namespace();
}

TEST(machine_up_after_a_kill_doubles_nothing_and_still_knows_that_forwarding_was_off)
{
	enter_namespace();
	struct machine killed, m;
	struct machine_plan plan = plan_of("pptp0");
	int fd = tun("pptp0");
	up(&plan, &killed);
	char *before =
		shell("nft list ruleset | wc -l; ip route; ip -4 addr show dev pptp0 | grep inet");
	netlink_close(&killed.netlink);
	close(fd); /* and the device is gone, the table is not */
	assert_true(prints("nft list tables", "table inet poptun"));
	fd = tun("pptp0");
	up(&plan, &m);
	char *after =
		shell("nft list ruleset | wc -l; ip route; ip -4 addr show dev pptp0 | grep inet");
	assert_string_equal(before, after);
	machine_down(&m);
	assert_false(forwards());
	assert_false(prints("nft list tables", "poptun"));
	free(before);
	free(after);
	close(fd);
	leave_namespace();
}

TEST(machines_with_different_interfaces_do_not_disturb_each_other)
{
	enter_namespace();
	static const uint32_t other_local[] = {0x0a090001};
	static const struct address_span other_pool[] = {{0x0a090002, 0x0a0900fe}};
	struct machine a, b;
	struct machine_plan first = plan_of("pptp0"), second = plan_of("vpn2");
	second.local = other_local;
	second.pool = other_pool;
	int fd_a = tun("pptp0"), fd_b = tun("vpn2");
	up(&first, &a);
	char *alone = shell("nft list table inet poptun; ip route show dev pptp0");
	up(&second, &b);
	char *beside = shell("nft list table inet poptun; ip route show dev pptp0");
	assert_string_equal(alone, beside);
	assert_true(prints("nft list tables", "table inet poptun_vpn2"));
	machine_down(&a);
	close(fd_a);
	assert_true(forwards()); /* the other one needs it */
	assert_true(prints("nft list table inet poptun_vpn2", "10.9.0.2-10.9.0.254"));
	assert_false(prints("nft list tables", "poptun\n"));
	machine_down(&b);
	close(fd_b);
	assert_false(forwards()); /* the last one turns off the light */
	free(alone);
	free(beside);
	leave_namespace();
}

TEST(machine_up_refuses_a_pool_that_another_interface_routes_and_undoes_itself)
{
	enter_namespace();
	struct machine m;
	struct machine_plan plan = plan_of("pptp0");
	run("ip route add 192.168.10.200/32 dev lan0");
	int fd = tun("pptp0");
	assert_int_equal(machine_up(&plan, &m), -EEXIST);
	assert_non_null(strstr(m.why, "192.168.10.200/32"));
	assert_true(prints("ip route", "192.168.10.200 dev lan0"));
	assert_false(prints("ip route", "pptp0"));
	assert_false(forwards());
	assert_false(prints("nft list tables", "poptun"));
	close(fd);
	leave_namespace();
}

TEST(machine_without_its_device_says_so)
{
	enter_namespace();
	struct machine m;
	struct machine_plan plan = plan_of("pptp0");
	assert_int_equal(machine_up(&plan, &m), -ENODEV);
	assert_string_equal(m.why, "cannot find the device on pptp0: No such device");
	plan.interface = "a;b";
	assert_int_equal(machine_up(&plan, &m), -EINVAL);
	leave_namespace();
}

TEST(machine_client_gets_a_proxy_neighbour_and_a_route_beside_the_pool)
{
	enter_namespace();
	struct machine m;
	struct machine_plan plan = plan_of("pptp0");
	plan.proxyarp = true;
	run("ip addr add 192.168.10.5/24 dev lan0");
	int fd = tun("pptp0");
	up(&plan, &m);
	assert_true(prints("nft list table inet poptun", "ip daddr 192.168.10.0/24 accept"));
	assert_int_equal(machine_client_up(&m, 0xc0a80a65), 0);
	assert_int_equal(machine_client_up(&m, 0xc0a80a65), 0);
	assert_int_equal(machine_client_up(&m, 0xc0a80a0a), 0); /* a fixed address of the network */
	assert_int_equal(machine_client_up(&m, 0x0a010203), 0); /* and one of none */
	assert_true(prints("ip neigh show proxy", "192.168.10.101 dev lan0"));
	assert_true(prints("ip neigh show proxy", "192.168.10.10 dev lan0"));
	assert_false(prints("ip neigh show proxy", "10.1.2.3"));
	assert_true(prints("ip route get 192.168.10.10", "dev pptp0"));
	assert_true(prints("ip route get 10.1.2.3", "dev pptp0"));
	assert_int_equal(machine_client_down(&m, 0xc0a80a0a), 0);
	assert_int_equal(machine_client_down(&m, 0xc0a80a0a), 0);
	assert_false(prints("ip neigh show proxy", "192.168.10.10 "));
	assert_true(prints("ip route get 192.168.10.10", "dev lan0"));
	run("ip neigh add proxy 192.168.10.77 dev lan0"); /* somebody else's */
	machine_down(&m);
	assert_true(prints("ip neigh show proxy", "192.168.10.77"));
	assert_false(prints("ip neigh show proxy", "192.168.10.101"));
	close(fd);
	leave_namespace();
}

TEST(machine_up_sweeps_proxy_neighbours_of_a_killed_server)
{
	enter_namespace();
	struct machine killed, m;
	struct machine_plan plan = plan_of("pptp0");
	plan.proxyarp = true;
	run("ip addr add 192.168.10.5/24 dev lan0");
	int fd = tun("pptp0");
	up(&plan, &killed);
	assert_int_equal(machine_client_up(&killed, 0xc0a80a65), 0);
	netlink_close(&killed.netlink);
	close(fd);
	assert_true(prints("ip neigh show proxy", "192.168.10.101"));
	fd = tun("pptp0");
	up(&plan, &m);
	assert_false(prints("ip neigh show proxy", "192.168.10.101"));
	machine_down(&m);
	close(fd);
	leave_namespace();
}

TEST(machine_with_nat_off_makes_no_table_and_removes_a_stale_one)
{
	enter_namespace();
	struct machine m;
	struct machine_plan plan = plan_of("pptp0");
	plan.nat = NAT_OFF;
	run("nft 'add table inet poptun; add table inet poptun_x'");
	int fd = tun("pptp0");
	up(&plan, &m);
	assert_false(prints("nft list tables", "poptun\n"));
	assert_true(prints("nft list tables", "poptun_x\n"));
	machine_down(&m);
	close(fd);
	leave_namespace();
}

TEST(forwarding_that_was_on_stays_on)
{
	enter_namespace();
	struct machine m;
	struct machine_plan plan = plan_of("pptp0");
	run("echo 1 >/proc/sys/net/ipv4/ip_forward");
	int fd = tun("pptp0");
	up(&plan, &m);
	machine_down(&m);
	assert_true(forwards());
	close(fd);
	leave_namespace();
}

TEST(forwarding_stays_on_while_another_forwarder_is_in_sight)
{
	static const char *const forwarders[][2] = {
		{"ip link add br0 type bridge && ip link set br0 up", "ip link del br0"},
		{"iptables -t nat -A POSTROUTING -j MASQUERADE", "iptables -t nat -F"},
		{"iptables-legacy -A FORWARD -j ACCEPT", "iptables-legacy -F"},
	};
	enter_namespace();
	struct machine m;
	struct machine_plan plan = plan_of("pptp0");
	for (size_t i = 0; i < COUNT_OF(forwarders); i++) {
		int fd = tun("pptp0");
		up(&plan, &m);
		run(forwarders[i][0]);
		machine_down(&m);
		assert_true(forwards());
		up(&plan, &m);
		run(forwarders[i][1]);
		machine_down(&m);
		assert_false(forwards());
		close(fd);
	}
	leave_namespace();
}

TEST(forwarding_note_of_another_namespace_is_not_believed)
{
	enter_namespace();
	bool was_off;
	assert_int_equal(forwarding_on(run_directory, &was_off), 0);
	assert_true(was_off);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	run("echo 1 >/proc/sys/net/ipv4/ip_forward");
	assert_int_equal(forwarding_restore(run_directory, false), 0);
	assert_true(forwards());
	leave_namespace();
}

TEST(netlink_finds_networks_in_use_and_ways_out)
{
	enter_namespace();
	struct netlink netlink;
	struct netlink_subnet subnet;
	struct netlink_path path;
	run("ip addr add 192.168.10.5/24 dev lan0 && ip route add default via 192.168.10.254 && "
	    "ip route add 10.0.0.0/8 via 192.168.10.253 mtu 1300");
	assert_int_equal(netlink_open(&netlink), 0);
	assert_int_equal(
		netlink_range_is_used(&netlink, (struct address_span){0xc0a80ac8, 0xc0a80b05}), 1);
	assert_int_equal(
		netlink_range_is_used(&netlink, (struct address_span){0x0a050000, 0x0a050001}), 1);
	assert_int_equal(
		netlink_range_is_used(&netlink, (struct address_span){0xc0a80b00, 0xc0a80b05}), 0);
	assert_int_equal(netlink_subnet_of(&netlink, 0xc0a80a64, 0, &subnet), 1);
	assert_int_equal(subnet.address, 0xc0a80a05);
	assert_int_equal(subnet.prefix, 24);
	assert_int_equal(netlink_subnet_of(&netlink, 0xc0a80a64, subnet.index, &subnet), 0);
	assert_int_equal(netlink_path_find(&netlink, 0x08080808, &path), 0);
	assert_int_equal(path.source, 0xc0a80a05);
	assert_int_equal(path.gateway, 0xc0a80afe);
	assert_int_equal(path.mtu, 1500);
	assert_int_equal(netlink_path_find(&netlink, 0x0a000001, &path), 0);
	assert_int_equal(path.mtu, 1300);
	run("ip route flush 10.0.0.0/8; ip route del default");
	assert_int_equal(netlink_path_find(&netlink, 0x08080808, &path), -ENETUNREACH);
	netlink_close(&netlink);
	leave_namespace();
}
