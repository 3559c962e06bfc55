#include "cli/configuration.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/files.h"

struct settings *configuration_read(const char *file, struct complaints *complaints)
{
	char host_name[256] = "";
	struct settings *settings;
	struct command_line line = {.conf = file};
	if (gethostname(host_name, sizeof(host_name) - 1))
		*host_name = 0;
	struct config_source source = files_source(host_name);
	config_load(&source, &line, &settings, complaints);
	return settings;
}

/* What a command cannot work with is said by `check`, and
 * by the server; here it only leads to the default. */
static struct settings *read_quietly(const char *file)
{
	struct complaints complaints = {0};
	struct settings *settings = configuration_read(file, &complaints);
	for (size_t i = 0; file && !settings && i < complaints.count; i++) {
		char text[COMPLAINT_TEXT_LIMIT + 512];
		if (complaints.list[i].severity == COMPLAINT_ERROR)
			fprintf(stderr, "poptun: %s\n",
				complaint_print(&complaints.list[i], text, sizeof(text)));
	}
	complaints_fini(&complaints);
	return settings;
}

const char *configuration_socket(const char *file, char *path, size_t size)
{
	struct settings *settings = read_quietly(file);
	snprintf(path, size, "%s", settings ? settings->control_socket : CONFIGURATION_SOCKET);
	settings_unref(settings);
	return path;
}

const char *configuration_secrets(const char *file, char *path, size_t size)
{
	struct settings *settings = read_quietly(file);
	if (settings && settings->built_in)
		snprintf(path, size, "%s/chap-secrets", settings->state_directory);
	else
		snprintf(path, size, "%s",
			 settings ? settings->chap_secrets : CONFIGURATION_SECRETS);
	settings_unref(settings);
	return path;
}
