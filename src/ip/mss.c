#include "ip/mss.h"

#include "base/base.h"
#include "ip/checksum.h"
#include "ip/octets.h"
#include "ip/transport.h"

enum option {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
};

/* Where the MSS value lies in a TCP header of `length` octets; 0 where there is none. */
static size_t find_mss(const uint8_t *tcp, size_t length)
{
	size_t at = TCP_HEADER;
	while (at < length && tcp[at] != OPTION_END) {
		if (tcp[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (length - at < 2 || tcp[at + 1] < 2 || tcp[at + 1] > length - at)
			return 0;
		if (tcp[at] == OPTION_MSS)
			return tcp[at + 1] == 4 ? at + 2 : 0;
		at += tcp[at + 1];
	}
	return 0;
}

/* Options may follow NOPs, so the value may straddle two of the words that the checksum adds. */
static void set_word(uint8_t *tcp, size_t at, uint16_t after)
{
	uint16_t before = load_u16(tcp + at), checksum = load_u16(tcp + TCP_CHECKSUM_AT);
	store_u16(tcp + at, after);
	if (at & 1) {
		before = checksum_swap(before);
		after = checksum_swap(after);
	}
	store_u16(tcp + TCP_CHECKSUM_AT, checksum_replace(checksum, before, after));
}

bool mss_clamp(const struct ip_view *view, uint16_t mtu)
{
	size_t left = view->length - view->upper;
	uint8_t *tcp = view->bytes + view->upper;
	if (view->protocol != IP_TCP || !view->upper || left < TCP_HEADER ||
	    !(tcp[TCP_FLAGS_AT] & TCP_SYN))
		return false;
	size_t headers = (view->version == 4 ? IPV4_HEADER : IPV6_HEADER) + TCP_HEADER;
	size_t mss = find_mss(tcp, MIN_OF((size_t)(tcp[12] >> 4) * 4, left));
	if (!mss || mtu <= headers || load_u16(tcp + mss) <= mtu - headers)
		return false;
	set_word(tcp, mss, (uint16_t)(mtu - headers));
	return true;
}
