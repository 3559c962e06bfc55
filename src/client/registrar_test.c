/* The question for a proof, and its answer, across the seam. */
#include "client/registrar.h"

#include <string.h>

#include "auth/proof.h"
#include "base/base.h"
#include "tests/test.h"

struct fixture {
	struct loop loop;
	struct registrar registrar;
	bool known;
	unsigned asked, answers;
	uint32_t session, number;
	struct auth_verdict verdict;
};

static bool provide(void *context, const char *user, const void **secret, size_t *length)
{
	struct fixture *f = context;
	f->asked++;
	assert_string_equal(user, "anna");
	*secret = "test123";
	*length = 7;
	return f->known;
}

static void take(void *context, uint32_t session, uint32_t number,
		 const struct auth_verdict *verdict)
{
	struct fixture *f = context;
	f->answers++;
	f->session = session;
	f->number = number;
	f->verdict = *verdict;
}

static void open_fixture(struct fixture *f)
{
	*f = (struct fixture){.known = true};
	assert_int_equal(loop_init(&f->loop), 0);
	assert_int_equal(registrar_open(&f->registrar, &f->loop, provide, f), 0);
	registrar_answer_to(&f->registrar, take, f);
}

static void close_fixture(struct fixture *f)
{
	registrar_close(&f->registrar);
	registrar_close(&f->registrar); /* once more is nothing */
	loop_fini(&f->loop);
}

static void turn(struct fixture *f)
{
	for (int i = 0; i < 4; i++)
		assert_int_equal(loop_turn(&f->loop, 0), 0);
}

static struct auth_proof question(enum auth_method method)
{
	struct auth_proof asked = {
		.question = AUTH_PROVE, .method = (uint8_t)method, .identifier = 3, .name = "anna"};
	asked.challenge.length = method == AUTH_PAP ? 0 : 16;
	memset(asked.challenge.bytes, 0x5b, asked.challenge.length);
	return asked;
}

TEST(the_registrar_proves_what_a_server_accepts)
{
	struct fixture f;
	struct auth_verdict accepted;
	struct auth_proof proof = question(AUTH_MSCHAPV2);
	open_fixture(&f);
	assert_int_equal(registrar_ask(&f.registrar, 7, 9, &proof), 0);
	turn(&f);
	assert_int_equal(f.answers, 1);
	assert_int_equal(f.session, 7);
	assert_int_equal(f.number, 9);
	assert_int_equal(f.verdict.question, AUTH_PROVE);
	assert_int_equal(f.verdict.result, AUTH_ACCEPT);
	proof.question = AUTH_VERIFY;
	proof.response.length = f.verdict.message.length;
	memcpy(proof.response.bytes, f.verdict.message.bytes, f.verdict.message.length);
	assert_true(auth_verify(&proof, "test123", 7, &accepted));
	assert_memory_equal(accepted.keys.send, f.verdict.keys.receive, 16);
	assert_false(auth_verify(&proof, "test124", 7, &accepted));
	close_fixture(&f);
}

TEST(without_a_password_the_proof_is_a_reject)
{
	struct fixture f;
	struct auth_proof proof = question(AUTH_PAP);
	open_fixture(&f);
	f.known = false;
	assert_int_equal(registrar_ask(&f.registrar, 1, 1, &proof), 0);
	turn(&f);
	assert_int_equal(f.answers, 1);
	assert_int_equal(f.verdict.result, AUTH_REJECT);
	assert_int_equal(f.verdict.message.length, 0);
	close_fixture(&f);
}

TEST(nobody_is_verified_by_a_clients_registrar)
{
	struct fixture f;
	struct auth_proof proof = question(AUTH_PAP);
	open_fixture(&f);
	proof.question = AUTH_VERIFY;
	assert_int_equal(registrar_ask(&f.registrar, 1, 1, &proof), 0);
	turn(&f);
	assert_int_equal(f.asked, 0);
	assert_int_equal(f.answers, 0);
	close_fixture(&f);
}

TEST(many_questions_at_once_are_all_answered)
{
	enum { QUESTIONS = 2000 };
	struct fixture f;
	struct auth_proof proof = question(AUTH_MSCHAPV2);
	open_fixture(&f);
	for (uint32_t i = 0; i < QUESTIONS; i++)
		assert_int_equal(registrar_ask(&f.registrar, i, i, &proof), 0);
	for (int i = 0; i < 1000 && f.answers < QUESTIONS; i++)
		assert_int_equal(loop_turn(&f.loop, 0), 0);
	assert_int_equal(f.answers, QUESTIONS);
	assert_int_equal(f.number, QUESTIONS - 1); /* in order */
	close_fixture(&f);
}
