#include "tests/test.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "io/seam.h"

enum { QUESTION = 1, NOTE = 2 };

struct question {
	uint32_t number;
	char text[4096];
};

struct note {
	uint8_t octet;
};

static const struct field question_fields[] = {
	FIELD(U32, question, number),
	FIELD(STRING, question, text),
	FIELDS_END,
};

static const struct field note_fields[] = {
	FIELD(U8, note, octet),
	FIELDS_END,
};

static const struct message_type all[] = {
	MESSAGE_TYPE(QUESTION, question, question_fields),
	MESSAGE_TYPE(NOTE, note, note_fields),
	MESSAGE_TYPES_END,
};

static const struct message_type notes_only[] = {
	MESSAGE_TYPE(NOTE, note, note_fields),
	MESSAGE_TYPES_END,
};

struct ends {
	struct seam a, b;
};

static void open_ends(struct ends *e, const struct message_type *b_welcomes)
{
	int fds[2];
	assert_int_equal(seam_pair(fds), 0);
	assert_int_equal(seam_init(&e->a, fds[0], all, all), 0);
	assert_int_equal(seam_init(&e->b, fds[1], all, b_welcomes), 0);
}

static void close_ends(struct ends *e)
{
	seam_fini(&e->a);
	seam_fini(&e->b);
}

struct heard {
	uint32_t questions, notes, last_octet;
};

static void hear(void *context, const struct message_type *type, const void *value)
{
	struct heard *heard = context;
	if (type->kind == QUESTION) {
		const struct question *q = value;
		assert_int_equal(q->number, heard->questions); /* in order, none lost */
		assert_string_equal(q->text, "who is anna?");
		heard->questions++;
	} else {
		heard->notes++;
		heard->last_octet = ((const struct note *)value)->octet;
	}
}

TEST(seam_carries_messages_both_ways)
{
	struct ends e;
	struct heard a = {0}, b = {0};
	open_ends(&e, all);
	assert_int_equal(seam_send(&e.a, QUESTION, &(struct question){0, "who is anna?"}), 0);
	assert_int_equal(seam_send(&e.b, NOTE, &(struct note){7}), 0);
	assert_int_equal(seam_receive(&e.b, hear, &b), 0);
	assert_int_equal(seam_receive(&e.a, hear, &a), 0);
	assert_int_equal(b.questions, 1);
	assert_int_equal(a.notes, 1);
	assert_int_equal(a.last_octet, 7);
	close_ends(&e);
}

TEST(seam_queues_what_the_peer_does_not_read_and_keeps_the_order)
{
	static struct question question = {0, "who is anna?"};
	struct ends e;
	struct heard heard = {0};
	open_ends(&e, all);
	int err;
	while (!(err = seam_send(&e.a, QUESTION, &question)))
		question.number++;
	assert_int_equal(err, -ENOBUFS);
	assert_true(seam_is_waiting(&e.a));
	assert_true(e.a.queued > SEAM_QUEUE - 100 && e.a.queued <= SEAM_QUEUE);
	for (uint32_t before = UINT32_MAX; before != heard.questions;) {
		before = heard.questions;
		assert_int_equal(seam_receive(&e.b, hear, &heard), 0);
		assert_true(heard.questions - before <= SEAM_BURST);
		assert_int_equal(seam_flush(&e.a), 0);
	}
	assert_int_equal(heard.questions, question.number);
	assert_false(seam_is_waiting(&e.a));
	assert_int_equal(e.a.queued, 0);
	close_ends(&e);
}

TEST(seam_lets_no_message_overtake_those_that_wait)
{
	static struct question question = {0, "who is anna?"};
	struct ends e;
	struct heard heard = {0};
	open_ends(&e, all);
	while (!seam_is_waiting(&e.a)) {
		assert_int_equal(seam_send(&e.a, QUESTION, &question), 0);
		question.number++;
	}
	assert_int_equal(seam_receive(&e.b, hear, &heard), 0); /* now there would be room */
	assert_int_equal(seam_send(&e.a, QUESTION, &question), 0);
	question.number++;
	while (heard.questions < question.number) { /* hear() looks at the order */
		uint32_t before = heard.questions;
		assert_int_equal(seam_flush(&e.a), 0);
		assert_int_equal(seam_receive(&e.b, hear, &heard), 0);
		assert_true(heard.questions > before);
	}
	close_ends(&e);
}

TEST(seam_counts_and_ignores_what_is_not_welcome)
{
	static const uint8_t long_message[MESSAGE_LIMIT + 1] = {0, NOTE, 1};
	static const struct {
		const void *bytes;
		size_t length;
	} rows[] = {
		{"\0\2", 2},
		{"\0", 1},
		{"\0\2\1\1", 4},
		{"\0\0\1", 3},
		{"\0\x63\1", 3},
		{"\0\1\0\0\0\0\0\0", 8},
		{long_message, sizeof(long_message)},
	};
	struct ends e;
	struct heard heard = {0};
	open_ends(&e, notes_only);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(send(e.a.fd, rows[i].bytes, rows[i].length, 0), rows[i].length);
	assert_int_equal(seam_send(&e.a, NOTE, &(struct note){9}), 0);
	assert_int_equal(seam_receive(&e.b, hear, &heard), 0);
	assert_int_equal(e.b.refused, COUNT_OF(rows));
	assert_int_equal(heard.notes, 1);
	assert_int_equal(heard.last_octet, 9);
	assert_int_equal(seam_send(&e.a, 99, &(struct note){9}), -EMSGSIZE);
	close_ends(&e);
}

TEST(seam_says_when_its_peer_is_gone)
{
	struct ends e;
	struct heard heard = {0};
	open_ends(&e, all);
	assert_int_equal(seam_send(&e.b, NOTE, &(struct note){1}), 0);
	seam_fini(&e.b);
	assert_int_equal(seam_receive(&e.a, hear, &heard), -EPIPE);
	assert_int_equal(heard.notes, 1); /* said before it went */
	assert_int_equal(seam_send(&e.a, NOTE, &(struct note){1}), -EPIPE);
	seam_fini(&e.a);
}

TEST(seam_that_ends_frees_what_still_waits)
{
	static struct question question = {0, "who is anna?"};
	struct ends e;
	open_ends(&e, all);
	while (!seam_is_waiting(&e.a))
		assert_int_equal(seam_send(&e.a, QUESTION, &question), 0);
	close_ends(&e); /* the leak checker looks on */
}
