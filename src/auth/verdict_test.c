#include "tests/test.h"

#include <string.h>

#include "auth/verdict.h"

TEST(auth_methods_have_names)
{
	static const char *const names[] = {"none", "pap", "chap-md5", "mschap", "mschapv2", "eap"};
	for (enum auth_method m = AUTH_NONE; m < AUTH_METHODS; m++)
		assert_string_equal(auth_method_name(m), names[m]);
	assert_string_equal(auth_method_name(AUTH_METHODS), "unknown");
	assert_string_equal(auth_method_name((enum auth_method)255), "unknown");
}

TEST(auth_proof_crosses_a_boundary_whole_and_prints_no_password)
{
	struct auth_proof proof = {.question = AUTH_VERIFY,
				   .method = AUTH_PAP,
				   .again = 1,
				   .identifier = 9,
				   .name = "an na"},
			  back = {0};
	proof.response.length = 5;
	memcpy(proof.response.bytes, "klaus", 5);
	proof.challenge.length = 2;
	memcpy(proof.challenge.bytes, "ab", 2);
	uint8_t bytes[1024];
	struct writer out = writer_of(bytes, sizeof(bytes));
	fields_encode(auth_proof_fields, &proof, &out);
	assert_int_equal(out.length, 4 + 2 + 5 + 2 + 2 + 2 + 5);
	for (size_t length = 0; length <= out.length; length++) {
		struct reader in = reader_of(bytes, length);
		assert_int_equal(fields_decode(auth_proof_fields, &back, &in),
				 length == out.length);
	}
	assert_memory_equal(&back, &proof, sizeof(proof));
	char text[256];
	assert_string_equal(fields_print(auth_proof_fields, &proof, text, sizeof(text)),
			    "question=0 method=1 again=1 identifier=9 name=an\\x20na challenge=ab "
			    "response=(hidden)");
}

TEST(auth_verdict_crosses_a_boundary_whole_and_prints_no_key)
{
	struct auth_verdict verdict, back = {0};
	memset(&verdict, 0, sizeof(verdict)); /* padding too, as all of it is compared */
	verdict.question = AUTH_PROVE;
	verdict.result = AUTH_ACCEPT;
	verdict.error = 691;
	strcpy(verdict.user, "anna");
	verdict.message.length = 3;
	memcpy(verdict.message.bytes, "S=1", 3);
	verdict.expected.length = 4;
	memcpy(verdict.expected.bytes, "S=22", 4);
	verdict.keys.present = 1;
	memset(verdict.keys.send, 'A', 16);
	memset(verdict.keys.receive, 'B', 16);
	memset(verdict.keys.send_short, 'C', 8);
	memset(verdict.keys.receive_short, 'D', 8);
	verdict.local_address = 0xc0a80a01;
	verdict.remote_address = 0xc0a80a64;
	verdict.dns[0] = 1, verdict.dns[1] = 2, verdict.nbns[0] = 3, verdict.nbns[1] = 4;
	uint8_t bytes[2048];
	struct writer out = writer_of(bytes, sizeof(bytes));
	fields_encode(auth_verdict_fields, &verdict, &out);
	assert_false(out.failed);
	for (size_t length = 0; length <= out.length; length++) {
		struct reader in = reader_of(bytes, length);
		memset(&back, 0, sizeof(back));
		assert_int_equal(fields_decode(auth_verdict_fields, &back, &in),
				 length == out.length);
	}
	assert_memory_equal(&back, &verdict, sizeof(verdict));
	char text[512];
	fields_print(auth_verdict_fields, &verdict, text, sizeof(text));
	assert_null(strstr(text, "AA"));
	assert_null(strstr(text, "CC"));
	assert_null(strstr(text, "S="));
	assert_non_null(strstr(text, "keys.receive_short=(hidden) local_address=3232238081 "));
}
