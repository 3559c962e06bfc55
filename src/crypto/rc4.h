/* RC4 in one stream and in many lanes at once; states of 8-bit
 * entries (performance.md's reasons are in rc4.c). */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct rc4 {
	uint8_t s[256];
	uint8_t i, j;
};

/* Key schedule; 1 to 256 octets of key. */
void rc4_init(struct rc4 *r, const uint8_t *key, size_t length);

/* XORs the next `length` octets of keystream onto `data`. */
void rc4_apply(struct rc4 *r, uint8_t *data, size_t length);

/* One packet with a key of its own. */
struct rc4_job {
	const uint8_t *key;
	size_t key_length;
	uint8_t *data;
	size_t length;
};

/* Runs each job with a fresh state; the same result as rc4_init
 * and rc4_apply for each, faster for several. */
void rc4_run(const struct rc4_job *jobs, size_t count);
