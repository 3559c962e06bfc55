/*
 * The packets inside the tunnel, as they pass between a caller and the TUN device.
 *
 *   ip.h        struct ip_view: where things lie in one IPv4 or IPv6 packet, lengths checked
 *   checksum.h  the Internet checksum, whole and changed in part (RFC 1071, RFC 1624)
 *   mss.h       the MSS that a SYN announces, brought down to what the session carries
 *   fragment.h  an IPv4 packet cut into fragments (RFC 791)
 *   vnet.h      the header that tells of super-segments, many packets in one, on the TUN device
 *   split.h     a super-segment cut into packets that the session carries
 *   merge.h     packets of a batch put together into super-segments
 *   codel.h     which packets of a queue to drop, that it stay short (RFC 8289)
 *   icmp.h      "too big" told to the sender (RFC 1191, RFC 4443)
 *   marks.h     DSCP and ECN between the packet and the outer header (RFC 2983, RFC 6040)
 *   source.h    whose packet it may be, and what kind an address is
 *
 * session/ looks at each packet once with ip_look and hands the view to the others. This room keeps
 * no state but in the struct that it is given.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/packet.h"

enum {
	IPV4_HEADER = 20, /* octets without options */
	IPV4_HEADER_MAX = 60,
	IPV6_HEADER = 40,
	IPV6_ADDRESS = 16,
	IPV6_MTU_MIN = 1280, /* RFC 8200 §5: every link carries it */
};

enum ip_protocol {
	IP_ICMP = 1,
	IP_TCP = 6,
	IP_UDP = 17,
	IP_ICMPV6 = 58,
};

struct ip_view {
	uint8_t *bytes;  /* first octet of the IP header; borrowed from the packet */
	size_t length;   /* of the whole packet as its header tells it */
	uint8_t version; /* 4 or 6 */
	/* of the upper layer; behind IPv6's extension headers where these
	 * could be walked, else the number at which the walk ended */
	uint8_t protocol;
	size_t header;    /* octets of the IPv4 header with options, or of the fixed IPv6 header */
	size_t upper;     /* where the upper layer's header starts; 0: it is not in this packet */
	bool is_fragment; /* one of several pieces */
	bool is_later;    /* a piece other than the first */
	uint32_t source, destination; /* IPv4, host order; 0 for IPv6 */
};

/*
 * Looks at the packet whose IP header is at p->data. Octets behind the length that the header tells
 * (Ethernet padding, say) are cut off. False, and *view without meaning, where it is neither IPv4
 * nor IPv6 or where the header or the packet is cut short. Header checksums are the kernel's work.
 * A chain of IPv6 extension headers that is too long or cut short is no error: the packet passes,
 * but with upper == 0 nothing in it will be changed.
 */
bool ip_look(struct ip_view *view, struct packet *p);

/* The same of `length` octets that lie anywhere; they are borrowed, and view->length of them are
 * the packet. */
bool ip_look_at(struct ip_view *view, uint8_t *bytes, size_t length);

/* Its sender forbids that the packet is cut (RFC 791); of an IPv4 packet. */
static inline bool ipv4_dont_fragment(const struct ip_view *view)
{
	return view->bytes[6] & 0x40;
}

/* An IPv6 packet's addresses, IPV6_ADDRESS octets each. */
static inline const uint8_t *ipv6_source(const struct ip_view *view)
{
	return view->bytes + 8;
}

static inline const uint8_t *ipv6_destination(const struct ip_view *view)
{
	return view->bytes + 24;
}
