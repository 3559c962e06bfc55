/* pppd's options files: words, later ones override earlier ones. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/secret.h"
#include "config/setting.h"
#include "config/words.h"

enum {
	DEPTH_LIMIT = 10, /* of files in files */
	FILES_LIMIT = 100,
};

static void complain_unknown(struct loading *loading, const char *word)
{
	const char *nearest = loading->complaints->warnings < COMPLAINTS_LIMIT
				      ? setting_nearest(PPPD_OPTIONS, word)
				      : NULL;
	if (setting_find(PPTPD_CONF, word))
		complain_here(loading, COMPLAINT_WARNING,
			      "'%s' is a keyword of pptpd.conf, not of an options file; it has no "
			      "effect here",
			      word);
	else if (nearest)
		complain_here(loading, COMPLAINT_WARNING,
			      "'%s' is no option; the nearest known one is '%s'", word, nearest);
	else
		complain_here(loading, COMPLAINT_WARNING, "'%s' is no option", word);
}

/* Words are cut as pppd cuts them, but not in silence. */
static bool check_word(struct loading *loading, const struct word *word)
{
	loading->line = word->line;
	if (word->was_cut)
		complain_here(loading, COMPLAINT_WARNING,
			      "a word is longer than %d octets, and cut", WORD_LIMIT - 1);
	if (word->has_nul) {
		complain_here(loading, COMPLAINT_ERROR, "found a NUL octet in a word");
		return false;
	}
	if (word->was_unquoted) {
		complain_here(loading, COMPLAINT_ERROR,
			      "a quote opens in this word and is never closed");
		return false;
	}
	return true;
}

/* The option that `word` names, with the value behind it. */
static bool take(struct loading *loading, struct words *words, struct word *word)
{
	const struct setting *setting = setting_find(PPPD_OPTIONS, word->text);
	unsigned line = word->line;
	if (!setting && (setting = setting_find_wild(word->text)))
		return setting_take(loading, setting, word->text);
	if (!setting) {
		/* Behind an unknown word on its line stands its value, perhaps a password. */
		if (word->line != loading->unknown_line)
			complain_unknown(loading, word->text);
		loading->unknown_line = word->line;
		return true;
	}
	if (!setting->type->expects)
		return setting_take(loading, setting, NULL);
	if (!words_next(words, word)) {
		complain_here(loading, COMPLAINT_ERROR, "%s: the file ends, expected %s",
			      setting->keyword, setting->type->expects);
		return false;
	}
	bool fine = check_word(loading, word);
	loading->line = line;
	return fine && setting_take(loading, setting, word->text);
}

bool options_parse(struct loading *loading, const char *bytes, size_t length)
{
	struct words words = words_of(bytes, length);
	struct word word;
	bool fine = true;
	loading->unknown_line = 0;
	while (words_next(&words, &word))
		fine &= check_word(loading, &word) && take(loading, &words, &word);
	secret_wipe(&word, sizeof(word));
	loading->line = 0;
	return fine;
}

struct nearest {
	const char *wanted;
	unsigned distance;
	char name[256];
};

static void consider(void *to, const char *name)
{
	struct nearest *nearest = to;
	unsigned distance = edit_distance(nearest->wanted, name);
	if (strlen(name) >= sizeof(nearest->name) || !is_near(nearest->wanted, name) ||
	    !strcmp(nearest->wanted, name) || distance >= nearest->distance)
		return;
	nearest->distance = distance;
	strcpy(nearest->name, name);
}

/* The directory's part of a path, with its slash; "./" where it has none. */
static void directory_of(const char *path, char *to, size_t size)
{
	const char *slash = strrchr(path, '/');
	snprintf(to, size, "%.*s", slash ? (int)(slash + 1 - path) : 2, slash ? path : "./");
}

void complain_unloadable(struct loading *loading, const char *what, const char *path, int error)
{
	const char *slash = strrchr(path, '/');
	struct nearest nearest = {slash ? slash + 1 : path, UINT32_MAX, ""};
	char directory[1024];
	directory_of(path, directory, sizeof(directory));
	if (error == -ENOENT && loading->source->list)
		loading->source->list(loading->source->context, directory, consider, &nearest);
	if (*nearest.name)
		complain_here(loading, COMPLAINT_ERROR,
			      "%s %s does not exist; %s%s does: is that the one?", what, path,
			      slash ? directory : "", nearest.name);
	else if (error == -ENOENT)
		complain_here(loading, COMPLAINT_ERROR, "%s %s does not exist", what, path);
	else
		complain_here(loading, COMPLAINT_ERROR, "%s %s cannot be read: %s", what, path,
			      strerror(-error));
}

/* Parses under another file's name, and comes back to where we were. */
static bool parse_as(struct loading *loading, const char *path, const char *bytes, size_t length)
{
	const char *file = loading->file;
	unsigned line = loading->line;
	loading->file = loading_keep(loading, path);
	loading->depth++;
	bool fine = options_parse(loading, bytes, length);
	loading->depth--;
	loading->file = file;
	loading->line = line;
	return fine;
}

bool options_load(struct loading *loading, const char *path, bool may_be_missing)
{
	char *bytes = NULL;
	size_t length = 0;
	if (loading->depth >= DEPTH_LIMIT || loading->files >= FILES_LIMIT) {
		complain_here(loading, COMPLAINT_ERROR,
			      "%s: files name each other more than %d deep, or are more than %d",
			      path, DEPTH_LIMIT, FILES_LIMIT);
		return false;
	}
	loading->files++;
	int error = loading->source->load(loading->source->context, path, &bytes, &length);
	if (error == -ENOENT && may_be_missing)
		return true;
	if (error < 0) {
		complain_unloadable(loading, "options file", path, error);
		return false;
	}
	bool fine = parse_as(loading, path, bytes, length);
	if (bytes)
		secret_wipe(bytes, length); /* `password` may stand in it */
	free(bytes);
	return fine;
}

int config_option_values(const char *word)
{
	const struct setting *setting = setting_find(PPPD_OPTIONS, word);
	if (!setting)
		return setting_find_wild(word) ? 0 : -1;
	return setting->type->expects ? 1 : 0;
}
