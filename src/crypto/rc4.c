/*
 * RC4 is one chain of loads and stores, each waiting for the last: a single stream leaves most of a
 * core idle. So several packets, each with a key of its own, walk in step through one loop: a lane
 * each. Three things decide whether that is faster or slower than one stream:
 *
 * - States of 8-bit entries: six of 32-bit entries were measured ten times slower.
 * - The next load of S[i] may not run ahead of the last store to S[j]. Where it does, the core
 *   guesses that they differ, is now and then wrong, and starts over: the same source ran at one or
 *   at three times the speed by compiler and number of lanes. So the address of S[i] is made to
 * wait for j: see after().
 * - Four lanes or more; below, the waiting costs more than the company brings.
 */
#include "crypto/rc4.h"

#include <assert.h>
#include <string.h>

#include "base/base.h"
#include "base/secret.h"

enum { LANES = 6, BATCH = 64 /* jobs that are sorted and run together */ };

/*
 * Zero, which the compiler cannot know and the core can have only when j is there. j fits in eight
 * bits; the empty asm makes the compiler forget that.
 */
static inline unsigned after(unsigned j)
{
	__asm__("" : "+r"(j));
	return j >> 8;
}

/* One step of the key schedule; `a` is s[i]. Returns the new j. */
static inline unsigned mix(uint8_t s[static 256], unsigned i, unsigned j, uint8_t a, uint8_t key)
{
	j = (uint8_t)(j + a + key);
	s[i] = s[j];
	s[j] = a;
	return j;
}

/* One octet of keystream; `a` is s[i], *j moves on. */
static inline uint8_t next(uint8_t s[static 256], unsigned i, unsigned *j, uint8_t a)
{
	*j = (uint8_t)(*j + a);
	uint8_t b = s[*j];
	s[i] = b;
	s[*j] = a;
	return s[(uint8_t)(a + b)];
}

static void set_identity(uint8_t s[static 256])
{
	for (unsigned i = 0; i < 256; i++)
		s[i] = (uint8_t)i;
}

/*
 * One stream alone: S[i + 1] is loaded before the store to S[j], so that it need not wait for it,
 * and put right where the two are the same entry.
 */
void rc4_init(struct rc4 *r, const uint8_t *key, size_t length)
{
	assert(length >= 1 && length <= 256);
	set_identity(r->s);
	r->i = r->j = 0;
	unsigned j = 0;
	uint8_t a = r->s[0];
	for (unsigned i = 0, k = 0; i < 256; i++) {
		uint8_t following = r->s[(uint8_t)(i + 1)];
		j = mix(r->s, i, j, a, key[k]);
		a = j == i + 1 ? a : following;
		if (++k == length)
			k = 0;
	}
}

void rc4_apply(struct rc4 *r, uint8_t *data, size_t length)
{
	unsigned i = (uint8_t)(r->i + 1), j = r->j;
	uint8_t a = r->s[i];
	for (size_t n = 0; n < length; n++) {
		unsigned after_i = (uint8_t)(i + 1);
		uint8_t following = r->s[after_i];
		data[n] ^= next(r->s, i, &j, a);
		a = j == after_i ? a : following;
		i = after_i;
	}
	r->i = (uint8_t)(i - 1);
	r->j = (uint8_t)j;
}

static void run_1(struct rc4 *r, const struct rc4_job *const *jobs)
{
	rc4_init(r, jobs[0]->key, jobs[0]->key_length);
	rc4_apply(r, jobs[0]->data, jobs[0]->length);
}

/* Prepares a lane: the key repeated to 256 octets, so
 * that the schedule's loop needs no remainder. */
static void lane_start(struct rc4 *r, const struct rc4_job *job, uint8_t key[static 256])
{
	size_t have = job->key_length;
	assert(have >= 1 && have <= 256);
	memcpy(key, job->key, have);
	for (; have < 256; have *= 2)
		memcpy(key + have, key, MIN_OF(have, 256 - have));
	set_identity(r->s);
}

/* A lane that walked `done` octets in step with the others goes the rest of its way alone. */
static void lane_finish(struct rc4 *r, const struct rc4_job *job, size_t done, unsigned j)
{
	r->i = (uint8_t)done;
	r->j = (uint8_t)j;
	rc4_apply(r, job->data + done, job->length - done);
}

/*
 * A kernel for a number of lanes. Written out by macros, with a variable for each lane, because
 * compilers differ in whether they keep the elements of small arrays in registers.
 */
#define FOUR(LANE) LANE(0) LANE(1) LANE(2) LANE(3)
#define SIX(LANE)  FOUR(LANE) LANE(4) LANE(5)

#define START(l)                          \
	unsigned j##l = 0;                \
	uint8_t *data##l = jobs[l]->data; \
	lane_start(&r[l], jobs[l], keys[l]);
#define MIX(l)     j##l = mix(r[l].s, i, j##l, r[l].s[i + after(j##l)], keys[l][i]);
#define RESTART(l) j##l = 0;
#define NEXT(l)    data##l[n] ^= next(r[l].s, i, &j##l, r[l].s[i + after(j##l)]);
#define FINISH(l)  lane_finish(&r[l], jobs[l], common, j##l);

/* jobs[]: the longest first. */
#define KERNEL(name, lanes, EACH)                                          \
	static void name(struct rc4 *r, const struct rc4_job *const *jobs) \
	{                                                                  \
		uint8_t keys[lanes][256];                                  \
		size_t common = jobs[lanes - 1]->length;                   \
		EACH(START)                                                \
		for (unsigned i = 0; i < 256; i++) {                       \
			EACH(MIX)                                          \
		}                                                          \
		EACH(RESTART)                                              \
		for (size_t n = 0; n < common; n++) {                      \
			unsigned i = (uint8_t)(n + 1);                     \
			EACH(NEXT)                                         \
		}                                                          \
		EACH(FINISH)                                               \
		secret_wipe(keys, sizeof(keys));                           \
	}

KERNEL(run_4, 4, FOUR)
KERNEL(run_6, 6, SIX)

/* How many lanes the next step takes where `left` jobs are left: six, but two fours rather than six
 * and two, as less than four walk alone. */
static unsigned lanes_for(size_t left)
{
	if (left < 4)
		return 1;
	return left < 6 || left % 6 == 2 || left % 6 == 3 ? 4 : 6;
}

static void run_batch(struct rc4 *lanes, const struct rc4_job **jobs, size_t count)
{
	for (size_t done = 0; done < count;) {
		unsigned step = lanes_for(count - done);
		(step == 6 ? run_6 : step == 4 ? run_4 : run_1)(lanes, jobs + done);
		done += step;
	}
}

/* Puts `job` into its place among `count` sorted ones: long first, so
 * that lanes which walk in step have about the same way to go. */
static void insert(const struct rc4_job **sorted, size_t count, const struct rc4_job *job)
{
	for (; count && sorted[count - 1]->length < job->length; count--)
		sorted[count] = sorted[count - 1];
	sorted[count] = job;
}

void rc4_run(const struct rc4_job *jobs, size_t count)
{
	struct rc4 lanes[LANES];
	const struct rc4_job *sorted[BATCH];
	while (count) {
		size_t batch = MIN_OF(count, (size_t)BATCH);
		for (size_t i = 0; i < batch; i++)
			insert(sorted, i, &jobs[i]);
		run_batch(lanes, sorted, batch);
		jobs += batch;
		count -= batch;
	}
	secret_wipe(lanes, sizeof(lanes));
}
