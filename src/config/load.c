#include <errno.h>
#include <stdlib.h>

#include "config/setting.h"

/* A private range that home routers rarely use; the edge takes another where it is in use. */
const char config_built_in[] = "# What is served where there is no pptpd.conf.\n"
			       "localip 192.168.10.1\n"
			       "remoteip 192.168.10.100-200\n";

/* pptpd.conf as it is, or what stands in for it. */
static bool load_conf(struct loading *loading, const struct command_line *line)
{
	const char *path = line && line->conf ? line->conf : CONFIG_PPTPD_CONF;
	char *bytes = NULL;
	size_t length = 0;
	int error = loading->source->load(loading->source->context, path, &bytes, &length);
	if (error == -ENOENT && !(line && line->conf)) {
		loading->settings->built_in = true;
		loading->file = "(built-in configuration)";
		return pptpd_conf_parse(loading, config_built_in, sizeof(config_built_in) - 1);
	}
	if (error < 0) {
		complain_unloadable(loading, "configuration file", path, error);
		return false;
	}
	loading->file = loading_keep(loading, path);
	bool fine = pptpd_conf_parse(loading, bytes, length);
	free(bytes);
	return fine;
}

static bool load_arguments(struct loading *loading, const struct command_line *line)
{
	bool fine = true;
	loading->file = NULL;
	loading->line = 0;
	for (size_t i = 0; line && i < line->count; i++)
		fine &= setting_take(loading, line->given[i].setting, line->given[i].value);
	return fine;
}

/* The options files that belong to it: the host's own, then the one that is named. */
static bool load_options(struct loading *loading, const struct command_line *line)
{
	struct settings *s = loading->settings;
	bool fine = true;
	loading->file = NULL;
	loading->line = 0;
	if (!s->built_in && !(line && line->conf))
		fine = options_load(loading, CONFIG_PPPD_OPTIONS, true);
	loading->file = loading->said_option.file;
	loading->line = loading->said_option.line;
	if (s->option_file)
		fine &= options_load(loading, s->option_file, false);
	return fine;
}

bool config_load(const struct config_source *source, const struct command_line *line,
		 struct settings **out, struct complaints *complaints)
{
	size_t errors = complaints->errors;
	struct settings *settings = settings_new();
	struct loading loading = {.source = source, .settings = settings, .complaints = complaints};
	settings_default(&loading);
	bool fine = load_conf(&loading, line) && load_arguments(&loading, line);
	fine = load_options(&loading, line) && fine;
	fine = fine && config_finish(&loading);
	loading_fini(&loading);
	*out = fine && complaints->errors == errors ? settings : NULL;
	if (!*out)
		settings_unref(settings);
	return *out != NULL;
}
