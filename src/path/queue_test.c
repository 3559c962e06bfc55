#include "path/queue.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "io/tun.h"
#include "ip/marks.h"
#include "tests/test.h"

#define MS UINT64_C(1000000)

enum { MEMBERS = 3, HEADERS = 28, NUMBER_AT = HEADERS };

static struct session_host host;
static struct session_settings *settings;
static struct path_member members[MEMBERS];
static struct queue queue;
static uint64_t now_ns, state;
static uint8_t tos; /* of the packets that are put */

static void begin(void)
{
	state = 5;
	now_ns = 1000 * MS;
	tos = 0;
	host = (struct session_host){.random = test_random(&state)};
	settings = session_settings_new(LINK_SERVER);
	assert_non_null(settings);
	for (uint16_t i = 0; i < MEMBERS; i++) {
		struct session *session = session_new(&host, settings, i + 1u, i + 1,
						      (struct endpoint){.address = i}, 0);
		assert_non_null(session);
		members[i] = (struct path_member){.session = session};
	}
	assert_int_equal(queue_init(&queue, 0x1234), 0);
}

static void end(void)
{
	queue_fini(&queue);
	for (size_t i = 0; i < MEMBERS; i++)
		session_free(members[i].session);
	session_settings_unref(settings);
	session_host_fini(&host);
}

static uint64_t drops(size_t member, enum drop drop)
{
	return members[member].session->drops[drop];
}

static void put_u16(uint8_t *to, size_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

/* UDP of IPv4 from `port`, `length` octets in all, with a number in it; a super-segment where `segment`
 * is not 0. */
static void write_udp(uint8_t *ip, size_t length, uint16_t port, uint32_t number)
{
	memset(ip, 0, length);
	ip[0] = 0x45;
	ip[1] = tos;
	put_u16(ip + 2, length);
	ip[8] = 64;
	ip[9] = IP_UDP;
	put_u16(ip + 20, port);
	put_u16(ip + 24, length - 20);
	memcpy(ip + NUMBER_AT, &number, sizeof(number));
}

static bool put(size_t member, uint16_t port, uint32_t number, size_t length)
{
	struct ip_view view;
	struct queue_item *item = queue_room(&queue);
	if (!item)
		return false;
	packet_reset(&item->packet);
	write_udp(item->packet.data, length, port, number);
	item->packet.length = length;
	assert_true(ip_look(&view, &item->packet));
	queue_put(&queue, &members[member], item, &view, now_ns);
	return true;
}

/* Datagrams of `segment` octets; their payload begins with the number in the first of them alone. */
static void put_super(size_t member, uint16_t port, uint32_t number, size_t length,
		      uint16_t segment)
{
	struct ip_view view;
	struct vnet_header vnet = {.kind = VNET_UDP, .segment = segment};
	struct queue_item *item = queue_room(&queue);
	assert_non_null(item);
	write_udp(item->bytes, length, port, number);
	assert_true(ip_look_at(&view, item->bytes, length));
	assert_true(splitter_init(&item->cut, &view, &vnet, 1400));
	item->is_super = true;
	queue_put(&queue, &members[member], item, &view, now_ns);
}

static struct packet segment;
static struct queue_taken taken;

static bool take(void)
{
	return queue_take(&queue, &segment, now_ns, &taken);
}

static uint32_t number_of(const struct packet *p)
{
	uint32_t number;
	memcpy(&number, p->data + NUMBER_AT, sizeof(number));
	return number;
}

static size_t who(void)
{
	return (size_t)(taken.member - members);
}

static size_t free_items(void)
{
	size_t count = QUEUE_PACKETS - queue.used_ever;
	for (const struct queue_item *item = queue.free; item; item = item->next)
		count++;
	return count;
}

TEST(queue_gives_packets_of_a_flow_in_order_and_in_place)
{
	begin();
	for (uint32_t i = 0; i < 200; i++)
		assert_true(put(i % 2, 7, i, 100));
	assert_int_equal(queue.waiting, 200);
	uint32_t next[2] = {0, 1};
	for (int i = 0; i < 200; i++) {
		assert_true(take());
		assert_ptr_not_equal(taken.packet, &segment);
		assert_int_equal(number_of(taken.packet), next[who()]);
		next[who()] += 2;
	}
	assert_false(take());
	assert_true(queue_is_empty(&queue));
	queue_settled(&queue);
	assert_int_equal(free_items(), QUEUE_PACKETS);
	assert_int_equal(queue.room_count, QUEUE_SUPERS);
	assert_int_equal(members[0].octets_waiting, 0);
	end();
}

TEST(queue_shares_between_sessions_before_it_shares_between_flows)
{
	size_t octets[MEMBERS] = {0};
	begin();
	for (uint32_t i = 0; i < 200; i++) {
		put(0, (uint16_t)(i % 20), i, 1000); /* twenty flows of one */
		put(1, 7, i, 1000);                  /* against one flow of another */
		put(2, 7, i, 250);                   /* and small packets */
	}
	for (int i = 0; i < 180; i++) {
		assert_true(take());
		octets[who()] += taken.packet->length;
	}
	assert_in_range(octets[0] + 3000, octets[1], octets[1] + 6000);
	assert_in_range(octets[2] + 3000, octets[1], octets[1] + 6000);
	end();
}

TEST(queue_lets_a_sparse_flow_go_first_in_its_session_and_among_sessions)
{
	begin();
	for (uint32_t i = 0; i < 300; i++)
		put(0, 7, i, 1400);
	for (int i = 0; i < 20; i++)
		take();
	put(1, 9, 1000, 84);
	assert_true(take());
	assert_int_equal(who(), 1);
	put(0, 9, 2000, 84);
	assert_true(take());
	assert_int_equal(number_of(taken.packet), 2000);
	end();
}

TEST(queue_cuts_super_segments_when_their_turn_comes)
{
	begin();
	put_super(0, 7, 1, HEADERS + 44 * 1000 + 500, 1000);
	put(1, 7, 2, 100);
	assert_int_equal(queue.room_count, QUEUE_SUPERS - 1);
	size_t segments = 0, others = 0, octets = 0;
	while (take()) {
		others += who() == 1;
		segments += who() == 0;
		octets += who() == 0 ? taken.packet->length - HEADERS : 0;
		assert_true(others || segments < 4); /* it need not wait for all of them */
	}
	assert_int_equal(segments, 45);
	assert_int_equal(octets, 44 * 1000 + 500);
	assert_int_equal(others, 1);
	assert_int_equal(queue.room_count, QUEUE_SUPERS);
	end();
}

TEST(queue_makes_room_by_what_the_longest_flow_of_the_heaviest_session_has_in_front)
{
	begin();
	for (uint32_t i = 0; i < 50; i++)
		put(1, 7, i, 1400); /* longer than any flow of session 0, which has more in all */
	for (uint32_t i = 0; i < QUEUE_PACKETS; i++)
		assert_true(put(0, (uint16_t)(100 + i % 40), i, 1400));
	assert_int_equal(drops(1, DROP_QUEUE_CROWDED), 0);
	uint64_t dropped = drops(0, DROP_QUEUE_CROWDED);
	assert_in_range(dropped, 50, 150);
	assert_int_equal(queue.waiting, QUEUE_PACKETS + 50 - dropped);
	uint32_t next[40] = {0};
	while (take()) {
		if (who() == 1)
			continue;
		uint32_t number = number_of(taken.packet), flow = number % 40;
		assert_true(!next[flow] || number > next[flow]); /* in order, though with gaps */
		next[flow] = number;
	}
	end();
}

TEST(queue_that_is_full_loses_nothing_while_nothing_comes)
{
	begin();
	for (uint32_t i = 0; i < 2 * QUEUE_SUPERS; i++)
		put_super(0, (uint16_t)(i % 5), i, HEADERS + 60000, 1000);
	uint64_t dropped = drops(0, DROP_QUEUE_CROWDED);
	size_t waiting = queue.waiting;
	for (int i = 0; i < 100; i++) {
		struct queue_item *item = queue_room(&queue);
		assert_non_null(item);
		queue_give_back(&queue, item);
	}
	assert_int_equal(drops(0, DROP_QUEUE_CROWDED), dropped);
	assert_int_equal(queue.waiting, waiting);
	assert_int_equal(waiting, QUEUE_SUPERS - 1); /* one place is for reading */
	end();
}

TEST(queue_counts_each_packet_of_a_super_segment_that_makes_room)
{
	begin();
	for (uint32_t i = 0; i <= QUEUE_SUPERS; i++)
		put_super(0, 7, i, HEADERS + 10 * 1000 - 1, 1000);
	assert_int_equal(drops(0, DROP_QUEUE_CROWDED) % 10, 0);
	assert_in_range(drops(0, DROP_QUEUE_CROWDED), 10, QUEUE_SUPERS * 10);
	end();
}

/* Twice as much comes as goes, and nobody slows down. */
static uint64_t late_drops(uint8_t ecn, uint64_t *marked)
{
	uint32_t number = 0;
	begin();
	*marked = 0;
	tos = ecn;
	for (int ms = 0; ms < 1000; ms++, now_ns += MS) {
		for (int i = 0; i < 4 && queue.waiting < 500; i++)
			put(0, 7, number++, 1000);
		for (int i = 0; i < 2 && take(); i++)
			*marked += (marks_of(taken.packet->data) & ECN_FIELD) == ECN_CE;
		put(1, 9, 0, 84);
		assert_true(take());
		assert_int_equal(who(), 1);
		queue_settled(&queue);
	}
	uint64_t late = drops(0, DROP_QUEUE_LATE);
	assert_int_equal(drops(1, DROP_QUEUE_LATE), 0);
	end();
	return late;
}

TEST(queue_drops_what_waits_too_long_but_marks_where_ecn_is_understood)
{
	uint64_t marked;
	assert_in_range(late_drops(ECN_NOT_ECT, &marked), 10, 100);
	assert_int_equal(marked, 0);
	assert_int_equal(late_drops(ECN_ECT_0, &marked), 0);
	assert_in_range(marked, 10, 100);
}

TEST(queue_forgets_a_session_that_ends)
{
	begin();
	for (uint32_t i = 0; i < 30; i++) {
		put(0, (uint16_t)i, i, 1000);
		put(1, (uint16_t)i, i, 1000);
	}
	put_super(0, 5, 0, HEADERS + 5000, 1000);
	assert_true(take());
	queue_settled(&queue);
	queue_forget(&queue, &members[0]);
	assert_int_equal(members[0].flows_count, 0);
	assert_int_equal(members[0].octets_waiting, 0);
	size_t left = 0;
	for (; take(); left++)
		assert_int_equal(who(), 1);
	assert_in_range(left, 29, 30);
	queue_settled(&queue);
	queue_forget(&queue, &members[1]);
	queue_forget(&queue, &members[2]); /* one that never had anything */
	assert_int_equal(free_items(), QUEUE_PACKETS);
	assert_int_equal(queue.room_count, QUEUE_SUPERS);
	end();
}

/* More flows than there are places for: the oldest are forgotten, none is mistaken for another. */
TEST(queue_serves_more_flows_than_it_remembers)
{
	begin();
	for (uint32_t i = 0; i < 5 * QUEUE_FLOWS; i++) {
		assert_true(put(i % MEMBERS, (uint16_t)i, i, 60));
		assert_true(put(i % MEMBERS, (uint16_t)i, i + 1, 60));
		assert_true(take());
		assert_int_equal(number_of(taken.packet), i);
		assert_int_equal(who(), i % MEMBERS);
		assert_true(take());
		assert_int_equal(number_of(taken.packet), i + 1);
		assert_false(take());
		queue_settled(&queue);
	}
	uint32_t remembered = 0;
	for (size_t i = 0; i < MEMBERS; i++)
		remembered += members[i].flows_count;
	assert_int_equal(remembered, QUEUE_FLOWS);
	end();
}

/* Fragments of a datagram go one way, whether they show ports or not. */
TEST(queue_keeps_fragments_in_order)
{
	begin();
	for (uint32_t i = 0; i < 40; i++) {
		struct ip_view view;
		struct queue_item *item = queue_room(&queue);
		packet_reset(&item->packet);
		write_udp(item->packet.data, 100, (uint16_t)i, i);
		put_u16(item->packet.data + 6, i % 4 ? 0x2000 | i % 4 * 10 : 0x2000);
		item->packet.length = 100;
		assert_true(ip_look(&view, &item->packet));
		queue_put(&queue, &members[0], item, &view, now_ns);
	}
	for (uint32_t i = 0; i < 40; i++) {
		assert_true(take());
		assert_int_equal(number_of(taken.packet), i);
	}
	end();
}
