/*
 * Fuzzes super-segments. The input: two octets of MTU, one of what is merged and whether the
 * packets come cut or as they are; then a vnet header and a super-segment, which is split and its
 * packets merged again; or packets, each behind two octets of length, which are merged.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "ip/ip.h"
#include "ip/merge.h"
#include "ip/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct packet packets[MERGER_PACKETS];
static struct merger merger;

/* What comes out is what went in, and not too much in one. */
static void drain(size_t expected)
{
	static struct merged merged;
	size_t count = 0;
	while (merger_next(&merger, &merged)) {
		size_t length = 0;
		for (size_t i = 0; i < merged.count; i++)
			length += merged.spans[i].length;
		assert(length == merged.length && length <= SUPER_LENGTH_MAX);
		count += merged.count;
	}
	assert(count == expected);
}

static void split(struct reader *in, uint16_t mtu)
{
	struct vnet_header vnet;
	struct ip_view view;
	struct splitter cut;
	uint8_t header[VNET_HEADER];
	read_copy(in, header, sizeof(header));
	size_t length = in->left, count = 0;
	/* Of its very size, so that the sanitizer sees a step too far. */
	uint8_t *bytes = malloc(length + 1);
	assert(bytes);
	read_copy(in, bytes, length);
	vnet_decode(&vnet, header);
	if (!vnet.kind)
		vnet_complete(&vnet, bytes, length);
	if (ip_look_at(&view, bytes, length) && splitter_init(&cut, &view, &vnet, mtu))
		while (splitter_next(&cut, &packets[count])) {
			struct packet *p = &packets[count++];
			assert(view.protocol == IP_UDP || p->length <= mtu);
			assert(ip_look(&(struct ip_view){0}, p));
			merger_add(&merger, p, 0);
			if (merger_is_full(&merger)) {
				drain(count);
				count = 0;
			}
		}
	drain(count);
	free(bytes);
}

static void merge(struct reader *in)
{
	size_t count = 0;
	while (in->left && count < MERGER_PACKETS) {
		struct reader part = read_part(in, read_u16(in));
		struct packet *p = &packets[count];
		if (in->failed || part.left > PACKET_CAPACITY - PACKET_HEADROOM)
			break;
		p->length = part.left;
		p->data = p->buffer + PACKET_CAPACITY - p->length; /* ends where the buffer ends */
		read_copy(&part, p->data, p->length);
		merger_add(&merger, p, (uint32_t)count++);
	}
	drain(count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);
	uint16_t mtu = read_u16(&in);
	uint8_t choice = read_u8(&in);
	if (in.failed || size > SUPER_LENGTH_MAX)
		return 0;
	merger_init(&merger, choice & (MERGE_TCP | MERGE_UDP));
	if (choice & 4)
		merge(&in);
	else
		split(&in, mtu);
	return 0;
}
