#include "ip/split.h"

#include <string.h>

#include "base/base.h"
#include "ip/checksum.h"
#include "ip/octets.h"
#include "ip/transport.h"

/* Octets of TCP's or UDP's header, 0 where the packet is not of this kind. */
static size_t upper_header(const struct ip_view *view, uint8_t kind)
{
	size_t left = view->length - view->upper, header = UDP_HEADER;
	uint8_t version = kind == VNET_TCP4 ? 4 : kind == VNET_TCP6 ? 6 : view->version;
	bool is_tcp = kind == VNET_TCP4 || kind == VNET_TCP6;
	if (!view->upper || view->is_fragment || view->version != version ||
	    (!is_tcp && kind != VNET_UDP) || view->protocol != (is_tcp ? IP_TCP : IP_UDP))
		return 0;
	if (is_tcp) {
		if (left < TCP_HEADER)
			return 0;
		header = (size_t)(view->bytes[view->upper + TCP_OFFSET_AT] >> 4) * 4;
		if (header < TCP_HEADER)
			return 0;
	}
	return header <= left ? header : 0;
}

/* Adds up what all packets have in common. */
static void sum_headers(struct splitter *s)
{
	uint8_t upper[60];
	size_t header = s->headers - s->upper;
	memcpy(upper, s->bytes + s->upper, header);
	if (s->protocol == IP_TCP) {
		memset(upper + TCP_SEQUENCE_AT, 0, 4);
		upper[TCP_FLAGS_AT] = 0;
		store_u16(upper + TCP_CHECKSUM_AT, 0);
	} else {
		memset(upper + UDP_LENGTH_AT, 0, 4);
	}
	s->upper_sum = checksum_add(pseudo_header_sum(s->bytes, s->protocol), upper, header);
	if (s->version == 4) {
		uint8_t ip[IPV4_HEADER_MAX];
		memcpy(ip, s->bytes, s->upper);
		memset(ip + IPV4_LENGTH_AT, 0, 4);
		store_u16(ip + IPV4_CHECKSUM_AT, 0);
		s->ip_sum = checksum_add(0, ip, s->upper);
		s->identification = load_u16(s->bytes + IPV4_IDENTIFICATION_AT);
	}
}

bool splitter_init(struct splitter *s, const struct ip_view *view, const struct vnet_header *vnet,
		   uint16_t mtu)
{
	size_t header = upper_header(view, vnet->kind), headers = view->upper + header;
	size_t segment = vnet->segment;
	if (!header || !segment || view->length == headers)
		return false;
	if (view->protocol == IP_TCP) {
		if (mtu <= headers)
			return false;
		segment = MIN_OF(segment, mtu - headers);
	}
	if (headers + segment > PACKET_CAPACITY - PACKET_HEADROOM)
		return false;
	*s = (struct splitter){
		.bytes = view->bytes,
		.length = view->length - headers,
		.upper = view->upper,
		.headers = headers,
		.segment = segment,
		.version = view->version,
		.protocol = view->protocol,
	};
	if (s->protocol == IP_TCP)
		s->sequence = load_u32(s->bytes + s->upper + TCP_SEQUENCE_AT);
	sum_headers(s);
	return true;
}

static void finish_ip(struct splitter *s, uint8_t *ip, size_t length)
{
	if (s->version == 6) {
		store_u16(ip + IPV6_LENGTH_AT, (uint16_t)(length - IPV6_HEADER));
		return;
	}
	store_u16(ip + IPV4_LENGTH_AT, (uint16_t)length);
	store_u16(ip + IPV4_IDENTIFICATION_AT, s->identification);
	store_u16(ip + IPV4_CHECKSUM_AT, checksum_finish(s->ip_sum + length + s->identification));
	s->identification++;
}

static void finish_tcp(struct splitter *s, uint8_t *tcp, uint64_t sum, size_t payload)
{
	uint8_t flags = tcp[TCP_FLAGS_AT];
	if (s->done)
		flags &= (uint8_t)~TCP_CWR;
	if (s->done + payload < s->length)
		flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	tcp[TCP_FLAGS_AT] = flags;
	store_u32(tcp + TCP_SEQUENCE_AT, s->sequence);
	sum += flags + (uint64_t)s->sequence + (s->headers - s->upper + payload);
	store_u16(tcp + TCP_CHECKSUM_AT, checksum_finish(sum));
	s->sequence += (uint32_t)payload;
}

static void finish_udp(uint8_t *udp, uint64_t sum, size_t payload)
{
	size_t length = UDP_HEADER + payload;
	store_u16(udp + UDP_LENGTH_AT, (uint16_t)length);
	/* The length counts twice, in the pseudo-header and in the header. */
	uint16_t checksum = checksum_finish(sum + 2 * length);
	store_u16(udp + UDP_CHECKSUM_AT, checksum ? checksum : UINT16_MAX);
}

bool splitter_next(struct splitter *s, struct packet *to)
{
	size_t payload = MIN_OF(s->segment, s->length - s->done);
	if (!payload)
		return false;
	packet_reset(to);
	to->length = s->headers + payload;
	memcpy(to->data, s->bytes, s->headers);
	uint64_t sum = checksum_copy(s->upper_sum, to->data + s->headers,
				     s->bytes + s->headers + s->done, payload);
	finish_ip(s, to->data, to->length);
	if (s->protocol == IP_TCP)
		finish_tcp(s, to->data + s->upper, sum, payload);
	else
		finish_udp(to->data + s->upper, sum, payload);
	s->done += payload;
	return true;
}
