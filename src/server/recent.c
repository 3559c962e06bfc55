#include "server/recent.h"

#include <string.h>

#include "base/base.h"

void recent_add(struct recent *recent, uint32_t session, int64_t at_s, const char *line,
		size_t length)
{
	struct recent_line *to = &recent->lines[recent->next];
	size_t kept = MIN_OF(length, sizeof(to->text) - 1);
	recent->next = (recent->next + 1) % RECENT_LINES;
	to->session = session;
	to->at_s = at_s;
	memcpy(to->text, line, kept);
	to->text[kept] = 0;
}

/* The n-th line from the oldest on. */
static const struct recent_line *line_at(const struct recent *recent, uint32_t n)
{
	return &recent->lines[(recent->next + n) % RECENT_LINES];
}

void recent_each(const struct recent *recent, uint32_t session, uint32_t limit,
		 void (*each)(void *context, const struct recent_line *line), void *context)
{
	uint32_t first = RECENT_LINES, found = 0;
	while (first && found < limit)
		found += line_at(recent, --first)->session == session;
	for (; first < RECENT_LINES; first++)
		if (line_at(recent, first)->session == session)
			each(context, line_at(recent, first));
}
