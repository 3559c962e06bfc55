/*
 * Fuzzes the room auth/: one octet of method and role, then events for the machine. An event is an
 * octet of kind and one of length: a packet of that many octets, time, or a verdict of a registrar
 * that knows a password which no input can show by chance.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth.h"
#include "auth/chap.h"
#include "auth/pap.h"
#include "auth/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill(void *context, void *bytes, size_t length)
{
	memset(bytes, (*(uint8_t *)context)++, length);
}

/* Carries out what the machine wants; returns whether it let the other end in. */
static bool drain(struct outbox *out, struct auth_proof *question)
{
	struct action action;
	bool in = false;
	while (outbox_take(out, &action)) {
		if (action.kind == AUTH_ASK)
			memcpy(question, action.bytes, sizeof(*question));
		in |= action.kind == AUTH_SUCCEEDED;
	}
	return in;
}

static void on_packet(struct auth *a, const uint8_t *packet, size_t length, uint64_t now_ms)
{
	uint8_t *copy = malloc(length ? length : 1); /* ends where the packet ends */
	memcpy(copy, packet, length);
	auth_on_packet(a, a->method == AUTH_PAP ? PAP_PROTOCOL : CHAP_PROTOCOL, copy, length,
		       now_ms);
	free(copy);
}

static void on_verdict(struct auth *a, const struct auth_proof *question,
		       const struct random *random, uint64_t now_ms)
{
	static const char secret[] = "no input holds this";
	struct auth_verdict verdict;
	if (question->question == AUTH_PROVE)
		auth_prove(question, secret, strlen(secret), random, &verdict);
	else
		auth_verify(question, secret, strlen(secret), &verdict);
	auth_on_verdict(a, &verdict, now_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct auth_settings settings = {"anna", 3000, 3, 60000, 600000};
	uint8_t chance = 0;
	struct random random = {fill, &chance};
	struct outbox out = {0};
	struct auth_proof question = {0};
	struct reader in = reader_of(data, size);
	uint8_t choice = read_u8(&in);
	enum auth_role role = choice & 4 ? AUTH_PEER : AUTH_AUTHENTICATOR;
	struct auth a;
	uint64_t now_ms = 0;
	auth_start(&a, role, AUTH_PAP + (choice & 3), &settings, &random, &out, now_ms);
	while (in.left) {
		uint8_t kind = read_u8(&in);
		size_t length = read_u8(&in);
		if (kind % 4 == 0)
			auth_on_time(&a, now_ms += length * 100);
		else if (kind % 4 == 1)
			on_verdict(&a, &question, &random, now_ms);
		else if (length && length <= in.left)
			on_packet(&a, read_bytes(&in, length), length, now_ms);
		/* An authenticator of PAP or MD5 could be told the password or a collision. */
		bool let_in = drain(&out, &question);
		assert(!let_in || role == AUTH_PEER || a.method < AUTH_MSCHAP);
		assert(!let_in || role == AUTH_AUTHENTICATOR || a.method != AUTH_MSCHAPV2);
	}
	auth_fini(&a);
	outbox_fini(&out);
	return 0;
}
