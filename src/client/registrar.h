/*
 * The client's registrar: the one place that knows the password. The question for a proof and its
 * answer cross a seam as encoded messages, as a server's do, so that the registrar could live in a
 * process of its own.
 */
#pragma once
#include "auth/verdict.h"
#include "base/random.h"
#include "io/loop.h"
#include "io/seam.h"

/* The password of `user`: *secret stays the provider's and is valid until the next call. False:
 * none is known. */
typedef bool password_provider(void *context, const char *user, const void **secret,
			       size_t *length);

/* The proof for question `number` of `session`. */
typedef void verdict_taker(void *context, uint32_t session, uint32_t number,
			   const struct auth_verdict *verdict);

struct registrar {
	struct loop *loop;     /* borrowed; NULL: not open */
	struct seam near, far; /* the dialer's end, and the one where passwords are known */
	struct watcher near_watcher, far_watcher;
	struct random random;
	password_provider *provide;
	void *provide_context;
	verdict_taker *take;
	void *take_context;
};

/* 0 or -errno. `loop` is borrowed until registrar_close. */
int registrar_open(struct registrar *registrar, struct loop *loop, password_provider *provide,
		   void *context);
void registrar_close(struct registrar *registrar); /* also one that is zero */

/* Who takes the answers from now on. */
void registrar_answer_to(struct registrar *registrar, verdict_taker *take, void *context);

/* Asks; one answer comes back later. 0 or -errno. */
int registrar_ask(struct registrar *registrar, uint32_t session, uint32_t number,
		  const struct auth_proof *question);
