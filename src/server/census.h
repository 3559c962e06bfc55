/* A look over all that lives in the engines, for status and metrics. Costs a walk over their
 * sessions, in their threads. */
#pragma once
#include "config/settings.h"
#include "server/worker.h"

struct census {
	struct engine_counters totals; /* the engines', and what living sessions have so far */
	uint32_t sessions[SESSION_ENDED + 1]; /* by enum session_state */
	uint32_t control_connections;
	unsigned merges; /* enum merge_kinds: by the queues of the TUN device, all together */
	struct census_worker {
		uint32_t sessions, control_connections;
		uint64_t packets_in, packets_out;
	} workers[WORKERS_MOST];
};

/* False: a worker does not answer. */
bool census_take(struct census *census, struct workers *workers);
