/*
 * RC4 in one stream and in many lanes at once (rc4_lanes.c has the reasons, bench/README.md the figures).
 *
 *   rc4.c         one stream, and batches of jobs
 *   rc4_lanes.c   the kernels: so many lanes, in plain C and with SSE4.1
 *   rc4_x86_64.c  one stream and kernels of which the step is written in assembler
 *   rc4_choose.c  which kernels are the fast ones on this machine
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct rc4 {
	uint8_t s[256]; /* entries of 8 bits: every session has two states */
	uint8_t i, j;
};

/* Key schedule; 1 to 256 octets of key. */
void rc4_init(struct rc4 *r, const uint8_t *key, size_t length);

/* XORs the next `length` octets of keystream onto `data`. */
void rc4_apply(struct rc4 *r, uint8_t *data, size_t length);

/* Key schedule and the first octets of a keystream, for once: the fastest way for one short stream. */
void rc4_once(const uint8_t *key, size_t key_length, uint8_t *data, size_t length);

/* One packet with a key of its own. */
struct rc4_job {
	const uint8_t *key;
	size_t key_length;
	uint8_t *data;
	size_t length;
};

struct rc4_kernel;

enum {
	RC4_PLANNED = 16,    /* jobs left for which a plan tells the next step */
	RC4_PLAN_TEXT = 400, /* what rc4_plan_print needs at most */
};

/* Which kernel takes the next jobs where so many are left. A value; kernels are constants. */
struct rc4_plan {
	const struct rc4_kernel *step[RC4_PLANNED + 1]; /* [0] is not used */
};

/* What is good everywhere, though nowhere the best: plain C in one, four and six lanes. */
extern const struct rc4_plan rc4_plan_plain;

/*
 * The plan of what this machine does fastest: all kernels that it can run are timed, in about a
 * millisecond. now_ns: a clock that never goes back.
 */
struct rc4_plan rc4_choose(uint64_t (*now_ns)(void));

/* Names the kernels of the plan, the widest first: "6 lanes sse4.1, 4 lanes sse4.1, 1 lane". */
const char *rc4_plan_print(const struct rc4_plan *plan, char text[static RC4_PLAN_TEXT]);

/* Runs each job with a fresh state; the same result as rc4_init
 * and rc4_apply for each, faster for several. */
void rc4_run(const struct rc4_plan *plan, const struct rc4_job *jobs, size_t count);
