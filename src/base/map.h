/*
 * A hash table linked through its members: the caller hashes, compares, allocates and frees; the
 * map owns only its array of chains, which grows with the number of members. Keys that strangers
 * choose are hashed with a seed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_node {
	struct map_node *next;
	uint64_t hash;
};

struct map {
	struct map_node **chains; /* owned */
	size_t size;              /* chains, a power of two; 0 before the first insertion */
	size_t count;
};

void map_fini(struct map *map);

/* Adds `node`, which the caller keeps alive and does not
 * move until map_remove. Several may share a hash. */
void map_insert(struct map *map, struct map_node *node, uint64_t hash);

/* Takes `node` out; it must be in the map. */
void map_remove(struct map *map, struct map_node *node);

/* The first member with this hash, and the next after `node` with the same one; NULL at the end. */
struct map_node *map_first(const struct map *map, uint64_t hash);
struct map_node *map_next(const struct map_node *node);

/* A well-mixed hash of a number, or of bytes, under a seed. */
uint64_t map_hash_u64(uint64_t value, uint64_t seed);
uint64_t map_hash_bytes(const void *bytes, size_t length, uint64_t seed);
