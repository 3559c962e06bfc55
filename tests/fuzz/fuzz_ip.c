/* Fuzzes the room ip/: two octets of MTU, one of choices, then
 * a packet, which meets all that is done to inner packets. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ip/fragment.h"
#include "ip/icmp.h"
#include "ip/mss.h"
#include "ip/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct packet p, made;
	static const uint8_t us[IPV6_ADDRESS] = {0xfe, 0x80, [15] = 1};
	struct ip_view view;
	struct fragmenter cut;
	packet_reset(&p);
	if (size < 3 || size - 3 > packet_room(&p))
		return 0;
	uint16_t mtu = (uint16_t)(data[0] << 8 | data[1]);
	/* The packet ends where the buffer ends, so that the sanitizer sees a step too far. */
	p.data = p.buffer + PACKET_CAPACITY - (size - 3);
	memcpy(p.data, data + 3, p.length = size - 3);
	if (!ip_look(&view, &p))
		return 0;
	source_is_callers(&view, 0x0a000002, us + 8);
	mss_clamp(&view, mtu);
	if (icmp_too_big(&made, &view, 0x0a000001, mtu))
		assert(ip_look(&(struct ip_view){0}, &made) && made.length <= ICMP_LENGTH_MAX);
	if (icmpv6_too_big(&made, &view, us, mtu))
		assert(ip_look(&(struct ip_view){0}, &made) && made.length <= ICMPV6_LENGTH_MAX);
	if (view.length > mtu && fragmenter_init(&cut, &view, mtu, data[2] & 1, 1))
		while (fragmenter_next(&cut, &made))
			assert(ip_look(&(struct ip_view){0}, &made) && made.length <= mtu);
	return 0;
}
