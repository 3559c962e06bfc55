/*
 * One row for each keyword of pptpd.conf(5), of pptpd(8)'s command line and of pppd(8), whether
 * obeyed here or not. This header is the room's own.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum setting_file { PPTPD_CONF, PPTPD_ARGUMENTS, PPPD_OPTIONS };

enum setting_status {
	OBEYED,
	BY_DESIGN,  /* there is nothing here that it could change: silent */
	OF_CLIENTS, /* speaks of a link that we open, not of one that we serve: silent */
	WITHOUT,    /* would change something at pppd, changes nothing here: a warning */
	REFUSED,    /* without it the server would be less safe than was asked for: an error */
};

struct setting;

/* What is being read, and what was said so far that only the whole can judge (finish.c). */
struct loading {
	const struct config_source *source;
	struct settings *settings;
	struct complaints *complaints;
	const char *file; /* being read; NULL: the command line */
	unsigned line;
	unsigned depth, files; /* of includes, and all of them */
	unsigned unknown_line; /* the last line with an unknown option */
	/* Where something was said, if it was. Files are kept alive by `names`. */
	struct place {
		const char *file; /* NULL: on the command line */
		unsigned line;
		bool said;
	} said_noauth, said_demand, said_mppe, said_conf_mppe, said_connections, said_local,
		said_remote, said_bits, said_option;
	char **names; /* owned copies of file names */
	size_t name_count;
	auth_methods required, refused;
	uint32_t conf_mppe, conf_bits; /* from pptpd.conf, with said_conf_mppe and said_bits */
	uint32_t bits, no_bits;        /* key lengths that pppd's words name and forbid */
	uint32_t option_local, option_remote; /* LOCAL:REMOTE */
	uint32_t dns_count, wins_count;
	bool use_host_name;
	char *domain; /* owned */
};

/* How a value is read, printed and named in messages. */
struct setting_type {
	const char *expects; /* "a number of seconds", for people; NULL: takes no value */
	/* False: not understood; it has complained. `value` is NULL where the type takes none. */
	bool (*take)(struct loading *loading, const struct setting *setting, const char *value);
	/* Prints the value in force; NULL: it has none of its own. */
	void (*print)(const struct setting *setting, const struct settings *settings, char *to,
		      size_t size);
};

struct setting {
	enum setting_file file;
	const char *keyword;
	enum setting_status status;
	const struct setting_type *type;
	size_t at;            /* offset in struct settings, where the type has a place */
	const char *fallback; /* the default in the value's own grammar; NULL: empty, off */
	uint32_t low, high;   /* bounds of a number; for others what the type makes of it */
	const char *help;     /* obeyed: what it does; otherwise why it does nothing */
	char letter;          /* of the command line: -c */
	bool wild;            /* no word: recognized by its form (setting_find never gives it) */
};

#define AT(member) offsetof(struct settings, member)

struct setting_table {
	const struct setting *rows;
	size_t count;
};

enum { SETTING_TABLES = 4 };
/* All rows, in the order of the reference page. */
extern const struct setting_table *const setting_tables[SETTING_TABLES];
extern const struct setting_table table_pptpd, table_arguments, table_pppd, table_without;

/* The n-th row of all tables; NULL behind the last. */
const struct setting *setting_at(size_t n);
const struct setting *setting_find(enum setting_file file, const char *keyword);
/* The row of a word without keyword: "192.168.0.1:", "115200", "/dev/ttyS0"; NULL: it is none. */
const struct setting *setting_find_wild(const char *word);
/* The known keyword that looks most like this word, or NULL where none comes near. */
const char *setting_nearest(enum setting_file file, const char *word);

/* Gives a keyword its value, according to its status. False: error, complained about. */
bool setting_take(struct loading *loading, const struct setting *setting, const char *value);
/* All zeros, with one reference. */
struct settings *settings_new(void);
/* Sets every place to its default. */
void settings_default(struct loading *loading);

/* How many letters must be changed, added, removed or swapped to get from one word to the other,
 * case apart; at most 63 letters of each are looked at. */
unsigned edit_distance(const char *a, const char *b);
/* Whether two words that far apart are worth being named together. */
bool is_near(const char *a, const char *b);

/* Keeps a copy of a file's name until loading_fini. */
const char *loading_keep(struct loading *loading, const char *file);
struct place loading_place(const struct loading *loading);
void complain_here(struct loading *loading, enum severity severity, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Frees what was kept. */
void loading_fini(struct loading *loading);
/* strdup(3) that never fails: without memory for its configuration there is no server. */
char *config_copy(const char *text);

/* The parsers. False: there was an error. */
bool pptpd_conf_parse(struct loading *loading, const char *bytes, size_t length);
bool options_parse(struct loading *loading, const char *bytes, size_t length);
/* Loads and parses an options file; `may_be_missing`: then a missing one is no error. */
bool options_load(struct loading *loading, const char *path, bool may_be_missing);
/* Complains of a file that could not be loaded, with the near name that exists. */
void complain_unloadable(struct loading *loading, const char *what, const char *path, int error);
/* Judges the whole. */
bool config_finish(struct loading *loading);

/* types.c, address_types.c: values. */
extern const struct setting_type type_on, type_off, type_yes_no, type_nothing, type_word,
	type_number, type_seconds, type_connections, type_workers, type_default_mru, type_text,
	type_option_file, type_interface, type_address, type_ranges, type_dns, type_wins,
	type_local_remote, type_interface_id, type_auto_on_off, type_choice_mppe,
	type_choice_gre_io, type_mss_clamp, type_tos, type_bits;
/* link_types.c: pppd's words. */
extern const struct setting_type type_demand, type_refuse, type_noauth, type_auth,
	type_require_mppe, type_no_mppe, type_no_ccp, type_no_bits, type_mppe_words, type_name,
	type_domain, type_use_host_name, type_set, type_unset, type_file, type_call;
