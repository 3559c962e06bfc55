#include "ip/checksum.h"

#include <string.h>

/*
 * A one's complement sum does not mind the order of the two octets in its words (RFC 1071 §2 B),
 * and words of 32 bits fold to the same 16, since 2^16 is 1 modulo 2^16 - 1. So memory is added in
 * the machine's own order, two 64-bit lanes of 32-bit words at a time: gcc and clang make of these
 * whatever vectors the machine has. No lane can overflow below 2^32 words.
 */
typedef uint64_t lanes __attribute__((vector_size(16)));

/* Where the machine has no vectors (32-bit x86 as Debian builds for it) passing one is another
 * calling convention; nobody calls these, they are inlined. */
#pragma GCC diagnostic ignored "-Wpsabi"

enum { STEP = 4 * sizeof(lanes) };

static inline lanes load_lanes(const uint8_t *at)
{
	lanes l;
	memcpy(&l, at, sizeof(l));
	return l;
}

static inline lanes words(lanes l)
{
	const lanes low = {UINT32_MAX, UINT32_MAX};
	return (l & low) + (l >> 32);
}

/* The sum in the machine's order; copies to `to` on the way where that is not NULL. Inlined, so
 * that the question is answered at compile time. */
__attribute__((always_inline)) static inline uint64_t add(const uint8_t *bytes, size_t length,
							  uint8_t *to)
{
	lanes sums[4] = {{0}};
	for (; length >= STEP; length -= STEP, bytes += STEP) {
		lanes a = load_lanes(bytes), b = load_lanes(bytes + sizeof(lanes));
		lanes c = load_lanes(bytes + 2 * sizeof(lanes)),
		      d = load_lanes(bytes + 3 * sizeof(lanes));
		sums[0] += words(a);
		sums[1] += words(b);
		sums[2] += words(c);
		sums[3] += words(d);
		if (to) {
			memcpy(to, (lanes[]){a, b, c, d}, STEP);
			to += STEP;
		}
	}
	lanes both = sums[0] + sums[1] + sums[2] + sums[3];
	uint64_t sum = both[0] + both[1];
	while (length) {
		uint64_t word = 0;
		size_t octets = length < sizeof(word) ? length : sizeof(word);
		if (octets == sizeof(word))
			memcpy(&word, bytes, sizeof(word));
		else
			memcpy(&word, bytes, octets); /* zeros behind an odd octet */
		if (to) {
			memcpy(to, &word, octets);
			to += octets;
		}
		sum += (word & UINT32_MAX) + (word >> 32);
		bytes += octets;
		length -= octets;
	}
	return sum;
}

uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* A folded sum out of the machine's order into the network's. */
static inline uint16_t in_order(uint64_t sum)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return checksum_swap(checksum_fold(sum));
#else
	return checksum_fold(sum);
#endif
}

uint64_t checksum_add(uint64_t sum, const void *bytes, size_t length)
{
	return sum + in_order(add(bytes, length, NULL));
}

uint64_t checksum_copy(uint64_t sum, void *to, const void *bytes, size_t length)
{
	return sum + in_order(add(bytes, length, to));
}

uint16_t checksum_finish(uint64_t sum)
{
	return (uint16_t)~checksum_fold(sum);
}

uint16_t checksum_of(const void *bytes, size_t length)
{
	return checksum_finish(checksum_add(0, bytes, length));
}

uint16_t checksum_replace(uint16_t checksum, uint16_t before, uint16_t after)
{
	uint64_t sum = (uint16_t)~checksum;
	return checksum_finish(sum + (uint16_t)~before + after);
}
