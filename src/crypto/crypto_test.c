#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "crypto/crypto.h"
#include "tests/test.h"

struct known_digest {
	const char *message;
	size_t repeat;
	const char *digest;
};

typedef void digest_function(uint8_t *digest, const struct hash_part *parts, size_t count);

static void md4(uint8_t *digest, const struct hash_part *parts, size_t count)
{
	hash_md4(digest, parts, count);
}

static void md5(uint8_t *digest, const struct hash_part *parts, size_t count)
{
	hash_md5(digest, parts, count);
}

static void sha1(uint8_t *digest, const struct hash_part *parts, size_t count)
{
	hash_sha1(digest, parts, count);
}

/* As one part, and cut in two at every place. */
static void check_digest(digest_function *hash, size_t octets, const struct known_digest *known)
{
	static uint8_t message[1000000];
	uint8_t expected[SHA1_OCTETS], digest[SHA1_OCTETS];
	size_t length = strlen(known->message);
	assert_int_equal(test_unhex(known->digest, expected, sizeof(expected)), octets);
	for (size_t i = 0; i < known->repeat; i++)
		memcpy(message + i * length, known->message, length);
	length *= known->repeat;
	hash(digest, HASH_PARTS({message, length}));
	assert_memory_equal(digest, expected, octets);
	for (size_t cut = 0; cut <= length && length < 1000; cut++) {
		hash(digest, HASH_PARTS({message, cut}, {NULL, 0}, {message + cut, length - cut}));
		assert_memory_equal(digest, expected, octets);
	}
}

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS  "1234567890"

TEST(md4_gives_the_digests_of_rfc_1320)
{
	static const struct known_digest known[] = {
		{"", 1, "31d6cfe0d16ae931b73c59d7e0c089c0"},
		{"a", 1, "bde52cb31de33e46245e05fbdbd6fb24"},
		{"abc", 1, "a448017aaf21d8525fc10ae87aa6729d"},
		{"message digest", 1, "d9130a8164549fe818874806e1c7014b"},
		{LETTERS, 1, "d79e1c308aa5bbcdeea8ed63df412da9"},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZ" LETTERS "0123456789", 1,
		 "043f8582f241db351ce627e153e7f0e4"},
		{DIGITS, 8, "e33b4ddc9c38f2199c3e7b164fcc0536"},
	};
	for (size_t i = 0; i < COUNT_OF(known); i++)
		check_digest(md4, MD4_OCTETS, &known[i]);
}

TEST(md5_gives_the_digests_of_rfc_1321)
{
	static const struct known_digest known[] = {
		{"", 1, "d41d8cd98f00b204e9800998ecf8427e"},
		{"a", 1, "0cc175b9c0f1b6a831c399e269772661"},
		{"abc", 1, "900150983cd24fb0d6963f7d28e17f72"},
		{"message digest", 1, "f96b697d7cb7938d525a2f31aaf161d0"},
		{LETTERS, 1, "c3fcd3d76192e4007dfb496cca67e13b"},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZ" LETTERS "0123456789", 1,
		 "d174ab98d277d9f5a5611c2c9f419d9f"},
		{DIGITS, 8, "57edf4a22be3c955ac49da2e2107b67a"},
	};
	for (size_t i = 0; i < COUNT_OF(known); i++)
		check_digest(md5, MD5_OCTETS, &known[i]);
}

TEST(sha1_gives_the_digests_of_rfc_3174)
{
	static const struct known_digest known[] = {
		{"abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		 "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
		{"a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
		{"01234567", 80, "dea356a2cddd90c7a7ecedc5ebb563934f460452"},
	};
	for (size_t i = 0; i < COUNT_OF(known); i++)
		check_digest(sha1, SHA1_OCTETS, &known[i]);
}

TEST(a_digest_may_replace_one_of_its_parts)
{
	uint8_t parts[SHA1_OCTETS] = "abc", expected[SHA1_OCTETS];
	test_unhex("a9993e364706816aba3e25717850c26c9cd0d89d", expected, sizeof(expected));
	hash_sha1(parts, HASH_PARTS({parts, 1}, {parts + 1, 2}));
	assert_memory_equal(parts, expected, sizeof(expected));
}

/* The published keys have eight octets; the low bit of each is parity, which DES does not use. */
static void des_key_of_eight(const uint8_t eight[8], uint8_t seven[7])
{
	memset(seven, 0, 7);
	for (int bit = 0; bit < 56; bit++)
		if (eight[bit / 7] & 0x80 >> bit % 7)
			seven[bit / 8] = (uint8_t)(seven[bit / 8] | 0x80 >> bit % 8);
}

TEST(des_encrypts_the_known_answers)
{
	static const struct {
		const char *key, *plain, *cipher;
	} known[] = {
		{"0123456789abcdef", "4e6f772069732074", "3fa40e8a984d4815"},
		{"133457799bbcdff1", "0123456789abcdef", "85e813540f0ab405"},
		{"0101010101010101", "8000000000000000", "95f8a5e5dd31d900"}, /* a weak key */
		{"8001010101010101", "0000000000000000", "95a8d72813daa94d"},
		{"7ca110454a1a6e57", "01a1d6d039776742", "690f5b0d9a26939b"},
	};
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		uint8_t eight[8], seven[7], block[8], cipher[8];
		test_unhex(known[i].key, eight, sizeof(eight));
		test_unhex(known[i].plain, block, sizeof(block));
		test_unhex(known[i].cipher, cipher, sizeof(cipher));
		des_key_of_eight(eight, seven);
		des_encrypt_block(seven, block, block);
		assert_memory_equal(block, cipher, sizeof(cipher));
	}
}

TEST(des_spreads_the_keys_of_rfc_2433)
{
	static const struct {
		const char *key, *spread;
	} known[] = {
		{"fc156af7edcd6c", "fd0b5b5e7f6e34d9"},
		{"0edde3337d427f", "0e6e796737ea08fe"},
	};
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		uint8_t key[7], spread[8], expected[8];
		test_unhex(known[i].key, key, sizeof(key));
		test_unhex(known[i].spread, expected, sizeof(expected));
		des_spread_key(key, spread);
		assert_memory_equal(spread, expected, sizeof(expected));
	}
}

TEST(secrets_are_equal_only_where_every_bit_is)
{
	uint64_t state = 1;
	struct random random = test_random(&state);
	uint8_t a[24], b[24];
	random_fill(&random, a, sizeof(a));
	memcpy(b, a, sizeof(b));
	assert_true(secret_equal(a, b, sizeof(a)));
	assert_true(secret_equal(a, b, 0));
	for (size_t bit = 0; bit < 8 * sizeof(b); bit++) {
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(secret_equal(a, b, sizeof(a)));
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
