#include "base/message.h"

#include <string.h>

const struct message_type *message_type(const struct message_type *types, uint16_t kind)
{
	for (; types->kind; types++)
		if (types->kind == kind)
			return types;
	return NULL;
}

size_t message_encode(const struct message_type *types, uint16_t kind, const void *value, void *to,
		      size_t capacity)
{
	const struct message_type *type = message_type(types, kind);
	struct writer out = writer_of(to, capacity);
	if (!type)
		return 0;
	write_u16(&out, kind);
	fields_encode(type->fields, value, &out);
	return out.failed ? 0 : out.length;
}

const struct message_type *message_decode(const struct message_type *types, const void *bytes,
					  size_t length, void *value, size_t capacity)
{
	struct reader in = reader_of(bytes, length);
	const struct message_type *type = message_type(types, read_u16(&in));
	if (!type || type->size > capacity)
		return NULL;
	memset(value, 0, type->size);
	return fields_decode(type->fields, value, &in) && in.left == 0 ? type : NULL;
}
