/*
 * The keeper: does what needs root, from a short list of requests, each checked. It has the
 * machine's set-up (addresses, rules, forwarding), follows sessions with routes and proxy
 * neighbours, steers packets to the worker that has their session, calls the hooks, and reads the secrets files, which stay root's, for the authority,
 * again at each change.
 */
#pragma once
#include "io/file_watch.h"
#include "io/hooks.h"
#include "io/machine.h"
#include "server/addresses.h"
#include "server/messages.h"
#include "server/seams.h"

struct keeper {
	struct settings *settings;  /* a counted reference */
	struct machine *machine;    /* borrowed; up */
	struct seam_end *authority; /* borrowed */
	struct seam_end *engines;   /* borrowed: one for each worker */
	struct addresses addresses;
	struct hooks hooks;
	struct file_watch watch;
	struct secrets_file *files; /* owned: on their way to the authority */
	size_t file_count, file_at, octet_at;
};

struct keeper_parts {
	struct machine *machine;
	const struct steering *steering;
	struct seam_end *authority;
	struct seam_end *engines; /* `workers` of them */
	uint32_t workers;
	struct loop *loop;
};

/* Begins to watch the secrets files. Everything in *parts is borrowed. 0 or -errno. */
int keeper_init(struct keeper *keeper, struct settings *settings, const struct keeper_parts *parts);
void keeper_fini(struct keeper *keeper);

/* What new requests go by; the secrets are read again. */
void keeper_configure(struct keeper *keeper, struct settings *settings);

/* A request of an engine's, or news of the authority's. */
void keeper_on_message(struct keeper *keeper, const struct message_type *type, const void *value);

/*
 * Reads chap-secrets, pap-secrets and what they name, and begins to send all of it to the
 * authority, which goes on as the seam takes it. A pap-secrets that is not there is an empty one;
 * where one of the two cannot be read, that is logged and the authority keeps what it has. 0 or
 * -errno.
 */
int keeper_send_secrets(struct keeper *keeper);
