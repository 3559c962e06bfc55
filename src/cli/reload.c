/* poptun reload: the server reads its configuration again. */
#include <stdio.h>

#include "cli/ask.h"
#include "cli/cli.h"

static const struct synopsis synopsis = {
	.operands = "",
	.about = "The server reads its configuration again; sessions stay as they are. A "
		 "configuration with\nerrors is refused, and the old one stays in force. (A change "
		 "of chap-secrets alone is seen\nwithout this.)\n",
	.options = ASK_OPTIONS,
};

int reload_command(int argc, char **argv)
{
	struct arguments arguments;
	struct answer answer;
	int status = arguments_parse(&arguments, &synopsis, argc, argv);
	if (status != ARGUMENTS_GO_ON)
		return status;
	if (!ask(&arguments, "POST", "/v1/reload", NULL, &answer))
		return EXIT_FAILED;
	puts("the new configuration is in force for new calls");
	answer_fini(&answer);
	return EXIT_DONE;
}
