/* For the tests of this room: one machine on a bench, and what it put as lines of text. */
#pragma once
#include "base/base.h"
#include "control/control.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

struct bench {
	struct control control;
	struct control_settings settings;
	struct outbox out;
	struct random random;
	uint64_t seed, now_ms;
	char said[64 * 1024]; /* what `bench_said` returned last */
};

static inline void bench_init(struct bench *b, enum control_role role)
{
	memset(b, 0, sizeof(*b));
	b->seed = 1723;
	b->random = test_random(&b->seed);
	b->now_ms = 1000000;
	b->settings = (struct control_settings){.role = role,
						.host_name = "here",
						.vendor = "us",
						.first_message_ms = 10000,
						.echo_ms = CONTROL_ECHO_MS,
						.window = 64,
						.connect_speed = 100000000,
						.calls_max = 4};
	control_init(&b->control, &b->settings, &b->random, &b->out, b->now_ms);
}

static inline void bench_fini(struct bench *b)
{
	outbox_fini(&b->out);
}

static inline int print_sent(const struct action *a, char *to, size_t size)
{
	struct control_message m;
	assert_true(control_decode(&m, a->bytes, a->length));
	const char *name = control_message_row(m.type)->name;
	switch (m.type) {
	case START_CONTROL_CONNECTION_REPLY:
		return snprintf(to, size, "SEND %s result=%u", name, m.start_reply.result_code);
	case STOP_CONTROL_CONNECTION_REQUEST:
		return snprintf(to, size, "SEND %s reason=%u", name, m.stop_request.reason);
	case ECHO_REPLY:
		return snprintf(to, size, "SEND %s id=%x result=%u", name, m.echo_reply.identifier,
				m.echo_reply.result_code);
	case OUTGOING_CALL_REQUEST:
		return snprintf(to, size, "SEND %s %u", name, m.outgoing_call_request.call_id);
	case OUTGOING_CALL_REPLY:
		return snprintf(to, size, "SEND %s %u>%u result=%u.%u", name,
				m.outgoing_call_reply.call_id, m.outgoing_call_reply.peer_call_id,
				m.outgoing_call_reply.result_code,
				m.outgoing_call_reply.error_code);
	case INCOMING_CALL_REPLY:
		return snprintf(to, size, "SEND %s %u>%u result=%u.%u", name,
				m.incoming_call_reply.call_id, m.incoming_call_reply.peer_call_id,
				m.incoming_call_reply.result_code,
				m.incoming_call_reply.error_code);
	case CALL_CLEAR_REQUEST:
		return snprintf(to, size, "SEND %s %u", name, m.call_clear_request.call_id);
	case CALL_DISCONNECT_NOTIFY:
		return snprintf(to, size, "SEND %s %u result=%u", name,
				m.call_disconnect_notify.call_id,
				m.call_disconnect_notify.result_code);
	default:
		return snprintf(to, size, "SEND %s", name);
	}
}

static inline int print_event(const char *name, const struct action *a, char *to, size_t size)
{
	struct control_event e;
	assert_int_equal(a->length, sizeof(e));
	memcpy(&e, a->bytes, sizeof(e));
	assert_true(memchr(e.reason, 0, sizeof(e.reason)));
	int length =
		snprintf(to, size, "%s slot=%u %u>%u", name, e.slot, e.call_id, e.peer_call_id);
	if (a->kind == CONTROL_CALL_DOWN)
		length += snprintf(to + length, size - (size_t)length, " %u.%u.%u", e.result,
				   e.error, e.cause);
	if (e.reason[0])
		length += snprintf(to + length, size - (size_t)length, " %s", e.reason);
	return length;
}

static inline int print_action(const struct action *a, char *to, size_t size)
{
	switch (a->kind) {
	case CONTROL_SEND:
		return print_sent(a, to, size);
	case CONTROL_CLOSE:
		return snprintf(to, size, "CLOSE %.*s", (int)a->length, (const char *)a->bytes);
	case CONTROL_ESTABLISHED:
		return snprintf(to, size, "ESTABLISHED");
	case CONTROL_CALL_ASKED:
		return print_event("ASKED", a, to, size);
	case CONTROL_CALL_UP:
		return print_event("UP", a, to, size);
	case CONTROL_CALL_DOWN:
		return print_event("DOWN", a, to, size);
	case CONTROL_LINK_INFO:
		return print_event("LINK", a, to, size);
	case CONTROL_WAN_ERRORS:
		return print_event("WAN", a, to, size);
	case CONTROL_REPORT:
		return snprintf(to, size, "REPORT %.*s", (int)a->length, (const char *)a->bytes);
	case CONTROL_TRACE:
		return snprintf(to, size, "TRACE %.*s", (int)a->length, (const char *)a->bytes);
	default:
		fail_msg("unknown action %u", a->kind);
		return 0;
	}
}

/* Takes all actions, a line each. */
static inline const char *bench_said(struct bench *b)
{
	struct action action;
	size_t used = 0;
	b->said[0] = 0;
	while (outbox_take(&b->out, &action)) {
		used += (size_t)print_action(&action, b->said + used, sizeof(b->said) - used);
		assert_true(used + 2 < sizeof(b->said));
		b->said[used++] = '\n';
		b->said[used] = 0;
	}
	return b->said;
}

static inline void bench_hears(struct bench *b, const struct control_message *m)
{
	uint8_t bytes[CONTROL_MESSAGE_MAX];
	size_t length = control_encode(m, bytes);
	control_on_bytes(&b->control, bytes, length, b->now_ms);
}

/* Forward to what the machine waits for, and tells it. */
static inline void bench_waits(struct bench *b)
{
	uint64_t deadline = control_deadline(&b->control);
	assert_true(deadline != UINT64_MAX && deadline >= b->now_ms);
	control_on_time(&b->control, deadline - 1);
	assert_true(outbox_is_empty(&b->out)); /* not before its time */
	b->now_ms = deadline;
	control_on_time(&b->control, deadline);
}

#define assert_said(bench, expected) assert_string_equal(bench_said(bench), expected)

static const struct control_message start_request = {
	.type = START_CONTROL_CONNECTION_REQUEST,
	.start_request = {.protocol_version = 0x0100,
			  .firmware_revision = 2195,
			  .vendor = "Microsoft Windows NT"}};
static const struct control_message start_reply = {.type = START_CONTROL_CONNECTION_REPLY,
						   .start_reply = {.protocol_version = 0x0100,
								   .result_code = 1,
								   .host_name = "local",
								   .vendor = "linux"}};

static inline struct control_message request_of(uint16_t call_id)
{
	return (struct control_message){.type = OUTGOING_CALL_REQUEST,
					.outgoing_call_request = {.call_id = call_id,
								  .call_serial_number = 9,
								  .window_size = 3}};
}

/* A machine that has its start behind it. */
static inline void bench_established(struct bench *b, enum control_role role)
{
	bench_init(b, role);
	bench_hears(b, role == CONTROL_PAC ? &start_request : &start_reply);
	assert_int_equal(b->control.state, CONTROL_ESTABLISHED_STATE);
	bench_said(b);
}

/* A PAC with a call in slot 0: the peer's id 7, ours 1007. */
static inline void bench_with_call(struct bench *b)
{
	bench_established(b, CONTROL_PAC);
	struct control_message request = request_of(7);
	bench_hears(b, &request);
	control_call_accept(&b->control, 0, 1007, b->now_ms);
	bench_said(b);
}

/* A PNS with a call in slot 0: ours 500, the PAC's 900. */
static inline void bench_with_placed_call(struct bench *b)
{
	bench_established(b, CONTROL_PNS);
	assert_int_equal(control_call_place(&b->control, 500, b->now_ms), 0);
	bench_hears(b, &(struct control_message){.type = OUTGOING_CALL_REPLY,
						 .outgoing_call_reply = {.call_id = 900,
									 .peer_call_id = 500,
									 .result_code = 1}});
	bench_said(b);
}
