/* A session as the path knows it: its owner keeps one of these beside it. */
#pragma once
#include <stdbool.h>

#include "base/list.h"
#include "session/session.h"

struct path_member {
	struct session *session; /* borrowed from the owner */
	/* the path's; starts zero */
	bool awaits_keys;
	struct list by_ahead; /* meaningful where it awaits keys */
};
