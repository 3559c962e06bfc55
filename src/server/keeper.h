/*
 * The keeper: does what needs root, from a short list of requests, each checked. It has the
 * machine's set-up (addresses, rules, forwarding), follows sessions with routes and proxy
 * neighbours, calls the hooks, and reads the secrets files, which stay root's, for the authority.
 */
#pragma once
#include "io/machine.h"
#include "io/seam.h"
#include "server/hooks.h"

struct keeper {
	struct settings *settings; /* a counted reference */
	struct machine *machine;   /* borrowed; up */
	struct seam *authority;    /* borrowed */
	struct hooks hooks;
};

void keeper_init(struct keeper *keeper, struct settings *settings, struct machine *machine,
		 struct seam *authority, struct loop *loop);
void keeper_fini(struct keeper *keeper);

/* What new requests go by. */
void keeper_configure(struct keeper *keeper, struct settings *settings);

/* A request of the engine's. */
void keeper_on_message(struct keeper *keeper, const struct message_type *type, const void *value);

/*
 * Reads chap-secrets, pap-secrets and what they name, and sends all of it to the authority. A file
 * that is missing or cannot be read is reported; the authority then keeps what it has. 0 or -errno
 * of chap-secrets.
 */
int keeper_send_secrets(struct keeper *keeper);
