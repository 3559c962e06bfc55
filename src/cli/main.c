#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

const struct command commands[] = {
	{"serve", "run the server in the foreground", serve_command},
	{"connect", "call a PPTP server", connect_command},
	{"load", "many calls to a PPTP server, to see what it carries", load_command},
	{"status", "what the server is doing", status_command},
	{"sessions", "one row for each session", sessions_command},
	{"show", "one session in full", show_command},
	{"disconnect", "end sessions", disconnect_command},
	{"user", "add, remove, list users; set passwords", user_command},
	{"check", "what keeps callers from getting online, and the remedy", check_command},
	{"reload", "read the configuration again", reload_command},
	{NULL, NULL, NULL},
};

static int help(FILE *to)
{
	fputs("usage: poptun COMMAND [OPTION...]\n\n", to);
	for (const struct command *command = commands; command->word; command++)
		fprintf(to, "  %-11s %s\n", command->word, command->summary);
	fputs("\n`poptun COMMAND --help` tells more of each.\n", to);
	return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

static const struct command *find(const char *word)
{
	for (const struct command *command = commands; command->word; command++)
		if (!strcmp(word, command->word))
			return command;
	return NULL;
}

/* `poptun help show` is `poptun show --help`. */
static int help_of(char *word)
{
	char option[] = "--help", *argv[] = {word, option, NULL};
	const struct command *command = find(word);
	return command ? command->run(2, argv) : help(stderr);
}

static bool is_called(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	return !strcmp(slash ? slash + 1 : path, name);
}

int main(int argc, char **argv)
{
	if (argc > 0 && is_called(argv[0], "pptpd"))
		return pptpd_main(argc, argv);
	if (argc < 2)
		return help(stderr);
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return argc > 2 ? help_of(argv[2]) : help(stdout);
	if (!strcmp(argv[1], "--version")) {
		puts("poptun " POPTUN_VERSION);
		return EXIT_DONE;
	}
	const struct command *command = find(argv[1]);
	if (command)
		return command->run(argc - 1, argv + 1);
	fprintf(stderr, "poptun: there is no command \"%s\"\n", argv[1]);
	return help(stderr);
}
