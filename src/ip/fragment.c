#include "ip/fragment.h"

#include <assert.h>
#include <string.h>

#include "base/writer.h"
#include "ip/checksum.h"
#include "ip/octets.h"

enum {
	LENGTH_AT = 2,
	IDENTIFICATION_AT = 4,
	FRAGMENT_AT = 6,
	CHECKSUM_AT = 10,
	DONT_FRAGMENT = 0x4000,
	MORE_FRAGMENTS = 0x2000,
	OFFSET_MASK = 0x1fff,
	OPTION_COPIED = 0x80, /* RFC 791 §3.1: the option belongs into every fragment */
};

/* Copies the options that every fragment carries, padded to a multiple of four. A malformed option
 * ends the list. Returns the length of the later header. */
static size_t copy_options(uint8_t *later, const uint8_t *header, size_t header_length)
{
	struct writer out = writer_of(later, IPV4_HEADER_MAX);
	write_bytes(&out, header, IPV4_HEADER);
	for (size_t at = IPV4_HEADER; at < header_length && header[at];) {
		size_t left = header_length - at, length = 1;
		if (header[at] != 1) {
			if (left < 2 || header[at + 1] < 2 || header[at + 1] > left)
				break;
			length = header[at + 1];
		}
		if (header[at] & OPTION_COPIED)
			write_bytes(&out, header + at, length);
		at += length;
	}
	write_zeros(&out, -out.length & 3);
	later[0] = (uint8_t)(0x40 | out.length / 4);
	return out.length;
}

bool fragmenter_init(struct fragmenter *f, const struct ip_view *view, uint16_t mtu,
		     bool despite_df, uint16_t identification)
{
	assert(view->length > mtu);
	if (view->version != 4 || mtu < view->header + 8)
		return false;
	uint16_t fragment = load_u16(view->bytes + FRAGMENT_AT);
	if ((fragment & DONT_FRAGMENT) && !despite_df)
		return false;
	*f = (struct fragmenter){
		.payload = view->bytes + view->header,
		.length = view->length - view->header,
		.first_offset = (size_t)(fragment & OFFSET_MASK) * 8,
		.more_follow = fragment & MORE_FRAGMENTS,
		.mtu = mtu,
		.header_length = view->header,
	};
	if (f->first_offset + f->length > UINT16_MAX) /* no datagram can be that long */
		return false;
	memcpy(f->header, view->bytes, view->header);
	if (!view->is_fragment && !load_u16(f->header + IDENTIFICATION_AT))
		store_u16(f->header + IDENTIFICATION_AT, identification);
	f->later_length = copy_options(f->later, f->header, f->header_length);
	return true;
}

/* Fills what differs from fragment to fragment into the header at hand. */
static void finish_header(struct fragmenter *f, size_t payload)
{
	size_t offset = (f->first_offset + f->done) / 8;
	bool more = f->done + payload < f->length || f->more_follow;
	store_u16(f->header + LENGTH_AT, (uint16_t)(f->header_length + payload));
	store_u16(f->header + FRAGMENT_AT, (uint16_t)((more ? MORE_FRAGMENTS : 0) | offset));
	store_u16(f->header + CHECKSUM_AT, 0);
	store_u16(f->header + CHECKSUM_AT, checksum_of(f->header, f->header_length));
}

bool fragmenter_next(struct fragmenter *f, struct packet *to)
{
	size_t left = f->length - f->done, room = f->mtu - f->header_length;
	if (!left)
		return false;
	size_t payload = left <= room ? left : room & ~(size_t)7;
	finish_header(f, payload);
	packet_reset(to);
	struct writer out = writer_of(to->data, packet_room(to));
	write_bytes(&out, f->header, f->header_length);
	write_bytes(&out, f->payload + f->done, payload);
	to->length = out.length;
	f->done += payload;
	f->header_length = f->later_length;
	memcpy(f->header, f->later, f->later_length);
	return !out.failed;
}
