/*
 * A server's control connection and the sessions on it: octets of the stream, GRE packets, time
 * that passes, a registrar that answers as the input says. Checked all the while: a session ends
 * once and releases once, nothing comes out of the tunnel in clear, a deadline that is met moves
 * on, and no step wants more than the outbox holds.
 *
 * The input: one octet of settings, then steps of one octet (what) and one (how much, or which).
 * So that random input gets beyond the first request, there are steps for an orderly peer: it asks
 * for calls, acks what the server asked last, and sends requests that the server can grant.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "auth/chap.h"
#include "base/base.h"
#include "gre/gre.h"
#include "ppp/frame.h"
#include "session/connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SESSIONS = 8, STEPS_MAX = 4000, PROTOCOLS = 4 };

enum step {
	STEP_STREAM, /* so many octets of the input for the stream */
	STEP_TIME,
	STEP_FRAME, /* so many octets, as a numbered PPP frame for the newest session */
	STEP_GRE,   /* so many octets, as a GRE packet */
	STEP_VERDICT,
	STEP_CALL,    /* Start-Control-Connection-Request, or where that was: a call */
	STEP_ACK,     /* or Nak, or Reject: of the server's last Configure-Requests */
	STEP_REQUEST, /* one of the orderly requests */
	STEP_RESPONSE,
	STEP_CLOSE,
	STEPS,
};

struct slot {
	struct session *session;
	unsigned asked, released, ended;
	uint32_t question; /* number of the last */
	uint8_t kind;
	struct {
		size_t length; /* 0: answered */
		uint8_t bytes[300];
	} requests[PROTOCOLS]; /* the server's last Configure-Requests, with their protocol field */
	uint8_t challenge_identifier;
	uint32_t seq;
};

struct run {
	struct session_host host;
	struct session_settings *settings;
	struct connection *connection;
	struct slot slots[SESSIONS]; /* by id - 1 */
	uint32_t sessions;
	uint64_t now_ms;
	bool started;
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

static const uint16_t negotiated[PROTOCOLS] = {PPP_LCP, PPP_CCP, PPP_IPCP, PPP_IPV6CP};

/* What an orderly peer has to know of the server's frames. */
static void listen(struct slot *slot, const uint8_t *bytes, size_t length)
{
	struct reader in = reader_of(bytes, length);
	struct gre_header h;
	assert(gre_decode(&h, &in));
	if (!h.has_seq || in.left < 8 || in.next[0] != 0xff)
		return;
	uint16_t protocol = (uint16_t)(in.next[2] << 8 | in.next[3]);
	if (protocol == PPP_CHAP && in.next[4] == CHAP_CHALLENGE)
		slot->challenge_identifier = in.next[5];
	for (size_t i = 0; i < PROTOCOLS; i++) {
		if (protocol != negotiated[i] || in.next[4] != 1 ||
		    in.left - 2 > sizeof(slot->requests[i].bytes))
			continue;
		slot->requests[i].length = in.left - 2;
		memcpy(slot->requests[i].bytes, in.next + 2, in.left - 2);
	}
}

static void on_call(struct run *r, const uint8_t *bytes)
{
	struct control_event event;
	memcpy(&event, bytes, sizeof(event));
	if (r->sessions == SESSIONS) {
		connection_refuse(r->connection, event.slot, OCRP_BUSY, 0, r->now_ms);
		return;
	}
	struct slot *slot = &r->slots[r->sessions++];
	slot->session =
		session_new(&r->host, r->settings, r->sessions, (uint16_t)(100 + r->sessions),
			    r->connection->caller, r->connection->called);
	connection_accept(r->connection, event.slot, slot->session, r->now_ms);
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

static void for_slot(struct run *r, struct slot *slot, const struct action_view *a)
{
	struct action_question question;
	assert(slot->session && slot->ended == 0);
	switch (a->kind) {
	case ACTION_SEND_GRE:
		listen(slot, a->bytes, a->length);
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
		} else if (a.kind == ACTION_CLOSE_CONTROL) {
			assert(r->connection->call_count == 0);
			connection_free(r->connection);
			r->connection = NULL;
		} else if (a.kind != ACTION_LOG && a.kind != ACTION_CONNECTED &&
			   a.kind != ACTION_SEND_CONTROL) {
			assert(a.id >= 1 && a.id <= r->sessions);
			for_slot(r, &r->slots[a.id - 1], &a);
		}
	}
}

/* ---- the peer ---- */

static void arrive(struct run *r, struct slot *slot, struct packet *p)
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

/* `bytes`: protocol field and packet. */
static void send_frame(struct run *r, struct slot *slot, const uint8_t *bytes, size_t length)
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
	arrive(r, slot, &p);
}

static void ask_for_call(struct run *r, uint8_t amount)
{
	uint8_t bytes[CONTROL_MESSAGE_MAX];
	struct control_message m = {.type = OUTGOING_CALL_REQUEST,
				    .outgoing_call_request = {.call_id = amount}};
	if (!r->started)
		m = (struct control_message){.type = START_CONTROL_CONNECTION_REQUEST,
					     .start_request = {.protocol_version = 0x0100}};
	r->started = true;
	connection_on_bytes(r->connection, bytes, control_encode(&m, bytes), r->now_ms);
}

static void send_request(struct run *r, struct slot *slot, uint8_t which)
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
	};
	which %= COUNT_OF(requests);
	send_frame(r, slot, requests[which].bytes, requests[which].length);
}

static void send_response(struct run *r, struct slot *slot, uint8_t amount)
{
	uint8_t bytes[2 + 4 + 1 + 49 + 4] = {
		0xc2, 0x23, CHAP_RESPONSE, slot->challenge_identifier, 0, 58, 49};
	memset(bytes + 7, amount, 49);
	memcpy(bytes + 56, "anna", 4);
	send_frame(r, slot, bytes, sizeof(bytes));
}

/* Ack, Nak or Reject to all that the server asked last. */
static void answer_requests(struct run *r, struct slot *slot, uint8_t code)
{
	for (size_t i = 0; i < PROTOCOLS && slot->session; i++) {
		uint8_t bytes[sizeof(slot->requests[i].bytes)];
		size_t length = slot->requests[i].length;
		if (!length)
			continue;
		slot->requests[i].length = 0;
		memcpy(bytes, slot->requests[i].bytes, length);
		bytes[2] = code;
		send_frame(r, slot, bytes, length);
	}
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
	};
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
		send_frame(r, slot, read_bytes(in, length), length);
		break;
	case STEP_GRE:
		packet_reset(&p);
		if (length)
			memcpy(p.data, read_bytes(in, length), length);
		p.length = length;
		arrive(r, slot, &p);
		break;
	case STEP_VERDICT:
		give_verdict(r, slot, amount);
		break;
	case STEP_ACK:
		answer_requests(r, slot, (uint8_t)(2 + amount % 3));
		break;
	case STEP_REQUEST:
		send_request(r, slot, amount);
		break;
	case STEP_RESPONSE:
		send_response(r, slot, amount);
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
	else if (step == STEP_CALL && r->connection)
		ask_for_call(r, amount);
	else if (slot && step != STEP_STREAM && step != STEP_CALL)
		for_session(r, slot, step, amount, in);
	perform(r);
}

static void configure(struct session_settings *settings, uint8_t how)
{
	struct link_settings *link = &settings->link;
	link->mppe = how % 3;
	link->mppe_sizes = MPPE_128 | MPPE_40;
	link->demand = how & 8 ? AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_MSCHAP) : 0;
	link->offer = how & 16 ? AUTH_BIT(AUTH_CHAP_MD5) : 0;
	link->auth.rechallenge_ms = how & 32 ? 20000 : 0;
	settings->idle_ms = how & 64 ? 60000 : 0;
	settings->control.trace = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);
	uint64_t seed = 1;
	struct run r = {.now_ms = 1000, .host.random = {.fill = fill, .context = &seed}};
	r.settings = session_settings_new(LINK_SERVER);
	configure(r.settings, read_u8(&in));
	r.connection = connection_new(&r.host, r.settings, 1, (struct endpoint){0x0a090807, 4000},
				      0x0a010101, r.now_ms);
	for (int i = 0; i < STEPS_MAX && in.left; i++) {
		uint8_t step = read_u8(&in), amount = read_u8(&in);
		take_step(&r, step % STEPS, amount, &in);
	}
	/* The caller leaves: everything comes to its end, in a time that has bounds. */
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
