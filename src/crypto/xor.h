/* XOR of a keystream onto data, as many octets at a time as a register holds. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Which registers become of it is the compiler's choice. */
typedef uint64_t xor_block __attribute__((vector_size(32)));

/* XORs `length` octets of `stream` onto `data`; the two do not overlap. */
static inline void xor_onto(uint8_t *restrict data, const uint8_t *restrict stream, size_t length)
{
	for (; length >= sizeof(xor_block); length -= sizeof(xor_block)) {
		xor_block a, b;
		memcpy(&a, data, sizeof(a));
		memcpy(&b, stream, sizeof(b));
		a ^= b;
		memcpy(data, &a, sizeof(a));
		data += sizeof(xor_block);
		stream += sizeof(xor_block);
	}
	while (length--)
		*data++ ^= *stream++;
}
