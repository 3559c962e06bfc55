/* Peers that say nothing, talk for ever, or send anything. */
#include "ppp/link.h"

#include "auth/proof.h"
#include "base/base.h"
#include "ppp/pair_test.h"

TEST(link_rejects_unknown_protocols_few_times_a_second)
{
	struct pair *p = pair_new();
	pair_open(p);
	pair_run(p, 1000);
	for (int i = 0; i < 100; i++)
		assert_int_equal(pair_give_hex(p, PAIR_SERVER, "8053 01 01 0004"),
				 DROP_PPP_PROTOCOL);
	assert_int_equal(p->end[PAIR_SERVER].count, 10);
	p->now_ms += 1000;
	pair_give_hex(p, PAIR_SERVER, "8053 01 01 0004");
	assert_int_equal(p->end[PAIR_SERVER].count, 11);
	pair_free(p);
}

/* A peer that logs in and then says nothing more. */
TEST(link_ends_in_bounded_time_where_the_peer_falls_silent_after_its_login)
{
	static const struct {
		enum mppe_policy policy;
		uint64_t ms; /* at the latest */
		enum link_end_reason reason;
	} rows[] = {
		{MPPE_REQUIRED, 30000, LINK_END_MPPE},
		{MPPE_OPTIONAL, 36000, LINK_END_NETWORK}, /* the network starts after 6 s */
		{MPPE_OFF, 30000, LINK_END_NETWORK},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pair *p = pair_at_verdict();
		p->end[PAIR_SERVER].settings.mppe = rows[i].policy;
		p->end[PAIR_SERVER].link.encrypt = rows[i].policy == MPPE_REQUIRED;
		pair_give_verdict(p, true);
		p->lose_percent = 100;
		pair_run(p, rows[i].ms + 9000); /* and three Terminate-Requests */
		assert_int_equal(p->end[PAIR_SERVER].ended, 1);
		assert_int_equal(p->end[PAIR_SERVER].end.reason, rows[i].reason);
		pair_free(p);
	}
}

/* One that agrees to nothing, but keeps talking. */
TEST(link_ends_in_bounded_time_where_the_peer_talks_for_ever)
{
	static const char *const talk[] = {
		"80fd 01 05 000a 1206 00000020", /* 40 bit, which is not allowed */
		"80fd 01 05 0004",
		"80fd 01 05 0006 1a02",
	};
	for (size_t i = 0; i < COUNT_OF(talk); i++) {
		struct pair *p = pair_at_verdict();
		pair_give_verdict(p, true);
		p->lose_percent = 100;
		for (int s = 0; s < 75 && !p->end[PAIR_SERVER].ended; s++) {
			char ack[64];
			pair_give_hex(p, PAIR_SERVER, talk[i]);
			snprintf(ack, sizeof(ack), "80fd 02 %02x 000a 1206 01000040",
				 p->end[PAIR_SERVER].link.ccp.protocol.request_identifier);
			pair_give_hex(p, PAIR_SERVER, ack);
			assert_int_equal(p->end[PAIR_SERVER].ipv4_up, 0);
			pair_run(p, 1000);
		}
		assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_MPPE);
		pair_free(p);
	}
}

TEST(link_survives_every_truncation_of_every_frame_of_a_call)
{
	for (int victim = 0; victim < 2; victim++) {
		struct pair *p = pair_new();
		struct pair_frame f;
		struct packet packet;
		enum link_payload payload;
		int frames = 0;
		pair_open(p);
		for (int round = 0; round < 100; round++)
			for (int from = 0; from < 2; from++) {
				if (!pair_take(p, from, &f))
					continue;
				frames++;
				for (size_t cut = 0; cut < f.length && from != victim; cut++)
					pair_give(p, victim, f.bytes, cut, &payload, &packet);
				pair_give(p, !from, f.bytes, f.length, &payload, &packet);
				pair_run(p, 0);
			}
		assert_true(pair_is_up(p));
		pair_free(p);
	}
}

TEST(link_survives_garbage_and_ends_or_opens_in_bounded_time)
{
	static const uint16_t protocols[] = {0xc021, 0xc023, 0xc223, 0x8021, 0x8057,
					     0x80fd, 0x00fd, 0x0021, 0x0057, 0x8053};
	for (unsigned seed = 1; seed <= 150; seed++) {
		struct pair *p = pair_new();
		p->random_state = seed;
		for (int i = 0; i < 2; i++)
			p->end[i].settings.mppe = seed % 3;
		pair_open(p);
		for (int n = 0; n < 400; n++) {
			uint8_t bytes[80] = {0xff, 0x03};
			struct packet packet;
			enum link_payload payload;
			int to = (int)random_below(&p->random, 2);
			size_t length = 8 + random_below(&p->random, 72);
			random_fill(&p->random, bytes + 2, sizeof(bytes) - 2);
			uint16_t protocol =
				protocols[random_below(&p->random, COUNT_OF(protocols))];
			bytes[2] = (uint8_t)(protocol >> 8);
			bytes[3] = (uint8_t)protocol;
			bytes[4] %= 16;
			bytes[5] %= 8;
			bytes[6] = 0;
			bytes[7] =
				(uint8_t)(length - 4 - random_below(&p->random, 5) % (length - 7));
			for (size_t at = 8; at + 1 < length;
			     at += bytes[at + 1]) { /* likely options */
				bytes[at] %= 20;
				bytes[at + 1] = (uint8_t)(2 + bytes[at + 1] % 5);
			}
			pair_give(p, to, bytes, length, &payload, &packet);
			if (n % 3 == 0)
				pair_run(p, random_below(&p->random, 2000));
			p->end[to].count = MIN_OF(p->end[to].count, 100);
		}
		pair_run(p, 600000);
		for (int i = 0; i < 2; i++)
			if (!p->end[i].ended && !protocol_is_opened(&p->end[i].link.ipcp.protocol))
				assert_true(protocol_is_opened(&p->end[i].link.ipv6cp.protocol));
		pair_free(p);
	}
}

/* Every door of the link, in any order. */
TEST(link_survives_random_events)
{
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct pair *p = pair_new();
		struct pair_frame f;
		struct packet packet;
		enum link_payload payload;
		bool clear;
		p->random_state = seed;
		p->lose_percent = seed % 20;
		p->double_percent = seed % 7;
		for (int i = 0; i < 2; i++)
			p->end[i].settings.mppe = (enum mppe_policy)(seed % 3);
		pair_open(p);
		for (int n = 0; n < 200; n++) {
			int end = (int)random_below(&p->random, 2);
			struct link *l = &p->end[end].link;
			struct auth_verdict v = {.result = (uint8_t)random_below(&p->random, 3),
						 .question = (uint8_t)random_below(&p->random, 2)};
			switch (random_below(&p->random, 12)) {
			case 0:
				link_on_verdict(l, &v, p->now_ms);
				break;
			case 1:
				pair_run(p, random_below(&p->random, 5000));
				break;
			case 2:
				pair_ping(p, end, &clear);
				break;
			case 3: /* a frame, but damaged */
				if (!pair_take(p, end, &f))
					break;
				f.bytes[random_below(&p->random, (uint32_t)f.length)] ^=
					(uint8_t)(1u << random_below(&p->random, 8));
				pair_give(p, !end, f.bytes, f.length, &payload, &packet);
				break;
			case 4:
				if (!random_below(&p->random, 20))
					link_close(l, "by chance", p->now_ms);
				break;
			case 5:
				link_on_time(l, p->now_ms + random_below(&p->random, 100));
				break;
			default:
				if (pair_take(p, end, &f))
					pair_give(p, !end, f.bytes, f.length, &payload, &packet);
			}
			pair_collect(p, end);
		}
		p->lose_percent = 0;
		pair_run(p, 600000);
		assert_true(p->end[0].ended == p->end[1].ended);
		assert_true(p->end[0].ended || pair_is_up(p));
		pair_free(p);
	}
}
