#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#include "auth/auth.h"
#include "auth/chap.h"
#include "auth/mschap.h"
#include "auth/pap.h"
#include "auth/proof.h"
#include "base/base.h"

/* ---- An authenticator and a peer, each with a registrar, and a wire between them. ---- */

struct sent {
	uint16_t protocol;
	size_t length;
	uint8_t bytes[600];
};

struct end {
	struct auth auth;
	struct auth_settings settings;
	struct outbox out;
	const char *secret; /* what this end's registrar knows of any user; NULL: nothing */
	bool slow;          /* its answers wait for answer() */
	int asked, succeeded, failed, reported;
	uint16_t error;
	struct auth_proof question;  /* the latest */
	struct auth_verdict verdict; /* of AUTH_SUCCEEDED */
	char report[600];            /* the latest */
	int sent_count;
	struct sent sent[64]; /* the first ones, all of which went on the wire */
};

struct world {
	struct end server, client;
	uint64_t seed, now;
	struct random random;
	const char
		*fates; /* of the packets in their order: '.' arrives, 'L' lost, '2' comes twice */
	unsigned loss, doubling; /* in a hundred, of those after `fates` */
	int packets;
};

static const enum auth_method methods[] = {AUTH_PAP, AUTH_CHAP_MD5, AUTH_MSCHAP, AUTH_MSCHAPV2};

static struct world *world_new(enum auth_method method, uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->seed = seed;
	w->now = 1000000;
	w->random = test_random(&w->seed);
	w->fates = "";
	w->server.settings = (struct auth_settings){"vpn", 3000, 10, 60000, 0};
	w->client.settings = (struct auth_settings){"anna", 3000, 10, 60000, 0};
	w->server.secret = w->client.secret = "klaus";
	auth_start(&w->client.auth, AUTH_PEER, method, &w->client.settings, &w->random,
		   &w->client.out, w->now);
	auth_start(&w->server.auth, AUTH_AUTHENTICATOR, method, &w->server.settings, &w->random,
		   &w->server.out, w->now);
	return w;
}

static void world_free(struct world *w)
{
	auth_fini(&w->server.auth);
	auth_fini(&w->client.auth);
	outbox_fini(&w->server.out);
	outbox_fini(&w->client.out);
	free(w);
}

static enum drop receive(struct world *w, struct end *to, const struct sent *packet)
{
	uint8_t *copy =
		malloc(packet->length ? packet->length : 1); /* ends where the packet does */
	memcpy(copy, packet->bytes, packet->length);
	enum drop drop = auth_on_packet(&to->auth, packet->protocol, copy, packet->length, w->now);
	free(copy);
	return drop;
}

/* The registrar answers the latest question. */
static void answer(struct world *w, struct end *end)
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
		receive(w, to, &packet);
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
			answer(w, end);
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

/* Until nobody has anything to do at this moment. */
static void settle(struct world *w)
{
	while (perform(w, &w->server, &w->client) || perform(w, &w->client, &w->server))
		;
}

static uint64_t deadline(const struct world *w)
{
	return MIN_OF(auth_deadline(&w->server.auth), auth_deadline(&w->client.auth));
}

/* Lets the clock go on to `until`, and everything happen that is due. */
static void pass(struct world *w, uint64_t until)
{
	settle(w);
	while (deadline(w) <= until) {
		w->now = MAX_OF(w->now, deadline(w));
		auth_on_time(&w->server.auth, w->now);
		auth_on_time(&w->client.auth, w->now);
		settle(w);
	}
	w->now = until;
}

static struct sent *last_sent(struct end *end)
{
	assert_in_range(end->sent_count, 1, COUNT_OF(end->sent));
	return &end->sent[end->sent_count - 1];
}

static struct sent chap_of(const struct chap_packet *p)
{
	struct sent sent = {.protocol = CHAP_PROTOCOL};
	struct writer out = writer_of(sent.bytes, sizeof(sent.bytes));
	chap_encode(p, &out);
	sent.length = out.length;
	return sent;
}

static struct sent pap_of(const struct pap_packet *p)
{
	struct sent sent = {.protocol = PAP_PROTOCOL};
	struct writer out = writer_of(sent.bytes, sizeof(sent.bytes));
	pap_encode(p, &out);
	sent.length = out.length;
	return sent;
}

/* The text of a Success or Failure. */
static const char *text_of(const struct sent *sent)
{
	static char text[300];
	snprintf(text, sizeof(text), "%.*s", (int)sent->length - 4, (const char *)sent->bytes + 4);
	return text;
}

static void assert_both_in(const struct world *w)
{
	assert_int_equal(w->server.succeeded, 1);
	assert_int_equal(w->client.succeeded, 1);
	assert_int_equal(w->server.failed, 0);
	assert_int_equal(w->client.failed, 0);
}

static void assert_both_failed(const struct world *w, uint16_t error)
{
	assert_int_equal(w->server.succeeded, 0);
	assert_int_equal(w->client.succeeded, 0);
	assert_int_equal(w->server.failed, 1);
	assert_int_equal(w->client.failed, 1);
	assert_int_equal(w->server.error, error);
	assert_int_equal(w->client.error, error);
}

/* ---- Both ends together ---- */

TEST(auth_succeeds_at_both_ends_with_every_method)
{
	static const char *const reports[][2] = {
		{"auth=pap user=anna", "auth=pap as=anna to= accepted"},
		{"auth=chap-md5 user=anna", "auth=chap-md5 as=anna to=vpn accepted"},
		{"auth=mschap user=anna", "auth=mschap as=anna to=vpn accepted"},
		{"auth=mschapv2 user=anna", "auth=mschapv2 as=anna to=vpn accepted"},
	};
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 1);
		settle(w);
		assert_both_in(w);
		assert_string_equal(w->server.report, reports[i][0]);
		assert_string_equal(w->client.report, reports[i][1]);
		assert_int_equal(w->server.asked, 1);
		assert_int_equal(w->client.asked, 1);
		assert_string_equal(w->server.verdict.user, "anna");
		const struct auth_keys *s = &w->server.verdict.keys, *c = &w->client.verdict.keys;
		assert_int_equal(s->present, methods[i] >= AUTH_MSCHAP);
		assert_int_equal(c->present, s->present);
		assert_memory_equal(s->send, c->receive, 16);
		assert_memory_equal(s->receive, c->send, 16);
		assert_memory_equal(s->send_short, c->receive_short, 8);
		assert_memory_equal(s->receive_short, c->send_short, 8);
		assert_int_equal(deadline(w), UINT64_MAX);
		world_free(w);
	}
}

TEST(auth_refuses_a_wrong_password_at_both_ends)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 2);
		w->client.secret = "claus";
		settle(w);
		assert_both_failed(w, AUTH_FAILURE);
		assert_int_equal(deadline(w), UINT64_MAX);
		world_free(w);
	}
}

TEST(auth_failure_has_a_challenge_and_no_message)
{
	static const struct {
		enum auth_method method;
		size_t digits;
	} cases[] = {{AUTH_MSCHAP, 16}, {AUTH_MSCHAPV2, 32}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world *w = world_new(cases[i].method, 3);
		w->server.secret = NULL;
		settle(w);
		const char *text = text_of(last_sent(&w->server));
		assert_memory_equal(text, "E=691 R=0 C=", 12);
		assert_int_equal(strspn(text + 12, "0123456789ABCDEF"), cases[i].digits);
		assert_string_equal(text + 12 + cases[i].digits, " V=3");
		/* the challenge is not the one that was answered */
		uint8_t used[33] = {0};
		for (size_t j = 0; j < cases[i].digits / 2; j++)
			snprintf((char *)used + 2 * j, 3, "%02X",
				 w->server.question.challenge.bytes[j]);
		assert_memory_not_equal(text + 12, used, cases[i].digits);
		assert_memory_not_equal(text + 12, "0000000000000000", 16);
		assert_non_null(strstr(w->server.report, "user=anna refused=691"));
		assert_non_null(strstr(w->client.report, "refused=E\\x3d691"));
		world_free(w);
	}
}

TEST(auth_tells_an_unknown_user_and_a_wrong_password_the_same)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct world *unknown = world_new(methods[i], 4), *wrong = world_new(methods[i], 4);
		unknown->server.secret = NULL;
		wrong->server.secret = "another";
		settle(unknown);
		settle(wrong);
		assert_int_equal(unknown->server.sent_count, wrong->server.sent_count);
		for (int j = 0; j < wrong->server.sent_count; j++)
			assert_memory_equal(&unknown->server.sent[j], &wrong->server.sent[j],
					    sizeof(struct sent));
		assert_both_failed(unknown, AUTH_FAILURE);
		assert_string_equal(unknown->server.report, wrong->server.report);
		world_free(unknown);
		world_free(wrong);
	}
}

TEST(auth_survives_the_loss_or_doubling_of_any_packets)
{
	static const char fate[] = ".L2";
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		for (int n = 0; n < 243; n++) {
			struct world *w = world_new(methods[i], 5);
			char fates[6] = {fate[n % 3], fate[n / 3 % 3], fate[n / 9 % 3],
					 fate[n / 27 % 3], fate[n / 81 % 3]};
			w->fates = fates;
			pass(w, w->now + 59000);
			assert_both_in(w);
			assert_int_equal(w->server.asked, 1);
			assert_int_equal(w->client.asked, 1);
			world_free(w);
		}
}

TEST(auth_never_lets_the_client_in_where_the_server_does_not)
{
	unsigned in = 0;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct world *w = world_new(methods[seed % 4], seed);
		w->loss = 60;
		w->doubling = 20;
		pass(w, w->now + 120000);
		assert_in_range(w->server.succeeded + w->server.failed, 1, 1);
		assert_in_range(w->client.succeeded + w->client.failed, 1, 1);
		assert_true(w->server.succeeded || !w->client.succeeded);
		assert_true(w->server.asked <= 1);
		in += (unsigned)w->client.succeeded;
		world_free(w);
	}
	assert_in_range(in, 200, 399); /* some of both, or nothing was tried */
}

TEST(auth_refuses_every_truncation_of_every_packet)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 6);
		settle(w);
		for (int s = 0; s < 2; s++) {
			struct end *from = s ? &w->server : &w->client;
			for (int j = 0; j < from->sent_count; j++)
				for (size_t cut = 0; cut < from->sent[j].length; cut++) {
					struct sent part = from->sent[j];
					part.length = cut;
					assert_int_equal(receive(w, &w->server, &part),
							 DROP_AUTH_MALFORMED);
					assert_int_equal(receive(w, &w->client, &part),
							 DROP_AUTH_MALFORMED);
				}
		}
		assert_true(outbox_is_empty(&w->server.out) && outbox_is_empty(&w->client.out));
		world_free(w);
	}
}

static void throw_garbage(struct world *w, struct random *random, struct end *end)
{
	struct sent packet = {.protocol = random_below(random, 8) ? CHAP_PROTOCOL : PAP_PROTOCOL};
	if (end->auth.method == AUTH_PAP)
		packet.protocol ^= CHAP_PROTOCOL ^ PAP_PROTOCOL;
	packet.length = random_below(random, 120);
	random_fill(random, packet.bytes, packet.length);
	if (packet.length >= 5 && random_below(random, 10)) { /* mostly plausible */
		packet.bytes[0] = (uint8_t)(1 + random_below(random, 4));
		packet.bytes[1] = (uint8_t)(end->auth.identifier + random_below(random, 3) - 1);
		packet.bytes[2] = 0;
		packet.bytes[3] = (uint8_t)packet.length;
		packet.bytes[4] = (uint8_t)(random_below(random, 4) * 8 + random_below(random, 2));
		if (random_below(random, 4) == 0)
			packet.bytes[4] = 49;
	}
	receive(w, end, &packet);
}

TEST(auth_lets_nobody_in_who_sends_garbage)
{
	uint64_t seed = 99;
	struct random random = test_random(&seed);
	for (int i = 0; i < 800; i++) {
		struct world *w = world_new(methods[i % 4], (uint64_t)i + 1);
		w->loss = 100; /* nothing but garbage arrives */
		w->server.slow = random_below(&random, 2);
		w->client.slow = random_below(&random, 2);
		for (int j = 0; j < 60; j++) {
			throw_garbage(w, &random,
				      random_below(&random, 2) ? &w->server : &w->client);
			if (random_below(&random, 8) == 0)
				pass(w, w->now + random_below(&random, 4000));
			settle(w);
		}
		assert_int_equal(w->server.succeeded, 0);
		if (methods[i % 4] == AUTH_MSCHAPV2) /* the others do not show who the server is */
			assert_int_equal(w->client.succeeded, 0);
		assert_true(w->server.failed <= 1 && w->client.failed <= 1);
		world_free(w);
	}
}

/* ---- Verdicts that come late, never, or after the end ---- */

TEST(auth_asks_once_although_the_response_is_repeated)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 8);
		w->server.slow = true;
		pass(w, w->now + 20000);
		assert_int_equal(w->server.asked, 1);
		assert_true(w->client.sent_count > 5); /* every 3 s */
		assert_int_equal(w->client.failed + w->client.succeeded, 0);
		answer(w, &w->server);
		settle(w);
		assert_both_in(w);
		answer(w, &w->server); /* twice: ignored */
		assert_true(outbox_is_empty(&w->server.out));
		world_free(w);
	}
}

TEST(auth_does_not_take_another_response_while_the_first_is_judged)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 8);
		w->server.slow = true;
		settle(w);
		struct sent other = *last_sent(&w->client);
		other.bytes[other.length - 1] ^= 1;
		assert_int_equal(receive(w, &w->server, &other), DROP_PPP_CODE);
		assert_int_equal(receive(w, &w->server, last_sent(&w->client)), DROP_NONE);
		answer(w, &w->server);
		settle(w);
		assert_int_equal(w->server.asked, 1);
		assert_both_in(w);
		world_free(w);
	}
}

TEST(auth_fails_with_930_where_the_registrar_is_silent)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 9);
		w->server.slow = true;
		w->client.settings.attempts = 100;
		w->client.auth.give_up_ms = UINT64_MAX; /* more patient than the server */
		pass(w, w->now + 59999);
		assert_int_equal(w->server.failed, 0);
		pass(w, w->now + 1);
		assert_int_equal(w->server.failed, 1);
		assert_int_equal(w->server.error, AUTH_NO_ANSWER);
		assert_int_equal(w->client.failed, 1);
		assert_int_equal(w->client.error,
				 methods[i] >= AUTH_MSCHAP ? AUTH_NO_ANSWER : AUTH_FAILURE);
		answer(w, &w->server); /* after the end */
		assert_true(outbox_is_empty(&w->server.out));
		assert_int_equal(w->server.succeeded, 0);
		world_free(w);
	}
}

TEST(auth_ignores_verdicts_where_no_question_is_open)
{
	struct world *w = world_new(AUTH_CHAP_MD5, 9);
	static const struct auth_verdict accepted = {.result = AUTH_ACCEPT, .user = "anna"};
	w->loss = 100;
	settle(w);
	auth_on_verdict(&w->server.auth, &accepted, w->now);
	auth_on_verdict(&w->client.auth, &accepted, w->now);
	settle(w);
	assert_int_equal(w->server.succeeded + w->client.succeeded, 0);
	auth_fini(&w->server.auth);
	auth_on_verdict(&w->server.auth, &accepted, w->now);
	assert_true(outbox_is_empty(&w->server.out));
	world_free(w);
}

TEST(auth_does_not_take_the_proof_that_we_wanted_for_the_one_that_we_judge)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 9);
		struct auth_verdict proved = {.question = AUTH_PROVE, .result = AUTH_ACCEPT};
		struct auth_verdict judged = {.question = AUTH_VERIFY, .result = AUTH_ACCEPT};
		w->server.slow = w->client.slow = true;
		settle(w);
		auth_on_verdict(&w->client.auth, &judged, w->now);
		answer(w, &w->client);
		settle(w);
		assert_int_equal(w->server.auth.state, AUTH_WAIT_VERDICT);
		auth_on_verdict(&w->server.auth, &proved, w->now);
		settle(w);
		assert_int_equal(w->server.auth.state, AUTH_WAIT_VERDICT);
		answer(w, &w->server);
		settle(w);
		assert_both_in(w);
		world_free(w);
	}
}

/* ---- The authenticator alone ---- */

TEST(auth_sends_the_same_challenge_again_and_gives_up_after_all_attempts)
{
	static const size_t lengths[] = {
		[AUTH_CHAP_MD5] = 16, [AUTH_MSCHAP] = 8, [AUTH_MSCHAPV2] = 16};
	for (size_t i = 1; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 10);
		w->loss = 100;
		uint64_t start = w->now;
		settle(w);
		assert_int_equal(auth_deadline(&w->server.auth), start + 3000);
		pass(w, start + 29999);
		assert_int_equal(w->server.sent_count, 10);
		assert_int_equal(w->server.sent[0].bytes[0], CHAP_CHALLENGE);
		assert_int_equal(w->server.sent[0].bytes[4], lengths[methods[i]]);
		assert_memory_equal(w->server.sent[0].bytes + 5 + lengths[methods[i]], "vpn", 3);
		for (int j = 1; j < 10; j++)
			assert_memory_equal(&w->server.sent[j], &w->server.sent[0],
					    sizeof(struct sent));
		assert_int_equal(w->server.failed, 0);
		pass(w, start + 30000);
		assert_int_equal(w->server.failed, 1);
		assert_int_equal(w->server.error, 0);
		char report[64];
		snprintf(report, sizeof(report), "auth=%s peer=silent",
			 auth_method_name(methods[i]));
		assert_string_equal(w->server.report, report);
		world_free(w);
	}
}

TEST(auth_waits_for_pap_until_the_timeout)
{
	struct world *w = world_new(AUTH_PAP, 10);
	w->loss = 100;
	uint64_t start = w->now;
	pass(w, start + 59999);
	assert_int_equal(w->server.failed, 0);
	assert_int_equal(w->server.sent_count, 0);
	pass(w, start + 60000);
	assert_int_equal(w->server.failed, 1);
	assert_int_equal(w->server.error, 0);
	assert_int_equal(receive(w, &w->server, &w->client.sent[0]), DROP_PPP_PHASE);
	world_free(w);
}

TEST(auth_challenge_has_a_name_even_where_none_was_given)
{
	static const struct auth_settings nameless[] = {{"", 3000, 1, 0, 0}, {NULL, 3000, 0, 0, 0}};
	for (size_t i = 0; i < COUNT_OF(nameless); i++) {
		struct world *w = world_new(AUTH_MSCHAPV2, 10);
		w->server.settings = nameless[i];
		auth_start(&w->server.auth, AUTH_AUTHENTICATOR, AUTH_MSCHAPV2, &w->server.settings,
			   &w->random, &w->server.out, w->now);
		settle(w);
		struct sent *challenge = last_sent(&w->server);
		struct chap_packet p;
		while (challenge->bytes[0] != CHAP_CHALLENGE)
			challenge--;
		assert_true(chap_decode(&p, challenge->bytes, challenge->length));
		assert_int_equal(p.text_length, 6);
		assert_memory_equal(p.text, "poptun", 6);
		world_free(w);
	}
}

TEST(auth_challenges_differ_from_call_to_call)
{
	struct world *one = world_new(AUTH_MSCHAPV2, 11), *two = world_new(AUTH_MSCHAPV2, 12);
	settle(one);
	settle(two);
	assert_memory_not_equal(one->server.sent[0].bytes + 5, two->server.sent[0].bytes + 5, 16);
	world_free(one);
	world_free(two);
}

TEST(auth_repeats_its_answer_for_a_repeated_response)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		for (int good = 0; good < 2; good++) {
			struct world *w = world_new(methods[i], 13);
			w->client.secret = good ? "klaus" : "claus";
			settle(w);
			struct sent response = *last_sent(&w->client),
				    *reply = last_sent(&w->server);
			if (methods[i] == AUTH_PAP)
				response.bytes[1] += 5; /* each request has another identifier */
			assert_int_equal(receive(w, &w->server, &response), DROP_NONE);
			settle(w);
			struct sent *again = last_sent(&w->server);
			assert_ptr_equal(again, reply + 1);
			assert_int_equal(again->bytes[1], response.bytes[1]);
			again->bytes[1] = reply->bytes[1];
			assert_memory_equal(again, reply, sizeof(*again));
			assert_int_equal(w->server.asked, 1);
			assert_int_equal(w->server.succeeded + w->server.failed, 1);
			world_free(w);
		}
}

TEST(auth_drops_a_response_with_another_identifier_length_or_name)
{
	uint8_t value[MSCHAP_VALUE] = {0}, name[300];
	memset(name, 'n', sizeof(name));
	for (size_t i = 1; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 14);
		w->loss = 100;
		settle(w);
		uint8_t right = w->server.sent[0].bytes[1];
		uint8_t length = methods[i] == AUTH_CHAP_MD5 ? 16 : 49;
		struct chap_packet p = {CHAP_RESPONSE, right, length, value, name, 255};
		struct chap_packet bad[6] = {p, p, p, p, p, p};
		bad[0].identifier--;
		bad[1].identifier++;
		bad[2].value_length--;
		bad[3].value_length = 1;
		bad[4].text_length = 256;
		bad[5].text = (const uint8_t *)"an\0na";
		bad[5].text_length = 5;
		for (size_t j = 0; j < COUNT_OF(bad); j++) {
			struct sent packet = chap_of(&bad[j]);
			assert_int_equal(receive(w, &w->server, &packet),
					 j < 2 ? DROP_PPP_CODE : DROP_AUTH_MALFORMED);
		}
		settle(w);
		assert_int_equal(w->server.asked, 0);
		struct sent packet = chap_of(&p);
		assert_int_equal(receive(w, &w->server, &packet), DROP_NONE);
		settle(w);
		assert_int_equal(w->server.asked, 1);
		assert_int_equal(strlen(w->server.question.name), 255);
		world_free(w);
	}
}

TEST(auth_takes_names_without_letters_and_escapes_the_rest)
{
	static const struct {
		const char *name, *report;
	} names[] = {
		{"", "auth=pap user="},
		{"a b\n=\xff", "auth=pap user=a\\x20b\\x0a\\x3d\\xff"},
		{"BIG\\anna", "auth=pap user=BIG\\x5canna"},
	};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct world *w = world_new(AUTH_PAP, 15);
		struct sent packet = pap_of(&(struct pap_packet){
			PAP_REQUEST, 1, (const uint8_t *)names[i].name, (const uint8_t *)"klaus",
			(uint8_t)strlen(names[i].name), 5});
		w->fates = "L";
		settle(w);
		assert_int_equal(receive(w, &w->server, &packet), DROP_NONE);
		settle(w);
		assert_string_equal(w->server.report, names[i].report);
		assert_string_equal(w->server.verdict.user, names[i].name);
		world_free(w);
	}
}

TEST(auth_passes_the_registrars_words_on_but_never_a_message_with_mschap)
{
	static const struct {
		enum auth_method method;
		enum auth_result result;
		const char *message, *text;
	} cases[] = {
		{AUTH_CHAP_MD5, AUTH_ACCEPT, "", "Access granted"},
		{AUTH_CHAP_MD5, AUTH_ACCEPT, "Hello", "Hello"},
		{AUTH_CHAP_MD5, AUTH_REJECT, "", "Access denied"},
		{AUTH_CHAP_MD5, AUTH_REJECT, "Go away", "Go away"},
		{AUTH_CHAP_MD5, AUTH_CONTINUE, "", "Access denied"},
		{AUTH_MSCHAPV2, AUTH_ACCEPT, "S=407A5589115FD0D6209F510FE9C04566932CDA56 M=hello",
		 "S=407A5589115FD0D6209F510FE9C04566932CDA56"},
		{AUTH_MSCHAPV2, AUTH_REJECT, "Go away", "E=648 R=0 C="},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world *w = world_new(cases[i].method, 16);
		struct auth_verdict verdict = {.result = (uint8_t)cases[i].result};
		w->server.slow = true;
		settle(w);
		verdict.message.length = (uint16_t)strlen(cases[i].message);
		memcpy(verdict.message.bytes, cases[i].message, verdict.message.length);
		verdict.error = AUTH_PASSWORD_EXPIRED;
		auth_on_verdict(&w->server.auth, &verdict, w->now);
		settle(w);
		const char *text = text_of(last_sent(&w->server));
		assert_null(strstr(text, "M="));
		if (strncmp(text, "E=", 2) == 0)
			assert_memory_equal(text, cases[i].text, strlen(cases[i].text));
		else
			assert_string_equal(text, cases[i].text);
		if (cases[i].result != AUTH_ACCEPT)
			assert_int_equal(w->server.error, AUTH_PASSWORD_EXPIRED);
		world_free(w);
	}
}

/* The authenticator's chance is such that RFC 2759 §9.2 comes out, with the flags of Windows 9x. */
static void fill_rfc(void *context, void *bytes, size_t length)
{
	uint8_t challenge[16];
	test_unhex("5b5d7c7d7b3f2f3e3c2c602132262628", challenge, sizeof(challenge));
	memcpy(bytes, challenge, MIN_OF(length, sizeof(challenge)));
}

TEST(auth_is_convinced_by_the_example_of_rfc_2759_and_by_windows_9x)
{
	static const struct random random = {fill_rfc, NULL};
	for (uint8_t flags = 0; flags <= 4; flags += 4) {
		struct world *w = world_new(AUTH_MSCHAPV2, 17);
		w->loss = 100;
		settle(w);
		w->server.secret = "clientPass";
		w->server.sent_count = 0;
		auth_start(&w->server.auth, AUTH_AUTHENTICATOR, AUTH_MSCHAPV2, &w->server.settings,
			   &random, &w->server.out, w->now);
		settle(w);
		uint8_t value[MSCHAP_VALUE];
		test_unhex("21402324255e262a28295f2b3a337c7e 0000000000000000"
			   "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df",
			   value, sizeof(value));
		value[48] = flags;
		struct sent packet = chap_of(&(struct chap_packet){
			CHAP_RESPONSE, 0x5c, sizeof(value), value, (const uint8_t *)"User", 4});
		assert_int_equal(receive(w, &w->server, &packet), DROP_NONE);
		settle(w);
		assert_int_equal(w->server.succeeded, 1);
		assert_string_equal(text_of(last_sent(&w->server)),
				    "S=407A5589115FD0D6209F510FE9C04566932CDA56");
		world_free(w);
	}
}

/* ---- Rechallenge ---- */

TEST(auth_rechallenges_and_goes_on_in_silence)
{
	for (size_t i = 1; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 18);
		w->server.settings.rechallenge_ms = 600000;
		pass(w, w->now + 3 * 600000 + 1000);
		assert_both_in(w);
		assert_int_equal(w->server.asked, 4);
		assert_int_equal(w->client.asked, 4);
		assert_int_equal(w->server.question.again, 1);
		assert_int_equal(w->client.question.again, 1);
		assert_int_equal(w->server.sent_count, 8);
		for (int j = 2; j < 8; j += 2) {
			uint8_t *now = w->server.sent[j].bytes,
				*before = w->server.sent[j - 2].bytes;
			assert_int_equal(now[1], (uint8_t)(before[1] + 1));
			assert_memory_not_equal(now + 5, before + 5, 8);
		}
		assert_int_equal(w->server.reported, 1);
		world_free(w);
	}
}

TEST(auth_rechallenge_fails_where_password_or_name_changed_or_nobody_answers)
{
	for (size_t i = 1; i < COUNT_OF(methods); i++)
		for (int how = 0; how < 3; how++) {
			struct world *w = world_new(methods[i], 19);
			w->server.settings.rechallenge_ms = 600000;
			pass(w, w->now + 1000);
			assert_both_in(w);
			if (how == 0)
				w->server.secret = "other";
			else if (how == 1)
				strcpy(w->client.auth.proof.name, "otto");
			else
				w->loss = 100;
			pass(w, w->now + 700000);
			assert_int_equal(w->server.failed, 1);
			assert_int_equal(w->server.error, how == 2 ? 0 : AUTH_FAILURE);
			assert_int_equal(w->client.failed, how != 2);
			assert_int_equal(w->server.asked, how == 0 ? 2 : 1);
			world_free(w);
		}
}

TEST(auth_rechallenge_has_the_same_patience_as_the_first)
{
	for (size_t i = 1; i < COUNT_OF(methods); i++)
		for (int s = 0; s < 2; s++) {
			struct world *w = world_new(methods[i], 19);
			struct end *slow = s ? &w->server : &w->client;
			w->server.settings.rechallenge_ms = 600000;
			w->server.settings.attempts = w->client.settings.attempts = 100;
			pass(w, w->now + 1000);
			slow->slow = true;
			int before = w->server.sent_count;
			pass(w, w->now + 599000 + 59999);
			assert_int_equal(slow->failed, 0);
			/* Neither an old answer for a new Response, nor an old one for a new
			 * Challenge. */
			if (s)
				assert_int_equal(w->server.sent_count, before + 1);
			else
				assert_int_equal(w->client.sent_count, 1);
			pass(w, w->now + 1);
			assert_int_equal(slow->failed, 1);
			assert_int_equal(slow->error, AUTH_NO_ANSWER);
			world_free(w);
		}
}

TEST(auth_does_not_rechallenge_with_pap)
{
	struct world *w = world_new(AUTH_PAP, 18);
	w->server.settings.rechallenge_ms = 600000;
	settle(w);
	assert_both_in(w);
	assert_int_equal(deadline(w), UINT64_MAX);
	world_free(w);
}

/* ---- The peer alone ---- */

TEST(auth_peer_believes_no_success_that_it_did_not_ask_for)
{
	for (size_t i = 1; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 20);
		w->loss = 100;
		settle(w);
		for (int id = 0; id < 256; id++) /* no challenge came yet */
			for (uint8_t code = CHAP_SUCCESS; code <= CHAP_FAILURE; code++) {
				struct sent packet =
					chap_of(&(struct chap_packet){code, (uint8_t)id});
				assert_int_equal(receive(w, &w->client, &packet), DROP_PPP_CODE);
			}
		receive(w, &w->client, &w->server.sent[0]);
		settle(w);
		assert_int_equal(w->client.sent_count, 1);
		struct sent packet = chap_of(&(struct chap_packet){
			CHAP_SUCCESS, (uint8_t)(w->client.sent[0].bytes[1] + 1)});
		assert_int_equal(receive(w, &w->client, &packet), DROP_PPP_CODE);
		settle(w);
		assert_int_equal(w->client.succeeded + w->client.failed, 0);
		world_free(w);
	}
}

TEST(auth_peer_fails_where_the_server_does_not_show_that_it_knows_the_password)
{
	static const char *const signatures[] = {
		"", "S=", "Access granted", "S=407A5589115FD0D6209F510FE9C04566932CDA5",
		"S=407A5589115FD0D6209F510FE9C04566932CDA56 M=welcome"};
	for (size_t i = 0; i < COUNT_OF(signatures); i++) {
		struct world *w = world_new(AUTH_MSCHAPV2, 21);
		w->fates = ".LLLLLLLLL";
		settle(w);
		struct sent packet = chap_of(&(struct chap_packet){
			CHAP_SUCCESS, w->client.sent[0].bytes[1], 0, NULL,
			(const uint8_t *)signatures[i], (uint16_t)strlen(signatures[i])});
		assert_int_equal(receive(w, &w->client, &packet), DROP_NONE);
		settle(w);
		assert_int_equal(w->client.succeeded, 0);
		assert_int_equal(w->client.failed, 1);
		assert_int_equal(w->client.error, AUTH_FAILURE);
		assert_non_null(strstr(w->client.report, "signature=wrong"));
		world_free(w);
	}
}

TEST(auth_peer_refuses_every_truncation_of_the_right_signature)
{
	for (size_t length = 0; length <= MSCHAP_SIGNATURE; length++) {
		struct world *w = world_new(AUTH_MSCHAPV2, 22);
		w->fates = "..LLLLLLL";
		settle(w);
		struct sent packet = *last_sent(&w->server);
		packet.length = 4 + length;
		packet.bytes[3] = (uint8_t)packet.length;
		assert_int_equal(receive(w, &w->client, &packet), DROP_NONE);
		settle(w);
		assert_int_equal(w->client.succeeded, length == MSCHAP_SIGNATURE);
		assert_int_equal(w->client.failed, length < MSCHAP_SIGNATURE);
		world_free(w);
	}
}

TEST(auth_peer_answers_a_repeated_challenge_at_once_and_bears_a_repeated_success)
{
	for (size_t i = 1; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 22);
		w->fates = "..L";
		settle(w);
		struct sent success = *last_sent(&w->server);
		assert_int_equal(receive(w, &w->client, &w->server.sent[0]), DROP_NONE);
		settle(w);
		assert_int_equal(w->client.sent_count, 2);
		assert_memory_equal(&w->client.sent[1], &w->client.sent[0], sizeof(struct sent));
		assert_both_in(w); /* the server repeated its Success */
		assert_int_equal(receive(w, &w->client, &success), DROP_NONE);
		success.bytes[0] = CHAP_FAILURE; /* too late */
		assert_int_equal(receive(w, &w->client, &success), DROP_PPP_CODE);
		settle(w);
		assert_both_in(w);
		world_free(w);
	}
}

TEST(auth_peer_takes_the_signature_with_a_message_or_in_lower_case)
{
	for (int lower = 0; lower < 2; lower++) {
		struct world *w = world_new(AUTH_MSCHAPV2, 22);
		w->fates = "..LLLLLLL"; /* the Success is lost */
		settle(w);
		struct sent packet = *last_sent(&w->server);
		assert_int_equal(packet.bytes[0], CHAP_SUCCESS);
		for (size_t i = 6; i < packet.length && lower; i++)
			if (packet.bytes[i] >= 'A')
				packet.bytes[i] |= 0x20;
		memcpy(packet.bytes + packet.length, " M=Welcome", 10);
		packet.length += 10;
		packet.bytes[3] = (uint8_t)packet.length;
		assert_int_equal(receive(w, &w->client, &packet), DROP_NONE);
		settle(w);
		assert_int_equal(w->client.succeeded, 1);
		world_free(w);
	}
}

TEST(auth_peer_reports_why_it_was_refused)
{
	static const struct {
		const char *text, *report;
		uint16_t error;
	} cases[] = {
		{"E=648 R=0 C=0011 V=3", "refused=E\\x3d648\\x20R", AUTH_FAILURE}, /* broken C= */
		{"E=648 R=0 V=3 M=old\n", "V\\x3d3\\x20M\\x3dold\\x0a", AUTH_PASSWORD_EXPIRED},
		{"", "refused=", AUTH_FAILURE},
		{"no", "refused=no", AUTH_FAILURE},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct world *w = world_new(AUTH_MSCHAPV2, 23);
		w->fates = ".LLLLLLLLL";
		settle(w);
		struct sent packet = chap_of(&(struct chap_packet){
			CHAP_FAILURE, w->client.sent[0].bytes[1], 0, NULL,
			(const uint8_t *)cases[i].text, (uint16_t)strlen(cases[i].text)});
		assert_int_equal(receive(w, &w->client, &packet), DROP_NONE);
		settle(w);
		assert_int_equal(w->client.failed, 1);
		assert_int_equal(w->client.error, cases[i].error);
		assert_non_null(strstr(w->client.report, cases[i].report));
		assert_int_equal(receive(w, &w->client, &w->server.sent[0]), DROP_PPP_PHASE);
		world_free(w);
	}
}

TEST(auth_peer_without_a_secret_fails_and_shows_nothing)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 24);
		w->client.secret = NULL;
		settle(w);
		assert_int_equal(w->client.failed, 1);
		assert_int_equal(w->client.error, AUTH_FAILURE);
		assert_int_equal(w->client.sent_count, 0);
		assert_non_null(strstr(w->client.report, "secret=missing"));
		world_free(w);
		w = world_new(methods[i], 24); /* accepted, but with nothing to show */
		static const struct auth_verdict empty = {.question = AUTH_PROVE,
							  .result = AUTH_ACCEPT};
		w->client.slow = true;
		settle(w);
		auth_on_verdict(&w->client.auth, &empty, w->now);
		settle(w);
		assert_int_equal(w->client.sent_count, methods[i] == AUTH_PAP);
		assert_int_equal(w->client.failed, 1); /* PAP: refused by the server */
		world_free(w);
	}
}

TEST(auth_peer_gives_up_where_its_registrar_or_the_server_is_silent)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 25);
		w->client.slow = true;
		pass(w, w->now + 60000);
		assert_int_equal(w->client.failed, 1);
		assert_int_equal(w->client.error, AUTH_NO_ANSWER);
		world_free(w);
		w = world_new(methods[i], 25);
		w->loss = 100;
		pass(w, w->now + 60000);
		assert_int_equal(w->client.failed, 1);
		assert_int_equal(w->client.error, 0);
		world_free(w);
	}
}

TEST(auth_peer_answers_the_newest_challenge_when_its_verdict_comes_late)
{
	for (size_t i = 1; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 26);
		w->client.slow = true;
		settle(w);
		struct sent challenge = w->server.sent[0];
		receive(w, &w->client, &challenge); /* the same: no news */
		challenge.bytes[1]++;
		challenge.bytes[6] ^= 1;
		assert_int_equal(receive(w, &w->client, &challenge), DROP_NONE);
		settle(w);
		assert_int_equal(w->client.asked, 1);
		answer(w, &w->client); /* to the old one */
		settle(w);
		assert_int_equal(w->client.sent_count, 0);
		assert_int_equal(w->client.asked, 2);
		assert_int_equal(w->client.question.identifier, challenge.bytes[1]);
		assert_memory_equal(w->client.question.challenge.bytes, challenge.bytes + 5, 8);
		w->loss = 100;
		answer(w, &w->client);
		settle(w);
		assert_int_equal(w->client.sent_count, 1);
		assert_int_equal(w->client.sent[0].bytes[1], challenge.bytes[1]);
		world_free(w);
	}
}

TEST(auth_peer_takes_md5_challenges_of_any_length_and_others_only_of_theirs)
{
	uint8_t value[255];
	memset(value, 'v', sizeof(value));
	for (size_t i = 1; i < COUNT_OF(methods); i++)
		for (unsigned length = 1; length <= 255; length++) {
			struct world *w = world_new(methods[i], 27);
			w->loss = 100;
			struct sent packet = chap_of(&(struct chap_packet){
				CHAP_CHALLENGE, 9, (uint8_t)length, value, value, 255});
			settle(w);
			bool fits = methods[i] == AUTH_CHAP_MD5 ||
				    length == (methods[i] == AUTH_MSCHAP ? 8 : 16);
			assert_int_equal(receive(w, &w->client, &packet),
					 fits ? DROP_NONE : DROP_AUTH_MALFORMED);
			settle(w);
			assert_int_equal(w->client.sent_count, fits);
			world_free(w);
		}
}

TEST(auth_pap_requests_have_new_identifiers_and_an_ack_to_any_of_them_counts)
{
	for (int which = 0; which < 4; which++) {
		struct world *w = world_new(AUTH_PAP, 28);
		w->loss = 100;
		pass(w, w->now + 8000);
		assert_int_equal(w->client.sent_count, 3);
		for (int j = 1; j < 3; j++)
			assert_int_equal(w->client.sent[j].bytes[1],
					 (uint8_t)(w->client.sent[0].bytes[1] + j));
		uint8_t id = (uint8_t)(w->client.sent[0].bytes[1] + which);
		struct sent packet = pap_of(&(struct pap_packet){PAP_ACK, id});
		assert_int_equal(receive(w, &w->client, &packet),
				 which < 3 ? DROP_NONE : DROP_PPP_CODE);
		settle(w);
		assert_int_equal(w->client.succeeded, which < 3);
		world_free(w);
	}
}

/* ---- Doors ---- */

TEST(auth_drops_packets_of_other_protocols_roles_and_times)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct world *w = world_new(methods[i], 29);
		settle(w);
		for (int s = 0; s < 2; s++) {
			struct end *from = s ? &w->server : &w->client;
			for (int j = 0; j < from->sent_count; j++) {
				struct sent packet = from->sent[j];
				assert_int_equal(receive(w, from, &packet), DROP_PPP_CODE);
				packet.protocol ^= CHAP_PROTOCOL ^ PAP_PROTOCOL;
				assert_int_equal(receive(w, from, &packet), DROP_PPP_PROTOCOL);
			}
		}
		auth_fini(&w->server.auth);
		assert_int_equal(receive(w, &w->server, last_sent(&w->client)), DROP_PPP_PHASE);
		assert_int_equal(auth_deadline(&w->server.auth), UINT64_MAX);
		auth_on_time(&w->server.auth, UINT64_MAX);
		assert_true(outbox_is_empty(&w->server.out));
		world_free(w);
	}
}

static bool holds(const void *memory, size_t length, const void *what, size_t what_length)
{
	return memmem(memory, length, what, what_length) != NULL;
}

TEST(auth_keeps_neither_password_nor_keys_after_its_end)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		for (int good = 0; good < 2; good++) {
			struct world *w = world_new(methods[i], 30);
			w->server.secret = good ? "klaus" : "otto";
			settle(w);
			assert_int_equal(w->client.succeeded, good);
			struct end *ends[] = {&w->server, &w->client};
			for (size_t j = 0; j < 2; j++) {
				struct auth *a = &ends[j]->auth;
				assert_false(holds(a, sizeof(*a), "klaus", 5));
				if (ends[j]->verdict.keys.present)
					assert_false(holds(a, sizeof(*a),
							   ends[j]->verdict.keys.send, 16));
			}
			world_free(w);
		}
}
