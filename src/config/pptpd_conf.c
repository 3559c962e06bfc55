/* pptpd.conf(5): one keyword a line, and the first of several counts. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "config/setting.h"

enum {
	LINE_LIMIT = 16 * 1024, /* pptpd stops at 510, which cuts lists of addresses short */
	ROWS_LIMIT = 64,
};

/* Lines on which the rows of table_pptpd were first said; 0: not yet. */
struct first {
	unsigned lines[ROWS_LIMIT];
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* What is known under such a name elsewhere helps more than a word that looks alike. */
static bool complain_unknown(struct loading *loading, const char *keyword)
{
	const char *nearest = loading->complaints->warnings < COMPLAINTS_LIMIT
				      ? setting_nearest(PPTPD_CONF, keyword)
				      : NULL;
	if (setting_find(PPPD_OPTIONS, keyword))
		complain_here(loading, COMPLAINT_WARNING,
			      "'%s' is a word of pppd's options file, not of pptpd.conf; it has no "
			      "effect here",
			      keyword);
	else if (nearest)
		complain_here(loading, COMPLAINT_WARNING,
			      "'%s' is no keyword; the nearest known one is '%s'", keyword,
			      nearest);
	else
		complain_here(loading, COMPLAINT_WARNING, "'%s' is no keyword", keyword);
	return true;
}

/* `value` is NULL or holds a letter at least. */
static bool take_value(struct loading *loading, const struct setting *setting, const char *value)
{
	if (!setting->type->expects && value) {
		complain_here(loading, COMPLAINT_WARNING, "%s takes no value; '%s' has no effect",
			      setting->keyword, value);
		value = NULL;
	}
	if (setting->type->expects && !value) {
		complain_here(loading, COMPLAINT_ERROR, "%s: found nothing, expected %s",
			      setting->keyword, setting->type->expects);
		return false;
	}
	return setting_take(loading, setting, value);
}

/* The first one counts, but a later one that is wrong is a mistake all the same. */
static bool take_again(const struct loading *loading, const struct setting *setting,
		       const char *value)
{
	struct loading aside = *loading;
	aside.settings = settings_new();
	bool fine = take_value(&aside, setting, value);
	settings_unref(aside.settings);
	return fine;
}

static bool take(struct loading *loading, struct first *first, const char *keyword,
		 const char *value)
{
	const struct setting *setting = setting_find(PPTPD_CONF, keyword);
	if (!setting)
		return complain_unknown(loading, keyword);
	unsigned *line = &first->lines[setting - table_pptpd.rows];
	if (*line) {
		complain_here(loading, COMPLAINT_WARNING,
			      "%s was said in line %u already, and the first one counts", keyword,
			      *line);
		return take_again(loading, setting, value);
	}
	*line = loading->line;
	return take_value(loading, setting, value);
}

/* `line` without its newline, ended by NUL; it is cut to pieces. */
static bool line_parse(struct loading *loading, struct first *first, char *line)
{
	size_t length = strlen(line);
	while (length && is_blank(line[length - 1]))
		line[--length] = 0;
	if (!length || *line == '#')
		return true;
	if (is_blank(*line)) {
		size_t blanks = strspn(line, " \t\r");
		if (line[blanks] != '#')
			complain_here(loading, COMPLAINT_WARNING,
				      "the line begins with a blank, and so has no effect, as with "
				      "pptpd: move '%s' to the first column",
				      line + blanks);
		return true;
	}
	size_t keyword = strcspn(line, " \t");
	char *value = line + keyword + strspn(line + keyword, " \t");
	line[keyword] = 0;
	return take(loading, first, line, *value ? value : NULL);
}

static bool take_line(struct loading *loading, struct first *first, const char *bytes,
		      size_t length)
{
	char line[LINE_LIMIT];
	if (memchr(bytes, 0, length)) {
		complain_here(loading, COMPLAINT_ERROR, "found a NUL octet: this is no text");
		return false;
	}
	if (length >= sizeof(line)) {
		complain_here(loading, COMPLAINT_ERROR, "the line is longer than %d octets",
			      LINE_LIMIT - 1);
		return false;
	}
	memcpy(line, bytes, length);
	line[length] = 0;
	return line_parse(loading, first, line);
}

bool pptpd_conf_parse(struct loading *loading, const char *bytes, size_t length)
{
	struct first first = {0};
	assert(table_pptpd.count <= ROWS_LIMIT);
	bool fine = true;
	if (length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) { /* some editors' mark of UTF-8 */
		bytes += 3;
		length -= 3;
	}
	for (loading->line = 1; length; loading->line++) {
		const char *end = memchr(bytes, '\n', length);
		size_t line = end ? (size_t)(end - bytes) : length;
		fine &= take_line(loading, &first, bytes, line);
		size_t used = line + (end != NULL);
		bytes += used;
		length -= used;
	}
	loading->line = 0;
	return fine;
}
