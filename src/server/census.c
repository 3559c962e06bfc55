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

static void add_counters(struct engine_counters *to, const struct engine_counters *from)
{
	for (size_t i = 0; i < COUNTERS; i++)
		*(uint64_t *)(void *)((char *)to + counters[i].at) +=
			counter_value(&counters[i], from);
	for (size_t i = 0; i < DROP_COUNT; i++)
		to->drops[i] += from->drops[i];
}

static void join(struct census *to, const struct census *from)
{
	add_counters(&to->totals, &from->totals);
	for (size_t i = 0; i < COUNT_OF(to->sessions); i++)
		to->sessions[i] += from->sessions[i];
	to->control_connections += from->control_connections;
	to->merges &= from->merges;
}

struct one {
	struct census *all;
	struct census_worker *worker;
};

static void look(void *context, struct engine *engine)
{
	const struct one *one = context;
	const struct path_counters *path = &engine->path.counters;
	struct census found = {.totals = engine->counters,
			       .control_connections = (uint32_t)engine->lines.count,
			       .merges = engine->path.tun.merges};
	found.totals.receive_calls += path->receive_calls;
	found.totals.receive_packets += path->receive_packets;
	found.totals.keys_ahead += path->keys_ahead;
	found.totals.keystreams_ahead += engine->path.supplies.served;
	table_each(&engine->table, visit, &found);
	join(one->all, &found);
	*one->worker = (struct census_worker){
		.sessions = (uint32_t)table_count(&engine->table),
		.control_connections = found.control_connections,
		.packets_in = found.totals.packets_in,
		.packets_out = found.totals.packets_out,
	};
}

bool census_take(struct census *census, struct workers *workers)
{
	bool all = true;
	*census = (struct census){.totals.connections_refused = workers->turned_away,
				  .merges = MERGE_TCP | MERGE_UDP};
	for (size_t i = 0; i < workers->count && all; i++) {
		struct one one = {census, &census->workers[i]};
		all = workers_ask(workers, i, look, &one);
	}
	return all;
}
