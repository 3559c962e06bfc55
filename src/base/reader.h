/*
 * A bounded view of received bytes which remembers a failed read: later reads give zeros, and one
 * look at `failed` at the end is enough. Integers are in network order on the wire and in host
 * order here.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
	const uint8_t *next; /* borrowed; the bytes outlive the reader */
	size_t left;         /* octets not yet read */
	bool failed;         /* a read went past the end */
};

static inline struct reader reader_of(const void *bytes, size_t length)
{
	return (struct reader){.next = bytes, .left = length};
}

/* The next `length` octets in place, or NULL (and failed) where fewer are left. */
static inline const uint8_t *read_bytes(struct reader *in, size_t length)
{
	if (in->failed || in->left < length) {
		in->failed = true;
		in->left = 0;
		return NULL;
	}
	const uint8_t *bytes = in->next;
	in->next += length;
	in->left -= length;
	return bytes;
}

static inline uint8_t read_u8(struct reader *in)
{
	const uint8_t *b = read_bytes(in, 1);
	return b ? b[0] : 0;
}

static inline uint16_t read_u16(struct reader *in)
{
	const uint8_t *b = read_bytes(in, 2);
	return b ? (uint16_t)(b[0] << 8 | b[1]) : 0;
}

static inline uint32_t read_u32(struct reader *in)
{
	const uint8_t *b = read_bytes(in, 4);
	return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

static inline uint64_t read_u64(struct reader *in)
{
	uint64_t high = read_u32(in);
	return high << 32 | read_u32(in);
}

/* Copies `length` octets to `to`; zeros where fewer are left. */
static inline void read_copy(struct reader *in, void *to, size_t length)
{
	const uint8_t *b = read_bytes(in, length);
	if (b)
		memcpy(to, b, length);
	else
		memset(to, 0, length);
}

/* A reader of the next `length` octets alone, which are skipped here;
 * empty and failed where fewer are left. */
static inline struct reader read_part(struct reader *in, size_t length)
{
	const uint8_t *b = read_bytes(in, length);
	return (struct reader){.next = b, .left = b ? length : 0, .failed = !b};
}
