/*
 * chap-secrets as a text that people have written: one entry is changed, and every other octet,
 * comments and blanks included, stays as it was. Words are quoted and read by pppd's rules
 * (config/words.h). Pure: text in, text out.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Malloc'ed bytes, with a NUL behind them that does not count. */
struct secrets_text {
	char *bytes; /* owned */
	size_t length;
};

void secrets_text_fini(struct secrets_text *text); /* wipes and frees */

/* Which entries: of this client, and of this server (NULL: whatever the server). */
struct secrets_whom {
	const char *client, *server;
};

/*
 * Each of these makes a new text of the old one. They return how many entries were found, added or
 * changed, with *out to be finished by the caller; or -1 and a sentence in `why`, which never holds
 * a secret.
 */

/* An entry at the end; -1 where there is one of this client and server already.
 * `addresses` ends with NULL; none means "*". */
int secrets_text_add(const char *bytes, size_t length, struct secrets_whom whom, const char *secret,
		     char *const *addresses, struct secrets_text *out, char *why, size_t why_size);

/* Their lines go. 0: there is none. */
int secrets_text_remove(const char *bytes, size_t length, struct secrets_whom whom,
			struct secrets_text *out, char *why, size_t why_size);

/* Another secret in their third word. 0: there is none. */
int secrets_text_change(const char *bytes, size_t length, struct secrets_whom whom,
			const char *secret, struct secrets_text *out, char *why, size_t why_size);

/* Calls `each` for every entry, addresses joined by blanks. -1: the text cannot be read. */
int secrets_text_list(const char *bytes, size_t length,
		      void (*each)(void *context, const char *client, const char *server,
				   const char *addresses),
		      void *context, char *why, size_t why_size);

/* Writes a word so that pppd reads it as it is; quoted only where it must be. False: no room. */
bool secrets_text_quote(char *to, size_t size, const char *word);
