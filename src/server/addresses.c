#include "server/addresses.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/share.h"

struct held_address {
	struct map_node node;
	struct destination destination;
	uint32_t session; /* who was given it last; 0: nobody any more */
	uint32_t up;      /* sessions that use it */
};

void addresses_init(struct addresses *addresses, const struct steering *steering, uint32_t workers)
{
	*addresses = (struct addresses){.steering = steering, .workers = workers};
}

static void forget(struct addresses *addresses, struct held_address *held)
{
	map_remove(&addresses->held, &held->node);
	free(held);
}

void addresses_fini(struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->held.size; i++)
		while (addresses->held.chains[i])
			forget(addresses,
			       CONTAINER_OF(addresses->held.chains[i], struct held_address, node));
	map_fini(&addresses->held);
}

static uint64_t hash_of(const struct destination *destination)
{
	return map_hash_bytes(destination, sizeof(*destination), 0);
}

static struct held_address *find(const struct addresses *addresses, struct destination destination)
{
	struct map_node *node = map_first(&addresses->held, hash_of(&destination));
	for (; node; node = map_next(node)) {
		struct held_address *held = CONTAINER_OF(node, struct held_address, node);
		if (!memcmp(&held->destination, &destination, sizeof(destination)))
			return held;
	}
	return NULL;
}

/* Finds it or makes it; NULL without memory. */
static struct held_address *have(struct addresses *addresses, struct destination destination)
{
	struct held_address *held = find(addresses, destination);
	if (held)
		return held;
	held = calloc(1, sizeof(*held));
	if (!held)
		return NULL;
	held->destination = destination;
	map_insert(&addresses->held, &held->node, hash_of(&destination));
	return held;
}

static void give(struct addresses *addresses, struct held_address *held, uint32_t session)
{
	held->session = session;
	int error = steering_set(addresses->steering, held->destination,
				 share_owner(session, addresses->workers));
	if (error)
		log_warning("session=%u packets for it cannot be steered to its worker: %s",
			    session, strerror(-error));
}

static void forget_unused(struct addresses *addresses, struct held_address *held)
{
	if (held->session || held->up)
		return;
	steering_remove(addresses->steering, held->destination);
	forget(addresses, held);
}

void addresses_give(struct addresses *addresses, uint32_t session, uint32_t address)
{
	struct held_address *held = have(addresses, destination_ipv4(address));
	if (held)
		give(addresses, held, session);
}

void addresses_free(struct addresses *addresses, uint32_t session, uint32_t address)
{
	struct held_address *held = find(addresses, destination_ipv4(address));
	if (!held || held->session != session)
		return;
	held->session = 0;
	forget_unused(addresses, held);
}

void addresses_up(struct addresses *addresses, uint32_t address)
{
	struct held_address *held = have(addresses, destination_ipv4(address));
	if (held)
		held->up++;
}

bool addresses_down(struct addresses *addresses, uint32_t address)
{
	struct held_address *held = find(addresses, destination_ipv4(address));
	if (!held || !held->up)
		return true;
	bool last = --held->up == 0;
	forget_unused(addresses, held);
	return last;
}

bool addresses_hold_ipv6(struct addresses *addresses, uint32_t session, const uint8_t id[static 8])
{
	struct held_address *held = have(addresses, destination_ipv6(id));
	if (held && held->session && held->session != session)
		return false;
	if (held)
		give(addresses, held, session);
	return true;
}

bool addresses_drop_ipv6(struct addresses *addresses, uint32_t session, const uint8_t id[static 8])
{
	struct held_address *held = find(addresses, destination_ipv6(id));
	if (!held || held->session != session)
		return false;
	held->session = 0;
	forget_unused(addresses, held);
	return true;
}
