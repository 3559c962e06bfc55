#include "tests/test.h"

#include <string.h>

#include "base/address.h"
#include "base/base.h"
#include "base/drop.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/message.h"
#include "base/outbox.h"
#include "base/packet.h"
#include "base/random.h"

TEST(reader_remembers_a_failed_read_and_gives_zeros_after_it)
{
	static const uint8_t bytes[] = {0x12, 0x34, 0x56, 0x78, 0x9a};
	struct reader in = reader_of(bytes, sizeof(bytes));
	assert_int_equal(read_u16(&in), 0x1234);
	assert_int_equal(read_u32(&in), 0);
	assert_true(in.failed);
	assert_int_equal(read_u8(&in), 0); /* although an octet would have been left */
	assert_true(in.failed);
}

TEST(reader_part_bounds_the_view)
{
	static const uint8_t bytes[] = {1, 2, 3, 4};
	struct reader in = reader_of(bytes, sizeof(bytes));
	struct reader part = read_part(&in, 2);
	assert_int_equal(read_u16(&part), 0x0102);
	assert_int_equal(read_u8(&part), 0);
	assert_true(part.failed);
	assert_int_equal(read_u16(&in), 0x0304);
	assert_false(in.failed);
	part = read_part(&in, 1);
	assert_true(part.failed && in.failed);
}

TEST(writer_writes_network_order_and_never_past_its_end)
{
	uint8_t bytes[8] = {0};
	struct writer out = writer_of(bytes, 7);
	write_u16(&out, 0);
	write_u32(&out, 0xdeadbeef);
	write_u16_at(&out, 0, 6);
	assert_memory_equal(bytes, ((uint8_t[]){0, 6, 0xde, 0xad, 0xbe, 0xef}), 6);
	write_u16(&out, 0xffff);
	assert_true(out.failed);
	assert_int_equal(bytes[6], 0);
	write_u8(&out, 0xff);
	assert_int_equal(bytes[6], 0);
}

TEST(packet_pushes_into_its_headroom)
{
	static struct packet p;
	packet_reset(&p);
	p.length = 3;
	memcpy(p.data, "abc", 3);
	memcpy(packet_push(&p, 2), "xy", 2);
	assert_int_equal(p.length, 5);
	assert_memory_equal(p.data, "xyabc", 5);
	packet_pull(&p, 4);
	assert_memory_equal(p.data, "c", 1);
	assert_int_equal(packet_room(&p), PACKET_CAPACITY - PACKET_HEADROOM - 2);
}

TEST(outbox_keeps_order_and_is_empty_after_the_last)
{
	struct outbox out = {0};
	struct action action;
	for (uint16_t i = 0; i < 300; i++)
		outbox_print(&out, i, "action %d", i);
	for (uint16_t i = 0; i < 300; i++) {
		char expected[32];
		int length = snprintf(expected, sizeof(expected), "action %d", i);
		assert_true(outbox_take(&out, &action));
		assert_int_equal(action.kind, i);
		assert_int_equal(action.length, length);
		assert_memory_equal(action.bytes, expected, (size_t)length);
	}
	assert_false(outbox_take(&out, &action));
	assert_int_equal(out.length, 0);
	outbox_fini(&out);
}

TEST(list_survives_removal_while_it_is_walked)
{
	struct list list, nodes[4];
	list_init(&list);
	for (size_t i = 0; i < COUNT_OF(nodes); i++)
		list_append(&list, &nodes[i]);
	size_t seen = 0;
	LIST_EACH(node, following, &list) {
		assert_ptr_equal(node, &nodes[seen++]);
		list_remove(node);
	}
	assert_int_equal(seen, 4);
	assert_true(list_is_empty(&list));
}

TEST(map_finds_each_member_and_forgets_removed_ones)
{
	static struct {
		struct map_node node;
		uint64_t key;
	} members[1000];
	struct map map = {0};
	assert_null(map_first(&map, 7));
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		members[i].key = i / 2; /* two of each */
		map_insert(&map, &members[i].node, map_hash_u64(members[i].key, 5));
	}
	for (size_t i = 0; i < COUNT_OF(members); i += 2)
		map_remove(&map, &members[i].node);
	for (size_t i = 0; i < COUNT_OF(members); i += 2) {
		struct map_node *node = map_first(&map, map_hash_u64(i / 2, 5));
		assert_ptr_equal(node, &members[i + 1].node);
		assert_null(map_next(node));
	}
	assert_int_equal(map.count, 500);
	map_fini(&map);
}

struct example {
	uint8_t small;
	uint16_t middle;
	uint32_t large;
	uint64_t huge;
	char text[4];
	char name[8];
	BLOB(5) blob;
	BLOB(16) password;
};
static const struct field example_fields[] = {
	FIELD(U8, example, small),  FIELD(U16, example, middle),      FIELD(U32, example, large),
	FIELD(U64, example, huge),  FIELD(TEXT, example, text),       FIELD(STRING, example, name),
	FIELD(BLOB, example, blob), FIELD(SECRET, example, password), FIELDS_END,
};
static const struct message_type example_types[] = {MESSAGE_TYPE(9, example, example_fields),
						    MESSAGE_TYPES_END};
static const struct example example = {
	1, 0x0203, 0x04050607, 0x08090a0b0c0d0e0f, "text", "na me", {2, {0xaa, 0xbb}}, {3, "pwd"},
};
static const uint8_t example_bytes[] = "\0\x09"
				       "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf"
				       "text"
				       "\0\5na me"
				       "\0\2\xaa\xbb"
				       "\0\3pwd";

TEST(message_is_written_as_described)
{
	uint8_t bytes[100];
	size_t length = message_encode(example_types, 9, &example, bytes, sizeof(bytes));
	assert_int_equal(length, sizeof(example_bytes) - 1);
	assert_memory_equal(bytes, example_bytes, length);
	for (size_t room = 0; room < length; room++)
		assert_int_equal(message_encode(example_types, 9, &example, bytes, room), 0);
}

TEST(message_is_read_back_and_every_truncation_is_refused)
{
	struct example value;
	size_t length = sizeof(example_bytes) - 1;
	assert_ptr_equal(
		message_decode(example_types, example_bytes, length, &value, sizeof(value)),
		example_types);
	assert_memory_equal(&value, &example, sizeof(value));
	for (size_t cut = 0; cut < length; cut++)
		assert_null(
			message_decode(example_types, example_bytes, cut, &value, sizeof(value)));
	assert_null(
		message_decode(example_types, example_bytes, length + 1, &value, sizeof(value)));
	assert_null(
		message_decode(example_types, example_bytes, length, &value, sizeof(value) - 1));
}

TEST(message_with_an_overlong_string_is_refused)
{
	struct example value;
	uint8_t bytes[sizeof(example_bytes)];
	memcpy(bytes, example_bytes, sizeof(bytes));
	bytes[22] = 8; /* "na me" claims eight octets: one more than name holds beside its NUL */
	assert_null(message_decode(example_types, bytes, sizeof(bytes) - 1, &value, sizeof(value)));
}

struct inner {
	uint8_t key[3];
	uint16_t numbers[2];
};

struct outer {
	uint8_t before;
	struct inner inner;
	uint8_t after;
};

static const struct field inner_fields[] = {
	FIELD(HIDDEN, inner, key),
	FIELD(U16, inner, numbers[0]),
	FIELD(U16, inner, numbers[1]),
	FIELDS_END,
};

static const struct field outer_fields[] = {
	FIELD(U8, outer, before),
	FIELD_PART(outer, inner, inner_fields),
	FIELD(U8, outer, after),
	FIELDS_END,
};

TEST(fields_of_a_struct_inside_stand_in_its_place)
{
	static const struct outer value = {1, {{7, 8, 9}, {2, 3}}, 4};
	static const uint8_t wire[] = {1, 7, 8, 9, 0, 2, 0, 3, 4};
	uint8_t bytes[sizeof(wire)];
	struct writer out = writer_of(bytes, sizeof(bytes));
	fields_encode(outer_fields, &value, &out);
	assert_false(out.failed);
	assert_int_equal(out.length, sizeof(wire));
	assert_memory_equal(bytes, wire, sizeof(wire));
	for (size_t length = 0; length <= sizeof(wire); length++) {
		struct reader in = reader_of(wire, length);
		struct outer back = {0};
		assert_int_equal(fields_decode(outer_fields, &back, &in), length == sizeof(wire));
		if (length == sizeof(wire))
			assert_memory_equal(&back, &value, sizeof(value));
	}
	char text[100];
	assert_string_equal(fields_print(outer_fields, &value, text, sizeof(text)),
			    "before=1 key=(hidden) numbers[0]=2 numbers[1]=3 after=4");
}

TEST(fields_print_escapes_text_and_hides_secrets)
{
	char text[200];
	assert_string_equal(fields_print(example_fields, &example, text, sizeof(text)),
			    "small=1 middle=515 large=67438087 huge=579005069656919567 text=text "
			    "name=na\\x20me "
			    "blob=\\xaa\\xbb password=(hidden)");
	assert_string_equal(fields_print(example_fields, &example, text, 12), "small=1 mid");
}

TEST(text_escape_keeps_a_log_line_one_line)
{
	char text[32];
	assert_string_equal(text_escape(text, sizeof(text), "a\n\"=\\ \x1b~", 8),
			    "a\\x0a\\x22\\x3d\\x5c\\x20\\x1b~");
	assert_string_equal(text_escape(text, 6, "ab\ncd", 5), "ab");
}

TEST(text_quote_keeps_blanks_but_never_ends_the_quotes)
{
	char text[32];
	assert_string_equal(text_quote(text, sizeof(text), "a b=c\"\\\n\x7f", 9),
			    "a b=c\\x22\\x5c\\x0a\\x7f");
	assert_string_equal(text_quote(text, 6, "ab\"cd", 5), "ab");
}

TEST(address_parse_takes_four_octets_and_nothing_else)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t address;
	} rows[] = {
		{"192.168.10.1", true, 0xc0a80a01},
		{"0.0.0.0", true, 0},
		{"255.255.255.255", true, UINT32_MAX},
		{"1.2.3", false, 0},
		{"1.2.3.4 ", false, 0},
		{"1.2.3.256", false, 0},
		{"", false, 0},
		{"a.b.c.d", false, 0},
		{"1.2.3.4.5", false, 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint32_t address = 0;
		assert_int_equal(address_parse(rows[i].text, &address), rows[i].good);
		assert_int_equal(address, rows[i].address);
	}
	char text[ADDRESS_TEXT];
	assert_string_equal(address_print(0xc0a80a01, text), "192.168.10.1");
	assert_true(address_is_private(0xac1fffff));
	assert_false(address_is_private(0xac200000));
}

TEST(random_below_stays_below_and_reaches_all)
{
	uint64_t state = 1;
	struct random random = test_random(&state);
	unsigned seen = 0;
	for (int i = 0; i < 1000; i++) {
		uint32_t value = random_below(&random, 7);
		assert_true(value < 7);
		seen |= 1u << value;
	}
	assert_int_equal(seen, 127);
}

TEST(every_drop_has_a_name_and_help)
{
	for (int drop = 0; drop < DROP_COUNT; drop++) {
		assert_non_null(drop_name((enum drop)drop));
		assert_true(strlen(drop_help((enum drop)drop)) > 5);
	}
}

TEST(address_cover_is_exact_and_minimal)
{
	static const struct {
		const char *first, *last, *cover;
	} rows[] = {
		{"192.168.10.100", "192.168.10.200",
		 "192.168.10.100/30 192.168.10.104/29 192.168.10.112/28 192.168.10.128/26 "
		 "192.168.10.192/29 192.168.10.200/32 "},
		{"10.0.0.0", "10.0.0.255", "10.0.0.0/24 "},
		{"10.0.0.7", "10.0.0.7", "10.0.0.7/32 "},
		{"10.0.0.255", "10.0.1.0", "10.0.0.255/32 10.0.1.0/32 "},
		{"0.0.0.0", "255.255.255.255", "0.0.0.0/0 "},
		{"255.255.255.254", "255.255.255.255", "255.255.255.254/31 "},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct address_prefix cover[PREFIX_COVER];
		struct address_span range;
		char text[512] = "", one[ADDRESS_TEXT];
		assert_true(address_parse(rows[i].first, &range.first));
		assert_true(address_parse(rows[i].last, &range.last));
		size_t count = address_cover(range, cover);
		for (size_t j = 0; j < count; j++)
			sprintf(text + strlen(text), "%s/%u ", address_print(cover[j].address, one),
				cover[j].length);
		assert_string_equal(text, rows[i].cover);
	}
	struct address_prefix most[PREFIX_COVER];
	assert_int_equal(address_cover((struct address_span){1, UINT32_MAX - 1}, most),
			 PREFIX_COVER);
}
