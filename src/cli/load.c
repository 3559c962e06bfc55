#include "client/load.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* Where the password comes from is the same as for `poptun connect`. */
static bool find_password(const struct load_options *o, struct password *password,
			  char why[static PASSWORD_WHY])
{
	struct connect_options options;
	connect_options_init(&options);
	memcpy(options.user, o->user, sizeof(options.user));
	memcpy(options.host, o->host, sizeof(options.host));
	options.password_file = o->password_file;
	bool found = password_find(password, &options, why);
	connect_options_fini(&options);
	return found;
}

int load_command(int argc, char **argv)
{
	static struct password password;
	struct load_options options;
	char why[640];
	if (!load_options_parse(argc, argv, &options, why, sizeof(why))) {
		fprintf(stderr, "poptun load: %s\n", why);
		return EXIT_USAGE;
	}
	if (options.help) {
		load_options_help(stdout);
		return EXIT_DONE;
	}
	if (!find_password(&options, &password, why)) {
		fprintf(stderr, "poptun load: %s\n", why);
		return EXIT_FAILED;
	}
	int status = load_run(&options, &password);
	password_forget(&password);
	return status;
}
