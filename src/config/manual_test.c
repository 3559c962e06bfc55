/*
 * The table of settings against the keyword headings of the manual pages of pptpd and pppd, which
 * are read from $POPTUN_SHARED/reference/man: they are others' texts, and no part of this tree.
 */
#include <stdio.h>

#include "config/setting.h"
#include "config/testing.h"

enum { HEADING_COLUMN = 7, TEXT_COLUMN = 14, LINE_LIMIT = 256 };

/* A heading: its keyword, and whether a value stands behind it. */
struct heading {
	char keyword[LINE_LIMIT];
	bool has_value;
};

/* Headings stand in column 7 under a section of options, and text in column 14 follows them. */
static bool heading_parse(const char *line, const char *next, struct heading *heading)
{
	if (strspn(line, " ") != HEADING_COLUMN || strspn(next, " ") != TEXT_COLUMN)
		return false;
	line += HEADING_COLUMN;
	size_t length = strcspn(line, " \n");
	memcpy(heading->keyword, line, length);
	heading->keyword[length] = 0;
	/* A short keyword has its text on its own line, which is then a long one. */
	size_t column = TEXT_COLUMN - HEADING_COLUMN;
	bool has_text = strlen(line) > 60 && line[column - 1] == ' ';
	const char *behind = line + length + strspn(line + length, " \n");
	heading->has_value = *behind && !(has_text && behind >= line + column);
	return true;
}

const char *test_lacks(void)
{
	return getenv("POPTUN_SHARED") ? NULL : "POPTUN_SHARED is not set: where reference/man is";
}

static FILE *manual_open(const char *page)
{
	char path[1024];
	snprintf(path, sizeof(path), "%s/reference/man/%s", getenv("POPTUN_SHARED"), page);
	FILE *file = fopen(path, "r");
	if (!file)
		fail_msg("%s cannot be opened", path);
	return file;
}

/* Calls `each` for the headings under sections whose title ends in "OPTIONS"; returns how many. */
static unsigned manual_read(const char *page, void (*each)(const struct heading *))
{
	char line[LINE_LIMIT], next[LINE_LIMIT] = "";
	struct heading heading;
	bool inside = false;
	unsigned count = 0;
	FILE *file = manual_open(page);
	while (strcpy(line, next), fgets(next, sizeof(next), file)) {
		if (*line && *line != ' ' && *line != '\n')
			inside = strstr(line, "OPTIONS\n") != NULL;
		if (!inside || !heading_parse(line, next, &heading))
			continue;
		each(&heading);
		count++;
	}
	fclose(file);
	return count;
}

static const struct setting *find_any(enum setting_file file, const char *keyword)
{
	const struct setting *found = setting_find(file, keyword);
	for (size_t t = 0; !found && t < SETTING_TABLES; t++)
		for (size_t i = 0; i < setting_tables[t]->count; i++) {
			const struct setting *row = &setting_tables[t]->rows[i];
			if (row->wild && row->file == file && !strcmp(row->keyword, keyword))
				return row;
		}
	return found;
}

static void expect(enum setting_file file, const char *keyword, bool has_value)
{
	const struct setting *row = find_any(file, keyword);
	if (!row)
		fail_msg("the table does not know %s", keyword);
	assert_true(row->help && *row->help);
	/* The manual leaves out the number behind these two. */
	if (!row->wild && strncmp(keyword, "defaultroute", 12) &&
	    (row->type->expects != NULL) != has_value)
		fail_msg("%s: does it take a value or not?", keyword);
}

static void expect_option(const struct heading *heading)
{
	expect(PPPD_OPTIONS, heading->keyword, heading->has_value);
}

static void expect_keyword(const struct heading *heading)
{
	expect(PPTPD_CONF, heading->keyword, heading->has_value);
}

/* "-b|--bcrelay" */
static void expect_argument(const struct heading *heading)
{
	assert_int_equal(strncmp(heading->keyword + 2, "|--", 3), 0);
	expect(PPTPD_ARGUMENTS, heading->keyword + 5, heading->has_value);
	const struct setting *row = setting_find(PPTPD_ARGUMENTS, heading->keyword + 5);
	assert_int_equal(row->letter, heading->keyword[1]);
}

TEST(every_option_of_pppd_2_4_9s_manual_is_known)
{
	assert_int_equal(manual_read("pppd.8.txt", expect_option), 197);
}

TEST(every_option_of_pppd_2_5s_manual_is_known)
{
	assert_int_equal(manual_read("pppd-2.5.x.8.txt", expect_option), 199);
}

TEST(every_option_of_pppd_radius_manual_is_known)
{
	assert_int_equal(manual_read("pppd-radius.8.txt", expect_option), 4);
}

TEST(every_keyword_of_pptpd_confs_manual_is_known)
{
	assert_int_equal(manual_read("pptpd.conf.5.txt", expect_keyword), 14);
}

TEST(every_argument_of_pptpds_manual_is_known)
{
	assert_int_equal(manual_read("pptpd.8.txt", expect_argument), 17);
}
