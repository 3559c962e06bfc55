/*
 * A message described once: the description reads, writes and prints it.
 *
 *	struct echo_reply { uint32_t identifier; uint8_t result_code; };
 *	static const struct field echo_reply_fields[] = {
 *		FIELD(U32, echo_reply, identifier),
 *		FIELD(U8, echo_reply, result_code),
 *		FIELDS_END,
 *	};
 *
 * On the wire: numbers in network order; TEXT in exactly the member's size, padded with zeros, not
 * necessarily ended by one; STRING and BLOB behind two octets of length. In memory a STRING is a
 * char array that always ends in NUL; a BLOB is a struct with `uint16_t length; uint8_t bytes[N];`.
 * SECRET is a BLOB that prints as "(hidden)"; HIDDEN is an array of octets in exactly the member's
 * size that does so too. FIELD_PART stands for all fields of a struct inside the struct. A member
 * may be named with dots and brackets: FIELD(U32, verdict, dns[1]).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/writer.h"

enum field_kind {
	FIELD_NONE,
	FIELD_U8,
	FIELD_U16,
	FIELD_U32,
	FIELD_U64,
	FIELD_TEXT,
	FIELD_STRING,
	FIELD_BLOB,
	FIELD_SECRET,
	FIELD_HIDDEN,
	FIELD_STRUCT
};

struct field {
	enum field_kind kind;
	const char *name;
	size_t offset, size;      /* of the member */
	const struct field *part; /* FIELD_STRUCT: the member's own description */
};

/* clang-format off */
#define FIELD(kind, type, member) \
	{ FIELD_##kind, #member, offsetof(struct type, member), sizeof(((struct type *)0)->member) }
/* `member` is a struct that `fields` describe; they are written in its place, without a frame. */
#define FIELD_PART(type, member, fields) \
	{ FIELD_STRUCT, #member, offsetof(struct type, member), \
	  sizeof(((struct type *)0)->member), fields }
#define FIELDS_END { FIELD_NONE, NULL, 0, 0 }

/* Declares the member types that BLOB and SECRET describe. */
#define BLOB(capacity) struct { uint16_t length; uint8_t bytes[capacity]; }
/* clang-format on */

/* Fills *value from `in`. False where the bytes end early
 * or a STRING or BLOB is longer than its member. */
bool fields_decode(const struct field *fields, void *value, struct reader *in);

/* Writes *value; out->failed tells what did not fit. */
void fields_encode(const struct field *fields, const void *value, struct writer *out);

/* "identifier=7 result_code=1", peer text escaped; always ended by NUL. Returns `to`. */
const char *fields_print(const struct field *fields, const void *value, char *to, size_t size);
