#include "ip/ip.h"

#include "base/reader.h"

enum {
	EXTENSIONS_MAX = 8, /* no honest packet has more; the walk is bounded for the others */
	OFFSET_MASK = 0x1fff,
	MORE_FRAGMENTS = 0x2000,
};

enum extension {
	HOP_BY_HOP = 0,
	ROUTING = 43,
	FRAGMENT = 44,
	AUTHENTICATION = 51,
	DESTINATION_OPTIONS = 60,
	MOBILITY = 135,
	HOST_IDENTITY = 139,
	SHIM6 = 140,
};

static bool look_ipv4(struct ip_view *view, struct reader *in) /* RFC 791 §3.1 */
{
	view->header = (size_t)(read_u8(in) & 0x0f) * 4;
	read_u8(in);
	view->length = read_u16(in);
	read_u16(in);
	uint16_t fragment = read_u16(in);
	read_u8(in);
	view->protocol = read_u8(in);
	read_u16(in);
	view->source = read_u32(in);
	view->destination = read_u32(in);
	view->is_fragment = fragment & (MORE_FRAGMENTS | OFFSET_MASK);
	view->is_later = fragment & OFFSET_MASK;
	view->upper = view->is_later ? 0 : view->header;
	return !in->failed && view->header >= IPV4_HEADER && view->header <= view->length;
}

static bool is_extension(uint8_t next_header)
{
	switch (next_header) {
	case HOP_BY_HOP:
	case ROUTING:
	case FRAGMENT:
	case AUTHENTICATION:
	case DESTINATION_OPTIONS:
	case MOBILITY:
	case HOST_IDENTITY:
	case SHIM6:
		return true;
	}
	return false;
}

/* Octets behind the first two of an extension header whose length octet is `length`. */
static size_t extension_rest(uint8_t kind, uint8_t length)
{
	if (kind == FRAGMENT)
		return 6;
	if (kind == AUTHENTICATION) /* RFC 4302 §2.2 counts in fours */
		return ((size_t)length + 2) * 4 - 2;
	return ((size_t)length + 1) * 8 - 2;
}

/* Walks to the upper layer's header, RFC 8200 §4; `in` stands behind the fixed header. */
static void walk_extensions(struct ip_view *view, struct reader *in)
{
	for (int count = 0; is_extension(view->protocol); count++) {
		uint8_t kind = view->protocol, next = read_u8(in), length = read_u8(in);
		struct reader rest = read_part(in, extension_rest(kind, length));
		if (in->failed || count == EXTENSIONS_MAX)
			return;
		view->protocol = next;
		if (kind == FRAGMENT) {
			uint16_t offset = read_u16(&rest);
			view->is_fragment |= offset & 0xfff9; /* all but the reserved bits */
			view->is_later |= (offset & 0xfff8) != 0;
		}
		if (view->is_later) /* what follows is data from somewhere in the middle */
			return;
	}
	view->upper = view->length - in->left;
}

static bool look_ipv6(struct ip_view *view, struct reader *in) /* RFC 8200 §3 */
{
	read_u32(in);
	view->header = IPV6_HEADER;
	view->length = (size_t)IPV6_HEADER + read_u16(in);
	view->protocol = read_u8(in);
	read_u8(in);
	read_bytes(in, (size_t)2 * IPV6_ADDRESS);
	return !in->failed;
}

bool ip_look_at(struct ip_view *view, uint8_t *bytes, size_t length)
{
	struct reader in = reader_of(bytes, length);
	if (!length)
		return false;
	*view = (struct ip_view){.bytes = bytes, .version = bytes[0] >> 4};
	bool is_ip = (view->version == 4 && look_ipv4(view, &in)) ||
		     (view->version == 6 && look_ipv6(view, &in));
	if (!is_ip || view->length > length)
		return false;
	if (view->version == 6) {
		in = reader_of(bytes + IPV6_HEADER, view->length - IPV6_HEADER);
		walk_extensions(view, &in);
	}
	return true;
}

bool ip_look(struct ip_view *view, struct packet *p)
{
	if (!ip_look_at(view, p->data, p->length))
		return false;
	p->length = view->length;
	return true;
}
