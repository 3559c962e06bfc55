/* poptun user: who may dial in. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "base/secret.h"
#include "cli/arguments.h"
#include "cli/cli.h"
#include "cli/configuration.h"
#include "cli/secrets_text.h"
#include "cli/text.h"
#include "io/clock.h"
#include "io/files.h"

enum { PASSWORD_LIMIT = 1024, PASSWORD_LENGTH = 16 };

static const struct synopsis synopsis = {
	.operands = "add NAME [ADDRESS...] | passwd NAME | remove NAME | list",
	.about = "Users in chap-secrets, whose other lines stay as they are. "
		 "A running server sees the change.\n\n"
		 "  add     a user, who may have these addresses (none given: any of the pool)\n"
		 "  passwd  another password\n"
		 "  remove  all entries of the user\n"
		 "  list    everybody, without passwords\n",
	.options = 1 << OPTION_CONF | 1 << OPTION_SECRETS | 1 << OPTION_SERVER |
		   1 << OPTION_RANDOM | 1 << OPTION_PASSWORD | 1 << OPTION_PASSWORD_FILE,
	.least = 1,
	.most = 64,
};

/* What a subcommand works on. */
struct work {
	const struct arguments *arguments;
	const char *path;
	char *bytes; /* owned */
	size_t length;
	struct secrets_whom whom;
	char password[PASSWORD_LIMIT];
	bool made_up; /* the password, here */
	char why[256];
};

static int fail(const struct work *work, const char *why)
{
	fprintf(stderr, "poptun user: %s: %s\n", work->path, why);
	return EXIT_FAILED;
}

/* Letters and digits that nobody takes for one another, some 93 bits of them:
 * more than what MS-CHAPv2 itself can keep. */
static void make_up(char password[static PASSWORD_LENGTH + 1])
{
	static const char alphabet[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
	struct random random = random_system();
	for (int i = 0; i < PASSWORD_LENGTH; i++)
		password[i] = alphabet[random_below(&random, sizeof(alphabet) - 1)];
	password[PASSWORD_LENGTH] = 0;
}

static bool read_password(const char *path, char password[static PASSWORD_LIMIT])
{
	bool is_input = !strcmp(path, "-");
	FILE *file = is_input ? stdin : fopen(path, "re");
	bool good = file && fgets(password, PASSWORD_LIMIT, file);
	if (good)
		password[strcspn(password, "\r\n")] = 0;
	else
		fprintf(stderr, "poptun user: cannot read a password from %s: %s\n", path,
			file ? "it is empty" : strerror(errno));
	if (file && !is_input)
		fclose(file);
	return good;
}

/* Exactly one way to a password, or none, which is a random one. */
static int choose_password(struct work *work)
{
	const char *const *values = work->arguments->values;
	if (!!values[OPTION_RANDOM] + !!values[OPTION_PASSWORD] + !!values[OPTION_PASSWORD_FILE] >
	    1) {
		fputs("poptun user: one of --random, --password and --password-file\n", stderr);
		return EXIT_USAGE;
	}
	if (values[OPTION_PASSWORD_FILE] &&
	    !read_password(values[OPTION_PASSWORD_FILE], work->password))
		return EXIT_FAILED;
	if (values[OPTION_PASSWORD])
		snprintf(work->password, sizeof(work->password), "%s", values[OPTION_PASSWORD]);
	work->made_up = !values[OPTION_PASSWORD] && !values[OPTION_PASSWORD_FILE];
	if (work->made_up)
		make_up(work->password);
	return EXIT_DONE;
}

/* Takes the new text. */
static int write_back(const struct work *work, struct secrets_text *text)
{
	int error = file_replace(work->path, text->bytes, text->length, 0600);
	secrets_text_fini(text);
	return error ? fail(work, strerror(-error)) : EXIT_DONE;
}

static void tell_password(const struct work *work)
{
	if (work->made_up)
		printf("password: %s\n", work->password);
}

static int add(struct work *work)
{
	struct secrets_text text;
	int status = choose_password(work);
	if (status)
		return status;
	if (!work->whom.server)
		work->whom.server = "*";
	if (!strcmp(work->whom.client, "*"))
		return fail(work, "the name * would let everybody in with one password");
	if (secrets_text_add(work->bytes, work->length, work->whom, work->password,
			     work->arguments->operands + 2, &text, work->why,
			     sizeof(work->why)) < 0)
		return fail(work, work->why);
	status = write_back(work, &text);
	if (!status)
		tell_password(work);
	return status;
}

/* How many entries were found, as an exit status. Takes the new text. */
static int finish(struct work *work, int count, struct secrets_text *text)
{
	if (count < 0)
		return fail(work, work->why);
	if (count)
		return write_back(work, text);
	secrets_text_fini(text);
	snprintf(work->why, sizeof(work->why), "there is no user %.100s", work->whom.client);
	return fail(work, work->why);
}

static int change(struct work *work)
{
	struct secrets_text text;
	int status = choose_password(work);
	if (status)
		return status;
	int count = secrets_text_change(work->bytes, work->length, work->whom, work->password,
					&text, work->why, sizeof(work->why));
	status = finish(work, count, &text);
	if (!status)
		tell_password(work);
	return status;
}

static int take_out(struct work *work)
{
	struct secrets_text text;
	int count = secrets_text_remove(work->bytes, work->length, work->whom, &text, work->why,
					sizeof(work->why));
	return finish(work, count, &text);
}

static void add_row(void *context, const char *client, const char *server, const char *addresses)
{
	char(*cells)[TABLE_CELL] = table_text_row(context);
	if (!cells)
		return;
	text_printable(cells[0], TABLE_CELL, client);
	text_printable(cells[1], TABLE_CELL, server);
	text_printable(cells[2], TABLE_CELL, addresses);
}

static int list(struct work *work)
{
	struct table_text table = {.columns = 3};
	add_row(&table, "USER", "SERVER", "ADDRESSES");
	int count = secrets_text_list(work->bytes, work->length, add_row, &table, work->why,
				      sizeof(work->why));
	if (count >= 0)
		table_text_print(&table, stdout);
	table_text_fini(&table);
	return count < 0 ? fail(work, work->why) : EXIT_DONE;
}

static const struct {
	const char *word;
	int (*run)(struct work *work);
	int least, most; /* operands, the word included */
	bool may_begin;  /* the file need not be there */
} subcommands[] = {
	{"add", add, 2, 64, true},
	{"passwd", change, 2, 2, false},
	{"remove", take_out, 2, 2, false},
	{"list", list, 1, 1, false},
};

static int run(size_t which, const struct arguments *arguments)
{
	char path[4096];
	struct work work = {.arguments = arguments, .path = arguments->values[OPTION_SECRETS]};
	if (!work.path)
		work.path =
			configuration_secrets(arguments->values[OPTION_CONF], path, sizeof(path));
	work.whom.client = arguments->operands[1]; /* NULL for `list` */
	work.whom.server = arguments->values[OPTION_SERVER];
	int error = file_read(work.path, &work.bytes, &work.length);
	if (error && !(error == -ENOENT && subcommands[which].may_begin))
		return fail(&work, strerror(-error));
	int status = subcommands[which].run(&work);
	if (work.bytes)
		secret_wipe(work.bytes, work.length);
	free(work.bytes);
	secret_wipe(&work, sizeof(work));
	return status;
}

int user_command(int argc, char **argv)
{
	struct arguments arguments;
	int status = arguments_parse(&arguments, &synopsis, argc, argv);
	if (status != ARGUMENTS_GO_ON)
		return status;
	for (size_t i = 0; i < COUNT_OF(subcommands); i++)
		if (!strcmp(arguments.operands[0], subcommands[i].word) &&
		    arguments.count >= subcommands[i].least &&
		    arguments.count <= subcommands[i].most)
			return run(i, &arguments);
	fprintf(stderr, "usage: poptun user [OPTION...] %s\n", synopsis.operands);
	return EXIT_USAGE;
}
