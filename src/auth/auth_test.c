#include "auth/world_test.h"

#include <string.h>

/* ---- Both ends together ---- */

TEST(auth_succeeds_at_both_ends_with_every_method)
{
	static const char *const reports[][2] = {
		{"auth=pap user=anna", "auth=pap as=anna to= accepted"},
		{"auth=chap-md5 user=anna", "auth=chap-md5 as=anna to=vpn accepted"},
		{"auth=mschap user=anna", "auth=mschap as=anna to=vpn accepted"},
		{"auth=mschapv2 user=anna", "auth=mschapv2 as=anna to=vpn accepted"},
	};
	for (size_t i = 0; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 1);
		world_settle(w);
		assert_both_in(w);
		assert_string_equal(w->server.report, reports[i][0]);
		assert_string_equal(w->client.report, reports[i][1]);
		assert_int_equal(w->server.asked, 1);
		assert_int_equal(w->client.asked, 1);
		assert_string_equal(w->server.verdict.user, "anna");
		const struct auth_keys *s = &w->server.verdict.keys, *c = &w->client.verdict.keys;
		assert_int_equal(s->present, world_methods[i] >= AUTH_MSCHAP);
		assert_int_equal(c->present, s->present);
		assert_memory_equal(s->send, c->receive, 16);
		assert_memory_equal(s->receive, c->send, 16);
		assert_memory_equal(s->send_short, c->receive_short, 8);
		assert_memory_equal(s->receive_short, c->send_short, 8);
		assert_int_equal(world_deadline(w), UINT64_MAX);
		world_free(w);
	}
}

TEST(auth_refuses_a_wrong_password_at_both_ends)
{
	for (size_t i = 0; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 2);
		w->client.secret = "claus";
		world_settle(w);
		assert_both_failed(w, AUTH_FAILURE);
		assert_int_equal(world_deadline(w), UINT64_MAX);
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
		world_settle(w);
		const char *text = text_of(world_last(&w->server));
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
	for (size_t i = 0; i < COUNT_OF(world_methods); i++) {
		struct world *unknown = world_new(world_methods[i], 4),
			     *wrong = world_new(world_methods[i], 4);
		unknown->server.secret = NULL;
		wrong->server.secret = "another";
		world_settle(unknown);
		world_settle(wrong);
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
	for (size_t i = 0; i < COUNT_OF(world_methods); i++)
		for (int n = 0; n < 243; n++) {
			struct world *w = world_new(world_methods[i], 5);
			char fates[6] = {fate[n % 3], fate[n / 3 % 3], fate[n / 9 % 3],
					 fate[n / 27 % 3], fate[n / 81 % 3]};
			w->fates = fates;
			world_pass(w, w->now + 59000);
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
		struct world *w = world_new(world_methods[seed % 4], seed);
		w->loss = 60;
		w->doubling = 20;
		world_pass(w, w->now + 120000);
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
	for (size_t i = 0; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 6);
		world_settle(w);
		for (int s = 0; s < 2; s++) {
			struct end *from = s ? &w->server : &w->client;
			for (int j = 0; j < from->sent_count; j++)
				for (size_t cut = 0; cut < from->sent[j].length; cut++) {
					struct sent part = from->sent[j];
					part.length = cut;
					assert_int_equal(world_receive(w, &w->server, &part),
							 DROP_AUTH_MALFORMED);
					assert_int_equal(world_receive(w, &w->client, &part),
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
	world_receive(w, end, &packet);
}

TEST(auth_lets_nobody_in_who_sends_garbage)
{
	uint64_t seed = 99;
	struct random random = test_random(&seed);
	for (int i = 0; i < 800; i++) {
		struct world *w = world_new(world_methods[i % 4], (uint64_t)i + 1);
		w->loss = 100; /* nothing but garbage arrives */
		w->server.slow = random_below(&random, 2);
		w->client.slow = random_below(&random, 2);
		for (int j = 0; j < 60; j++) {
			throw_garbage(w, &random,
				      random_below(&random, 2) ? &w->server : &w->client);
			if (random_below(&random, 8) == 0)
				world_pass(w, w->now + random_below(&random, 4000));
			world_settle(w);
		}
		assert_int_equal(w->server.succeeded, 0);
		if (world_methods[i % 4] ==
		    AUTH_MSCHAPV2) /* the others do not show who the server is */
			assert_int_equal(w->client.succeeded, 0);
		assert_true(w->server.failed <= 1 && w->client.failed <= 1);
		world_free(w);
	}
}

/* ---- Verdicts that come late, never, or after the end ---- */

TEST(auth_asks_once_although_the_response_is_repeated)
{
	for (size_t i = 0; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 8);
		w->server.slow = true;
		world_pass(w, w->now + 20000);
		assert_int_equal(w->server.asked, 1);
		assert_true(w->client.sent_count > 5); /* every 3 s */
		assert_int_equal(w->client.failed + w->client.succeeded, 0);
		world_answer(w, &w->server);
		world_settle(w);
		assert_both_in(w);
		world_answer(w, &w->server); /* twice: ignored */
		assert_true(outbox_is_empty(&w->server.out));
		world_free(w);
	}
}

TEST(auth_does_not_take_another_response_while_the_first_is_judged)
{
	for (size_t i = 0; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 8);
		w->server.slow = true;
		world_settle(w);
		struct sent other = *world_last(&w->client);
		other.bytes[other.length - 1] ^= 1;
		assert_int_equal(world_receive(w, &w->server, &other), DROP_PPP_CODE);
		assert_int_equal(world_receive(w, &w->server, world_last(&w->client)), DROP_NONE);
		world_answer(w, &w->server);
		world_settle(w);
		assert_int_equal(w->server.asked, 1);
		assert_both_in(w);
		world_free(w);
	}
}

TEST(auth_fails_with_930_where_the_registrar_is_silent)
{
	for (size_t i = 0; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 9);
		w->server.slow = true;
		w->client.settings.attempts = 100;
		w->client.auth.give_up_ms = UINT64_MAX; /* more patient than the server */
		world_pass(w, w->now + 59999);
		assert_int_equal(w->server.failed, 0);
		world_pass(w, w->now + 1);
		assert_int_equal(w->server.failed, 1);
		assert_int_equal(w->server.error, AUTH_NO_ANSWER);
		assert_int_equal(w->client.failed, 1);
		assert_int_equal(w->client.error,
				 world_methods[i] >= AUTH_MSCHAP ? AUTH_NO_ANSWER : AUTH_FAILURE);
		world_answer(w, &w->server); /* after the end */
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
	world_settle(w);
	auth_on_verdict(&w->server.auth, &accepted, w->now);
	auth_on_verdict(&w->client.auth, &accepted, w->now);
	world_settle(w);
	assert_int_equal(w->server.succeeded + w->client.succeeded, 0);
	auth_fini(&w->server.auth);
	auth_on_verdict(&w->server.auth, &accepted, w->now);
	assert_true(outbox_is_empty(&w->server.out));
	world_free(w);
}

TEST(auth_does_not_take_the_proof_that_we_wanted_for_the_one_that_we_judge)
{
	for (size_t i = 0; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 9);
		struct auth_verdict proved = {.question = AUTH_PROVE, .result = AUTH_ACCEPT};
		struct auth_verdict judged = {.question = AUTH_VERIFY, .result = AUTH_ACCEPT};
		w->server.slow = w->client.slow = true;
		world_settle(w);
		auth_on_verdict(&w->client.auth, &judged, w->now);
		world_answer(w, &w->client);
		world_settle(w);
		assert_int_equal(w->server.auth.state, AUTH_WAIT_VERDICT);
		auth_on_verdict(&w->server.auth, &proved, w->now);
		world_settle(w);
		assert_int_equal(w->server.auth.state, AUTH_WAIT_VERDICT);
		world_answer(w, &w->server);
		world_settle(w);
		assert_both_in(w);
		world_free(w);
	}
}

/* ---- Doors ---- */

TEST(auth_drops_packets_of_other_protocols_roles_and_times)
{
	for (size_t i = 0; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 29);
		world_settle(w);
		for (int s = 0; s < 2; s++) {
			struct end *from = s ? &w->server : &w->client;
			for (int j = 0; j < from->sent_count; j++) {
				struct sent packet = from->sent[j];
				assert_int_equal(world_receive(w, from, &packet), DROP_PPP_CODE);
				packet.protocol ^= CHAP_PROTOCOL ^ PAP_PROTOCOL;
				assert_int_equal(world_receive(w, from, &packet),
						 DROP_PPP_PROTOCOL);
			}
		}
		auth_fini(&w->server.auth);
		assert_int_equal(world_receive(w, &w->server, world_last(&w->client)),
				 DROP_PPP_PHASE);
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
	for (size_t i = 0; i < COUNT_OF(world_methods); i++)
		for (int good = 0; good < 2; good++) {
			struct world *w = world_new(world_methods[i], 30);
			w->server.secret = good ? "klaus" : "otto";
			world_settle(w);
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
