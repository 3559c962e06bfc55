/* The one switch that turns the actions of sessions and connections into system calls and messages.
 */
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "base/log.h"
#include "base/secret.h"
#include "server/engine.h"

static struct member *member_of(const struct engine *engine, uint32_t id)
{
	return table_by_id(&engine->table, id);
}

static void send_control(struct engine *engine, const struct action_view *action)
{
	struct line *line = engine_line(engine, action->id);
	if (!line)
		return;
	if (stream_send(&line->stream, action->bytes, action->length))
		connection_on_lost(line->connection, "the peer takes no more control messages",
				   engine->loop->now_ms);
	engine_touch_line(engine, line);
}

static void on_call(struct engine *engine, uint32_t id, const uint8_t *bytes)
{
	struct control_event event;
	struct line *line = engine_line(engine, id);
	if (!line)
		return;
	memcpy(&event, bytes, sizeof(event));
	struct member *member = engine_add_session(engine, line->connection);
	if (member) {
		engine->counters.calls_accepted++;
		connection_accept(line->connection, event.slot, member->session,
				  engine->loop->now_ms);
		engine_touch(engine, member);
	} else {
		char caller[ADDRESS_TEXT];
		engine->counters.calls_refused++;
		engine_say(engine, LOG_LEVEL_WARNING, "control=%u caller=%s call=refused: %s", id,
			   address_print(line->connection->caller.address, caller),
			   engine->stopping ? "the server stops" : "all connections are in use");
		connection_refuse(line->connection, event.slot, OCRP_BUSY, 0, engine->loop->now_ms);
	}
	engine_touch_line(engine, line);
}

static void ask(struct engine *engine, const struct session *session, const uint8_t *bytes)
{
	struct action_question question;
	memcpy(&question, bytes, sizeof(question));
	struct message_login login = {.session = session->id,
				      .number = question.number,
				      .caller = session->caller.address,
				      .called = session->called,
				      .proof = question.proof};
	if (seam_end_send(engine->authority, MESSAGE_LOGIN, &login))
		engine_say(engine, LOG_LEVEL_ERROR, "session=%u the authority takes no questions",
			   session->id);
	secret_wipe(&login, sizeof(login));
	secret_wipe(&question, sizeof(question));
}

static uint64_t seconds_up(const struct engine *engine, const struct session *session)
{
	return session->up_ms ? (engine->loop->now_ms - session->up_ms) / 1000 : 0;
}

static void release(struct engine *engine, const struct session *session)
{
	struct message_release message = {.session = session->id,
					  .octets_in = session->account.octets_in,
					  .octets_out = session->account.octets_out,
					  .seconds = seconds_up(engine, session)};
	if (seam_end_send(engine->authority, MESSAGE_RELEASE, &message))
		log_error("session=%u the authority takes no messages", session->id);
}

static void tell_keeper(struct engine *engine, const struct session *session, uint16_t kind)
{
	struct message_network message = {
		.session = session->id,
		.caller = session->caller.address,
		.local = session->addresses.local,
		.remote = session->addresses.remote,
		.seconds = seconds_up(engine, session),
		.octets_in = session->account.octets_in,
		.octets_out = session->account.octets_out,
	};
	memcpy(message.dns, session->addresses.dns, sizeof(message.dns));
	memcpy(message.nbns, session->addresses.nbns, sizeof(message.nbns));
	memcpy(message.local_id, session->addresses.local_id, sizeof(message.local_id));
	memcpy(message.remote_id, session->addresses.remote_id, sizeof(message.remote_id));
	memcpy(message.user, session->user, sizeof(message.user));
	if (seam_end_send(engine->keeper, kind, &message))
		log_error("session=%u the keeper takes no messages", session->id);
}

static void ipv4_up(struct engine *engine, struct member *member)
{
	table_hold_inner(&engine->table, member);
	member->has_hooks = true;
	tell_keeper(engine, member->session, MESSAGE_NETWORK_UP);
}

static void ipv4_down(struct engine *engine, struct member *member)
{
	table_drop_inner(&engine->table, member);
	if (member->has_hooks)
		tell_keeper(engine, member->session, MESSAGE_NETWORK_DOWN);
	member->has_hooks = false;
}

static void ipv6_up(struct engine *engine, struct member *member)
{
	if (!table_hold_interface(&engine->table, member)) {
		session_refuse_ipv6(member->session, engine->loop->now_ms);
		return;
	}
	member->has_ipv6_hooks = true;
	tell_keeper(engine, member->session, MESSAGE_IPV6_UP);
}

static void ipv6_down(struct engine *engine, struct member *member)
{
	table_drop_interface(&engine->table, member);
	if (member->has_ipv6_hooks)
		tell_keeper(engine, member->session, MESSAGE_IPV6_DOWN);
	member->has_ipv6_hooks = false;
}

static void for_session(struct engine *engine, struct member *member,
			const struct action_view *action)
{
	struct session *session = member->session;
	switch (action->kind) {
	case ACTION_SEND_GRE:
		path_send_frame(&engine->path, session, action->bytes, action->length);
		break;
	case ACTION_ASK:
		ask(engine, session, action->bytes);
		break;
	case ACTION_RELEASE:
		release(engine, session);
		break;
	case ACTION_IPV4_UP:
		ipv4_up(engine, member);
		break;
	case ACTION_IPV4_DOWN:
		ipv4_down(engine, member);
		break;
	case ACTION_IPV6_UP:
		ipv6_up(engine, member);
		break;
	case ACTION_IPV6_DOWN:
		ipv6_down(engine, member);
		break;
	case ACTION_SESSION_ENDED: {
		struct link_end end;
		memcpy(&end, action->bytes, sizeof(end));
		engine_remove_session(engine, member, &end);
		return;
	}
	default:
		break;
	}
	engine_touch(engine, member);
}

/* Its caller has proved who it is, or needed not to. Accountants want every line of these. */
static bool is_of_a_user(const struct engine *engine, uint32_t id, const char *text)
{
	const struct member *member = memcmp(text, "session=", 8) ? NULL : member_of(engine, id);
	return member && (member->session->up_ms || member->session->link.phase == LINK_NETWORK);
}

/* Lines of sessions are kept for a while, as far as they are written at all. */
static void write_log(struct engine *engine, const struct action_view *action)
{
	enum log_level level = (enum log_level)action->bytes[0];
	const char *text = (const char *)action->bytes + 1;
	size_t length = action->length - 1;
	if (level == LOG_LEVEL_DEBUG || length <= 8 || is_of_a_user(engine, action->id, text))
		log_at(level, "%.*s", (int)length, text);
	else
		engine_say(engine, level, "%.*s", (int)length, text);
	if (log_is_on(level) && length > 8 && !memcmp(text, "session=", 8))
		recent_add(&engine->recent, action->id, time(NULL), text, length);
}

static void perform_one(struct engine *engine, const struct action_view *action)
{
	struct line *line;
	struct member *member;
	switch (action->kind) {
	case ACTION_SEND_CONTROL:
		send_control(engine, action);
		break;
	case ACTION_CLOSE_CONTROL:
		line = engine_line(engine, action->id);
		if (line)
			engine_close_line(engine, line);
		break;
	case ACTION_CALL_ASKED:
		on_call(engine, action->id, action->bytes);
		break;
	case ACTION_CONNECTED: /* a server waits for calls */
		break;
	case ACTION_LOG:
		write_log(engine, action);
		break;
	default:
		member = member_of(engine, action->id);
		if (member)
			for_session(engine, member, action);
		break;
	}
}

void engine_perform(struct engine *engine)
{
	struct action_view action;
	while (action_take(&engine->host, &action)) {
		/* What is carried out may put more, and so move the outbox: the bytes are kept
		 * aside. */
		size_t length = MIN_OF(action.length, sizeof(engine->in_hand));
		memcpy(engine->in_hand, action.bytes, length);
		if (action.kind == ACTION_ASK) /* may hold a password */
			action_wipe(&engine->host, &action);
		action.bytes = engine->in_hand;
		perform_one(engine, &action);
		if (action.kind == ACTION_ASK)
			secret_wipe(engine->in_hand, length);
	}
}
