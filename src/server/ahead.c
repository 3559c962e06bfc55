#include "server/ahead.h"

#include <string.h>

#include "base/base.h"

void ahead_note(struct ahead *ahead, struct member *member)
{
	if (member->awaits_keys || ahead->count == AHEAD_SESSIONS ||
	    !mppe_wants_keys(&member->session->link.mppe))
		return;
	member->awaits_keys = true;
	ahead->sessions[ahead->count++] = member->session->id;
}

/* The first `done` need no more. */
static void strike_out(struct ahead *ahead, struct member *const *members, size_t done)
{
	for (size_t i = 0; i < done; i++)
		if (members[i])
			members[i]->awaits_keys = false;
	ahead->count -= done;
	memmove(ahead->sessions, ahead->sessions + done, ahead->count * sizeof(uint32_t));
}

unsigned ahead_work(struct ahead *ahead, const struct rc4_plan *plan, const struct table *table)
{
	struct member *members[MPPE_PREPARED];
	struct mppe *links[MPPE_PREPARED] = {0};
	size_t looked_at = MIN_OF(ahead->count, (size_t)MPPE_PREPARED), count = 0;
	for (size_t i = 0; i < looked_at; i++) {
		members[i] = table_by_id(table, ahead->sessions[i]);
		if (members[i])
			links[count++] = &members[i]->session->link.mppe;
	}
	unsigned made = mppe_prepare(plan, links, count, AHEAD_KEYS);
	if (made < AHEAD_KEYS)
		strike_out(ahead, members, looked_at);
	return made;
}
