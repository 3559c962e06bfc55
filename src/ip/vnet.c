#include "ip/vnet.h"

#include <string.h>

#include "ip/checksum.h"
#include "ip/ip.h"
#include "ip/octets.h"

enum {
	FLAG_NEEDS_CHECKSUM = 1,
	KIND_CWR = 0x80,
};

void vnet_decode(struct vnet_header *h, const uint8_t *bytes)
{
	uint16_t numbers[4];
	memcpy(numbers, bytes + 2, sizeof(numbers));
	*h = (struct vnet_header){
		.kind = (uint8_t)(bytes[1] & ~KIND_CWR),
		.has_cwr = bytes[1] & KIND_CWR,
		.needs_checksum = bytes[0] & FLAG_NEEDS_CHECKSUM,
		.headers = numbers[0],
		.segment = numbers[1],
		.checksum_start = numbers[2],
		.checksum_offset = numbers[3],
	};
}

void vnet_encode(uint8_t *to, const struct vnet_header *h)
{
	uint16_t numbers[] = {h->headers, h->segment, h->checksum_start, h->checksum_offset};
	to[0] = h->needs_checksum ? FLAG_NEEDS_CHECKSUM : 0;
	to[1] = (uint8_t)(h->kind | (h->has_cwr ? KIND_CWR : 0));
	memcpy(to + 2, numbers, sizeof(numbers));
}

bool vnet_complete(const struct vnet_header *h, uint8_t *bytes, size_t length)
{
	if (!h->needs_checksum)
		return true;
	size_t field = (size_t)h->checksum_start + h->checksum_offset;
	if (field + 2 > length)
		return false;
	uint16_t checksum = checksum_of(bytes + h->checksum_start, length - h->checksum_start);
	/* In UDP a zero says that there is no checksum, and elsewhere both are the same number. */
	store_u16(bytes + field, checksum ? checksum : UINT16_MAX);
	return true;
}

uint64_t pseudo_header_sum(const uint8_t *ip, uint8_t protocol)
{
	if (ip[0] >> 4 == 4)
		return checksum_add(protocol, ip + 12, 8);
	return checksum_add(protocol, ip + 8, (size_t)2 * IPV6_ADDRESS);
}
