/* IPv6 beside IPv4, and network protocols that come before their time. */
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "gre/gre.h"
#include "ip/ip.h"
#include "ppp/frame.h"
#include "tests/pair/world.h"

static struct world *world_with_ipv6(uint64_t seed)
{
	struct world *w = world_with_call(seed);
	assert_true(world_run(w, 10000, world_has_ipv6));
	return w;
}

TEST(ipv6cp_gives_each_end_an_identifier_that_the_other_knows)
{
	static const uint8_t same[8] = {2, 0, 0, 0, 0, 0, 0, 1};
	for (int collide = 0; collide < 2; collide++) {
		struct world *w = world_new(1);
		if (collide) {
			memcpy(w->ends[SERVER].settings->link.interface_id, same, 8);
			memcpy(w->ends[CLIENT].settings->link.interface_id, same, 8);
		}
		world_call(w, 1);
		assert_true(world_run(w, 20000, world_has_ipv6));
		const struct link_addresses *server = &world_session(w, SERVER, 0)->addresses,
					    *client = &world_session(w, CLIENT, 0)->addresses;
		assert_memory_equal(server->local_id, client->remote_id, 8);
		assert_memory_equal(server->remote_id, client->local_id, 8);
		assert_memory_not_equal(server->local_id, server->remote_id, 8);
		world_free(w);
	}
}

TEST(link_local_packets_are_carried_encrypted_and_from_the_right_source_only)
{
	static struct packet p;
	struct world *w = world_with_ipv6(2);
	const struct link_addresses *a = &world_session(w, CLIENT, 0)->addresses;
	world_make_ipv6(&p, a->local_id, a->remote_id, 200);
	assert_int_equal(world_send_packet(w, CLIENT, 0, &p).drop, DROP_NONE);
	world_make_ipv6(&p, a->remote_id, a->local_id, 300);
	assert_int_equal(world_send_packet(w, SERVER, 0, &p).drop, DROP_NONE);
	world_make_ipv6(&p, (const uint8_t *)"stranger", a->remote_id, 200);
	world_send_packet(w, CLIENT, 0, &p);
	world_run(w, 100, NULL);
	assert_int_equal(w->ends[SERVER].inbox_count, 1);
	assert_int_equal(w->ends[SERVER].inbox[0].length, 200);
	assert_int_equal(w->ends[CLIENT].inbox_count, 1);
	assert_int_equal(world_session(w, SERVER, 0)->drops[DROP_IP_SOURCE], 1);
	assert_int_equal(w->clear_packets, 0);
	world_free(w);
}

TEST(strangers_in_batches_of_every_size_are_dropped_and_nobody_else)
{
	enum { PACKETS = 60 };
	static struct packet p;
	struct world *w = world_with_ipv6(2);
	const struct link_addresses *a = &world_session(w, CLIENT, 0)->addresses;
	for (unsigned size = 1; size <= BATCH_MAX; size++) {
		world_batch(w, size);
		w->ends[SERVER].inbox_count = 0;
		for (unsigned i = 0; i < PACKETS; i++) {
			const uint8_t *from =
				i % 3 == 1 ? (const uint8_t *)"stranger" : a->local_id;
			world_make_ipv6(&p, from, a->remote_id, 100 + i);
			world_send_packet(w, CLIENT, 0, &p);
		}
		world_run(w, 20, NULL);
		assert_int_equal(w->ends[SERVER].inbox_count, PACKETS * 2 / 3);
		for (unsigned i = 0, slot = 0; i < PACKETS; i++)
			if (i % 3 != 1)
				assert_int_equal(w->ends[SERVER].inbox[slot++].length, 100 + i);
		assert_int_equal(world_session(w, SERVER, 0)->drops[DROP_IP_SOURCE],
				 size * PACKETS / 3);
	}
	world_free(w);
}

/* It may not be cut inside: the outer packet will be, and its sender hears of it. */
TEST(a_long_ipv6_packet_goes_whole_and_its_sender_is_told)
{
	static struct packet p;
	struct world *w = world_with_ipv6(3);
	const struct link_addresses *a = &world_session(w, SERVER, 0)->addresses;
	world_make_ipv6(&p, a->local_id, a->remote_id, 1500);
	struct sending sending = world_send_packet(w, SERVER, 0, &p);
	assert_int_equal(sending.fit, SESSION_FITS);
	assert_true(sending.tell);
	world_run(w, 100, NULL);
	assert_int_equal(w->ends[CLIENT].inbox[0].length, 1500);
	world_free(w);
}

TEST(ipv6_that_is_refused_comes_down_alone)
{
	struct world *w = world_with_ipv6(4);
	session_refuse_ipv6(world_session(w, SERVER, 0), w->now_ms);
	session_refuse_ipv6(world_session(w, SERVER, 0), w->now_ms); /* once is enough */
	world_perform(w, SERVER);
	world_run(w, 120000, NULL);
	for (int side = 0; side < 2; side++) {
		assert_true(world_session(w, side, 0)->ipv4_up);
		assert_false(world_session(w, side, 0)->ipv6_up);
		assert_int_equal(world_session(w, side, 0)->state, SESSION_UP);
		assert_int_equal(w->ends[side].ipv6_downs, 1);
	}
	world_send(w, CLIENT, 0, 3, 100);
	world_run(w, 100, NULL);
	assert_int_equal(w->ends[SERVER].inbox_count, 3);
	assert_int_equal(world_log_count(w, SERVER, "ipv6=refused"), 1);
	world_free(w);
}

TEST(one_network_protocol_is_enough)
{
	static const struct {
		bool server_ipv4, server_ipv6, client_ipv4, client_ipv6, ipv4, ipv6;
	} rows[] = {
		{true, true, true, false, true, false},   {true, false, true, true, true, false},
		{true, true, false, true, false, true},   {false, true, true, true, false, true},
		{true, false, false, true, false, false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(5 + i);
		w->ends[SERVER].settings->link.ipv4 = rows[i].server_ipv4;
		w->ends[SERVER].settings->link.ipv6 = rows[i].server_ipv6;
		w->ends[CLIENT].settings->link.ipv4 = rows[i].client_ipv4;
		w->ends[CLIENT].settings->link.ipv6 = rows[i].client_ipv6;
		world_dial(w, 1);
		world_run(w, 120000, NULL);
		bool lives = rows[i].ipv4 || rows[i].ipv6;
		for (int side = 0; side < 2; side++) {
			struct session *s = world_session(w, side, 0);
			assert_int_equal(s != NULL, lives);
			assert_true(!s || s->ipv4_up == rows[i].ipv4);
			assert_true(!s || s->ipv6_up == rows[i].ipv6);
		}
		if (!lives)
			world_assert_clean(w);
		world_free(w);
	}
}

/* MikroTik and newer Windows: IPCP and IPv6CP before CCP is done. */
static void hold_ccp(struct world *w, struct in_flight *flight)
{
	static const uint8_t ccp[] = {0xff, 0x03, 0x80, 0xfd};
	for (size_t at = 12; at <= 16; at += 4)
		if (flight->to == SERVER && flight->length > at + 4 &&
		    !memcmp(flight->bytes + at, ccp, sizeof(ccp)))
			flight->at_ms += 2000;
}

static bool is_in_network_phase(const struct world *w)
{
	const struct session *s = w->ends[SERVER].sessions[0];
	return s && s->link.phase == LINK_NETWORK;
}

static void inject(struct world *w, uint16_t protocol, const char *hex)
{
	static struct packet p;
	packet_reset(&p);
	p.length = test_unhex(hex, p.data, 100);
	frame_push(&p, protocol);
	gre_send(&world_session(w, CLIENT, 0)->gre, &p);
	world_arrive(w, SERVER, p.data, p.length);
}

TEST(a_network_request_before_encryption_is_kept_and_answered_then)
{
	struct world *w = world_new(11);
	w->on_wire = hold_ccp;
	world_dial(w, 1);
	assert_true(world_run(w, 10000, is_in_network_phase));
	inject(w, PPP_IPV6CP, "01 58 000e 010a 1111222233334444");
	inject(w, PPP_IPCP, "01 59 000a 0306 c0a80a65");
	world_run(w, 1500, NULL);
	struct end *server = &w->ends[SERVER];
	assert_int_equal(world_log_count(w, SERVER, "recv ipcp"), 0); /* not looked at yet */
	assert_int_equal(world_log_count(w, SERVER, "sent ip"), 0);
	assert_int_equal(world_log_count(w, SERVER, "terminate-ack"), 0);
	assert_true(world_run(w, 30000, world_is_up));
	const char *opened = strstr(server->log, "ccp=opened");
	assert_non_null(opened);
	assert_non_null(strstr(opened, "sent ipcp configure-ack id=89"));
	assert_non_null(strstr(opened, "sent ipv6cp configure-ack id=88"));
	assert_int_equal(w->clear_packets, 0);
	world_free(w);
}
