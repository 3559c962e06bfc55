#include "server/crowd.h"

#include "base/base.h"
#include "base/list.h"
#include "server/engine.h"

struct search {
	uint64_t now_ms;
	struct session *silent, *unproved; /* the oldest of each */
};

static bool is_older(const struct session *a, const struct session *b)
{
	return !b || a->started_ms < b->started_ms;
}

static void look(void *context, struct member *member)
{
	struct search *search = context;
	struct session *session = member->session;
	if (session->state != SESSION_NEGOTIATING || session->link.phase == LINK_NETWORK)
		return;
	uint64_t age_ms = search->now_ms - session->started_ms;
	if (!session->gre.window.started && age_ms >= CROWD_SILENT_MS &&
	    is_older(session, search->silent))
		search->silent = session;
	if (age_ms >= CROWD_UNPROVED_MS && is_older(session, search->unproved))
		search->unproved = session;
}

struct session *crowd_idle_call(const struct table *table, uint64_t now_ms)
{
	struct search search = {.now_ms = now_ms};
	table_each((struct table *)table, look, &search);
	return search.silent ? search.silent : search.unproved;
}

/* How readily a connection without a call is given up. */
static int readiness(const struct connection *c, uint64_t now_ms)
{
	if (c->stopping)
		return 3;
	if (now_ms < c->idle_ms + CROWD_SILENT_MS)
		return 0; /* most likely it is about to ask for a call */
	return c->established ? 1 : 2;
}

/* Whether `a` is to go rather than `b`. Ids grow with time. */
static bool goes_first(const struct connection *a, const struct connection *b, uint64_t now_ms)
{
	int first = readiness(a, now_ms), second = readiness(b, now_ms);
	return first != second ? first > second : a->id < b->id;
}

static bool has_call(const struct connection *c)
{
	for (size_t i = 0; i < COUNT_OF(c->calls); i++)
		if (c->calls[i])
			return true;
	return false;
}

struct line *crowd_idle_line(const struct map *lines, uint64_t now_ms)
{
	struct line *found = NULL;
	for (size_t i = 0; i < lines->size; i++)
		for (struct map_node *node = lines->chains[i]; node; node = node->next) {
			struct line *line = CONTAINER_OF(node, struct line, by_id);
			const struct connection *c = line->connection;
			if (!c || c->closed || has_call(c))
				continue;
			if (!found || goes_first(c, found->connection, now_ms))
				found = line;
		}
	return found;
}
