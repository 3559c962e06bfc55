#include "client/registrar.h"

#include <errno.h>
#include <unistd.h>

#include "auth/proof.h"
#include "base/log.h"
#include "base/secret.h"
#include "io/clock.h"

enum { MESSAGE_QUESTION = 1, MESSAGE_PROOF };

struct message_question {
	uint32_t session, number;
	struct auth_proof question;
};
struct message_proof {
	uint32_t session, number;
	struct auth_verdict verdict;
};

static const struct field question_fields[] = {
	FIELD(U32, message_question, session),
	FIELD(U32, message_question, number),
	FIELD_PART(message_question, question, auth_proof_fields),
	FIELDS_END,
};
static const struct field proof_fields[] = {
	FIELD(U32, message_proof, session),
	FIELD(U32, message_proof, number),
	FIELD_PART(message_proof, verdict, auth_verdict_fields),
	FIELDS_END,
};
static const struct message_type questions[] = {
	MESSAGE_TYPE(MESSAGE_QUESTION, message_question, question_fields),
	MESSAGE_TYPES_END,
};
static const struct message_type proofs[] = {
	MESSAGE_TYPE(MESSAGE_PROOF, message_proof, proof_fields),
	MESSAGE_TYPES_END,
};

static void watch(struct registrar *r, struct watcher *watcher, const struct seam *seam)
{
	loop_watch(r->loop, watcher, EPOLLIN | (seam_is_waiting(seam) ? (uint32_t)EPOLLOUT : 0u));
}

static void serve(struct registrar *r, struct watcher *watcher, struct seam *seam,
		  seam_handler *handle, uint32_t events)
{
	int error = events & EPOLLOUT ? seam_flush(seam) : 0;
	if (!error)
		error = seam_receive(seam, handle, r);
	if (error)
		loop_unwatch(r->loop, watcher);
	else
		watch(r, watcher, seam);
}

/* ---- where passwords are known ---- */

static void answer(void *context, const struct message_type *type, const void *value)
{
	struct registrar *r = context;
	const struct message_question *asked = value;
	struct message_proof proof = {.session = asked->session, .number = asked->number};
	const void *secret = NULL;
	size_t length = 0;
	if (asked->question.question != AUTH_PROVE)
		return; /* a client verifies nobody */
	if (!r->provide(r->provide_context, asked->question.name, &secret, &length))
		secret = NULL;
	auth_prove(&asked->question, secret, length, &r->random, &proof.verdict);
	proof.verdict.question = AUTH_PROVE;
	if (seam_send(&r->far, MESSAGE_PROOF, &proof))
		log_error("session=%u the proof of the login could not be handed over",
			  asked->session);
	watch(r, &r->far_watcher, &r->far);
	secret_wipe(&proof, sizeof(proof));
	(void)type;
}

static void on_far(void *context, uint32_t events)
{
	struct registrar *r = context;
	serve(r, &r->far_watcher, &r->far, answer, events);
}

/* ---- where it is asked ---- */

static void take(void *context, const struct message_type *type, const void *value)
{
	struct registrar *r = context;
	const struct message_proof *proof = value;
	(void)type;
	if (r->take)
		r->take(r->take_context, proof->session, proof->number, &proof->verdict);
}

static void on_near(void *context, uint32_t events)
{
	struct registrar *r = context;
	serve(r, &r->near_watcher, &r->near, take, events);
}

int registrar_open(struct registrar *r, struct loop *loop, password_provider *provide,
		   void *context)
{
	int fds[2];
	*r = (struct registrar){
		.provide = provide, .provide_context = context, .random = random_system()};
	int error = seam_pair(fds);
	if (error)
		return error;
	if ((error = seam_init(&r->near, fds[0], questions, proofs))) {
		close(fds[0]);
		close(fds[1]);
		return error;
	}
	if ((error = seam_init(&r->far, fds[1], proofs, questions))) {
		seam_fini(&r->near);
		close(fds[1]);
		return error;
	}
	r->loop = loop;
	r->near_watcher = (struct watcher){.on_ready = on_near, .context = r, .fd = fds[0]};
	r->far_watcher = (struct watcher){.on_ready = on_far, .context = r, .fd = fds[1]};
	if ((error = loop_watch(loop, &r->near_watcher, EPOLLIN)) ||
	    (error = loop_watch(loop, &r->far_watcher, EPOLLIN)))
		registrar_close(r);
	return error;
}

void registrar_close(struct registrar *r)
{
	if (!r->loop)
		return;
	loop_unwatch(r->loop, &r->near_watcher);
	loop_unwatch(r->loop, &r->far_watcher);
	seam_fini(&r->near);
	seam_fini(&r->far);
	*r = (struct registrar){0};
}

void registrar_answer_to(struct registrar *r, verdict_taker *taker, void *context)
{
	r->take = taker;
	r->take_context = context;
}

int registrar_ask(struct registrar *r, uint32_t session, uint32_t number,
		  const struct auth_proof *question)
{
	struct message_question asked = {
		.session = session, .number = number, .question = *question};
	int error = seam_send(&r->near, MESSAGE_QUESTION, &asked);
	secret_wipe(&asked, sizeof(asked));
	if (!error)
		watch(r, &r->near_watcher, &r->near);
	return error;
}
