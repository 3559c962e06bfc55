/*
 * The last lines of the log that name a session, so that `poptun show` can tell what happened to
 * one. Kept for all sessions together: a busy server forgets sooner. Only log lines cost anything
 * here, packets do not.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { RECENT_LINES = 512, RECENT_TEXT = 240 };

struct recent_line {
	uint32_t session;       /* 0: none yet */
	int64_t at_s;           /* seconds since 1970 */
	char text[RECENT_TEXT]; /* cut to fit */
};

/* Starts as {0}. */
struct recent {
	struct recent_line lines[RECENT_LINES];
	uint32_t next; /* place of the next line, which is the oldest one's */
};

/* Keeps a line of `length` octets of this session. */
void recent_add(struct recent *recent, uint32_t session, int64_t at_s, const char *line,
		size_t length);

/* Calls `each` for the session's last lines, `limit` at most, the oldest first. */
void recent_each(const struct recent *recent, uint32_t session, uint32_t limit,
		 void (*each)(void *context, const struct recent_line *line), void *context);
