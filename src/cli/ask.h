/* One question to the running server over its control socket (HTTP by libcurl), for the commands
 * that show and change what it does. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

#include "cli/arguments.h"

enum { ASK_OPTIONS = 1 << OPTION_CONF | 1 << OPTION_SOCKET };

struct answer {
	long status;  /* of HTTP; 0: nobody answered */
	char *body;   /* owned; ended by NUL */
	json_t *json; /* owned; NULL: the body is none */
};

/* Where the server is to be found: --socket, else what the configuration says. Static storage. */
const char *ask_socket(const struct arguments *arguments);

/* `id` is put behind the path, encoded; NULL: none. False:
 * nobody answered, and *answer is empty; `why` then says it. */
bool ask_quietly(const char *socket, const char *method, const char *path, const char *id,
		 struct answer *answer, char *why, size_t why_size);

/* The same for people: whatever is not a success is said on stderr, and false. */
bool ask(const struct arguments *arguments, const char *method, const char *path, const char *id,
	 struct answer *answer);

void answer_fini(struct answer *answer);
