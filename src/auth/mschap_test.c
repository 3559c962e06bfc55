#include "tests/test.h"

#include <string.h>

#include "auth/mschap.h"
#include "base/base.h"
#include "crypto/hash.h"

#define assert_octets(bytes, hex)                                               \
	do {                                                                    \
		uint8_t expected_[64];                                          \
		size_t length_ = test_unhex(hex, expected_, sizeof(expected_)); \
		assert_memory_equal(bytes, expected_, length_);                 \
	} while (0)

TEST(mschap_nt_hash_is_that_of_the_rfcs)
{
	static const struct {
		const char *password, *hash;
	} vectors[] = {
		{"MyPw", "fc156af7edcd6c0edde3337d427f4eac"},       /* RFC 2433 B.2 */
		{"clientPass", "44ebba8d5312b8d611474411f56989ae"}, /* RFC 2759 §9.2 */
		{"", "31d6cfe0d16ae931b73c59d7e0c089c0"},
	};
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		uint8_t hash[MSCHAP_HASH];
		mschap_nt_hash(hash, vectors[i].password, strlen(vectors[i].password));
		assert_octets(hash, vectors[i].hash);
	}
}

/* The right column was written down by hand; MD4 itself is proved in crypto/. */
TEST(mschap_nt_hash_reads_utf8_and_takes_other_octets_as_latin1)
{
	static const struct {
		const char *password, *utf16;
	} vectors[] = {
		{"a\xc3\xbc", "6100fc00"},                /* U+00FC */
		{"\xe2\x82\xac", "ac20"},                 /* U+20AC */
		{"\xf0\x9f\x94\x91", "3dd811dd"},         /* U+1F511 */
		{"\xf4\x8f\xbf\xbf", "ffdbffdf"},         /* U+10FFFF */
		{"\xf4\x90\x80\x80", "f400900080008000"}, /* beyond the last */
		{"a\xfc", "6100fc00"},                    /* Latin-1 */
		{"\xfcz\xfc", "fc007a00fc00"},
		{"\xc0\x80", "c0008000"},         /* overlong NUL */
		{"\xe0\x80\x80", "e00080008000"}, /* overlong */
		{"\xed\xa0\x80", "ed00a0008000"}, /* surrogate */
		{"\xe2\x82", "e2008200"},         /* cut short */
		{"\xe2\x82z", "e20082007a00"},
		{"\x80", "8000"},
		{"\xff\xbf\xbf\xbf", "ff00bf00bf00bf00"},
	};
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		uint8_t hash[MSCHAP_HASH], utf16[32], expected[MD4_OCTETS];
		size_t length = test_unhex(vectors[i].utf16, utf16, sizeof(utf16));
		hash_md4(expected, HASH_PARTS({utf16, length}));
		mschap_nt_hash(hash, vectors[i].password, strlen(vectors[i].password));
		assert_memory_equal(hash, expected, sizeof(hash));
	}
}

TEST(mschap_nt_hash_of_a_long_password_counts_256_units)
{
	uint8_t password[300], utf16[512], hash[MSCHAP_HASH], expected[MD4_OCTETS];
	memset(password, 'x', sizeof(password));
	for (size_t i = 0; i < sizeof(utf16); i++)
		utf16[i] = i % 2 ? 0 : 'x';
	hash_md4(expected, HASH_PARTS({utf16, sizeof(utf16)}));
	mschap_nt_hash(hash, password, 256);
	assert_memory_equal(hash, expected, sizeof(hash));
	mschap_nt_hash(hash, password, 300);
	assert_memory_equal(hash, expected, sizeof(hash));
}

TEST(mschap_lm_hash_is_that_of_the_rfcs)
{
	static const struct {
		const char *password, *hash;
	} vectors[] = {
		{"clientPass", "76a152936096d7830e2390227404afd2"}, /* RFC 3079 §2.5.1 */
		{"CLIENTPASS", "76a152936096d7830e2390227404afd2"},
		{"MyPw", "75ba30198e6d1975aad3b435b51404ee"},
		{"", "aad3b435b51404eeaad3b435b51404ee"},
	};
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		uint8_t hash[MSCHAP_HASH];
		mschap_lm_hash(hash, vectors[i].password, strlen(vectors[i].password));
		assert_octets(hash, vectors[i].hash);
	}
	uint8_t fourteen[MSCHAP_HASH], longer[MSCHAP_HASH];
	mschap_lm_hash(fourteen, "0123456789abcd", 14);
	mschap_lm_hash(longer, "0123456789abcdef", 16);
	assert_memory_equal(fourteen, longer, sizeof(longer));
}

TEST(mschap_responses_are_those_of_the_rfc)
{
	uint8_t challenge[MSCHAP_CHALLENGE], hash[MSCHAP_HASH], response[MSCHAP_PROOF];
	test_unhex("102db5df085d3041", challenge, sizeof(challenge));
	mschap_nt_hash(hash, "MyPw", 4);
	mschap_challenge_response(response, challenge, hash);
	assert_octets(response, "4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61");
	mschap_lm_hash(hash, "MyPw", 4);
	mschap_challenge_response(response, challenge, hash);
	assert_octets(response, "91881d0152ab0c33c524135ec24a95ee64e23cdc2d33347d");
}

TEST(mschap_names_lose_their_domain)
{
	static const char *const names[][2] = {
		{"anna", "anna"}, {"BIG\\anna", "anna"},   {"a\\b\\anna", "anna"}, {"BIG\\", ""},
		{"", ""},         {"anna@big", "anna@big"}};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_string_equal(mschap_name_without_domain(names[i][0]), names[i][1]);
}

/* RFC 2759 §9.2 and RFC 3079 §3.5; the receive keys are computed, as the RFC prints none. */
TEST(mschapv2_is_the_example_of_the_rfcs)
{
	uint8_t challenge[MSCHAPV2_CHALLENGE], peer_challenge[MSCHAPV2_CHALLENGE],
		hash[MSCHAP_HASH];
	uint8_t challenge_hash[MSCHAP_CHALLENGE], response[MSCHAP_PROOF], hash_hash[MSCHAP_HASH];
	uint8_t master[MSCHAP_HASH];
	char signature[MSCHAP_SIGNATURE + 1] = {0};
	test_unhex("5b5d7c7d7b3f2f3e3c2c602132262628", challenge, sizeof(challenge));
	test_unhex("21402324255e262a28295f2b3a337c7e", peer_challenge, sizeof(peer_challenge));
	mschap_challenge_hash(challenge_hash, peer_challenge, challenge, "User");
	assert_octets(challenge_hash, "d02e4386bce91226");
	mschap_challenge_hash(challenge_hash, peer_challenge, challenge, "WORKGROUP\\User");
	assert_octets(challenge_hash, "d02e4386bce91226");
	mschap_nt_hash(hash, "clientPass", 10);
	mschap_challenge_response(response, challenge_hash, hash);
	assert_octets(response, "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
	mschap_nt_hash_hash(hash_hash, hash);
	assert_octets(hash_hash, "41c00c584bd2d91c4017a2a12fa59f3f");
	mschap_signature((uint8_t *)signature, hash, response, challenge_hash);
	assert_string_equal(signature, "S=407A5589115FD0D6209F510FE9C04566932CDA56");
	mschap_master_key(master, hash_hash, response);
	assert_octets(master, "fdece3717a8c838cb388e527ae3cdd31");
	struct auth_keys keys = {0};
	mschapv2_keys(&keys, hash, response);
	assert_int_equal(keys.present, 1);
	assert_octets(keys.send, "8b7cdc149b993a1ba118cb153f56dccb");
	assert_octets(keys.send_short, "8b7cdc149b993a1b");
	assert_octets(keys.receive, "d5f0e9521e3ea9589645e86051c82226");
	assert_octets(keys.receive_short, "d5f0e9521e3ea958");
	mschap_keys_turn(&keys);
	assert_int_equal(keys.present, 1);
	assert_octets(keys.receive, "8b7cdc149b993a1ba118cb153f56dccb");
	assert_octets(keys.receive_short, "8b7cdc149b993a1b");
	assert_octets(keys.send, "d5f0e9521e3ea9589645e86051c82226");
	assert_octets(keys.send_short, "d5f0e9521e3ea958");
}

/* RFC 3079 §2.5: step 3 of §2.5.3 misprints the octet c1 as ca. */
TEST(mschap_keys_are_the_examples_of_the_rfc)
{
	uint8_t challenge[MSCHAP_CHALLENGE], nt_hash[MSCHAP_HASH], lm_hash[MSCHAP_HASH];
	struct auth_keys keys = {0};
	test_unhex("102db5df085d3041", challenge, sizeof(challenge));
	mschap_nt_hash(nt_hash, "clientPass", 10);
	mschap_lm_hash(lm_hash, "clientPass", 10);
	mschap_keys(&keys, nt_hash, lm_hash, challenge);
	assert_int_equal(keys.present, 1);
	assert_octets(keys.send, "a8947850cfc0acc1d1789fb62ddcddb0");
	assert_octets(keys.receive, "a8947850cfc0acc1d1789fb62ddcddb0");
	assert_octets(keys.send_short, "76a152936096d783");
	assert_octets(keys.receive_short, "76a152936096d783");
}
