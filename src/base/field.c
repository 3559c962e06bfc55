#include "base/field.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"

/* How every BLOB(n) begins, whatever its capacity. */
struct blob {
	uint16_t length;
	uint8_t bytes[];
};

static size_t blob_capacity(const struct field *field)
{
	return field->size - offsetof(struct blob, bytes);
}

static void number_store(const struct field *field, void *member, uint64_t value)
{
	switch (field->kind) {
	case FIELD_U8:
		*(uint8_t *)member = (uint8_t)value;
		break;
	case FIELD_U16:
		*(uint16_t *)member = (uint16_t)value;
		break;
	case FIELD_U32:
		*(uint32_t *)member = (uint32_t)value;
		break;
	default:
		*(uint64_t *)member = value;
		break;
	}
}

static uint64_t number_load(const struct field *field, const void *member)
{
	switch (field->kind) {
	case FIELD_U8:
		return *(const uint8_t *)member;
	case FIELD_U16:
		return *(const uint16_t *)member;
	case FIELD_U32:
		return *(const uint32_t *)member;
	default:
		return *(const uint64_t *)member;
	}
}

/* Reads a length and that many octets into `to`, which holds `capacity`;
 * returns the length, or SIZE_MAX. */
static size_t read_counted(struct reader *in, void *to, size_t capacity)
{
	size_t length = read_u16(in);
	if (length > capacity)
		in->failed = true;
	const uint8_t *bytes = read_bytes(in, length);
	if (!bytes)
		return SIZE_MAX;
	memset(to, 0, capacity);
	memcpy(to, bytes, length);
	return length;
}

static void field_decode(const struct field *field, void *member, struct reader *in)
{
	switch (field->kind) {
	case FIELD_U8:
		number_store(field, member, read_u8(in));
		break;
	case FIELD_U16:
		number_store(field, member, read_u16(in));
		break;
	case FIELD_U32:
		number_store(field, member, read_u32(in));
		break;
	case FIELD_U64:
		number_store(field, member, read_u64(in));
		break;
	case FIELD_TEXT:
	case FIELD_HIDDEN:
		read_copy(in, member, field->size);
		break;
	case FIELD_STRUCT:
		fields_decode(field->part, member, in);
		break;
	case FIELD_STRING:
		if (read_counted(in, member, field->size - 1) != SIZE_MAX)
			((char *)member)[field->size - 1] = 0;
		break;
	default: {
		struct blob *blob = member;
		size_t length = read_counted(in, blob->bytes, blob_capacity(field));
		blob->length = length == SIZE_MAX ? 0 : (uint16_t)length;
		break;
	}
	}
}

bool fields_decode(const struct field *fields, void *value, struct reader *in)
{
	for (const struct field *field = fields; field->kind; field++)
		field_decode(field, (uint8_t *)value + field->offset, in);
	return !in->failed;
}

static void field_encode(const struct field *field, const void *member, struct writer *out)
{
	switch (field->kind) {
	case FIELD_U8:
		write_u8(out, (uint8_t)number_load(field, member));
		break;
	case FIELD_U16:
		write_u16(out, (uint16_t)number_load(field, member));
		break;
	case FIELD_U32:
		write_u32(out, (uint32_t)number_load(field, member));
		break;
	case FIELD_U64:
		write_u64(out, number_load(field, member));
		break;
	case FIELD_TEXT:
	case FIELD_HIDDEN:
		write_bytes(out, member, field->size);
		break;
	case FIELD_STRUCT:
		fields_encode(field->part, member, out);
		break;
	case FIELD_STRING: {
		size_t length = strnlen(member, field->size - 1);
		write_u16(out, (uint16_t)length);
		write_bytes(out, member, length);
		break;
	}
	default: {
		const struct blob *blob = member;
		assert(blob->length <= blob_capacity(field));
		write_u16(out, blob->length);
		write_bytes(out, blob->bytes, blob->length);
		break;
	}
	}
}

void fields_encode(const struct field *fields, const void *value, struct writer *out)
{
	for (const struct field *field = fields; field->kind; field++)
		field_encode(field, (const uint8_t *)value + field->offset, out);
}

static int field_print(const struct field *field, const void *member, char *to, size_t size)
{
	char text[512];
	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_STRING:
		text_escape(text, sizeof(text), member, strnlen(member, field->size));
		return snprintf(to, size, "%s=%s", field->name, text);
	case FIELD_BLOB: {
		const struct blob *blob = member;
		text_escape(text, sizeof(text), blob->bytes, blob->length);
		return snprintf(to, size, "%s=%s", field->name, text);
	}
	case FIELD_STRUCT:
		return (int)strlen(fields_print(field->part, member, to, size));
	case FIELD_SECRET:
	case FIELD_HIDDEN:
		return snprintf(to, size, "%s=(hidden)", field->name);
	default:
		return snprintf(to, size, "%s=%" PRIu64, field->name, number_load(field, member));
	}
}

const char *fields_print(const struct field *fields, const void *value, char *to, size_t size)
{
	size_t used = 0;
	if (size)
		to[0] = 0;
	for (const struct field *field = fields; field->kind && used + 2 < size; field++) {
		if (used)
			to[used++] = ' ';
		int length = field_print(field, (const uint8_t *)value + field->offset, to + used,
					 size - used);
		used = MIN_OF(used + (size_t)MAX_OF(length, 0), size - 1);
	}
	return to;
}
