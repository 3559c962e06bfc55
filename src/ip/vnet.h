/*
 * Super-segments: many packets of one flow in one, as the kernel gives and takes them on a TUN
 * device that was opened with IFF_VNET_HDR. Before each packet stands a header which says so,
 * struct virtio_net_hdr of linux/virtio_net.h: ten octets, numbers in the machine's order.
 *
 * A super-segment is one IP packet of up to 65,535 octets. Its headers are those of its first
 * segment, but for lengths and checksums; FIN and PSH are the last segment's.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	VNET_HEADER = 10,
	SUPER_LENGTH_MAX = 65535,
};

enum vnet_kind {
	VNET_PLAIN = 0, /* one packet */
	VNET_TCP4 = 1,
	VNET_TCP6 = 4,
	VNET_UDP = 5, /* both versions of IP; Linux 6.2 and later */
};

struct vnet_header {
	uint8_t kind;        /* enum vnet_kind, or one that is not known here */
	bool has_cwr;        /* the first segment has TCP's CWR (RFC 3168 §6.1.2) */
	bool needs_checksum; /* the field has the folded sum of the pseudo-header and no more */
	uint16_t headers;    /* octets of all headers; a hint, not to be trusted in what is read */
	uint16_t segment; /* octets of payload in each segment but the last, which may be shorter */
	uint16_t checksum_start, checksum_offset; /* what the sum covers, from the first octet of
						     the packet; the field, from there */
};

/* `bytes` and `to` are VNET_HEADER octets. */
void vnet_decode(struct vnet_header *h, const uint8_t *bytes);
void vnet_encode(uint8_t *to, const struct vnet_header *h);

/* Fills the checksum in that a packet needs. False, and nothing is changed, where it would lie
 * outside of the packet. */
bool vnet_complete(const struct vnet_header *h, uint8_t *bytes, size_t length);

/* The sum of the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1) without the length, which is added in
 * 16 bits: of the IP packet that begins at `ip`. */
uint64_t pseudo_header_sum(const uint8_t *ip, uint8_t protocol);
