#include "server/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"

/* What table_each will visit next, so that its removal moves it on. */
struct table_walk {
	struct map_node *following;
	struct table_walk *outer;
};

bool table_init(struct table *table, struct share share)
{
	*table = (struct table){.share = share, .last_id = share.index};
	table->by_call = calloc(TABLE_CALLS, sizeof(struct member *));
	return table->by_call != NULL;
}

static void remove_any(void *context, struct member *member)
{
	table_remove(context, member);
}

void table_fini(struct table *table)
{
	table_each(table, remove_any, table);
	map_fini(&table->by_id);
	map_fini(&table->by_inner);
	map_fini(&table->by_interface);
	free(table->by_call);
	*table = (struct table){0};
}

uint32_t table_pick_id(struct table *table)
{
	do
		table->last_id = share_next(table->share, table->last_id);
	while (!table->last_id || table_by_id(table, table->last_id));
	return table->last_id;
}

uint16_t table_pick_call_id(const struct table *table, const struct random *random, uint32_t caller)
{
	uint32_t count = share_count(table->share);
	uint32_t places = (TABLE_CALLS - table->share.index + count - 1) / count;
	uint32_t first = random_below(random, places);
	for (uint32_t step = 0; step < places; step++) {
		uint32_t call_id = (first + step) % places * count + table->share.index;
		if (call_id && !table_by_call(table, (uint16_t)call_id, caller))
			return (uint16_t)call_id;
	}
	return 0;
}

struct member *table_add(struct table *table, struct session *session)
{
	struct member *member = calloc(1, sizeof(*member));
	if (!member)
		return NULL;
	member->session = member->path.session = session;
	map_insert(&table->by_id, &member->by_id, map_hash_u64(session->id, 0));
	member->next_same_call = table->by_call[session->call_id];
	table->by_call[session->call_id] = member;
	return member;
}

void table_remove(struct table *table, struct member *member)
{
	struct member **link = &table->by_call[member->session->call_id];
	while (*link != member)
		link = &(*link)->next_same_call;
	*link = member->next_same_call;
	for (struct table_walk *walk = table->walk; walk; walk = walk->outer)
		if (walk->following == &member->by_id)
			walk->following = member->by_id.next;
	map_remove(&table->by_id, &member->by_id);
	table_drop_inner(table, member);
	table_drop_interface(table, member);
	session_free(member->session);
	free(member);
}

struct member *table_by_id(const struct table *table, uint32_t id)
{
	struct map_node *node = map_first(&table->by_id, map_hash_u64(id, 0));
	for (; node; node = map_next(node))
		if (CONTAINER_OF(node, struct member, by_id)->session->id == id)
			return CONTAINER_OF(node, struct member, by_id);
	return NULL;
}

struct member *table_by_call(const struct table *table, uint16_t call_id, uint32_t caller)
{
	struct member *member = table->by_call[call_id];
	while (member && member->session->caller.address != caller)
		member = member->next_same_call;
	return member;
}

struct member *table_by_inner(const struct table *table, uint32_t address)
{
	struct map_node *node = map_first(&table->by_inner, map_hash_u64(address, 0));
	for (; node; node = map_next(node))
		if (CONTAINER_OF(node, struct member, by_inner)->session->addresses.remote ==
		    address)
			return CONTAINER_OF(node, struct member, by_inner);
	return NULL;
}

static uint64_t interface_hash(const uint8_t *id)
{
	return map_hash_bytes(id, 8, 0);
}

struct member *table_by_interface(const struct table *table, const uint8_t id[static 8])
{
	struct map_node *node = map_first(&table->by_interface, interface_hash(id));
	for (; node; node = map_next(node)) {
		struct member *member = CONTAINER_OF(node, struct member, by_interface);
		if (!memcmp(member->session->addresses.remote_id, id, 8))
			return member;
	}
	return NULL;
}

void table_hold_inner(struct table *table, struct member *member)
{
	uint32_t address = member->session->addresses.remote;
	struct member *before = table_by_inner(table, address);
	table_drop_inner(table, member);
	if (before)
		table_drop_inner(table, before);
	map_insert(&table->by_inner, &member->by_inner, map_hash_u64(address, 0));
	member->has_inner = true;
}

void table_drop_inner(struct table *table, struct member *member)
{
	if (member->has_inner)
		map_remove(&table->by_inner, &member->by_inner);
	member->has_inner = false;
}

bool table_hold_interface(struct table *table, struct member *member)
{
	const uint8_t *id = member->session->addresses.remote_id;
	struct member *before = table_by_interface(table, id);
	if (before && before != member)
		return false;
	table_drop_interface(table, member);
	map_insert(&table->by_interface, &member->by_interface, interface_hash(id));
	member->has_interface = true;
	return true;
}

void table_drop_interface(struct table *table, struct member *member)
{
	if (member->has_interface)
		map_remove(&table->by_interface, &member->by_interface);
	member->has_interface = false;
}

void table_each(struct table *table, void (*visit)(void *context, struct member *member),
		void *context)
{
	struct table_walk walk = {.outer = table->walk};
	table->walk = &walk;
	for (size_t i = 0; i < table->by_id.size; i++) {
		struct map_node *node = table->by_id.chains[i];
		for (; node; node = walk.following) {
			walk.following = node->next;
			visit(context, CONTAINER_OF(node, struct member, by_id));
		}
	}
	table->walk = walk.outer;
}
