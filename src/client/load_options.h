/* What `poptun load` is told by its command line. Pure but for getopt(3)'s own state. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/address.h"
#include "client/options.h"

struct load_options {
	char host[CONNECT_NAME];
	uint16_t port;
	char user[CONNECT_NAME];   /* "%d" in it: the session's number, from 1 */
	const char *password_file; /* borrowed from argv */
	uint32_t sessions;
	uint32_t rate;                 /* begun in a second */
	uint32_t at_once;              /* under way at most */
	uint32_t calls_per_connection; /* at most CONTROL_CALLS_MAX */
	struct address_span source;    /* taken in turn; first 0: the kernel chooses */
	uint32_t packets_per_second;   /* over all sessions; 0: none */
	uint32_t size;                 /* octets of each inner packet */
	uint32_t settle;               /* seconds before the first packet */
	uint32_t seconds;              /* how long all stand, with traffic or without */
	const char *json;              /* borrowed from argv; NULL: none, "-": standard output */
	bool help;
};

/* Reads the command line, argv[0] being the command's word. False: one sentence in `why`. */
bool load_options_parse(int argc, char **argv, struct load_options *options, char *why,
			size_t size);

/* The name that session `number` logs in with. False: it is longer than `size` allows. */
bool load_user(const char *pattern, uint32_t number, char *to, size_t size);

/* "192.0.2.7", "192.0.2.7-20", "192.0.2.7-192.0.2.20". */
bool load_source_parse(const char *text, struct address_span *span);

void load_options_help(FILE *to);
