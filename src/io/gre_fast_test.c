/* The faster ways of GRE, in the town of gre_town_test.h. */
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "base/random.h"
#include "gre/gre.h"
#include "io/gre_ingress.h"
#include "io/gre_ring.h"
#include "io/gre_socket.h"
#include "io/gre_town_test.h"
#include "io/gre_transmit.h"
#include "ip/checksum.h"

enum { TURNS = 20000 };

/* ---- out ---- */

TEST(gre_transmit_goes_by_the_raw_socket_until_the_neighbour_is_known_and_keeps_order)
{
	struct gre_port us, them;
	town_open();
	town_port_open(&them, THEIR_SIDE);
	town_port_open(&us, OUR_SIDE);
	town_transmit_open(&us);
	assert_false(town_goes_directly(&us, 0, 100));
	uint32_t number = town_send_until_direct(&us, 1, THEM), first = number;
	for (int i = 0; i < 3 * GRE_BATCH; i++)
		town_put(&us, number++, 1400, US, THEM, 0);
	gre_port_flush(&us);
	assert_int_equal(us.sent_directly, number - first + 1);
	assert_int_equal(us.sent, number);
	assert_int_equal(us.unsent, 0);
	town_expect(&them, 0, number);
	gre_port_fini(&us);
	gre_port_fini(&them);
	town_close();
}

TEST(gre_transmit_makes_the_outer_header)
{
	struct gre_port us;
	uint8_t raw[2][2048];
	town_open();
	town_port_open(&us, OUR_SIDE);
	town_transmit_open(&us);
	town_send_until_direct(&us, 0, THEM);
	town_enter(THEIR_SIDE);
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_GRE);
	town_put(&us, 1, 200, US, THEM, 0xb9);
	town_put(&us, 2, 201, 0, THEM, 0);
	gre_port_flush(&us);
	for (int i = 0; i < 2; i++) {
		town_wait(fd);
		assert_int_equal(recv(fd, raw[i], sizeof(raw[i]), 0), 220 + i);
		assert_int_equal(raw[i][0], 0x45);
		assert_int_equal(raw[i][3], 220 + i);
		assert_int_equal(raw[i][6] << 8 | raw[i][7], 0); /* may be fragmented */
		assert_int_equal(raw[i][8], 64);
		assert_int_equal(raw[i][9], 47);
		assert_memory_equal(raw[i] + 12, "\x0a\x07\x00\x01\x0a\x07\x00\x02", 8);
		assert_int_equal(checksum_of(raw[i], 20), 0);
	}
	assert_int_equal(raw[0][1], 0xb9);
	assert_int_equal(raw[1][1], 0);
	assert_memory_not_equal(raw[0] + 4, raw[1] + 4, 2); /* identification */
	close(fd);
	gre_port_fini(&us);
	town_close();
}

TEST(gre_transmit_follows_the_neighbour_the_route_and_the_link)
{
	struct gre_port us, them;
	town_open();
	town_port_open(&them, THEIR_SIDE);
	town_port_open(&us, OUR_SIDE);
	town_transmit_open(&us);
	uint32_t number = town_send_until_direct(&us, 0, THEM);
	town_expect(&them, 0, number);
	/* Another machine has the address now. */
	town_enter(THEIR_SIDE);
	town_run("ip link set wire address 02:00:00:00:00:77");
	town_enter(OUR_SIDE);
	town_run("ip neighbour replace 10.7.0.2 lladdr 02:00:00:00:00:77 dev wire nud reachable");
	assert_true(town_goes_directly(&us, number, 100));
	town_expect(&them, number++, 1);
	/* The neighbour is gone: the kernel asks for it again. */
	town_run("ip neighbour del 10.7.0.2 dev wire");
	assert_false(town_goes_directly(&us, number, 100));
	town_expect(&them, number++, 1);
	uint32_t again = town_send_until_direct(&us, number, THEM);
	town_expect(&them, number, again - number);
	number = again;
	/* By a router, which hands it on to itself here. */
	town_run("ip route add 10.8.0.9/32 via 10.7.0.3");
	town_enter(THEIR_SIDE);
	town_run("ip address add 10.8.0.9/32 dev lo");
	again = town_send_until_direct(&us, number, 0x0a080009);
	town_expect(&them, number, again - number);
	number = again;
	/* A loopback address, and no route at all. */
	assert_true(town_goes_directly(&us, number, 100));
	town_expect(&them, number++, 1);
	town_enter(OUR_SIDE);
	town_run("ip route add blackhole 10.7.0.2/32");
	assert_false(town_goes_directly(&us, 99999, 100));
	town_run("ip route del blackhole 10.7.0.2/32 && ip link set wire down");
	assert_false(town_goes_directly(&us, 99999, 100));
	gre_port_fini(&us);
	gre_port_fini(&them);
	town_close();
}

TEST(gre_transmit_leaves_what_is_too_long_to_the_kernel_and_keeps_order)
{
	struct gre_port us, them;
	town_open();
	town_port_open(&them, THEIR_SIDE);
	town_port_open(&us, OUR_SIDE);
	town_transmit_open(&us);
	uint32_t number = town_send_until_direct(&us, 0, THEM);
	town_expect(&them, 0, number);
	assert_true(
		town_goes_directly(&us, number, 1480)); /* an MTU of 1500, and 20 for the header */
	town_expect(&them, number++, 1);
	uint32_t first = number;
	for (int i = 0; i < 10; i++, number++)
		town_put(&us, number, i % 2 ? 1481 : 100, US, THEM, 0);
	gre_port_flush(&us);
	town_expect(&them, first, 10);
	assert_false(town_goes_directly(&us, number, 100)); /* nor what follows, for a while */
	gre_port_fini(&us);
	gre_port_fini(&them);
	town_close();
}

TEST(gre_transmit_lets_the_kernel_look_for_a_neighbour_that_was_not_heard_of)
{
	struct gre_port us;
	town_open();
	town_port_open(&us, OUR_SIDE);
	town_transmit_open(&us);
	uint32_t number = town_send_until_direct(&us, 0, THEM);
	town_run(
		"ip neighbour replace 10.7.0.2 lladdr $(ip netns exec x true 2>/dev/null; ip neighbour "
		"show 10.7.0.2 | sed 's/.*lladdr \\([^ ]*\\).*/\\1/') dev wire nud stale");
	assert_false(town_goes_directly(&us, number, 100));
	assert_true(town_prints("ip neighbour show 10.7.0.2", "DELAY"));
	town_send_until_direct(&us, number, THEM); /* while the kernel looks */
	gre_port_fini(&us);
	town_close();
}

TEST(gre_transmit_stands_back_where_it_is_not_wanted)
{
	struct gre_port us, them;
	town_open();
	town_port_open(&them, THEIR_SIDE);
	town_port_open(&us, OUR_SIDE);
	town_transmit_open(&us);
	uint32_t number = town_send_until_direct(&us, 0, THEM);
	gre_transmit_want(us.transmit, false);
	assert_false(town_goes_directly(&us, number++, 100));
	town_put(&us, number++, 100, US, THEM, 0);
	gre_port_flush(&us);
	gre_transmit_want(us.transmit, true);
	number = town_send_until_direct(&us, number, THEM);
	town_expect(&them, 0, number);
	gre_port_fini(&us);
	gre_port_fini(&them);
	town_close();
}

/* ---- in ---- */

static struct gre_taken taken_of(uint32_t address)
{
	return (struct gre_taken){.addresses = {address},
				  .address_count = 1,
				  .interfaces = {(int)if_nametoindex("wire")},
				  .interface_count = 1};
}

static void ring_open(struct gre_port *port)
{
	port->ring = gre_ring_open(town_why);
	if (!port->ring)
		fail_msg("%s", town_why);
}

static void ring_begin(struct gre_port *port, struct gre_ingress *ingress,
		       const struct gre_taken *taken)
{
	assert_int_equal(gre_ring_take(port->ring, taken, (struct share){0}), 0);
	if (gre_ingress_drop(ingress, taken, town_why))
		fail_msg("%s", town_why);
	gre_port_want_ring(port, true);
}

static void ring_end(struct gre_port *port, struct gre_ingress *ingress)
{
	assert_int_equal(gre_ingress_drop(ingress, NULL, town_why), 0);
	assert_int_equal(gre_ring_take(port->ring, NULL, (struct share){0}), 0);
	gre_port_want_ring(port, false);
}

TEST(gre_ring_takes_packets_and_the_rule_drops_them_behind_it)
{
	struct gre_port us, them;
	struct gre_ingress ingress;
	town_open();
	town_port_open(&them, THEIR_SIDE);
	town_port_open(&us, OUR_SIDE);
	ring_open(&us);
	assert_int_equal(gre_ingress_open(&ingress, town_why), 0);
	struct gre_taken taken = taken_of(US);
	ring_begin(&us, &ingress, &taken);
	assert_true(town_prints("nft list ruleset", "flags owner"));
	for (uint32_t i = 0; i < 500; i++)
		town_put(&them, i, 12 + i % 1400, 0, US, 0);
	gre_port_flush(&them);
	town_expect(&us, 0, 500);
	assert_int_equal(us.received_by_ring, 500);
	assert_int_equal(recv(us.fd, town_why, 1, MSG_DONTWAIT), -1); /* the raw socket has none */
	/* Fragments, and what is longer than a frame, come by the raw socket. */
	for (uint32_t i = 500; i < 510; i++)
		town_put(&them, i, 1700, 0, US, 0);
	gre_port_flush(&them);
	town_expect(&us, 500, 10);
	assert_int_equal(us.received_by_ring, 500);
	ring_end(&us, &ingress);
	assert_false(town_prints("nft list ruleset", "table"));
	for (uint32_t i = 510; i < 700; i++)
		town_put(&them, i, 100, 0, US, 0);
	gre_port_flush(&them);
	town_expect(&us, 510, 190);
	assert_int_equal(us.received_by_ring, 500);
	assert_int_equal(gre_port_overrun(&us), 0);
	gre_ingress_close(&ingress);
	gre_port_fini(&us);
	gre_port_fini(&them);
	town_close();
}

TEST(gre_ring_tells_what_the_outer_header_said)
{
	static const uint8_t octets[] = {0, 0xb8, 0x03, 0xff, 0x01};
	struct gre_port us, them;
	struct gre_ingress ingress;
	struct gre_datagram in[GRE_BATCH];
	town_open();
	town_port_open(&them, THEIR_SIDE);
	town_port_open(&us, OUR_SIDE);
	ring_open(&us);
	assert_int_equal(gre_ingress_open(&ingress, town_why), 0);
	struct gre_taken taken = taken_of(US);
	ring_begin(&us, &ingress, &taken);
	for (uint32_t i = 0; i < COUNT_OF(octets); i++) {
		town_put(&them, i, 100, i % 2 ? THEM : THEM2, US, octets[i]);
		gre_port_flush(&them);
		town_wait(us.ring->fd);
		assert_int_equal(gre_port_receive(&us, in), 1);
		assert_int_equal(in[0].tos, octets[i]);
		assert_int_equal(in[0].ttl, 64);
		assert_int_equal(in[0].source, i % 2 ? THEM : THEM2);
		assert_int_equal(in[0].destination, US);
		assert_int_equal(in[0].packet->length, 100);
	}
	assert_int_equal(us.received_by_ring, COUNT_OF(octets));
	gre_ingress_close(&ingress);
	gre_port_fini(&us);
	gre_port_fini(&them);
	town_close();
}

/* A packet that the ring would take, but for two octets of each row, counted from IP's header, and for what
 * that has behind its usual 20. */
static const struct {
	const char *what;
	uint16_t at, value;
	bool by_raw; /* else nobody's: the kernel drops it as well */
	const char *options;
} strangers[] = {
	{"plain GRE", 22, 0x0800, true},
	{"a fragment's beginning", 6, 0x2000, false},
	{"a fragment's end", 6, 0x0008, false},
	{"another address of ours", 18, 0x0009, true},
	{"IP options", 0, 0x4600, true, "\1\1\1\1"},
	{"IP options that look like GRE", 0, 0x4900, true,
	 "\1\1\x88\x0b"
	 "123456789"
	 "\1\1\1"},
};

enum { STRANGER = 80, PLAIN_HEADER = 20 };

static void close_header(uint8_t *packet)
{
	packet[10] = packet[11] = 0;
	uint16_t checksum = checksum_of(packet, (size_t)(packet[0] & 0x0f) * 4);
	packet[10] = (uint8_t)(checksum >> 8);
	packet[11] = (uint8_t)checksum;
}

static void make_stranger(uint8_t packet[STRANGER], const uint8_t octets[STRANGER], size_t row)
{
	const char *options = strangers[row].options ? strangers[row].options : "";
	size_t more = strlen(options);
	memcpy(packet, octets, PLAIN_HEADER);
	memcpy(packet + PLAIN_HEADER, options, more);
	memcpy(packet + PLAIN_HEADER + more, octets + PLAIN_HEADER, STRANGER - PLAIN_HEADER - more);
	packet[strangers[row].at] = (uint8_t)(strangers[row].value >> 8);
	packet[strangers[row].at + 1] = (uint8_t)strangers[row].value;
	close_header(packet);
}

TEST(gre_ring_and_rule_leave_alone_what_is_not_theirs)
{
	struct gre_port us;
	struct gre_ingress ingress;
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_IP),
				 .sll_halen = ETH_ALEN,
				 .sll_addr = {2, 0, 0, 0, 0, 1}};
	uint8_t octets[STRANGER] = {0x45, 0, 0, STRANGER, 0,  1, 0, 0, 64,   47, 0,    0,
				    10,   7, 0, 2,        10, 7, 0, 1, 0x30, 1,  0x88, 0x0b};
	town_open();
	town_port_open(&us, OUR_SIDE);
	ring_open(&us);
	town_run(
		"ip link set wire address 02:00:00:00:00:01 && ip address add 10.7.0.9/24 dev wire");
	assert_int_equal(gre_ingress_open(&ingress, town_why), 0);
	struct gre_taken taken = taken_of(US);
	ring_begin(&us, &ingress, &taken);
	town_enter(THEIR_SIDE);
	to.sll_ifindex = (int)if_nametoindex("wire");
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct gre_datagram in[GRE_BATCH];
	for (size_t i = 0; i < COUNT_OF(strangers); i++) {
		uint8_t packet[STRANGER];
		make_stranger(packet, octets, i);
		assert_int_equal(
			sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to)),
			sizeof(packet));
		if (strangers[i].by_raw) {
			town_wait(us.fd);
			assert_int_equal(gre_port_receive(&us, in), 1);
			assert_int_equal(in[0].packet->data[0], 0x30); /* behind the whole header */
		}
		assert_int_equal(us.received_by_ring, 0);
	}
	/* The very packet is taken, with one octet of damage in its header it is not handed out. */
	close_header(octets);
	for (int damaged = 1; damaged >= 0; damaged--) {
		octets[8] = (uint8_t)(64 - damaged);
		sendto(fd, octets, sizeof(octets), 0, (struct sockaddr *)&to, sizeof(to));
		town_wait(us.ring->fd);
		assert_int_equal(gre_port_receive(&us, in), 1 - damaged);
	}
	assert_int_equal(us.ring->malformed, 1);
	close(fd);
	gre_ingress_close(&ingress);
	gre_port_fini(&us);
	town_close();
}

TEST(gre_ingress_does_not_outlive_its_process_nor_let_others_change_it)
{
	int ready[2];
	char byte;
	town_open();
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		struct gre_ingress ingress;
		struct gre_taken taken = taken_of(US);
		bool good = !gre_ingress_open(&ingress, town_why) &&
			    !gre_ingress_drop(&ingress, &taken, town_why) &&
			    write(ready[1], "!", 1) == 1;
		if (good)
			for (;;)
				pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_true(town_prints("nft list ruleset", "type filter hook ingress device \"wire\""));
	town_run("nft flush ruleset");
	assert_true(town_prints("nft list ruleset", "drop"));
	assert_false(town_shell(
		"nft delete table netdev $(nft list tables | sed -n 's/table netdev //p')"));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (int i = 0; i < WAIT_MS && town_prints("nft list ruleset", "table"); i++)
		poll(NULL, 0, 1);
	assert_false(town_prints("nft list ruleset", "table"));
	close(ready[0]);
	town_close();
}

TEST(gre_ingress_says_why_it_cannot_be)
{
	struct gre_ingress ingress;
	town_open();
	assert_int_equal(gre_ingress_open(&ingress, town_why), 0);
	assert_int_equal(gre_ingress_drop(&ingress, NULL, town_why), 0);
	struct gre_taken taken = taken_of(US);
	assert_int_equal(gre_ingress_drop(&ingress, &taken, town_why), 0);
	taken.interfaces[0] = (int)if_nametoindex("lo");
	assert_int_equal(gre_ingress_drop(&ingress, &taken, town_why), 0); /* replaced */
	assert_true(town_prints("nft list ruleset", "\"lo\""));
	assert_false(town_prints("nft list ruleset", "\"wire\""));
	gre_ingress_close(&ingress);
	town_close();
}

/* A switch at any moment: packets without end, switched to and fro; the session's window counts. */
TEST(gre_port_changes_its_ways_with_no_packet_lost_doubled_or_out_of_order)
{
	static struct gre_datagram in[GRE_BATCH];
	struct gre_port us, them;
	struct gre_ingress ingress;
	struct gre_window window = {0};
	uint64_t seed = 1;
	struct random random = test_random(&seed);
	uint32_t sent = 0, heard = 0;
	bool by_ring = false;
	town_open();
	town_port_open(&us, OUR_SIDE);
	ring_open(&us);
	assert_int_equal(gre_ingress_open(&ingress, town_why), 0);
	struct gre_taken taken = taken_of(US);
	town_port_open(&them, THEIR_SIDE);
	town_transmit_open(&them);
	town_enter(OUR_SIDE);
	for (int turn = 0; turn < TURNS || heard < sent; turn++) {
		gre_transmit_follow(them.transmit);
		for (uint32_t burst = random_below(&random, 60); turn < TURNS && burst; burst--)
			town_put(&them, sent++, 60, THEM, US, 0);
		gre_port_flush(&them);
		if (turn < TURNS && turn % 500 == 250) {
			/* In the middle of a switch packets come, too. */
			if (by_ring)
				assert_int_equal(gre_ingress_drop(&ingress, NULL, town_why), 0);
			else
				assert_int_equal(gre_ring_take(us.ring, &taken, (struct share){0}),
						 0);
			for (int i = 0; i < 20; i++)
				town_put(&them, sent++, 60, THEM, US, 0);
			gre_port_flush(&them);
			if (by_ring)
				ring_end(&us, &ingress);
			else
				ring_begin(&us, &ingress, &taken);
			by_ring = !by_ring;
		}
		if (turn < TURNS && turn % 700 == 350)
			gre_transmit_want(them.transmit, turn / 700 % 2);
		int got = gre_port_receive(&us, in);
		assert_true(got >= 0);
		for (int i = 0; i < got; i++) {
			uint32_t number = town_number(in[i].packet);
			if (gre_window_accept(&window, number) == DROP_NONE)
				assert_int_equal(number, heard++);
		}
		assert_true(turn < 10 * TURNS);
	}
	assert_true(us.received_by_ring > sent / 4);
	assert_true(us.received - us.received_by_ring > sent / 4);
	assert_true(them.sent_directly > sent / 4);
	assert_true(them.sent - them.sent_directly > sent / 4);
	assert_int_equal(gre_port_overrun(&us), 0);
	gre_ingress_close(&ingress);
	gre_port_fini(&us);
	gre_port_fini(&them);
	town_close();
}

TEST(gre_rings_of_several_workers_divide_the_calls)
{
	struct gre_port them;
	struct gre_ring *rings[3];
	struct gre_datagram in[GRE_BATCH];
	town_open();
	struct gre_taken taken = taken_of(US);
	for (uint16_t i = 0; i < COUNT_OF(rings); i++) {
		rings[i] = gre_ring_open(town_why);
		assert_non_null(rings[i]);
		assert_int_equal(
			gre_ring_take(rings[i], &taken, (struct share){i, COUNT_OF(rings)}), 0);
	}
	town_port_open(&them, THEIR_SIDE);
	for (uint32_t i = 0; i < 30; i++)
		town_put(&them, i, 60, THEM, US, 0);
	gre_port_flush(&them);
	town_wait(rings[7 % COUNT_OF(rings)]->fd); /* all are for call 7 */
	assert_int_equal(gre_ring_read(rings[1], in), 30);
	assert_int_equal(gre_ring_read(rings[0], in), 0);
	assert_int_equal(gre_ring_read(rings[2], in), 0);
	for (size_t i = 0; i < COUNT_OF(rings); i++)
		gre_ring_close(rings[i]);
	gre_port_fini(&them);
	town_close();
}
