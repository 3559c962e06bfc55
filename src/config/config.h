/*
 * The configuration: the files of pptpd and pppd as they stand.
 *
 *   settings.h     struct settings, the answer              ranges.h   lists of inner addresses
 *   setting.h      one row for each keyword, obeyed or not: the parsers, the defaults, `status
 *                  --config` and doc/keywords.md come from these rows (table_pptpd.c, table_pppd.c,
 *                  table_without.c)
 *   words.h        words with quotes and escapes, of options files and secrets
 *   pptpd_conf.c   pptpd.conf(5)         options.c   pppd's options files
 *   command_line.c pptpd(8)'s arguments  finish.c    what only the whole can tell: conflicts
 *   secrets.h      chap-secrets and pap-secrets
 *   complaints.h   what is wrong, with file and line
 *
 * The parsers take bytes and callbacks which load included files: nothing is opened here. A wrong
 * configuration yields complaints and no settings.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/complaints.h"
#include "config/settings.h"

struct setting;

/* Receives one name of a directory's entries. */
typedef void config_name_sink(void *to, const char *name);

/* What the world outside answers. */
struct config_source {
	void *context;
	/*
	 * Reads a whole file. 0 and a malloc'ed buffer, which the caller wipes and frees; or -errno
	 * (-EFBIG where it is longer than the loader wants to read).
	 */
	int (*load)(void *context, const char *path, char **bytes, size_t *length);
	/* Names what is in a directory, for the near name of a missing file. May be NULL. */
	void (*list)(void *context, const char *directory, config_name_sink *sink, void *to);
	/* Looks up a host name. NULL: host names are errors. */
	ranges_resolve *resolve;
	const char *host_name; /* gethostname(2); NULL or "" : "pptpd" alone is our name */
};

enum { COMMAND_LINE_LIMIT = 64 };

/* pptpd's command line: what overrides pptpd.conf. Texts belong to argv. Starts as {0}. */
struct command_line {
	const char *conf; /* -c: the file instead of /etc/pptpd.conf; NULL: not given */
	bool foreground, help, version;
	size_t count;
	struct {
		const struct setting *setting;
		const char *value; /* NULL: takes none */
	} given[COMMAND_LINE_LIMIT];
};

/*
 * Reads the arguments behind argv[0]: `-o FILE`, `-oFILE`, `--option FILE`, `--option=FILE`, flags
 * in one word (`-df`). The last of several wins. What it does not know are errors in *complaints.
 */
bool command_line_parse(int argc, char *const argv[], struct command_line *line,
			struct complaints *complaints);

/* Lines of help for the arguments, each ended by newline. Returns `to`. */
const char *command_line_help(char *to, size_t size);

/* The default, used where there is no pptpd.conf: a text in its grammar. */
extern const char config_built_in[];

#define CONFIG_PPTPD_CONF   "/etc/pptpd.conf"
#define CONFIG_PPPD_OPTIONS "/etc/ppp/options"

/*
 * Reads everything: pptpd.conf (line->conf, or /etc/pptpd.conf, or the embedded default where that
 * is missing), /etc/ppp/options first where no -c was given and pptpd.conf exists, then the file
 * that `option` names and those it includes. `line` may be NULL. True: *out holds one reference.
 * False: *out is NULL and *complaints has an error. Warnings come in both cases.
 */
bool config_load(const struct config_source *source, const struct command_line *line,
		 struct settings **out, struct complaints *complaints);

/* How many words of value follow this word in pppd's options files: 0 or 1; -1: it is no option. For
 * those who read such a file for another purpose than ours. */
int config_option_values(const char *word);

/* The values of `tos` ("copy" or an octet: TOS_COPY or its value), `ecn` (enum ecn_policy) and `gre-io`
 * (enum gre_io_policy), for other places where they may be said. False: neither of the kind. */
bool config_tos_parse(const char *text, uint32_t *tos);
bool config_ecn_parse(const char *text, uint32_t *policy);
bool config_gre_io_parse(const char *text, uint32_t *policy);
