#include "cli/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"

static const struct {
	char letter; /* 0: none */
	const char *word, *value, *help;
} rows[OPTIONS] = {
	[OPTION_HELP] = {'h', "help", NULL, "this text"},
	[OPTION_CONF] = {'c', "conf", "FILE", "the server's configuration, not /etc/pptpd.conf"},
	[OPTION_SOCKET] = {'s', "socket", "FILE", "control socket, not the configuration's"},
	[OPTION_JSON] = {'j', "json", NULL, "the answer of the HTTP API as it is"},
	[OPTION_WATCH] = {'w', "watch", NULL, "again each second, until Ctrl-C"},
	[OPTION_CONFIG] = {0, "config", NULL, "the settings in force as well"},
	[OPTION_FIX] = {0, "fix", NULL, "let our packets through foreign firewall rules"},
	[OPTION_SECRETS] = {'f', "file", "FILE", "the secrets file, not the configuration's"},
	[OPTION_SERVER] = {0, "server", "NAME", "second column of the secrets file"},
	[OPTION_RANDOM] = {'r', "random", NULL, "a strong random password, printed once (default)"},
	[OPTION_PASSWORD] = {'p', "password", "WORD", "the password; others see it in `ps`"},
	[OPTION_PASSWORD_FILE] = {0, "password-file", "FILE",
				  "the first line of FILE is the password; -: standard input"},
};

static bool takes(const struct synopsis *synopsis, int option)
{
	return option == OPTION_HELP || synopsis->options & 1u << option;
}

static int usage(const struct synopsis *synopsis, const char *word, FILE *to)
{
	fprintf(to, "usage: poptun %s [OPTION...]%s%s\n", word, *synopsis->operands ? " " : "",
		synopsis->operands);
	if (to != stdout)
		return EXIT_USAGE;
	fprintf(to, "\n%s\n", synopsis->about);
	for (int i = 0; i < OPTIONS; i++) {
		char letter[] = {'-', rows[i].letter, ',', 0}, whole[64];
		if (!takes(synopsis, i))
			continue;
		snprintf(whole, sizeof(whole), "--%s%s%s", rows[i].word, rows[i].value ? " " : "",
			 rows[i].value ? rows[i].value : "");
		fprintf(to, "  %-3s %-20s %s\n", rows[i].letter ? letter : "", whole, rows[i].help);
	}
	return EXIT_DONE;
}

/* The two forms of the table that getopt_long wants. */
static void make_options(const struct synopsis *synopsis, char *letters, struct option *words)
{
	*letters++ = ':';
	for (int i = 0; i < OPTIONS; i++) {
		if (!takes(synopsis, i))
			continue;
		*words++ =
			(struct option){.name = rows[i].word,
					.has_arg = rows[i].value ? required_argument : no_argument,
					.val = 256 + i};
		if (rows[i].letter)
			*letters++ = rows[i].letter;
		if (rows[i].letter && rows[i].value)
			*letters++ = ':';
	}
	*letters = 0;
	*words = (struct option){0};
}

static int option_of(int found)
{
	for (int i = 0; i < OPTIONS; i++)
		if (found == 256 + i || (rows[i].letter && found == rows[i].letter))
			return i;
	return -1;
}

int arguments_parse(struct arguments *arguments, const struct synopsis *synopsis, int argc,
		    char **argv)
{
	char letters[2 * OPTIONS + 2];
	struct option words[OPTIONS + 1];
	int found;
	*arguments = (struct arguments){0};
	make_options(synopsis, letters, words);
	opterr = 0;
	optind = 0; /* begins anew, also in a test */
	while ((found = getopt_long(argc, argv, letters, words, NULL)) != -1) {
		int option = option_of(found);
		if (option < 0) {
			fprintf(stderr, "poptun %s: %s %s\n", argv[0], argv[optind - 1],
				found == ':' ? "wants a value" : "is no option");
			return usage(synopsis, argv[0], stderr);
		}
		arguments->values[option] = rows[option].value ? optarg : "";
	}
	arguments->operands = argv + optind;
	arguments->count = argc - optind;
	if (arguments_have(arguments, OPTION_HELP))
		return usage(synopsis, argv[0], stdout);
	if (arguments->count >= synopsis->least && arguments->count <= synopsis->most)
		return ARGUMENTS_GO_ON;
	fprintf(stderr, "poptun %s: %s\n", argv[0],
		arguments->count < synopsis->least ? "something is missing" : "too many words");
	return usage(synopsis, argv[0], stderr);
}
