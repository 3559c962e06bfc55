/*
 * Messages between our own processes (engine, authority, keeper), one to a datagram of a
 * SOCK_SEQPACKET pair: two octets of kind, then the fields of that kind. A receiver looks the kind
 * up in the table of the kinds that it welcomes.
 */
#pragma once
#include "base/field.h"

enum { MESSAGE_LIMIT = 16 * 1024 }; /* octets of the longest message */

struct message_type {
	uint16_t kind; /* 0 ends a table */
	const char *name;
	const struct field *fields;
	size_t size; /* of the struct that the fields describe */
};

#define MESSAGE_TYPE(kind, type, fields)                 \
	{                                                \
		kind, #kind, fields, sizeof(struct type) \
	}
#define MESSAGE_TYPES_END        \
	{                        \
		0, NULL, NULL, 0 \
	}

/* The row of `kind`, or NULL. */
const struct message_type *message_type(const struct message_type *types, uint16_t kind);

/* Encodes *value as a message of `kind`, which is in `types`.
 * Returns its length, or 0 where it does not fit. */
size_t message_encode(const struct message_type *types, uint16_t kind, const void *value, void *to,
		      size_t capacity);

/*
 * Decodes a message into *value, which has room for `capacity` octets. Returns its row, or NULL
 * where the kind is unknown, the bytes end early or go on too long, or the room is too small.
 */
const struct message_type *message_decode(const struct message_type *types, const void *bytes,
					  size_t length, void *value, size_t capacity);
