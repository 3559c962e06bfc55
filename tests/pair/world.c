#include "tests/pair/world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "auth/proof.h"
#include "base/base.h"
#include "server/messages.h"
#include "tests/test.h"

enum { LATENCY_MS = 5, REORDER_MS = 30 };
static const struct endpoint addresses[2] = {
	[SERVER] = {0xcb007101, 1723}, [CLIENT] = {0xc6336402, 40000}};
static const char password[] = "test123";

static bool chance(struct world *w, uint32_t in_1000)
{
	struct random random = test_random(&w->seed);
	return in_1000 && random_below(&random, 1000) < in_1000;
}

struct world *world_new(uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->flights = calloc(WIRE_SLOTS, sizeof(*w->flights));
	assert_non_null(w->flights);
	w->seed = seed;
	w->now_ms = 1000;
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
	const char *secret = w->registrar.wrong_password && side == SERVER ? "another" : password;
	if (side == SERVER) {
		auth_verify(&asked.proof, secret, strlen(secret), &verdict.verdict);
		verdict.verdict.local_address = 0xc0a80a01;
		verdict.verdict.remote_address = 0xc0a80a64 + session;
		verdict.verdict.dns[0] = 0x08080808;
	} else {
		auth_prove(&asked.proof, secret, strlen(secret), &w->ends[side].host.random,
			   &verdict.verdict);
	}
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

/* What the wire shows of a data frame: is it MPPE, or clear IP? */
static void look_at_wire(struct world *w, const uint8_t *bytes, size_t length)
{
	struct reader in = reader_of(bytes, length);
	struct gre_header h;
	if (!gre_decode(&h, &in) || !h.has_seq)
		return;
	uint16_t protocol = read_u8(&in);
	if (protocol == 0xff) {
		read_u8(&in);
		protocol = read_u8(&in);
	}
	if (!(protocol & 1))
		protocol = (uint16_t)(protocol << 8 | read_u8(&in));
	w->encrypted_packets += protocol == 0xfd;
	w->clear_packets += protocol == 0x21 || protocol == 0x57;
}

static void fly(struct world *w, int to, uint16_t call_id, const uint8_t *bytes, size_t length)
{
	look_at_wire(w, bytes, length);
	unsigned copies = chance(w, w->wire.lose) ? 0 : chance(w, w->wire.repeat) ? 2 : 1;
	for (size_t i = 0; i < WIRE_SLOTS && copies; i++) {
		struct in_flight *flight = &w->flights[i];
		if (flight->used)
			continue;
		flight->used = true;
		flight->to = (uint8_t)to;
		flight->order = ++w->order;
		flight->at_ms =
			w->now_ms + LATENCY_MS + (chance(w, w->wire.reorder) ? REORDER_MS : 0);
		flight->call_id = call_id;
		flight->length = (uint16_t)length;
		memcpy(flight->bytes, bytes, length);
		if (w->on_wire)
			w->on_wire(w, flight);
		copies--;
	}
	assert_int_equal(copies, 0); /* the wire is long enough for every test */
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
		memcpy(other->stream + other->stream_length, view->bytes, view->length);
		other->stream_length += view->length;
		break;
	case ACTION_CLOSE_CONTROL:
		other->peer_closed = true;
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
		assert_true(view->length <= sizeof(w->flights[0].bytes));
		fly(w, !side, (uint16_t)(view->bytes[6] << 8 | view->bytes[7]), view->bytes,
		    view->length);
		break;
	case ACTION_ASK:
		end->asked++;
		answer(w, side, view->id, view->bytes);
		break;
	case ACTION_RELEASE:
		end->releases++;
		break;
	case ACTION_EVICT:
		end->evictions++;
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
	case ACTION_CONNECTED:
	case ACTION_IPV6_DOWN:
		break;
	}
}

static void perform(struct world *w, int side)
{
	struct action_view view;
	uint8_t copy[65536];
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
	perform(w, SERVER);
	perform(w, CLIENT);
	world_run(w, 10000, is_connected);
	for (unsigned i = 0; i < calls && client->connection; i++) {
		struct session *session = new_session(w, CLIENT);
		assert_non_null(session);
		assert_true(connection_call(client->connection, session, w->now_ms));
		perform(w, CLIENT);
	}
}

static void take_out(struct end *end, const struct packet *p)
{
	if (end->inbox_count < INBOX_SLOTS) {
		end->inbox[end->inbox_count].length = p->length;
		memcpy(end->inbox[end->inbox_count].bytes, p->data, MIN_OF(p->length, 1600));
	}
	end->inbox_count++;
}

/* One GRE packet through both halves. */
static void receive(struct world *w, const struct in_flight *flight)
{
	struct end *end = &w->ends[flight->to];
	static struct packet p;
	struct session_item item;
	enum link_payload payload;
	for (size_t k = 0; k < WORLD_SESSIONS; k++) {
		struct session *session = end->sessions[k];
		if (!session || session->call_id != flight->call_id)
			continue;
		packet_reset(&p);
		memcpy(p.data, flight->bytes, flight->length);
		p.length = flight->length;
		if (session_admit(session, &p, &item, w->now_ms) == DROP_NONE && item.has_payload) {
			struct mppe_item *one = &item.link.mppe;
			if (item.link.encrypted)
				mppe_run(&one, 1);
			if (session_deliver(session, &p, &item, &payload, w->now_ms) == DROP_NONE &&
			    payload != LINK_PAYLOAD_NONE)
				take_out(end, &p);
		}
		break;
	}
	perform(w, flight->to);
}

static void deliver_streams(struct world *w, int side)
{
	struct end *end = &w->ends[side];
	while (end->stream_length && end->connection) {
		size_t part = w->wire.stream_part ? MIN_OF(end->stream_length, w->wire.stream_part)
						  : end->stream_length;
		uint8_t bytes[sizeof(end->stream)];
		memcpy(bytes, end->stream, part);
		end->stream_length -= part;
		memmove(end->stream, end->stream + part, end->stream_length);
		connection_on_bytes(end->connection, bytes, part, w->now_ms);
		perform(w, side);
	}
	if (end->peer_closed && end->connection) {
		connection_on_lost(end->connection, "closed by peer", w->now_ms);
		perform(w, side);
	}
}

static struct in_flight *next_arrival(struct world *w)
{
	struct in_flight *first = NULL;
	for (size_t i = 0; i < WIRE_SLOTS; i++) {
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
		perform(w, a->to);
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
			perform(w, side);
		}
	}
	if (end->connection && connection_deadline(end->connection) <= w->now_ms) {
		connection_on_time(end->connection, w->now_ms);
		perform(w, side);
	}
}

bool world_run(struct world *w, uint64_t ms, bool (*done)(const struct world *w))
{
	uint64_t until = w->now_ms + ms;
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
		struct in_flight *flight;
		while ((flight = next_arrival(w)) && flight->at_ms <= w->now_ms) {
			struct in_flight arrived = *flight;
			flight->used = false;
			receive(w, &arrived);
		}
		deliver_answers(w);
		on_time(w, SERVER);
		on_time(w, CLIENT);
	}
	w->now_ms = until;
	return done ? done(w) : true;
}

static unsigned sessions_of(const struct end *end)
{
	unsigned count = 0;
	for (size_t k = 0; k < WORLD_SESSIONS; k++)
		count += end->sessions[k] != NULL;
	return count;
}

bool world_is_up(const struct world *w)
{
	for (int side = 0; side < 2; side++)
		for (size_t k = 0; k < WORLD_SESSIONS; k++)
			if (w->ends[side].sessions[k] && !w->ends[side].sessions[k]->ipv4_up)
				return false;
	return sessions_of(&w->ends[SERVER]) && sessions_of(&w->ends[CLIENT]);
}

bool world_is_over(const struct world *w)
{
	return !sessions_of(&w->ends[SERVER]) && !sessions_of(&w->ends[CLIENT]);
}

static void make_udp(struct packet *p, const struct session *s, uint32_t number, size_t octets)
{
	packet_reset(p);
	memset(p->data, 0, octets);
	struct writer out = writer_of(p->data, octets);
	write_u16(&out, 0x4500);
	write_u16(&out, (uint16_t)octets);
	write_u32(&out, 0x00010000);
	write_u32(&out, 0x40110000); /* TTL, UDP; the checksum is not looked at on this path */
	write_u32(&out, s->addresses.local);
	write_u32(&out, s->addresses.remote);
	write_u32(&out, 0x10001000);
	write_u16(&out, (uint16_t)(octets - 20));
	write_u16(&out, 0);
	write_u32(&out, number);
	p->length = octets;
}

void world_send(struct world *w, int from, unsigned session, unsigned count, size_t octets,
		unsigned batch)
{
	enum { BATCH_MAX = 64 };
	static struct packet packets[BATCH_MAX];
	static struct session_item items[BATCH_MAX];
	struct mppe_item *run[BATCH_MAX];
	struct session *s = w->ends[from].sessions[session];
	assert_non_null(s);
	assert_true(batch <= BATCH_MAX);
	for (unsigned sent = 0; sent < count;) {
		unsigned n = 0;
		size_t encrypted = 0;
		for (; n < batch && sent < count; n++, sent++) {
			enum session_fit fit;
			bool tell;
			make_udp(&packets[n], s, sent, octets);
			assert_int_equal(session_outbound(s, &packets[n], &fit, &tell, w->now_ms),
					 DROP_NONE);
			assert_int_equal(fit, SESSION_FITS);
			assert_int_equal(session_enclose(s, &packets[n], &items[n], w->now_ms),
					 DROP_NONE);
			if (items[n].link.encrypted && items[n].link.alone) {
				struct mppe_item *one = &items[n].link.mppe;
				mppe_run(&one, 1);
			} else if (items[n].link.encrypted) {
				run[encrypted++] = &items[n].link.mppe;
			}
		}
		mppe_run(run, encrypted);
		for (unsigned i = 0; i < n; i++) {
			session_seal(s, &packets[i]);
			fly(w, !from, s->gre.peer_call_id, packets[i].data, packets[i].length);
		}
	}
}

unsigned world_log_count(const struct world *w, int end, const char *text)
{
	unsigned count = 0;
	for (const char *at = w->ends[end].log; (at = strstr(at, text)); at++)
		count++;
	return count;
}
