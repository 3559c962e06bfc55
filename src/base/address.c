#include "base/address.h"

#include <arpa/inet.h>
#include <stdio.h>

bool address_parse(const char *text, uint32_t *address)
{
	struct in_addr parsed;
	if (inet_pton(AF_INET, text, &parsed) != 1)
		return false;
	*address = ntohl(parsed.s_addr);
	return true;
}

const char *address_print(uint32_t address, char text[static ADDRESS_TEXT])
{
	snprintf(text, ADDRESS_TEXT, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
		 address >> 8 & 255, address & 255);
	return text;
}

bool address_is_private(uint32_t address)
{
	return (address & address_mask(8)) == 0x0a000000 ||
	       (address & address_mask(12)) == 0xac100000 ||
	       (address & address_mask(16)) == 0xc0a80000 ||
	       (address & address_mask(10)) == 0x64400000;
}

size_t address_cover(struct address_span range, struct address_prefix to[static PREFIX_COVER])
{
	size_t count = 0;
	uint64_t next = range.first, end = (uint64_t)range.last + 1;
	while (next < end) {
		unsigned length =
			32; /* widen while the network starts here and ends in the range */
		while (length && !(next & (UINT64_C(1) << (32 - length))) &&
		       next + (UINT64_C(1) << (33 - length)) <= end)
			length--;
		to[count++] = (struct address_prefix){(uint32_t)next, length};
		next += UINT64_C(1) << (32 - length);
	}
	return count;
}
