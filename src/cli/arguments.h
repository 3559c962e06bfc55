/* Options and operands of a command, and its --help, from one table. */
#pragma once
#include <stdbool.h>

enum command_option {
	OPTION_HELP,
	OPTION_CONF,
	OPTION_SOCKET,
	OPTION_JSON,
	OPTION_WATCH,
	OPTION_CONFIG,
	OPTION_FIX,
	OPTION_SECRETS,
	OPTION_SERVER,
	OPTION_RANDOM,
	OPTION_PASSWORD,
	OPTION_PASSWORD_FILE,
	OPTIONS
};

/* What a command takes. */
struct synopsis {
	const char *operands; /* "ID..." or "" */
	const char *about;    /* lines for --help, each ended by newline */
	unsigned options;     /* the set of 1 << enum command_option; OPTION_HELP is always in it */
	int least, most;      /* operands */
};

struct arguments {
	/* borrowed from argv; "" for an option without value; NULL: not given */
	const char *values[OPTIONS];
	char **operands; /* borrowed from argv, which is put in order */
	int count;
};

enum { ARGUMENTS_GO_ON = -1 };

/* Reads what follows argv[0], the command's word. ARGUMENTS_GO_ON, or the exit status: help was
 * given, or the usage was wrong, and that was said. */
int arguments_parse(struct arguments *arguments, const struct synopsis *synopsis, int argc,
		    char **argv);

static inline bool arguments_have(const struct arguments *arguments, enum command_option option)
{
	return arguments->values[option] != 0;
}
