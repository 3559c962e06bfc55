/* What the parsers know while they read: where they are, and whom they complain to. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/setting.h"

char *config_copy(const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		abort();
	return copy;
}

const char *loading_keep(struct loading *loading, const char *file)
{
	char **names = realloc(loading->names, (loading->name_count + 1) * sizeof(*names));
	if (!names)
		abort();
	loading->names = names;
	return names[loading->name_count++] = config_copy(file);
}

void loading_fini(struct loading *loading)
{
	for (size_t i = 0; i < loading->name_count; i++)
		free(loading->names[i]);
	free(loading->names);
	free(loading->domain);
}

struct place loading_place(const struct loading *loading)
{
	return (struct place){loading->file, loading->line, true};
}

void complain_here(struct loading *loading, enum severity severity, const char *format, ...)
{
	char text[COMPLAINT_TEXT_LIMIT];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	complain(loading->complaints, severity, loading->file, loading->line, "%s", text);
}
