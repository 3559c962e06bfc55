/*
 * Fuzzes the room ppp/: a server link and a client link, each fed with the input's frames. The
 * first octet chooses settings. Then events, each an octet of kind and one of length: a frame of
 * that many octets for the server or the client, what the other end really sent (so that inputs get
 * far), time, a data packet to send, or a verdict.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "auth/proof.h"
#include "ppp/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SENT_MAX = 64, FRAME_MAX = 1600 };

struct end {
	struct link_settings settings;
	struct link link;
	struct outbox out;
	struct auth_proof question;
	bool asked, ended;
	struct {
		size_t length;
		uint8_t bytes[FRAME_MAX];
	} sent[SENT_MAX];
	size_t first, count;
};

static const char secret[] = "clientPass";

static void fill(void *context, void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((uint8_t *)bytes)[i] = (*(uint8_t *)context)++;
}

static void settings_choose(struct link_settings *s, enum link_role role, uint8_t choice)
{
	static const struct fsm_settings timers = {3000, 10, 3, 10};
	auth_methods methods =
		choice & 1 ? AUTH_BIT(AUTH_MSCHAPV2) : AUTH_BIT(AUTH_PAP) | AUTH_BIT(AUTH_MSCHAP);
	*s = (struct link_settings){
		.role = role,
		.mru = 1400,
		.magic = true,
		.accept_pfc_acfc = true,
		.demand = role == LINK_SERVER ? methods : 0,
		.offer = role == LINK_CLIENT ? methods : 0,
		.auth = {"User", 3000, 10, 60000, choice & 2 ? 60000 : 0},
		.mppe = choice & 4   ? MPPE_REQUIRED
			: choice & 8 ? MPPE_OPTIONAL
				     : MPPE_OFF,
		.mppe_sizes = MPPE_40 | MPPE_56 | MPPE_128,
		.mppe_stateless = choice & 16,
		.mppe_stateful = choice & 32 || !(choice & 16),
		.ipv4 = true,
		.ipv6 = choice & 64,
		.accept_local = choice & 128,
		.accept_remote = choice & 128,
		.lcp = timers,
		.ccp = timers,
		.ipcp = timers,
		.ipv6cp = timers,
		.echo_interval_ms = 30000,
		.echo_failures = 4,
		.network_timeout_ms = 30000,
	};
}

static void drain(struct end *e)
{
	struct action action;
	while (outbox_take(&e->out, &action)) {
		assert(!e->ended);
		e->ended = action.kind == LINK_ENDED;
		if (action.kind == LINK_ASK) {
			memcpy(&e->question, action.bytes, sizeof(e->question));
			e->asked = true;
		}
		if (action.kind == LINK_FRAME && e->count < SENT_MAX) {
			size_t at = (e->first + e->count++) % SENT_MAX;
			assert(action.length <= FRAME_MAX);
			e->sent[at].length = action.length;
			memcpy(e->sent[at].bytes, action.bytes, action.length);
		}
	}
}

static void give(struct end *e, const uint8_t *bytes, size_t length, uint64_t now_ms)
{
	struct packet packet;
	struct link_item item;
	struct mppe_item *one = &item.mppe;
	enum link_payload payload;
	packet_reset(&packet);
	memcpy(packet.data, bytes, length);
	packet.length = length;
	if (link_admit(&e->link, &packet, &item, now_ms) == DROP_NONE) {
		if (item.encrypted)
			mppe_run(&one, 1);
		enum drop drop = link_deliver(&e->link, &packet, &item, &payload, now_ms);
		/* Nothing clear comes in where encryption is required. */
		assert(drop != DROP_NONE || payload == LINK_PAYLOAD_NONE || item.encrypted ||
		       e->settings.mppe != MPPE_REQUIRED);
	}
	drain(e);
}

static void pass_on(struct end *from, struct end *to, uint64_t now_ms)
{
	if (!from->count)
		return;
	size_t at = from->first;
	from->first = (from->first + 1) % SENT_MAX;
	from->count--;
	give(to, from->sent[at].bytes, from->sent[at].length, now_ms);
}

static void send_data(struct end *from, struct end *to, uint64_t now_ms)
{
	struct packet packet;
	struct link_item item;
	struct mppe_item *one = &item.mppe;
	packet_reset(&packet);
	memset(packet.data, 0x45, 40);
	packet.length = 40;
	if (link_send(&from->link, &packet, LINK_PAYLOAD_IPV4, &item) != DROP_NONE)
		return;
	assert(item.encrypted || from->settings.mppe != MPPE_REQUIRED);
	if (item.encrypted)
		mppe_run(&one, 1);
	give(to, packet.data, packet.length, now_ms);
}

static void answer(struct end *e, const struct random *random, uint64_t now_ms)
{
	struct auth_verdict verdict;
	if (!e->asked)
		return;
	e->asked = false;
	if (e->question.question == AUTH_PROVE)
		auth_prove(&e->question, secret, strlen(secret), random, &verdict);
	else
		auth_verify(&e->question, secret, strlen(secret), &verdict);
	verdict.local_address = 0x0a000001;
	verdict.remote_address = 0x0a000002;
	link_on_verdict(&e->link, &verdict, now_ms);
	drain(e);
}

static void tick(struct end *e, uint64_t now_ms)
{
	link_on_time(&e->link, now_ms);
	assert(link_deadline(&e->link) > now_ms);
	drain(e);
}

static void event(struct end ends[2], uint8_t kind, const uint8_t *bytes, size_t length,
		  const struct random *random, uint64_t *now_ms)
{
	struct end *one = &ends[kind & 1], *other = &ends[!(kind & 1)];
	switch (kind >> 1 & 7) {
	case 0:
	case 1:
		give(one, bytes, length, *now_ms);
		break;
	case 2:
	case 3:
		pass_on(other, one, *now_ms);
		break;
	case 4:
		*now_ms += (uint64_t)(kind >> 4) * 1000 + 1;
		tick(&ends[0], *now_ms);
		tick(&ends[1], *now_ms);
		break;
	case 5:
		answer(one, random, *now_ms);
		break;
	case 6:
		send_data(one, other, *now_ms);
		break;
	case 7: /* the handshake goes on by itself for a while */
		for (int i = 0; i < 8; i++) {
			pass_on(other, one, *now_ms);
			pass_on(one, other, *now_ms);
			answer(one, random, *now_ms);
			answer(other, random, *now_ms);
		}
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t chance = 1;
	struct random random = {fill, &chance};
	uint64_t now_ms = 1;
	if (size < 1)
		return 0;
	struct end *ends = calloc(2, sizeof(*ends));
	for (int i = 0; ends && i < 2; i++) {
		settings_choose(&ends[i].settings, i ? LINK_CLIENT : LINK_SERVER, data[0]);
		link_open(&ends[i].link, &ends[i].settings, &random, &ends[i].out, now_ms);
		drain(&ends[i]);
	}
	for (size_t at = 1; ends && at + 2 <= size;) {
		size_t length = data[at + 1];
		length = length <= size - at - 2 ? length : size - at - 2;
		event(ends, data[at], data + at + 2, length, &random, &now_ms);
		at += 2 + length;
	}
	for (int i = 0; ends && i < 2; i++) {
		link_fini(&ends[i].link);
		outbox_fini(&ends[i].out);
	}
	free(ends);
	return 0;
}
