#include "tests/replay/pcap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINK_ETHERNET = 1,
	LINK_RAW = 101,
	ETHERTYPE_IPV4 = 0x0800,
	IP_FRAGMENT_BITS = 0x3fff, /* more fragments, and the offset */
	TCP_SYN = 0x02,
};

/* The file's own integers: network order is what the reader
 * knows, so little-endian ones are turned round. */
static uint32_t read_file_u32(struct pcap *p)
{
	uint32_t value = read_u32(&p->left);
	return p->swapped ? __builtin_bswap32(value) : value;
}

static bool read_whole(struct pcap *p, const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return false;
	bool good = false;
	if (!fseek(file, 0, SEEK_END)) {
		long length = ftell(file);
		rewind(file);
		p->length = length > 0 ? (size_t)length : 0;
		p->bytes = malloc(p->length + 1);
		good = p->bytes && fread(p->bytes, 1, p->length, file) == p->length;
	}
	fclose(file);
	return good;
}

bool pcap_open(struct pcap *p, const char *path)
{
	*p = (struct pcap){0};
	if (!read_whole(p, path)) {
		perror(path);
		pcap_close(p);
		return false;
	}
	p->left = reader_of(p->bytes, p->length);
	uint32_t magic = read_u32(&p->left);
	p->swapped = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
	read_bytes(&p->left, 16); /* version, time zone, accuracy, snap length */
	p->link_type = read_file_u32(p) & 0xffff;
	if (p->left.failed || !(p->swapped || magic == 0xa1b2c3d4 || magic == 0xa1b23c4d) ||
	    (p->link_type != LINK_ETHERNET && p->link_type != LINK_RAW)) {
		fprintf(stderr, "%s: not a pcap file of Ethernet or bare IP\n", path);
		pcap_close(p);
		return false;
	}
	return true;
}

bool pcap_open_own(struct pcap *p, const char *name)
{
	char path[1024];
	const char *directory = getenv("POPTUN_CAPTURES");
	if (!directory) {
		fputs("POPTUN_CAPTURES is not set: where our own recordings are\n", stderr);
		return false;
	}
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return pcap_open(p, path);
}

void pcap_close(struct pcap *p)
{
	free(p->bytes);
	*p = (struct pcap){0};
}

static bool tcp_pull(struct pcap_item *item, struct reader *in)
{
	item->source_port = read_u16(in);
	item->destination_port = read_u16(in);
	item->tcp_seq = read_u32(in);
	read_u32(in); /* acknowledgement */
	uint8_t header_words = read_u8(in) >> 4;
	item->syn = read_u8(in) & TCP_SYN;
	read_bytes(in, 6); /* window, checksum, urgent */
	if (header_words < 5)
		return false;
	read_bytes(in, (size_t)(header_words - 5) * 4);
	return !in->failed;
}

static bool ip_pull(struct pcap_item *item, struct reader *in)
{
	const size_t recorded = in->left;
	uint8_t version_words = read_u8(in);
	read_u8(in);
	size_t total = read_u16(in);
	read_u16(in);
	uint16_t fragment = read_u16(in);
	read_u8(in);
	item->protocol = read_u8(in);
	read_u16(in);
	item->source = read_u32(in);
	item->destination = read_u32(in);
	size_t header = (size_t)(version_words & 15) * 4;
	if (version_words >> 4 != 4 || header < 20 || fragment & IP_FRAGMENT_BITS || total < header)
		return false;
	read_bytes(in, header - 20);
	if (in->failed)
		return false;
	/* Short Ethernet frames are padded: what lies behind the IP packet is not of it. */
	if (recorded > total)
		in->left -= recorded - total;
	return true;
}

static bool frame_pull(const struct pcap *p, struct pcap_item *item, struct reader *in)
{
	if (p->link_type == LINK_ETHERNET) {
		read_bytes(in, 12);
		if (read_u16(in) != ETHERTYPE_IPV4)
			return false;
	}
	if (!ip_pull(item, in))
		return false;
	if (item->protocol == PCAP_TCP && !tcp_pull(item, in))
		return false;
	item->payload = in->next;
	item->length = in->left;
	return item->protocol == PCAP_TCP || item->protocol == PCAP_GRE;
}

bool pcap_next(struct pcap *p, struct pcap_item *item)
{
	while (p->left.left) {
		read_bytes(&p->left, 8); /* time */
		uint32_t recorded = read_file_u32(p);
		read_bytes(&p->left, 4); /* length on the wire */
		struct reader frame = read_part(&p->left, recorded);
		if (p->left.failed)
			return false;
		*item = (struct pcap_item){0};
		if (frame_pull(p, item, &frame))
			return true;
	}
	return false;
}
