#include "ppp/frame.h"

enum { ADDRESS = 0xff, CONTROL = 0x03 };

bool frame_pull_protocol(struct packet *p, uint16_t *protocol)
{
	if (p->length >= 1 && p->data[0] & 1) {
		*protocol = p->data[0];
		packet_pull(p, 1);
		return true;
	}
	if (p->length < 2 || !(p->data[1] & 1))
		return false;
	*protocol = (uint16_t)(p->data[0] << 8 | p->data[1]);
	packet_pull(p, 2);
	return true;
}

bool frame_pull(struct packet *p, uint16_t *protocol)
{
	if (p->length >= 2 && p->data[0] == ADDRESS && p->data[1] == CONTROL)
		packet_pull(p, 2);
	return frame_pull_protocol(p, protocol);
}

void frame_push_protocol(struct packet *p, uint16_t protocol)
{
	uint8_t *to = packet_push(p, 2);
	to[0] = (uint8_t)(protocol >> 8);
	to[1] = (uint8_t)protocol;
}

void frame_push(struct packet *p, uint16_t protocol)
{
	frame_push_protocol(p, protocol);
	uint8_t *to = packet_push(p, 2);
	to[0] = ADDRESS;
	to[1] = CONTROL;
}
