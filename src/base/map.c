#include "base/map.h"

#include <stdlib.h>
#include <string.h>

void map_fini(struct map *map)
{
	free(map->chains);
	*map = (struct map){0};
}

static void grow(struct map *map)
{
	size_t size = map->size ? map->size * 2 : 16;
	struct map_node **chains = calloc(size, sizeof(struct map_node *));
	if (!chains)
		abort();
	for (size_t i = 0; i < map->size; i++) {
		struct map_node *node = map->chains[i];
		while (node) {
			struct map_node *following = node->next;
			node->next = chains[node->hash & (size - 1)];
			chains[node->hash & (size - 1)] = node;
			node = following;
		}
	}
	free(map->chains);
	map->chains = chains;
	map->size = size;
}

void map_insert(struct map *map, struct map_node *node, uint64_t hash)
{
	if (map->count >= map->size)
		grow(map);
	struct map_node **chain = &map->chains[hash & (map->size - 1)];
	node->hash = hash;
	node->next = *chain;
	*chain = node;
	map->count++;
}

void map_remove(struct map *map, struct map_node *node)
{
	struct map_node **link = &map->chains[node->hash & (map->size - 1)];
	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	node->next = NULL;
	map->count--;
}

static struct map_node *with_hash(struct map_node *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct map_node *map_first(const struct map *map, uint64_t hash)
{
	return map->size ? with_hash(map->chains[hash & (map->size - 1)], hash) : NULL;
}

struct map_node *map_next(const struct map_node *node)
{
	return with_hash(node->next, node->hash);
}

uint64_t map_hash_u64(uint64_t value, uint64_t seed)
{
	/* the finalizer of SplitMix64: every input bit reaches every output bit */
	value += seed + 0x9e3779b97f4a7c15;
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
	value = (value ^ value >> 27) * 0x94d049bb133111eb;
	return value ^ value >> 31;
}

uint64_t map_hash_bytes(const void *bytes, size_t length, uint64_t seed)
{
	const uint8_t *next = bytes;
	uint64_t hash = map_hash_u64(length, seed);
	while (length) {
		uint64_t word = 0;
		size_t part = length < sizeof(word) ? length : sizeof(word);
		memcpy(&word, next, part);
		hash = map_hash_u64(hash ^ word, seed);
		next += part;
		length -= part;
	}
	return hash;
}
