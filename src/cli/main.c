#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

const struct command commands[] = {
	{"serve", "run the server in the foreground", serve_command},
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

int main(int argc, char **argv)
{
	if (argc < 2)
		return help(stderr);
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help(stdout);
	if (!strcmp(argv[1], "--version")) {
		puts("poptun " POPTUN_VERSION);
		return EXIT_DONE;
	}
	for (const struct command *command = commands; command->word; command++)
		if (!strcmp(argv[1], command->word))
			return command->run(argc - 1, argv + 1);
	fprintf(stderr, "poptun: there is no command \"%s\"\n", argv[1]);
	return help(stderr);
}
