/* All rows together: finding them, near words, defaults, and giving values. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"
#include "config/setting.h"

enum { EDIT_LIMIT = 63 };

const struct setting_table *const setting_tables[SETTING_TABLES] = {
	&table_pptpd,
	&table_arguments,
	&table_pppd,
	&table_without,
};

const struct setting *setting_at(size_t n)
{
	for (size_t i = 0; i < SETTING_TABLES; n -= setting_tables[i++]->count)
		if (n < setting_tables[i]->count)
			return &setting_tables[i]->rows[n];
	return NULL;
}

const struct setting *setting_find(enum setting_file file, const char *keyword)
{
	const struct setting *row;
	for (size_t n = 0; (row = setting_at(n)); n++)
		if (row->file == file && !row->wild && !strcmp(row->keyword, keyword))
			return row;
	return NULL;
}

static const struct setting *find_row(const char *keyword)
{
	const struct setting *row;
	for (size_t n = 0; (row = setting_at(n)); n++)
		if (row->wild && !strcmp(row->keyword, keyword))
			return row;
	return NULL;
}

const struct setting *setting_find_wild(const char *word)
{
	if (*word && !word[strspn(word, "0123456789")])
		return find_row("speed");
	if (!strncmp(word, "/dev/", 5) || !strncmp(word, "tty", 3))
		return find_row("ttyname");
	if (strchr(word, ':') && !strchr(word, '='))
		return find_row("<local_IP_address>:<remote_IP_address>");
	return NULL;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* Three rows of the matrix are enough: this letter's,
 * the last one's, and for a swap the one before. */
unsigned edit_distance(const char *a, const char *b)
{
	size_t a_length = MIN_OF(strlen(a), (size_t)EDIT_LIMIT);
	size_t b_length = MIN_OF(strlen(b), (size_t)EDIT_LIMIT);
	unsigned rows[3][EDIT_LIMIT + 1];
	for (unsigned j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a_length; i++) {
		unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			char x = lower(a[i - 1]), y = lower(b[j - 1]);
			unsigned least = MIN_OF(last[j], now[j - 1]) + 1;
			least = MIN_OF(least, last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]))
				least = MIN_OF(least, before[j - 2] + 1);
			now[j] = least;
		}
	}
	return rows[a_length % 3][b_length];
}

bool is_near(const char *a, const char *b)
{
	size_t a_length = strlen(a), b_length = strlen(b), length = MAX_OF(a_length, b_length);
	return length <= EDIT_LIMIT && length - MIN_OF(a_length, b_length) <= 1 + length / 5 &&
	       edit_distance(a, b) <= (length < 4 ? 1 : 1 + length / 5);
}

const char *setting_nearest(enum setting_file file, const char *word)
{
	const char *nearest = NULL;
	unsigned least = UINT32_MAX;
	const struct setting *row;
	for (size_t n = 0; (row = setting_at(n)); n++) {
		if (row->file != file || row->wild || !is_near(word, row->keyword))
			continue;
		unsigned distance = edit_distance(word, row->keyword);
		if (distance < least) {
			least = distance;
			nearest = row->keyword;
		}
	}
	return nearest;
}

/* Why there is no use for it, as a warning or an error. */
static bool take_unused(struct loading *loading, const struct setting *setting)
{
	bool refused = setting->status == REFUSED;
	if (refused || setting->status == WITHOUT)
		complain_here(loading, refused ? COMPLAINT_ERROR : COMPLAINT_WARNING,
			      refused ? "%s: %s" : "%s has no effect: %s", setting->keyword,
			      setting->help);
	return !refused;
}

bool setting_take(struct loading *loading, const struct setting *setting, const char *value)
{
	if (setting->status != OBEYED)
		return take_unused(loading, setting);
	return setting->type->take(loading, setting, value);
}

static void default_flag(struct settings *settings, const struct setting *row)
{
	bool given = !strcmp(row->fallback, "yes");
	bool value = row->type == &type_off ? !given : given;
	memcpy((char *)settings + row->at, &value, sizeof(value));
}

void settings_default(struct loading *loading)
{
	struct settings *s = loading->settings;
	const struct setting *row;
	bool is_right = true;
	for (size_t n = 0; (row = setting_at(n)); n++) {
		if (row->status != OBEYED || !row->fallback || row->file == PPTPD_ARGUMENTS)
			continue;
		if (row->type == &type_on || row->type == &type_off)
			default_flag(s, row);
		else
			is_right &= row->type->take(loading, row, row->fallback);
	}
	assert(is_right); /* each row takes its own default */
	s->mppe = loading->conf_mppe;
	s->mppe_bits = loading->conf_bits;
	/* So far nobody said anything. */
	loading->said_conf_mppe = loading->said_bits = (struct place){0};
	loading->said_connections = loading->said_local = loading->said_remote = (struct place){0};
}

/* A place with several keywords is shown under the first of them. */
static bool is_shown(const struct setting *shown)
{
	if (shown->status != OBEYED || !shown->type->print || shown->file == PPTPD_ARGUMENTS)
		return false;
	const struct setting *row;
	for (size_t n = 0; (row = setting_at(n)); n++) {
		if (row == shown)
			return true;
		if (row->at == shown->at && row->type->print && row->status == OBEYED)
			return false;
	}
	return false;
}

void settings_print(const struct settings *settings,
		    void (*each)(void *context, const char *keyword, const char *value),
		    void *context)
{
	char value[1024];
	const struct setting *row;
	for (size_t n = 0; (row = setting_at(n)); n++) {
		if (!is_shown(row))
			continue;
		row->type->print(row, settings, value, sizeof(value));
		each(context, row->keyword, value);
	}
}
