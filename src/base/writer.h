/*
 * Writes bytes into a bounded buffer, integers in network order, and remembers that something did
 * not fit: nothing is written past the end, and one look at `failed` before use is enough.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct writer {
	uint8_t *start; /* borrowed */
	size_t length;  /* octets written so far */
	size_t capacity;
	bool failed;
};

static inline struct writer writer_of(void *buffer, size_t capacity)
{
	return (struct writer){.start = buffer, .capacity = capacity};
}

/* Room for `length` more octets, which count as written;
 * NULL (and failed) where they do not fit. */
static inline uint8_t *write_room(struct writer *out, size_t length)
{
	if (out->failed || out->capacity - out->length < length) {
		out->failed = true;
		return NULL;
	}
	uint8_t *room = out->start + out->length;
	out->length += length;
	return room;
}

static inline void write_u8(struct writer *out, uint8_t value)
{
	uint8_t *to = write_room(out, 1);
	if (to)
		to[0] = value;
}

static inline void write_u16(struct writer *out, uint16_t value)
{
	uint8_t *to = write_room(out, 2);
	if (to) {
		to[0] = (uint8_t)(value >> 8);
		to[1] = (uint8_t)value;
	}
}

static inline void write_u32(struct writer *out, uint32_t value)
{
	write_u16(out, (uint16_t)(value >> 16));
	write_u16(out, (uint16_t)value);
}

static inline void write_u64(struct writer *out, uint64_t value)
{
	write_u32(out, (uint32_t)(value >> 32));
	write_u32(out, (uint32_t)value);
}

static inline void write_bytes(struct writer *out, const void *bytes, size_t length)
{
	uint8_t *to = write_room(out, length);
	if (to && length)
		memcpy(to, bytes, length);
}

static inline void write_zeros(struct writer *out, size_t length)
{
	uint8_t *to = write_room(out, length);
	if (to && length)
		memset(to, 0, length);
}

/* Sets the two octets at offset `at`, already written:
 * for lengths that are known only at the end. */
static inline void write_u16_at(struct writer *out, size_t at, uint16_t value)
{
	if (out->failed || at + 2 > out->length)
		return;
	out->start[at] = (uint8_t)(value >> 8);
	out->start[at + 1] = (uint8_t)value;
}
