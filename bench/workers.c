/*
 * What a second worker brings: the packet path of one thread, and of two, each pinned to a core and with
 * a session of its own (MPPE-128 stateless), fed from memory. No kernel, and no peer: what the worker
 * receives was made before the clock runs, and what it sends goes nowhere.
 *
 *     bench-workers [ROUNDS]
 *
 * Wall time needs two idle cores: where others use them, `chrt -f 1` as root. The time that the threads had a core (CPU) tells on a busy machine
 * whether they disturb each other: by a lock, by memory that both write, by the cache.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/proof.h"
#include "base/base.h"
#include "bench/bench.h"
#include "crypto/rc4.h"
#include "ip/checksum.h"
#include "ip/ip.h"
#include "session/session.h"

enum {
	OCTETS = 1400,
	BATCH = 32,
	BATCHES = 32, /* of each way in one round */
	PACKETS = 2 * BATCH * BATCHES,
	THREADS = 2,
	ROUNDS_LEAST = 3,
	ROUNDS_USUAL = 101,
	NOW_MS = 1000,
};

struct end {
	struct session_host host;
	struct session_settings *settings;
	struct session *session;
	uint64_t seed;
	bool is_up;
};

/* A worker: its session, the other end of it, and what came. */
struct lane {
	struct end ends[2];
	struct packet in[BATCH * BATCHES], out[BATCH];
	struct session_item items[BATCH];
	struct rc4_plan plan;
	pthread_t thread;
	pthread_barrier_t *start;
	unsigned core, rounds;
	uint64_t wall_ns, cpu_ns; /* of the round */
};

static void fill(void *context, void *bytes, size_t length)
{
	uint64_t *state = context;
	for (uint8_t *to = bytes; length; length--) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		*to++ = (uint8_t)(*state >> 56);
	}
}

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench-workers: %s\n", what);
	exit(1);
}

/* ---- two ends come up ---- */

static void run(const struct rc4_plan *plan, struct session_item *items, size_t count)
{
	struct mppe_item *all[BATCH];
	for (size_t i = 0; i < count; i++)
		all[i] = &items[i].link.mppe;
	mppe_run_by(plan, all, count);
}

static void arrive(struct lane *lane, struct end *to, const uint8_t *bytes, size_t length)
{
	static _Thread_local struct packet p;
	struct session_item item;
	enum link_payload payload;
	packet_reset(&p);
	memcpy(p.data, bytes, length);
	p.length = length;
	if (session_admit(to->session, &p, 0, &item, NOW_MS) || !item.has_payload)
		return;
	if (item.link.encrypted)
		run(&lane->plan, &item, 1);
	session_deliver(to->session, &p, &item, &payload, NOW_MS);
}

static void answer(struct end *end, const uint8_t *bytes)
{
	static const char secret[] = "secret";
	struct action_question question;
	struct auth_verdict verdict = {0};
	memcpy(&question, bytes, sizeof(question));
	if (question.proof.question == AUTH_PROVE) {
		auth_prove(&question.proof, secret, sizeof(secret) - 1, &end->host.random,
			   &verdict);
	} else {
		auth_verify(&question.proof, secret, sizeof(secret) - 1, &verdict);
		verdict.local_address = 0x0a000001;
		verdict.remote_address = 0x0a000002;
	}
	verdict.question = question.proof.question;
	session_on_verdict(end->session, question.number, &verdict, NOW_MS);
}

/* True: it did something. */
static bool perform(struct lane *lane, struct end *end, struct end *other)
{
	struct action_view view;
	uint8_t bytes[8192];
	bool any = false;
	while (action_take(&end->host, &view)) {
		size_t length = MIN_OF(view.length, sizeof(bytes));
		memcpy(bytes, view.bytes, length);
		any = true;
		if (view.kind == ACTION_SEND_GRE)
			arrive(lane, other, bytes, length);
		else if (view.kind == ACTION_ASK)
			answer(end, bytes);
		else if (view.kind == ACTION_IPV4_UP)
			end->is_up = true;
	}
	return any;
}

static void end_init(struct end *end, enum link_role role, uint64_t seed)
{
	end->seed = seed;
	end->host.random = (struct random){fill, &end->seed};
	end->settings = session_settings_new(role);
	need(end->settings != NULL, "no memory");
	strcpy(end->settings->our_name, "anna");
	end->session = session_new(&end->host, end->settings, 1, 1,
				   (struct endpoint){0x7f000001, 1723}, 0x7f000002);
	need(end->session != NULL, "no memory");
}

static void lane_init(struct lane *lane, unsigned core, const struct rc4_plan *plan)
{
	lane->core = core;
	lane->plan = *plan;
	end_init(&lane->ends[0], LINK_SERVER, core * 2 + 1);
	end_init(&lane->ends[1], LINK_CLIENT, core * 2 + 2);
	for (int i = 0; i < 2; i++)
		session_start(lane->ends[i].session, 1, NOW_MS);
	bool first, second;
	do {
		first = perform(lane, &lane->ends[0], &lane->ends[1]);
		second = perform(lane, &lane->ends[1], &lane->ends[0]);
	} while (first || second);
	need(lane->ends[0].is_up && lane->ends[1].is_up && lane->ends[0].session->link.mppe_on,
	     "the two ends did not agree");
}

static void lane_fini(struct lane *lane)
{
	for (int i = 0; i < 2; i++) {
		session_free(lane->ends[i].session);
		session_settings_unref(lane->ends[i].settings);
		session_host_fini(&lane->ends[i].host);
	}
}

/* ---- packets ---- */

/* UDP of OCTETS, from an end's own address to the other's. */
static void make_packet(struct packet *p, const struct session *from)
{
	static const uint8_t head[] = {0x45, 0, OCTETS >> 8, OCTETS & 255, 0, 0, 0, 0, 64, 17};
	const struct link_addresses *addresses = &from->addresses;
	uint32_t ends[2] = {addresses->local, addresses->remote};
	packet_reset(p);
	memset(p->data, 0, OCTETS);
	memcpy(p->data, head, sizeof(head));
	for (int i = 0; i < 8; i++)
		p->data[12 + i] = (uint8_t)(ends[i / 4] >> (24 - i % 4 * 8));
	uint16_t checksum = checksum_of(p->data, IPV4_HEADER);
	p->data[10] = (uint8_t)(checksum >> 8);
	p->data[11] = (uint8_t)checksum;
	p->length = OCTETS;
}

/* Encloses, encrypts and seals BATCH packets. */
static void send_batch(struct lane *lane, struct end *from, struct packet *packets)
{
	struct session *s = from->session;
	enum session_fit fit;
	bool tell;
	for (size_t i = 0; i < BATCH; i++) {
		lane->items[i] = (struct session_item){0};
		need(!session_outbound(s, &packets[i], &fit, &tell, NOW_MS) &&
			     fit == SESSION_FITS &&
			     !session_enclose(s, &packets[i], &lane->items[i], NOW_MS),
		     "a packet was not taken");
	}
	run(&lane->plan, lane->items, BATCH);
	for (size_t i = 0; i < BATCH; i++)
		session_seal(s, &packets[i]);
}

static void receive_batch(struct lane *lane, struct packet *packets)
{
	struct session *s = lane->ends[0].session;
	enum link_payload payload;
	for (size_t i = 0; i < BATCH; i++)
		need(!session_admit(s, &packets[i], 0, &lane->items[i], NOW_MS),
		     "a packet was not admitted");
	run(&lane->plan, lane->items, BATCH);
	for (size_t i = 0; i < BATCH; i++) {
		need(!session_deliver(s, &packets[i], &lane->items[i], &payload, NOW_MS) &&
			     payload == LINK_PAYLOAD_IPV4,
		     "a packet was not delivered");
	}
}

/* What the peer sends in a round; not timed. */
static void prepare(struct lane *lane)
{
	for (size_t i = 0; i < BATCH * BATCHES; i++)
		make_packet(&lane->in[i], lane->ends[1].session);
	for (size_t i = 0; i < BATCHES; i++)
		send_batch(lane, &lane->ends[1], &lane->in[i * BATCH]);
}

static void work(struct lane *lane)
{
	for (size_t i = 0; i < BATCHES; i++) {
		receive_batch(lane, &lane->in[i * BATCH]);
		for (size_t k = 0; k < BATCH; k++)
			make_packet(&lane->out[k], lane->ends[0].session);
		send_batch(lane, &lane->ends[0], lane->out);
	}
}

/* ---- threads ---- */

static uint64_t cpu_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *run_lane(void *context)
{
	struct lane *lane = context;
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(lane->core, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	prepare(lane);
	if (lane->start)
		pthread_barrier_wait(lane->start);
	uint64_t wall = bench_now_ns(), cpu = cpu_now_ns();
	work(lane);
	lane->cpu_ns = cpu_now_ns() - cpu;
	lane->wall_ns = bench_now_ns() - wall;
	return NULL;
}

struct figures {
	double wall, cpu; /* packets a second */
};

/* One round of so many threads at once. */
static struct figures measure(struct lane *lanes, unsigned threads)
{
	pthread_barrier_t start;
	struct figures figures = {0};
	uint64_t wall_ns = 0;
	pthread_barrier_init(&start, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		lanes[i].start = &start;
		need(!pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]), "no thread");
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(lanes[i].thread, NULL);
		wall_ns = MAX_OF(wall_ns, lanes[i].wall_ns);
		figures.cpu += PACKETS * 1e9 / (double)lanes[i].cpu_ns;
	}
	pthread_barrier_destroy(&start);
	figures.wall = (double)threads * PACKETS * 1e9 / (double)wall_ns;
	return figures;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

/* The value below which `part` of them lie. */
static double quantile(double *values, size_t count, double part)
{
	qsort(values, count, sizeof(*values), compare);
	return values[(size_t)((double)(count - 1) * part)];
}

static void print_row(const char *name, double (*figures)[2], size_t rounds, double part)
{
	double one[ROUNDS_USUAL * 100], two[ROUNDS_USUAL * 100];
	for (size_t i = 0; i < rounds; i++) {
		one[i] = figures[i][0];
		two[i] = figures[i][1];
	}
	double first = quantile(one, rounds, part), second = quantile(two, rounds, part);
	printf("| %s | %.0f | %.0f | %.2f |\n", name, first / 1000, second / 1000, second / first);
}

int main(int argc, char **argv)
{
	static double wall[ROUNDS_USUAL * 100][2], cpu[ROUNDS_USUAL * 100][2];
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS_USUAL;
	rounds = MAX_OF(MIN_OF(rounds, (size_t)COUNT_OF(wall)), (size_t)ROUNDS_LEAST);
	struct rc4_plan plan = rc4_choose(bench_now_ns);
	struct lane *lanes = calloc(THREADS, sizeof(*lanes));
	need(lanes != NULL, "no memory");
	for (unsigned i = 0; i < THREADS; i++)
		lane_init(&lanes[i], i, &plan);
	bench_print_machine();
	for (size_t i = 0; i < rounds; i++)
		for (unsigned threads = 1; threads <= THREADS; threads++) {
			struct figures figures = measure(lanes, threads);
			wall[i][threads - 1] = figures.wall;
			cpu[i][threads - 1] = figures.cpu;
		}
	printf("\n| 1000 packets/s of %d octets, half each way | 1 worker | 2 workers | ratio |\n"
	       "|---|---|---|---|\n",
	       OCTETS);
	print_row("wall, best tenth of the rounds", wall, rounds, .9);
	print_row("wall, median", wall, rounds, .5);
	print_row("CPU, best tenth", cpu, rounds, .9);
	print_row("CPU, median", cpu, rounds, .5);
	for (unsigned i = 0; i < THREADS; i++)
		lane_fini(&lanes[i]);
	free(lanes);
	return 0;
}
