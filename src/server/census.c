#include "server/census.h"

#include "base/base.h"

const struct counter counters[COUNTERS] = {
#define C(name, help) {#name, help, offsetof(struct engine_counters, name)},
	ENGINE_COUNTERS(C)
#undef C
};

static void visit(void *context, struct member *member)
{
	struct census *census = context;
	const struct session *session = member->session;
	census->sessions[session->state]++;
	census->totals.octets_in += session->account.octets_in;
	census->totals.octets_out += session->account.octets_out;
	census->totals.packets_in += session->account.packets_in;
	census->totals.packets_out += session->account.packets_out;
	for (size_t i = 0; i < DROP_COUNT; i++)
		census->totals.drops[i] += session->drops[i];
}

void census_take(struct census *census, struct engine *engine)
{
	*census = (struct census){.totals = engine->counters,
				  .control_connections = (uint32_t)engine->lines.count};
	const struct path_counters *path = &engine->path.counters;
	census->totals.receive_calls += path->receive_calls;
	census->totals.receive_packets += path->receive_packets;
	census->totals.keys_ahead += path->keys_ahead;
	census->totals.keystreams_ahead += engine->path.supplies.served;
	table_each(&engine->table, visit, census);
}
