/* Batches of all mixes, and keys made ahead, against RFC 3078 and 3079 done packet by packet. */
#include "ppp/mppe_test.h"

#include "base/base.h"
#include "base/random.h"
#include "crypto/rc4_test.h"

enum { LINKS = 7, BATCH = 80, LONGEST = 1500 };

/* A clock for rc4_choose that likes now this kernel, now that. */
static uint64_t ticks;

static uint64_t some_clock(void)
{
	ticks += 1 + ticks * 7 % 31;
	return ticks;
}

/* ---- links beside their references ---- */

static struct mppe server[LINKS], client[LINKS];
static struct reference reference[LINKS];
static struct packet packets[BATCH];
static struct mppe_item items[BATCH];
static uint8_t expected[BATCH][LONGEST], clear[BATCH][LONGEST];

static void links_init(void)
{
	static const enum mppe_size sizes[] = {MPPE_128, MPPE_40, MPPE_128, MPPE_56};
	for (size_t i = 0; i < LINKS; i++) {
		pair_init(&server[i], &client[i], sizes[i % COUNT_OF(sizes)], true);
		reference_init(&reference[i], sizes[i % COUNT_OF(sizes)]);
	}
}

static void fill(struct random *random, unsigned n, size_t length)
{
	packet_reset(&packets[n]);
	packets[n].length = length;
	random_fill(random, packets[n].data, length);
	memcpy(clear[n], packets[n].data, length);
	memcpy(expected[n], packets[n].data, length);
}

static void run(const struct rc4_plan *plan, size_t count)
{
	struct mppe_item *all[BATCH];
	for (size_t i = 0; i < count; i++)
		all[i] = &items[i];
	mppe_run_by(plan, all, count);
}

/* A batch of packets of these links, both ways, against the reference. */
static void check_batch(const struct rc4_plan *plan, struct random *random, const size_t *lengths,
			const unsigned *links, size_t count)
{
	bool reset;
	for (unsigned n = 0; n < count; n++) {
		fill(random, n, lengths[n]);
		reference_encrypt(&reference[links[n]], expected[n], lengths[n]);
		mppe_seal(&server[links[n]], &packets[n], &items[n]);
	}
	run(plan, count);
	for (unsigned n = 0; n < count; n++) {
		assert_int_equal(packets[n].length, MPPE_HEADER + lengths[n]);
		assert_memory_equal(packets[n].data + MPPE_HEADER, expected[n], lengths[n]);
	}
	for (unsigned n = 0; n < count; n++)
		assert_int_equal(mppe_admit(&client[links[n]], &packets[n], &items[n], 0, &reset),
				 lengths[n] ? DROP_NONE : DROP_MPPE_MALFORMED);
	for (unsigned n = 0; n < count; n++)
		if (!lengths[n]) /* there is no such packet; as good as lost */
			items[n] = (struct mppe_item){.key_length = 16};
	run(plan, count);
	for (unsigned n = 0; n < count; n++) {
		assert_memory_equal(packets[n].data, lengths[n] ? clear[n] : packets[n].data,
				    lengths[n]);
		if (lengths[n])
			mppe_commit(&client[links[n]], &items[n]);
	}
}

/* Lengths so many octets apart: now of one link alone, now of all. */
static void check_lengths(const struct rc4_plan *plan, size_t apart)
{
	uint64_t state = 11;
	struct random random = test_random(&state);
	links_init();
	for (size_t length = 0; length <= LONGEST; length += apart) {
		size_t lengths[LINKS];
		unsigned links[LINKS];
		for (unsigned i = 0; i < LINKS; i++) {
			lengths[i] = length;
			links[i] = length % 2 ? i : (unsigned)(length / 2 % LINKS);
		}
		check_batch(plan, &random, lengths, links, LINKS);
	}
}

static void check_mix(const struct rc4_plan *plan, struct random *random, unsigned round)
{
	size_t lengths[BATCH], count = 1 + random_below(random, BATCH);
	unsigned links[BATCH], of = 1 + random_below(random, LINKS);
	for (size_t i = 0; i < count; i++) {
		lengths[i] = random_below(random, round % 3 ? 100 : LONGEST + 1);
		links[i] = random_below(random, of);
	}
	for (unsigned i = 0; i < LINKS && round % 5 == 0; i++) {
		struct mppe *prepared[] = {&server[i], &client[(i + 3) % LINKS]};
		mppe_prepare(plan, prepared, 2, random_below(random, 70));
	}
	check_batch(plan, random, lengths, links, count);
}

TEST(mppe_batches_equal_the_reference_at_every_length)
{
	struct rc4_plan plan = rc4_choose(some_clock);
	check_lengths(&plan, 1);
}

TEST(mppe_batches_equal_the_reference_in_every_mix)
{
	uint64_t state = 12;
	struct random random = test_random(&state);
	links_init();
	for (unsigned round = 0; round < 400; round++) {
		struct rc4_plan plan = round % 2 ? rc4_choose(some_clock) : rc4_plan_plain;
		check_mix(&plan, &random, round);
	}
}

/* Every length by every kernel is a test of crypto; here, some of each remainder of 16. */
static void check_kernel(const struct rc4_plan *plan)
{
	uint64_t state = 15;
	struct random random = test_random(&state);
	check_lengths(plan, 7);
	links_init();
	for (unsigned round = 0; round < 40; round++)
		check_mix(plan, &random, round);
}

TEST(mppe_batches_equal_the_reference_by_every_kernel)
{
	by_every_kernel(check_kernel);
}

/* ---- keys ahead ---- */

static unsigned prepare(struct mppe *m, unsigned budget)
{
	struct mppe *links[] = {m};
	return mppe_prepare(&rc4_plan_plain, links, 1, budget);
}

TEST(mppe_prepares_no_more_than_its_budget_and_the_room)
{
	pair_init(&server[0], &client[0], MPPE_128, true);
	assert_true(mppe_wants_keys(&server[0]));
	assert_int_equal(prepare(&server[0], 0), 0);
	assert_int_equal(prepare(&server[0], 5), 5);
	assert_int_equal(server[0].send.ahead_count + server[0].receive.ahead_count, 5);
	assert_int_equal(prepare(&server[0], 1000), 2 * MPPE_KEYS_AHEAD - 5);
	assert_int_equal(prepare(&server[0], 1000), 0);
	assert_false(mppe_wants_keys(&server[0]));
}

TEST(mppe_prepares_nothing_for_a_link_without_stateless_keys)
{
	pair_init(&server[0], &client[0], MPPE_128, false);
	assert_false(mppe_wants_keys(&server[0]));
	assert_int_equal(prepare(&server[0], 100), 0);
	mppe_fini(&server[0]);
	assert_false(mppe_wants_keys(&server[0]));
	assert_int_equal(prepare(&server[0], 100), 0);
}

TEST(mppe_uses_a_key_made_ahead_once_and_wipes_it)
{
	static const uint8_t none[16];
	struct packet p;
	pair_init(&server[0], &client[0], MPPE_128, true);
	prepare(&server[0], 2 * MPPE_KEYS_AHEAD);
	prepare(&client[0], 2 * MPPE_KEYS_AHEAD);
	for (unsigned n = 0; n < MPPE_KEYS_AHEAD; n++) {
		send(&server[0], &p, n);
		assert_int_equal(receive(&client[0], &p, n), DROP_NONE);
		assert_int_equal(server[0].send.ahead_count, MPPE_KEYS_AHEAD - 1 - n);
		assert_int_equal(client[0].receive.ahead_count, MPPE_KEYS_AHEAD - 1 - n);
		assert_memory_equal(server[0].send.ahead[n], none, sizeof(none));
		assert_memory_equal(client[0].receive.ahead[n], none, sizeof(none));
	}
}

/* All losses that the count can tell, with any number of keys ahead. */
TEST(mppe_keys_ahead_serve_across_losses)
{
	uint64_t state = 13;
	struct random random = test_random(&state);
	struct packet p, late;
	pair_init(&server[0], &client[0], MPPE_128, true);
	for (unsigned n = 0, round = 0; round < 1500; round++, n++) {
		unsigned lost = random_below(&random, round % 50 ? 45 : 2000);
		prepare(&client[0], random_below(&random, 70));
		prepare(&server[0], random_below(&random, 70));
		send(&server[0], &late, n);
		for (unsigned i = 0; i < lost; i++)
			send(&server[0], &p, ++n);
		send(&server[0], &p, ++n);
		bool reset;
		assert_int_equal(receive_at(&client[0], &p, n, round * 1000, &reset), DROP_NONE);
		assert_int_equal(receive_at(&client[0], &late, n - lost - 1, round * 1000, &reset),
				 lost < MPPE_KEPT_KEYS - 1 ? DROP_NONE : DROP_MPPE_LATE);
	}
}

static void lose_in_a_row(unsigned lost)
{
	struct packet p;
	unsigned n = 0, tries = 0;
	bool reset;
	pair_init(&server[0], &client[0], MPPE_128, true);
	for (; n < 100; n++) {
		send(&server[0], &p, n);
		assert_int_equal(receive(&client[0], &p, n), DROP_NONE);
	}
	for (unsigned end = n + lost; n < end; n++)
		send(&server[0], &p, n);
	do {
		prepare(&client[0], 100);
		send(&server[0], &p, n + tries);
	} while (receive_at(&client[0], &p, n + tries, 60000 + tries * 50, &reset) != DROP_NONE &&
		 ++tries < 60);
	assert_in_range(tries, 10, 30);
	n += tries + 1;
	for (unsigned end = n + 100; n < end; n++) {
		send(&server[0], &p, n);
		assert_int_equal(receive_at(&client[0], &p, n, 70000, &reset), DROP_NONE);
	}
}

/* Those of the last turn have the counts that now are ahead: 4,080 lost are sixteen back. */
TEST(mppe_keys_ahead_are_forgotten_where_the_count_went_round)
{
	static const unsigned lost[] = {4070, 4076, 4080, 4084, 4088, 5000};
	for (size_t i = 0; i < COUNT_OF(lost); i++)
		lose_in_a_row(lost[i]);
}

/* Keys that are at hand make a forged jump no dearer, and the budget no larger. */
TEST(mppe_keys_ahead_leave_the_price_of_a_jump)
{
	struct packet p;
	pair_init(&server[0], &client[0], MPPE_128, true);
	prepare(&client[0], 100);
	forge(&p, 1500);
	for (int i = 0; i < 10; i++)
		assert_int_equal(receive(&client[0], &p, 0), DROP_MPPE_GARBAGE);
	assert_int_equal(client[0].receive.rekeys, 1501);
	assert_int_equal(client[0].receive.ahead_count, MPPE_KEYS_AHEAD);
}

TEST(mppe_run_makes_the_next_keys_where_there_is_company)
{
	uint64_t state = 14;
	struct random random = test_random(&state);
	static const unsigned links[] = {0, 1, 2, 0, 1, 0}, alone[] = {4, 4, 4, 4, 4, 4};
	size_t lengths[] = {100, 200, 300, 400, 500, 600};
	links_init();
	check_batch(&rc4_plan_plain, &random, lengths, links, COUNT_OF(links));
	static const uint8_t sent[] = {2, 2, 1}, received[] = {1, 2, 1}; /* the last chain, which
									     would be alone, stops */
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(server[i].send.ahead_count, sent[i]);
		assert_int_equal(client[i].receive.ahead_count, received[i]);
	}
	check_batch(&rc4_plan_plain, &random, lengths, alone, COUNT_OF(alone));
	assert_int_equal(server[4].send.ahead_count, 0);
	assert_int_equal(client[4].receive.ahead_count, 0);
	assert_int_equal(server[0].send.used + client[0].receive.used, 0);
	assert_int_equal(server[0].send.reach + client[0].receive.reach, 0);
}
