/*
 * A control connection and the sessions on it, as server or as client: octets of the stream, GRE
 * packets, time that passes, a registrar that answers as the input says. Checked all the while: a
 * session ends once and releases once, nothing comes out of the tunnel in clear, a client believes
 * no server that could not sign, a deadline that is met moves on, and no step wants more than the
 * outbox holds.
 *
 * The input: one octet of settings, then steps of one octet (what) and one (how much, or which).
 * So that random input gets beyond the first request, there are steps for an orderly peer
 * (session_peer.c): it asks for calls or grants them, acks what our end asked last, does its part in
 * the login, and sends requests that can be granted.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "auth/mschap.h"
#include "base/base.h"
#include "tests/fuzz/session_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 4000 };

enum step {
	STEP_STREAM, /* so many octets of the input for the stream */
	STEP_TIME,
	STEP_FRAME, /* so many octets, as a numbered PPP frame for the newest session */
	STEP_GRE,   /* so many octets, as a GRE packet */
	STEP_VERDICT,
	STEP_CONTROL, /* the next message of an orderly peer, up to a call */
	STEP_ANSWER,  /* Ack, Nak or Reject: of our end's last Configure-Requests */
	STEP_REQUEST, /* one of the orderly requests */
	STEP_LOGIN,
	STEP_CLOSE,
	STEPS,
};

static void fill(void *context, void *bytes, size_t length)
{
	uint64_t *state = context;
	for (size_t i = 0; i < length; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		((uint8_t *)bytes)[i] = (uint8_t)(*state >> 56);
	}
}

static struct slot *newest(struct run *r)
{
	for (uint32_t i = r->sessions; i-- > 0;)
		if (r->slots[i].session)
			return &r->slots[i];
	return NULL;
}

static struct slot *new_slot(struct run *r)
{
	struct slot *slot = &r->slots[r->sessions++];
	slot->session =
		session_new(&r->host, r->settings, r->sessions, (uint16_t)(100 + r->sessions),
			    r->connection->caller, r->connection->called);
	return slot;
}

void run_place_call(struct run *r)
{
	if (r->sessions == SESSIONS)
		return;
	struct slot *slot = new_slot(r);
	if (connection_call(r->connection, slot->session, r->now_ms))
		return;
	session_free(slot->session);
	slot->session = NULL;
	r->sessions--;
}

static void on_call(struct run *r, const uint8_t *bytes)
{
	struct control_event event;
	memcpy(&event, bytes, sizeof(event));
	if (r->sessions == SESSIONS || r->settings->link.role == LINK_CLIENT)
		connection_refuse(r->connection, event.slot, OCRP_DO_NOT_ACCEPT, 0, r->now_ms);
	else
		connection_accept(r->connection, event.slot, new_slot(r)->session, r->now_ms);
}

static void on_ended(struct run *r, struct slot *slot, const uint8_t *bytes)
{
	struct link_end end;
	memcpy(&end, bytes, sizeof(end));
	assert(end.reason < LINK_END_REASONS);
	if (r->connection)
		connection_on_session_ended(r->connection, slot->session, end.reason, r->now_ms);
	assert(session_deadline(slot->session) == TIME_NEVER);
	assert(slot->released == (slot->asked > 0));
	session_free(slot->session);
	slot->session = NULL;
	slot->ended++;
}

/* Whom a client has let in; the other way round it is the registrar's care. */
static void check_login(const struct run *r, const struct session *session)
{
	const struct link *link = &session->link;
	if (link->settings->role == LINK_SERVER)
		return;
	assert(r->settings->link.mppe != MPPE_REQUIRED || link->peer.succeeded);
	/* In the middle of a rechallenge, the verdict may be that of another question. */
	assert(link->peer.state != AUTH_DONE || link->peer.method != AUTH_MSCHAPV2 ||
	       link->peer.verdict.expected.length == MSCHAP_SIGNATURE);
}

static void for_slot(struct run *r, struct slot *slot, const struct action_view *a)
{
	struct action_question question;
	assert(slot->session && slot->ended == 0);
	switch (a->kind) {
	case ACTION_SEND_GRE:
		peer_listen(slot, a->bytes, a->length);
		break;
	case ACTION_ASK:
		memcpy(&question, a->bytes, sizeof(question));
		assert(!slot->released);
		slot->asked++;
		slot->question = question.number;
		slot->kind = question.proof.question;
		break;
	case ACTION_RELEASE:
		assert(!slot->released);
		slot->released++;
		break;
	case ACTION_IPV4_UP:
		check_login(r, slot->session);
		break;
	case ACTION_SESSION_ENDED:
		on_ended(r, slot, a->bytes);
		break;
	default:
		break;
	}
}

static void perform(struct run *r)
{
	struct action_view a;
	static uint8_t copy[UINT16_MAX];
	while (action_take(&r->host, &a)) {
		memcpy(copy, a.bytes, a.length);
		a.bytes = copy;
		if (a.kind == ACTION_CALL_ASKED) {
			on_call(r, a.bytes);
		} else if (a.kind == ACTION_CONNECTED) {
			if (r->settings->link.role == LINK_CLIENT)
				run_place_call(r);
		} else if (a.kind == ACTION_CLOSE_CONTROL) {
			assert(r->connection->call_count == 0);
			connection_free(r->connection);
			r->connection = NULL;
		} else if (a.kind != ACTION_LOG && a.kind != ACTION_SEND_CONTROL) {
			assert(a.id >= 1 && a.id <= r->sessions);
			for_slot(r, &r->slots[a.id - 1], &a);
		}
	}
}

void run_arrive(struct run *r, struct slot *slot, struct packet *p)
{
	struct session_item item;
	enum link_payload payload;
	if (session_admit(slot->session, p, (uint8_t)slot->seq, &item, r->now_ms) == DROP_NONE &&
	    item.has_payload) {
		struct mppe_item *one = &item.link.mppe;
		if (item.link.encrypted)
			mppe_run(&one, 1);
		if (session_deliver(slot->session, p, &item, &payload, r->now_ms) == DROP_NONE &&
		    payload != LINK_PAYLOAD_NONE)
			assert(item.link.encrypted || r->settings->link.mppe != MPPE_REQUIRED);
	}
	perform(r);
}

static void give_verdict(struct run *r, struct slot *slot, uint8_t amount)
{
	struct auth_verdict verdict = {
		.question = slot->kind,
		.result = amount & 1 ? AUTH_ACCEPT : AUTH_REJECT,
		.error = AUTH_FAILURE,
		.user = "anna",
		.keys = {.present = !(amount & 2)},
		.local_address = 0x0a000001,
		.remote_address = amount & 4 ? 0 : 0x0a000002,
		.message.length = 49, /* of a proof */
	};
	if (!(amount & 16)) {
		verdict.expected.length = MSCHAP_SIGNATURE;
		memcpy(verdict.expected.bytes, RUN_SIGNATURE, MSCHAP_SIGNATURE);
	}
	session_on_verdict(slot->session, amount & 8 ? 1 : slot->question, &verdict, r->now_ms);
}

/* ---- steps ---- */

static void pass_time(struct run *r, uint8_t amount)
{
	r->now_ms += (uint64_t)amount * amount * 10;
	for (uint32_t i = 0; i < r->sessions; i++) {
		for (int turn = 0; r->slots[i].session; turn++) {
			if (session_deadline(r->slots[i].session) > r->now_ms)
				break;
			assert(turn < 20);
			session_on_time(r->slots[i].session, r->now_ms);
			perform(r);
		}
	}
	for (int turn = 0; r->connection && connection_deadline(r->connection) <= r->now_ms;
	     turn++) {
		assert(turn < 20);
		connection_on_time(r->connection, r->now_ms);
		perform(r);
	}
}

static void for_session(struct run *r, struct slot *slot, enum step step, uint8_t amount,
			struct reader *in)
{
	size_t length = MIN_OF((size_t)amount, in->left);
	struct packet p;
	switch (step) {
	case STEP_FRAME:
		peer_send_frame(r, slot, read_bytes(in, length), length);
		break;
	case STEP_GRE:
		packet_reset(&p);
		if (length)
			memcpy(p.data, read_bytes(in, length), length);
		p.length = length;
		run_arrive(r, slot, &p);
		break;
	case STEP_VERDICT:
		give_verdict(r, slot, amount);
		break;
	case STEP_ANSWER:
		peer_answer(r, slot, (uint8_t)(2 + amount % 3));
		break;
	case STEP_REQUEST:
		peer_request(r, slot, amount);
		break;
	case STEP_LOGIN:
		peer_login(r, slot, amount);
		break;
	default:
		if (amount & 1)
			session_close(slot->session, "enough", r->now_ms);
		else if (amount & 2)
			session_refuse_ipv6(slot->session, r->now_ms);
		else if (amount & 4)
			session_hang_up(slot->session, LINK_END_LOCAL, "enough", r->now_ms);
		break;
	}
}

static void take_step(struct run *r, enum step step, uint8_t amount, struct reader *in)
{
	struct slot *slot = newest(r);
	size_t length = MIN_OF((size_t)amount, in->left);
	if (step == STEP_TIME)
		pass_time(r, amount);
	else if (step == STEP_STREAM && r->connection)
		connection_on_bytes(r->connection, read_bytes(in, length), length, r->now_ms);
	else if (step == STEP_CONTROL && r->connection)
		peer_control(r, slot, amount);
	else if (slot && step != STEP_STREAM && step != STEP_CONTROL)
		for_session(r, slot, step, amount, in);
	perform(r);
}

static struct session_settings *configure(uint8_t how)
{
	const auth_methods strong = AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_MSCHAP),
			   weak = AUTH_BIT(AUTH_CHAP_MD5) | AUTH_BIT(AUTH_PAP);
	bool client = how & 128;
	struct session_settings *settings =
		session_settings_new(client ? LINK_CLIENT : LINK_SERVER);
	struct link_settings *link = &settings->link;
	link->mppe = how % 3;
	link->mppe_sizes = MPPE_128 | MPPE_40;
	link->demand = !client && how & 8 ? strong : 0;
	if (client)
		link->offer = how & 8 ? AUTH_BIT(AUTH_MSCHAPV2) : strong | weak;
	else
		link->offer = how & 16 ? AUTH_BIT(AUTH_CHAP_MD5) : 0;
	link->auth.rechallenge_ms = how & 32 ? 20000 : 0;
	settings->idle_ms = how & 64 ? 60000 : 0;
	settings->control.trace = true;
	return settings;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);
	uint64_t seed = 1;
	struct run r = {.now_ms = 1000, .host.random = {.fill = fill, .context = &seed}};
	r.settings = configure(read_u8(&in));
	r.connection = connection_new(&r.host, r.settings, 1, (struct endpoint){0x0a090807, 4000},
				      0x0a010101, r.now_ms);
	for (int i = 0; i < STEPS_MAX && in.left; i++) {
		uint8_t step = read_u8(&in), amount = read_u8(&in);
		take_step(&r, step % STEPS, amount, &in);
	}
	/* The peer leaves: everything comes to its end, in a time that has bounds. */
	if (r.connection)
		connection_on_lost(r.connection, "closed by peer", r.now_ms);
	perform(&r);
	for (int i = 0; i < 20; i++)
		pass_time(&r, 255);
	for (uint32_t i = 0; i < r.sessions; i++)
		assert(!r.slots[i].session && r.slots[i].ended == 1);
	assert(!r.connection);
	session_settings_unref(r.settings);
	session_host_fini(&r.host);
	return 0;
}
