/*
 * The calls of one control connection, RFC 2637 §3.2: outgoing calls, from both ends; incoming ones
 * are refused. The ids, each chosen by its own side: a Call-Clear-Request names the PNS's, a
 * Call-Disconnect-Notify the PAC's, Set-Link-Info and WAN-Error-Notify the receiver's.
 */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "control/machine.h"

/* Lowest and highest speed that a call of ours asks for, bits/s. */
enum { MINIMUM_BPS = 300, MAXIMUM_BPS = 100000000 };

/* Finding a call */

static int slot_of_own(const struct control *c, uint16_t call_id)
{
	for (int slot = 0; slot < CONTROL_CALLS_MAX; slot++) {
		const struct control_call *call = &c->calls[slot];
		bool is_known = call->state != CALL_FREE && call->state != CALL_WAIT_OWNER;
		if (is_known && call->call_id == call_id)
			return slot;
	}
	return -1;
}

static int slot_of_peer(const struct control *c, uint16_t peer_call_id)
{
	for (int slot = 0; slot < CONTROL_CALLS_MAX; slot++) {
		const struct control_call *call = &c->calls[slot];
		bool is_known = call->state != CALL_FREE && call->state != CALL_WAIT_REPLY;
		if (is_known && call->peer_call_id == peer_call_id)
			return slot;
	}
	return -1;
}

/* The slot of the only call, -1 where there is none or several. */
static int slot_of_only(const struct control *c)
{
	int only = -1;
	for (int slot = 0; slot < CONTROL_CALLS_MAX; slot++) {
		if (c->calls[slot].state == CALL_FREE)
			continue;
		if (only >= 0)
			return -1;
		only = slot;
	}
	return only;
}

/* A free slot, -1 where as many calls stand as may. */
static int slot_take(const struct control *c)
{
	int count = 0, free_slot = -1;
	for (int slot = CONTROL_CALLS_MAX; slot-- > 0;) {
		count += c->calls[slot].state != CALL_FREE;
		if (c->calls[slot].state == CALL_FREE)
			free_slot = slot;
	}
	return count < c->settings->calls_max ? free_slot : -1;
}

/* Telling the owner */

static struct control_event event_of(const struct control *c, int slot)
{
	const struct control_call *call = &c->calls[slot];
	return (struct control_event){.slot = (uint16_t)slot,
				      .call_id = call->call_id,
				      .peer_call_id = call->peer_call_id,
				      .serial = call->serial,
				      .peer_window = call->peer_window};
}

static void event_put(struct control *c, enum control_action action, int slot)
{
	struct control_event event = event_of(c, slot);
	outbox_put(c->out, (uint16_t)action, &event, sizeof(event));
}

static void enter(struct control *c, int slot, enum call_state state, uint64_t now_ms)
{
	c->calls[slot].state = state;
	c->calls[slot].since_ms = now_ms;
}

/* Every call that was asked for or placed comes here exactly once.
 * `why` has what the message that ended it said, and the reason. */
static void go_down(struct control *c, int slot, const struct control_event *why)
{
	struct control_event event = event_of(c, slot);
	event.result = why->result;
	event.error = why->error;
	event.cause = why->cause;
	memcpy(event.reason, why->reason, sizeof(event.reason));
	c->calls[slot] = (struct control_call){.state = CALL_FREE};
	outbox_put(c->out, CONTROL_CALL_DOWN, &event, sizeof(event));
}

static void go_down_because(struct control *c, int slot, const char *reason)
{
	struct control_event why = {0};
	snprintf(why.reason, sizeof(why.reason), "%s", reason);
	go_down(c, slot, &why);
}

void calls_go_down(struct control *c, const char *reason)
{
	for (int slot = 0; slot < CONTROL_CALLS_MAX; slot++)
		if (c->calls[slot].state != CALL_FREE)
			go_down_because(c, slot, reason);
}

static void unknown_call(struct control *c, const struct control_message *m, uint16_t call_id)
{
	outbox_print(c->out, CONTROL_REPORT, "unexpected=%s call_id=%u reason=\"no such call\"",
		     control_message_row(m->type)->name, call_id);
}

/* The PAC's side of outgoing calls: a client dials in */

static void outgoing_reply_send(struct control *c, const struct outgoing_call_reply *reply)
{
	control_send(c, &(struct control_message){.type = OUTGOING_CALL_REPLY,
						  .outgoing_call_reply = *reply});
}

static void disconnect_notify_send(struct control *c, int slot, uint8_t result)
{
	control_send(c, &(struct control_message){
				.type = CALL_DISCONNECT_NOTIFY,
				.call_disconnect_notify = {.call_id = c->calls[slot].call_id,
							   .result_code = result}});
}

static void outgoing_request_refuse(struct control *c, uint16_t peer_call_id,
				    enum general_error error)
{
	outgoing_reply_send(c, &(struct outgoing_call_reply){.peer_call_id = peer_call_id,
							     .result_code = OCRP_GENERAL_ERROR,
							     .error_code = (uint8_t)error});
	outbox_print(c->out, CONTROL_REPORT,
		     "refused=Outgoing-Call-Request call_id=%u reason=\"%s\"", peer_call_id,
		     control_error_name(error));
}

void call_on_outgoing_request(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	const struct outgoing_call_request *r = &m->outgoing_call_request;
	if (slot_of_peer(c, r->call_id) >= 0) {
		outgoing_request_refuse(c, r->call_id, CONTROL_ERROR_BAD_CALL_ID);
		return;
	}
	int slot = slot_take(c);
	if (slot < 0) {
		outgoing_request_refuse(c, r->call_id, CONTROL_ERROR_NO_RESOURCE);
		return;
	}
	c->calls[slot] = (struct control_call){.peer_call_id = r->call_id,
					       .serial = r->call_serial_number,
					       .peer_window = r->window_size};
	enter(c, slot, CALL_WAIT_OWNER, now_ms);
	event_put(c, CONTROL_CALL_ASKED, slot);
}

static bool is_in(const struct control *c, uint16_t slot, enum call_state state)
{
	return slot < CONTROL_CALLS_MAX && c->calls[slot].state == state;
}

void control_call_accept(struct control *c, uint16_t slot, uint16_t call_id, uint64_t now_ms)
{
	if (!is_in(c, slot, CALL_WAIT_OWNER))
		return;
	c->calls[slot].call_id = call_id;
	enter(c, slot, CALL_ESTABLISHED, now_ms);
	outgoing_reply_send(
		c, &(struct outgoing_call_reply){.call_id = call_id,
						 .peer_call_id = c->calls[slot].peer_call_id,
						 .result_code = OCRP_CONNECTED,
						 .connect_speed = c->settings->connect_speed,
						 .window_size = c->settings->window});
	event_put(c, CONTROL_CALL_UP, slot);
}

void control_call_refuse(struct control *c, uint16_t slot, uint8_t result, uint8_t error,
			 uint64_t now_ms)
{
	if (!is_in(c, slot, CALL_WAIT_OWNER))
		return;
	outgoing_reply_send(
		c, &(struct outgoing_call_reply){.peer_call_id = c->calls[slot].peer_call_id,
						 .result_code = result,
						 .error_code = error});
	struct control_event why = {.result = result, .error = error};
	snprintf(why.reason, sizeof(why.reason), "call refused: %s",
		 control_result_name(OUTGOING_CALL_REPLY, result));
	go_down(c, slot, &why);
}

/* Some clients put the peer's id where their own belongs: with a single call there is no doubt. */
void call_on_clear_request(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	uint16_t call_id = m->call_clear_request.call_id;
	int slot = slot_of_peer(c, call_id);
	if (slot < 0 && slot_of_own(c, call_id) == slot_of_only(c))
		slot = slot_of_only(c);
	if (slot < 0) {
		unknown_call(c, m, call_id);
		return;
	}
	disconnect_notify_send(c, slot, CDN_REQUEST);
	go_down_because(c, slot, "call cleared by peer");
}

/* The PNS's side of outgoing calls: we dial */

int control_call_place(struct control *c, uint16_t call_id, uint64_t now_ms)
{
	int slot = slot_take(c);
	if (slot < 0 || c->state != CONTROL_ESTABLISHED_STATE)
		return -1;
	uint32_t speed = c->settings->connect_speed;
	c->calls[slot] = (struct control_call){.call_id = call_id, .serial = c->next_serial++};
	enter(c, slot, CALL_WAIT_REPLY, now_ms);
	control_send(
		c, &(struct control_message){
			   .type = OUTGOING_CALL_REQUEST,
			   .outgoing_call_request = {.call_id = call_id,
						     .call_serial_number = c->calls[slot].serial,
						     .minimum_bps = MINIMUM_BPS,
						     .maximum_bps = MAX_OF(speed, MAXIMUM_BPS),
						     .bearer_type = BEARER_ANALOG | BEARER_DIGITAL,
						     .framing_type = FRAMING_ASYNC | FRAMING_SYNC,
						     .window_size = c->settings->window}});
	return slot;
}

static void clear_request_send(struct control *c, int slot)
{
	control_send(c, &(struct control_message){
				.type = CALL_CLEAR_REQUEST,
				.call_clear_request = {.call_id = c->calls[slot].call_id}});
}

static void outgoing_refused(struct control *c, int slot, const struct outgoing_call_reply *r)
{
	struct control_event why = {
		.result = r->result_code, .error = r->error_code, .cause = r->cause_code};
	snprintf(why.reason, sizeof(why.reason),
		 "call refused by peer: result=%u (%s) error=%u (%s)", r->result_code,
		 control_result_name(OUTGOING_CALL_REPLY, r->result_code), r->error_code,
		 control_error_name(r->error_code));
	go_down(c, slot, &why);
}

void call_on_outgoing_reply(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	const struct outgoing_call_reply *r = &m->outgoing_call_reply;
	int slot = slot_of_own(c, r->peer_call_id);
	if (slot < 0 || c->calls[slot].state == CALL_ESTABLISHED) {
		unknown_call(c, m, r->peer_call_id);
		return;
	}
	if (r->result_code != OCRP_CONNECTED) {
		outgoing_refused(c, slot, r);
		return;
	}
	c->calls[slot].peer_call_id = r->call_id;
	c->calls[slot].peer_window = r->window_size;
	if (c->calls[slot].state == CALL_WAIT_REPLY) {
		enter(c, slot, CALL_ESTABLISHED, now_ms);
		event_put(c, CONTROL_CALL_UP, slot);
	}
}

/* RRAS sends call id 0 and result 0 whatever was the call's:
 * with a single call there is no doubt. */
void call_on_disconnect_notify(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	const struct call_disconnect_notify *r = &m->call_disconnect_notify;
	int slot = slot_of_peer(c, r->call_id);
	if (slot < 0 && (r->call_id == 0 || slot_of_own(c, r->call_id) == slot_of_only(c)))
		slot = slot_of_only(c);
	if (slot < 0) {
		unknown_call(c, m, r->call_id);
		return;
	}
	bool is_ours = c->calls[slot].state == CALL_WAIT_DISCONNECT;
	struct control_event why = {
		.result = r->result_code, .error = r->error_code, .cause = r->cause_code};
	snprintf(why.reason, sizeof(why.reason), "%s: result=%u (%s)",
		 is_ours ? "call cleared by us" : "call disconnected by peer", r->result_code,
		 control_result_name(m->type, r->result_code));
	go_down(c, slot, &why);
}

/* Both sides */

/* There is no telephone line here, in either role. */
void call_on_incoming_request(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	uint16_t peer_call_id = m->incoming_call_request.call_id;
	control_send(c, &(struct control_message){
				.type = INCOMING_CALL_REPLY,
				.incoming_call_reply = {.peer_call_id = peer_call_id,
							.result_code = ICRP_DO_NOT_ACCEPT}});
	outbox_print(c->out, CONTROL_REPORT, "refused=Incoming-Call-Request call_id=%u",
		     peer_call_id);
}

/* Logged only. The RFC has the PNS send it; RRAS sends it as PAC too. NAT devices write wrong call
 * ids into it: whoever reacts to that loses the call (Windows then shows error 619). */
void call_on_set_link_info(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	const struct set_link_info *r = &m->set_link_info;
	int slot = slot_of_own(c, r->peer_call_id);
	if (slot < 0) {
		unknown_call(c, m, r->peer_call_id);
		return;
	}
	struct control_event event = event_of(c, slot);
	snprintf(event.reason, sizeof(event.reason), "send_accm=%08x receive_accm=%08x",
		 r->send_accm, r->receive_accm);
	outbox_put(c->out, CONTROL_LINK_INFO, &event, sizeof(event));
}

void call_on_wan_error_notify(struct control *c, const struct control_message *m, uint64_t now_ms)
{
	const struct wan_error_notify *r = &m->wan_error_notify;
	int slot = slot_of_own(c, r->peer_call_id);
	if (slot < 0) {
		unknown_call(c, m, r->peer_call_id);
		return;
	}
	struct control_event event = event_of(c, slot);
	snprintf(event.reason, sizeof(event.reason),
		 "crc=%u framing=%u hardware=%u buffer=%u time_out=%u alignment=%u", r->crc_errors,
		 r->framing_errors, r->hardware_overruns, r->buffer_overruns, r->time_out_errors,
		 r->alignment_errors);
	outbox_print(c->out, CONTROL_REPORT, "wan-errors call_id=%u %s", event.call_id,
		     event.reason);
	outbox_put(c->out, CONTROL_WAN_ERRORS, &event, sizeof(event));
}

static void end_as_pac(struct control *c, uint16_t slot, uint8_t result, uint64_t now_ms)
{
	if (c->calls[slot].state == CALL_WAIT_OWNER) {
		control_call_refuse(c, slot, OCRP_DO_NOT_ACCEPT, CONTROL_ERROR_NONE, now_ms);
		return;
	}
	disconnect_notify_send(c, slot, result);
	struct control_event why = {.result = result, .reason = "call ended by us"};
	go_down(c, slot, &why);
}

void control_call_end(struct control *c, uint16_t slot, uint8_t result, uint64_t now_ms)
{
	if (slot >= CONTROL_CALLS_MAX || c->calls[slot].state == CALL_FREE ||
	    c->calls[slot].state == CALL_WAIT_DISCONNECT)
		return;
	if (c->settings->role == CONTROL_PAC) {
		end_as_pac(c, slot, result, now_ms);
		return;
	}
	clear_request_send(c, slot);
	enter(c, slot, CALL_WAIT_DISCONNECT, now_ms);
}

void calls_take_leave(struct control *c)
{
	for (int slot = 0; slot < CONTROL_CALLS_MAX; slot++) {
		enum call_state state = c->calls[slot].state;
		if (c->settings->role == CONTROL_PAC && state == CALL_ESTABLISHED)
			disconnect_notify_send(c, slot, CDN_ADMIN_SHUTDOWN);
		if (state == CALL_WAIT_REPLY ||
		    (c->settings->role == CONTROL_PNS && state == CALL_ESTABLISHED))
			clear_request_send(c, slot);
	}
}

/* Time */

static uint64_t call_deadline(const struct control_call *call)
{
	bool is_settled = call->state == CALL_FREE || call->state == CALL_ESTABLISHED;
	return is_settled ? UINT64_MAX : call->since_ms + CONTROL_STAGE_MS;
}

uint64_t calls_deadline(const struct control *c)
{
	uint64_t earliest = UINT64_MAX;
	for (int slot = 0; slot < CONTROL_CALLS_MAX; slot++) {
		uint64_t deadline = call_deadline(&c->calls[slot]);
		earliest = MIN_OF(earliest, deadline);
	}
	return earliest;
}

/*
 * The RFC closes the connection for any call that stands still for 60 s (§3.1.4). So it is done
 * where the peer owes an Outgoing-Call-Reply. But a missing notify after Call-Clear (pptpd sends
 * none) must not cost the other calls, and a slow owner is not the peer's fault.
 */
void calls_on_time(struct control *c, uint64_t now_ms)
{
	for (uint16_t slot = 0; slot < CONTROL_CALLS_MAX; slot++) {
		if (now_ms < call_deadline(&c->calls[slot]))
			continue;
		switch (c->calls[slot].state) {
		case CALL_WAIT_OWNER:
			control_call_refuse(c, slot, OCRP_TIME_OUT, CONTROL_ERROR_NONE, now_ms);
			break;
		case CALL_WAIT_REPLY:
			control_close(c, "no Outgoing-Call-Reply in time");
			return;
		default:
			go_down_because(c, slot, "call cleared by us: no notify came");
			break;
		}
	}
}
