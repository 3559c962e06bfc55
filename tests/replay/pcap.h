/*
 * Reads recordings: classic pcap files (both byte orders, microseconds or nanoseconds) of Ethernet
 * (link type 1) or bare IP (101), as far down as our rooms want them: the payload of TCP segments
 * and of protocol 47, IPv4 only. Whole files are read into memory; an item points into it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"

enum { PCAP_TCP = 6, PCAP_GRE = 47 };

struct pcap {
	uint8_t *bytes; /* owned */
	size_t length;
	struct reader left; /* records not yet read */
	bool swapped;       /* the file's integers are little-endian */
	uint32_t link_type;
};

/* One IPv4 packet of TCP or GRE; integers in host order. */
struct pcap_item {
	uint8_t protocol; /* PCAP_TCP or PCAP_GRE */
	uint32_t source, destination;
	uint16_t source_port, destination_port; /* TCP */
	uint32_t tcp_seq;                       /* TCP: of the first octet of the payload */
	bool syn;                               /* TCP */
	const uint8_t *payload; /* of TCP, or the whole GRE packet; borrowed from the file */
	size_t length; /* octets that were recorded; the rest of the packet may be cut off */
};

/* False, with a line on stderr, where the file cannot be read or is no such pcap. */
bool pcap_open(struct pcap *p, const char *path);
/* The same for one of our own recordings, which lie in $POPTUN_CAPTURES. */
bool pcap_open_own(struct pcap *p, const char *name);
void pcap_close(struct pcap *p);

/* The next TCP or GRE packet over IPv4; other frames, fragments
 * and cut headers are passed over. False at the end. */
bool pcap_next(struct pcap *p, struct pcap_item *item);
