/*
 * The registrar: who may come in, and with which address. It alone knows passwords and holds the
 * pool. One LOGIN is one question and gets one VERDICT; RELEASE frees whatever the session holds.
 * Pure: messages in, messages out.
 *
 * Owned by server/serve.c, which connects its outbox and authority_on_message to the seams.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/outbox.h"
#include "config/secrets.h"
#include "server/intake.h"
#include "server/messages.h"
#include "server/pool.h"

enum authority_action {
	AUTHORITY_SEND = 1,    /* a message for the engine of its session, encoded */
	AUTHORITY_TELL_KEEPER, /* one for the keeper */
	AUTHORITY_LOG,         /* one octet of enum log_level, then text */
};

/* Whether there are secrets to go by. */
enum secrets_state {
	SECRETS_AWAITED, /* none came yet */
	SECRETS_REFUSED, /* what came had errors */
	SECRETS_READ,    /* once at least; later errors leave these in force */
};

struct authority {
	struct settings *settings; /* a counted reference */
	uint32_t dns[2];           /* what callers are told; from settings, or the host's own */
	struct secrets secrets;    /* chap-secrets */
	struct secrets pap_secrets;
	struct pool pool;
	struct map logins, users; /* struct login by session and by user, in authority.c */
	struct secrets_intake intake;
	enum secrets_state secrets_state;
	bool said_exhausted; /* to nameless callers, since the last address came back */
	struct outbox out;
};

/* `dns`: two addresses, 0 for none. False without memory. Takes a reference to the settings. */
bool authority_init(struct authority *a, struct settings *settings, const uint32_t dns[2]);
void authority_fini(struct authority *a); /* wipes the secrets */

/* A message from engine or keeper, decoded by server_messages. Unknown kinds are ignored. */
void authority_on_message(struct authority *a, const struct message_type *type, const void *value);

/* After a reload: what new logins go by. Sessions that
 * stand keep their addresses. False without memory. */
bool authority_configure(struct authority *a, struct settings *settings, const uint32_t dns[2]);
