#include "crypto/rc4.h"

#include <assert.h>
#include <string.h>

#include "base/base.h"
#include "base/secret.h"
#include "crypto/rc4_kernel.h"

enum { BATCH = 64 /* jobs that are sorted and run together */ };

static const uint8_t identity[256] = RC4_IDENTITY;

void rc4_repeat_key(const uint8_t *key, size_t length, uint8_t repeated[static 256])
{
	assert(length >= 1 && length <= 256);
	if (length == 16) { /* the usual one: copies of a fixed size are a few instructions */
		for (size_t have = 0; have < 256; have += 16)
			memcpy(repeated + have, key, 16);
		return;
	}
	memcpy(repeated, key, length);
	for (size_t have = length; have < 256; have *= 2)
		memcpy(repeated + have, repeated, MIN_OF(have, 256 - have));
}

void rc4_start(struct rc4 *r, const uint8_t *key, size_t length, uint8_t repeated[static 256])
{
	r->i = r->j = 0;
	memcpy(r->s, identity, sizeof(identity));
	rc4_repeat_key(key, length, repeated);
}

/*
 * One stream alone: S[i + 1] is loaded before the store to S[j], so that it need not wait for it,
 * and put right where the two are the same entry, once in 256 steps.
 */
void rc4_init(struct rc4 *r, const uint8_t *key, size_t length)
{
	uint8_t repeated[256];
	rc4_start(r, key, length, repeated);
	unsigned j = 0;
	uint8_t a = r->s[0];
	for (unsigned i = 0; i < 256; i++) {
		uint8_t following = r->s[(uint8_t)(i + 1)];
		j = (uint8_t)(j + a + repeated[i]);
		r->s[i] = r->s[j];
		r->s[j] = a;
		a = j == i + 1 ? a : following;
	}
	secret_wipe(repeated, sizeof(repeated));
}

void rc4_apply(struct rc4 *r, uint8_t *data, size_t length)
{
	unsigned i = (uint8_t)(r->i + 1), j = r->j;
	uint8_t a = r->s[i];
	for (size_t n = 0; n < length; n++) {
		unsigned after_i = (uint8_t)(i + 1);
		uint8_t following = r->s[after_i];
		j = (uint8_t)(j + a);
		uint8_t b = r->s[j];
		r->s[i] = b;
		r->s[j] = a;
		data[n] ^= r->s[(uint8_t)(a + b)];
		a = j == after_i ? a : following;
		i = after_i;
	}
	r->i = (uint8_t)(i - 1);
	r->j = (uint8_t)j;
}

void rc4_once(const uint8_t *key, size_t key_length, uint8_t *data, size_t length)
{
#ifdef RC4_X86_64
	struct rc4_words r;
	rc4_words_init(&r, key, key_length);
	rc4_words_apply(&r, data, length);
#else
	struct rc4 r;
	rc4_init(&r, key, key_length);
	rc4_apply(&r, data, length);
#endif
	secret_wipe(&r, sizeof(r));
}

/* Returns how much of the room was used. */
static size_t run_batch(const struct rc4_plan *plan, union rc4_room *room,
			const struct rc4_job **jobs, size_t count)
{
	size_t used = 0;
	for (size_t done = 0; done < count;) {
		const struct rc4_kernel *step = plan->step[MIN_OF(count - done, RC4_PLANNED)];
		step->run(room, jobs + done);
		done += step->lanes;
		used = MAX_OF(used, step->room);
	}
	return used;
}

/* Puts `job` into its place among `count` sorted ones: long first, so
 * that lanes which walk in step have about the same way to go. */
static void insert(const struct rc4_job **sorted, size_t count, const struct rc4_job *job)
{
	for (; count && sorted[count - 1]->length < job->length; count--)
		sorted[count] = sorted[count - 1];
	sorted[count] = job;
}

void rc4_run(const struct rc4_plan *plan, const struct rc4_job *jobs, size_t count)
{
	union rc4_room room;
	const struct rc4_job *sorted[BATCH];
	while (count) {
		size_t batch = MIN_OF(count, (size_t)BATCH);
		for (size_t i = 0; i < batch; i++)
			insert(sorted, i, &jobs[i]);
		secret_wipe(&room, run_batch(plan, &room, sorted, batch));
		jobs += batch;
		count -= batch;
	}
}
