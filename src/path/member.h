/* A session as the path knows it: its owner keeps one of these beside it. */
#pragma once
#include <stdbool.h>

#include "base/list.h"
#include "path/turns.h"
#include "session/session.h"

/* Packets of one direction in the window of time that is under way. */
struct path_heat {
	uint32_t window, packets;
};

struct path_member {
	struct session *session; /* borrowed from the owner */
	/* the path's; starts zero */
	bool awaits_keys;
	struct list by_ahead;     /* meaningful where it awaits keys */
	struct path_heat heat[2]; /* sent, received (supplies.h) */
	/* what waits for it in the queue (queue.h) */
	struct turn turn;
	struct turns flows;   /* meaningful where it has some */
	uint32_t flows_count; /* that are remembered */
	uint32_t octets_waiting;
};
