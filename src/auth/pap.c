#include "auth/pap.h"

#include "base/reader.h"

enum { HEADER = 4 };

bool pap_decode(struct pap_packet *p, const uint8_t *packet, size_t length)
{
	struct reader header = reader_of(packet, length);
	*p = (struct pap_packet){.code = read_u8(&header), .identifier = read_u8(&header)};
	uint16_t total = read_u16(&header);
	if (header.failed || total < HEADER)
		return false;
	struct reader in = read_part(&header, total - HEADER);
	switch (p->code) {
	case PAP_REQUEST:
		p->name_length = read_u8(&in);
		p->name = read_bytes(&in, p->name_length);
		p->password_length = read_u8(&in);
		p->password = read_bytes(&in, p->password_length);
		return !in.failed;
	case PAP_ACK:
	case PAP_NAK:
		if (!in.failed && in.left == 0)
			return true;
		p->message_length = read_u8(&in);
		p->message = read_bytes(&in, p->message_length);
		return !in.failed;
	default:
		return false;
	}
}

static void write_counted(struct writer *out, const uint8_t *bytes, uint8_t length)
{
	write_u8(out, length);
	write_bytes(out, bytes, length);
}

void pap_encode(const struct pap_packet *p, struct writer *out)
{
	size_t start = out->length;
	write_u8(out, p->code);
	write_u8(out, p->identifier);
	write_u16(out, 0);
	if (p->code == PAP_REQUEST) {
		write_counted(out, p->name, p->name_length);
		write_counted(out, p->password, p->password_length);
	} else {
		write_counted(out, p->message, p->message_length);
	}
	write_u16_at(out, start + 2, (uint16_t)(out->length - start));
}
