/* What becomes of packets between the network and the TUN device, whole batches of them. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "io/gre_ingress.h"
#include "io/gre_ring.h"
#include "ip/test_packets.h"
#include "server/test_engine.h"

/* The engine hears GRE by a ring on `lo` from now on. */
static void open_ring(struct fixture *f, struct gre_ingress *ingress)
{
	char why[WHY_SIZE];
	const struct gre_taken taken = {.addresses = {TEST_SERVER},
					.address_count = 1,
					.interfaces = {(int)if_nametoindex("lo")},
					.interface_count = 1};
	gre_port_unwatch(&f->gre);
	f->gre.ring = gre_ring_open(why);
	assert_non_null(f->gre.ring);
	assert_int_equal(gre_ring_take(f->gre.ring, &taken, (struct share){0}), 0);
	assert_int_equal(gre_ingress_open(ingress, why), 0);
	assert_int_equal(gre_ingress_drop(ingress, &taken, why), 0);
	gre_port_want_ring(&f->gre, true);
	assert_int_equal(gre_port_watch(&f->gre, &f->loop, f->gre.on_ready, &f->engine.path), 0);
	loop_turn(&f->loop, 0); /* the raw socket is empty: from it to the ring */
}

/* A datagram of one octet through the tunnel, made but not sent. */
static void client_enclose(struct client *c, struct packet *p, uint16_t port, uint8_t octet)
{
	static const uint8_t datagram[29] = {0x45, 0,    0,  29, 0, 0,   0,  0, 64, 17,
					     0x66, 0x5a, 10, 9,  0, 100, 10, 9, 0,  1,
					     0x30, 0x39, 0,  0,  0, 9,   0,  0};
	struct session_item item;
	packet_reset(p);
	memcpy(p->data, datagram, sizeof(datagram));
	p->data[22] = (uint8_t)(port >> 8);
	p->data[23] = (uint8_t)port;
	p->data[28] = octet;
	p->length = sizeof(datagram);
	assert_int_equal(session_enclose(c->session, p, &item, c->loop->now_ms), DROP_NONE);
	if (item.link.encrypted)
		mppe_run((struct mppe_item *[]){&item.link.mppe}, 1);
	session_seal(c->session, p);
}

TEST(engine_hands_on_in_order_what_came_late_within_a_batch)
{
	static const uint8_t arrival[] = {0, 3, 4, 1, 2};
	static struct packet packets[COUNT_OF(arrival)];
	struct fixture f;
	struct client c;
	uint8_t octet;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	int udp = client_socket(SOCK_DGRAM, 0, INNER_US);
	struct sockaddr_in at;
	assert_int_equal(getsockname(udp, (struct sockaddr *)&at, &(socklen_t){sizeof(at)}), 0);
	for (uint8_t i = 0; i < COUNT_OF(packets); i++)
		client_enclose(&c, &packets[i], ntohs(at.sin_port), i);
	for (size_t i = 0; i < COUNT_OF(arrival); i++)
		client_send_gre(&c, packets[arrival[i]].data, packets[arrival[i]].length);
	RUN_UNTIL(&f, &c, recv(udp, &octet, 1, MSG_DONTWAIT | MSG_PEEK) == 1);
	for (size_t i = 0; i < COUNT_OF(arrival); i++) {
		assert_int_equal(recv(udp, &octet, 1, MSG_DONTWAIT), 1);
		assert_int_equal(octet, i);
	}
	close(udp);
	client_stop(&c);
	fixture_stop(&f);
}

/* Whoever else has something to do waits for one batch of a flood. */
TEST(engine_takes_one_batch_from_the_network_in_a_turn)
{
	static const uint8_t stray[] = {0x30, 1, 0x88, 0x0b, 0, 0, 0x77, 0x77, 0, 0, 0, 0};
	struct fixture f;
	struct client c;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	for (int i = 0; i < 3 * GRE_BATCH; i++)
		client_send_gre(&c, stray, sizeof(stray));
	for (uint64_t turn = 1; turn <= 3; turn++) {
		assert_int_equal(loop_turn(&f.loop, 5), 0);
		assert_int_equal(fixture_drops_of(&f, DROP_GRE_UNKNOWN_CALL), turn * GRE_BATCH);
	}
	client_stop(&c);
	fixture_stop(&f);
}

/* Who sends little does not wait behind all that another has in the ring; and all of that comes too, though
 * the ring's descriptor tells of its newest frame alone. */
TEST(engine_gives_each_call_its_turn_at_the_ring)
{
	enum { FLOOD = 10 * GRE_BATCH };
	static const uint8_t stray[] = {0x30, 1, 0x88, 0x0b, 0, 0, 0x77, 0x77, 0, 0, 0, 0};
	static struct packet packet;
	struct fixture f;
	struct gre_ingress ingress;
	struct client c, hot;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_call_from(&hot, &f, OTHER);
	fixture_client_up(&f, &c);
	open_ring(&f, &ingress);
	int udp = client_socket(SOCK_DGRAM, 0, INNER_US);
	struct sockaddr_in at;
	assert_int_equal(getsockname(udp, (struct sockaddr *)&at, &(socklen_t){sizeof(at)}), 0);
	client_enclose(&c, &packet, ntohs(at.sin_port), 1);
	for (int i = 0; i < FLOOD; i++)
		client_send_gre(&hot, stray, sizeof(stray));
	client_send_gre(&c, packet.data, packet.length);
	assert_int_equal(loop_turn(&f.loop, 5), 0);
	assert_int_equal(fixture_drops_of(&f, DROP_GRE_UNKNOWN_CALL), GRE_BATCH - 1);
	uint8_t octet;
	assert_int_equal(recv(udp, &octet, 1, MSG_DONTWAIT), 1);
	RUN_UNTIL(&f, &c, fixture_drops_of(&f, DROP_GRE_UNKNOWN_CALL) == FLOOD);
	assert_int_equal(f.gre.ring->fair.waiting, 0);
	close(udp);
	gre_ingress_close(&ingress);
	client_stop(&c);
	client_stop(&hot);
	fixture_stop(&f);
}

/* The same packet again and again, faster than the engine reads: what the kernel would drop, whosever it is,
 * the engine drops of the one who sends so much. */
static void flood(bool by_ring)
{
	static struct packet packet;
	struct fixture f;
	struct gre_ingress ingress;
	struct client hot;
	fixture_start(&f, 10);
	fixture_call_from(&hot, &f, CALLER);
	fixture_client_up(&f, &hot);
	if (by_ring)
		open_ring(&f, &ingress);
	struct session *session = table_by_inner(&f.engine.table, INNER_CALLER)->session;
	client_enclose(&hot, &packet, 9, 1);
	for (int round = 0; round < 2000 && !session->drops[DROP_QUEUE_CROWDED]; round++) {
		for (int i = 0; i < 16 * GRE_BATCH; i++)
			client_send_gre(&hot, packet.data, packet.length);
		loop_turn(&f.loop, 0);
	}
	assert_in_range(session->drops[DROP_QUEUE_CROWDED], 1, GRE_BATCH / 2);
	if (by_ring)
		gre_ingress_close(&ingress);
	client_stop(&hot);
	fixture_stop(&f);
}

TEST(engine_drops_of_whoever_floods_the_raw_socket)
{
	flood(false);
}

TEST(engine_drops_of_whoever_floods_the_ring)
{
	flood(true);
}

/* Segments of one batch, composed by another program (scapy), reach the host as one. */
TEST(engine_merges_what_came_in_one_batch)
{
	static const char *const segments[] = {
		"4500002c000740004006264f0a0900640a09000101bbc3500000100000000009501001f4ff8a000061626364",
		"4500002c000840004006264e0a0900640a09000101bbc3500000100400000009501001f4f77e000065666768",
		"4500002a000940004006264f0a0900640a09000101bbc3500000100800000009501801f45ad90000696a",
	};
	static struct packet packets[COUNT_OF(segments)];
	uint8_t seen[200];
	struct fixture f;
	struct client c;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	const struct sockaddr_ll device = {.sll_family = AF_PACKET,
					   .sll_protocol = htons(ETH_P_IP),
					   .sll_ifindex = (int)if_nametoindex("eng0")};
	int listener = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (const struct sockaddr *)&device, sizeof(device)), 0);
	for (size_t i = 0; i < COUNT_OF(segments); i++) {
		struct session_item item;
		packet_of_hex(&packets[i], segments[i]);
		assert_int_equal(session_enclose(c.session, &packets[i], &item, f.loop.now_ms),
				 DROP_NONE);
		session_seal(c.session, &packets[i]);
		client_send_gre(&c, packets[i].data, packets[i].length);
	}
	RUN_UNTIL(&f, &c, recv(listener, seen, sizeof(seen), MSG_PEEK) > 0);
	assert_int_equal(recv(listener, seen, sizeof(seen), 0), 40 + 10);
	assert_memory_equal(seen + 40, "abcdefghij", 10);
	close(listener);
	client_stop(&c);
	fixture_stop(&f);
}

/* Packets that the host gave to the TUN device; a super-segment is one. */
static unsigned long given_to_device(void)
{
	char line[256];
	unsigned long packets = 0;
	FILE *all = fopen("/proc/self/net/dev", "re");
	assert_non_null(all);
	while (fgets(line, sizeof(line), all))
		if (sscanf(line,
			   " eng0: %*u %*u %*u %*u %*u %*u %*u %*u %*u %lu", /* behind eight of receiving */
			   &packets) == 1)
			break;
	fclose(all);
	return packets;
}

TEST(engine_takes_super_segments_whole_and_sends_what_is_in_them)
{
	enum { SEGMENT = 100, COUNT = 20 };
	static const uint8_t octets[SEGMENT * COUNT];
	struct fixture f;
	struct client c;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	int udp = client_socket(SOCK_DGRAM, 0, INNER_US), segment = SEGMENT;
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INNER_CALLER)};
	assert_int_equal(
		setsockopt(udp, IPPROTO_UDP, 103 /* UDP_SEGMENT */, &segment, sizeof(segment)), 0);
	/* Before Linux 6.2 the host cuts datagrams itself. */
	unsigned long wanted = f.engine.path.tun.merges & MERGE_UDP ? 1 : COUNT;
	unsigned long before = given_to_device();
	size_t delivered = c.delivered;
	assert_int_equal(sendto(udp, octets, sizeof(octets), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(octets));
	assert_int_equal(given_to_device() - before, 0); /* until it is read */
	RUN_UNTIL(&f, &c, c.delivered == delivered + COUNT);
	assert_int_equal(given_to_device() - before, wanted);
	close(udp);
	client_stop(&c);
	fixture_stop(&f);
}
