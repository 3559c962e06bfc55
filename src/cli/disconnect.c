/* poptun disconnect: ends sessions. */
#include <stdio.h>

#include "cli/ask.h"
#include "cli/cli.h"

static const struct synopsis synopsis = {
	.operands = "ID...",
	.about = "Ends all sessions that an ID names: a session's number, a user, or an inner or "
		 "outer address.\n",
	.options = ASK_OPTIONS,
	.least = 1,
	.most = 1000,
};

static bool end(const struct arguments *arguments, const char *id)
{
	struct answer answer;
	if (!ask(arguments, "DELETE", "/v1/sessions/", id, &answer))
		return false;
	const json_t *ended = json_object_get(answer.json, "ended");
	for (size_t i = 0; i < json_array_size(ended); i++)
		printf("ended session %" JSON_INTEGER_FORMAT "\n",
		       json_integer_value(json_array_get(ended, i)));
	answer_fini(&answer);
	return true;
}

int disconnect_command(int argc, char **argv)
{
	struct arguments arguments;
	int status = arguments_parse(&arguments, &synopsis, argc, argv);
	if (status != ARGUMENTS_GO_ON)
		return status;
	bool good = true;
	for (int i = 0; i < arguments.count; i++)
		good &= end(&arguments, arguments.operands[i]);
	return good ? EXIT_DONE : EXIT_FAILED;
}
