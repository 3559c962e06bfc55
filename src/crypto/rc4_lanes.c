/*
 * RC4 is one chain of loads and stores, each waiting for the last: a single stream leaves most of a
 * core idle. So several packets, each with a key of its own, walk in step through one loop: a lane
 * each. What decides whether that is faster or slower than one stream:
 *
 * - States of 8-bit entries, six of which take little of a cache. (rc4_x86_64.c has larger ones.)
 * - The next load of S[i] may run ahead of the last store to S[j], which now and then is the same
 *   entry. The core guesses that it is not, and where it guessed wrong, starts over. Some cores
 *   stay fast all the same (Sapphire Rapids), on others the same source ran at one or at three
 *   times the speed by compiler and number of lanes (Zen 4). For those there are kernels in which
 *   the address of S[i] waits for j, see after(); waiting costs where it is not needed.
 * - Sixteen octets of keystream gathered in a register of SSE4.1 save two stores and a load an
 *   octet.
 *
 * Which of them is the fast one only the machine knows: rc4_choose.c asks it.
 */
#include "base/base.h"
#include "base/secret.h"
#include "crypto/rc4_kernel.h"

#ifdef RC4_X86_64
#include <immintrin.h>
#endif

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
static inline unsigned mix(uint8_t s[static 256], size_t i, unsigned j, uint8_t a, uint8_t key)
{
	j = (uint8_t)(j + a + key);
	s[i] = s[j];
	s[j] = a;
	return j;
}

/* One octet of keystream; `a` is s[i], *j moves on. */
static inline uint8_t next(uint8_t s[static 256], size_t i, unsigned *j, uint8_t a)
{
	*j = (uint8_t)(*j + a);
	uint8_t b = s[*j];
	s[i] = b;
	s[*j] = a;
	return s[(uint8_t)(a + b)];
}

static void run_1(union rc4_room *room, const struct rc4_job *const *jobs)
{
	struct rc4 *r = room->octets;
	rc4_init(r, jobs[0]->key, jobs[0]->key_length);
	rc4_apply(r, jobs[0]->data, jobs[0]->length);
}

#ifdef RC4_X86_64
static void run_1_words(union rc4_room *room, const struct rc4_job *const *jobs)
{
	rc4_words_init(room->words, jobs[0]->key, jobs[0]->key_length);
	rc4_words_apply(room->words, jobs[0]->data, jobs[0]->length);
}
#endif

/* A lane that walked `done` octets in step with the others goes the rest of its way alone. */
static void lane_finish(struct rc4 *r, const struct rc4_job *job, size_t done, unsigned j)
{
	r->i = (uint8_t)done;
	r->j = (uint8_t)j;
	if (job->length > done)
		rc4_apply(r, job->data + done, job->length - done);
}

/* clang-format off */
/*
 * A kernel for a number of lanes. Written out by macros, with a variable for each lane, because
 * compilers differ in whether they keep the elements of small arrays in registers.
 */
#define START(l)                          \
	unsigned j##l = 0;                \
	uint8_t *data##l = jobs[l]->data; \
	rc4_start(&r[l], jobs[l]->key, jobs[l]->key_length, keys[l]);
#define FRONT(l)   r[l].s[i + (waits ? after(j##l) : 0)]
#define MIX(l)     j##l = mix(r[l].s, i, j##l, FRONT(l), keys[l][i]);
#define RESTART(l) j##l = 0;
#define NEXT(l)    data##l[done] ^= next(r[l].s, i, &j##l, FRONT(l));
#define FINISH(l)  lane_finish(&r[l], jobs[l], done, j##l);

/* Octet by octet, from `done` to `common`. */
#define PLAIN(EACH)                                \
	for (; done < common; done++) {            \
		size_t i = (uint8_t)(done + 1);    \
		EACH(NEXT)                         \
	}

/* Sixteen octets of each lane gathered in a register. */
#define EMPTY(l)  __m128i x##l = _mm_setzero_si128();
#define GATHER(l) x##l = _mm_insert_epi8(x##l, next(r[l].s, i, &j##l, FRONT(l)), k);
#define XOR(l)    xor_16(data##l + done, x##l);
#define OCTET(n, EACH)                                                           \
	{                                                                        \
		enum { k = n };                                                  \
		size_t i = k < 15 ? first + k : (uint8_t)(first + k);            \
		EACH(GATHER)                                                     \
	}
#define SSE41(EACH)                                                              \
	for (; done + 16 <= common; done += 16) {                                \
		size_t first = (uint8_t)(done + 1); /* goes round at the last */ \
		EACH(EMPTY)                                                      \
		OCTET(0, EACH) OCTET(1, EACH) OCTET(2, EACH) OCTET(3, EACH)      \
		OCTET(4, EACH) OCTET(5, EACH) OCTET(6, EACH) OCTET(7, EACH)      \
		OCTET(8, EACH) OCTET(9, EACH) OCTET(10, EACH) OCTET(11, EACH)    \
		OCTET(12, EACH) OCTET(13, EACH) OCTET(14, EACH) OCTET(15, EACH)  \
		EACH(XOR)                                                        \
	}                                                                        \
	PLAIN(EACH)

#define KERNEL(name, lanes, EACH, is_waiting, STREAM)                        \
	static void name(union rc4_room *room, const struct rc4_job *const *jobs) \
	{                                                                    \
		struct rc4 *r = room->octets;                                \
		enum { waits = is_waiting };                                 \
		uint8_t keys[lanes][256];                                    \
		size_t common = jobs[lanes - 1]->length, done = 0;           \
		EACH(START)                                                  \
		for (size_t i = 0; i < 256; i++) {                           \
			EACH(MIX)                                            \
		}                                                            \
		EACH(RESTART)                                                \
		STREAM(EACH)                                                 \
		EACH(FINISH)                                                 \
		secret_wipe(keys, sizeof(keys));                             \
	}

KERNEL(run_2, 2, RC4_TWO, false, PLAIN)
KERNEL(run_3, 3, RC4_THREE, false, PLAIN)
KERNEL(run_4, 4, RC4_FOUR, false, PLAIN)
KERNEL(run_4_waiting, 4, RC4_FOUR, true, PLAIN)
KERNEL(run_6, 6, RC4_SIX, false, PLAIN)
KERNEL(run_6_waiting, 6, RC4_SIX, true, PLAIN)

#ifdef RC4_X86_64
#define ON_SSE41 __attribute__((target("sse4.1")))

ON_SSE41 static inline void xor_16(uint8_t *data, __m128i keystream)
{
	__m128i_u *at = (__m128i_u *)data;
	_mm_storeu_si128(at, _mm_xor_si128(_mm_loadu_si128(at), keystream));
}

ON_SSE41 KERNEL(run_2_sse41, 2, RC4_TWO, false, SSE41)
ON_SSE41 KERNEL(run_3_sse41, 3, RC4_THREE, false, SSE41)
ON_SSE41 KERNEL(run_4_sse41, 4, RC4_FOUR, false, SSE41)
ON_SSE41 KERNEL(run_4_sse41_waiting, 4, RC4_FOUR, true, SSE41)
ON_SSE41 KERNEL(run_6_sse41, 6, RC4_SIX, false, SSE41)
ON_SSE41 KERNEL(run_6_sse41_waiting, 6, RC4_SIX, true, SSE41)
#endif

#define OCTETS(lanes) (lanes) * sizeof(struct rc4)
#define WORDS(lanes)  (lanes) * sizeof(struct rc4_words)
const struct rc4_kernel rc4_kernels[] = {
	{"1 lane", 1, false, OCTETS(1), run_1},
	{"2 lanes", 2, false, OCTETS(2), run_2},
	{"3 lanes", 3, false, OCTETS(3), run_3},
	{"4 lanes", 4, false, OCTETS(4), run_4},
	{"4 lanes waiting", 4, false, OCTETS(4), run_4_waiting},
	{"6 lanes", 6, false, OCTETS(6), run_6},
	{"6 lanes waiting", 6, false, OCTETS(6), run_6_waiting},
#ifdef RC4_X86_64
	{"2 lanes sse4.1", 2, true, OCTETS(2), run_2_sse41},
	{"3 lanes sse4.1", 3, true, OCTETS(3), run_3_sse41},
	{"4 lanes sse4.1", 4, true, OCTETS(4), run_4_sse41},
	{"4 lanes sse4.1 waiting", 4, true, OCTETS(4), run_4_sse41_waiting},
	{"6 lanes sse4.1", 6, true, OCTETS(6), run_6_sse41},
	{"6 lanes sse4.1 waiting", 6, true, OCTETS(6), run_6_sse41_waiting},
	{"2 lanes x86-64", 2, true, OCTETS(2), rc4_run_2_octets},
	{"3 lanes x86-64", 3, true, OCTETS(3), rc4_run_3_octets},
	{"4 lanes x86-64", 4, true, OCTETS(4), rc4_run_4_octets},
	{"6 lanes x86-64", 6, true, OCTETS(6), rc4_run_6_octets},
	{"1 lane of words", 1, false, WORDS(1), run_1_words},
	{"2 lanes of words", 2, true, WORDS(2), rc4_run_2_words},
	{"3 lanes of words", 3, true, WORDS(3), rc4_run_3_words},
	{"4 lanes of words", 4, true, WORDS(4), rc4_run_4_words},
	{"6 lanes of words", 6, true, WORDS(6), rc4_run_6_words},
#endif
};
const size_t rc4_kernel_count = COUNT_OF(rc4_kernels);

#define ONE  &rc4_kernels[0]
#define FOUR_WAITING &rc4_kernels[4]
#define SIX_WAITING  &rc4_kernels[6]

/* Two fours rather than six and two, as less than four walk alone. */
const struct rc4_plan rc4_plan_plain = {{
	[0 ... 3] = ONE, [4] = FOUR_WAITING, [5] = FOUR_WAITING, [6 ... 7] = SIX_WAITING,
	[8 ... 9] = FOUR_WAITING, [10 ... 13] = SIX_WAITING, [14 ... 15] = FOUR_WAITING,
	[16] = SIX_WAITING,
}};
/* clang-format on */

bool rc4_kernel_runs(const struct rc4_kernel *kernel)
{
#ifdef RC4_X86_64
	return !kernel->needs_sse41 || __builtin_cpu_supports("sse4.1");
#else
	return !kernel->needs_sse41;
#endif
}
