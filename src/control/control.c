/* The control connection, RFC 2637 §3.1: start, liveness, stop; and the doors of the room. */
#include "control/control.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "control/machine.h"

enum {
	FIRMWARE = 1,
	/* Answers that may wait in the outbox before the next message is looked at. The answer to
	 * any one message, the end of all calls included, is far smaller than what then remains. */
	ANSWERS_MAX = OUTBOX_LIMIT / 2,
};

static void enter(struct control *c, enum control_state state, uint64_t now_ms)
{
	c->state = state;
	c->since_ms = now_ms;
}

static void trace(const struct control *c, const char *way, const struct control_message *m)
{
	char text[CONTROL_PRINT_MAX];
	if (c->settings->trace)
		outbox_print(c->out, CONTROL_TRACE, "%s %s", way,
			     control_print(m, text, sizeof(text)));
}

void control_send(struct control *c, const struct control_message *m)
{
	uint8_t bytes[CONTROL_MESSAGE_MAX];
	size_t length = control_encode(m, bytes);
	outbox_put(c->out, CONTROL_SEND, bytes, length);
	trace(c, "sent", m);
}

void control_close(struct control *c, const char *format, ...)
{
	char reason[160];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	calls_go_down(c, reason);
	c->state = CONTROL_CLOSED;
	outbox_put(c->out, CONTROL_CLOSE, reason, strlen(reason));
}

static const char *state_name(enum control_state state)
{
	static const char *const names[] = {
		[CONTROL_IDLE] = "idle",
		[CONTROL_WAIT_CTL_REPLY] = "wait-ctl-reply",
		[CONTROL_ESTABLISHED_STATE] = "established",
		[CONTROL_WAIT_STOP_REPLY] = "wait-stop-reply",
		[CONTROL_CLOSED] = "closed",
	};
	return names[state];
}

/* Start: who we are, who they are */

/* On the wire a name is padded with zeros, and one of 64 octets has none. */
static void name_fill(char to[static 64], const char *name)
{
	if (name)
		memcpy(to, name, strnlen(name, 64));
}

static void established(struct control *c, uint16_t firmware, const char *host, const char *vendor,
			uint64_t now_ms)
{
	char host_text[4 * 64 + 1], vendor_text[4 * 64 + 1];
	memcpy(c->peer_host, host, strnlen(host, 64));
	memcpy(c->peer_vendor, vendor, strnlen(vendor, 64));
	c->peer_firmware = firmware;
	enter(c, CONTROL_ESTABLISHED_STATE, now_ms);
	text_escape(host_text, sizeof(host_text), c->peer_host, strlen(c->peer_host));
	text_escape(vendor_text, sizeof(vendor_text), c->peer_vendor, strlen(c->peer_vendor));
	outbox_print(c->out, CONTROL_REPORT, "control=established host=%s vendor=%s firmware=%u",
		     host_text, vendor_text, firmware);
	outbox_put(c->out, CONTROL_ESTABLISHED, NULL, 0);
}

static void start_request_send(struct control *c)
{
	struct control_message m = {
		.type = START_CONTROL_CONNECTION_REQUEST,
		.start_request = {.protocol_version = CONTROL_VERSION,
				  .framing_capabilities = FRAMING_ASYNC | FRAMING_SYNC,
				  .bearer_capabilities = BEARER_ANALOG | BEARER_DIGITAL,
				  .firmware_revision = FIRMWARE}};
	name_fill(m.start_request.host_name, c->settings->host_name);
	name_fill(m.start_request.vendor, c->settings->vendor);
	control_send(c, &m);
}

static void start_reply_send(struct control *c, enum sccrp_result result)
{
	struct control_message m = {
		.type = START_CONTROL_CONNECTION_REPLY,
		.start_reply = {.protocol_version = CONTROL_VERSION,
				.result_code = (uint8_t)result,
				.framing_capabilities = FRAMING_ASYNC | FRAMING_SYNC,
				.bearer_capabilities = BEARER_ANALOG | BEARER_DIGITAL,
				.maximum_channels =
					MIN_OF(c->settings->calls_max, CONTROL_CALLS_MAX),
				.firmware_revision = FIRMWARE}};
	name_fill(m.start_reply.host_name, c->settings->host_name);
	name_fill(m.start_reply.vendor, c->settings->vendor);
	control_send(c, &m);
}

/* A later version than ours is answered with ours, and the peer may take it or leave (§3.1.2). */
static void on_start_request(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	const struct start_request *r = &m->start_request;
	if (c->state != CONTROL_IDLE) {
		start_reply_send(c, SCCRP_CHANNEL_EXISTS);
		outbox_print(c->out, CONTROL_REPORT,
			     "refused=Start-Control-Connection-Request reason=\"second on this "
			     "connection\"");
		return;
	}
	if (r->protocol_version < CONTROL_VERSION) {
		start_reply_send(c, SCCRP_VERSION);
		control_close(c, "protocol version 0x%04x is not supported", r->protocol_version);
		return;
	}
	start_reply_send(c, SCCRP_SUCCESS);
	established(c, r->firmware_revision, r->host_name, r->vendor, now_ms);
}

static void stop_request_send(struct control *c, enum stop_reason reason, uint64_t now_ms)
{
	control_send(c, &(struct control_message){.type = STOP_CONTROL_CONNECTION_REQUEST,
						  .stop_request = {.reason = (uint8_t)reason}});
	enter(c, CONTROL_WAIT_STOP_REPLY, now_ms);
}

/* Some ADSL modems answer with result 0 and mean success (seen by pptp-linux). */
static void on_start_reply(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	const struct start_reply *r = &m->start_reply;
	if (r->result_code > SCCRP_SUCCESS) {
		control_close(c, "start refused by peer: result=%u (%s) error=%u (%s)",
			      r->result_code, control_result_name(m->type, r->result_code),
			      r->error_code, control_error_name(r->error_code));
		return;
	}
	if (r->protocol_version >> 8 != CONTROL_VERSION >> 8) {
		outbox_print(c->out, CONTROL_REPORT,
			     "refused=Start-Control-Connection-Reply version=0x%04x",
			     r->protocol_version);
		stop_request_send(c, STOP_PROTOCOL, now_ms);
		return;
	}
	established(c, r->firmware_revision, r->host_name, r->vendor, now_ms);
}

/* Liveness */

static void on_echo_request(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	control_send(c, &(struct control_message){
				.type = ECHO_REPLY,
				.echo_reply = {.identifier = m->echo_request.identifier,
					       .result_code = ECHO_OK}});
}

/* Whatever its identifier says, an Echo-Reply proves that the peer lives. */
static void on_echo_reply(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	if (!c->echo_waiting || m->echo_reply.identifier != c->echo_identifier)
		outbox_print(c->out, CONTROL_REPORT, "unexpected=Echo-Reply identifier=%u",
			     m->echo_reply.identifier);
	c->echo_waiting = false;
}

static void echo_request_send(struct control *c, uint64_t now_ms)
{
	c->echo_waiting = true;
	c->echo_sent_ms = now_ms;
	c->echo_identifier = random_u32(c->random);
	control_send(c,
		     &(struct control_message){.type = ECHO_REQUEST,
					       .echo_request = {.identifier = c->echo_identifier}});
}

/* Stop */

static void on_stop_request(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	control_send(c, &(struct control_message){.type = STOP_CONTROL_CONNECTION_REPLY,
						  .stop_reply = {.result_code = STOP_OK}});
	control_close(c, "stopped by peer: reason=%u", m->stop_request.reason);
}

static void on_stop_reply(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	control_close(c, "stopped by us");
}

void control_stop(struct control *c, uint64_t now_ms)
{
	if (c->state == CONTROL_IDLE || c->state == CONTROL_WAIT_CTL_REPLY)
		control_close(c, "stopped by us before the start");
	if (c->state != CONTROL_ESTABLISHED_STATE)
		return;
	calls_take_leave(c);
	calls_go_down(c, "control connection stopped by us");
	stop_request_send(c, STOP_LOCAL_SHUTDOWN, now_ms);
}

/* Which message is welcome when, and who deals with it */

#define IN(state) (1u << CONTROL_##state)
#define UP        (1u << CONTROL_ESTABLISHED_STATE)

struct welcome {
	unsigned states;
	control_handler *as_pac, *as_pns; /* NULL: not for this role */
};

/* clang-format off */
static const struct welcome welcomes[CONTROL_MESSAGE_TYPES] = {
/*                                     in these states              as PAC                     as PNS                     */
[START_CONTROL_CONNECTION_REQUEST] = { IN(IDLE) | UP,               on_start_request,          NULL                       },
[START_CONTROL_CONNECTION_REPLY]   = { IN(WAIT_CTL_REPLY),          NULL,                      on_start_reply             },
[STOP_CONTROL_CONNECTION_REQUEST]  = { UP | IN(WAIT_STOP_REPLY),    on_stop_request,           on_stop_request            },
[STOP_CONTROL_CONNECTION_REPLY]    = { IN(WAIT_STOP_REPLY),         on_stop_reply,             on_stop_reply              },
[ECHO_REQUEST]                     = { UP | IN(WAIT_STOP_REPLY),    on_echo_request,           on_echo_request            },
[ECHO_REPLY]                       = { UP,                          on_echo_reply,             on_echo_reply              },
[OUTGOING_CALL_REQUEST]            = { UP,                          call_on_outgoing_request,  NULL                       },
[OUTGOING_CALL_REPLY]              = { UP,                          NULL,                      call_on_outgoing_reply     },
[INCOMING_CALL_REQUEST]            = { UP,                          call_on_incoming_request,  call_on_incoming_request   },
[INCOMING_CALL_REPLY]              = { 0,                           NULL,                      NULL                       },
[INCOMING_CALL_CONNECTED]          = { 0,                           NULL,                      NULL                       },
[CALL_CLEAR_REQUEST]               = { UP,                          call_on_clear_request,     NULL                       },
[CALL_DISCONNECT_NOTIFY]           = { UP,                          NULL,                      call_on_disconnect_notify  },
[WAN_ERROR_NOTIFY]                 = { UP,                          call_on_wan_error_notify,  call_on_wan_error_notify   },
[SET_LINK_INFO]                    = { UP,                          call_on_set_link_info,     call_on_set_link_info      },
}; /* clang-format on */

/* Before the start it ends the connection: this is no peer of ours.
 * During the stop it is what was already on its way. */
static void on_unwelcome(struct control *c, const struct control_message *m)
{
	const char *name = control_message_row(m->type)->name;
	if (c->state == CONTROL_IDLE || c->state == CONTROL_WAIT_CTL_REPLY)
		control_close(c, "%s before the start", name);
	else if (c->state == CONTROL_ESTABLISHED_STATE)
		outbox_print(c->out, CONTROL_REPORT, "unexpected=%s state=%s role=%s", name,
			     state_name(c->state),
			     c->settings->role == CONTROL_PAC ? "pac" : "pns");
}

static void on_message(struct control *c, const uint8_t *bytes, size_t length, uint64_t now_ms)
{
	struct control_message m;
	bool whole = control_decode(&m, bytes, length);
	assert(whole); /* the framer checked the header and the size */
	c->heard_ms = now_ms;
	trace(c, "received", &m);
	const struct welcome *w = &welcomes[m.type];
	control_handler *handler = c->settings->role == CONTROL_PAC ? w->as_pac : w->as_pns;
	if (handler && w->states & 1u << c->state)
		handler(c, &m, now_ms);
	else
		on_unwelcome(c, &m);
}

/* The doors */

void control_init(struct control *c, const struct control_settings *settings,
		  const struct random *random, struct outbox *out, uint64_t now_ms)
{
	*c = (struct control){.settings = settings, .random = random, .out = out};
	c->heard_ms = now_ms;
	enter(c, settings->role == CONTROL_PAC ? CONTROL_IDLE : CONTROL_WAIT_CTL_REPLY, now_ms);
	if (settings->role == CONTROL_PNS)
		start_request_send(c);
}

void control_on_bytes(struct control *c, const uint8_t *bytes, size_t length, uint64_t now_ms)
{
	struct reader in = reader_of(bytes, length);
	while (c->state != CONTROL_CLOSED) {
		const uint8_t *message;
		size_t size;
		enum framer_answer answer = framer_next(&c->framer, &in, &message, &size);
		if (answer == FRAMER_MORE)
			return;
		if (answer != FRAMER_MESSAGE)
			control_close(c, "%s", framer_answer_name(answer));
		else if (c->out->length > ANSWERS_MAX)
			control_close(c, "more messages at once than are answered");
		else
			on_message(c, message, size, now_ms);
	}
}

void control_on_lost(struct control *c, const char *reason, uint64_t now_ms)
{
	calls_go_down(c, reason);
	c->state = CONTROL_CLOSED;
}

static uint64_t echo_deadline(const struct control *c)
{
	if (c->echo_waiting)
		return c->echo_sent_ms + CONTROL_STAGE_MS;
	return c->settings->echo_ms ? c->heard_ms + c->settings->echo_ms : UINT64_MAX;
}

static uint64_t stage_deadline(const struct control *c)
{
	uint32_t first_ms = c->settings->first_message_ms;
	switch (c->state) {
	case CONTROL_IDLE:
		return c->since_ms +
		       (first_ms ? MIN_OF(first_ms, CONTROL_STAGE_MS) : CONTROL_STAGE_MS);
	case CONTROL_WAIT_CTL_REPLY:
	case CONTROL_WAIT_STOP_REPLY:
		return c->since_ms + CONTROL_STAGE_MS;
	default:
		return UINT64_MAX;
	}
}

uint64_t control_deadline(const struct control *c)
{
	if (c->state != CONTROL_ESTABLISHED_STATE)
		return stage_deadline(c);
	uint64_t calls = calls_deadline(c), echo = echo_deadline(c);
	return MIN_OF(calls, echo);
}

void control_on_time(struct control *c, uint64_t now_ms)
{
	if (c->state != CONTROL_ESTABLISHED_STATE) {
		if (now_ms >= stage_deadline(c))
			control_close(
				c,
				c->state == CONTROL_IDLE ? "no %s in time"
							 : "no answer in state %s in time",
				c->state == CONTROL_IDLE
					? control_message_row(START_CONTROL_CONNECTION_REQUEST)
						  ->name
					: state_name(c->state));
		return;
	}
	calls_on_time(c, now_ms);
	if (c->state != CONTROL_ESTABLISHED_STATE || now_ms < echo_deadline(c))
		return;
	if (c->echo_waiting)
		control_close(c, "no Echo-Reply in time");
	else
		echo_request_send(c, now_ms);
}
