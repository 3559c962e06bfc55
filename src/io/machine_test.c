/*
 * The machine itself, each test in a network namespace of its own that it unshares:
 *
 *   lo up, lan0 (one end of a veth) 192.168.10.5/24, TUN devices pptp0 and vpn2
 *
 * Skipped without the right to make namespaces or TUN devices, or without the tools that look at
 * them: ip, nft and both kinds of iptables.
 */
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

const char *test_lacks(void)
{
	static const char *const tools[] = {"ip", "nft", "iptables-nft", "iptables-legacy"};
	static char why[64];
	char path[TOOL_PATH];
	for (size_t i = 0; i < COUNT_OF(tools); i++)
		if (!tool_find(tools[i], path)) {
			snprintf(why, sizeof(why), "no program %s", tools[i]);
			return why;
		}
	if (access("/dev/net/tun", R_OK | W_OK))
		return "no /dev/net/tun for us";
	return unshare(CLONE_NEWNET) ? "no right to make network namespaces" : NULL;
}

static void enter_namespace(void)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	strcpy(run_directory, "/tmp/poptun-machine-XXXXXX");
	assert_non_null(mkdtemp(run_directory));
	run("ip link set lo up && ip link add lan0 type veth peer name lan1 && ip link set lan0 up "
	    "&& ip link set lan1 up && echo 0 >/proc/sys/net/ipv4/ip_forward");
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
	assert_true(prints("ip -o link show pptp0", "qlen 1000"));
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

TEST(machine_down_leaves_the_proxy_neighbours_of_another_server)
{
	enter_namespace();
	static const struct address_span other_pool[] = {{0xc0a80a10, 0xc0a80a1f}};
	struct machine a, b;
	struct machine_plan first = plan_of("pptp0"), second = plan_of("vpn2");
	second.pool = other_pool;
	first.proxyarp = second.proxyarp = true;
	run("ip addr add 192.168.10.5/24 dev lan0");
	int fd_a = tun("pptp0"), fd_b = tun("vpn2");
	up(&first, &a);
	assert_int_equal(machine_client_up(&a, 0xc0a80a65), 0);
	up(&second, &b);
	assert_int_equal(machine_client_up(&b, 0xc0a80a11), 0);
	assert_true(prints("ip neigh show proxy", "192.168.10.101"));
	machine_down(&b);
	assert_true(prints("ip neigh show proxy", "192.168.10.101"));
	assert_false(prints("ip neigh show proxy", "192.168.10.17"));
	machine_down(&a);
	assert_false(prints("ip neigh show proxy", "192.168.10.101"));
	close(fd_a);
	close(fd_b);
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
		{"iptables-legacy -t nat -A POSTROUTING -j MASQUERADE",
		 "iptables-legacy -t nat -F"},
		{"nft 'add table ip n; add chain ip n p { type nat hook postrouting priority 100; "
		 "}; add rule ip n p snat to 192.0.2.1'",
		 "nft delete table ip n"},
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
	int fd = tun("pptp0"); /* a firewall alone forwards nothing */
	up(&plan, &m);
	run("iptables -A FORWARD -j ACCEPT");
	machine_down(&m);
	assert_false(forwards());
	close(fd);
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

TEST(netlink_makes_and_removes_a_route_by_a_router)
{
	enter_namespace();
	struct netlink netlink;
	struct netlink_path path;
	const struct address_prefix far = {0xcb007105, 32}, near = {0xc0a80a07, 32};
	run("ip addr add 192.168.10.5/24 dev lan0 && ip route add default via 192.168.10.254");
	assert_int_equal(netlink_open(&netlink), 0);
	assert_int_equal(netlink_path_find(&netlink, far.address, &path), 0);
	assert_int_equal(netlink_route_add_via(&netlink, far, path.index, path.gateway), 0);
	assert_int_equal(netlink_route_add_via(&netlink, far, path.index, path.gateway), -EEXIST);
	assert_int_equal(netlink_route_add_via(&netlink, near, path.index, 0), 0);
	assert_true(prints("ip route", "203.0.113.5 via 192.168.10.254 dev lan0"));
	assert_true(prints("ip route", "192.168.10.7 dev lan0"));
	assert_int_equal(netlink_route_remove_via(&netlink, far), 0);
	assert_int_equal(netlink_route_remove_via(&netlink, near), 0);
	assert_int_equal(netlink_route_remove_via(&netlink, near), 0);
	assert_false(prints("ip route", "203.0.113.5"));
	assert_false(prints("ip route", "192.168.10.7"));
	/* Somebody else's stays. */
	run("ip route add 203.0.113.5 via 192.168.10.253");
	assert_int_equal(netlink_route_remove_via(&netlink, far), 0);
	assert_true(prints("ip route", "203.0.113.5 via 192.168.10.253"));
	netlink_close(&netlink);
	leave_namespace();
}

/* A UDP packet without a checksum from one address to another, behind an Ethernet header. */
struct frame {
	uint8_t ethernet[14];
	uint8_t ip[28];
};

static struct frame frame_of(uint32_t source, uint32_t destination)
{
	struct frame frame = {{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0},
			      {0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17}};
	static const uint8_t udp[] = {0xc3, 0xcb, 0x01, 0xbb, 0, 8, 0, 0};
	uint32_t sum = 0;
	memcpy(frame.ip + 12, &(uint32_t){htonl(source)}, 4);
	memcpy(frame.ip + 16, &(uint32_t){htonl(destination)}, 4);
	memcpy(frame.ip + 20, udp, sizeof(udp));
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)frame.ip[i] << 8 | frame.ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	frame.ip[10] = (uint8_t)(~sum >> 8);
	frame.ip[11] = (uint8_t)~sum;
	return frame;
}

static int packet_socket(const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htons(ETH_P_IP),
				      .sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_IP));
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (void *)&address, sizeof(address)), 0);
	return fd;
}

/* Does a UDP packet to that address come out within `wait_ms`? *source: where it comes from. */
static bool arrives(int fd, size_t ethernet, uint32_t destination, int wait_ms, uint32_t *source)
{
	uint8_t bytes[2048];
	uint32_t to;
	for (;;) {
		if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, wait_ms) != 1)
			return false;
		ssize_t length = read(fd, bytes, sizeof(bytes));
		if (length < (ssize_t)ethernet + 28 || bytes[ethernet + 9] != 17)
			continue;
		memcpy(&to, bytes + ethernet + 16, 4);
		memcpy(source, bytes + ethernet + 12, 4);
		*source = ntohl(*source);
		if (ntohl(to) == destination)
			return true;
	}
}

enum { ALREADY_MS = 100, SURELY_MS = 5000 };

/* One packet from the client into the world, and one from the world to the client. */
struct crossing {
	int tun, outside; /* outside: a packet socket at the far end of the cable */
};

static const uint32_t client = 0xc0a80a64, world = 0xcb007102, uplink_address = 0xcb007101;

static void send_both(const struct crossing *crossing)
{
	struct frame out = frame_of(client, world), in = frame_of(world, client);
	assert_int_equal(write(crossing->tun, out.ip, sizeof(out.ip)), sizeof(out.ip));
	in.ethernet[5] = 1;
	assert_int_equal(write(crossing->outside, &in, sizeof(in)), sizeof(in));
}

static bool both_arrive(const struct crossing *crossing, int wait_ms)
{
	uint32_t source;
	send_both(crossing);
	bool out = arrives(crossing->outside, 14, world, wait_ms, &source);
	if (out)
		assert_int_equal(source, uplink_address); /* by the masquerade */
	bool in = arrives(crossing->tun, 0, client, wait_ms, &source);
	return out && in;
}

/* lan0 is the uplink: 203.0.113.1/24, and 203.0.113.2 is at the far end of the cable. */
static struct crossing crossing_up(const struct machine_plan *plan, struct machine *m)
{
	struct crossing crossing;
	run("ip link set lan0 address 02:00:00:00:00:01 && ip addr add 203.0.113.1/24 dev lan0 && "
	    "ip neigh add 203.0.113.2 lladdr 02:00:00:00:00:02 dev lan0 nud permanent && "
	    "ip route add default via 203.0.113.2");
	crossing.tun = tun(plan->interface);
	assert_int_equal(fcntl(crossing.tun, F_SETFL, O_NONBLOCK), 0);
	crossing.outside = packet_socket("lan1");
	up(plan, m);
	return crossing;
}

TEST(machine_up_lets_clients_into_the_world_behind_its_own_address)
{
	enter_namespace();
	struct machine m;
	struct machine_plan plan = plan_of("pptp0");
	struct crossing crossing = crossing_up(&plan, &m);
	assert_true(both_arrive(&crossing, SURELY_MS));
	machine_down(&m);
	close(crossing.tun);
	close(crossing.outside);
	leave_namespace();
}

TEST(foreign_rules_that_drop_forwarded_packets_are_found_and_the_remedy_works)
{
	static const struct {
		const char *rules, *remedy;
	} rows[] = {
		{"iptables-nft -N DOCKER-USER; iptables-nft -A FORWARD -j DOCKER-USER; "
		 "iptables-nft -A DOCKER-USER -j RETURN; "
		 "iptables-nft -A FORWARD -o docker0 -m conntrack --ctstate "
		 "ESTABLISHED -j ACCEPT; iptables-nft -P FORWARD DROP",
		 "iptables -I DOCKER-USER -i pptp0 -j ACCEPT"},
		{"iptables-legacy -N DOCKER-USER; iptables-legacy -A FORWARD -j DOCKER-USER; "
		 "iptables-legacy -P FORWARD DROP",
		 "iptables-legacy -I DOCKER-USER -i pptp0 -j ACCEPT"},
		{"iptables-nft -A FORWARD -j REJECT", "iptables -I FORWARD -i pptp0 -j ACCEPT"},
		{"nft 'add table inet wall; add chain inet wall pass { type filter hook forward "
		 "priority 0; policy drop; }'",
		 "nft insert rule inet wall pass iifname pptp0 accept"},
		{"nft 'add table ip a; add chain ip a b { type filter hook forward priority 5; }; "
		 "add chain ip a c; add rule ip a b jump c; add rule ip a c counter drop'",
		 "nft insert rule ip a b iifname pptp0 accept"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enter_namespace();
		struct machine m;
		struct foreign_findings findings;
		struct machine_plan plan = plan_of("pptp0");
		struct crossing crossing = crossing_up(&plan, &m);
		assert_int_equal(machine_foreign(&plan, &findings), 0);
		assert_int_equal(findings.count, 0);
		run(rows[i].rules);
		assert_false(both_arrive(&crossing, ALREADY_MS));
		assert_int_equal(machine_foreign(&plan, &findings), 0);
		assert_int_equal(findings.count, 2);
		assert_string_equal(findings.all[0].remedy, rows[i].remedy);
		assert_int_equal(foreign_fix(&findings.all[0]), 0);
		assert_int_equal(foreign_fix(&findings.all[1]), 0);
		assert_true(both_arrive(&crossing, SURELY_MS));
		assert_int_equal(machine_foreign(&plan, &findings), 0);
		assert_int_equal(findings.count, 0);
		machine_down(&m);
		close(crossing.tun);
		close(crossing.outside);
		leave_namespace();
	}
}

/* Debian 12's libnftables breaks off, or breaks its heap, where a table has a flag. */
TEST(foreign_rules_are_read_beside_tables_with_flags)
{
	struct machine_plan plan = plan_of("pptp0");
	struct foreign_findings findings;
	enter_namespace();
	run("nft 'add table ip asleep { flags dormant; }; add chain ip asleep f { type filter hook "
	    "forward priority 0; policy drop; }'");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(machine_foreign(&plan, &findings), 0);
		assert_int_equal(findings.count, 0);
	}
	run("nft 'add table inet wall; add chain inet wall pass { type filter hook forward "
	    "priority 0; policy drop; }'");
	assert_int_equal(machine_foreign(&plan, &findings), 0);
	assert_int_equal(findings.count, 2);
	assert_string_equal(findings.all[0].chain, "pass");
	leave_namespace();
}

TEST(foreign_rules_that_drop_callers_are_found_and_each_remedy_works)
{
	static const char *const rows[] = {
		"iptables-nft -P INPUT DROP; iptables-nft -A INPUT -p tcp --dport 22 -j ACCEPT; "
		"iptables-nft -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
		"iptables-legacy -A INPUT -i lo -j ACCEPT; iptables-legacy -A INPUT -m state "
		"--state ESTABLISHED -j ACCEPT; iptables-legacy -A INPUT -j REJECT --reject-with "
		"icmp-host-prohibited",
		"nft 'add table inet filter; add chain inet filter input { type filter hook input "
		"priority 0; policy drop; }; add rule inet filter "
		"input ct state vmap { established : accept, related : accept, "
		"invalid : drop }; add rule inet filter input iif lo accept; add rule inet filter "
		"input tcp dport { 22, 80-90 } accept; "
		"add rule inet filter input ip protocol icmp accept'",
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enter_namespace();
		struct foreign_findings findings;
		struct machine_plan plan = plan_of("pptp0");
		run(rows[i]);
		assert_int_equal(machine_foreign(&plan, &findings), 0);
		assert_int_equal(findings.count, 2);
		assert_int_equal(findings.all[0].packets, FOREIGN_CONTROL_IN);
		assert_int_equal(findings.all[1].packets, FOREIGN_GRE_IN);
		assert_int_equal(foreign_fix(&findings.all[0]), 0);
		assert_int_equal(foreign_fix(&findings.all[1]), 0);
		assert_int_equal(machine_foreign(&plan, &findings), 0);
		assert_int_equal(findings.count, 0);
		leave_namespace();
	}
}

TEST(machine_up_leaves_gre_tracked_where_the_pptp_helper_is_at_work)
{
	enter_namespace();
	struct machine m;
	struct machine_plan plan = plan_of("pptp0");
	int fd = tun("pptp0");
	up(&plan, &m);
	assert_true(prints("nft list table inet poptun", "notrack"));
	machine_down(&m);
	char *helper = NULL;
	if (tool_run(
		    (const char *const[]){
			    "nft",
			    "add table ip help; add ct helper ip help pptp { type \"pptp\" "
			    "protocol tcp; }",
			    NULL},
		    &helper) == 0) { /* the kernel may not have the helper */
		up(&plan, &m);
		assert_false(prints("nft list table inet poptun", "notrack"));
		machine_down(&m);
	}
	free(helper);
	close(fd);
	leave_namespace();
}

/* Runs `child` in a process of its own, which may change what cannot be changed back. */
static void in_child(void (*child)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		child();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void exit_unless(bool holds, int line)
{
	if (!holds) {
		print_error("machine_test.c:%d\n", line);
		_exit(1);
	}
}

static void as_nobody(void)
{
	struct machine m;
	struct machine_plan plan = plan_of("pptp0");
	exit_unless(setresuid(65534, 65534, 65534) == 0, __LINE__);
	exit_unless(machine_up(&plan, &m) == -EPERM, __LINE__);
	struct foreign_findings findings;
	exit_unless(machine_foreign(&plan, &findings) == -EPERM, __LINE__);
	exit_unless(strstr(m.why, "cannot set the device up on pptp0: CAP_NET_ADMIN is missing") !=
			    NULL,
		    __LINE__);
}

TEST(machine_up_without_the_right_to_says_which_right_is_missing)
{
	enter_namespace();
	int fd = tun("pptp0");
	in_child(as_nobody);
	close(fd);
	leave_namespace();
}

static void with_read_only_proc(void)
{
	struct machine m;
	struct machine_plan plan = plan_of("pptp0");
	exit_unless(
		unshare(CLONE_NEWNS) == 0 &&
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) == 0 &&
			mount(NULL, "/proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0,
		__LINE__);
	bool was_off;
	exit_unless(forwarding_on(run_directory, &was_off) == -EROFS && was_off, __LINE__);
	exit_unless(machine_up(&plan, &m) == 0, __LINE__); /* with a warning */
	machine_down(&m);
	exit_unless(rmdir(run_directory) == 0, __LINE__); /* and no note was left */
}

TEST(machine_up_serves_where_proc_is_read_only)
{
	enter_namespace();
	int fd = tun("pptp0");
	in_child(with_read_only_proc);
	close(fd);
	leave_namespace();
}
