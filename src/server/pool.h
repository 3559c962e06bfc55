/*
 * Inner addresses and who holds them. Slot n of the pool is the n-th address of `remoteip` and the
 * n-th of `localip` (one localip: all slots'). Addresses outside the pool, from the secrets, are
 * held as well, so that none is given twice.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "config/settings.h"

struct pool_lease {
	uint32_t session;
	uint32_t local, remote; /* inner addresses, host order */
};

struct pool {
	const struct address_ranges *local, *remote; /* borrowed */
	uint32_t slots;                              /* how many the pool serves */
	uint64_t *taken;                             /* owned: a bit for each slot */
	uint32_t lowest_free;                        /* no slot below is free */
	struct map by_remote;                        /* struct holder, in pool.c */
};

/* False without memory. The ranges are borrowed until pool_fini. */
bool pool_init(struct pool *pool, const struct settings *settings);
void pool_fini(struct pool *pool);

/* The session that holds `remote`, or 0. */
uint32_t pool_holder(const struct pool *pool, uint32_t remote);

/* Gives `remote` to `session`, whoever held it before. False without memory. */
bool pool_take(struct pool *pool, uint32_t remote, uint32_t session, struct pool_lease *lease);

/* Gives the lowest free slot that `allows` (NULL: any) says yes to; false where there is none. */
bool pool_take_any(struct pool *pool, uint32_t session,
		   bool (*allows)(const void *context, uint32_t address, uint32_t slot),
		   const void *context, struct pool_lease *lease);

/* Frees `remote` if it is still this session's. */
void pool_release(struct pool *pool, uint32_t remote, uint32_t session);

/* Our own address for the holder of `remote`. */
uint32_t pool_local_for(const struct pool *pool, uint32_t remote);
