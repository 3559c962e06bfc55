#include "path/supplies.h"

#include <sys/mman.h>

static bool is_lent(const struct supplies *supplies, size_t i)
{
	const struct mppe_direction *to = supplies->loans[i].to;
	return to && to->supply == &supplies->list[i];
}

static void take_back(struct supplies *supplies, size_t i)
{
	struct loan *loan = &supplies->loans[i];
	if (is_lent(supplies, i))
		mppe_supply_return(loan->to);
	supplies->lent -= loan->to != NULL;
	*loan = (struct loan){0};
}

/* A link that went down has given its supplies back by itself (mppe_fini). */
static bool has_cooled(struct supplies *supplies, size_t i)
{
	struct loan *loan = &supplies->loans[i];
	if (!is_lent(supplies, i))
		return true;
	uint64_t now = supplies->list[i].served + supplies->list[i].missed;
	uint64_t since = now - loan->looked;
	loan->looked = now;
	return since < SUPPLIES_COOL;
}

static void on_time(void *context, uint64_t now_ms)
{
	struct supplies *supplies = context;
	for (size_t i = 0; i < SUPPLIES; i++)
		if (supplies->loans[i].to && has_cooled(supplies, i))
			take_back(supplies, i);
	if (supplies->lent)
		loop_set_timer(supplies->loop, &supplies->timer, now_ms + SUPPLIES_COOL_MS);
}

void supplies_init(struct supplies *supplies, struct loop *loop, const struct rc4_plan *plan)
{
	size_t size = SUPPLIES * sizeof(struct mppe_supply);
	*supplies = (struct supplies){.loop = loop};
	supplies->timer = (struct timer){.on_time = on_time, .context = supplies};
	void *list = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (list == MAP_FAILED)
		return;
	madvise(list, size, MADV_DONTDUMP);
	supplies->list = list;
	helper_start(&supplies->helper, supplies->list, SUPPLIES, plan);
}

void supplies_fini(struct supplies *supplies)
{
	if (!supplies->list)
		return;
	loop_cancel_timer(supplies->loop, &supplies->timer);
	helper_stop(&supplies->helper);
	for (size_t i = 0; i < SUPPLIES; i++)
		take_back(supplies, i);
	munmap(supplies->list, SUPPLIES * sizeof(struct mppe_supply));
	supplies->list = NULL;
}

static void lend(struct supplies *supplies, struct mppe_direction *to)
{
	for (size_t i = 0; i < SUPPLIES; i++) {
		if (supplies->loans[i].to || !mppe_supply_is_free(&supplies->list[i]))
			continue;
		mppe_supply_lend(&supplies->list[i], to);
		supplies->loans[i] = (struct loan){.to = to};
		if (supplies->lent++ == 0)
			loop_set_timer(supplies->loop, &supplies->timer,
				       supplies->loop->now_ms + SUPPLIES_COOL_MS);
		return;
	}
}

void supplies_note(struct supplies *supplies, struct path_member *member,
		   const struct mppe_item *item)
{
	struct mppe_direction *to = item->stateful ? NULL : item->direction;
	if (!to || to->supply || !supplies->list)
		return;
	struct path_heat *heat = &member->heat[to == &member->session->link.mppe.receive];
	uint32_t window = (uint32_t)(supplies->loop->now_ms / SUPPLIES_WINDOW_MS);
	if (heat->window != window)
		*heat = (struct path_heat){.window = window};
	if (++heat->packets == SUPPLIES_HOT)
		lend(supplies, to);
}

void supplies_settle(struct supplies *supplies)
{
	bool missed = false;
	for (size_t i = 0; i < SUPPLIES && supplies->lent; i++) {
		if (!is_lent(supplies, i))
			continue;
		const struct mppe_supply *supply = &supplies->list[i];
		struct loan *loan = &supplies->loans[i];
		supplies->served += supply->served - loan->served;
		missed |= supply->missed != loan->missed;
		loan->served = supply->served;
		loan->missed = supply->missed;
	}
	if (missed)
		helper_wake(&supplies->helper);
}

void supplies_forget(struct supplies *supplies, const struct path_member *member)
{
	const struct mppe *mppe = &member->session->link.mppe;
	for (size_t i = 0; i < SUPPLIES && supplies->lent; i++)
		if (supplies->loans[i].to == &mppe->send || supplies->loans[i].to == &mppe->receive)
			take_back(supplies, i);
}

bool supplies_have_work(const struct supplies *supplies)
{
	for (size_t i = 0; i < SUPPLIES && supplies->lent; i++)
		if (supplies->loans[i].to && mppe_supply_wants(&supplies->list[i]))
			return true;
	return false;
}

/* Each in its turn. */
bool supplies_work(struct supplies *supplies, const struct rc4_plan *plan)
{
	for (size_t tried = 0; tried < SUPPLIES && supplies->lent; tried++) {
		supplies->next = (supplies->next + 1) % SUPPLIES;
		if (mppe_supply_make(&supplies->list[supplies->next], plan, SUPPLIES_PIECE))
			break;
	}
	return supplies_have_work(supplies);
}
