#include "server/serve.h"

#include <stdio.h>

#include "cli/cli.h"

static int usage(FILE *to)
{
	char text[8192];
	fprintf(to,
		"usage: poptun serve [OPTION...]\n\n"
		"Runs the PPTP server in the foreground until "
		"SIGTERM or Ctrl-C; SIGHUP reads the configuration\n"
		"again. Without /etc/pptpd.conf a built-in configuration serves, "
		"and its user and password are\n"
		"printed. The options are pptpd's own:\n\n%s",
		command_line_help(text, sizeof(text)));
	return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

int serve_command(int argc, char **argv)
{
	struct serve_options options = {0};
	struct complaints complaints = {0};
	bool good = command_line_parse(argc, argv, &options.line, &complaints);
	for (size_t i = 0; i < complaints.count; i++)
		fprintf(stderr, "poptun serve: %s\n", complaints.list[i].text);
	complaints_fini(&complaints);
	if (!good)
		return usage(stderr);
	if (options.line.help)
		return usage(stdout);
	if (options.line.version) {
		puts("poptun " POPTUN_VERSION);
		return EXIT_DONE;
	}
	return serve_run(&options);
}
