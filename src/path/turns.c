#include "path/turns.h"

void turns_init(struct turns *turns)
{
	list_init(&turns->fresh);
	list_init(&turns->old);
}

static void place(struct list *list, struct turn *turn, enum turn_place at)
{
	list_append(list, &turn->node);
	turn->place = (uint8_t)at;
}

void turns_join(struct turns *turns, struct turn *turn)
{
	if (turn->place != TURN_OUT)
		return;
	turn->credit = TURNS_OCTETS;
	place(&turns->fresh, turn, TURN_FRESH);
}

void turn_leave(struct turn *turn)
{
	if (turn->place != TURN_OUT)
		list_remove(&turn->node);
	turn->place = TURN_OUT;
}

struct turn *turns_next(struct turns *turns)
{
	for (;;) {
		struct list *from = list_is_empty(&turns->fresh) ? &turns->old : &turns->fresh;
		if (list_is_empty(from))
			return NULL;
		struct turn *turn = CONTAINER_OF(from->next, struct turn, node);
		if (turn->credit > 0)
			return turn;
		turn->credit += TURNS_OCTETS;
		list_remove(&turn->node);
		place(&turns->old, turn, TURN_OLD);
	}
}

void turns_had_nothing(struct turns *turns, struct turn *turn)
{
	bool stays = turn->place == TURN_FRESH && !list_is_empty(&turns->old);
	turn_leave(turn);
	if (stays)
		place(&turns->old, turn, TURN_OLD);
}
