/*
 * For the tests of the machine: an authenticator and a peer, each with a registrar, and a wire
 * between them that loses and doubles, all in one process with a clock of its own.
 */
#pragma once
#include "tests/test.h"

#include "auth/auth.h"
#include "auth/chap.h"
#include "auth/pap.h"
#include "base/base.h"

struct sent {
	uint16_t protocol;
	size_t length;
	uint8_t bytes[600];
};

struct end {
	struct auth auth;
	struct auth_settings settings;
	struct outbox out;
	const char *secret; /* what this end's registrar knows of any user; NULL: nothing */
	bool slow;          /* its answers wait for world_answer */
	int asked, succeeded, failed, reported;
	uint16_t error;
	struct auth_proof question;  /* the latest */
	struct auth_verdict verdict; /* of AUTH_SUCCEEDED */
	char report[600];            /* the latest */
	int sent_count;
	struct sent sent[64]; /* the first ones, all of which went on the wire */
};

struct world {
	struct end server, client;
	uint64_t seed, now;
	struct random random;
	const char *fates; /* of the packets in order: '.' arrives, 'L' lost, '2' comes twice */
	unsigned loss, doubling; /* in a hundred, of those after `fates` */
	int packets;
};

extern const enum auth_method world_methods[4]; /* all that there are */

/* Both ends started; free with world_free. */
struct world *world_new(enum auth_method method, uint64_t seed);
void world_free(struct world *w);

/* Hands over a copy that ends where the packet ends, so that a sanitizer sees a step too far. */
enum drop world_receive(struct world *w, struct end *to, const struct sent *packet);

/* The registrar of `end` answers its latest question. */
void world_answer(struct world *w, struct end *end);

/* Until nobody has anything to do at this moment. */
void world_settle(struct world *w);

/* When either end wants to be called next. */
uint64_t world_deadline(const struct world *w);

/* Lets the clock go on to `until`, and everything happen that is due. */
void world_pass(struct world *w, uint64_t until);

/* The packet that `end` sent last. */
struct sent *world_last(struct end *end);

struct sent chap_of(const struct chap_packet *p);
struct sent pap_of(const struct pap_packet *p);

/* The text of a Success or Failure, until the next call. */
const char *text_of(const struct sent *sent);

void assert_both_in(const struct world *w);
void assert_both_failed(const struct world *w, uint16_t error);
