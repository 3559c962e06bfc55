/*
 * What MPPE-128, stateless, costs a packet: a key change (SHA-1, an RC4 key schedule, 16 octets),
 * the packet's key schedule, its keystream. First every way proves equal to RFC 3079's vectors and
 * to the others; then all are timed in interleaved rounds.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "bench/bench.h"
#include "bench/mppe_helper.h"
#include "bench/mppe_others.h"
#include "crypto/rc4_kernel.h"
#include "ppp/mppe.h"
#include "ppp/mppe_supply.h"

enum { SESSIONS = 6, PACKETS = 24 /* in one round */, BATCHES = 200 /* in one with a helper */ };

/* RFC 3079 §3.5.3 */
static const uint8_t start_key[16] = {0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b,
				      0xa1, 0x18, 0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb};
static const uint8_t first_key[16] = {0x40, 0x5c, 0xb2, 0x24, 0x7a, 0x79, 0x56, 0xe6,
				      0xe2, 0x11, 0x00, 0x7a, 0xe2, 0x7b, 0x22, 0xd4};
static const uint8_t test_message[12] = {0x81, 0x84, 0x83, 0x17, 0xdf, 0x68,
					 0x84, 0x62, 0x72, 0xfb, 0x5a, 0xbe};

static void fail(const char *name, const char *what)
{
	fprintf(stderr, "mppe: %s: wrong %s\n", name, what);
	exit(1);
}

/* ---- one way: who, how many sessions, how many packets at a time ---- */

/* Kernels: the fastest of a number of lanes for all that it can serve, or those that the server
 * chooses. */
enum plan { CHOSEN, ONE_LANE, FOUR_LANES, SIX_LANES, PLAIN_C, PLANS };
static struct rc4_plan plans[PLANS];

struct way {
	const char *name;
	const struct other *other; /* NULL: poptun */
	unsigned sessions, batch;
	bool receive, ahead;    /* ahead: all keys are there, made in idle time */
	bool streams;           /* the same of keystreams */
	bool helped;            /* made by a helper meanwhile */
	unsigned other_work_ns; /* a packet, in long rounds: system calls and the like */
	enum plan plan;
	size_t length;
	/* the others' */
	uint8_t input[112], key[16];
	/* ours */
	struct mppe from[SESSIONS], to[SESSIONS];
	struct mppe_item items[PACKETS];
	struct packet packets[PACKETS];
	struct mppe_supply supply;
};

static void way_init(struct way *w, size_t length)
{
	struct auth_keys keys = {.present = 1};
	memcpy(keys.send, start_key, 16);
	memcpy(keys.receive, start_key, 16);
	w->length = length;
	other_layout(w->input, start_key);
	memcpy(w->key, first_key, 16);
	mppe_fini(&w->from[0]);
	mppe_fini(&w->to[0]);
	for (unsigned i = 0; i < SESSIONS; i++) {
		mppe_init(&w->from[i], &keys, MPPE_128, true);
		mppe_init(&w->to[i], &keys, MPPE_128, true);
	}
	if (w->streams || w->helped)
		mppe_supply_lend(&w->supply, w->receive ? &w->to[0].receive : &w->from[0].send);
	for (unsigned i = 0; i < PACKETS; i++) {
		packet_reset(&w->packets[i]);
		memset(w->packets[i].data, (int)i, length);
	}
}

static void run_other(void *context)
{
	struct way *w = context;
	for (unsigned i = 0; i < PACKETS; i++) {
		other_change_key(w->other, w->input, w->key);
		w->other->crypt(w->key, w->packets[i].data, w->length);
	}
}

static void run_items(struct way *w, unsigned first, unsigned count)
{
	struct mppe_item *items[PACKETS];
	for (unsigned i = 0; i < count; i++)
		items[i] = &w->items[first + i];
	mppe_run_by(&plans[w->plan], items, count);
}

static void run_send(void *context)
{
	struct way *w = context;
	for (unsigned i = 0; i < PACKETS; i++) {
		struct packet *p = &w->packets[i];
		packet_reset(p);
		p->length = w->length;
		mppe_seal(&w->from[i % w->sessions], p, &w->items[i]);
		if ((i + 1) % w->batch == 0)
			run_items(w, i + 1 - w->batch, w->batch);
	}
}

static void run_receive(void *context)
{
	struct way *w = context;
	bool reset;
	for (unsigned i = 0; i < PACKETS; i++) {
		struct mppe *to = &w->to[i % w->sessions];
		if (mppe_admit(to, &w->packets[i], &w->items[i], 0, &reset))
			fail(w->name, "count");
		if ((i + 1) % w->batch)
			continue;
		run_items(w, i + 1 - w->batch, w->batch);
		for (unsigned n = i + 1 - w->batch; n <= i; n++)
			mppe_commit(&w->to[n % w->sessions], &w->items[n]);
	}
}

static void prepare(struct mppe *links)
{
	struct mppe *list[SESSIONS];
	for (unsigned i = 0; i < SESSIONS; i++)
		list[i] = &links[i];
	mppe_prepare(&plans[CHOSEN], list, SESSIONS, UINT_MAX);
}

/* As long as the packets were of late. */
static void fill_supply(struct way *w)
{
	while (w->streams && mppe_supply_make(&w->supply, &plans[CHOSEN], UINT_MAX))
		;
}

/* Ahead of each round, not timed. */
static void before(void *context)
{
	struct way *w = context;
	if (w->receive)
		run_send(w);
	if (w->ahead)
		prepare(w->receive ? w->to : w->from);
	fill_supply(w);
}

/* The helper may be slow to stop, which is not to be timed either. */
static void before_batches(void *context)
{
	struct way *w = context;
	helper_work(w->helped ? &w->supply : NULL);
}

/* A long round, in which a helper may get ahead and fall behind. */
static void run_batches(void *context)
{
	struct way *w = context;
	for (unsigned batch = 0; batch < BATCHES; batch++) {
		run_send(w);
		uint64_t end = bench_now_ns() + (uint64_t)w->other_work_ns * PACKETS;
		while (w->other_work_ns && bench_now_ns() < end)
			;
	}
}

/* ---- equality ---- */

static void check_vectors(const struct other *other)
{
	uint8_t input[112], key[16], message[12];
	other_layout(input, start_key);
	memcpy(input + 56, start_key, 16);
	other->hash(input, key);
	if (memcmp(key, first_key, 16) != 0)
		fail(other->name, "session key of RFC 3079");
	memcpy(message, "test message", 12);
	other->crypt(key, message, 12);
	if (memcmp(message, test_message, 12) != 0)
		fail(other->name, "test message of RFC 3079");
}

static void check_own_vectors(void)
{
	struct auth_keys keys = {.present = 1};
	struct mppe m;
	uint8_t message[12];
	memcpy(keys.send, start_key, 16);
	mppe_init(&m, &keys, MPPE_128, true);
	if (memcmp(m.send.session_key, first_key, 16) != 0)
		fail("poptun", "session key of RFC 3079");
	memcpy(message, "test message", 12);
	struct mppe_item item = {.data = message, .length = 12, .key_length = 16},
			 *items[] = {&item};
	memcpy(item.key, m.send.session_key, 16);
	mppe_run(items, 1);
	if (memcmp(message, test_message, 12) != 0)
		fail("poptun", "test message of RFC 3079");
}

/* What `w` sends in its first round is, session by session, what the textbook makes of it; and
 * what it receives of that is what was sent. */
static void check_round(struct way *w)
{
	static struct way reference;
	uint8_t clear[1500];
	way_init(w, w->length);
	if (w->streams) /* with the right length already */
		atomic_store(&w->supply.octets, MPPE_SUPPLY_OCTETS);
	if (!w->receive)
		fill_supply(w);
	w->other ? run_other(w) : run_send(w);
	for (unsigned session = 0; session < w->sessions; session++) {
		way_init(&reference, w->length);
		for (unsigned i = session; i < PACKETS; i += w->sessions) {
			uint8_t *body = w->packets[i].data + (w->other ? 0 : MPPE_HEADER);
			other_change_key(&others[OTHER_TEXTBOOK], reference.input, reference.key);
			memset(clear, (int)i, w->length);
			others[OTHER_TEXTBOOK].crypt(reference.key, clear, w->length);
			if (memcmp(body, clear, w->length) != 0)
				fail(w->name, "octets");
		}
	}
	if (w->receive) {
		fill_supply(w);
		run_receive(w);
	}
	if (w->streams && w->supply.missed)
		fail(w->name, "keystreams: not all there");
	if (!w->receive)
		return;
	for (unsigned i = 0; i < PACKETS; i++) {
		memset(clear, (int)i, w->length);
		if (memcmp(w->packets[i].data, clear, w->length) != 0)
			fail(w->name, "octets received");
	}
}

/* ---- the table ---- */

static void print_table(const struct way *ways, const struct bench_figures *figures, size_t count,
			size_t length)
{
	double baseline = figures[OTHER_OPENSSL].median;
	double quiet = figures[OTHER_OPENSSL].quiet;
	printf("\n%4zu octets a packet%31s min ns  quiet ns  median ns  Gbit/s  x OpenSSL (quiet)\n",
	       length, "");
	for (size_t i = 0; i < count; i++)
		printf("%-48s %7.0f %9.0f %10.0f %7.2f %10.2f (%.2f)\n", ways[i].name,
		       figures[i].min, figures[i].quiet, figures[i].median,
		       (double)length * 8 / figures[i].median, baseline / figures[i].median,
		       quiet / figures[i].quiet);
}

#define BY_24 "send, 1 session, by 24"

static struct way ways[] = {
	{.name = "textbook RC4, 32-bit state, as Linux has it", .sessions = 1, .other = &others[0]},
	{.name = "OpenSSL, prefetched, packet by packet", .sessions = 1, .other = &others[1]},
	{.name = "nettle, packet by packet", .sessions = 1, .other = &others[2]},
	{.name = "send, 1 session, packet by packet", .sessions = 1, .batch = 1},
	{.name = "send, 1 session, by 24, one lane", .sessions = 1, .batch = 24, .plan = ONE_LANE},
	{.name = "send, 1 session, by 24, 4 lanes", .sessions = 1, .batch = 24, .plan = FOUR_LANES},
	{.name = "send, 1 session, by 24, 6 lanes", .sessions = 1, .batch = 24, .plan = SIX_LANES},
	{.name = "send, 1 session, by 24, plain C", .sessions = 1, .batch = 24, .plan = PLAIN_C},
	{.name = "send, 1 session, by 6", .sessions = 1, .batch = 6},
	{.name = BY_24, .sessions = 1, .batch = 24},
	{.name = "send, 6 sessions, by 6", .sessions = 6, .batch = 6},
	{.name = "send, 6 sessions, by 24", .sessions = 6, .batch = 24},
	{.name = "send, 1 session, by 6, keys ahead", .sessions = 1, .batch = 6, .ahead = true},
	{.name = "send, 1 session, by 24, keys ahead", .sessions = 1, .batch = 24, .ahead = true},
	{.name = "receive, 1 session, packet by packet",
	 .sessions = 1,
	 .batch = 1,
	 .receive = true},
	{.name = "receive, 1 session, by 6", .sessions = 1, .batch = 6, .receive = true},
	{.name = "receive, 6 sessions, by 6", .sessions = 6, .batch = 6, .receive = true},
	{.name = "receive, 1 session, by 6, keys ahead",
	 .sessions = 1,
	 .batch = 6,
	 .receive = true,
	 .ahead = true},
	{.name = "send, 1 session, by 6, keystreams ahead",
	 .sessions = 1,
	 .batch = 6,
	 .streams = true},
	{.name = "send, 1 session, by 24, keystreams ahead",
	 .sessions = 1,
	 .batch = 24,
	 .streams = true},
	{.name = "receive, 1 session, by 6, keystreams ahead",
	 .sessions = 1,
	 .batch = 6,
	 .receive = true,
	 .streams = true},
};

/* Long rounds: what one core does by itself, and with another one's help. */
enum { ALONE, HELPED, OTHER_ALONE, OTHER_HELPED, LONG_WAYS };
static struct way long_ways[LONG_WAYS] = {
	[ALONE] = {.name = BY_24 ", alone", .sessions = 1, .batch = 24},
	[HELPED] = {.name = BY_24 ", helped", .sessions = 1, .batch = 24, .helped = true},
	[OTHER_ALONE] = {.name = "the same, other work: alone",
			 .sessions = 1,
			 .batch = 24,
			 .other_work_ns = 1000},
	[OTHER_HELPED] = {.name = "the same, other work: helped",
			  .sessions = 1,
			  .batch = 24,
			  .helped = true,
			  .other_work_ns = 1000},
};

/* The fastest kernel of so many lanes, by the same self-timing as the server's. */
static struct rc4_plan plan_of_lanes(unsigned lanes)
{
	struct rc4_plan plan = rc4_choose(bench_now_ns);
	const struct rc4_kernel *best = plan.step[lanes];
	for (unsigned jobs = 0; best->lanes != lanes; jobs++)
		best = &rc4_kernels[jobs];
	for (unsigned jobs = 0; jobs <= RC4_PLANNED; jobs++)
		plan.step[jobs] = jobs < lanes ? &rc4_kernels[0] : best;
	return plan;
}

static void choose_plans(void)
{
	char text[RC4_PLAN_TEXT];
	uint64_t start = bench_now_ns();
	plans[CHOSEN] = rc4_choose(bench_now_ns);
	uint64_t took = bench_now_ns() - start;
	plans[ONE_LANE] = plan_of_lanes(1);
	plans[FOUR_LANES] = plan_of_lanes(4);
	plans[SIX_LANES] = plan_of_lanes(6);
	plans[PLAIN_C] = rc4_plan_plain;
	printf("kernels: %s (chosen in %.1f ms)\n", rc4_plan_print(&plans[CHOSEN], text),
	       (double)took / 1e6);
	for (unsigned jobs = 1; jobs <= RC4_PLANNED; jobs++)
		printf("%s%u: %s", jobs == 1 ? "  jobs left " : ", ", jobs,
		       plans[CHOSEN].step[jobs]->name);
	printf("\n");
}

/* above_ns: of BY_24 in the table above. */
static void print_long_table(const struct bench_figures *figures, size_t length, double above_ns)
{
	printf("\n%4zu octets a packet, %d packets a round%13s min ns  quiet ns  median ns  Gbit/s  "
	       "from helper  in vain\n",
	       length, PACKETS * BATCHES, "");
	for (size_t i = 0; i < LONG_WAYS; i++) {
		const struct mppe_supply *s = &long_ways[i].supply;
		uint64_t packets = s->served + s->missed;
		printf("%-48s %7.0f %9.0f %10.0f %7.2f %10.0f %% %7.0f %%\n", long_ways[i].name,
		       figures[i].min, figures[i].quiet, figures[i].median,
		       (double)length * 8 / figures[i].median,
		       packets ? (double)s->served * 100 / (double)packets : 0.0,
		       s->total ? 100 - (double)s->served * 100 / (double)s->total : 0.0);
	}
	double alone = figures[ALONE].quiet, helped = figures[HELPED].quiet;
	printf("times as fast (quiet): helped %.2f as alone, %.2f with other work; alone %.2f and "
	       "helped %.2f as \"" BY_24 "\" of the table above\n",
	       alone / helped, figures[OTHER_ALONE].quiet / figures[OTHER_HELPED].quiet,
	       above_ns / alone, above_ns / helped);
}

/* One session on one core, with and without a helper on the other. */
static void measure_helper(size_t length, unsigned rounds, double above_ns)
{
	struct bench_way timed[LONG_WAYS];
	struct bench_figures figures[LONG_WAYS];
	for (size_t i = 0; i < LONG_WAYS; i++) {
		way_init(&long_ways[i], length);
		timed[i] = (struct bench_way){
			.before = before_batches,
			.run = run_batches,
			.context = &long_ways[i],
			.units = PACKETS * BATCHES,
		};
	}
	bench_measure(timed, LONG_WAYS, rounds, figures);
	helper_work(NULL);
	print_long_table(figures, length, above_ns);
}

/* Returns what BY_24 took in quiet rounds. */
static double measure(size_t length, unsigned rounds)
{
	struct bench_way timed[COUNT_OF(ways)];
	struct bench_figures figures[COUNT_OF(ways)];
	double by_24_ns = 0;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		struct way *w = &ways[i];
		w->length = length;
		check_round(w);
		way_init(w, length);
		timed[i] = (struct bench_way){
			.name = w->name,
			.before = before,
			.run = w->other     ? run_other
			       : w->receive ? run_receive
					    : run_send,
			.context = w,
			.units = PACKETS,
		};
	}
	bench_measure(timed, COUNT_OF(timed), rounds, figures);
	print_table(ways, figures, COUNT_OF(ways), length);
	for (size_t i = 0; i < COUNT_OF(ways); i++)
		if (!strcmp(ways[i].name, BY_24))
			by_24_ns = figures[i].quiet;
	return by_24_ns;
}

int main(int argc, char **argv)
{
	static const size_t lengths[] = {64, 512, 1400};
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 300;
	if (rounds == 0 || argc > 2) {
		fprintf(stderr, "usage: mppe [ROUNDS]\n");
		return 2;
	}
	others_init();
	for (size_t i = 0; i < OTHERS; i++)
		check_vectors(&others[i]);
	check_own_vectors();
	bench_print_machine();
	choose_plans();
	bool has_helper = helper_start(&plans[CHOSEN]);
	for (size_t n = 0; n < COUNT_OF(lengths); n++) {
		double by_24_ns = measure(lengths[n], rounds);
		if (has_helper)
			measure_helper(lengths[n], rounds / 5 + 1, by_24_ns);
	}
	if (has_helper)
		helper_stop();
	else
		printf("\none core: no helper\n");
	return 0;
}
