#include "ip/icmp.h"

#include "base/base.h"
#include "base/writer.h"
#include "ip/checksum.h"
#include "ip/source.h"

enum {
	DESTINATION_UNREACHABLE = 3, /* and its code */
	FRAGMENTATION_NEEDED = 4,
	PACKET_TOO_BIG = 2,
	ICMP_HEADER = 8,
	TTL = 64,
	INTERNETWORK_CONTROL = 0xc0, /* precedence of errors, RFC 1812 §4.3.2.5 */
	DONT_FRAGMENT = 0x4000,      /* with it the identification may stay 0, RFC 6864 §4.1 */
};

/* The types of RFC 792 and 1256 that ask or answer, and do not complain. */
static bool is_icmp_query(uint8_t type)
{
	static const uint8_t queries[] = {0, 8, 9, 10, 13, 14, 15, 16, 17, 18};
	for (size_t i = 0; i < COUNT_OF(queries); i++)
		if (queries[i] == type)
			return true;
	return false;
}

static bool is_icmpv6_query(uint8_t type)
{
	return type >= 128 && type != 137; /* RFC 4443 §2.1; 137 is Redirect, §2.4 (e.2) */
}

/* Is the upper layer visible and, where it is ICMP, no error? */
static bool is_answerable(const struct ip_view *view)
{
	if (view->is_later)
		return false;
	uint8_t icmp = view->version == 4 ? IP_ICMP : IP_ICMPV6;
	if (view->protocol != icmp)
		return true;
	if (!view->upper || view->upper >= view->length)
		return false;
	uint8_t type = view->bytes[view->upper];
	return view->version == 4 ? is_icmp_query(type) : is_icmpv6_query(type);
}

bool icmp_too_big(struct packet *to, const struct ip_view *view, uint32_t source, uint16_t mtu)
{
	if (view->version != 4 || view->length <= mtu || !is_answerable(view) ||
	    !ipv4_is_host(view->source) || !ipv4_is_host(view->destination))
		return false;
	size_t quoted = MIN_OF(view->length, (size_t)(ICMP_LENGTH_MAX - IPV4_HEADER - ICMP_HEADER));
	packet_reset(to);
	struct writer out = writer_of(to->data, packet_room(to));
	write_u8(&out, 0x45);
	write_u8(&out, INTERNETWORK_CONTROL);
	write_u16(&out, (uint16_t)(IPV4_HEADER + ICMP_HEADER + quoted));
	write_u16(&out, 0);
	write_u16(&out, DONT_FRAGMENT);
	write_u8(&out, TTL);
	write_u8(&out, IP_ICMP);
	write_u16(&out, 0);
	write_u32(&out, source);
	write_u32(&out, view->source);
	write_u16_at(&out, 10, checksum_of(to->data, IPV4_HEADER));
	write_u8(&out, DESTINATION_UNREACHABLE);
	write_u8(&out, FRAGMENTATION_NEEDED);
	write_u16(&out, 0);
	write_u16(&out, 0);
	write_u16(&out, mtu);
	write_bytes(&out, view->bytes, quoted);
	write_u16_at(&out, IPV4_HEADER + 2,
		     checksum_of(to->data + IPV4_HEADER, out.length - IPV4_HEADER));
	to->length = out.length;
	return !out.failed;
}

/* RFC 8200 §8.1: over addresses, length and protocol of the pseudo-header, then the message. */
static uint16_t icmpv6_checksum(const uint8_t *packet, size_t length)
{
	size_t message = length - IPV6_HEADER;
	uint64_t sum = checksum_add(message + IP_ICMPV6, packet + 8, (size_t)2 * IPV6_ADDRESS);
	return checksum_finish(checksum_add(sum, packet + IPV6_HEADER, message));
}

bool icmpv6_too_big(struct packet *to, const struct ip_view *view, const uint8_t *source,
		    uint16_t mtu)
{
	uint16_t told = (uint16_t)MAX_OF(mtu, IPV6_MTU_MIN);
	if (view->version != 6 || view->length <= told || !is_answerable(view) ||
	    !ipv6_is_host(ipv6_source(view)) || !ipv6_is_host(ipv6_destination(view)))
		return false;
	size_t quoted =
		MIN_OF(view->length, (size_t)(ICMPV6_LENGTH_MAX - IPV6_HEADER - ICMP_HEADER));
	packet_reset(to);
	struct writer out = writer_of(to->data, packet_room(to));
	write_u32(&out, 0x60000000);
	write_u16(&out, (uint16_t)(ICMP_HEADER + quoted));
	write_u8(&out, IP_ICMPV6);
	write_u8(&out, TTL);
	write_bytes(&out, source, IPV6_ADDRESS);
	write_bytes(&out, ipv6_source(view), IPV6_ADDRESS);
	write_u8(&out, PACKET_TOO_BIG);
	write_u8(&out, 0);
	write_u16(&out, 0);
	write_u32(&out, told);
	write_bytes(&out, view->bytes, quoted);
	write_u16_at(&out, IPV6_HEADER + 2, icmpv6_checksum(to->data, out.length));
	to->length = out.length;
	return !out.failed;
}
