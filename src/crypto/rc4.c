/*
 * RC4 is one chain of loads and stores, each waiting for the last: a single stream leaves most of a
 * core idle. So several packets, each with a key of its own, walk in step through one loop: a lane
 * each. Three things decide whether that is faster or slower than one stream (measured on Zen 4):
 *
 * - Entries of eight bits. Six states of 32-bit entries fall out of step with the first-level
 * cache.
 * - The next load of S[i] may not run ahead of the last store to S[j]. Where it does, the core
 *   guesses that they differ, is wrong once in 256 octets and lane, and starts over: the same
 * source ran at one or at three times the speed by the compiler's mood. So the address of S[i] is
 * made to wait for j: see after().
 * - Four lanes or more; fewer lose against one stream.
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

/* One step of the key schedule. */
static inline unsigned mix(uint8_t s[static 256], unsigned i, unsigned j, uint8_t key)
{
	uint8_t a = s[i + after(j)];
	j = (uint8_t)(j + a + key);
	s[i] = s[j];
	s[j] = a;
	return j;
}

/* One octet of keystream; *j moves on. */
static inline uint8_t next(uint8_t s[static 256], unsigned i, unsigned *j)
{
	uint8_t a = s[i + after(*j)];
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

void rc4_init(struct rc4 *r, const uint8_t *key, size_t length)
{
	assert(length >= 1 && length <= 256);
	set_identity(r->s);
	r->i = r->j = 0;
	unsigned j = 0;
	for (unsigned i = 0, k = 0; i < 256; i++) {
		j = mix(r->s, i, j, key[k]);
		if (++k == length)
			k = 0;
	}
}

void rc4_apply(struct rc4 *r, uint8_t *data, size_t length)
{
	uint8_t i = r->i;
	unsigned j = r->j;
	for (size_t n = 0; n < length; n++)
		data[n] ^= next(r->s, ++i, &j);
	r->i = i;
	r->j = (uint8_t)j;
}

/*
 * The loops over lanes below are unrolled by the compiler, as `lanes` is a constant in each of the
 * kernels that they are inlined into.
 */
#define KERNEL static inline __attribute__((always_inline))

/* Key schedules of all lanes in step. */
KERNEL void schedule(struct rc4 *r, const struct rc4_job *const *jobs, unsigned lanes)
{
	uint8_t keys[LANES][256]; /* repeated, so that the loop needs no remainder */
	unsigned j[LANES] = {0};
	for (unsigned l = 0; l < lanes; l++) {
		assert(jobs[l]->key_length >= 1 && jobs[l]->key_length <= 256);
		size_t have = jobs[l]->key_length;
		memcpy(keys[l], jobs[l]->key, have);
		for (; have < 256; have *= 2)
			memcpy(keys[l] + have, keys[l], MIN_OF(have, 256 - have));
		set_identity(r[l].s);
		r[l].i = r[l].j = 0;
	}
	for (unsigned i = 0; i < 256; i++)
#pragma GCC unroll 6
		for (unsigned l = 0; l < lanes; l++)
			j[l] = mix(r[l].s, i, j[l], keys[l][i]);
	secret_wipe(keys, sizeof(keys));
}

/* As many octets of each job as the shortest has; the rest of the longer ones one by one. */
KERNEL void encrypt(struct rc4 *r, const struct rc4_job *const *jobs, unsigned lanes)
{
	uint8_t *data[LANES];
	unsigned j[LANES] = {0};
	size_t common = SIZE_MAX;
	for (unsigned l = 0; l < lanes; l++) {
		data[l] = jobs[l]->data;
		common = MIN_OF(common, jobs[l]->length);
	}
	uint8_t i = 0;
	for (size_t n = 0; n < common; n++) {
		i++;
#pragma GCC unroll 6
		for (unsigned l = 0; l < lanes; l++)
			data[l][n] ^= next(r[l].s, i, &j[l]);
	}
	for (unsigned l = 0; l < lanes; l++) {
		r[l].i = i;
		r[l].j = (uint8_t)j[l];
		rc4_apply(&r[l], data[l] + common, jobs[l]->length - common);
	}
}

static void run_1(struct rc4 *r, const struct rc4_job *const *jobs)
{
	rc4_init(r, jobs[0]->key, jobs[0]->key_length);
	rc4_apply(r, jobs[0]->data, jobs[0]->length);
}

static void run_4(struct rc4 *r, const struct rc4_job *const *jobs)
{
	schedule(r, jobs, 4);
	encrypt(r, jobs, 4);
}

static void run_6(struct rc4 *r, const struct rc4_job *const *jobs)
{
	schedule(r, jobs, 6);
	encrypt(r, jobs, 6);
}

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

/* Puts `job` into its place among `count` sorted ones: long first, so that lanes which walk in step
 * have about the same way to go. */
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
