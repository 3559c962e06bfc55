/* poptun show: one session in full. */
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/text.h"

enum { KEY_WIDTH = 24, DEPTH_MAX = 8, VALUE = 1024 };

static const struct synopsis synopsis = {
	.operands = "ID",
	.about = "One session in full: every option that was negotiated, counters, and its last "
		 "log lines.\nID is its number, its user, or its inner or outer address.\n",
	.options = ASK_OPTIONS | 1 << OPTION_JSON,
	.least = 1,
	.most = 1,
};

static void print_line(const json_t *line)
{
	char at[40], text[VALUE];
	printf("  %s  %s\n", text_member(at, sizeof(at), line, "at"),
	       text_member(text, sizeof(text), line, "line"));
}

/* Words of a list in one line; log lines in one each. */
static void print_list(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		char text[VALUE];
		const json_t *entry = json_array_get(list, i);
		if (json_is_object(entry)) {
			if (!i)
				putchar('\n');
			print_line(entry);
			continue;
		}
		const char *word = json_string_value(entry);
		printf("%s%s", i ? ", " : "", text_printable(text, sizeof(text), word ? word : ""));
	}
	if (!json_is_object(json_array_get(list, 0)))
		puts(json_array_size(list) ? "" : "-");
}

static void print_object(json_t *object, int depth)
{
	const char *key;
	json_t *value;
	char text[VALUE];
	json_object_foreach(object, key, value) {
		printf("%*s%-*s", 2 * depth, "", KEY_WIDTH - 2 * depth, key);
		if (json_is_array(value)) {
			print_list(value);
		} else if (json_is_object(value) && json_object_size(value) && depth < DEPTH_MAX) {
			putchar('\n');
			print_object(value, depth + 1);
		} else {
			text_member(text, sizeof(text), object, key);
			puts(*text ? text : "-");
		}
	}
}

int show_command(int argc, char **argv)
{
	struct arguments arguments;
	struct answer answer;
	int status = arguments_parse(&arguments, &synopsis, argc, argv);
	if (status != ARGUMENTS_GO_ON)
		return status;
	if (!ask(&arguments, "GET", "/v1/sessions/", arguments.operands[0], &answer))
		return EXIT_FAILED;
	if (arguments_have(&arguments, OPTION_JSON))
		puts(answer.body);
	else
		print_object(answer.json, 0);
	answer_fini(&answer);
	return EXIT_DONE;
}
