/* Kernels of RC4, for rc4.c, rc4_choose.c and their test: so many jobs, each in a lane of its own,
 * walk in step through one loop. */
#pragma once
#include <stdbool.h>

#include "crypto/rc4.h"

/* Said here alone: whether what is written for x86-64 is built. A second build of this room, for its tests,
 * has plain C on every machine. */
#if defined(__x86_64__) && !defined(POPTUN_PLAIN_C)
#define RC4_X86_64
#endif

enum { RC4_LANES_MAX = 6 };

/*
 * A state with entries of 32 bits: quicker where storing an octet is dear (rc4_x86_64.c), too large to
 * be kept for every session. Aligned so that equal entries of neighbours are further apart than whole
 * lines of the cache, and not by 1024 octets, which four lanes and more would suffer from.
 */
struct rc4_words {
	_Alignas(16) uint32_t s[256];
	uint8_t i, j;
};

/* The states that a kernel works in. */
union rc4_room {
	struct rc4 octets[RC4_LANES_MAX];
	struct rc4_words words[RC4_LANES_MAX];
};

struct rc4_kernel {
	const char *name;
	unsigned lanes;
	bool needs_sse41;
	size_t room; /* so many octets of its room are used, and are secret afterwards */
	/* `lanes` jobs, the longest first. */
	void (*run)(union rc4_room *room, const struct rc4_job *const *jobs);
};

/* All of them; the first has one lane. */
extern const struct rc4_kernel rc4_kernels[];
extern const size_t rc4_kernel_count;

/* Whether this processor can run it. */
bool rc4_kernel_runs(const struct rc4_kernel *kernel);

/* rc4_choose on a processor of which `runs` says what it can run: others are neither timed nor planned. */
struct rc4_plan rc4_choose_where(bool (*runs)(const struct rc4_kernel *kernel),
				 uint64_t (*now_ns)(void));

/* The state ahead of the key schedule, and the key repeated to
 * 256 octets, so that the schedule's loop needs no remainder. */
void rc4_start(struct rc4 *r, const uint8_t *key, size_t length, uint8_t repeated[static 256]);
void rc4_repeat_key(const uint8_t *key, size_t length, uint8_t repeated[static 256]);

/* clang-format off */
/* What a kernel says for each of its lanes: LANE is a macro that takes the lane's number. */
#define RC4_TWO(LANE)   LANE(0) LANE(1)
#define RC4_THREE(LANE) RC4_TWO(LANE) LANE(2)
#define RC4_FOUR(LANE)  RC4_THREE(LANE) LANE(3)
#define RC4_SIX(LANE)   RC4_FOUR(LANE) LANE(4) LANE(5)

/* S before the key schedule. */
#define RC4_EIGHT(n) (n), (n) + 1, (n) + 2, (n) + 3, (n) + 4, (n) + 5, (n) + 6, (n) + 7
#define RC4_ROW(n)   RC4_EIGHT(n), RC4_EIGHT(n + 8), RC4_EIGHT(n + 16), RC4_EIGHT(n + 24)
#define RC4_IDENTITY                                                                     \
	{ RC4_ROW(0), RC4_ROW(32), RC4_ROW(64), RC4_ROW(96), RC4_ROW(128), RC4_ROW(160), \
	  RC4_ROW(192), RC4_ROW(224) }
/* clang-format on */

#ifdef RC4_X86_64
/* rc4_x86_64.c: one stream, like rc4_init and rc4_apply. */
void rc4_words_init(struct rc4_words *r, const uint8_t *key, size_t length);
void rc4_words_apply(struct rc4_words *r, uint8_t *data, size_t length);

/* And kernels, in so many lanes by states of octets or words; all need SSE4.1. */
void rc4_run_2_octets(union rc4_room *room, const struct rc4_job *const *jobs);
void rc4_run_3_octets(union rc4_room *room, const struct rc4_job *const *jobs);
void rc4_run_4_octets(union rc4_room *room, const struct rc4_job *const *jobs);
void rc4_run_6_octets(union rc4_room *room, const struct rc4_job *const *jobs);
void rc4_run_2_words(union rc4_room *room, const struct rc4_job *const *jobs);
void rc4_run_3_words(union rc4_room *room, const struct rc4_job *const *jobs);
void rc4_run_4_words(union rc4_room *room, const struct rc4_job *const *jobs);
void rc4_run_6_words(union rc4_room *room, const struct rc4_job *const *jobs);
#endif
