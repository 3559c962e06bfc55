#include "config/complaints.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void complaints_fini(struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++) {
		free(complaints->list[i].file);
		free(complaints->list[i].text);
	}
	free(complaints->list);
	*complaints = (struct complaints){0};
}

/* A place for one more, or NULL where the list is full. */
static struct complaint *append(struct complaints *complaints)
{
	if (complaints->count == COMPLAINTS_LIMIT)
		return NULL;
	if (complaints->count == complaints->capacity) {
		size_t capacity = complaints->capacity ? 2 * complaints->capacity : 8;
		struct complaint *list = realloc(complaints->list, capacity * sizeof(*list));
		if (!list)
			abort(); /* as the other growing lists of the house */
		complaints->list = list;
		complaints->capacity = capacity;
	}
	return &complaints->list[complaints->count++];
}

/* What an administrator's file holds goes to a terminal: one line, nothing that steers it. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			*text = '?';
}

void complain(struct complaints *complaints, enum severity severity, const char *file,
	      unsigned line, const char *format, ...)
{
	complaints->errors += severity == COMPLAINT_ERROR;
	complaints->warnings += severity == COMPLAINT_WARNING;
	struct complaint *complaint = append(complaints);
	if (!complaint)
		return;
	char text[COMPLAINT_TEXT_LIMIT];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	make_printable(text);
	*complaint = (struct complaint){severity, file ? strdup(file) : NULL, line, strdup(text)};
	if (!complaint->text || (file && !complaint->file))
		abort();
	if (complaint->file)
		make_printable(complaint->file);
}

const char *complaint_print(const struct complaint *complaint, char *to, size_t size)
{
	if (complaint->file && complaint->line)
		snprintf(to, size, "%s:%u: %s", complaint->file, complaint->line, complaint->text);
	else if (complaint->file)
		snprintf(to, size, "%s: %s", complaint->file, complaint->text);
	else
		snprintf(to, size, "%s", complaint->text);
	return to;
}
