#include "client/connect.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "client/peer_file.h"
#include "io/files.h"

static bool read_peer(struct connect_options *options)
{
	char name[CONNECT_NAME], line[1024];
	struct complaints complaints = {0};
	struct config_source source = files_source("");
	memcpy(name, options->peer, sizeof(name));
	connect_options_init(options);
	bool good = peer_file_read(options, &source, name, &complaints);
	for (size_t i = 0; i < complaints.count; i++)
		fprintf(stderr, "poptun connect: %s\n",
			complaint_print(&complaints.list[i], line, sizeof(line)));
	complaints_fini(&complaints);
	return good;
}

static int run(int argc, char **argv, struct connect_options *options)
{
	char why[640];
	static struct password password;
	if (!connect_options_parse(argc, argv, options, why, sizeof(why))) {
		fprintf(stderr, "poptun connect: %s\n", why);
		return EXIT_USAGE;
	}
	if (options->help) {
		connect_options_help(stdout);
		return EXIT_DONE;
	}
	if (*options->peer) {
		if (!read_peer(options))
			return EXIT_FAILED;
		connect_options_parse(argc, argv, options, why, sizeof(why)); /* it speaks last */
	}
	if (!connect_options_check(options, why, sizeof(why))) {
		fprintf(stderr, "poptun connect: %s\n", why);
		return EXIT_USAGE;
	}
	if (!password_find(&password, options, why)) {
		fprintf(stderr, "poptun connect: %s\n", why);
		return EXIT_FAILED;
	}
	int status = connect_run(options, &password);
	password_forget(&password);
	return status;
}

int connect_command(int argc, char **argv)
{
	struct connect_options options;
	connect_options_init(&options);
	int status = run(argc, argv, &options);
	connect_options_fini(&options);
	return status;
}
