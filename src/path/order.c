#include "path/order.h"

#include <assert.h>
#include <string.h>

/* Before the first of its session that is later, going back as far as one that is not. */
static size_t find_place(const struct order *o, const struct order_place *place)
{
	size_t at = o->count;
	for (size_t i = o->count; i-- > 0;) {
		if (o->places[i].session != place->session)
			continue;
		if ((int32_t)(o->places[i].number - place->number) < 0)
			break;
		at = i;
	}
	return at;
}

void order_add(struct order *o, struct order_place place, bool is_late)
{
	assert(o->count < ORDER_PACKETS);
	size_t at = is_late ? find_place(o, &place) : o->count;
	memmove(&o->places[at + 1], &o->places[at], (o->count - at) * sizeof(place));
	o->places[at] = place;
	o->count++;
}
