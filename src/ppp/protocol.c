#include "ppp/protocol.h"

#include <string.h>

#include "base/base.h"
#include "ppp/frame.h"
#include "ppp/link.h"

enum {
	PACKET_HEADER = 4, /* code, identifier, length */
	PACKET_MAX = 1500, /* longest that we send */
	TRACED = 64,       /* octets of data in a trace */
};

void protocol_init(struct protocol *p, const struct protocol_kind *kind, const struct option *table,
		   size_t count, const struct fsm_settings *settings, struct outbox *out)
{
	*p = (struct protocol){.kind = kind, .out = out, .peer_mru = 1500};
	fsm_init(&p->fsm, settings);
	options_init(&p->options, table, count, settings->max_failure);
}

void protocol_send(struct protocol *p, uint8_t code, uint8_t identifier, const void *data,
		   size_t length)
{
	uint8_t frame[FRAME_HEADER + PACKET_MAX];
	size_t limit = MIN_OF(p->peer_mru, PACKET_MAX) - (size_t)PACKET_HEADER;
	struct writer out = writer_of(frame, sizeof(frame));
	length = MIN_OF(length, limit);
	write_u16(&out, 0xff03);
	write_u16(&out, p->kind->number);
	write_u8(&out, code);
	write_u8(&out, identifier);
	write_u16(&out, (uint16_t)(PACKET_HEADER + length));
	write_bytes(&out, data, length);
	outbox_put(p->out, LINK_FRAME, frame, out.length);
	protocol_trace(p, "sent", frame + FRAME_HEADER, PACKET_HEADER + length);
}

static void hex_put(char to[static 3], uint8_t octet)
{
	static const char digits[] = "0123456789abcdef";
	to[0] = digits[octet >> 4];
	to[1] = digits[octet & 15];
	to[2] = 0;
}

void protocol_trace(struct protocol *p, const char *direction, const uint8_t *packet, size_t length)
{
	static const char *const codes[] = {
		"vendor",           "configure-request", "configure-ack", "configure-nak",
		"configure-reject", "terminate-request", "terminate-ack", "code-reject",
		"protocol-reject",  "echo-request",      "echo-reply",    "discard-request",
		"identification",   "time-remaining",    "reset-request", "reset-ack",
	};
	char hex[2 * TRACED + 1] = "";
	if (length < PACKET_HEADER)
		return;
	for (size_t i = 0; i < MIN_OF(length - PACKET_HEADER, TRACED); i++)
		hex_put(hex + 2 * i, packet[PACKET_HEADER + i]);
	outbox_print(p->out, LINK_TRACE, "%s %s %s id=%u %s", direction, p->kind->name,
		     packet[0] < COUNT_OF(codes) ? codes[packet[0]] : "unknown-code", packet[1],
		     hex);
}

static void send_request(struct protocol *p, bool again)
{
	uint8_t bytes[OPTIONS_REQUEST_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));
	options_request(&p->options, &out);
	if (!again || !p->request_open) /* RFC 1661 §5.1: only a retransmission keeps its number */
		p->request_identifier = ++p->identifier;
	p->request_open = true;
	protocol_send(p, CODE_CONFIGURE_REQUEST, p->request_identifier, bytes, out.length);
}

/* What an answer needs to know of the packet that it answers. */
struct answer {
	uint8_t code, identifier;
	const void *data;
	size_t length;
};

static bool is_negotiating(enum fsm_state state)
{
	return state >= FSM_REQ_SENT && state <= FSM_ACK_SENT;
}

static void begin(struct protocol *p)
{
	p->options.naks_sent = p->options.naks_received = 0;
	p->kind->begin(p);
}

static unsigned step(struct protocol *p, enum fsm_event event, const struct answer *answer,
		     uint64_t now_ms)
{
	/* A peer's request that begins a negotiation was
	 * judged by fresh options: see on_request. */
	bool begun =
		is_negotiating(p->fsm.state) || event == FSM_RCR_PLUS || event == FSM_RCR_MINUS;
	unsigned actions = fsm_step(&p->fsm, event, now_ms);
	if (actions & FSM_IMPOSSIBLE)
		return 0;
	if (actions & FSM_SCR && !begun)
		begin(p);
	if (actions & FSM_SCR)
		send_request(p, event == FSM_TO_PLUS);
	if (actions & FSM_STR)
		protocol_send(p, CODE_TERMINATE_REQUEST, ++p->identifier, p->goodbye,
			      strlen(p->goodbye));
	if (answer && actions & (FSM_SCA | FSM_SCN | FSM_SCJ))
		protocol_send(p, answer->code, answer->identifier, answer->data, answer->length);
	if (answer && actions & FSM_SCA)
		p->acked_identifier = answer->identifier;
	if (answer && actions & FSM_STA)
		protocol_send(p, CODE_TERMINATE_ACK, answer->identifier, NULL, 0);
	return actions & FSM_LAYER;
}

unsigned protocol_event(struct protocol *p, enum fsm_event event, uint64_t now_ms)
{
	return step(p, event, NULL, now_ms);
}

unsigned protocol_on_time(struct protocol *p, uint64_t now_ms)
{
	enum fsm_event event = fsm_timed_out(&p->fsm, now_ms);
	return event == FSM_EVENTS ? 0 : step(p, event, NULL, now_ms);
}

/* A packet's fields, its padding cut off. */
struct control_packet {
	uint8_t code, identifier;
	struct reader data;
};

static bool decode(struct control_packet *c, const uint8_t *packet, size_t length)
{
	struct reader in = reader_of(packet, length);
	c->code = read_u8(&in);
	c->identifier = read_u8(&in);
	uint16_t whole = read_u16(&in);
	if (in.failed || whole < PACKET_HEADER || whole - (size_t)PACKET_HEADER > in.left)
		return false;
	c->data = reader_of(in.next, whole - (size_t)PACKET_HEADER);
	return true;
}

static enum drop on_request(struct protocol *p, const struct control_packet *c, uint64_t now_ms,
			    unsigned *layer)
{
	static const uint8_t codes[] = {[OPTIONS_ACK] = CODE_CONFIGURE_ACK,
					[OPTIONS_NAK] = CODE_CONFIGURE_NAK,
					[OPTIONS_REJECT] = CODE_CONFIGURE_REJECT};
	uint8_t bytes[2048 + OPTIONS_REQUEST_MAX];
	struct writer reply = writer_of(bytes, sizeof(bytes));
	if (p->fsm.state == FSM_STOPPED || p->fsm.state == FSM_OPENED)
		begin(p);
	enum options_verdict verdict = options_judge(&p->options, c->data, &reply);
	if (verdict == OPTIONS_MALFORMED || reply.failed)
		return DROP_PPP_CODE;
	struct answer answer = {codes[verdict], c->identifier, bytes, reply.length};
	*layer |= step(p, verdict == OPTIONS_ACK ? FSM_RCR_PLUS : FSM_RCR_MINUS, &answer, now_ms);
	return DROP_NONE;
}

/* An Ack, Nak or Reject, which must answer our last request and match it. */
static enum drop on_reply(struct protocol *p, const struct control_packet *c, uint64_t now_ms,
			  unsigned *layer)
{
	if (!p->request_open || c->identifier != p->request_identifier)
		return DROP_PPP_CODE;
	bool matches = c->code == CODE_CONFIGURE_ACK   ? options_on_ack(&p->options, c->data)
		       : c->code == CODE_CONFIGURE_NAK ? options_on_nak(&p->options, c->data)
						       : options_on_reject(&p->options, c->data);
	if (!matches)
		return DROP_PPP_CODE;
	p->request_open = false;
	*layer |= step(p, c->code == CODE_CONFIGURE_ACK ? FSM_RCA : FSM_RCN, NULL, now_ms);
	return DROP_NONE;
}

/* RFC 1661 §5.6: the codes without which nothing can be negotiated are not to be refused. */
static unsigned on_code_reject(struct protocol *p, const struct control_packet *c, uint64_t now_ms)
{
	if (!c->data.left)
		return 0;
	uint8_t code = c->data.next[0];
	bool fatal = code >= CODE_CONFIGURE_REQUEST && code <= CODE_CODE_REJECT;
	p->rejected_code = (uint8_t)(code + 1);
	return step(p, fatal ? FSM_RXJ_MINUS : FSM_RXJ_PLUS, NULL, now_ms);
}

static enum drop on_unknown(struct protocol *p, const struct control_packet *c,
			    const uint8_t *packet, size_t length, uint64_t now_ms, unsigned *layer)
{
	if (p->kind->extra && p->kind->extra(p, c->code, c->identifier, c->data))
		return DROP_NONE;
	struct answer answer = {CODE_CODE_REJECT, ++p->identifier, packet, length};
	*layer |= step(p, FSM_RUC, &answer, now_ms);
	return DROP_PPP_CODE;
}

enum drop protocol_on_packet(struct protocol *p, const uint8_t *packet, size_t length,
			     uint64_t now_ms, unsigned *layer)
{
	struct control_packet c;
	protocol_trace(p, "recv", packet, length);
	if (!decode(&c, packet, length) || p->fsm.state <= FSM_STARTING)
		return DROP_PPP_CODE;
	struct answer answer = {.identifier = c.identifier};
	switch (c.code) {
	case CODE_CONFIGURE_REQUEST:
		return on_request(p, &c, now_ms, layer);
	case CODE_CONFIGURE_ACK:
	case CODE_CONFIGURE_NAK:
	case CODE_CONFIGURE_REJECT:
		return on_reply(p, &c, now_ms, layer);
	case CODE_TERMINATE_REQUEST:
		*layer |= step(p, FSM_RTR, &answer, now_ms);
		return DROP_NONE;
	case CODE_TERMINATE_ACK:
		*layer |= step(p, FSM_RTA, NULL, now_ms);
		return DROP_NONE;
	case CODE_CODE_REJECT:
		*layer |= on_code_reject(p, &c, now_ms);
		return DROP_NONE;
	default:
		return on_unknown(p, &c, packet, PACKET_HEADER + c.data.left, now_ms, layer);
	}
}
