#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "ip/checksum.h"

TEST(checksum_agrees_with_the_example_of_rfc_1071)
{
	static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	assert_int_equal(checksum_of(data, sizeof(data)), 0x220d);
}

TEST(checksum_pads_an_odd_octet_with_zero_behind_it)
{
	static const uint8_t data[] = {0x12, 0x34, 0x56};
	assert_int_equal(checksum_of(data, 3), (uint16_t) ~(0x1234 + 0x5600));
	assert_int_equal(checksum_of(data, 0), 0xffff);
}

TEST(checksum_replace_agrees_with_the_example_of_rfc_1624)
{
	assert_int_equal(checksum_replace(0xdd2f, 0x5555, 0x3285), 0x0000);
}

/* The sum as the RFC words it: 16 bits at a time, each carry added at once. */
static uint16_t plain_checksum(const uint8_t *data, size_t length)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < length; i++) {
		sum += (uint32_t)data[i] << (i & 1 ? 0 : 8);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

TEST(checksum_of_random_octets_is_the_plain_sum_of_any_pieces)
{
	uint64_t state = 1;
	struct random random = test_random(&state);
	uint8_t data[1500];
	random_fill(&random, data, sizeof(data));
	for (size_t length = 0; length < sizeof(data); length++) {
		size_t cut = random_below(&random, (uint32_t)length + 1) & ~1u;
		uint64_t sum = checksum_add(checksum_add(0, data, cut), data + cut, length - cut);
		assert_int_equal(checksum_finish(sum), plain_checksum(data, length));
	}
}

TEST(checksum_replace_equals_a_fresh_sum_at_even_and_odd_offsets)
{
	uint64_t state = 2;
	struct random random = test_random(&state);
	for (int round = 0; round < 2000; round++) {
		uint8_t data[12];
		random_fill(&random, data, sizeof(data));
		uint16_t checksum = plain_checksum(data, sizeof(data));
		size_t at = random_below(&random, sizeof(data) - 1);
		uint16_t before = (uint16_t)(data[at] << 8 | data[at + 1]);
		uint16_t after = (uint16_t)random_u32(&random);
		data[at] = (uint8_t)(after >> 8);
		data[at + 1] = (uint8_t)after;
		if (at & 1) {
			before = checksum_swap(before);
			after = checksum_swap(after);
		}
		assert_int_equal(checksum_replace(checksum, before, after),
				 plain_checksum(data, sizeof(data)));
	}
}

TEST(checksum_is_the_same_at_every_length_and_place_and_while_it_copies)
{
	static uint8_t bytes[256], copy[256 + 2];
	uint64_t state = 9;
	struct random random = test_random(&state);
	random_fill(&random, bytes, sizeof(bytes));
	memset(bytes + 100, 0xff, 80); /* carries */
	for (size_t from = 0; from < 16; from++)
		for (size_t length = 0; from + length <= sizeof(bytes); length++) {
			uint32_t sum = 0x1234;
			for (size_t i = 0; i < length; i++) {
				sum += i & 1 ? bytes[from + i] : (uint32_t)bytes[from + i] << 8;
				sum = (sum & 0xffff) + (sum >> 16);
			}
			assert_int_equal(checksum_fold(checksum_add(0x1234, bytes + from, length)),
					 sum);
			memset(copy, 0x5a, sizeof(copy));
			assert_int_equal(checksum_fold(checksum_copy(0x1234, copy + 1, bytes + from,
								     length)),
					 sum);
			assert_memory_equal(copy + 1, bytes + from, length);
			assert_int_equal(copy[0], 0x5a);
			assert_int_equal(copy[length + 1], 0x5a);
		}
}
