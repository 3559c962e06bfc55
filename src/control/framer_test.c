#include "control/framer.h"
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"

/* All fifteen messages in a row, their bodies random. */
static size_t stream_make(uint8_t *to, struct random *random)
{
	size_t length = 0;
	for (unsigned type = 1; type < CONTROL_MESSAGE_TYPES; type++) {
		struct control_message m;
		random_fill(random, &m, sizeof(m));
		m.type = type;
		length += control_encode(&m, to + length);
	}
	return length;
}

TEST(framer_yields_the_same_messages_however_the_stream_is_cut)
{
	uint64_t seed = 15;
	struct random random = test_random(&seed);
	uint8_t stream[CONTROL_MESSAGE_TYPES * CONTROL_MESSAGE_MAX];
	size_t length = stream_make(stream, &random);
	for (size_t portion = 1; portion <= length; portion++) {
		struct framer f = {0};
		size_t yielded = 0, at = 0;
		for (size_t from = 0; from < length; from += portion) {
			struct reader in = reader_of(stream + from, MIN_OF(portion, length - from));
			const uint8_t *message;
			size_t size;
			enum framer_answer answer;
			while ((answer = framer_next(&f, &in, &message, &size)) == FRAMER_MESSAGE) {
				assert_memory_equal(message, stream + at, size);
				at += size;
				yielded++;
			}
			assert_int_equal(answer, FRAMER_MORE);
			assert_int_equal(in.left, 0);
		}
		assert_int_equal(yielded, 15);
		assert_int_equal(at, length);
		assert_int_equal(f.length, 0);
	}
}

static const struct {
	const char *hex;
	enum framer_answer answer;
} heads[] = {
	{"", FRAMER_MORE},
	{"00", FRAMER_MORE},
	{"0010 0001 1a2b3c4d 0005 0000 010203", FRAMER_MORE},
	{"0000", FRAMER_BAD_LENGTH},
	{"000b", FRAMER_BAD_LENGTH},
	{"000c", FRAMER_MORE},
	{"00dc", FRAMER_MORE},
	{"00dd", FRAMER_BAD_LENGTH},
	{"4745 5420 2f20", FRAMER_BAD_LENGTH}, /* GET / */
	{"1603 0100", FRAMER_BAD_LENGTH},      /* TLS */
	{"0010 0002", FRAMER_BAD_KIND},        /* management */
	{"0010 0001 1a2b3c", FRAMER_MORE},
	{"0010 0001 1a2b3c4e", FRAMER_BAD_COOKIE},
	{"0010 0001 4d3c2b1a", FRAMER_BAD_COOKIE},
	{"0010 0001 1a2b3c4d 0000", FRAMER_BAD_TYPE},
	{"0010 0001 1a2b3c4d 0010", FRAMER_BAD_TYPE},
	{"0010 0001 1a2b3c4d 0105", FRAMER_BAD_TYPE},
	{"0010 0001 1a2b3c4d 0006", FRAMER_BAD_LENGTH}, /* an Echo-Reply has 20 */
	{"009d 0001 1a2b3c4d 0001", FRAMER_BAD_LENGTH},
	{"0010 0001 1a2b3c4d 0005 ffff 01020304", FRAMER_MESSAGE}, /* reserved0 may be anything */
};

TEST(framer_refuses_a_bad_header_with_the_octet_that_shows_it)
{
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		struct framer whole = {0}, slow = {0};
		uint8_t bytes[64];
		const uint8_t *message;
		size_t size, length = test_unhex(heads[i].hex, bytes, sizeof(bytes));
		struct reader in = reader_of(bytes, length);
		if (framer_next(&whole, &in, &message, &size) != heads[i].answer)
			fail_msg("%s: expected %s", heads[i].hex,
				 framer_answer_name(heads[i].answer));
		enum framer_answer answer = FRAMER_MORE;
		for (size_t at = 0; at < length && answer == FRAMER_MORE; at++) {
			in = reader_of(bytes + at, 1);
			answer = framer_next(&slow, &in, &message, &size);
		}
		assert_int_equal(answer, heads[i].answer);
	}
}

TEST(framer_survives_garbage)
{
	uint64_t seed = 99;
	struct random random = test_random(&seed);
	for (int i = 0; i < 20000; i++) {
		uint8_t bytes[300];
		random_fill(&random, bytes, sizeof(bytes));
		if (i % 2) /* half of them begin well */
			memcpy(bytes, "\x00\x10\x00\x01\x1a\x2b\x3c\x4d\x00\x05", 10);
		struct framer f = {0};
		struct reader in = reader_of(bytes, random_below(&random, sizeof(bytes)));
		const uint8_t *message;
		size_t size, rounds = 0;
		while (framer_next(&f, &in, &message, &size) == FRAMER_MESSAGE)
			rounds++;
		assert_true(rounds <= sizeof(bytes) / CONTROL_HEADER);
		assert_true(f.length <= CONTROL_MESSAGE_MAX);
	}
}
