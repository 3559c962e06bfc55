#include "server/pool.h"

#include <stdlib.h>

#include "base/base.h"
#include "base/list.h"

struct holder {
	struct map_node node;
	uint32_t remote, session;
};

bool pool_init(struct pool *pool, const struct settings *settings)
{
	uint32_t slots = MIN_OF(settings->connections, settings->remote.count);
	*pool = (struct pool){
		.local = &settings->local, .remote = &settings->remote, .slots = slots};
	pool->taken = calloc(slots / 64 + 1, sizeof(uint64_t));
	return pool->taken != NULL;
}

void pool_fini(struct pool *pool)
{
	for (size_t i = 0; i < pool->by_remote.size; i++) {
		struct map_node *node = pool->by_remote.chains[i];
		while (node) {
			struct map_node *following = node->next;
			free(CONTAINER_OF(node, struct holder, node));
			node = following;
		}
	}
	map_fini(&pool->by_remote);
	free(pool->taken);
	*pool = (struct pool){0};
}

static struct holder *find(const struct pool *pool, uint32_t remote)
{
	struct map_node *node = map_first(&pool->by_remote, map_hash_u64(remote, 0));
	for (; node; node = map_next(node))
		if (CONTAINER_OF(node, struct holder, node)->remote == remote)
			return CONTAINER_OF(node, struct holder, node);
	return NULL;
}

uint32_t pool_holder(const struct pool *pool, uint32_t remote)
{
	const struct holder *holder = find(pool, remote);
	return holder ? holder->session : 0;
}

uint32_t pool_local_for(const struct pool *pool, uint32_t remote)
{
	uint32_t slot;
	if (pool->local->count <= 1 || !address_ranges_find(pool->remote, remote, &slot))
		return address_ranges_nth(pool->local, 0);
	return address_ranges_nth(pool->local, MIN_OF(slot, pool->local->count - 1));
}

static void mark(struct pool *pool, uint32_t remote, bool taken)
{
	uint32_t slot;
	if (!address_ranges_find(pool->remote, remote, &slot) || slot >= pool->slots)
		return;
	uint64_t bit = (uint64_t)1 << slot % 64;
	if (taken)
		pool->taken[slot / 64] |= bit;
	else
		pool->taken[slot / 64] &= ~bit;
	if (!taken && slot < pool->lowest_free)
		pool->lowest_free = slot;
}

bool pool_take(struct pool *pool, uint32_t remote, uint32_t session, struct pool_lease *lease)
{
	struct holder *holder = find(pool, remote);
	if (!holder) {
		holder = calloc(1, sizeof(*holder));
		if (!holder)
			return false;
		holder->remote = remote;
		map_insert(&pool->by_remote, &holder->node, map_hash_u64(remote, 0));
	}
	holder->session = session;
	mark(pool, remote, true);
	*lease = (struct pool_lease){session, pool_local_for(pool, remote), remote};
	return true;
}

static bool is_taken(const struct pool *pool, uint32_t slot)
{
	return pool->taken[slot / 64] >> slot % 64 & 1;
}

bool pool_take_any(struct pool *pool, uint32_t session,
		   bool (*allows)(const void *context, uint32_t address, uint32_t slot),
		   const void *context, struct pool_lease *lease)
{
	while (pool->lowest_free < pool->slots && is_taken(pool, pool->lowest_free))
		pool->lowest_free++;
	for (uint32_t slot = pool->lowest_free; slot < pool->slots; slot++) {
		uint32_t remote = address_ranges_nth(pool->remote, slot);
		/* Held, too, where the list has the address in another slot as well. */
		if (!is_taken(pool, slot) && !find(pool, remote) &&
		    (!allows || allows(context, remote, slot)))
			return pool_take(pool, remote, session, lease);
	}
	return false;
}

void pool_release(struct pool *pool, uint32_t remote, uint32_t session)
{
	struct holder *holder = find(pool, remote);
	if (!holder || holder->session != session)
		return;
	map_remove(&pool->by_remote, &holder->node);
	free(holder);
	mark(pool, remote, false);
}
