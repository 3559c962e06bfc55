/* Batches of every size, both ways at once, of several calls and both versions of IP: what went in
 * comes out octet for octet. */
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "ip/ip.h"
#include "tests/pair/world.h"

enum { CALLS = 3, UDP_HEADER = 8, PAYLOAD_MAX = 1500, IPV6_MAX = 1500 };

/* What each end sent, in its order. */
static struct packet sent[2][BATCH_MAX];

static void send_one(struct world *w, int from, struct packet *p, size_t payload, bool ipv6)
{
	struct random random = test_random(&w->seed);
	unsigned call = random_below(&random, CALLS);
	const struct session *s = world_session(w, from, call);
	size_t headers = (ipv6 ? IPV6_HEADER : IPV4_HEADER) + UDP_HEADER;
	if (ipv6)
		world_make_ipv6(p, s->addresses.local_id, s->addresses.remote_id,
				headers + payload);
	else
		world_make_udp(p, s, 0, headers + payload);
	random_fill(&random, p->data + headers, payload);
	assert_int_equal(world_send_packet(w, from, call, p).drop, DROP_NONE);
}

/* The packet in this slot of the inbox, or the pieces of it from there on.
 * Returns the slot behind. */
static unsigned compare(const struct end *end, unsigned slot, const struct packet *whole)
{
	if (slot < end->inbox_count && end->inbox[slot].length == whole->length) {
		assert_memory_equal(end->inbox[slot].bytes, whole->data, whole->length);
		return slot + 1;
	}
	for (size_t at = IPV4_HEADER; at < whole->length; slot++) {
		assert_true(slot < end->inbox_count);
		const uint8_t *piece = end->inbox[slot].bytes;
		size_t length = end->inbox[slot].length - IPV4_HEADER;
		assert_int_equal((piece[6] & 0x1f) << 8 | piece[7], (at - IPV4_HEADER) / 8);
		assert_in_range(length, 1, whole->length - at);
		assert_memory_equal(piece + 12, whole->data + 12, 8); /* from whom to whom */
		assert_memory_equal(piece + IPV4_HEADER, whole->data + at, length);
		at += length;
	}
	return slot;
}

static void check_inbox(struct world *w, int from)
{
	struct end *end = &w->ends[!from];
	unsigned slot = 0;
	assert_in_range(end->inbox_count, BATCH_MAX, INBOX_SLOTS);
	for (unsigned i = 0; i < BATCH_MAX; i++)
		slot = compare(end, slot, &sent[from][i]);
	assert_int_equal(slot, end->inbox_count);
	end->inbox_count = 0;
}

/* Payloads of so many octets and more, as many as the largest batch holds. */
static void send_many(struct world *w, int from, size_t payload)
{
	for (unsigned i = 0; i < BATCH_MAX; i++, payload++) {
		size_t octets = MIN_OF(payload, (size_t)PAYLOAD_MAX);
		bool ipv6 = (payload + w->send_batch) % 2 &&
			    octets <= IPV6_MAX - IPV6_HEADER - UDP_HEADER;
		send_one(w, from, &sent[from][i], octets, ipv6);
	}
}

static void exchange(struct world *w, size_t payload)
{
	send_many(w, CLIENT, payload);
	send_many(w, SERVER, payload);
	world_run(w, 10, NULL);
	check_inbox(w, CLIENT);
	check_inbox(w, SERVER);
}

/* All lengths in each size of batches; or one part in so many, and the next part in the next. */
static void exchange_in_every_size(struct world *w, size_t parts)
{
	world_call(w, CALLS);
	assert_true(world_run(w, 10000, world_has_ipv6));
	for (unsigned size = 1; size <= BATCH_MAX; size++) {
		world_batch(w, size);
		size_t payload = size % parts * BATCH_MAX;
		for (; payload <= PAYLOAD_MAX; payload += parts * BATCH_MAX)
			exchange(w, payload);
	}
	assert_int_equal(w->clear_packets, 0);
	world_free(w);
}

TEST(payloads_of_every_length_arrive_whole_in_batches_of_every_size)
{
	exchange_in_every_size(world_new(1), 1);
}

TEST(they_do_so_where_keystreams_are_made_ahead)
{
	exchange_in_every_size(world_new(2), 3);
}

TEST(they_do_so_where_one_stream_goes_through_all_of_a_call)
{
	struct world *w = world_new(1);
	w->ends[CLIENT].settings->link.mppe_stateless = false;
	exchange_in_every_size(w, 3);
}
