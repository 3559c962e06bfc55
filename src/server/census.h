/* A look over all that lives in an engine, for status and metrics.
 * Costs a walk over its sessions. */
#pragma once
#include "server/engine.h"

struct census {
	struct engine_counters totals; /* the engine's, and what living sessions have so far */
	uint32_t sessions[SESSION_ENDED + 1]; /* by enum session_state */
	uint32_t control_connections;
};

void census_take(struct census *census, struct engine *engine);
