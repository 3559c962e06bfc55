/* What is wrong with a configuration: a list with file,
 * line, what was found and what was expected. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum {
	COMPLAINTS_LIMIT = 200,    /* kept in a list; those after are only counted */
	COMPLAINT_TEXT_LIMIT = 512 /* octets of one complaint's text, its NUL included */
};

enum severity {
	COMPLAINT_WARNING, /* the configuration is used */
	COMPLAINT_ERROR,   /* it is not */
};

struct complaint {
	enum severity severity;
	char *file;    /* owned; NULL: it concerns no file, but the command line or the whole */
	unsigned line; /* from 1; 0: it concerns the file as a whole */
	char *text;    /* owned; printable, one line, no secret in it */
};

/* Starts as {0}. */
struct complaints {
	struct complaint *list; /* owned */
	size_t count, capacity;
	size_t errors, warnings; /* all of them, also those that are not kept */
};

void complaints_fini(struct complaints *complaints);

/* Adds one. `file` is copied. */
void complain(struct complaints *complaints, enum severity severity, const char *file,
	      unsigned line, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* "/etc/pptpd.conf:1: …", cut to fit and ended by NUL. Returns `to`. */
const char *complaint_print(const struct complaint *complaint, char *to, size_t size);
