/* A doubly linked list through the members themselves;
 * it owns nothing. An empty list points at itself. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *previous;
};

#define CONTAINER_OF(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Walks the list; the entry in hand may be removed.
 * `node` and `following` name two new pointers. */
#define LIST_EACH(node, following, head)                                                \
	for (struct list *node = (head)->next, *following = node->next; node != (head); \
	     node = following, following = node->next)

static inline void list_init(struct list *list)
{
	list->next = list->previous = list;
}

static inline bool list_is_empty(const struct list *list)
{
	return list->next == list;
}

static inline void list_append(struct list *list, struct list *node)
{
	node->previous = list->previous;
	node->next = list;
	list->previous->next = node;
	list->previous = node;
}

static inline void list_remove(struct list *node)
{
	node->previous->next = node->next;
	node->next->previous = node->previous;
	list_init(node);
}
