#include "ip/source.h"

#include <string.h>

enum { INTERFACE_ID = 8 };

bool source_is_callers(const struct ip_view *view, uint32_t address, const uint8_t *interface_id)
{
	static const uint8_t link_local[IPV6_ADDRESS - INTERFACE_ID] = {0xfe, 0x80};
	if (view->version == 4)
		return address && view->source == address;
	const uint8_t *source = ipv6_source(view), *destination = ipv6_destination(view);
	if (!interface_id)
		return false;
	if (ipv6_is_unspecified(source))
		return destination[0] == 0xff && (destination[1] & 0x0f) == 2;
	return !memcmp(source, link_local, sizeof(link_local)) &&
	       !memcmp(source + sizeof(link_local), interface_id, INTERFACE_ID);
}

bool ipv4_is_multicast(uint32_t address)
{
	return address >> 28 == 0xe;
}

bool ipv4_is_broadcast(uint32_t address)
{
	return address == UINT32_MAX;
}

bool ipv4_is_link_local(uint32_t address)
{
	return address >> 16 == 0xa9fe;
}

bool ipv4_is_host(uint32_t address)
{
	uint32_t first = address >> 24;
	return first != 0 && first != 127 && first < 224;
}

bool ipv6_is_unspecified(const uint8_t *address)
{
	static const uint8_t unspecified[IPV6_ADDRESS];
	return !memcmp(address, unspecified, IPV6_ADDRESS);
}

bool ipv6_is_multicast(const uint8_t *address)
{
	return address[0] == 0xff;
}

bool ipv6_is_link_local(const uint8_t *address)
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

bool ipv6_is_host(const uint8_t *address)
{
	static const uint8_t loopback[IPV6_ADDRESS] = {[IPV6_ADDRESS - 1] = 1};
	return !ipv6_is_unspecified(address) && !ipv6_is_multicast(address) &&
	       memcmp(address, loopback, IPV6_ADDRESS) != 0;
}
