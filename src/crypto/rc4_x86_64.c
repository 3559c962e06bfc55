/*
 * RC4 for x86-64, of which the step is written out: compilers make nine to fifteen instructions of
 * the same C, and up to twice the time. What decides how fast it can be:
 *
 * - Instructions, where somebody else is at work on the core's other thread. Here they are seven, or
 *   six in the key schedule: j and a + b stay below 256 by themselves where octets are added, so that
 *   nothing has to be cut off.
 * - Stores. Two entries of a state change with each octet, mostly in two lines of the cache, which
 *   writes one line a cycle. But where it keeps check bits for words of 32 bits, as that of Zen 3
 *   seems to, storing a single octet is to read, change and write back: 1.7 cycles were measured. So
 *   there are states with entries of 32 bits (struct rc4_words); on machines to which octets are as
 *   cheap they only take more of the cache.
 *
 * On Zen 3 both together took a third off the time of the best kernels in C: 1.0 in place of 1.45 ns an
 * octet beside a busy neighbour, and 0.7 without one, two cycles, which is what two stores need.
 */
#include <string.h>

#include "base/base.h"
#include "base/secret.h"
#include "crypto/rc4_kernel.h"

#ifdef RC4_X86_64
#include <immintrin.h>

static const uint32_t identity[256] = RC4_IDENTITY;

static void words_start(struct rc4_words *r, const uint8_t *key, size_t length,
			uint8_t repeated[static 256])
{
	r->i = r->j = 0;
	memcpy(r->s, identity, sizeof(identity));
	rc4_repeat_key(key, length, repeated);
}

/* clang-format off */
/*
 * One stream alone: S[i + 1] is loaded before the store to S[j], so that it need not wait for it; once
 * in 256 steps the two are the same entry, and a is what it becomes. `after_i` is i + 1, or 0.
 */
#define SWAP_ALONE(ADD)                                                                  \
	"movl %[after], %k[following]\n\t"                                               \
	ADD                                                                              \
	"addb %b[a], %b[j]\n\t"                                                          \
	"movl (%[s],%q[j],4), %k[b]\n\t"                                                 \
	"movl %k[b], %[at]\n\t"                                                          \
	"movl %k[a], (%[s],%q[j],4)\n\t"
#define GO_ON                                                                            \
	"cmpl %k[after_i], %k[j]\n\t"                                                    \
	"je 1f\n\t"                                                                      \
	"movl %k[following], %k[a]\n"                                                    \
	"1:"
#define GIVES_ALONE                                                                      \
	[j] "+&r"(j), [a] "+&r"(a), [b] "=&r"(b), [following] "=&r"(following), "+m"(*r)
#define TAKES_ALONE                                                                      \
	[s] "r"(r->s), [at] "m"(r->s[i]), [after] "m"(r->s[after_i]), [after_i] "r"(after_i)

/* clang-format on */

void rc4_words_init(struct rc4_words *r, const uint8_t *key, size_t length)
{
	uint8_t repeated[256];
	words_start(r, key, length, repeated);
	unsigned j = 0, a = r->s[0], b, following;
#pragma GCC unroll 4
	for (unsigned i = 0; i < 256; i++) {
		unsigned after_i = (uint8_t)(i + 1);
		__asm__(SWAP_ALONE("addb %[key], %b[j]\n\t") GO_ON:GIVES_ALONE
			: TAKES_ALONE, [key] "m"(repeated[i])
			: "cc");
	}
	secret_wipe(repeated, sizeof(repeated));
}

void rc4_words_apply(struct rc4_words *r, uint8_t *data, size_t length)
{
	unsigned i = (uint8_t)(r->i + 1), j = r->j, a = r->s[i], b, following, octet;
#pragma GCC unroll 4
	for (size_t n = 0; n < length; n++) {
		unsigned after_i = (uint8_t)(i + 1);
		__asm__(SWAP_ALONE("") "addb %b[a], %b[b]\n\t"
				       "movl (%[s],%q[b],4), %k[octet]\n\t" GO_ON
			: GIVES_ALONE, [octet] "=&r"(octet)
			: TAKES_ALONE
			: "cc");
		data[n] ^= (uint8_t)octet;
		i = after_i;
	}
	r->i = (uint8_t)(i - 1);
	r->j = (uint8_t)j;
}

#define ON_SSE41 __attribute__((target("sse4.1")))

/* XORs sixteen octets of keystream onto what is left of the data, which may be less. */
ON_SSE41 static inline void xor_block(uint8_t *data, size_t left, __m128i keystream)
{
	if (left >= 16) {
		__m128i_u *at = (__m128i_u *)data;
		_mm_storeu_si128(at, _mm_xor_si128(_mm_loadu_si128(at), keystream));
		return;
	}
	uint8_t octets[16];
	_mm_storeu_si128((__m128i_u *)octets, keystream);
	for (size_t i = 0; i < left; i++)
		data[i] ^= octets[i];
	secret_wipe(octets, sizeof(octets));
}

/* clang-format off */
/* Of states with entries of either size: how one is loaded and stored, and where S[x] of a lane is. */
#define OCTETS_LOAD     "movzbl "
#define OCTETS_STORE(r) "movb %b[" r "], "
#define OCTETS_S(x)     "%c[lane](%[r],%q[" x "])"
#define WORDS_LOAD      "movl "
#define WORDS_STORE(r)  "movl %k[" r "], "
#define WORDS_S(x)      "%c[lane](%[r],%q[" x "],4)"
#define S_I             "%c[lane] + %c[entry](%[i])"

/* a = S[i]; j += a, and what else is to be added; b = S[j]; S[i] = b; S[j] = a. */
#define SWAP(IN, ADD)                                 \
	IN##_LOAD S_I ", %k[a]\n\t"                   \
	ADD                                           \
	"addb %b[a], %b[j]\n\t"                       \
	IN##_LOAD IN##_S("j") ", %k[b]\n\t"           \
	IN##_STORE("b") S_I "\n\t"                    \
	IN##_STORE("a") IN##_S("j") "\n\t"

/* What a step of lane l gives and takes. i: where S[i] of the first lane is, less so many entries. */
#define GIVES(l) [j] "+&r"(j##l), [a] "=&r"(a), [b] "=&r"(b), "+m"(*room)
#define TAKES(l, entries)                                    \
	[r] "r"(r), [lane] "i"((l) * sizeof(r[0])),          \
	[i] "r"(i), [entry] "i"((entries) * sizeof(*i))

/* One step of the key schedule. */
#define MIX(l, IN)                                                                       \
	__asm__(SWAP(IN, "addb %[key], %b[j]\n\t")                                       \
		: GIVES(l) : TAKES(l, 0), [key] "m"(keys[l][i - r->s]) : "cc");
#define OCTETS_MIX(l) MIX(l, OCTETS)
#define WORDS_MIX(l)  MIX(l, WORDS)

/* One octet of keystream, S[a + b], to its place among the sixteen of its lane. */
#define NEXT(l, IN)                                                                      \
	__asm__(SWAP(IN, "")                                                             \
		"addb %b[b], %b[a]\n\t"                                                  \
		"pinsrb %[place], " IN##_S("a") ", %[x]\n\t"                             \
		: GIVES(l), [x] "+&x"(x##l) : TAKES(l, entry), [place] "i"(place) : "cc");
#define OCTETS_NEXT(l) NEXT(l, OCTETS)
#define WORDS_NEXT(l)  NEXT(l, WORDS)

/* The same of all lanes. Places 0 to 14 are entries behind the first; the last may be S[0] again. */
#define PLACE(n, EACH, NEXT)                                                             \
	{                                                                                \
		enum { place = n, entry = n < 15 ? n : 0 };                              \
		i = n < 15 ? first : last;                                               \
		EACH(NEXT)                                                               \
	}

#define START(l, start)                                                                  \
	unsigned j##l = 0;                                                               \
	uint8_t *data##l = jobs[l]->data;                                                \
	start(&r[l], jobs[l]->key, jobs[l]->key_length, keys[l]);
#define OCTETS_START(l) START(l, rc4_start)
#define WORDS_START(l)  START(l, words_start)
#define RESTART(l)      j##l = 0;
#define EMPTY(l)        __m128i x##l = _mm_setzero_si128();
#define XOR(l)          xor_block(data##l + done, jobs[l]->length - done, x##l);

/* A lane that walked `done` octets in step with the others goes the rest of its way alone. */
#define FINISH(l, apply)                                                                 \
	r[l].i = (uint8_t)done;                                                          \
	r[l].j = (uint8_t)j##l;                                                          \
	if (jobs[l]->length > done)                                                      \
		apply(&r[l], data##l + done, jobs[l]->length - done);
#define OCTETS_FINISH(l) FINISH(l, rc4_apply)
#define WORDS_FINISH(l)  FINISH(l, rc4_words_apply)

#define KERNEL(name, lanes, EACH, states, IN)                                            \
	ON_SSE41 void name(union rc4_room *room, const struct rc4_job *const *jobs)      \
	{                                                                                \
		uint8_t keys[lanes][256];                                                \
		__typeof__(&room->states[0]) r = room->states;                           \
		__typeof__(&r->s[0]) i, first, last;                                     \
		unsigned a, b;                                                           \
		size_t common = jobs[lanes - 1]->length, done = 0;                       \
		EACH(IN##_START)                                                         \
		for (i = r->s; i < r->s + 256; i++) {                                    \
			EACH(IN##_MIX)                                                   \
		}                                                                        \
		secret_wipe(keys, sizeof(keys));                                         \
		EACH(RESTART)                                                            \
		for (; done < common; done += 16) {                                      \
			first = r->s + (uint8_t)(done + 1);                              \
			last = r->s + (uint8_t)(done + 16);                              \
			EACH(EMPTY)                                                      \
			PLACE(0, EACH, IN##_NEXT) PLACE(1, EACH, IN##_NEXT)              \
			PLACE(2, EACH, IN##_NEXT) PLACE(3, EACH, IN##_NEXT)              \
			PLACE(4, EACH, IN##_NEXT) PLACE(5, EACH, IN##_NEXT)              \
			PLACE(6, EACH, IN##_NEXT) PLACE(7, EACH, IN##_NEXT)              \
			PLACE(8, EACH, IN##_NEXT) PLACE(9, EACH, IN##_NEXT)              \
			PLACE(10, EACH, IN##_NEXT) PLACE(11, EACH, IN##_NEXT)            \
			PLACE(12, EACH, IN##_NEXT) PLACE(13, EACH, IN##_NEXT)            \
			PLACE(14, EACH, IN##_NEXT) PLACE(15, EACH, IN##_NEXT)            \
			EACH(XOR)                                                        \
		}                                                                        \
		EACH(IN##_FINISH)                                                        \
	}

KERNEL(rc4_run_2_octets, 2, RC4_TWO, octets, OCTETS)
KERNEL(rc4_run_3_octets, 3, RC4_THREE, octets, OCTETS)
KERNEL(rc4_run_4_octets, 4, RC4_FOUR, octets, OCTETS)
KERNEL(rc4_run_6_octets, 6, RC4_SIX, octets, OCTETS)
KERNEL(rc4_run_2_words, 2, RC4_TWO, words, WORDS)
KERNEL(rc4_run_3_words, 3, RC4_THREE, words, WORDS)
KERNEL(rc4_run_4_words, 4, RC4_FOUR, words, WORDS)
KERNEL(rc4_run_6_words, 6, RC4_SIX, words, WORDS)
/* clang-format on */
#endif
