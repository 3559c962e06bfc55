#include "path/ahead.h"

#include "base/base.h"

void ahead_init(struct ahead *ahead)
{
	list_init(&ahead->noted);
}

void ahead_note(struct ahead *ahead, struct path_member *member)
{
	if (member->awaits_keys || !mppe_wants_keys(&member->session->link.mppe))
		return;
	member->awaits_keys = true;
	list_append(&ahead->noted, &member->by_ahead);
}

void ahead_forget(struct path_member *member)
{
	if (member->awaits_keys)
		list_remove(&member->by_ahead);
	member->awaits_keys = false;
}

unsigned ahead_work(struct ahead *ahead, const struct rc4_plan *plan)
{
	struct path_member *members[MPPE_PREPARED];
	struct mppe *links[MPPE_PREPARED] = {0};
	size_t count = 0;
	LIST_EACH(node, following, &ahead->noted) {
		if (count == MPPE_PREPARED)
			break;
		members[count] = CONTAINER_OF(node, struct path_member, by_ahead);
		links[count] = &members[count]->session->link.mppe;
		count++;
	}
	unsigned made = mppe_prepare(plan, links, count, AHEAD_KEYS);
	/* Fewer than it might have made: these need no more. */
	for (size_t i = 0; made < AHEAD_KEYS && i < count; i++)
		ahead_forget(members[i]);
	return made;
}
