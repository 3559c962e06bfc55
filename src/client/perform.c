/* The one switch that turns the actions of sessions and connections into system calls, questions and
 * callbacks. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "base/secret.h"
#include "client/dialer.h"

static void send_control(struct dialer *dialer, const struct action_view *action)
{
	struct line *line = dialer_line(dialer, action->id);
	if (!line || line->closing)
		return;
	if (stream_send(&line->stream, action->bytes, action->length) && line->connection)
		connection_on_lost(line->connection, "the server takes no more control messages",
				   dialer->loop->now_ms);
	dialer_touch_line(dialer, line);
}

static void close_control(struct dialer *dialer, const struct action_view *action)
{
	char why[128];
	struct line *line = dialer_line(dialer, action->id);
	if (!line || line->closing)
		return;
	snprintf(why, sizeof(why), "%.*s", (int)action->length, (const char *)action->bytes);
	dialer_close_line(dialer, line, why);
}

static void on_connected(struct dialer *dialer, uint32_t id)
{
	struct line *line = dialer_line(dialer, id);
	if (line && line->connection)
		dialer->events->on_line_up(dialer->context, line);
}

/* A server calls us back (RFC 2637 §2.9), which nobody asked for. */
static void refuse_call(struct dialer *dialer, const struct action_view *action)
{
	struct control_event event;
	struct line *line = dialer_line(dialer, action->id);
	if (!line || !line->connection)
		return;
	memcpy(&event, action->bytes, sizeof(event));
	connection_refuse(line->connection, event.slot, OCRP_DO_NOT_ACCEPT, 0,
			  dialer->loop->now_ms);
	dialer_touch_line(dialer, line);
}

static void ask(struct dialer *dialer, const struct session *session, const uint8_t *bytes)
{
	struct action_question question;
	memcpy(&question, bytes, sizeof(question));
	if (registrar_ask(dialer->registrar, session->id, question.number, &question.proof))
		log_error("session=%u the registrar takes no questions", session->id);
	secret_wipe(&question, sizeof(question));
}

static void for_call(struct dialer *dialer, struct call *call, const struct action_view *action)
{
	struct link_end end;
	switch (action->kind) {
	case ACTION_SEND_GRE:
		path_send_frame(&dialer->path, call->session, action->bytes, action->length);
		break;
	case ACTION_ASK:
		ask(dialer, call->session, action->bytes);
		break;
	case ACTION_IPV4_UP:
	case ACTION_IPV4_DOWN:
		dialer_touch(dialer, call); /* the stage is told before what it brings */
		dialer->events->on_network(dialer->context, call, true,
					   action->kind == ACTION_IPV4_UP);
		break;
	case ACTION_IPV6_UP:
	case ACTION_IPV6_DOWN:
		dialer_touch(dialer, call);
		dialer->events->on_network(dialer->context, call, false,
					   action->kind == ACTION_IPV6_UP);
		break;
	case ACTION_SESSION_ENDED:
		memcpy(&end, action->bytes, sizeof(end));
		dialer_end_call(dialer, call, &end);
		return;
	default: /* RELEASE: there is no pool here */
		break;
	}
	dialer_touch(dialer, call);
}

static void perform_one(struct dialer *dialer, const struct action_view *action)
{
	struct call *call;
	switch (action->kind) {
	case ACTION_SEND_CONTROL:
		send_control(dialer, action);
		break;
	case ACTION_CLOSE_CONTROL:
		close_control(dialer, action);
		break;
	case ACTION_CONNECTED:
		on_connected(dialer, action->id);
		break;
	case ACTION_CALL_ASKED:
		refuse_call(dialer, action);
		break;
	case ACTION_LOG:
		log_at((enum log_level)action->bytes[0], "%.*s", (int)action->length - 1,
		       (const char *)action->bytes + 1);
		break;
	default:
		call = dialer_call_by_id(dialer, action->id);
		if (call)
			for_call(dialer, call, action);
		break;
	}
}

void dialer_perform(struct dialer *dialer)
{
	struct action_view action;
	if (dialer->performing)
		return; /* the outermost one carries it out */
	dialer->performing = true;
	while (action_take(&dialer->host, &action)) {
		/* What is carried out may put more, and so move the outbox. */
		size_t length = MIN_OF(action.length, sizeof(dialer->in_hand));
		memcpy(dialer->in_hand, action.bytes, length);
		action.bytes = dialer->in_hand;
		perform_one(dialer, &action);
	}
	dialer->performing = false;
}
