/*
 * Where the password comes from, in this order: --password-file, $POPTUN_PASSWORD, the peers file,
 * chap-secrets, and the terminal, without echo. It is looked up once and kept until the end, in
 * memory that is wiped then.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "client/options.h"

enum { PASSWORD_LIMIT = 1024, PASSWORD_WHY = 512 };

struct password {
	char text[PASSWORD_LIMIT]; /* ended by NUL */
	size_t length;
	const char *source; /* in words */
};

/* False: one sentence in `why`. */
bool password_find(struct password *password, const struct connect_options *options,
		   char why[static PASSWORD_WHY]);

/* For registrar_open; the context is a struct password. */
bool password_provide(void *context, const char *user, const void **secret, size_t *length);

void password_forget(struct password *password);
