#include "tests/pair/world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "auth/proof.h"
#include "base/base.h"
#include "server/messages.h"
#include "tests/test.h"

static const struct endpoint addresses[2] = {
	[SERVER] = {0xcb007101, 1723}, [CLIENT] = {0xc6336402, 40000}};
static const char password[] = "test123";

struct world *world_new(uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->flights = calloc(WIRE_SLOTS, sizeof(*w->flights));
	assert_non_null(w->flights);
	w->seed = seed;
	w->now_ms = 1000;
	w->supply_seed = seed & 2 ? seed : 0; /* odd and even seeds mean something else already */
	w->send_batch = BATCH_MAX;
	w->receive_batch = BATCH_MAX;
	for (int i = 0; i < 2; i++) {
		w->ends[i].host.random = test_random(&w->seed);
		w->ends[i].settings = session_settings_new(i == SERVER ? LINK_SERVER : LINK_CLIENT);
		assert_non_null(w->ends[i].settings);
	}
	strcpy(w->ends[CLIENT].settings->our_name, "testvpn1");
	return w;
}

void world_free(struct world *w)
{
	for (int i = 0; i < 2; i++) {
		struct end *end = &w->ends[i];
		for (size_t k = 0; k < WORLD_SESSIONS; k++)
			if (end->sessions[k])
				session_free(end->sessions[k]);
		if (end->connection)
			connection_free(end->connection);
		session_settings_unref(end->settings);
		session_host_fini(&end->host);
	}
	free(w->flights);
	free(w);
}

void world_batch(struct world *w, unsigned size)
{
	w->send_batch = size;
	w->receive_batch = BATCH_MAX + 1 - size;
}

static struct session **session_by_id(struct end *end, uint32_t id)
{
	for (size_t k = 0; k < WORLD_SESSIONS; k++)
		if (end->sessions[k] && end->sessions[k]->id == id)
			return &end->sessions[k];
	return NULL;
}

static struct session *new_session(struct world *w, int side)
{
	struct end *end = &w->ends[side];
	for (size_t k = 0; k < WORLD_SESSIONS; k++) {
		if (end->sessions[k])
			continue;
		uint32_t id = ++end->next_session;
		uint16_t call_id = (uint16_t)(id * 257 + (uint32_t)side);
		end->sessions[k] = session_new(&end->host, end->settings, id, call_id,
					       addresses[!side], addresses[side].address);
		return end->sessions[k];
	}
	return NULL;
}

static void evict(struct world *w, int side, uint32_t id)
{
	struct session **other = session_by_id(&w->ends[side], id);
	if (other)
		session_hang_up(*other, LINK_END_LOCAL, "replaced by a new login", w->now_ms);
}

/* Addresses, and who has to go. */
static void grant(struct world *w, int side, uint32_t session, struct auth_verdict *verdict)
{
	for (uint32_t other = 1; w->registrar.evict && other < session; other++)
		evict(w, side, other);
	if (w->registrar.give_nothing)
		return;
	verdict->local_address = 0xc0a80a01;
	verdict->remote_address = 0xc0a80a64 + session;
	verdict->dns[0] = 0x08080808;
}

static void judge(struct world *w, int side, const struct message_login *asked,
		  struct auth_verdict *verdict)
{
	const char *secret = w->registrar.wrong_password && side == SERVER ? "another" : password;
	bool good = true;
	if (asked->proof.question == AUTH_PROVE)
		auth_prove(&asked->proof, secret, strlen(secret), &w->ends[side].host.random,
			   verdict);
	else if (asked->proof.method == AUTH_NONE)
		verdict->result = AUTH_ACCEPT;
	else
		good = auth_verify(&asked->proof, secret, strlen(secret), verdict);
	if (good && side == SERVER && asked->proof.question == AUTH_VERIFY)
		grant(w, side, asked->session, verdict);
	verdict->question = asked->proof.question;
}

/* The registrar: behind encoded messages, as in the real server. */
static void answer(struct world *w, int side, uint32_t session, const uint8_t *bytes)
{
	struct action_question question;
	memcpy(&question, bytes, sizeof(question));
	struct message_login login = {
		.session = session, .number = question.number, .proof = question.proof};
	struct message_login asked;
	uint8_t wire[4096];
	size_t length = message_encode(server_messages, MESSAGE_LOGIN, &login, wire, sizeof(wire));
	assert_true(length > 0);
	assert_non_null(message_decode(server_messages, wire, length, &asked, sizeof(asked)));
	struct message_verdict verdict = {.session = session, .number = asked.number};
	judge(w, side, &asked, &verdict.verdict);
	for (size_t i = 0; i < COUNT_OF(w->answers) && !w->registrar.never; i++) {
		struct answer *slot = &w->answers[i];
		if (slot->used)
			continue;
		slot->used = true;
		slot->to = (uint8_t)side;
		slot->at_ms = w->now_ms + w->registrar.delay_ms;
		slot->length = message_encode(server_messages, MESSAGE_VERDICT, &verdict,
					      slot->bytes, sizeof(slot->bytes));
		assert_true(slot->length > 0);
		return;
	}
}

static void end_session(struct world *w, int side, uint32_t id, const uint8_t *bytes)
{
	struct end *end = &w->ends[side];
	struct session **slot = session_by_id(end, id);
	assert_non_null(slot); /* ended once only */
	memcpy(&end->last_end, bytes, sizeof(end->last_end));
	end->ended++;
	struct session *session = *slot;
	*slot = NULL;
	for (size_t i = 0; i < DROP_COUNT; i++)
		end->drops[i] += session->drops[i];
	if (end->connection)
		connection_on_session_ended(end->connection, session, end->last_end.reason,
					    w->now_ms);
	session_free(session);
}

static void perform_one(struct world *w, int side, const struct action_view *view)
{
	struct end *end = &w->ends[side], *other = &w->ends[!side];
	struct session **session = session_by_id(end, view->id);
	switch (view->kind) {
	case ACTION_SEND_CONTROL:
		assert_true(other->stream_length + view->length <= sizeof(other->stream));
		assert_true(control_decode(&end->control_sent, view->bytes, view->length));
		memcpy(other->stream + other->stream_length, view->bytes, view->length);
		other->stream_length += view->length;
		break;
	case ACTION_CLOSE_CONTROL:
		other->peer_closed = true;
		end->closes++;
		connection_free(end->connection);
		end->connection = NULL;
		break;
	case ACTION_CALL_ASKED: {
		struct control_event event;
		memcpy(&event, view->bytes, sizeof(event));
		struct session *fresh = new_session(w, side);
		if (fresh)
			connection_accept(end->connection, event.slot, fresh, w->now_ms);
		else
			connection_refuse(end->connection, event.slot, 2, 4, w->now_ms);
		break;
	}
	case ACTION_SEND_GRE:
		assert_non_null(session); /* it ends behind all that it sends */
		world_fly(w, !side, session_tos(*session), view->bytes, view->length);
		break;
	case ACTION_ASK:
		end->asked++;
		answer(w, side, view->id, view->bytes);
		break;
	case ACTION_RELEASE:
		end->releases++;
		break;
	case ACTION_IPV4_UP:
		end->ipv4_ups++;
		assert_non_null(session);
		break;
	case ACTION_IPV4_DOWN:
		end->ipv4_downs++;
		break;
	case ACTION_IPV6_UP:
		end->ipv6_ups++;
		break;
	case ACTION_SESSION_ENDED:
		end_session(w, side, view->id, view->bytes);
		break;
	case ACTION_LOG:
		if (end->log_length + view->length + 1 < sizeof(end->log)) {
			memcpy(end->log + end->log_length, view->bytes + 1, view->length - 1);
			end->log_length += view->length - 1;
			end->log[end->log_length++] = '\n';
		}
		break;
	case ACTION_IPV6_DOWN:
		end->ipv6_downs++;
		break;
	case ACTION_CONNECTED:
		break;
	}
}

void world_perform(struct world *w, int side)
{
	struct action_view view;
	uint8_t copy[65536];
	world_seal(w, side); /* before a session that it belongs to may be gone */
	while (action_take(&w->ends[side].host, &view)) {
		memcpy(copy, view.bytes, view.length); /* carrying it out may put more */
		view.bytes = copy;
		perform_one(w, side, &view);
	}
}

static bool is_connected(const struct world *w)
{
	const struct connection *client = w->ends[CLIENT].connection;
	return !client || client->established;
}

void world_dial(struct world *w, unsigned calls)
{
	struct end *server = &w->ends[SERVER], *client = &w->ends[CLIENT];
	server->connection = connection_new(&server->host, server->settings, 1, addresses[CLIENT],
					    addresses[SERVER].address, w->now_ms);
	client->connection = connection_new(&client->host, client->settings, 1, addresses[SERVER],
					    addresses[CLIENT].address, w->now_ms);
	world_perform(w, SERVER);
	world_perform(w, CLIENT);
	world_run(w, 10000, is_connected);
	for (unsigned i = 0; i < calls && client->connection; i++) {
		struct session *session = new_session(w, CLIENT);
		assert_non_null(session);
		assert_true(connection_call(client->connection, session, w->now_ms));
		world_perform(w, CLIENT);
	}
}

/* Breaks the stream where the wire's faults say so. True: it is over. */
static bool cut_stream(struct world *w, int side)
{
	struct end *end = &w->ends[side];
	uint32_t at = w->wire.stream_cut[side];
	if (!at || end->stream_brought < at || !end->connection)
		return false;
	world_lose_tcp(w, side);
	return true;
}

static void deliver_streams(struct world *w, int side)
{
	struct end *end = &w->ends[side];
	while (end->stream_length && end->connection) {
		size_t part = w->wire.stream_part ? MIN_OF(end->stream_length, w->wire.stream_part)
						  : end->stream_length;
		uint8_t bytes[sizeof(end->stream)];
		if (w->wire.stream_cut[side])
			part = MIN_OF(part, w->wire.stream_cut[side] - end->stream_brought);
		end->stream_brought += part;
		memcpy(bytes, end->stream, part);
		end->stream_length -= part;
		memmove(end->stream, end->stream + part, end->stream_length);
		connection_on_bytes(end->connection, bytes, part, w->now_ms);
		world_perform(w, side);
		if (cut_stream(w, side))
			break;
	}
	if (end->peer_closed && end->connection) {
		connection_on_lost(end->connection, "closed by peer", w->now_ms);
		world_perform(w, side);
	}
}

static struct in_flight *next_arrival(struct world *w)
{
	struct in_flight *first = NULL;
	for (size_t i = 0; i < w->slots_used; i++) {
		struct in_flight *flight = &w->flights[i];
		if (flight->used &&
		    (!first || flight->at_ms < first->at_ms ||
		     (flight->at_ms == first->at_ms && flight->order < first->order)))
			first = flight;
	}
	return first;
}

static void deliver_answers(struct world *w)
{
	for (size_t i = 0; i < COUNT_OF(w->answers); i++) {
		struct answer *a = &w->answers[i];
		if (!a->used || a->at_ms > w->now_ms)
			continue;
		struct message_verdict verdict;
		a->used = false;
		assert_non_null(message_decode(server_messages, a->bytes, a->length, &verdict,
					       sizeof(verdict)));
		struct session **session = session_by_id(&w->ends[a->to], verdict.session);
		if (session) /* else it comes after the hang-up */
			session_on_verdict(*session, verdict.number, &verdict.verdict, w->now_ms);
		world_perform(w, a->to);
	}
}

static uint64_t next_event(struct world *w)
{
	uint64_t next = TIME_NEVER;
	struct in_flight *flight = next_arrival(w);
	if (flight)
		next = flight->at_ms;
	for (size_t i = 0; i < COUNT_OF(w->answers); i++)
		if (w->answers[i].used)
			next = MIN_OF(next, w->answers[i].at_ms);
	for (int side = 0; side < 2; side++) {
		struct end *end = &w->ends[side];
		if (end->connection)
			next = MIN_OF(next, connection_deadline(end->connection));
		for (size_t k = 0; k < WORLD_SESSIONS; k++)
			if (end->sessions[k])
				next = MIN_OF(next, session_deadline(end->sessions[k]));
	}
	return next;
}

static void on_time(struct world *w, int side)
{
	struct end *end = &w->ends[side];
	for (size_t k = 0; k < WORLD_SESSIONS; k++) {
		if (end->sessions[k] && session_deadline(end->sessions[k]) <= w->now_ms) {
			session_on_time(end->sessions[k], w->now_ms);
			world_perform(w, side);
		}
	}
	if (end->connection && connection_deadline(end->connection) <= w->now_ms) {
		connection_on_time(end->connection, w->now_ms);
		world_perform(w, side);
	}
}

/* What is there by now, in order of arrival, as one recvmmsg would bring it. */
static void deliver_packets(struct world *w)
{
	static struct in_flight arrived[BATCH_MAX];
	const struct in_flight *batch[BATCH_MAX];
	struct in_flight *flight;
	while ((flight = next_arrival(w)) && flight->at_ms <= w->now_ms) {
		size_t count = 0;
		int to = flight->to;
		while (flight && flight->at_ms <= w->now_ms && flight->to == to &&
		       count < w->receive_batch) {
			arrived[count] = *flight;
			batch[count] = &arrived[count];
			count++;
			flight->used = false;
			flight = next_arrival(w);
		}
		world_receive(w, to, batch, count);
	}
}

bool world_run(struct world *w, uint64_t ms, bool (*done)(const struct world *w))
{
	uint64_t until = w->now_ms + ms;
	world_seal(w, SERVER);
	world_seal(w, CLIENT);
	for (unsigned steps = 0; steps < 200000; steps++) {
		deliver_streams(w, SERVER);
		deliver_streams(w, CLIENT);
		if (done && done(w))
			return true;
		if (w->ends[SERVER].stream_length && w->ends[SERVER].connection)
			continue;
		uint64_t next = next_event(w);
		if (next > until)
			break;
		w->now_ms = MAX_OF(w->now_ms, next);
		deliver_packets(w);
		deliver_answers(w);
		on_time(w, SERVER);
		on_time(w, CLIENT);
	}
	w->now_ms = until;
	return done ? done(w) : true;
}

unsigned world_sessions(const struct world *w, int end)
{
	unsigned count = 0;
	for (size_t k = 0; k < WORLD_SESSIONS; k++)
		count += w->ends[end].sessions[k] != NULL;
	return count;
}

struct session *world_session(const struct world *w, int end, unsigned k)
{
	return w->ends[end].sessions[k];
}

static bool all_have(const struct world *w, bool ipv6)
{
	for (int side = 0; side < 2; side++) {
		for (size_t k = 0; k < WORLD_SESSIONS; k++) {
			const struct session *s = w->ends[side].sessions[k];
			if (s && !(ipv6 ? s->ipv6_up : s->ipv4_up))
				return false;
		}
	}
	return world_sessions(w, SERVER) && world_sessions(w, CLIENT);
}

bool world_is_up(const struct world *w)
{
	return all_have(w, false);
}

bool world_has_ipv6(const struct world *w)
{
	return all_have(w, true);
}

bool world_is_over(const struct world *w)
{
	return !world_sessions(w, SERVER) && !world_sessions(w, CLIENT);
}

static void fail_with_logs(const struct world *w, const char *what)
{
	fail_msg("%s\nserver:\n%s\nclient:\n%s", what, w->ends[SERVER].log, w->ends[CLIENT].log);
}

void world_call(struct world *w, unsigned calls)
{
	world_dial(w, calls);
	if (!world_run(w, 60000, world_is_up) || world_sessions(w, SERVER) != calls)
		fail_with_logs(w, "the calls did not come up");
}

struct world *world_with_call(uint64_t seed)
{
	struct world *w = world_new(seed);
	world_call(w, 1);
	return w;
}

void world_run_out(struct world *w, uint64_t ms)
{
	if (!world_run(w, ms, world_is_over))
		fail_with_logs(w, "sessions are left");
}

void world_assert_clean(const struct world *w)
{
	for (int side = 0; side < 2; side++) {
		const struct end *end = &w->ends[side];
		assert_int_equal(world_sessions(w, side), 0);
		assert_int_equal(end->ended, end->next_session);
		assert_int_equal(end->ipv4_downs, end->ipv4_ups);
		assert_int_equal(end->ipv6_downs, end->ipv6_ups);
		assert_int_equal(world_log_count(w, side, " ended caller="), end->ended);
		assert_true(end->releases <= end->ended && end->releases <= end->asked);
		if (end->connection)
			assert_int_equal(end->connection->call_count, 0);
	}
}

void world_lose_tcp(struct world *w, int side)
{
	struct end *end = &w->ends[side];
	assert_non_null(end->connection);
	connection_on_lost(end->connection, "reset by peer", w->now_ms);
	world_perform(w, side);
}

unsigned world_log_count(const struct world *w, int end, const char *text)
{
	unsigned count = 0;
	for (const char *at = w->ends[end].log; (at = strstr(at, text)); at++)
		count++;
	return count;
}
