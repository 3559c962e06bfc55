/*
 * Packets through the sessions: ICMP echo requests to the server's inner address, each session in
 * its turn. The server's kernel answers them, so what is lost on either way is counted.
 */
#include <string.h>

#include "base/base.h"
#include "client/load.h"
#include "io/clock.h"
#include "ip/checksum.h"
#include "ip/ip.h"

enum {
	ICMP_REPLY = 0,
	ICMP_REQUEST = 8,
	ECHO_HEADER = 8,
	ECHO_IDENTIFIER = 0x706f,
	STAMP = 8,    /* octets: when it was sent */
	BATCHES = 16, /* of one turn: others come too */
};

static void put_u16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void put_u32(uint8_t *to, uint32_t value)
{
	put_u16(to, (uint16_t)(value >> 16));
	put_u16(to + 2, (uint16_t)value);
}

/* RFC 791, RFC 792: zeros but for the stamp, so that little is to be summed up. */
static void make_request(struct packet *p, const struct link_addresses *addresses,
			 uint16_t sequence, size_t length, uint64_t now_us)
{
	packet_reset(p);
	p->length = length;
	uint8_t *ip = p->data, *icmp = ip + IPV4_HEADER;
	memset(ip, 0, length);
	ip[0] = 0x45;
	put_u16(ip + 2, (uint16_t)length);
	ip[8] = 64; /* time to live */
	ip[9] = IP_ICMP;
	put_u32(ip + 12, addresses->local);
	put_u32(ip + 16, addresses->remote);
	put_u16(ip + 10, checksum_of(ip, IPV4_HEADER));
	icmp[0] = ICMP_REQUEST;
	put_u16(icmp + 4, ECHO_IDENTIFIER);
	put_u16(icmp + 6, sequence);
	memcpy(icmp + ECHO_HEADER, &now_us, STAMP);
	put_u16(icmp + 2, checksum_of(icmp, ECHO_HEADER + STAMP));
}

static void send_batch(struct load *load, uint64_t count)
{
	uint64_t now_us = clock_now_us();
	for (uint64_t i = 0; i < count; i++) {
		load->next = load->next + 1 < load->up_count ? load->next + 1 : 0;
		struct member *member = &load->members[load->up[load->next]];
		make_request(&load->packets[i], &member->call->session->addresses,
			     member->sequence++, load->options->size, now_us);
		dialer_send(&load->dialer, member->call, &load->packets[i]);
	}
	load->sent += count;
	dialer_flush(&load->dialer);
}

void load_send_due(struct load *load)
{
	const struct load_options *o = load->options;
	uint64_t due = pace_due(o->packets_per_second, clock_now_us() - load->phase_us,
				(uint64_t)o->packets_per_second * o->seconds);
	for (int i = 0; i < BATCHES && load->sent < due && load->up_count; i++)
		send_batch(load, MIN_OF(due - load->sent, (uint64_t)DIALER_BATCH));
}

void load_packet(void *context, struct call *call, struct packet *p)
{
	struct load *load = context;
	struct ip_view view;
	uint64_t sent_us, now_us = clock_now_us();
	if (!ip_look(&view, p) || view.version != 4 || view.protocol != IP_ICMP || !view.upper ||
	    view.source != call->session->addresses.remote ||
	    p->length < view.upper + ECHO_HEADER + STAMP || p->data[view.upper] != ICMP_REPLY) {
		load->strange++;
		return;
	}
	memcpy(&sent_us, p->data + view.upper + ECHO_HEADER, STAMP);
	load->received++;
	load->heard_us = now_us;
	durations_add(&load->echoes, now_us > sent_us ? now_us - sent_us : 0);
}
