/* The other end of fuzz_session.c, which does what an orderly client or server would. */
#include "tests/fuzz/session_run.h"

#include <assert.h>
#include <string.h>

#include "auth/chap.h"
#include "auth/pap.h"
#include "base/base.h"
#include "gre/gre.h"
#include "ppp/frame.h"

static const uint16_t negotiated[PROTOCOLS] = {PPP_LCP, PPP_CCP, PPP_IPCP, PPP_IPV6CP};

static bool is_client(const struct run *r)
{
	return r->settings->link.role == LINK_CLIENT;
}

void peer_listen(struct slot *slot, const uint8_t *bytes, size_t length)
{
	struct reader in = reader_of(bytes, length);
	struct gre_header h;
	assert(gre_decode(&h, &in));
	if (!h.has_seq || in.left < 8 || in.next[0] != 0xff)
		return;
	uint16_t protocol = (uint16_t)(in.next[2] << 8 | in.next[3]);
	if ((protocol == PPP_CHAP && in.next[4] == CHAP_CHALLENGE) ||
	    (protocol == PPP_PAP && in.next[4] == PAP_REQUEST))
		slot->identifier = in.next[5];
	for (size_t i = 0; i < PROTOCOLS; i++) {
		if (protocol != negotiated[i] || in.next[4] != 1 ||
		    in.left - 2 > sizeof(slot->requests[i].bytes))
			continue;
		slot->requests[i].length = in.left - 2;
		memcpy(slot->requests[i].bytes, in.next + 2, in.left - 2);
	}
}

void peer_send_frame(struct run *r, struct slot *slot, const uint8_t *bytes, size_t length)
{
	struct packet p;
	packet_reset(&p);
	if (length)
		memcpy(p.data, bytes, length);
	p.length = length;
	memcpy(packet_push(&p, 2), "\xff\x03", 2);
	gre_push(&p, &(struct gre_header){.call_id = slot->session->call_id,
					  .has_seq = true,
					  .seq = slot->seq++,
					  .has_ack = true,
					  .ack = slot->session->gre.next_seq - 1});
	run_arrive(r, slot, &p);
}

/* ---- control connection ---- */

static void send_control(struct run *r, const struct control_message *m)
{
	uint8_t bytes[CONTROL_MESSAGE_MAX];
	connection_on_bytes(r->connection, bytes, control_encode(m, bytes), r->now_ms);
}

static void ask_for_call(struct run *r, uint8_t amount)
{
	struct control_message m = {.type = OUTGOING_CALL_REQUEST,
				    .outgoing_call_request = {.call_id = amount}};
	if (!r->started)
		m = (struct control_message){.type = START_CONTROL_CONNECTION_REQUEST,
					     .start_request = {.protocol_version = 0x0100}};
	send_control(r, &m);
}

/* The lowest three bits 0: granted, as most servers do. */
static void grant_call(struct run *r, const struct slot *newest, uint8_t amount)
{
	uint8_t result = (uint8_t)(amount & 7 ? amount & 7 : 1);
	struct control_message m = {
		.type = START_CONTROL_CONNECTION_REPLY,
		.start_reply = {.protocol_version = 0x0100, .result_code = result}};
	if (r->started && (!newest || newest->session->state != SESSION_CALLING)) {
		run_place_call(r);
		return;
	}
	if (r->started)
		m = (struct control_message){
			.type = OUTGOING_CALL_REPLY,
			.outgoing_call_reply = {.call_id = amount,
						.peer_call_id = newest->session->call_id,
						.result_code = result,
						.connect_speed = 64000,
						.window_size = 32}};
	send_control(r, &m);
}

void peer_control(struct run *r, const struct slot *newest, uint8_t amount)
{
	if (is_client(r))
		grant_call(r, newest, amount);
	else
		ask_for_call(r, amount);
	r->started = true;
}

/* ---- PPP ---- */

void peer_request(struct run *r, struct slot *slot, uint8_t which)
{
	static const struct {
		uint8_t length, bytes[20];
	} requests[] = {
		{6, {0xc0, 0x21, 1, 7, 0, 4}},
		{12, {0xc0, 0x21, 1, 8, 0, 10, 5, 6, 1, 2, 3, 4}},
		{12, {0x80, 0xfd, 1, 9, 0, 10, 18, 6, 1, 0, 0, 0x40}},
		{12, {0x80, 0xfd, 1, 10, 0, 10, 18, 6, 0, 0, 0, 0x40}},
		{12, {0x80, 0x21, 1, 11, 0, 10, 3, 6, 10, 0, 0, 2}},
		{16, {0x80, 0x57, 1, 12, 0, 14, 1, 10, 0, 0, 0, 0, 0, 0, 0, 9}},
		{6, {0xc0, 0x21, 5, 13, 0, 4}},
		{10, {0xc0, 0x21, 9, 14, 0, 8, 1, 2, 3, 4}},
		{6, {0x80, 0xfd, 14, 15, 0, 4}},
		{6, {0x80, 0xfd, 5, 16, 0, 4}},
		/* what servers ask: MS-CHAPv2, MS-CHAP, CHAP-MD5, PAP, stateful MPPE with 40 bits */
		{11, {0xc0, 0x21, 1, 17, 0, 9, 3, 5, 0xc2, 0x23, 0x81}},
		{11, {0xc0, 0x21, 1, 18, 0, 9, 3, 5, 0xc2, 0x23, 0x80}},
		{11, {0xc0, 0x21, 1, 19, 0, 9, 3, 5, 0xc2, 0x23, 5}},
		{10, {0xc0, 0x21, 1, 20, 0, 8, 3, 4, 0xc0, 0x23}},
		{12, {0x80, 0xfd, 1, 21, 0, 10, 18, 6, 0, 0, 0, 0x20}},
	};
	which %= COUNT_OF(requests);
	peer_send_frame(r, slot, requests[which].bytes, requests[which].length);
}

static void send_response(struct run *r, struct slot *slot, uint8_t amount)
{
	uint8_t bytes[2 + 4 + 1 + 49 + 4] = {0xc2, 0x23, CHAP_RESPONSE, slot->identifier, 0,
					     58,   49};
	memset(bytes + 7, amount, 49);
	memcpy(bytes + 56, "anna", 4);
	peer_send_frame(r, slot, bytes, sizeof(bytes));
}

static void send_challenge(struct run *r, struct slot *slot, uint8_t amount)
{
	uint8_t length = amount & 8 ? 8 : 16;
	uint8_t bytes[2 + 4 + 1 + 16 + 2] = {
		0xc2, 0x23, CHAP_CHALLENGE, ++slot->identifier, 0, (uint8_t)(7 + length), length};
	memset(bytes + 7, amount, length);
	memcpy(bytes + 7 + length, "pc", 2);
	peer_send_frame(r, slot, bytes, 9u + length);
}

static void send_outcome(struct run *r, struct slot *slot, uint8_t amount)
{
	const char *text = amount & 1 ? "E=691 R=1 C=0123456789ABCDEF0123456789ABCDEF V=3 M=no"
				      : RUN_SIGNATURE;
	size_t length = strlen(text);
	uint8_t bytes[100] = {0xc2, 0x23, amount & 1 ? CHAP_FAILURE : CHAP_SUCCESS,
			      slot->identifier};
	bytes[5] = (uint8_t)(4 + length);
	memcpy(bytes + 6, text, length);
	peer_send_frame(r, slot, bytes, 6 + length);
}

void peer_login(struct run *r, struct slot *slot, uint8_t amount)
{
	uint8_t pap[] = {0xc0, 0x23, amount & 1 ? PAP_NAK : PAP_ACK, slot->identifier, 0, 5, 0};
	if (!is_client(r))
		send_response(r, slot, amount);
	else if (amount & 4)
		peer_send_frame(r, slot, pap, sizeof(pap));
	else if (amount & 2)
		send_outcome(r, slot, amount);
	else
		send_challenge(r, slot, amount);
}

/* A server's Nak says what is to be asked for: an address, 128 bits stateless. */
static void put_wishes(uint16_t protocol, uint8_t *packet, size_t length)
{
	for (size_t at = 4; at + 6 <= length && packet[at + 1] == 6; at += 6) {
		if (protocol == PPP_IPCP)
			memcpy(packet + at + 2, "\x0a\0\0\x09", 4);
		else if (protocol == PPP_CCP)
			memcpy(packet + at + 2, "\x01\0\0\x40", 4);
	}
}

void peer_answer(struct run *r, struct slot *slot, uint8_t code)
{
	enum { NAK = 3 };
	for (size_t i = 0; i < PROTOCOLS && slot->session; i++) {
		uint8_t bytes[sizeof(slot->requests[i].bytes)];
		size_t length = slot->requests[i].length;
		if (!length)
			continue;
		slot->requests[i].length = 0;
		memcpy(bytes, slot->requests[i].bytes, length);
		bytes[2] = code;
		if (code == NAK && is_client(r))
			put_wishes(negotiated[i], bytes + 2, length - 2);
		peer_send_frame(r, slot, bytes, length);
	}
}
