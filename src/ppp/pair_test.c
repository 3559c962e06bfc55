#include "ppp/pair_test.h"

#include <stdlib.h>
#include <string.h>

#include "auth/proof.h"
#include "base/base.h"

static const char password[] = "clientPass";

static struct link_settings settings_of(enum link_role role)
{
	static const struct fsm_settings timers = {3000, 10, 3, 10};
	struct link_settings s = {
		.role = role,
		.mru = role == LINK_SERVER ? 1500 : 1400,
		.magic = true,
		.pfc = true,
		.acfc = true,
		.accept_pfc_acfc = true,
		.demand = role == LINK_SERVER ? AUTH_BIT(AUTH_MSCHAPV2) : 0,
		.offer = role == LINK_CLIENT ? AUTH_BIT(AUTH_MSCHAPV2) : 0,
		.auth = {role == LINK_SERVER ? "poptun" : "User", 3000, 10, 60000, 0},
		.mppe = MPPE_REQUIRED,
		.mppe_sizes = MPPE_128,
		.mppe_stateless = true,
		.mppe_stateful = true,
		.ipv4 = true,
		.ipv6 = true,
		.lcp = timers,
		.ccp = timers,
		.ipcp = timers,
		.ipv6cp = timers,
		.echo_interval_ms = 30000,
		.echo_failures = 4,
		.network_timeout_ms = 30000,
	};
	return s;
}

struct pair *pair_new(void)
{
	struct pair *p = calloc(1, sizeof(*p));
	assert_non_null(p);
	p->now_ms = 1000;
	p->random_state = 7;
	p->random = test_random(&p->random_state);
	p->password = password;
	p->end[PAIR_SERVER].settings = settings_of(LINK_SERVER);
	p->end[PAIR_CLIENT].settings = settings_of(LINK_CLIENT);
	return p;
}

void pair_free(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		link_fini(&p->end[i].link);
		outbox_fini(&p->end[i].out);
	}
	free(p);
}

static bool chance(struct pair *p, unsigned percent)
{
	return percent && random_below(&p->random, 100) < percent;
}

static void wire_put(struct pair *p, struct end_point *e, const void *bytes, size_t length)
{
	if (chance(p, p->lose_percent))
		return;
	for (int copies = chance(p, p->double_percent) ? 2 : 1; copies; copies--) {
		assert_true(e->count < PAIR_WIRE && length <= sizeof(e->wire[0].bytes));
		struct pair_frame *f = &e->wire[(e->first + e->count++) % PAIR_WIRE];
		f->length = length;
		memcpy(f->bytes, bytes, length);
	}
}

static void log_put(struct end_point *e, const struct action *a)
{
	size_t used = strlen(e->log);
	if (used + a->length + 2 < sizeof(e->log)) {
		memcpy(e->log + used, a->bytes, a->length);
		memcpy(e->log + used + a->length, "\n", 2);
	}
}

static void act(struct pair *p, struct end_point *e, const struct action *a)
{
	struct auth_verdict verdict;
	assert_false(e->ended); /* nothing follows LINK_ENDED */
	switch (a->kind) {
	case LINK_FRAME:
		wire_put(p, e, a->bytes, a->length);
		break;
	case LINK_ASK:
		assert_int_equal(a->length, sizeof(e->question));
		memcpy(&e->question, a->bytes, sizeof(e->question));
		e->asked = true;
		e->questions++;
		break;
	case LINK_AUTHENTICATED:
		memcpy(&verdict, a->bytes, sizeof(verdict));
		assert_int_equal(verdict.keys.present, 0);
		e->authenticated++;
		break;
	case LINK_IPV4_UP:
		memcpy(&e->addresses, a->bytes, sizeof(e->addresses));
		e->ipv4_up++;
		break;
	case LINK_IPV4_DOWN:
		e->ipv4_down++;
		break;
	case LINK_IPV6_UP:
		memcpy(&e->addresses, a->bytes, sizeof(e->addresses));
		e->ipv6_up++;
		break;
	case LINK_IPV6_DOWN:
		e->ipv6_down++;
		break;
	case LINK_ENDED:
		memcpy(&e->end, a->bytes, sizeof(e->end));
		e->ended++;
		break;
	case LINK_TRACE:
		if (p->verbose)
			print_message("%s %.*s\n", e == p->end ? "server" : "client",
				      (int)a->length, (const char *)a->bytes);
		break;
	case LINK_REPORT:
		if (p->verbose)
			print_message("%s %.*s\n", e == p->end ? "server" : "client",
				      (int)a->length, (const char *)a->bytes);
		log_put(e, a);
		break;
	}
}

void pair_collect(struct pair *p, int end)
{
	struct end_point *e = &p->end[end];
	struct action a;
	while (outbox_take(&e->out, &a))
		act(p, e, &a);
}

static void answer(struct pair *p, int end)
{
	struct end_point *e = &p->end[end];
	struct auth_verdict verdict = {.result = AUTH_ACCEPT};
	if (!e->asked || e->mute_registrar)
		return;
	e->asked = false;
	if (e->question.question == AUTH_PROVE)
		auth_prove(&e->question, p->password, strlen(p->password), &p->random, &verdict);
	else if (e->question.method != AUTH_NONE)
		auth_verify(&e->question, password, strlen(password), &verdict);
	if (end == PAIR_SERVER && verdict.result == AUTH_ACCEPT) {
		verdict.local_address = 0xc0a80a01;
		verdict.remote_address = 0xc0a80a64;
		verdict.dns[0] = 0x08080808;
	}
	link_on_verdict(&e->link, &verdict, p->now_ms);
	pair_collect(p, end);
}

void pair_open(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		struct end_point *e = &p->end[i];
		link_open(&e->link, &e->settings, &p->random, &e->out, p->now_ms);
		pair_collect(p, i);
	}
}

bool pair_take(struct pair *p, int from, struct pair_frame *frame)
{
	struct end_point *e = &p->end[from];
	if (!e->count)
		return false;
	*frame = e->wire[e->first];
	e->first = (e->first + 1) % PAIR_WIRE;
	e->count--;
	return true;
}

enum drop pair_give(struct pair *p, int to, const void *bytes, size_t length,
		    enum link_payload *payload, struct packet *packet)
{
	struct end_point *e = &p->end[to];
	struct link_item item;
	packet_reset(packet);
	memcpy(packet->data, bytes, length);
	packet->length = length;
	*payload = LINK_PAYLOAD_NONE;
	enum drop drop = link_admit(&e->link, packet, &item, p->now_ms);
	if (drop == DROP_NONE) {
		struct mppe_item *one = &item.mppe;
		if (item.encrypted)
			mppe_run(&one, 1);
		drop = link_deliver(&e->link, packet, &item, payload, p->now_ms);
	}
	pair_collect(p, to);
	return drop;
}

enum drop pair_give_hex(struct pair *p, int to, const char *hex)
{
	uint8_t bytes[1600];
	struct packet packet;
	enum link_payload payload;
	size_t length = test_unhex(hex, bytes, sizeof(bytes));
	return pair_give(p, to, bytes, length, &payload, &packet);
}

void pair_expect(struct pair *p, int from, const char *hex)
{
	uint8_t bytes[1600];
	struct pair_frame frame;
	size_t length = test_unhex(hex, bytes, sizeof(bytes));
	if (!pair_take(p, from, &frame))
		fail_msg("no frame, wanted %s", hex);
	if (frame.length != length || memcmp(frame.bytes, bytes, length)) {
		print_message("wanted %s, got ", hex);
		for (size_t i = 0; i < frame.length; i++)
			print_message("%02x", frame.bytes[i]);
		fail_msg("another frame");
	}
}

static bool move_frames(struct pair *p)
{
	struct pair_frame frame;
	struct packet packet;
	enum link_payload payload;
	bool moved = false;
	for (int from = 0; from < 2; from++) {
		for (size_t n = p->end[from].count; n && pair_take(p, from, &frame); n--) {
			pair_give(p, !from, frame.bytes, frame.length, &payload, &packet);
			moved = true;
		}
		if (p->end[from].asked && !p->end[from].mute_registrar) {
			answer(p, from);
			moved = true;
		}
	}
	return moved;
}

void pair_run(struct pair *p, uint64_t ms)
{
	uint64_t until = p->now_ms + ms;
	for (;;) {
		int rounds = 0;
		while (move_frames(p))
			assert_true(++rounds < 200); /* an exchange comes to rest */
		uint64_t next =
			MIN_OF(link_deadline(&p->end[0].link), link_deadline(&p->end[1].link));
		if (next > until)
			break;
		p->now_ms = MAX_OF(p->now_ms, next);
		for (int i = 0; i < 2; i++) {
			link_on_time(&p->end[i].link, p->now_ms);
			assert_true(link_deadline(&p->end[i].link) > p->now_ms);
			pair_collect(p, i);
		}
	}
	p->now_ms = until;
}

bool pair_is_up(const struct pair *p)
{
	return p->end[0].ipv4_up > p->end[0].ipv4_down && p->end[1].ipv4_up > p->end[1].ipv4_down;
}

bool pair_ping(struct pair *p, int from, bool *clear)
{
	static const uint8_t ip[] = "\x45\0\0\x20plain \x05\x7fxt that nobody reads";
	struct packet packet;
	struct link_item item;
	enum link_payload payload;
	packet_reset(&packet);
	memcpy(packet.data, ip, sizeof(ip));
	packet.length = sizeof(ip);
	if (link_send(&p->end[from].link, &packet, LINK_PAYLOAD_IPV4, &item) != DROP_NONE)
		return false;
	struct mppe_item *one = &item.mppe;
	if (item.encrypted)
		mppe_run(&one, 1);
	*clear = memmem(packet.data, packet.length, "plain", 5) != NULL;
	uint8_t wire[1600];
	size_t length = packet.length;
	memcpy(wire, packet.data, length);
	return pair_give(p, !from, wire, length, &payload, &packet) == DROP_NONE &&
	       payload == LINK_PAYLOAD_IPV4 && packet.length == sizeof(ip) &&
	       !memcmp(packet.data, ip, sizeof(ip));
}

struct pair *pair_at_verdict(void)
{
	struct pair *p = pair_new();
	p->end[PAIR_SERVER].mute_registrar = true;
	pair_open(p);
	pair_run(p, 0);
	assert_true(p->end[PAIR_SERVER].asked);
	p->end[PAIR_SERVER].count = p->end[PAIR_CLIENT].count = 0;
	return p;
}

void pair_give_verdict(struct pair *p, bool keys)
{
	struct auth_verdict v = {.result = AUTH_ACCEPT,
				 .keys.present = keys,
				 .local_address = 0xc0a80a01,
				 .remote_address = 0xc0a80a64,
				 .dns = {0x08080808, 0x08080404}};
	struct pair_frame success;
	link_on_verdict(&p->end[PAIR_SERVER].link, &v, p->now_ms);
	pair_collect(p, PAIR_SERVER);
	assert_true(pair_take(p, PAIR_SERVER, &success));
	assert_memory_equal(success.bytes, "\xff\x03\xc2\x23\x03", 5);
}
