/* A PAC and a PNS that talk to each other, the stream cut into every
 * possible size of portion; and machines that hear nonsense. */
#include "control/machine_test.h"

enum { STREAM = 8192 };

struct ends {
	struct bench pac, pns;
	size_t portion;
	uint16_t next_call_id;
	int pac_up, pac_down, pns_up, pns_down, established, closed;
};

/* Takes what one end put; bytes go to `wire`. As PAC it accepts every call. */
static size_t take(struct ends *e, struct bench *b, uint8_t wire[STREAM])
{
	struct action a;
	size_t length = 0;
	bool is_pac = b == &e->pac;
	while (outbox_take(&b->out, &a)) {
		struct control_event event = {0};
		if (a.length == sizeof(event))
			memcpy(&event, a.bytes, sizeof(event));
		if (a.kind == CONTROL_SEND) {
			assert_true(length + a.length <= STREAM);
			memcpy(wire + length, a.bytes, a.length);
			length += a.length;
		}
		e->established += a.kind == CONTROL_ESTABLISHED;
		e->closed += a.kind == CONTROL_CLOSE;
		*(is_pac ? &e->pac_up : &e->pns_up) += a.kind == CONTROL_CALL_UP;
		*(is_pac ? &e->pac_down : &e->pns_down) += a.kind == CONTROL_CALL_DOWN;
		assert_int_not_equal(
			a.kind, CONTROL_REPORT * (e->established == 2)); /* nothing is unexpected */
		if (a.kind == CONTROL_CALL_ASKED)
			control_call_accept(&b->control, event.slot, e->next_call_id++, b->now_ms);
	}
	return length;
}

/* Carries what each put to the other, in portions, until both are silent. */
static void talk(struct ends *e)
{
	uint8_t wire[STREAM];
	for (int silent = 0, round = 0; silent < 2; round++) {
		struct bench *from = round % 2 ? &e->pac : &e->pns,
			     *to = round % 2 ? &e->pns : &e->pac;
		size_t length = take(e, from, wire);
		silent = length ? 0 : silent + 1;
		for (size_t at = 0; at < length; at += e->portion)
			control_on_bytes(&to->control, wire + at, MIN_OF(e->portion, length - at),
					 to->now_ms);
		assert_true(round < 100);
	}
}

static void pass_a_minute(struct ends *e)
{
	e->pac.now_ms += 60000;
	e->pns.now_ms = e->pac.now_ms;
	control_on_time(&e->pac.control, e->pac.now_ms);
	control_on_time(&e->pns.control, e->pns.now_ms);
}

static void whole_life(struct ends *e)
{
	uint64_t now = e->pns.now_ms;
	talk(e);
	assert_int_equal(e->established, 2);
	for (uint16_t i = 0; i < 4; i++)
		assert_int_equal(control_call_place(&e->pns.control, i, now), i);
	assert_int_equal(control_call_place(&e->pns.control, 9, now), -1);
	talk(e);
	assert_int_equal(e->pac_up, 4);
	assert_int_equal(e->pns_up, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(e->pns.control.calls[i].peer_call_id,
				 e->pac.control.calls[i].call_id);
		assert_int_equal(e->pac.control.calls[i].peer_call_id,
				 e->pns.control.calls[i].call_id);
	}
	control_call_end(&e->pns.control, 1, CDN_REQUEST, now);
	control_call_end(&e->pac.control, 2, CDN_ADMIN_SHUTDOWN, now);
	talk(e);
	assert_int_equal(e->pac_down, 2);
	assert_int_equal(e->pns_down, 2);
	for (int i = 0; i < 3; i++) {
		pass_a_minute(e);
		talk(e);
	}
	assert_int_equal(e->closed, 0);
	control_stop(&e->pac.control, e->pac.now_ms);
	talk(e);
	assert_int_equal(e->closed, 2);
	assert_int_equal(e->pac_down, 4);
	assert_int_equal(e->pns_down, 4);
}

TEST(control_both_ends_agree_whatever_the_portions)
{
	static struct ends e;
	for (size_t portion = 1; portion <= 700; portion++) {
		memset(&e, 0, sizeof(e));
		e.portion = portion;
		e.next_call_id = 4000;
		bench_init(&e.pac, CONTROL_PAC);
		bench_init(&e.pns, CONTROL_PNS);
		e.pac.seed = 4;
		whole_life(&e);
		bench_fini(&e.pac);
		bench_fini(&e.pns);
	}
}

TEST(control_call_that_is_cleared_by_both_sides_at_once_goes_down_once)
{
	static struct ends e;
	memset(&e, 0, sizeof(e));
	e.portion = 1000;
	bench_init(&e.pac, CONTROL_PAC);
	bench_init(&e.pns, CONTROL_PNS);
	talk(&e);
	control_call_place(&e.pns.control, 77, e.pns.now_ms);
	talk(&e);
	control_call_end(&e.pac.control, 0, CDN_LOST_CARRIER, e.pac.now_ms);
	control_call_end(&e.pns.control, 0, CDN_REQUEST, e.pns.now_ms);
	e.established = 0; /* the Call-Clear-Request now finds no call, which is reported */
	talk(&e);
	assert_int_equal(e.pac_down, 1);
	assert_int_equal(e.pns_down, 1);
	assert_int_equal(e.pns.control.calls[0].state, CALL_FREE);
	bench_fini(&e.pac);
	bench_fini(&e.pns);
}

/* A few octets of a whole message turned over, or nonsense outright. */
static size_t nonsense(struct random *random, uint8_t to[CONTROL_MESSAGE_MAX])
{
	struct control_message m;
	random_fill(random, &m, sizeof(m));
	m.type = 1 + random_below(random, CONTROL_MESSAGE_TYPES - 1);
	if (random_below(random,
			 4)) { /* small numbers meet calls that exist, and versions that pass */
		memset(&m.start_request, 0, sizeof(m.start_request));
		m.call_clear_request.call_id = (uint16_t)random_below(random, 4);
		m.call_clear_request.reserved1 = (uint16_t)random_below(random, 4);
		m.outgoing_call_reply.result_code = (uint8_t)random_below(random, 3);
	}
	if (m.type <= START_CONTROL_CONNECTION_REPLY && random_below(random, 2))
		m.start_request.protocol_version = 0x0100;
	size_t length = control_encode(&m, to);
	if (random_below(random, 50) == 0)
		to[random_below(random, (uint32_t)length)] ^=
			(uint8_t)(1 << random_below(random, 8));
	return length;
}

/* Takes the actions of one step; keeps count of the
 * calls that live. Answers some that are asked. */
static void judge(struct bench *b, struct random *chance, int *live, bool *closed)
{
	struct action a;
	while (outbox_take(&b->out, &a)) {
		assert_false(*closed); /* nothing follows a close */
		struct control_event event;
		if (a.length == sizeof(event))
			memcpy(&event, a.bytes, sizeof(event));
		*live += a.kind == CONTROL_CALL_ASKED;
		*live -= a.kind == CONTROL_CALL_DOWN;
		*closed = a.kind == CONTROL_CLOSE;
		if (a.kind == CONTROL_CALL_ASKED && random_below(chance, 3))
			control_call_accept(&b->control, event.slot,
					    (uint16_t)random_below(chance, 4), b->now_ms);
	}
}

static int calls_standing(const struct control *c)
{
	int count = 0;
	for (int i = 0; i < CONTROL_CALLS_MAX; i++)
		count += c->calls[i].state != CALL_FREE;
	return count;
}

static void one_step(struct bench *b, struct random *chance, int *live)
{
	uint8_t bytes[CONTROL_MESSAGE_MAX];
	switch (random_below(chance, 8)) {
	case 0:
		b->now_ms += random_below(chance, random_below(chance, 4) ? 5000 : 70000);
		control_on_time(&b->control, b->now_ms);
		break;
	case 1:
		control_call_end(&b->control, (uint16_t)random_below(chance, 6), CDN_REQUEST,
				 b->now_ms);
		break;
	case 2:
		if (b->settings.role == CONTROL_PNS)
			*live += control_call_place(&b->control, (uint16_t)random_below(chance, 4),
						    b->now_ms) >= 0;
		break;
	default:
		control_on_bytes(&b->control, bytes, nonsense(chance, bytes), b->now_ms);
		break;
	}
}

TEST(control_that_hears_nonsense_stays_consistent_or_closes)
{
	static struct bench b;
	int established = 0, closed_runs = 0;
	for (uint64_t run = 1; run <= 3000; run++) {
		uint64_t seed = run;
		struct random chance = test_random(&seed);
		bool closed = false;
		int live = 0;
		bench_init(&b, run % 2 ? CONTROL_PAC : CONTROL_PNS);
		if (run % 4 < 2)
			b.control.state = CONTROL_ESTABLISHED_STATE;
		for (int step = 0; step < 40; step++) {
			one_step(&b, &chance, &live);
			judge(&b, &chance, &live, &closed);
			assert_int_equal(live, calls_standing(&b.control));
			assert_int_equal(closed, b.control.state == CONTROL_CLOSED);
			assert_true(!closed || live == 0);
		}
		established += b.control.state == CONTROL_ESTABLISHED_STATE;
		closed_runs += closed;
		bench_fini(&b);
	}
	assert_true(established > 50 && closed_runs > 50); /* both kinds of life were seen */
}

TEST(control_of_random_octets_closes_at_once)
{
	static struct bench b;
	for (uint64_t run = 1; run <= 2000; run++) {
		uint8_t bytes[64];
		uint64_t seed = run;
		struct random chance = test_random(&seed);
		random_fill(&chance, bytes, sizeof(bytes));
		bench_init(&b, CONTROL_PAC);
		control_on_bytes(&b.control, bytes, sizeof(bytes), b.now_ms);
		assert_int_equal(b.control.state, CONTROL_CLOSED);
		bench_fini(&b);
	}
}
