/*
 * No configuration at all is a configuration too: where there is no pptpd.conf, `serve` serves a
 * private range that is free on this host and one user with a random password, made once and kept
 * in the state directory, readable by root.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "io/files.h"

struct built_in {
	bool in_use;                 /* there was no pptpd.conf, and none was named */
	char text[768];              /* stands in the place of pptpd.conf */
	char secrets[256];           /* the file with the one user */
	char user[32], password[64]; /* empty where the administrator took that user away */
	struct config_source files;  /* the real ones */
};

/*
 * Where `conf` (NULL: /etc/pptpd.conf) is missing and was not named: chooses the range, finds or
 * makes the user. Else only notes that it is not in use. 0, or -errno and a sentence in `why`.
 */
int built_in_prepare(struct built_in *built_in, const char *conf, char *why, size_t why_size);

/* The same with other places: of the file that may be missing,
 * and of what is kept (at most 200 octets each). */
struct built_in_places {
	const char *conf, *state_directory;
};
int built_in_prepare_in(struct built_in *built_in, const struct built_in_places *places,
			const char *conf, char *why, size_t why_size);

/* A source of files in which the built-in text is pptpd.conf, if it is in use. */
struct config_source built_in_source(struct built_in *built_in, const char *host_name);
