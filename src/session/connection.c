#include "session/connection.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

void connection_free(struct connection *c)
{
	session_settings_unref(c->settings);
	free(c);
}

static void report(struct connection *c, enum log_level level, const uint8_t *text, size_t length)
{
	char caller[ADDRESS_TEXT];
	action_log(c->host, c->id, level, "control=%" PRIu32 " caller=%s %.*s", c->id,
		   address_print(c->caller.address, caller), (int)length, (const char *)text);
}

/* What the peer can provoke as often as it likes. */
static void report_limited(struct connection *c, const uint8_t *text, size_t length,
			   uint64_t now_ms)
{
	char note[64];
	uint32_t left_out;
	if (!line_limit_allows(&c->reports, now_ms, &left_out))
		return;
	if (left_out) {
		int octets = snprintf(note, sizeof(note), "lines-left-out=%" PRIu32, left_out);
		report(c, LOG_LEVEL_INFO, (const uint8_t *)note, (size_t)octets);
	}
	report(c, LOG_LEVEL_INFO, text, length);
}

/* The session leaves its slot; returns it, or NULL where the slot is empty. */
static struct session *take_call(struct connection *c, uint16_t slot, uint64_t now_ms)
{
	struct session *session = c->calls[slot];
	if (session) {
		c->calls[slot] = NULL;
		if (--c->call_count == 0)
			c->idle_ms = now_ms;
	}
	return session;
}

/* RFC 6040 §4.3: towards an end that is not known to carry marks inside, nobody on the way is told
 * that he may mark, for the mark would be lost and the sender never slow down. PPTP has no word for
 * it, and neither pppd nor Windows does it; but we do. */
static bool peer_carries_ecn(const struct connection *c)
{
	if (c->settings->ecn != ECN_AUTO)
		return c->settings->ecn == ECN_ON;
	return !strcmp(c->control.peer_vendor, session_vendor);
}

static void put_call(struct connection *c, uint16_t slot, struct session *session)
{
	session->slot = slot;
	session->connection = c->id;
	session->carries_ecn = peer_carries_ecn(c);
	session->outer_mtu = (uint16_t)MIN_OF(c->outer_mtu, UINT16_MAX);
	c->calls[slot] = session;
	c->call_count++;
}

static void hang_up_all(struct connection *c, const char *why, uint64_t now_ms)
{
	for (uint16_t slot = 0; slot < CONTROL_CALLS_MAX; slot++) {
		struct session *session = take_call(c, slot, now_ms);
		if (session)
			session_hang_up(session, LINK_END_PEER, why, now_ms);
	}
}

static void on_call_event(struct connection *c, enum control_action kind, const uint8_t *bytes,
			  uint64_t now_ms)
{
	struct control_event event;
	memcpy(&event, bytes, sizeof(event));
	if (kind == CONTROL_CALL_ASKED) {
		action_put(c->host, ACTION_CALL_ASKED, c->id, &event, sizeof(event));
	} else if (kind == CONTROL_CALL_UP) {
		if (c->calls[event.slot])
			session_start(c->calls[event.slot], event.peer_call_id, now_ms);
	} else {
		struct session *session = take_call(c, event.slot, now_ms);
		if (session)
			session_hang_up(session, LINK_END_PEER, event.reason, now_ms);
	}
}

/* Nothing follows from it, but who looks for trouble sees it:
 * a NAT may have changed its call id. */
static void on_link_info(struct connection *c, const uint8_t *bytes)
{
	char line[160];
	struct control_event event;
	memcpy(&event, bytes, sizeof(event));
	int length = snprintf(line, sizeof(line), "set-link-info call_id=%u %s", event.call_id,
			      event.reason);
	report(c, LOG_LEVEL_DEBUG, (const uint8_t *)line, MIN_OF((size_t)length, sizeof(line) - 1));
}

static void on_close(struct connection *c, const uint8_t *text, size_t length, uint64_t now_ms)
{
	char why[96];
	snprintf(why, sizeof(why), "%.*s", (int)length, (const char *)text);
	c->closed = true;
	hang_up_all(c, why, now_ms);
	action_put(c->host, ACTION_CLOSE_CONTROL, c->id, text, length);
}

/* Turns what the control machine wants into actions of ours. Called after every step of it. */
static void pump(struct connection *c, uint64_t now_ms)
{
	struct action action;
	while (outbox_take(&c->host->control_out, &action)) {
		switch ((enum control_action)action.kind) {
		case CONTROL_SEND:
			action_put(c->host, ACTION_SEND_CONTROL, c->id, action.bytes,
				   action.length);
			break;
		case CONTROL_CLOSE:
			on_close(c, action.bytes, action.length, now_ms);
			break;
		case CONTROL_ESTABLISHED:
			c->established = true;
			c->idle_ms = now_ms;
			action_put(c->host, ACTION_CONNECTED, c->id, NULL, 0);
			break;
		case CONTROL_CALL_ASKED:
		case CONTROL_CALL_UP:
		case CONTROL_CALL_DOWN:
			on_call_event(c, (enum control_action)action.kind, action.bytes, now_ms);
			break;
		case CONTROL_LINK_INFO:
			on_link_info(c, action.bytes);
			break;
		case CONTROL_WAN_ERRORS:
			break; /* the machine reports them itself */
		case CONTROL_REPORT:
			report_limited(c, action.bytes, action.length, now_ms);
			break;
		case CONTROL_TRACE:
			report(c, LOG_LEVEL_DEBUG, action.bytes, action.length);
			break;
		}
	}
}

struct connection *connection_new(struct session_host *host, struct session_settings *settings,
				  uint32_t id, struct endpoint caller, uint32_t called,
				  uint64_t now_ms)
{
	struct connection *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->id = id;
	c->caller = caller;
	c->called = called;
	c->host = host;
	c->settings = session_settings_ref(settings);
	c->outer_mtu = settings->outer_mtu;
	c->idle_ms = now_ms;
	control_init(&c->control, &settings->control, &host->random, &host->control_out, now_ms);
	pump(c, now_ms);
	return c;
}

void connection_on_bytes(struct connection *c, const uint8_t *bytes, size_t length, uint64_t now_ms)
{
	if (c->closed)
		return;
	control_on_bytes(&c->control, bytes, length, now_ms);
	pump(c, now_ms);
}

void connection_on_lost(struct connection *c, const char *why, uint64_t now_ms)
{
	if (c->closed)
		return;
	control_on_lost(&c->control, why, now_ms);
	pump(c, now_ms);
	on_close(c, (const uint8_t *)why, strlen(why), now_ms);
}

void connection_accept(struct connection *c, uint16_t slot, struct session *session,
		       uint64_t now_ms)
{
	/* The caller may have cleared the call, or all of it may be closed, before the question for
	 * an owner was read. Nobody else would ever end this session. */
	if (c->closed || c->calls[slot] || c->control.calls[slot].state != CALL_WAIT_OWNER) {
		session_hang_up(session, LINK_END_PEER, "the caller was gone at once", now_ms);
		return;
	}
	put_call(c, slot, session);
	control_call_accept(&c->control, slot, session->call_id, now_ms);
	pump(c, now_ms);
}

void connection_refuse(struct connection *c, uint16_t slot, uint8_t result, uint8_t error,
		       uint64_t now_ms)
{
	control_call_refuse(&c->control, slot, result, error, now_ms);
	pump(c, now_ms);
}

bool connection_call(struct connection *c, struct session *session, uint64_t now_ms)
{
	int slot = control_call_place(&c->control, session->call_id, now_ms);
	if (slot >= 0)
		put_call(c, (uint16_t)slot, session);
	pump(c, now_ms);
	return slot >= 0;
}

/* RFC 2637 §2.13: why the call is disconnected. */
static uint8_t disconnect_result(uint8_t reason)
{
	switch ((enum link_end_reason)reason) {
	case LINK_END_LOCAL:
		return CDN_ADMIN_SHUTDOWN;
	case LINK_END_ECHO:
	case LINK_END_LCP:
		return CDN_LOST_CARRIER;
	default:
		return CDN_REQUEST;
	}
}

void connection_on_session_ended(struct connection *c, struct session *session, uint8_t reason,
				 uint64_t now_ms)
{
	if (c->calls[session->slot] != session)
		return; /* the call ended first */
	take_call(c, session->slot, now_ms);
	control_call_end(&c->control, session->slot, disconnect_result(reason), now_ms);
	pump(c, now_ms);
}

void connection_stop(struct connection *c, const char *why, uint64_t now_ms)
{
	if (c->closed)
		return;
	c->stopping = true;
	for (uint16_t slot = 0; slot < CONTROL_CALLS_MAX; slot++)
		if (c->calls[slot])
			session_hang_up(c->calls[slot], LINK_END_LOCAL, why, now_ms);
	control_stop(&c->control, now_ms);
	pump(c, now_ms);
}

static uint64_t idle_deadline(const struct connection *c)
{
	bool is_idle = c->established && !c->stopping && !c->call_count;
	return is_idle ? c->idle_ms + CONNECTION_IDLE_MS : TIME_NEVER;
}

uint64_t connection_deadline(const struct connection *c)
{
	if (c->closed)
		return TIME_NEVER;
	return MIN_OF(control_deadline(&c->control), idle_deadline(c));
}

void connection_on_time(struct connection *c, uint64_t now_ms)
{
	if (c->closed)
		return;
	if (idle_deadline(c) <= now_ms) {
		connection_stop(c, "no call for a minute", now_ms);
	} else {
		control_on_time(&c->control, now_ms);
		pump(c, now_ms);
	}
}
