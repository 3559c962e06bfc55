#include "tests/test.h"

#include <string.h>

#include "auth/chap.h"
#include "auth/proof.h"
#include "base/base.h"

static struct auth_proof proof_of(enum auth_method method, const char *name, const char *challenge,
				  const char *response)
{
	struct auth_proof proof = {.method = (uint8_t)method, .identifier = 1};
	strcpy(proof.name, name);
	proof.challenge.length = (uint16_t)test_unhex(challenge, proof.challenge.bytes, 255);
	proof.response.length = (uint16_t)test_unhex(response, proof.response.bytes, 255);
	return proof;
}

static bool verify(const struct auth_proof *proof, const char *secret, struct auth_verdict *verdict)
{
	memset(verdict, 0xee, sizeof(*verdict));
	return auth_verify(proof, secret, secret ? strlen(secret) : 0, verdict);
}

#define V2_CHALLENGE "5b5d7c7d7b3f2f3e3c2c602132262628"
#define V2_RESPONSE                                         \
	"21402324255e262a28295f2b3a337c7e 0000000000000000" \
	"82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"
#define V1_CHALLENGE "102db5df085d3041"
#define V1_LM        "91881d0152ab0c33c524135ec24a95ee64e23cdc2d33347d"
#define V1_NT        "4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61"
#define NOTHING      "000000000000000000000000000000000000000000000000"

static const struct {
	enum auth_method method;
	const char *name, *challenge, *response, *secret;
	bool accepted;
} proofs[] = {
	{AUTH_PAP, "anna", "", "6b6c617573", "klaus", true},
	{AUTH_PAP, "", "", "6b6c617573", "klaus", true},
	{AUTH_PAP, "anna", "", "6b6c617573", "klau", false},
	{AUTH_PAP, "anna", "", "6b6c617573", "klauss", false},
	{AUTH_PAP, "anna", "", "6b6c61757300", "klaus", false},
	{AUTH_PAP, "anna", "", "", "klaus", false},
	{AUTH_PAP, "anna", "", "", "", true},
	/* computed apart from this code, as RFC 1994 prints no example */
	{AUTH_CHAP_MD5, "anna", "000102030405060708090a0b0c0d0e0f",
	 "740e86463bda3a4d7017d6e0fba0699d", "secret", true},
	{AUTH_CHAP_MD5, "anna", "000102030405060708090a0b0c0d0e0f",
	 "740e86463bda3a4d7017d6e0fba0699d", "Secret", false},
	{AUTH_CHAP_MD5, "anna", "000102030405060708090a0b0c0d0e0f",
	 "740e86463bda3a4d7017d6e0fba0699c", "secret", false},
	{AUTH_CHAP_MD5, "anna", "000102030405060708090a0b0c0d0e0f",
	 "740e86463bda3a4d7017d6e0fba069", "secret", false},
	{AUTH_MSCHAP, "anna", V1_CHALLENGE, NOTHING V1_NT "01", "MyPw", true},
	{AUTH_MSCHAP, "anna", V1_CHALLENGE, V1_LM V1_NT "01", "MyPw", true},
	{AUTH_MSCHAP, "anna", V1_CHALLENGE, V1_LM NOTHING "00", "MyPw", true},
	{AUTH_MSCHAP, "anna", V1_CHALLENGE, V1_LM NOTHING "01", "MyPw", false},
	{AUTH_MSCHAP, "anna", V1_CHALLENGE, NOTHING V1_NT "00", "MyPw", false},
	{AUTH_MSCHAP, "anna", V1_CHALLENGE, NOTHING V1_NT "01", "mypw", false},
	{AUTH_MSCHAP, "anna", V1_CHALLENGE, NOTHING V1_NT, "MyPw", false},
	{AUTH_MSCHAP, "anna", V1_CHALLENGE "00", NOTHING V1_NT "01", "MyPw", false},
	{AUTH_MSCHAPV2, "User", V2_CHALLENGE, V2_RESPONSE "00", "clientPass", true},
	{AUTH_MSCHAPV2, "User", V2_CHALLENGE, V2_RESPONSE "04", "clientPass",
	 true}, /* Windows 9x */
	{AUTH_MSCHAPV2, "BIG\\User", V2_CHALLENGE, V2_RESPONSE "00", "clientPass", true},
	{AUTH_MSCHAPV2, "user", V2_CHALLENGE, V2_RESPONSE "00", "clientPass", false},
	{AUTH_MSCHAPV2, "User", V2_CHALLENGE, V2_RESPONSE "00", "clientpass", false},
	{AUTH_MSCHAPV2, "User", V2_CHALLENGE, V2_RESPONSE, "clientPass", false},
	{AUTH_MSCHAPV2, "User", V1_CHALLENGE, V2_RESPONSE "00", "clientPass", false},
	{AUTH_EAP, "User", V2_CHALLENGE, V2_RESPONSE "00", "clientPass", false},
	{AUTH_NONE, "User", "", "", "", false},
};

TEST(auth_verify_accepts_what_shows_the_secret_and_nothing_else)
{
	for (size_t i = 0; i < COUNT_OF(proofs); i++) {
		struct auth_proof proof = proof_of(proofs[i].method, proofs[i].name,
						   proofs[i].challenge, proofs[i].response);
		struct auth_verdict verdict;
		assert_int_equal(verify(&proof, proofs[i].secret, &verdict), proofs[i].accepted);
		assert_int_equal(verdict.result, proofs[i].accepted ? AUTH_ACCEPT : AUTH_REJECT);
		assert_int_equal(verdict.error, proofs[i].accepted ? 0 : AUTH_FAILURE);
		if (proofs[i].accepted)
			assert_string_equal(verdict.user, proofs[i].name);
	}
}

TEST(auth_verify_tells_an_unknown_user_what_it_tells_of_a_wrong_password)
{
	for (size_t i = 0; i < COUNT_OF(proofs); i++) {
		struct auth_proof proof = proof_of(proofs[i].method, proofs[i].name,
						   proofs[i].challenge, proofs[i].response);
		struct auth_verdict unknown, wrong;
		assert_false(verify(&proof, NULL, &unknown));
		assert_false(verify(&proof, "surely not this", &wrong));
		assert_memory_equal(&unknown, &wrong, sizeof(wrong));
		proof.question = AUTH_PROVE;
		assert_false(verify(&proof, proofs[i].secret, &unknown));
		wrong.question = AUTH_PROVE;
		assert_memory_equal(&unknown, &wrong, sizeof(wrong));
	}
}

TEST(auth_verify_does_not_let_the_unknown_in_by_its_own_dummy)
{
	struct auth_proof proof = proof_of(AUTH_PAP, "x", "", "");
	struct auth_verdict verdict;
	for (size_t length = 0; length < 20; length++) {
		proof.response.length = (uint16_t)length;
		memcpy(proof.response.bytes, "nobody...\0\0\0\0\0\0\0\0\0\0\0", length);
		assert_false(verify(&proof, NULL, &verdict));
	}
}

TEST(auth_verify_gives_signature_and_keys_of_mschapv2)
{
	struct auth_proof proof =
		proof_of(AUTH_MSCHAPV2, "BIG\\User", V2_CHALLENGE, V2_RESPONSE "00");
	struct auth_verdict verdict;
	uint8_t key[16];
	assert_true(verify(&proof, "clientPass", &verdict));
	assert_int_equal(verdict.message.length, 42);
	assert_memory_equal(verdict.message.bytes, "S=407A5589115FD0D6209F510FE9C04566932CDA56",
			    42);
	assert_int_equal(verdict.keys.present, 1);
	test_unhex("8b7cdc149b993a1ba118cb153f56dccb", key, 16);
	assert_memory_equal(verdict.keys.send, key, 16);
	test_unhex("d5f0e9521e3ea9589645e86051c82226", key, 16);
	assert_memory_equal(verdict.keys.receive, key, 16);
	assert_int_equal(verdict.expected.length, 0);
}

TEST(auth_verify_gives_keys_of_mschap_and_none_of_pap_and_md5)
{
	struct auth_verdict verdict;
	struct auth_proof proof = proof_of(AUTH_MSCHAP, "a", V1_CHALLENGE, V1_LM V1_NT "01");
	uint8_t key[16];
	assert_true(verify(&proof, "MyPw", &verdict));
	assert_int_equal(verdict.keys.present, 1);
	test_unhex("75ba30198e6d1975", key, 16);
	assert_memory_equal(verdict.keys.send_short, key, 8);
	proof = proof_of(AUTH_PAP, "anna", "", "6b6c617573");
	assert_true(verify(&proof, "klaus", &verdict));
	static const struct auth_keys none = {0};
	assert_memory_equal(&verdict.keys, &none, sizeof(none));
}

TEST(auth_prove_convinces_auth_verify_and_both_have_the_same_keys)
{
	static const enum auth_method methods[] = {AUTH_PAP, AUTH_CHAP_MD5, AUTH_MSCHAP,
						   AUTH_MSCHAPV2};
	static const char *const challenges[] = {"", "00112233445566778899aabbccddeeff0102",
						 V1_CHALLENGE, V2_CHALLENGE};
	uint64_t seed = 7;
	struct random random = test_random(&seed);
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct auth_proof p = proof_of(methods[i], "BIG\\anna", challenges[i], "");
		struct auth_verdict proved, verdict;
		p.question = AUTH_PROVE;
		assert_true(auth_prove(&p, "kl\xc3\xa4us", 6, &random, &proved));
		assert_int_equal(proved.result, AUTH_ACCEPT);
		assert_string_equal(proved.user, "BIG\\anna");
		p.question = AUTH_VERIFY;
		p.response.length = proved.message.length;
		memcpy(p.response.bytes, proved.message.bytes, proved.message.length);
		assert_true(verify(&p, "kl\xc3\xa4us", &verdict));
		assert_int_equal(proved.keys.present, methods[i] >= AUTH_MSCHAP);
		assert_int_equal(verdict.keys.present, proved.keys.present);
		assert_memory_equal(proved.keys.send, verdict.keys.receive, 16);
		assert_memory_equal(proved.keys.receive, verdict.keys.send, 16);
		assert_memory_equal(proved.keys.send_short, verdict.keys.receive_short, 8);
		assert_memory_equal(proved.keys.receive_short, verdict.keys.send_short, 8);
		assert_int_equal(proved.expected.length, verdict.message.length);
		assert_memory_equal(proved.expected.bytes, verdict.message.bytes,
				    verdict.message.length);
		for (size_t length = 0; length < p.response.length; length++) {
			struct auth_proof cut = p;
			cut.response.length = (uint16_t)length;
			assert_false(verify(&cut, "kl\xc3\xa4us", &verdict));
		}
	}
}

TEST(auth_prove_of_mschap_shows_no_lm_response)
{
	struct auth_proof p = proof_of(AUTH_MSCHAP, "anna", V1_CHALLENGE, "");
	struct auth_verdict proved;
	uint8_t value[MSCHAP_VALUE];
	p.question = AUTH_PROVE;
	assert_true(auth_prove(&p, "MyPw", 4, NULL, &proved));
	assert_int_equal(test_unhex(NOTHING V1_NT "01", value, sizeof(value)), 49);
	assert_int_equal(proved.message.length, 49);
	assert_memory_equal(proved.message.bytes, value, 49);
}

TEST(auth_prove_says_no_without_a_secret_or_a_challenge_that_fits)
{
	static const struct {
		enum auth_method method;
		const char *challenge;
	} questions[] = {
		{AUTH_CHAP_MD5, ""},
		{AUTH_MSCHAP, V2_CHALLENGE},
		{AUTH_MSCHAP, ""},
		{AUTH_MSCHAPV2, V1_CHALLENGE},
		{AUTH_MSCHAPV2, V2_CHALLENGE "00"},
		{AUTH_EAP, V2_CHALLENGE},
		{AUTH_NONE, ""},
	};
	uint64_t seed = 7;
	struct random random = test_random(&seed);
	struct auth_verdict verdict, rejected = {0};
	rejected.question = AUTH_PROVE;
	rejected.error = AUTH_FAILURE;
	for (size_t i = 0; i < COUNT_OF(questions); i++) {
		struct auth_proof p =
			proof_of(questions[i].method, "anna", questions[i].challenge, "");
		p.question = AUTH_PROVE;
		assert_false(auth_prove(&p, "MyPw", 4, &random, &verdict));
		assert_memory_equal(&verdict, &rejected, sizeof(verdict));
	}
	struct auth_proof p = proof_of(AUTH_MSCHAPV2, "anna", V2_CHALLENGE, "");
	p.question = AUTH_PROVE;
	assert_false(auth_prove(&p, NULL, 0, &random, &verdict));
	p = proof_of(AUTH_PAP, "anna", "", ""); /* who asks to verify never gets the password */
	assert_false(auth_prove(&p, "MyPw", 4, &random, &verdict));
	rejected.question = AUTH_VERIFY;
	assert_memory_equal(&verdict, &rejected, sizeof(verdict));
	static const char much[300] = "x";
	p.question = AUTH_PROVE;
	assert_false(auth_prove(&p, much, sizeof(much), &random, &verdict));
	assert_true(auth_prove(&p, much, 255, &random, &verdict));
}
