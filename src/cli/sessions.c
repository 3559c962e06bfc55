/* poptun sessions: one row for each session. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/text.h"

static const struct synopsis synopsis = {
	.operands = "",
	.about = "One row for each session: who, from where, since when, how much.\n",
	.options = ASK_OPTIONS | 1 << OPTION_JSON | 1 << OPTION_WATCH,
};

static const struct {
	const char *title, *key;
} columns[] = {
	{"ID", "id"},       {"USER", "user"},    {"CALLER", "caller"}, {"ADDRESS", "address"},
	{"STATE", "state"}, {"TIME", "seconds"}, {"IN", "octets_in"},  {"OUT", "octets_out"},
	{"AUTH", "auth"},   {"MPPE", "mppe"},
};

static void fill(char *cell, const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);
	const char *text = json_string_value(value);
	char amount[TEXT_AMOUNT], duration[TEXT_DURATION];
	if (!strcmp(key, "user") && text) /* as in the log */
		text_escape(cell, TABLE_CELL, text, strlen(text));
	else if (!strcmp(key, "seconds"))
		snprintf(cell, TABLE_CELL, "%s",
			 text_duration(duration, (uint64_t)json_integer_value(value)));
	else if (!strncmp(key, "octets", 6))
		snprintf(cell, TABLE_CELL, "%s",
			 text_amount(amount, (double)json_integer_value(value), "B"));
	else
		text_member(cell, TABLE_CELL, row, key);
	if (!*cell)
		strcpy(cell, "-");
}

static void print_table(const json_t *sessions)
{
	struct table_text table = {.columns = COUNT_OF(columns)};
	char(*cells)[TABLE_CELL] = table_text_row(&table);
	for (size_t i = 0; cells && i < COUNT_OF(columns); i++)
		strcpy(cells[i], columns[i].title);
	for (size_t n = 0; n < json_array_size(sessions) && (cells = table_text_row(&table)); n++)
		for (size_t i = 0; i < COUNT_OF(columns); i++)
			fill(cells[i], json_array_get(sessions, n), columns[i].key);
	table_text_print(&table, stdout);
	table_text_fini(&table);
}

static bool print_once(const struct arguments *arguments)
{
	struct answer answer;
	if (!ask(arguments, "GET", "/v1/sessions", NULL, &answer))
		return false;
	if (arguments_have(arguments, OPTION_WATCH) && isatty(STDOUT_FILENO))
		fputs("\033[H\033[J", stdout); /* home, and clear what is below */
	if (arguments_have(arguments, OPTION_JSON))
		puts(answer.body);
	else
		print_table(json_object_get(answer.json, "sessions"));
	answer_fini(&answer);
	return fflush(stdout) == 0;
}

int sessions_command(int argc, char **argv)
{
	struct arguments arguments;
	int status = arguments_parse(&arguments, &synopsis, argc, argv);
	if (status != ARGUMENTS_GO_ON)
		return status;
	bool good;
	while ((good = print_once(&arguments)) && arguments_have(&arguments, OPTION_WATCH))
		sleep(1);
	return good ? EXIT_DONE : EXIT_FAILED;
}
