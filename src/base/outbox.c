#include "base/outbox.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_HEADER = 4 }; /* kind and length, two octets each, host order */

void outbox_fini(struct outbox *out)
{
	free(out->bytes);
	*out = (struct outbox){0};
}

static void reserve(struct outbox *out, size_t more)
{
	size_t needed = out->length + more;
	if (needed <= out->capacity)
		return;
	assert(needed <= OUTBOX_LIMIT);
	size_t capacity = out->capacity ? out->capacity : 512;
	while (capacity < needed)
		capacity *= 2;
	uint8_t *bytes = realloc(out->bytes, capacity);
	if (!bytes)
		abort(); /* without memory for an answer no machine could keep its promises */
	out->bytes = bytes;
	out->capacity = capacity;
}

void outbox_put_parts(struct outbox *out, uint16_t kind, const struct outbox_part *parts,
		      size_t count)
{
	size_t length = 0;
	for (size_t i = 0; i < count; i++)
		length += parts[i].length;
	assert(length <= UINT16_MAX);
	uint16_t header[2] = {kind, (uint16_t)length};
	reserve(out, RECORD_HEADER + length);
	memcpy(out->bytes + out->length, header, RECORD_HEADER);
	out->length += RECORD_HEADER;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].length)
			memcpy(out->bytes + out->length, parts[i].bytes, parts[i].length);
		out->length += parts[i].length;
	}
}

void outbox_put(struct outbox *out, uint16_t kind, const void *bytes, size_t length)
{
	outbox_put_parts(out, kind, &(struct outbox_part){bytes, length}, 1);
}

void outbox_print(struct outbox *out, uint16_t kind, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length < 0)
		length = 0;
	outbox_put(out, kind, text,
		   (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
}

bool outbox_take(struct outbox *out, struct action *action)
{
	if (outbox_is_empty(out)) {
		out->length = out->taken = 0;
		return false;
	}
	uint16_t header[2];
	memcpy(header, out->bytes + out->taken, RECORD_HEADER);
	*action = (struct action){header[0], header[1], out->bytes + out->taken + RECORD_HEADER};
	out->taken += RECORD_HEADER + header[1];
	return true;
}
