/*
 * What a pure room wants done, in order: a growing list of actions, each a kind and its bytes. The
 * room puts, its owner takes. The kinds are the putting room's own enum. Memory is kept between
 * uses, so a warm outbox allocates nothing.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	OUTBOX_LIMIT = 256 * 1024
}; /* octets; no step of any machine comes near, so beyond it lies a bug */

struct outbox {
	uint8_t *bytes; /* owned */
	size_t length, capacity;
	size_t taken; /* octets of `bytes` that were taken already */
};

struct action {
	uint16_t kind;
	size_t length;
	const uint8_t *bytes; /* inside the outbox: valid until the next put or clear */
};

void outbox_fini(struct outbox *out);

/* Adds an action with a copy of `bytes`. At most 65,535 octets. */
void outbox_put(struct outbox *out, uint16_t kind, const void *bytes, size_t length);

/* The same, with the bytes gathered from several places. */
struct outbox_part {
	const void *bytes;
	size_t length;
};
void outbox_put_parts(struct outbox *out, uint16_t kind, const struct outbox_part *parts,
		      size_t count);

/* Adds an action whose bytes are the printed text, without the final NUL, cut at 1,023 octets. */
void outbox_print(struct outbox *out, uint16_t kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Takes the oldest action not yet taken; false where there is none, and the outbox is then empty
 * again. The action's bytes are valid only until the next call on this outbox: a taker whose work
 * may put more copies them.
 */
bool outbox_take(struct outbox *out, struct action *action);

static inline bool outbox_is_empty(const struct outbox *out)
{
	return out->taken == out->length;
}
