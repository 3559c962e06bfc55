#include "auth/world_test.h"

#include <stdlib.h>
#include <string.h>

#include "auth/proof.h"

const enum auth_method world_methods[4] = {AUTH_PAP, AUTH_CHAP_MD5, AUTH_MSCHAP, AUTH_MSCHAPV2};

struct world *world_new(enum auth_method method, uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->seed = seed;
	w->now = 1000000;
	w->random = test_random(&w->seed);
	w->fates = "";
	w->server.settings = (struct auth_settings){"vpn", 3000, 10, 60000, 0, 60000};
	w->client.settings = (struct auth_settings){"anna", 3000, 10, 60000, 0};
	w->server.secret = w->client.secret = "klaus";
	auth_start(&w->client.auth, AUTH_PEER, method, &w->client.settings, &w->random,
		   &w->client.out, w->now);
	auth_start(&w->server.auth, AUTH_AUTHENTICATOR, method, &w->server.settings, &w->random,
		   &w->server.out, w->now);
	return w;
}

void world_free(struct world *w)
{
	auth_fini(&w->server.auth);
	auth_fini(&w->client.auth);
	outbox_fini(&w->server.out);
	outbox_fini(&w->client.out);
	free(w);
}

enum drop world_receive(struct world *w, struct end *to, const struct sent *packet)
{
	uint8_t *copy =
		malloc(packet->length ? packet->length : 1); /* ends where the packet does */
	memcpy(copy, packet->bytes, packet->length);
	enum drop drop = auth_on_packet(&to->auth, packet->protocol, copy, packet->length, w->now);
	free(copy);
	return drop;
}

void world_answer(struct world *w, struct end *end)
{
	struct auth_verdict verdict;
	size_t length = end->secret ? strlen(end->secret) : 0;
	if (end->question.question == AUTH_PROVE)
		auth_prove(&end->question, end->secret, length, &w->random, &verdict);
	else
		auth_verify(&end->question, end->secret, length, &verdict);
	auth_on_verdict(&end->auth, &verdict, w->now);
}

static void carry(struct world *w, struct end *from, struct end *to, const struct action *action)
{
	struct sent packet = {.length = action->length - 2};
	packet.protocol = (uint16_t)(action->bytes[0] << 8 | action->bytes[1]);
	assert_true(packet.length <= sizeof(packet.bytes));
	memcpy(packet.bytes, action->bytes + 2, packet.length);
	if (from->sent_count < (int)COUNT_OF(from->sent))
		from->sent[from->sent_count] = packet;
	from->sent_count++;
	char fate = '.';
	uint32_t dice = random_below(&w->random, 100);
	if (w->packets < (int)strlen(w->fates))
		fate = w->fates[w->packets];
	else if (dice < w->loss)
		fate = 'L';
	else if (dice < w->loss + w->doubling)
		fate = '2';
	w->packets++;
	for (int i = fate == 'L' ? 0 : fate == '2' ? 2 : 1; i > 0; i--)
		world_receive(w, to, &packet);
}

static bool perform(struct world *w, struct end *end, struct end *other)
{
	struct action action;
	if (!outbox_take(&end->out, &action))
		return false;
	switch (action.kind) {
	case AUTH_SEND:
		carry(w, end, other, &action);
		break;
	case AUTH_ASK:
		assert_int_equal(action.length, sizeof(end->question));
		memcpy(&end->question, action.bytes, action.length);
		end->asked++;
		if (!end->slow)
			world_answer(w, end);
		break;
	case AUTH_SUCCEEDED:
		assert_int_equal(action.length, sizeof(end->verdict));
		memcpy(&end->verdict, action.bytes, action.length);
		end->succeeded++;
		break;
	case AUTH_FAILED:
		assert_int_equal(action.length, sizeof(end->error));
		memcpy(&end->error, action.bytes, action.length);
		end->failed++;
		break;
	case AUTH_REPORT:
		snprintf(end->report, sizeof(end->report), "%.*s", (int)action.length,
			 (const char *)action.bytes);
		end->reported++;
		break;
	default:
		fail_msg("action %u", action.kind);
	}
	return true;
}

void world_settle(struct world *w)
{
	while (perform(w, &w->server, &w->client) || perform(w, &w->client, &w->server))
		;
}

uint64_t world_deadline(const struct world *w)
{
	return MIN_OF(auth_deadline(&w->server.auth), auth_deadline(&w->client.auth));
}

void world_pass(struct world *w, uint64_t until)
{
	world_settle(w);
	while (world_deadline(w) <= until) {
		w->now = MAX_OF(w->now, world_deadline(w));
		auth_on_time(&w->server.auth, w->now);
		auth_on_time(&w->client.auth, w->now);
		world_settle(w);
	}
	w->now = until;
}

struct sent *world_last(struct end *end)
{
	assert_in_range(end->sent_count, 1, COUNT_OF(end->sent));
	return &end->sent[end->sent_count - 1];
}

struct sent chap_of(const struct chap_packet *p)
{
	struct sent sent = {.protocol = CHAP_PROTOCOL};
	struct writer out = writer_of(sent.bytes, sizeof(sent.bytes));
	chap_encode(p, &out);
	sent.length = out.length;
	return sent;
}

struct sent pap_of(const struct pap_packet *p)
{
	struct sent sent = {.protocol = PAP_PROTOCOL};
	struct writer out = writer_of(sent.bytes, sizeof(sent.bytes));
	pap_encode(p, &out);
	sent.length = out.length;
	return sent;
}

const char *text_of(const struct sent *sent)
{
	static char text[300];
	snprintf(text, sizeof(text), "%.*s", (int)sent->length - 4, (const char *)sent->bytes + 4);
	return text;
}

void assert_both_in(const struct world *w)
{
	assert_int_equal(w->server.succeeded, 1);
	assert_int_equal(w->client.succeeded, 1);
	assert_int_equal(w->server.failed, 0);
	assert_int_equal(w->client.failed, 0);
}

void assert_both_failed(const struct world *w, uint16_t error)
{
	assert_int_equal(w->server.succeeded, 0);
	assert_int_equal(w->client.succeeded, 0);
	assert_int_equal(w->server.failed, 1);
	assert_int_equal(w->client.failed, 1);
	assert_int_equal(w->server.error, error);
	assert_int_equal(w->client.error, error);
}
