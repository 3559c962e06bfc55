/* pptpd(8)'s arguments. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "config/setting.h"

static const struct setting *find_letter(char letter)
{
	for (size_t i = 0; i < table_arguments.count; i++)
		if (table_arguments.rows[i].letter == letter)
			return &table_arguments.rows[i];
	return NULL;
}

static bool fail(struct complaints *complaints, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static bool fail(struct complaints *complaints, const char *format, ...)
{
	char text[COMPLAINT_TEXT_LIMIT];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	complain(complaints, COMPLAINT_ERROR, NULL, 0, "%s", text);
	return false;
}

static bool give(struct command_line *line, const struct setting *setting, const char *value,
		 struct complaints *complaints)
{
	switch (setting->letter) {
	case 'c':
		line->conf = value;
		return true;
	case 'f':
		line->foreground = true;
		return true;
	case 'h':
		line->help = true;
		return true;
	case 'v':
		line->version = true;
		return true;
	default:
		break;
	}
	if (line->count == COMMAND_LINE_LIMIT)
		return fail(complaints, "more than %d arguments", COMMAND_LINE_LIMIT);
	line->given[line->count].setting = setting;
	line->given[line->count++].value = value;
	return true;
}

/* The option of that name, or the only one that begins so, as getopt_long(3) has it. */
static const struct setting *find_name(const char *name)
{
	const struct setting *found = setting_find(PPTPD_ARGUMENTS, name);
	for (size_t i = 0, count = 0; !found && i < table_arguments.count; i++) {
		const struct setting *row = &table_arguments.rows[i];
		if (!strncmp(row->keyword, name, strlen(name)) && count++)
			return NULL;
	}
	for (size_t i = 0; !found && i < table_arguments.count; i++)
		if (!strncmp(table_arguments.rows[i].keyword, name, strlen(name)))
			found = &table_arguments.rows[i];
	return found;
}

/* "--option=FILE" or "--option FILE"; *next is the argument behind it, which may be used up. */
static bool take_long(struct command_line *line, const char *argument, char *const **next,
		      struct complaints *complaints)
{
	char name[32];
	size_t length = strcspn(argument, "=");
	const char *value = argument[length] ? argument + length + 1 : NULL;
	snprintf(name, sizeof(name), "%.*s", (int)MIN_OF(length, sizeof(name) - 1), argument);
	const struct setting *setting = length && length < sizeof(name) ? find_name(name) : NULL;
	if (!setting) {
		const char *nearest = setting_nearest(PPTPD_ARGUMENTS, name);
		return fail(complaints, "--%s is no option%s%s", name,
			    nearest ? "; the nearest known one is --" : "", nearest ? nearest : "");
	}
	if (!setting->type->expects && value)
		return fail(complaints, "--%s takes no value", name);
	if (setting->type->expects && !value && !(value = *(*next)++))
		return fail(complaints, "--%s: expected %s behind it", name,
			    setting->type->expects);
	return give(line, setting, value, complaints);
}

/* "-df", "-oFILE", "-o FILE" */
static bool take_letters(struct command_line *line, const char *letters, char *const **next,
			 struct complaints *complaints)
{
	for (; *letters; letters++) {
		const struct setting *setting = find_letter(*letters);
		if (!setting)
			return fail(complaints, "-%c is no option", *letters);
		if (!setting->type->expects) {
			if (!give(line, setting, NULL, complaints))
				return false;
			continue;
		}
		const char *value = letters[1] ? letters + 1 : *(*next)++;
		if (!value)
			return fail(complaints, "-%c: expected %s behind it", *letters,
				    setting->type->expects);
		return give(line, setting, value, complaints);
	}
	return true;
}

bool command_line_parse(int argc, char *const argv[], struct command_line *line,
			struct complaints *complaints)
{
	char *const *next = argv + MIN_OF(argc, 1), *const *end = argv + argc;
	while (next < end) {
		const char *argument = *next++;
		bool fine;
		if (argument[0] == '-' && argument[1] == '-' && argument[2])
			fine = take_long(line, argument + 2, &next, complaints);
		else if (argument[0] == '-' && argument[1] && argument[1] != '-')
			fine = take_letters(line, argument + 1, &next, complaints);
		else
			fine = fail(complaints, "'%s' is no option", argument);
		if (!fine)
			return false;
	}
	return true;
}

const char *command_line_help(char *to, size_t size)
{
	size_t length = 0;
	*to = 0;
	for (size_t i = 0; i < table_arguments.count && length < size; i++) {
		const struct setting *row = &table_arguments.rows[i];
		length += (size_t)snprintf(to + length, size - length, "  -%c, --%-12s %-6s %s\n",
					   row->letter, row->keyword,
					   row->type->expects ? "VALUE" : "", row->help);
	}
	return to;
}
