/*
 * No packet costs an allocation, either way. The executable is linked with --wrap, so that every
 * malloc, calloc, realloc and free of ours is counted here.
 */
#include "tests/test.h"

#include <stdlib.h>

#include "tests/pair/world.h"

static size_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	allocations++;
	return __real_realloc(old, size);
}

static void both_ways(struct world *w, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		w->send_batch = 1 + i % BATCH_MAX;
		world_send(w, CLIENT, 0, 64, 60 + i % 1300);
		w->send_batch = BATCH_MAX - i % BATCH_MAX;
		world_send(w, SERVER, 0, 64, 1360 - i % 1300);
		world_run(w, 20, NULL);
	}
}

TEST(what_allocates_is_counted)
{
	size_t before = allocations;
	struct world *w = world_with_call(1);
	assert_true(allocations > before + 4);
	world_free(w);
}

TEST(no_packet_costs_an_allocation)
{
	static const struct wire_faults wires[] = {{0}, {.lose = 30, .repeat = 30, .reorder = 30}};
	for (int faults = 0; faults < 2; faults++) {
		for (int stateful = 0; stateful < 2; stateful++) {
			struct world *w = world_new(2);
			w->ends[CLIENT].settings->link.mppe_stateless = !stateful;
			world_call(w, 1);
			w->wire = wires[faults];
			both_ways(w, 20); /* the outboxes have their size now */
			size_t before = allocations;
			both_ways(w, 400);
			assert_int_equal(allocations, before);
			assert_true(w->encrypted_packets >= 2 * 420 * 64);
			world_free(w);
		}
	}
}

/* A packet that is cut, an ICMP that would be told, acknowledgements and LCP's echoes. */
TEST(what_goes_with_packets_costs_no_allocation_either)
{
	static struct packet p;
	struct world *w = world_with_call(3);
	both_ways(w, 20);
	world_run(w, 120000, NULL);
	size_t before = allocations;
	for (unsigned i = 0; i < 500; i++) {
		world_make_udp(&p, world_session(w, SERVER, 0), i, 1500);
		p.data[6] = 0x40;
		assert_int_equal(world_send_packet(w, SERVER, 0, &p).pieces, 2);
		world_run(w, 150, NULL);
	}
	world_run(w, 600000, NULL);
	assert_int_equal(allocations, before);
	world_free(w);
}
