/*
 * The control connection, in both roles: portions of any octets, time that passes, an owner that
 * does what the input says. Checked all the while: nothing follows a close, every call that was
 * asked for or placed goes down exactly once, what is sent can be read.
 *
 * The input: one octet for the role, then steps of one octet (what to do) and one (how much), where
 * step 0 and all unnamed ones feed that many of the following octets to the machine.
 */
#include <assert.h>
#include <string.h>

#include "control/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step { STEP_TIME = 1, STEP_ACCEPT, STEP_REFUSE, STEP_PLACE, STEP_END, STEP_STOP, STEP_LOST };

struct run {
	struct control control;
	struct outbox out;
	uint64_t now_ms;
	int live; /* calls that were asked for or placed, and are not down */
	bool closed;
};

static void fill(void *context, void *bytes, size_t length)
{
	memset(bytes, 0x5a, length);
}

static void check_sent(const struct action *a)
{
	struct control_message m;
	char text[CONTROL_PRINT_MAX];
	assert(control_decode(&m, a->bytes, a->length));
	control_print(&m, text, sizeof(text));
}

static void judge(struct run *r)
{
	struct action a;
	int standing = 0;
	while (outbox_take(&r->out, &a)) {
		assert(!r->closed);
		if (a.kind == CONTROL_SEND)
			check_sent(&a);
		r->live += a.kind == CONTROL_CALL_ASKED;
		r->live -= a.kind == CONTROL_CALL_DOWN;
		r->closed = a.kind == CONTROL_CLOSE;
	}
	for (int slot = 0; slot < CONTROL_CALLS_MAX; slot++)
		standing += r->control.calls[slot].state != CALL_FREE;
	assert(standing == r->live);
	if (r->control.state == CONTROL_CLOSED) {
		assert(standing == 0 && control_deadline(&r->control) == UINT64_MAX);
		r->closed = true;
	}
}

/* `step` steers, `amount` says how much, how long, or which. */
static void take_step(struct run *r, uint8_t step, uint8_t amount, struct reader *in)
{
	struct control *c = &r->control;
	switch (step) {
	case STEP_TIME:
		r->now_ms += (uint64_t)amount * 1000;
		control_on_time(c, r->now_ms);
		break;
	case STEP_ACCEPT:
		control_call_accept(c, amount % 8, amount, r->now_ms);
		break;
	case STEP_REFUSE:
		control_call_refuse(c, amount % 8, amount, amount, r->now_ms);
		break;
	case STEP_PLACE:
		if (c->settings->role == CONTROL_PNS)
			r->live += control_call_place(c, amount, r->now_ms) >= 0;
		break;
	case STEP_END:
		control_call_end(c, amount, CDN_ADMIN_SHUTDOWN, r->now_ms);
		break;
	case STEP_STOP:
		control_stop(c, r->now_ms);
		break;
	case STEP_LOST:
		control_on_lost(c, "connection lost", r->now_ms);
		break;
	default: {
		size_t length = amount < in->left ? amount : in->left;
		control_on_bytes(c, read_bytes(in, length), length, r->now_ms);
		break;
	}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);
	struct random random = {.fill = fill};
	struct control_settings settings = {.role = read_u8(&in) & 1 ? CONTROL_PNS : CONTROL_PAC,
					    .host_name = "host",
					    .vendor = "vendor",
					    .first_message_ms = 10000,
					    .echo_ms = CONTROL_ECHO_MS,
					    .window = 64,
					    .calls_max = 6,
					    .trace = true};
	struct run r = {.now_ms = 1};
	control_init(&r.control, &settings, &random, &r.out, r.now_ms);
	while (in.left) {
		uint8_t step = read_u8(&in), amount = read_u8(&in);
		take_step(&r, step, amount, &in);
		judge(&r);
	}
	outbox_fini(&r.out);
	return 0;
}
