#include "ppp/mppe_test.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "crypto/rc4_test.h"

/* clang-format off */
static const struct known {
	enum mppe_size size;
	const char *send_key, *receive_key;  /* initial session keys */
	const char *test_message;            /* "test message" under send_key */
	const char *changed[4];              /* send_key after 1, 2, 3, 4 changes */
	const char *packets[3];              /* stateless, behind 00FD */
} known[] = {
	{MPPE_40, "d1269ec49fa62e3e", "d1269ed2ae999038", "929137917e5803d668d75898",
	 {"d1269ece4d98d181", "d1269edeefbd8aff", "d1269eb1a7fcb215", "d1269e3b913d5db8"},
	 {"90009edcd16796ed448a3159d54c5e831d4819ec1501c3e1405e37c9d8c022b56086beae",
	  "9001f2035e6d4ffa95ffbd5937fa053e7858b568a7b780d5ffa10ebb1fcb1b4c910b912f",
	  "9002370a803fe1c87c8a89d666359e9ceb5d8494c0c130a01e0ab645bf1b6ef082eeec82"}},
	/* RFC 3079 §3.5.2 misprints the last octet of the test message as 58. */
	{MPPE_56, "d15c00c49fa62e3e", "d16a9bd2ae999038", "3f106833fa448da842bc57b8",
	 {"d16182a2ab481407", "d178cc274f63faf1", "d1894870daab684a", "d1e60b8a6ee3a554"},
	 {"900068daf35aa778835c0985ed1cb08f59a8f16e2dbfd8894d94c88923db3c1e41a18e16",
	  "9001b23cf207b2b4aeb06fab56ca8d31684b44dd122ad1a8d76ef3f1e532fbc6ede086a9",
	  "90028d3c8fb6cbc528c33a3995efe5316e96369fc09917cba416066d60d537d09c60b36f"}},
	{MPPE_128, "405cb2247a7956e6e211007ae27b22d4", "49d11d0f0cc6befba2a9b4b688f91eee",
	 "81848317df68846272fb5abe",
	 {"726f10500e2b54135b1b74d7682f0471", "2805bc7869bec825573a7803e95a3acd",
	  "58128c36cabd54968139fd94b5883d4a", "490ec715d44dbaa8176212986fc362bf"},
	 {"90007058562ae26c5cbfd561812c755f99b767ff28c257e6a0211b32854bcd9856504cf2",
	  "9001353ce128a432ea5944da139e8799fc4f0ebc25600f4878bb30b9c743873df1ebc29a",
	  "9002ccd930da33bacf5ad24ead1af8e401c1a676af53a47120bb4faa40abd62c6bbe00da"}},
};
/* clang-format on */

static void assert_hex(const uint8_t *bytes, const char *hex)
{
	uint8_t expected[64];
	size_t length = test_unhex(hex, expected, sizeof(expected));
	assert_memory_equal(bytes, expected, length);
}

/* ---- keys ---- */

TEST(mppe_starts_from_the_keys_of_rfc_3079)
{
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		struct mppe server, client;
		pair_init(&server, &client, known[i].size, true);
		assert_hex(server.send.session_key, known[i].send_key);
		assert_hex(client.receive.session_key, known[i].send_key);
		assert_hex(server.receive.session_key, known[i].receive_key);
		assert_hex(client.send.session_key, known[i].receive_key);
	}
}

TEST(mppe_starts_from_the_keys_of_ms_chap) /* RFC 3079 §2.5, password clientPass */
{
	static const struct {
		enum mppe_size size;
		const char *key;
	} rows[] = {
		{MPPE_40, "d1269e538cec4a08"},
		{MPPE_56, "d10801538cec4a08"},
		{MPPE_128, "59d159bc09f76f1da2a86a28ffec0b1e"},
	};
	struct auth_keys keys = {.present = 1};
	test_unhex("a8947850cfc0acc1d1789fb62ddcddb0", keys.send, 16);
	memcpy(keys.receive, keys.send, 16);
	test_unhex("76a152936096d783", keys.send_short, 8);
	memcpy(keys.receive_short, keys.send_short, 8);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct mppe m;
		mppe_init(&m, &keys, rows[i].size, true);
		assert_hex(m.send.session_key, rows[i].key);
		assert_hex(m.receive.session_key, rows[i].key);
	}
}

TEST(mppe_encrypts_the_test_message_of_rfc_3079)
{
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		uint8_t message[12];
		memcpy(message, "test message", sizeof(message));
		struct mppe_item item = {.data = message, .length = sizeof(message)};
		struct mppe_item *items[] = {&item};
		item.key_length = (uint8_t)test_unhex(known[i].send_key, item.key, 16);
		mppe_run(items, 1);
		assert_hex(message, known[i].test_message);
	}
}

TEST(mppe_changes_the_key_before_every_stateless_packet)
{
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		struct mppe server, client;
		pair_init(&server, &client, known[i].size, true);
		for (size_t n = 0; n < COUNT_OF(known[i].changed); n++) {
			struct packet p;
			struct mppe_item item;
			fill_ip(&p, BODY, 0);
			mppe_seal(&server, &p, &item);
			assert_int_equal(item.key_length, known[i].size == MPPE_128 ? 16 : 8);
			assert_hex(item.key, known[i].changed[n]);
		}
	}
}

TEST(mppe_makes_and_reads_the_known_stateless_packets)
{
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		struct mppe server, client;
		pair_init(&server, &client, known[i].size, true);
		for (size_t n = 0; n < COUNT_OF(known[i].packets); n++) {
			struct packet p;
			struct mppe_item item, *items[] = {&item};
			bool reset;
			packet_reset(&p);
			p.length = 34; /* 0021 00 01 … 1f */
			p.data[1] = 0x21;
			p.data[0] = 0;
			for (uint8_t octet = 0; octet < 32; octet++)
				p.data[2 + octet] = octet;
			mppe_seal(&server, &p, &item);
			mppe_run(items, 1);
			assert_int_equal(p.length, 36);
			assert_hex(p.data, known[i].packets[n]);
			assert_int_equal(mppe_admit(&client, &p, &item, 0, &reset), DROP_NONE);
			mppe_run(items, 1);
			mppe_commit(&client, &item);
			assert_int_equal(p.length, 34);
			assert_hex(p.data, "0021000102030405060708090a0b0c0d0e0f"
					   "101112131415161718191a1b1c1d1e1f");
		}
	}
}

TEST(mppe_fini_leaves_no_key)
{
	struct mppe server, client, zero;
	pair_init(&server, &client, MPPE_128, true);
	memset(&zero, 0, sizeof(zero));
	mppe_fini(&server);
	assert_memory_equal(&server, &zero, sizeof(zero));
}

/* ---- both modes ---- */

TEST(mppe_round_trips_past_the_wrap_of_the_count_in_every_size_and_mode)
{
	for (size_t i = 0; i < 2 * COUNT_OF(known); i++) {
		struct mppe server, client;
		pair_init(&server, &client, known[i / 2].size, i % 2);
		for (unsigned n = 0; n < 4096 + 300; n++) {
			struct packet p;
			send(&server, &p, n);
			assert_int_equal((p.data[0] << 8 | p.data[1]) & 0xfff, n % 4096);
			assert_int_equal(receive(&client, &p, n), DROP_NONE);
			send(&client, &p, n);
			assert_int_equal(receive(&server, &p, n), DROP_NONE);
		}
	}
}

TEST(mppe_drops_every_truncation_and_still_takes_the_whole_packet)
{
	for (int stateless = 0; stateless < 2; stateless++) {
		struct mppe server, client;
		pair_init(&server, &client, MPPE_128, stateless);
		for (unsigned n = 0; n < 2; n++) {
			struct packet p;
			send(&server, &p, n);
			size_t whole = p.length;
			for (p.length = 0; p.length < whole; p.length++)
				assert_int_equal(receive(&client, &p, n),
						 p.length <= 2 ? DROP_MPPE_MALFORMED
							       : DROP_MPPE_GARBAGE);
			assert_int_equal(receive(&client, &p, n), DROP_NONE);
		}
	}
}

TEST(mppe_drops_what_does_not_say_encrypted_and_minds_no_bit_of_mppc)
{
	for (int stateless = 0; stateless < 2; stateless++) {
		struct mppe server, client;
		struct packet p;
		pair_init(&server, &client, MPPE_128, stateless);
		send(&server, &p, 0);
		p.data[0] &= 0xef;
		assert_int_equal(receive(&client, &p, 0), DROP_MPPE_MALFORMED);
		p.data[0] |= 0x70; /* bits B and C: of no significance, RFC 3078 §3.1 */
		assert_int_equal(receive(&client, &p, 0), DROP_NONE);
	}
}

/* Noise behind every header: admitted or not, nothing of it may be remembered but spent time. */
TEST(mppe_garbage_moves_nothing)
{
	uint64_t state = 6;
	struct random random = test_random(&state);
	for (int stateless = 0; stateless < 2; stateless++) {
		struct mppe server, client;
		struct packet p, noise;
		pair_init(&server, &client, MPPE_128, stateless);
		for (unsigned n = 0; n < 300; n++) {
			for (int forged = 0; forged < 5; forged++) {
				packet_reset(&noise);
				noise.length = 1 + random_below(&random, 60);
				random_fill(&random, noise.data, noise.length);
				noise.data[0] |= 0x10;
				assert_int_not_equal(receive(&client, &noise, n), DROP_NONE);
			}
			send(&server, &p, n);
			assert_int_equal(receive(&client, &p, n), DROP_NONE);
		}
	}
}

/* ---- stateless ---- */

static struct packet sealed[100];

static void send_many(struct mppe *m, size_t count)
{
	for (size_t n = 0; n < count; n++)
		send(m, &sealed[n], (unsigned)n);
}

TEST(mppe_decrypts_a_late_stateless_packet_once)
{
	struct mppe server, client;
	pair_init(&server, &client, MPPE_128, true);
	send_many(&server, 20);
	assert_int_equal(receive(&client, &sealed[10], 10), DROP_NONE);
	for (unsigned n = 0; n < 10; n++)
		assert_int_equal(receive(&client, &sealed[n], n), DROP_NONE);
	for (unsigned n = 0; n <= 10; n++)
		assert_int_equal(receive(&client, &sealed[n], n), DROP_MPPE_LATE);
	assert_int_equal(receive(&client, &sealed[11], 11), DROP_NONE);
}

TEST(mppe_keeps_a_late_packets_key_until_it_proved_sane)
{
	struct mppe server, client;
	pair_init(&server, &client, MPPE_128, true);
	send_many(&server, 3);
	assert_int_equal(receive(&client, &sealed[2], 2), DROP_NONE);
	struct packet forged = sealed[1];
	forged.data = forged.buffer + (sealed[1].data - sealed[1].buffer);
	forged.data[9] ^= 1;
	assert_int_equal(receive(&client, &forged, 1), DROP_MPPE_GARBAGE);
	assert_int_equal(receive(&client, &sealed[1], 1), DROP_NONE);
}

TEST(mppe_knows_no_key_of_packets_that_are_too_late)
{
	struct mppe server, client;
	pair_init(&server, &client, MPPE_128, true);
	send_many(&server, 100);
	for (unsigned n = 1; n <= MPPE_KEPT_KEYS; n++)
		assert_int_equal(receive(&client, &sealed[n], n), DROP_NONE);
	assert_int_equal(receive(&client, &sealed[0], 0), DROP_MPPE_LATE);
}

TEST(mppe_has_no_late_packets_before_the_first)
{
	struct mppe server, client;
	struct packet p;
	pair_init(&server, &client, MPPE_128, true);
	send(&server, &p, 0);
	p.data[0] = 0x9f; /* count 4095, one before the first */
	p.data[1] = 0xff;
	assert_int_equal(receive(&client, &p, 0), DROP_MPPE_LATE);
}

/* All admitted before the first is run, in any order, committed in that order. */
static void run_shuffled(const struct rc4_plan *plan)
{
	enum { BATCH = 60 };
	static struct mppe_item items[BATCH];
	struct mppe_item *all[BATCH];
	uint64_t state = 7;
	struct random random = test_random(&state);
	struct mppe server, client;
	unsigned order[BATCH];
	bool reset;
	pair_init(&server, &client, MPPE_128, true);
	send_many(&server, BATCH + 1);
	for (unsigned i = 0; i < BATCH; i++) {
		unsigned other = random_below(&random, i + 1);
		order[i] = order[other];
		order[other] = i;
		all[i] = &items[i];
	}
	for (unsigned i = 0; i < BATCH; i++)
		assert_int_equal(mppe_admit(&client, &sealed[order[i]], &items[i], 0, &reset),
				 DROP_NONE);
	mppe_run_by(plan, all, BATCH);
	for (unsigned i = 0; i < BATCH; i++) {
		assert_true(is_ip(&sealed[order[i]], BODY, order[i]));
		mppe_commit(&client, &items[i]);
	}
	assert_int_equal(receive(&client, &sealed[BATCH], BATCH), DROP_NONE);
}

TEST(mppe_runs_a_shuffled_batch_of_one_link_by_every_kernel)
{
	by_every_kernel(run_shuffled);
}

/* More than one run's worth, of both directions, sizes
 * and lengths, sealed and opened in batches. */
static void run_many_links(const struct rc4_plan *plan)
{
	enum { LINKS = 3, EACH = 45 };
	static struct mppe server[LINKS], client[LINKS];
	static struct packet packets[LINKS * EACH];
	static struct mppe_item items[LINKS * EACH];
	struct mppe_item *all[LINKS * EACH];
	bool reset;
	for (size_t i = 0; i < LINKS; i++)
		pair_init(&server[i], &client[i], known[i].size, true);
	for (unsigned n = 0; n < COUNT_OF(all); n++) {
		all[n] = &items[n];
		fill_ip(&packets[n], 20 + 10 * n, n);
		mppe_seal(&server[n % LINKS], &packets[n], &items[n]);
	}
	mppe_run_by(plan, all, COUNT_OF(all));
	for (unsigned n = 0; n < COUNT_OF(all); n++)
		assert_int_equal(mppe_admit(&client[n % LINKS], &packets[n], &items[n], 0, &reset),
				 DROP_NONE);
	/* Not by the plan: what it left out would be left out twice. */
	mppe_run(all, COUNT_OF(all));
	for (unsigned n = 0; n < COUNT_OF(all); n++) {
		assert_true(is_ip(&packets[n], 20 + 10 * n, n));
		mppe_commit(&client[n % LINKS], &items[n]);
	}
}

TEST(mppe_runs_batches_of_many_links_by_every_kernel)
{
	by_every_kernel(run_many_links);
}

TEST(mppe_finds_the_key_behind_every_gap_up_to_half_the_count)
{
	static const struct {
		unsigned lost;
		enum drop drop;
	} rows[] = {
		{0, DROP_NONE},    {1, DROP_NONE},         {63, DROP_NONE},
		{64, DROP_NONE},   {65, DROP_NONE},        {1000, DROP_NONE},
		{2047, DROP_NONE}, {2048, DROP_MPPE_LATE}, {4000, DROP_MPPE_LATE},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct mppe server, client;
		struct packet p;
		pair_init(&server, &client, MPPE_128, true);
		for (unsigned n = 0; n < 3000; n++) {
			send(&server, &p, n);
			assert_int_equal(receive(&client, &p, n), DROP_NONE);
		}
		for (unsigned n = 0; n <= rows[i].lost; n++)
			send(&server, &p, n);
		assert_int_equal(receive(&client, &p, rows[i].lost), rows[i].drop);
	}
}

TEST(mppe_bounds_what_forged_jumps_cost_and_goes_on_meanwhile)
{
	struct mppe server, client;
	struct packet p;
	bool reset;
	unsigned admitted = 0, n = 0;
	pair_init(&server, &client, MPPE_128, true);
	for (unsigned round = 0; round < 200; round++, n += 2) {
		forge(&p, (n + 2000) & 0xfff);
		admitted += receive_at(&client, &p, n, 500, &reset) == DROP_MPPE_GARBAGE;
		forge(&p, (n + 100) & 0xfff); /* throws the far keys out of the cache */
		receive_at(&client, &p, n, 500, &reset);
		send(&server, &p, n); /* lost */
		send(&server, &p, n + 1);
		assert_int_equal(receive_at(&client, &p, n + 1, 500, &reset), DROP_NONE);
	}
	assert_in_range(admitted, 20, MPPE_REKEYS_A_SECOND / 1990);
	assert_true(client.receive.rekeys <= MPPE_REKEYS_A_SECOND);
	forge(&p, (n + 2000) & 0xfff);
	assert_int_equal(receive_at(&client, &p, n, 999, &reset), DROP_MPPE_JUMP);
	assert_int_equal(receive_at(&client, &p, n, 1000, &reset), DROP_MPPE_GARBAGE);
}

/* Twenty packets a second after the loss, as of a peer that tries again. */
static void lose_in_a_row(enum mppe_size size, unsigned lost)
{
	struct mppe server, client;
	struct packet p, late;
	unsigned n = 0, tries = 0;
	bool reset;
	pair_init(&server, &client, size, true);
	for (; n < 100; n++) {
		send(&server, &p, n);
		assert_int_equal(receive_at(&client, &p, n, 1000, &reset), DROP_NONE);
	}
	for (unsigned end = n + lost; n < end; n++)
		send(&server, &p, n);
	do
		send(&server, &p, n + tries);
	while (receive_at(&client, &p, n + tries, 60000 + tries * 50, &reset) != DROP_NONE &&
	       ++tries < 60);
	assert_in_range(tries, 10, 30);
	n += tries + 1;
	send(&server, &late, n);
	for (unsigned i = 1; i < 70; i++) {
		send(&server, &p, n + i);
		assert_int_equal(receive_at(&client, &p, n + i, 70000, &reset), DROP_NONE);
		if (i == 30)
			assert_int_equal(receive_at(&client, &late, n, 70000, &reset), DROP_NONE);
	}
}

TEST(mppe_finds_the_key_again_after_the_count_went_round_unseen)
{
	static const unsigned lost[] = {2100, 3000, 4000, 4095, 4096, 4200, 6500, 10000, 50000};
	for (size_t i = 0; i < COUNT_OF(lost); i++)
		lose_in_a_row(known[i % 3].size, lost[i]);
}

TEST(mppe_searches_for_no_key_while_packets_prove_sane)
{
	struct mppe server, client;
	struct packet p;
	bool reset;
	pair_init(&server, &client, MPPE_128, true);
	for (unsigned n = 0; n < 200; n++) {
		for (unsigned i = 0; i < 20; i++) {
			forge(&p, (n + 4000) & 0xfff);
			assert_int_equal(receive_at(&client, &p, n, n * 400, &reset),
					 DROP_MPPE_LATE);
		}
		send(&server, &p, n);
		assert_int_equal(receive_at(&client, &p, n, n * 400 + 399, &reset), DROP_NONE);
		assert_int_equal(client.receive.rekeys, 0);
	}
}

TEST(mppe_spends_nothing_twice_on_the_same_jump)
{
	struct mppe server, client;
	struct packet p;
	pair_init(&server, &client, MPPE_128, true);
	forge(&p, 1500);
	for (int i = 0; i < 100; i++)
		assert_int_equal(receive(&client, &p, 0), DROP_MPPE_GARBAGE);
	assert_int_equal(client.receive.rekeys, 1501);
}

TEST(mppe_stateless_minds_no_reset_request)
{
	struct mppe server, client;
	struct packet p;
	pair_init(&server, &client, MPPE_128, true);
	mppe_on_reset_request(&server);
	assert_int_equal(server.resets_received, 1);
	for (unsigned n = 0; n < 3; n++) {
		send(&server, &p, n);
		assert_int_equal(receive(&client, &p, n), DROP_NONE);
	}
}
