/* Keystreams ahead, against RFC 3078 and 3079 done packet by packet, on every kind of bad wire. */
#include "ppp/mppe_supply.h"

#include <pthread.h>

#include "base/base.h"
#include "base/random.h"
#include "ppp/mppe_test.h"

enum { BATCH = 70, LONGEST = 1540, LINKS = 3 };

static struct mppe server[LINKS], client[LINKS];
static struct mppe_supply supplies[2 * LINKS]; /* of what the servers send, the clients receive */
static struct reference reference[LINKS];
static struct packet packets[BATCH];
static struct mppe_item items[BATCH];
static uint8_t clear[BATCH][LONGEST];

static void lend(unsigned link)
{
	mppe_supply_lend(&supplies[2 * link], &server[link].send);
	mppe_supply_lend(&supplies[2 * link + 1], &client[link].receive);
}

static void links_init(void)
{
	static const enum mppe_size sizes[] = {MPPE_128, MPPE_40, MPPE_56};
	for (unsigned i = 0; i < LINKS; i++) {
		pair_init(&server[i], &client[i], sizes[i], true);
		reference_init(&reference[i], sizes[i]);
		lend(i);
	}
}

static void links_fini(void)
{
	for (unsigned i = 0; i < LINKS; i++) {
		mppe_fini(&server[i]);
		mppe_fini(&client[i]);
		assert_true(mppe_supply_is_free(&supplies[2 * i]));
		assert_true(mppe_supply_is_free(&supplies[2 * i + 1]));
	}
}

static void run(unsigned first, unsigned count)
{
	struct mppe_item *all[BATCH] = {0};
	for (unsigned i = 0; i < count; i++)
		all[i] = &items[first + i];
	mppe_run(all, count);
}

/* Fills, seals and runs packets of these links, and compares with the reference. */
static void send_batch(struct random *random, const size_t *lengths, const unsigned *links,
		       unsigned count)
{
	static uint8_t expected[BATCH][LONGEST];
	for (unsigned n = 0; n < count; n++) {
		packet_reset(&packets[n]);
		packets[n].length = lengths[n];
		random_fill(random, packets[n].data, lengths[n]);
		memcpy(clear[n], packets[n].data, lengths[n]);
		memcpy(expected[n], packets[n].data, lengths[n]);
		reference_encrypt(&reference[links[n]], expected[n], lengths[n]);
		mppe_seal(&server[links[n]], &packets[n], &items[n]);
	}
	run(0, count);
	for (unsigned n = 0; n < count; n++)
		assert_memory_equal(packets[n].data + MPPE_HEADER, expected[n], lengths[n]);
}

/* Admits those of `order`, runs them, compares with what was sent, commits. */
static void receive_batch(const unsigned *order, const unsigned *links, unsigned count)
{
	struct mppe_item *all[BATCH] = {0};
	unsigned admitted = 0, of[BATCH];
	bool reset;
	for (unsigned i = 0; i < count; i++) {
		unsigned n = order[i];
		size_t length = packets[n].length - MPPE_HEADER;
		enum drop drop = mppe_admit(&client[links[n]], &packets[n], &items[n], 0, &reset);
		assert_int_equal(drop, length ? DROP_NONE : DROP_MPPE_MALFORMED);
		of[admitted] = n;
		all[admitted] = &items[n];
		admitted += drop == DROP_NONE;
	}
	mppe_run(all, admitted);
	for (unsigned i = 0; i < admitted; i++) {
		assert_memory_equal(packets[of[i]].data, clear[of[i]], packets[of[i]].length);
		mppe_commit(&client[links[of[i]]], all[i]);
	}
}

static void make_some(struct random *random, unsigned links)
{
	for (unsigned i = 0; i < 2 * links; i++)
		for (unsigned pieces = random_below(random, 8); pieces--;)
			mppe_supply_make(&supplies[i], &rc4_plan_plain,
					 1 + random_below(random, 14));
}

static void make_all(struct mppe_supply *s)
{
	for (unsigned pieces = 0; mppe_supply_make(s, &rc4_plan_plain, UINT32_MAX); pieces++)
		assert_true(pieces < 1000);
}

/* ---- equality ---- */

TEST(mppe_supply_equals_the_reference_at_every_length)
{
	uint64_t state = 21;
	struct random random = test_random(&state);
	static const unsigned order[] = {0, 1, 2, 3, 4, 5, 6, 7},
			      links[] = {0, 1, 2, 0, 1, 2, 0, 0};
	links_init();
	for (size_t length = 0; length <= 1500; length++) {
		size_t lengths[COUNT_OF(order)];
		for (unsigned i = 0; i < COUNT_OF(order); i++)
			lengths[i] = length;
		if (length % 3)
			make_some(&random, LINKS);
		send_batch(&random, lengths, links, COUNT_OF(order));
		receive_batch(order, links, COUNT_OF(order));
	}
	for (unsigned i = 0; i < COUNT_OF(supplies); i++) {
		assert_true(supplies[i].served > 500);
		assert_true(supplies[i].missed > 500);
	}
	links_fini();
}

/* Losses of all sizes, order lost within a batch, supplies empty, partly filled, full, and taken
 * away; the count goes round many times. */
TEST(mppe_supply_equals_the_reference_in_every_mix)
{
	uint64_t state = 22;
	struct random random = test_random(&state);
	links_init();
	for (unsigned round = 0; round < 1200; round++) {
		size_t lengths[BATCH];
		unsigned links[BATCH], order[BATCH], of = 1 + random_below(&random, LINKS);
		unsigned count = 1 + random_below(&random, BATCH), kept = 0;
		unsigned loss = random_below(&random, 5) ? 0 : random_below(&random, 100);
		for (unsigned i = 0; i < count; i++) {
			lengths[i] = random_below(&random, round % 3 ? 100 : LONGEST + 1);
			links[i] = random_below(&random, of);
		}
		make_some(&random, LINKS);
		send_batch(&random, lengths, links, count);
		for (unsigned i = 0; i < count; i++)
			if (random_below(&random, 100) >= loss)
				order[kept++] = i;
		for (unsigned i = 0; i + 3 < kept && round % 4 == 0;
		     i += 1 + random_below(&random, 9)) {
			unsigned early = order[i + 2];
			order[i + 2] = order[i];
			order[i] = early;
		}
		receive_batch(order, links, kept);
		if (round % 40 == 0) {
			mppe_supply_return(&server[round % LINKS].send);
			mppe_supply_return(&client[round % LINKS].receive);
		} else if (round % 40 == 7) {
			unsigned link = (round - 7) % LINKS;
			lend(link);
		}
	}
	assert_true(server[0].send.number > 3 * 4096);
	links_fini();
}

/* The batch's packets in pieces: what is sealed first is run last. */
TEST(mppe_supply_serves_what_is_run_late_or_not_at_all)
{
	struct packet p[40];
	struct mppe_item *all[40];
	links_init();
	for (unsigned round = 0; round < 50; round++) {
		make_all(&supplies[0]);
		make_all(&supplies[1]);
		for (unsigned n = 0; n < 40; n++) {
			fill_ip(&p[n], BODY, n);
			mppe_seal(&server[0], &p[n], &items[n]);
			all[n] = &items[n];
		}
		mppe_run(all + 20, 20);
		mppe_run(all, round % 19); /* their keystreams are gone */
		for (unsigned n = 0; n < 40; n++)
			if (n >= 20 || n < round % 19)
				assert_int_equal(receive(&client[0], &p[n], n), DROP_NONE);
	}
	links_fini();
}

/* ---- what is made, and what goes ---- */

static bool is_wiped(const struct mppe_made *made)
{
	static const uint8_t none[MPPE_SUPPLY_OCTETS];
	return !made->number && !memcmp(made->key, none, sizeof(made->key)) &&
	       !memcmp(made->stream, none, sizeof(none));
}

TEST(mppe_supply_is_wiped_as_it_is_used_and_when_it_goes_back)
{
	struct packet p;
	links_init();
	for (unsigned n = 0; n < 200; n++) {
		make_all(&supplies[0]);
		make_all(&supplies[1]);
		send(&server[0], &p, n);
		assert_true(is_wiped(&supplies[0].packets[(n + 1) % MPPE_SUPPLY_PACKETS]));
		assert_false(is_wiped(&supplies[1].packets[(n + 1) % MPPE_SUPPLY_PACKETS]));
		assert_int_equal(receive(&client[0], &p, n), DROP_NONE);
		assert_true(is_wiped(&supplies[1].packets[(n + 1) % MPPE_SUPPLY_PACKETS]));
		assert_int_equal(supplies[1].served, n + 1);
	}
	mppe_supply_return(&server[0].send);
	for (unsigned i = 0; i < MPPE_SUPPLY_PACKETS; i++)
		assert_true(is_wiped(&supplies[0].packets[i]));
	links_fini();
}

TEST(mppe_supply_is_filled_to_its_room_and_no_further)
{
	links_init();
	assert_true(mppe_supply_wants(&supplies[0]));
	make_all(&supplies[0]);
	assert_false(mppe_supply_wants(&supplies[0]));
	assert_in_range(mppe_supply_ready(&supplies[0], 0), MPPE_SUPPLY_PACKETS - 6,
			MPPE_SUPPLY_PACKETS);
	mppe_supply_return(&server[0].send);
	assert_false(mppe_supply_wants(&supplies[0]));
	assert_int_equal(mppe_supply_make(&supplies[0], &rc4_plan_plain, 1), 0);
	links_fini();
}

/* With a supply, no keys are made beside it. */
TEST(mppe_prepares_no_keys_where_there_is_a_supply)
{
	struct mppe *links[] = {&server[0]};
	links_init();
	assert_true(mppe_wants_keys(&server[0])); /* of what it receives */
	assert_int_equal(mppe_prepare(&rc4_plan_plain, links, 1, 1000), MPPE_KEYS_AHEAD);
	assert_int_equal(server[0].send.ahead_count, 0);
	assert_false(mppe_wants_keys(&server[0]));
	links_fini();
}

TEST(mppe_supply_makes_streams_as_long_as_the_packets_of_late)
{
	uint64_t state = 23;
	struct random random = test_random(&state);
	static const unsigned order[] = {0, 1}, links[] = {0, 0};
	static const struct {
		size_t lengths[2];
		unsigned rounds, octets;
	} rows[] = {
		{{40, 52}, 1, 64},    {{65, 20}, 1, 128},  {{1402, 52}, 1, 1408},
		{{64, 64}, 64, 1408}, {{64, 64}, 250, 64}, {{1537, 100}, 1, 128},
	};
	links_init();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (unsigned round = 0; round < rows[i].rounds; round++) {
			send_batch(&random, rows[i].lengths, links, 2);
			receive_batch(order, links, 2);
		}
		assert_int_equal(supplies[0].octets, rows[i].octets);
		assert_int_equal(supplies[1].octets, rows[i].octets);
	}
	links_fini();
}

/* ---- a maker that is behind ---- */

TEST(mppe_supply_goes_on_where_the_direction_is)
{
	struct packet p;
	unsigned n = 0;
	links_init();
	for (; n < 3000; n++) { /* without a maker */
		send(&server[0], &p, n);
		assert_int_equal(receive(&client[0], &p, n), DROP_NONE);
	}
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(mppe_supply_make(&supplies[i], &rc4_plan_plain, 4), 4);
		make_all(&supplies[i]);
	}
	for (unsigned served = 0; served < 50; n++, served++) {
		assert_int_equal(supplies[0].served, served);
		assert_int_equal(supplies[1].served, served);
		send(&server[0], &p, n);
		assert_int_equal(receive(&client[0], &p, n), DROP_NONE);
	}
	for (; n < 4000; n++)
		send(&server[0], &p, n); /* lost, and at the end the newest is known */
	assert_int_equal(receive(&client[0], &p, n - 1), DROP_NONE);
	/* What is received so far ahead gives no hint: the way is walked. */
	assert_int_equal(mppe_supply_make(&supplies[1], &rc4_plan_plain, 4), 64);
	for (unsigned i = 0; i < 2; i++) {
		make_all(&supplies[i]);
		send(&server[0], &p, n);
		assert_int_equal(receive(&client[0], &p, n++), DROP_NONE);
	}
	links_fini();
}

TEST(mppe_supply_serves_across_losses_and_jumps)
{
	uint64_t state = 24;
	struct random random = test_random(&state);
	struct packet p, late;
	bool reset;
	links_init();
	for (unsigned n = 0, round = 0; round < 700; round++, n++) {
		unsigned lost = random_below(&random, round % 50 ? 90 : 2000);
		make_some(&random, 1);
		send(&server[0], &late, n);
		for (unsigned i = 0; i < lost; i++)
			send(&server[0], &p, ++n);
		send(&server[0], &p, ++n);
		assert_int_equal(receive_at(&client[0], &p, n, round * 1000, &reset), DROP_NONE);
		assert_int_equal(receive_at(&client[0], &late, n - lost - 1, round * 1000, &reset),
				 lost < MPPE_KEPT_KEYS - 1 ? DROP_NONE : DROP_MPPE_LATE);
	}
	assert_true(supplies[1].served > 100);
	links_fini();
}

TEST(mppe_supply_serves_after_the_count_went_round_unseen)
{
	static const unsigned lost[] = {2100, 4084, 5000, 20000};
	struct packet p;
	bool reset;
	for (size_t i = 0; i < COUNT_OF(lost); i++) {
		unsigned n = 0, tries = 0;
		links_init();
		make_all(&supplies[1]);
		for (unsigned end = 20 + lost[i]; n < end; n++) {
			send(&server[0], &p, n);
			if (n < 20)
				assert_int_equal(receive(&client[0], &p, n), DROP_NONE);
		}
		for (;; tries++, n++) {
			send(&server[0], &p, n);
			make_all(&supplies[1]);
			if (receive_at(&client[0], &p, n, 60000 + tries * 50, &reset) == DROP_NONE)
				break;
			assert_true(tries < 60);
		}
		assert_int_equal(client[0].receive.number, server[0].send.number);
		make_all(&supplies[1]);
		uint64_t served = supplies[1].served;
		for (n++; supplies[1].served < served + 100; n++) {
			make_all(&supplies[1]);
			send(&server[0], &p, n);
			assert_int_equal(receive_at(&client[0], &p, n, 70000, &reset), DROP_NONE);
		}
		links_fini();
	}
}

TEST(mppe_supply_is_not_moved_by_forged_counts)
{
	struct packet p;
	links_init();
	for (unsigned n = 0; n < 300; n++) {
		make_all(&supplies[1]);
		forge(&p, (n + 100) & 0xfff);
		assert_int_equal(receive(&client[0], &p, 0), DROP_MPPE_GARBAGE);
		forge(&p, (n + 3) & 0xfff);
		assert_int_equal(receive(&client[0], &p, 0), DROP_MPPE_GARBAGE);
		send(&server[0], &p, n);
		uint64_t served = supplies[1].served;
		assert_int_equal(receive(&client[0], &p, n), DROP_NONE);
		assert_int_equal(supplies[1].served, served + 1);
	}
	links_fini();
}

/* One that is near moves it, so the packets between are without; they are decrypted all the same. */
TEST(mppe_supply_has_a_gap_behind_a_forged_count_that_is_near)
{
	struct packet p;
	unsigned n = 0;
	links_init();
	forge(&p, 40);
	assert_int_equal(receive(&client[0], &p, 0), DROP_MPPE_GARBAGE);
	make_all(&supplies[1]);
	for (; n < 60; n++) {
		send(&server[0], &p, n);
		uint64_t served = supplies[1].served;
		assert_int_equal(receive(&client[0], &p, n), DROP_NONE);
		assert_int_equal(supplies[1].served, served + (n > 40));
	}
	links_fini();
}

/* ---- threads ---- */

static atomic_bool stopping;

static void *maker(void *context)
{
	(void)context;
	while (!atomic_load_explicit(&stopping, memory_order_relaxed))
		for (unsigned i = 0; i < COUNT_OF(supplies); i++)
			mppe_supply_make(&supplies[i], &rc4_plan_plain, 6);
	return NULL;
}

/* Two makers beside the links' own thread, and supplies that come and go under their hands. */
TEST(mppe_supply_equals_the_reference_with_makers_in_other_threads)
{
	enum { MAKERS = 2, ROUNDS = 600 };
	uint64_t state = 25;
	struct random random = test_random(&state);
	pthread_t threads[MAKERS];
	links_init();
	atomic_store(&stopping, false);
	for (unsigned i = 0; i < MAKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, maker, NULL), 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t lengths[BATCH];
		unsigned links[BATCH], order[BATCH], kept = 0;
		unsigned count = 1 + random_below(&random, BATCH);
		for (unsigned i = 0; i < count; i++) {
			lengths[i] = 20 + random_below(&random, 300);
			links[i] = random_below(&random, LINKS);
		}
		send_batch(&random, lengths, links, count);
		for (unsigned i = 0; i < count; i++)
			if (random_below(&random, 20))
				order[kept++] = i;
		receive_batch(order, links, kept);
		unsigned link = random_below(&random, LINKS);
		if (round % 16 == 0) {
			mppe_supply_return(&server[link].send);
			mppe_supply_return(&client[link].receive);
		}
		for (unsigned i = 0; i < LINKS && round % 16 == 8; i++) {
			if (!server[i].send.supply && mppe_supply_is_free(&supplies[2 * i]))
				mppe_supply_lend(&supplies[2 * i], &server[i].send);
			if (!client[i].receive.supply && mppe_supply_is_free(&supplies[2 * i + 1]))
				mppe_supply_lend(&supplies[2 * i + 1], &client[i].receive);
		}
	}
	for (unsigned i = 0; i < LINKS; i++) {
		mppe_fini(&server[i]); /* while they are at work */
		mppe_fini(&client[i]);
	}
	atomic_store(&stopping, true);
	for (unsigned i = 0; i < MAKERS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < COUNT_OF(supplies); i++)
		assert_true(mppe_supply_is_free(&supplies[i]));
}
