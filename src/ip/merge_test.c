#include "ip/test_supers.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "ip/merge.h"
#include "ip/split.h"

static struct packet packets[MERGER_PACKETS];
static struct merger merger;
static struct merged merged;

/* The octets of `merged` in one piece. */
static size_t gather(uint8_t *to)
{
	size_t length = 0;
	for (size_t i = 0; i < merged.count; i++) {
		memcpy(to + length, merged.spans[i].bytes, merged.spans[i].length);
		length += merged.spans[i].length;
	}
	assert_int_equal(length, merged.length);
	return length;
}

static void assert_merged_is(const char *hex)
{
	static uint8_t expected[SUPER_LENGTH_MAX], found[SUPER_LENGTH_MAX];
	size_t length = test_unhex(hex, expected, sizeof(expected));
	assert_int_equal(gather(found), length);
	assert_memory_equal(found, expected, length);
}

static void assert_alone(uint32_t tag, const struct packet *p)
{
	static const uint8_t zeros[VNET_HEADER];
	assert_true(merger_next(&merger, &merged));
	assert_int_equal(merged.count, 1);
	assert_int_equal(merged.tag, tag);
	assert_int_equal(merged.length, p->length);
	assert_memory_equal(merged.spans[0].bytes, p->data, p->length);
	assert_memory_equal(merged.vnet, zeros, VNET_HEADER);
}

TEST(merger_makes_the_super_segment_of_its_packets)
{
	for (size_t i = 0; i < COUNT_OF(supers); i++) {
		if (!supers[i].merges)
			continue;
		merger_init(&merger, MERGE_TCP | MERGE_UDP);
		size_t count = 0;
		for (; supers[i].packets[count]; count++) {
			packet_of_hex(&packets[count], supers[i].packets[count]);
			merger_add(&merger, &packets[count], 40 + (uint32_t)count);
		}
		assert_true(merger_next(&merger, &merged));
		assert_int_equal(merged.count, count);
		assert_int_equal(merged.tag, 40);
		assert_merged_is(supers[i].super);
		struct vnet_header h;
		vnet_decode(&h, merged.vnet);
		assert_int_equal(h.kind, supers[i].kind);
		assert_int_equal(h.headers, supers[i].headers);
		assert_int_equal(h.segment, supers[i].segment);
		assert_int_equal(h.checksum_start, supers[i].checksum_start);
		assert_int_equal(h.checksum_offset, supers[i].checksum_offset);
		assert_true(h.needs_checksum && !h.has_cwr);
		assert_false(merger_next(&merger, &merged));
	}
}

TEST(merger_leaves_alone_what_it_is_not_told_to_merge)
{
	for (size_t i = 0; i < COUNT_OF(supers); i++) {
		size_t count = 0;
		merger_init(&merger, supers[i].kind == VNET_UDP ? MERGE_TCP : MERGE_UDP);
		for (; supers[i].packets[count]; count++) {
			packet_of_hex(&packets[count], supers[i].packets[count]);
			merger_add(&merger, &packets[count], (uint32_t)count);
		}
		for (size_t k = 0; k < count; k++) {
			packet_of_hex(&packets[k], supers[i].packets[k]);
			assert_alone((uint32_t)k, &packets[k]);
		}
		assert_false(merger_next(&merger, &merged));
	}
}

/* Two packets of one flow that would be merged, but for one octet of the second (or the first). */
TEST(merger_keeps_apart_what_differs)
{
	static const struct {
		const char *what;
		size_t row, packet, at;
		uint8_t flip;
	} rows[] = {
		{"type of service, so ECN", 0, 1, 1, 0x01},
		{"identification", 1, 1, 5, 0x01},
		{"identification of both, constant without don't-fragment", 1, 1, 5, 0x0f},
		{"don't-fragment", 0, 1, 6, 0x40},
		{"more-fragments", 0, 1, 6, 0x20},
		{"offset", 0, 1, 7, 0x01},
		{"time to live", 0, 1, 8, 0x01},
		{"source", 0, 1, 15, 0x01},
		{"destination", 0, 1, 19, 0x01},
		{"port", 0, 1, 21, 0x01},
		{"port", 0, 1, 23, 0x01},
		{"sequence number", 0, 1, 27, 0x01},
		{"acknowledgement", 0, 1, 31, 0x01},
		{"reserved bits", 0, 1, 32, 0x01},
		{"window", 0, 1, 35, 0x01},
		{"urgent pointer", 0, 1, 39, 0x01},
		{"timestamp", 0, 1, 47, 0x01},
		{"echoed timestamp", 0, 1, 51, 0x01},
		{"FIN in the first", 0, 0, 33, 0x01},
		{"PSH in the first", 0, 0, 33, 0x08},
		{"SYN in the first", 0, 0, 33, 0x02},
		{"SYN", 0, 1, 33, 0x02},
		{"RST", 0, 1, 33, 0x04},
		{"no ACK", 0, 1, 33, 0x10},
		{"URG", 0, 1, 33, 0x20},
		{"ECE", 0, 1, 33, 0x40},
		{"CWR", 0, 1, 33, 0x80},
		{"CWR in the first", 0, 0, 33, 0x80},
		{"IPv6 traffic class", 4, 1, 1, 0x10},
		{"flow label", 4, 1, 3, 0x01},
		{"hop limit", 4, 1, 7, 0x01},
		{"IPv6 source", 4, 1, 9, 0x01},
		{"UDP port", 6, 1, 21, 0x01},
	};
	static struct packet before[2];
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		merger_init(&merger, MERGE_TCP | MERGE_UDP);
		for (size_t k = 0; k < 2; k++) {
			packet_of_hex(&packets[k], supers[rows[i].row].packets[k]);
			if (k == rows[i].packet)
				packets[k].data[rows[i].at] ^= rows[i].flip;
			mend(&packets[k]);
			packet_reset(&before[k]);
			before[k].length = packets[k].length;
			memcpy(before[k].data, packets[k].data, packets[k].length);
			merger_add(&merger, &packets[k], (uint32_t)k);
		}
		assert_alone(0, &before[0]);
		assert_alone(1, &before[1]);
		assert_false(merger_next(&merger, &merged));
	}
}

TEST(merger_takes_identifications_that_stay_where_fragments_are_forbidden)
{
	static const struct {
		uint8_t flags, step[3];
		size_t first;
	} rows[] = {
		{0x40, {0, 0, 0}, 3}, {0x40, {0, 1, 2}, 3}, {0x40, {0, 0, 1}, 2},
		{0x40, {0, 1, 1}, 2}, {0x00, {0, 0, 0}, 1}, {0x00, {0, 1, 2}, 3},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		merger_init(&merger, MERGE_TCP);
		for (size_t k = 0; k < 3; k++) {
			packet_of_hex(&packets[k], supers[1].packets[k]);
			packets[k].data[5] = rows[i].step[k];
			packets[k].data[6] = rows[i].flags;
			mend(&packets[k]);
			merger_add(&merger, &packets[k], 0);
		}
		assert_true(merger_next(&merger, &merged));
		assert_int_equal(merged.count, rows[i].first);
		while (merger_next(&merger, &merged))
			;
	}
}

/* Is `p` part of `merged`? */
static bool holds(const struct packet *p)
{
	for (size_t i = 0; i < merged.count; i++)
		if (merged.spans[i].bytes >= p->buffer &&
		    merged.spans[i].bytes < p->buffer + sizeof(p->buffer))
			return true;
	return false;
}

TEST(merger_never_hides_damage)
{
	for (size_t i = 0; i < COUNT_OF(supers); i++) {
		size_t lengths[SUPER_PIECES] = {0}, count = 0;
		for (; supers[i].packets[count]; count++) {
			packet_of_hex(&packets[count], supers[i].packets[count]);
			lengths[count] = packets[count].length;
		}
		for (size_t bad = 0; bad < count; bad++)
			for (size_t bit = 0; bit < lengths[bad] * 8; bit++) {
				static struct packet damaged;
				size_t found = 0;
				merger_init(&merger, MERGE_TCP | MERGE_UDP);
				for (size_t k = 0; k < count; k++) {
					packet_of_hex(&packets[k], supers[i].packets[k]);
					if (k == bad) {
						packets[k].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
						packet_reset(&damaged);
						damaged.length = packets[k].length;
						memcpy(damaged.data, packets[k].data,
						       damaged.length);
					}
					merger_add(&merger, &packets[k], (uint32_t)k);
				}
				/* What IPv6 has no checksum for differs, and goes alone for that.
				 */
				while (merger_next(&merger, &merged)) {
					found += merged.count;
					if (holds(&packets[bad])) {
						assert_int_equal(merged.count, 1);
						assert_int_equal(merged.length, damaged.length);
						assert_memory_equal(merged.spans[0].bytes,
								    damaged.data, damaged.length);
					}
				}
				assert_int_equal(found, count);
			}
	}
}

TEST(merger_lets_nothing_overtake_within_a_flow)
{
	/* segment, bare acknowledgement, segment, the end of a fragmented datagram, segment */
	static struct packet before[5];
	merger_init(&merger, MERGE_TCP);
	for (size_t k = 0; k < 5; k++) {
		packet_of_hex(&packets[k], supers[1].packets[k / 2]);
		if (k == 1) {
			packets[k].length = 40;
			packets[k].data[3] = 40;
		}
		if (k == 3)
			packets[k].data[7] = 9;
		mend(&packets[k]);
		packet_reset(&before[k]);
		before[k].length = packets[k].length;
		memcpy(before[k].data, packets[k].data, packets[k].length);
		merger_add(&merger, &packets[k], (uint32_t)k);
	}
	for (size_t k = 0; k < 5; k++)
		assert_alone((uint32_t)k, &before[k]);
	assert_false(merger_next(&merger, &merged));
}

TEST(merger_ends_a_super_segment_with_a_shorter_packet)
{
	static const size_t lengths[] = {45, 45, 43, 45, 45};
	merger_init(&merger, MERGE_TCP);
	uint8_t sequence = 1;
	for (size_t k = 0; k < COUNT_OF(lengths); k++) {
		packet_of_hex(&packets[k], supers[1].packets[0]);
		packets[k].length = lengths[k];
		packets[k].data[3] = (uint8_t)lengths[k];
		packets[k].data[5] = (uint8_t)k;
		packets[k].data[27] = sequence;
		sequence = (uint8_t)(sequence + lengths[k] - 40);
		mend(&packets[k]);
		merger_add(&merger, &packets[k], (uint32_t)k);
	}
	assert_true(merger_next(&merger, &merged));
	assert_int_equal(merged.count, 3);
	assert_true(merger_next(&merger, &merged));
	assert_int_equal(merged.count, 2);
	assert_false(merger_next(&merger, &merged));
}

TEST(merger_gives_up_what_is_no_packet_as_it_is)
{
	static struct packet before;
	merger_init(&merger, MERGE_TCP);
	packet_reset(&packets[0]);
	merger_add(&merger, &packets[0], 5); /* no octet at all */
	packet_of_hex(&packets[1], "ffff");
	packet_of_hex(&before, "ffff");
	merger_add(&merger, &packets[1], 6);
	assert_true(merger_next(&merger, &merged));
	assert_int_equal(merged.tag, 5);
	assert_int_equal(merged.length, 0);
	assert_alone(6, &before);
	assert_false(merger_next(&merger, &merged));
}

TEST(merger_stays_within_every_truncation)
{
	for (size_t i = 0; i < COUNT_OF(supers); i++) {
		packet_of_hex(&packets[0], supers[i].packets[0]);
		for (size_t length = packets[0].length; length > 0; length--)
			for (int said = 0; said < 2; said++) {
				merger_init(&merger, MERGE_TCP | MERGE_UDP);
				for (size_t k = 0; k < 2; k++) {
					struct packet *p = &packets[k];
					packet_of_hex(p, supers[i].packets[k]);
					size_t at = p->data[0] >> 4 == 4 ? 2 : 4;
					if (said)
						p->data[at + 1] =
							(uint8_t)(at == 2       ? length
								  : length < 40 ? 0
										: length - 40);
					/* To the buffer's end, for the sanitizer. */
					uint8_t *end = p->buffer + PACKET_CAPACITY;
					p->data = memmove(end - length, p->data, length);
					p->length = length;
					merger_add(&merger, p, (uint32_t)k);
				}
				size_t count = 0;
				while (merger_next(&merger, &merged))
					count += merged.count;
				assert_int_equal(count, 2);
			}
	}
}

/* ---- there and back again ---- */

enum { FLOWS = 5, ROUNDS = 400 };

/* A super-segment of random content and size with the headers of a row of the table. */
static size_t random_super(const struct random *random, uint8_t *bytes, size_t row, uint8_t flow,
			   size_t payload)
{
	size_t headers = supers[row].headers, upper = supers[row].checksum_start;
	test_unhex(supers[row].super, bytes, headers + 64);
	random_fill(random, bytes + headers, payload);
	size_t length = headers + payload, field = upper == 20 ? 2 : 4;
	size_t said = upper == 20 ? length : length - 40;
	bytes[field] = (uint8_t)(said >> 8);
	bytes[field + 1] = (uint8_t)said;
	bytes[upper + 1] = flow; /* in the source port */
	if (supers[row].kind == VNET_UDP)
		return length;
	random_fill(random, bytes + upper + 4, 8);
	bytes[upper + 13] = (uint8_t)(0x10 | (random_u32(random) & 0x49)); /* ECE, PSH, FIN */
	return length;
}

/* Both cut into packets: are these the same? */
static void assert_same_packets(const uint8_t *a, const uint8_t *b, size_t length,
				const struct vnet_header *vnet)
{
	static struct packet one, other;
	static uint8_t both[2][SUPER_LENGTH_MAX];
	struct splitter cuts[2];
	struct ip_view views[2];
	memcpy(both[0], a, length);
	memcpy(both[1], b, length);
	for (int k = 0; k < 2; k++) {
		assert_true(ip_look_at(&views[k], both[k], length));
		assert_true(splitter_init(&cuts[k], &views[k], vnet, 1500));
	}
	while (splitter_next(&cuts[0], &one)) {
		assert_true(splitter_next(&cuts[1], &other));
		assert_int_equal(one.length, other.length);
		assert_memory_equal(one.data, other.data, one.length);
	}
	assert_false(splitter_next(&cuts[1], &other));
}

TEST(what_was_split_is_merged_into_the_same_however_flows_are_mixed)
{
	static const size_t rows[] = {0, 1, 4, 6, 7};
	static uint8_t before[FLOWS][SUPER_LENGTH_MAX], after[SUPER_LENGTH_MAX];
	uint64_t state = 11;
	struct random random = test_random(&state);
	for (int round = 0; round < ROUNDS; round++) {
		struct splitter cuts[FLOWS];
		struct vnet_header vnets[FLOWS];
		size_t lengths[FLOWS], flow_of[MERGER_PACKETS], begun = 0, count = 0;
		bool seen[FLOWS] = {false};
		for (uint8_t f = 0; f < FLOWS; f++) {
			struct ip_view view;
			uint16_t segment = (uint16_t)(1 + random_below(&random, 1300));
			size_t pieces = 2 + random_below(&random, 10);
			size_t payload =
				segment * (pieces - 1) + 1 + random_below(&random, segment);
			lengths[f] = random_super(&random, before[f], rows[f], f, payload);
			vnets[f] = (struct vnet_header){.kind = supers[rows[f]].kind,
							.segment = segment};
			assert_true(ip_look_at(&view, before[f], lengths[f]));
			assert_true(splitter_init(&cuts[f], &view, &vnets[f], 1500));
		}
		merger_init(&merger, MERGE_TCP | MERGE_UDP);
		for (int open = (1 << FLOWS) - 1; open;) {
			uint32_t f = random_below(&random, FLOWS);
			if (!splitter_next(&cuts[f], &packets[count])) {
				open &= ~(1 << f);
				continue;
			}
			flow_of[count] = f;
			begun += !seen[f];
			seen[f] = true;
			merger_add(&merger, &packets[count], (uint32_t)count);
			count++;
		}
		while (merger_next(&merger, &merged)) {
			size_t f = flow_of[merged.tag], length = gather(after);
			struct vnet_header h;
			vnet_decode(&h, merged.vnet);
			assert_int_equal(length, lengths[f]);
			assert_int_equal(h.segment, vnets[f].segment);
			assert_same_packets(before[f], after, length, &vnets[f]);
			count -= merged.count;
			begun--;
		}
		assert_int_equal(count, 0);
		assert_int_equal(begun, 0);
	}
}

TEST(a_super_segment_never_grows_past_65535_octets)
{
	static uint8_t before[SUPER_LENGTH_MAX + 1];
	uint64_t state = 2;
	struct random random = test_random(&state);
	const struct vnet_header vnet = {.kind = VNET_TCP4, .segment = 1460};
	struct splitter cut;
	struct ip_view view;
	size_t length = random_super(&random, before, 1, 0, 44 * 1460), count = 0;
	before[33] = 0x10;
	assert_true(ip_look_at(&view, before, length));
	assert_true(splitter_init(&cut, &view, &vnet, 1500));
	merger_init(&merger, MERGE_TCP);
	while (splitter_next(&cut, &packets[count]))
		merger_add(&merger, &packets[count++], 0);
	/* Two more, which go on where these end: there is room for neither. */
	for (int more = 0; more < 2; more++, count++) {
		struct packet *p = &packets[count], *last = &packets[count - 1];
		packet_reset(p);
		p->length = last->length;
		memcpy(p->data, last->data, last->length);
		p->data[5]++;
		uint32_t sequence = (uint32_t)p->data[24] << 24 | (uint32_t)p->data[25] << 16 |
				    (uint32_t)p->data[26] << 8 | p->data[27];
		sequence += 1460;
		for (int i = 0; i < 4; i++)
			p->data[24 + i] = (uint8_t)(sequence >> (24 - 8 * i));
		mend(p);
		merger_add(&merger, p, 1);
	}
	assert_true(merger_next(&merger, &merged));
	assert_int_equal(merged.count, 44);
	assert_true(merger_next(&merger, &merged));
	assert_int_equal(merged.count, 2);
	assert_int_equal(merged.tag, 1);
	assert_false(merger_next(&merger, &merged));
}

TEST(merger_takes_a_full_batch)
{
	merger_init(&merger, MERGE_TCP);
	for (size_t k = 0; k < MERGER_PACKETS; k++) {
		assert_false(merger_is_full(&merger));
		packet_of_hex(&packets[k], supers[1].packets[0]);
		packets[k].data[5] = (uint8_t)k;
		packets[k].data[26] = (uint8_t)(5 * k >> 8);
		packets[k].data[27] = (uint8_t)(5 * k);
		mend(&packets[k]);
		merger_add(&merger, &packets[k], 0);
	}
	assert_true(merger_is_full(&merger));
	assert_true(merger_next(&merger, &merged));
	assert_int_equal(merged.count, MERGER_PACKETS);
	assert_false(merger_next(&merger, &merged));
}
