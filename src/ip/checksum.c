#include "ip/checksum.h"

#include "base/reader.h"

uint64_t checksum_add(uint64_t sum, const void *bytes, size_t length)
{
	struct reader in = reader_of(bytes, length);
	/* A sum of 32-bit words folds to the same 16 bits, since 2^16 is 1 modulo 2^16 - 1. */
	while (in.left >= 4)
		sum += read_u32(&in);
	if (in.left >= 2)
		sum += read_u16(&in);
	if (in.left)
		sum += (uint64_t)read_u8(&in) << 8;
	return sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t checksum_finish(uint64_t sum)
{
	return (uint16_t)~fold(sum);
}

uint16_t checksum_of(const void *bytes, size_t length)
{
	return checksum_finish(checksum_add(0, bytes, length));
}

uint16_t checksum_replace(uint16_t checksum, uint16_t before, uint16_t after)
{
	uint64_t sum = (uint16_t)~checksum;
	return checksum_finish(sum + (uint16_t)~before + after);
}
