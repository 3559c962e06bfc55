#include "gre/gre.h"
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"

enum { REPEATED = DROP_GRE_REPEATED, JUMP = DROP_GRE_JUMP, LAST = 99 };

struct step {
	uint32_t seq;
	int drop; /* LAST ends a table */
};

static const struct {
	const char *name;
	struct step steps[16];
} walks[] = {
	{"in order from 0", {{0, 0}, {1, 0}, {2, 0}, {0, LAST}}},
	{"from 1, and 0 comes late", {{1, 0}, {0, 0}, {0, REPEATED}, {1, REPEATED}, {0, LAST}}},
	{"any first number", {{4000000000, 0}, {4000000001, 0}, {3999999999, 0}, {0, LAST}}},
	{"each once", {{0, 0}, {0, REPEATED}, {1, 0}, {1, REPEATED}, {0, REPEATED}, {0, LAST}}},
	{"late ones are welcome once",
	 {{0, 0}, {9, 0}, {8, 0}, {8, REPEATED}, {1, 0}, {9, REPEATED}, {1, REPEATED}, {0, LAST}}},
	{"the window's edge: 255 back is told apart, 256 back is too old",
	 {{1000, 0},
	  {745, 0},
	  {744, REPEATED},
	  {745, REPEATED},
	  {1001, 0},
	  {745, REPEATED},
	  {746, 0},
	  {0, LAST}}},
	{"a gap of a whole window forgets nothing wrongly",
	 {{0, 0}, {256, 0}, {0, REPEATED}, {1, 0}, {512, 0}, {257, 0}, {256, REPEATED}, {0, LAST}}},
	{"wrap",
	 {{UINT32_MAX - 1, 0},
	  {1, 0},
	  {UINT32_MAX, 0},
	  {0, 0},
	  {UINT32_MAX, REPEATED},
	  {2, 0},
	  {0, LAST}}},
	{"the farthest jump that one packet may make",
	 {{0, 0}, {65536, 0}, {65535, 0}, {0, REPEATED}, {131073, JUMP}, {131072, 0}, {0, LAST}}},
	{"a leap is believed when the next number follows",
	 {{5, 0},
	  {1000000, JUMP},
	  {1000001, 0},
	  {1000000, 0},
	  {1000000, REPEATED},
	  {6, REPEATED},
	  {0, LAST}}},
	{"the same leap twice is no confirmation",
	 {{5, 0}, {1000000, JUMP}, {1000000, JUMP}, {6, 0}, {0, LAST}}},
	{"a leap that the stream does not follow is forgotten",
	 {{5, 0}, {1000000, JUMP}, {6, 0}, {1000001, JUMP}, {7, 0}, {0, LAST}}},
	{"a leap with a loss behind it is believed one pair later",
	 {{5, 0}, {1000000, JUMP}, {1000002, JUMP}, {1000003, 0}, {0, LAST}}},
	{"a leap to the numbers behind is a repetition, however often",
	 {{1000000, 0}, {5, REPEATED}, {6, REPEATED}, {7, REPEATED}, {1000001, 0}, {0, LAST}}},
	{"a leap across the wrap", {{UINT32_MAX, 0}, {500000, JUMP}, {500001, 0}, {0, LAST}}},
	{"the suspicion itself may wrap",
	 {{3000000000, 0}, {UINT32_MAX, JUMP}, {0, 0}, {UINT32_MAX, 0}, {0, LAST}}},
};

TEST(gre_window_says_of_each_number_whether_it_is_fresh)
{
	for (size_t i = 0; i < COUNT_OF(walks); i++) {
		struct gre_window w = {0};
		for (const struct step *s = walks[i].steps; s->drop != LAST; s++) {
			struct gre_window before = w;
			int check = (int)gre_window_check(&w, s->seq);
			assert_memory_equal(&w, &before, sizeof(w));
			int accept = (int)gre_window_accept(&w, s->seq);
			if (check != s->drop || accept != s->drop)
				fail_msg("%s: %u: check %d, accept %d, expected %d", walks[i].name,
					 s->seq, check, accept, s->drop);
		}
	}
}

/* Against the plainest possible truth: an array of what was accepted. */
TEST(gre_window_never_accepts_a_number_twice_nor_refuses_a_fresh_one_within_its_bits)
{
	static bool came[65536];
	for (uint64_t seed = 1; seed <= 40; seed++) {
		uint64_t state = seed;
		struct random random = test_random(&state);
		struct gre_window w = {0};
		uint32_t base = UINT32_MAX - random_below(&random, 20000), newest = 0;
		memset(came, 0, sizeof(came));
		assert_int_equal(gre_window_accept(&w, base), DROP_NONE);
		came[0] = true;
		for (int i = 0; i < 5000; i++) {
			uint32_t ahead = random_below(&random, 4),
				 back = random_below(&random, 300);
			uint32_t n = random_below(&random, 3) ? newest + ahead
							      : newest - MIN_OF(newest, back);
			bool fresh = !came[n] && (n > newest || newest - n < GRE_WINDOW_BITS);
			assert_int_equal(gre_window_accept(&w, base + n),
					 fresh ? DROP_NONE : DROP_GRE_REPEATED);
			came[n] |= fresh;
			newest = MAX_OF(newest, n);
		}
	}
}

TEST(gre_window_told_all_numbers_at_random_never_accepts_one_twice)
{
	uint64_t state = 7;
	struct random random = test_random(&state);
	struct gre_window w = {0};
	static uint8_t
		accepted[1 << 20]; /* counts by the low 20 bits: the range below is smaller */
	for (int i = 0; i < 200000; i++) {
		uint32_t seq = random_below(&random, 1 << 20);
		if (gre_window_accept(&w, seq) == DROP_NONE)
			assert_int_equal(accepted[seq]++, 0);
	}
}

static const struct {
	const char *name;
	uint32_t seqs[8];
	size_t count;
	uint32_t next, loss;
} losses[] = {
	{"nothing came", {0}, 0, 700, 0},
	{"all came", {10, 11, 12}, 3, 13, 0},
	{"what is still in the window is not lost yet", {0, 5}, 2, 255, 0},
	{"1 falls out", {0, 5}, 2, 257, 1},
	{"1 to 4 fall out", {0, 5}, 2, 260, 4},
	{"1 to 4 fall out, 5 came", {0, 5}, 2, 261, 4},
	{"1 to 4 and 6", {0, 5}, 2, 262, 5},
	{"numbers before the first are nobody's loss", {100, 101}, 2, 355, 0},
	{"102 falls out", {100, 101}, 2, 358, 1},
	{"unless one of them came late", {100, 98}, 2, 356, 1},
	{"a gap longer than the window", {0}, 1, 1000, 744},
	{"a late one costs nothing", {0, 5}, 2, 3, 0},
	{"a repeated one costs nothing", {0, 5}, 2, 5, 0},
	{"an unbelieved leap costs nothing", {0}, 1, 1000000, 0},
};

TEST(gre_window_counts_what_falls_out_unseen)
{
	for (size_t i = 0; i < COUNT_OF(losses); i++) {
		struct gre_window w = {0};
		for (size_t k = 0; k < losses[i].count; k++)
			assert_int_equal(gre_window_accept(&w, losses[i].seqs[k]), DROP_NONE);
		uint32_t loss = gre_window_loss(&w, losses[i].next);
		if (loss != losses[i].loss)
			fail_msg("%s: %u, expected %u", losses[i].name, loss, losses[i].loss);
	}
}
