#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#include "auth/chap.h"
#include "auth/pap.h"
#include "base/base.h"
#include "base/random.h"

/* Decodes a copy that ends exactly where the packet ends,
 * so that a sanitizer sees a step too far. */
static bool decode(bool pap, const uint8_t *packet, size_t length)
{
	uint8_t *copy = malloc(length ? length : 1);
	struct pap_packet p;
	struct chap_packet c;
	memcpy(copy, packet, length);
	bool good = pap ? pap_decode(&p, copy, length) : chap_decode(&c, copy, length);
	free(copy);
	return good;
}

static const struct {
	bool pap;
	const char *hex;
} good[] = {
	{true, "01 07 000f 04 616e6e61 05 6b6c6175 73"}, /* anna, klaus */
	{true, "01 00 0006 00 00"},
	{true, "02 09 0008 03 796573"},
	{true, "03 09 0005 00"},
	{true, "03 09 0004"}, /* without its message's length */
	{false, "01 2a 0010 08 1122334455667788 76706e"},
	{false, "01 01 0006 01 ff"},
	{false, "02 2a 0009 01 00 616e6e"},
	{false, "03 2a 000a 533d30303030"},
	{false, "04 2a 0004"},
};

TEST(auth_packets_are_read_whole_and_at_no_truncation)
{
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		uint8_t bytes[64];
		size_t length = test_unhex(good[i].hex, bytes, sizeof(bytes));
		assert_int_equal(length, bytes[2] << 8 | bytes[3]);
		assert_true(decode(good[i].pap, bytes, length));
		for (size_t cut = 0; cut < length; cut++)
			assert_false(decode(good[i].pap, bytes, cut));
		memset(bytes + length, 0xee, 5); /* padding */
		assert_true(decode(good[i].pap, bytes, length + 5));
	}
}

TEST(auth_packets_with_impossible_lengths_or_codes_are_refused)
{
	static const struct {
		bool pap;
		const char *hex;
	} bad[] = {
		{true, "01 07 0003 00 00"},             /* shorter than its own header */
		{true, "01 07 0005 00"},                /* no password length */
		{true, "01 07 000a 05 616e6e61 00"},    /* name swallows all, and more */
		{true, "01 07 000b 04 616e6e61 02 61"}, /* password past the end */
		{true, "02 07 0006 02 61"},             /* message past the end */
		{true, "00 07 0004"},
		{true, "04 07 0004"},
		{false, "01 07 0005 00"},        /* empty value */
		{false, "02 07 0008 00 616263"}, /* the same with a name */
		{false, "02 07 0006 02 61"},     /* value past the end */
		{false, "01 07 0004"},
		{false, "00 07 0004"},
		{false, "05 07 0004"},
		{false, "03 07 0000"},
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		uint8_t bytes[64];
		size_t length = test_unhex(bad[i].hex, bytes, sizeof(bytes));
		assert_false(decode(bad[i].pap, bytes, length));
	}
}

static size_t pap_bytes(const struct pap_packet *p, uint8_t *to, size_t size)
{
	struct writer out = writer_of(to, size);
	pap_encode(p, &out);
	return out.failed ? 0 : out.length;
}

static size_t chap_bytes(const struct chap_packet *p, uint8_t *to, size_t size)
{
	struct writer out = writer_of(to, size);
	chap_encode(p, &out);
	return out.failed ? 0 : out.length;
}

static const uint8_t *octets(const char *text)
{
	return (const uint8_t *)text;
}

TEST(pap_packets_are_written_as_the_rfc_draws_them)
{
	uint8_t bytes[64], expected[64];
	size_t length = test_unhex(good[0].hex, expected, sizeof(expected));
	struct pap_packet request = {PAP_REQUEST, 7, octets("anna"), octets("klaus"), 4, 5};
	assert_int_equal(pap_bytes(&request, bytes, sizeof(bytes)), length);
	assert_memory_equal(bytes, expected, length);
	for (size_t size = 0; size < length; size++)
		assert_int_equal(pap_bytes(&request, bytes, size), 0);
	struct pap_packet back;
	assert_true(pap_decode(&back, expected, length));
	assert_int_equal(back.code, PAP_REQUEST);
	assert_int_equal(back.identifier, 7);
	assert_int_equal(back.name_length, 4);
	assert_memory_equal(back.name, "anna", 4);
	assert_int_equal(back.password_length, 5);
	assert_memory_equal(back.password, "klaus", 5);
	length = test_unhex("02 09 0008 03 796573", expected, sizeof(expected));
	struct pap_packet ack = {.code = PAP_ACK, .identifier = 9, .message = octets("yes")};
	ack.message_length = 3;
	assert_int_equal(pap_bytes(&ack, bytes, sizeof(bytes)), length);
	assert_memory_equal(bytes, expected, length);
}

TEST(chap_packets_are_written_as_the_rfc_draws_them)
{
	uint8_t bytes[64], expected[64];
	size_t length = test_unhex("01 2a 0010 08 1122334455667788 76706e", expected, 64);
	struct chap_packet challenge = {CHAP_CHALLENGE, 42, 8, expected + 5, octets("vpn"), 3};
	assert_int_equal(chap_bytes(&challenge, bytes, sizeof(bytes)), length);
	assert_memory_equal(bytes, expected, length);
	for (size_t size = 0; size < length; size++)
		assert_int_equal(chap_bytes(&challenge, bytes, size), 0);
	struct chap_packet back;
	assert_true(chap_decode(&back, expected, length));
	assert_int_equal(back.code, CHAP_CHALLENGE);
	assert_int_equal(back.identifier, 42);
	assert_int_equal(back.value_length, 8);
	assert_memory_equal(back.value, expected + 5, 8);
	assert_int_equal(back.text_length, 3);
	assert_memory_equal(back.text, "vpn", 3);
	length = test_unhex("03 2a 0006 6f6b", expected, 64);
	struct chap_packet success = {CHAP_SUCCESS, 42, 0, NULL, octets("ok"), 2};
	assert_int_equal(chap_bytes(&success, bytes, sizeof(bytes)), length);
	assert_memory_equal(bytes, expected, length);
}

TEST(mschap_values_have_49_octets_and_their_parts_in_place)
{
	uint8_t value[MSCHAP_VALUE + 1], bytes[MSCHAP_VALUE];
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)(i + 1);
	for (size_t length = 0; length <= sizeof(value); length++) {
		struct mschap_response v1;
		struct mschapv2_response v2;
		assert_int_equal(mschap_response_decode(&v1, value, length), length == 49);
		assert_int_equal(mschapv2_response_decode(&v2, value, length), length == 49);
	}
	struct mschap_response v1;
	assert_true(mschap_response_decode(&v1, value, 49));
	assert_int_equal(v1.lm[0], 1);
	assert_int_equal(v1.nt[0], 25);
	assert_int_equal(v1.use_nt, 49);
	struct writer out = writer_of(bytes, sizeof(bytes));
	mschap_response_encode(&v1, &out);
	assert_false(out.failed);
	assert_memory_equal(bytes, value, 49);
	struct mschapv2_response v2;
	assert_true(mschapv2_response_decode(&v2, value, 49));
	assert_int_equal(v2.peer_challenge[15], 16);
	assert_int_equal(v2.nt[0], 25);
	assert_int_equal(v2.flags, 49);
	out = writer_of(bytes, sizeof(bytes));
	mschapv2_response_encode(&v2, &out);
	memset(value + 16, 0, 8); /* reserved */
	assert_memory_equal(bytes, value, 49);
}

static bool failure_of(struct mschap_failure *f, const char *text)
{
	return mschap_failure_decode(f, octets(text), strlen(text));
}

TEST(mschap_failure_is_written_without_a_message)
{
	char text[128] = {0};
	struct writer out = writer_of(text, sizeof(text) - 1);
	struct mschap_failure f = {691, false, {0xab, 0xcd, 1}, 8, 3};
	mschap_failure_encode(&f, &out);
	assert_string_equal(text, "E=691 R=0 C=ABCD010000000000 V=3");
	memset(text, 0, sizeof(text));
	out = writer_of(text, sizeof(text) - 1);
	mschap_failure_encode(&(struct mschap_failure){648, true, {0}, 0, 2}, &out);
	assert_string_equal(text, "E=648 R=1 V=2");
}

TEST(mschap_failure_is_read_as_servers_write_it)
{
	struct mschap_failure f;
	assert_true(failure_of(&f, "E=691 R=1 C=000102030405060708090a0B0C0d0e0f V=3 M=go away"));
	assert_int_equal(f.error, 691);
	assert_true(f.retry);
	assert_int_equal(f.challenge_length, 16);
	assert_int_equal(f.challenge[11], 11);
	assert_int_equal(f.version, 3);
	assert_int_equal(f.message_length, 7);
	assert_memory_equal(f.message, "go away", 7);
	assert_true(failure_of(&f, "E=0000000648 R=0 C=0011223344556677 V=2"));
	assert_int_equal(f.error, 648);
	assert_int_equal(f.challenge_length, 8);
	assert_true(failure_of(&f, "E=691")); /* version 1 has no V= */
	assert_int_equal(f.version, 1);
	assert_true(failure_of(&f, "E=691  R=0 X=what Y V=3"));
	assert_int_equal(f.version, 3);
}

TEST(mschap_failure_with_impossible_values_is_refused)
{
	static const char *const bad[] = {
		"",
		"E",
		"E=",
		"E=a",
		"E=0",
		"E=65536",
		"E=691 R=x",
		"R=0 V=3",
		"E=691 R=2",
		"E=691 C=00",
		"E=691 V=",
		"E=-1",
		"M=E=691",
		"E=00000000691",
		"E=691 V=256",
		"E=4294967987",
		"E=691 C=0011223344556677889",
		"E=691 C=001122334455667g",
	};
	struct mschap_failure f;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(failure_of(&f, bad[i]));
}

TEST(mschap_failure_cut_short_is_refused_unless_it_ends_behind_a_word)
{
	static const char whole[] = "E=691 R=0 C=0011223344556677 V=3";
	static const char taken[] = "...yyyyy.yyy................yyy.y"; /* by length */
	for (size_t cut = 0; cut <= strlen(whole); cut++) {
		struct mschap_failure f;
		uint8_t *copy = malloc(cut ? cut : 1);
		memcpy(copy, whole, cut);
		assert_int_equal(mschap_failure_decode(&f, copy, cut), taken[cut] == 'y');
		free(copy);
	}
}

TEST(auth_decoders_survive_random_bytes)
{
	uint64_t seed = 1;
	struct random random = test_random(&seed);
	for (size_t i = 0; i < 20000; i++) {
		uint8_t bytes[96];
		size_t length = random_below(&random, sizeof(bytes));
		random_fill(&random, bytes, length);
		if (length >= 4) {
			bytes[0] = (uint8_t)random_below(&random, 6);
			bytes[2] = 0;
			bytes[3] = (uint8_t)random_below(&random, 100);
		}
		decode(true, bytes, length);
		decode(false, bytes, length);
		for (size_t j = 0; j < length; j++)
			bytes[j] = (uint8_t) "E=R C V M0123456789 "[bytes[j] % 20];
		struct mschap_failure f;
		mschap_failure_decode(&f, bytes, length);
	}
}
