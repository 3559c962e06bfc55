/*
 * The Internet checksum (RFC 1071): a one's complement sum of 16-bit words in network order. Sums
 * are kept unfolded while pieces are added, and folded and complemented once at the end.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Adds `length` octets to a sum that starts at 0. An odd octet counts
 * as if a zero followed, so only the last piece may be odd. */
uint64_t checksum_add(uint64_t sum, const void *bytes, size_t length);

/* The same, while the octets are copied to `to`, which does not overlap them. */
uint64_t checksum_copy(uint64_t sum, void *to, const void *bytes, size_t length);

/* The sum in 16 bits, not complemented: what stands in the field of a packet whose checksum is
 * still to be completed, where the sum is that of its pseudo-header. */
uint16_t checksum_fold(uint64_t sum);

/* The value for the checksum field, host order: the folded sum's complement.
 * Over octets that hold a right checksum it is 0. */
uint16_t checksum_finish(uint64_t sum);

/* Both at once. */
uint16_t checksum_of(const void *bytes, size_t length);

/*
 * The checksum after the word `before` in what it covers became `after` (RFC 1624, equation 3); all
 * in host order. For two octets that lie at an odd offset swap both words first: see checksum_swap.
 */
uint16_t checksum_replace(uint16_t checksum, uint16_t before, uint16_t after);

static inline uint16_t checksum_swap(uint16_t word)
{
	return (uint16_t)(word << 8 | word >> 8);
}
