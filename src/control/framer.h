/*
 * Whole control messages out of a byte stream. TCP cuts as it likes: several messages in one
 * portion, one message in many. What can be seen to be wrong is refused at once, with the octets
 * that show it; there is no way back into step (RFC 2637 §1.4: the Magic Cookie is no means for
 * it).
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "control/messages.h"

enum framer_answer {
	FRAMER_MORE,       /* all was taken; no whole message yet */
	FRAMER_MESSAGE,    /* one whole message, its header checked */
	FRAMER_BAD_LENGTH, /* impossible for any message, or for this type */
	FRAMER_BAD_KIND,   /* not a control message */
	FRAMER_BAD_COOKIE,
	FRAMER_BAD_TYPE, /* of a type that does not exist */
};

struct framer {
	size_t length; /* octets of an unfinished message */
	uint8_t bytes[CONTROL_MESSAGE_MAX];
};

/*
 * Takes octets from `in` up to the end of one message. After FRAMER_MESSAGE, *message and *length
 * name it until the next call; ask again while that is the answer. The bad answers are final.
 */
enum framer_answer framer_next(struct framer *f, struct reader *in, const uint8_t **message,
			       size_t *length);

/* "bad magic cookie" and so on: why the connection is closed. */
const char *framer_answer_name(enum framer_answer answer);
