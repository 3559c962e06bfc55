#include "control/framer.h"

#include <string.h>

#include "base/base.h"

/* Judges as much of a header as is there: `length` may be anything. */
static enum framer_answer header_check(const uint8_t *bytes, size_t length)
{
	struct reader in = reader_of(bytes, length);
	uint16_t size = read_u16(&in);
	if (!in.failed && (size < CONTROL_HEADER || size > CONTROL_MESSAGE_MAX))
		return FRAMER_BAD_LENGTH;
	uint16_t kind = read_u16(&in);
	if (!in.failed && kind != CONTROL_KIND)
		return FRAMER_BAD_KIND;
	uint32_t cookie = read_u32(&in);
	if (!in.failed && cookie != CONTROL_COOKIE)
		return FRAMER_BAD_COOKIE;
	uint16_t type = read_u16(&in);
	if (in.failed)
		return FRAMER_MORE;
	const struct control_message_row *row = control_message_row(type);
	if (!row)
		return FRAMER_BAD_TYPE;
	if (row->size != size)
		return FRAMER_BAD_LENGTH;
	return length < size ? FRAMER_MORE : FRAMER_MESSAGE;
}

/* Collects up to `target` octets of one message. */
static void collect(struct framer *f, struct reader *in, size_t target)
{
	size_t more = target > f->length ? MIN_OF(target - f->length, in->left) : 0;
	if (more > 0)
		read_copy(in, f->bytes + f->length, more);
	f->length += more;
}

enum framer_answer framer_next(struct framer *f, struct reader *in, const uint8_t **message,
			       size_t *length)
{
	collect(f, in, CONTROL_HEADER);
	enum framer_answer answer = header_check(f->bytes, f->length);
	if (answer == FRAMER_MORE && f->length >= CONTROL_HEADER) {
		collect(f, in, (size_t)(f->bytes[0] << 8 | f->bytes[1]));
		answer = header_check(f->bytes, f->length);
	}
	if (answer == FRAMER_MESSAGE) {
		*message = f->bytes;
		*length = f->length;
		f->length = 0;
	}
	return answer;
}

const char *framer_answer_name(enum framer_answer answer)
{
	switch (answer) {
	case FRAMER_MORE:
		return "unfinished message";
	case FRAMER_MESSAGE:
		return "whole message";
	case FRAMER_BAD_LENGTH:
		return "bad message length";
	case FRAMER_BAD_KIND:
		return "not a control message";
	case FRAMER_BAD_COOKIE:
		return "bad magic cookie";
	case FRAMER_BAD_TYPE:
		return "unknown message type";
	}
	return "unknown";
}
