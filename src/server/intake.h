/* The secrets files as the keeper brings them, in portions, until the authority reads them. */
#pragma once
#include <stdbool.h>

#include "config/secrets.h"
#include "server/messages.h"

struct intake_file {
	char name[256];
	char *bytes; /* owned */
	size_t length, capacity;
};

struct secrets_intake {
	struct intake_file *files; /* owned */
	size_t count;
	bool failed; /* a portion was lost: what is here is not to be used */
};

enum { INTAKE_LIMIT = 256 * 1024 * 1024 }; /* octets of all files: a million users */

/* Appends a portion; the first of all clears what came before. False without memory, or beyond
 * INTAKE_LIMIT, and then nothing more is taken before the next first one. */
bool intake_add(struct secrets_intake *intake, const struct message_secrets_file *portion);

/* Parses the file of this name into *secrets, which is empty before. False where it
 * did not come, or is no secrets file. */
bool intake_parse(struct secrets_intake *intake, const char *name, struct secrets *secrets,
		  struct complaints *complaints);

/* Wipes and frees all. */
void intake_clear(struct secrets_intake *intake);
