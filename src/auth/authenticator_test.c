#include "auth/world_test.h"

#include <string.h>

TEST(auth_sends_the_same_challenge_again_and_gives_up_after_all_attempts)
{
	static const size_t lengths[] = {
		[AUTH_CHAP_MD5] = 16, [AUTH_MSCHAP] = 8, [AUTH_MSCHAPV2] = 16};
	for (size_t i = 1; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 10);
		w->loss = 100;
		uint64_t start = w->now;
		world_settle(w);
		assert_int_equal(auth_deadline(&w->server.auth), start + 3000);
		world_pass(w, start + 29999);
		assert_int_equal(w->server.sent_count, 10);
		assert_int_equal(w->server.sent[0].bytes[0], CHAP_CHALLENGE);
		assert_int_equal(w->server.sent[0].bytes[4], lengths[world_methods[i]]);
		assert_memory_equal(w->server.sent[0].bytes + 5 + lengths[world_methods[i]], "vpn",
				    3);
		for (int j = 1; j < 10; j++)
			assert_memory_equal(&w->server.sent[j], &w->server.sent[0],
					    sizeof(struct sent));
		assert_int_equal(w->server.failed, 0);
		world_pass(w, start + 30000);
		assert_int_equal(w->server.failed, 1);
		assert_int_equal(w->server.error, 0);
		char report[64];
		snprintf(report, sizeof(report), "auth=%s peer=silent",
			 auth_method_name(world_methods[i]));
		assert_string_equal(w->server.report, report);
		world_free(w);
	}
}

TEST(auth_waits_for_pap_until_the_timeout)
{
	struct world *w = world_new(AUTH_PAP, 10);
	w->loss = 100;
	uint64_t start = w->now;
	world_pass(w, start + 59999);
	assert_int_equal(w->server.failed, 0);
	assert_int_equal(w->server.sent_count, 0);
	world_pass(w, start + 60000);
	assert_int_equal(w->server.failed, 1);
	assert_int_equal(w->server.error, 0);
	assert_int_equal(world_receive(w, &w->server, &w->client.sent[0]), DROP_PPP_PHASE);
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
		world_settle(w);
		struct sent *challenge = world_last(&w->server);
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
	world_settle(one);
	world_settle(two);
	assert_memory_not_equal(one->server.sent[0].bytes + 5, two->server.sent[0].bytes + 5, 16);
	world_free(one);
	world_free(two);
}

TEST(auth_repeats_its_answer_for_a_repeated_response)
{
	for (size_t i = 0; i < COUNT_OF(world_methods); i++)
		for (int good = 0; good < 2; good++) {
			struct world *w = world_new(world_methods[i], 13);
			w->client.secret = good ? "klaus" : "claus";
			world_settle(w);
			struct sent response = *world_last(&w->client),
				    *reply = world_last(&w->server);
			if (world_methods[i] == AUTH_PAP)
				response.bytes[1] += 5; /* each request has another identifier */
			assert_int_equal(world_receive(w, &w->server, &response), DROP_NONE);
			world_settle(w);
			struct sent *again = world_last(&w->server);
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
	for (size_t i = 1; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 14);
		w->loss = 100;
		world_settle(w);
		uint8_t right = w->server.sent[0].bytes[1];
		uint8_t length = world_methods[i] == AUTH_CHAP_MD5 ? 16 : 49;
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
			assert_int_equal(world_receive(w, &w->server, &packet),
					 j < 2 ? DROP_PPP_CODE : DROP_AUTH_MALFORMED);
		}
		world_settle(w);
		assert_int_equal(w->server.asked, 0);
		struct sent packet = chap_of(&p);
		assert_int_equal(world_receive(w, &w->server, &packet), DROP_NONE);
		world_settle(w);
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
		world_settle(w);
		assert_int_equal(world_receive(w, &w->server, &packet), DROP_NONE);
		world_settle(w);
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
		world_settle(w);
		verdict.message.length = (uint16_t)strlen(cases[i].message);
		memcpy(verdict.message.bytes, cases[i].message, verdict.message.length);
		verdict.error = AUTH_PASSWORD_EXPIRED;
		auth_on_verdict(&w->server.auth, &verdict, w->now);
		world_settle(w);
		const char *text = text_of(world_last(&w->server));
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
		world_settle(w);
		w->server.secret = "clientPass";
		w->server.sent_count = 0;
		auth_start(&w->server.auth, AUTH_AUTHENTICATOR, AUTH_MSCHAPV2, &w->server.settings,
			   &random, &w->server.out, w->now);
		world_settle(w);
		uint8_t value[MSCHAP_VALUE];
		test_unhex("21402324255e262a28295f2b3a337c7e 0000000000000000"
			   "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df",
			   value, sizeof(value));
		value[48] = flags;
		struct sent packet = chap_of(&(struct chap_packet){
			CHAP_RESPONSE, 0x5c, sizeof(value), value, (const uint8_t *)"User", 4});
		assert_int_equal(world_receive(w, &w->server, &packet), DROP_NONE);
		world_settle(w);
		assert_int_equal(w->server.succeeded, 1);
		assert_string_equal(text_of(world_last(&w->server)),
				    "S=407A5589115FD0D6209F510FE9C04566932CDA56");
		world_free(w);
	}
}

/* ---- Rechallenge ---- */

TEST(auth_rechallenges_and_goes_on_in_silence)
{
	for (size_t i = 1; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 18);
		w->server.settings.rechallenge_ms = 600000;
		world_pass(w, w->now + 3 * 600000 + 1000);
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
	for (size_t i = 1; i < COUNT_OF(world_methods); i++)
		for (int how = 0; how < 3; how++) {
			struct world *w = world_new(world_methods[i], 19);
			w->server.settings.rechallenge_ms = 600000;
			world_pass(w, w->now + 1000);
			assert_both_in(w);
			if (how == 0)
				w->server.secret = "other";
			else if (how == 1)
				strcpy(w->client.auth.proof.name, "otto");
			else
				w->loss = 100;
			world_pass(w, w->now + 700000);
			assert_int_equal(w->server.failed, 1);
			assert_int_equal(w->server.error, how == 2 ? 0 : AUTH_FAILURE);
			assert_int_equal(w->client.failed, how != 2);
			assert_int_equal(w->server.asked, how == 0 ? 2 : 1);
			world_free(w);
		}
}

TEST(auth_rechallenge_has_the_same_patience_as_the_first)
{
	for (size_t i = 1; i < COUNT_OF(world_methods); i++)
		for (int s = 0; s < 2; s++) {
			struct world *w = world_new(world_methods[i], 19);
			struct end *slow = s ? &w->server : &w->client;
			w->server.settings.rechallenge_ms = 600000;
			w->server.settings.attempts = w->client.settings.attempts = 100;
			world_pass(w, w->now + 1000);
			slow->slow = true;
			int before = w->server.sent_count;
			world_pass(w, w->now + 599000 + 59999);
			assert_int_equal(slow->failed, 0);
			/* Neither an old answer for a new Response,
			 * nor an old one for a new Challenge. */
			if (s)
				assert_int_equal(w->server.sent_count, before + 1);
			else
				assert_int_equal(w->client.sent_count, 1);
			world_pass(w, w->now + 1);
			assert_int_equal(slow->failed, 1);
			assert_int_equal(slow->error, AUTH_NO_ANSWER);
			world_free(w);
		}
}

TEST(auth_does_not_rechallenge_with_pap)
{
	struct world *w = world_new(AUTH_PAP, 18);
	w->server.settings.rechallenge_ms = 600000;
	world_settle(w);
	assert_both_in(w);
	assert_int_equal(world_deadline(w), UINT64_MAX);
	world_free(w);
}

/* pppd's pap-timeout and chap-timeout, also where both methods may be asked for. */
TEST(authenticator_has_a_patience_for_pap_and_one_for_the_others)
{
	static const struct {
		enum auth_role role;
		enum auth_method method;
		uint64_t deadline_ms;
	} rows[] = {
		{AUTH_AUTHENTICATOR, AUTH_PAP, 1000 + 30000},
		{AUTH_AUTHENTICATOR, AUTH_CHAP_MD5, 1000 + 60000},
		{AUTH_AUTHENTICATOR, AUTH_MSCHAPV2, 1000 + 60000},
		{AUTH_PEER, AUTH_MSCHAPV2, 1000 + 60000},
		{AUTH_PEER, AUTH_PAP, 1000 + 60000},
	};
	const struct auth_settings settings = {.our_name = "gate",
					       .restart_ms = 3000,
					       .attempts = 10,
					       .timeout_ms = 60000,
					       .pap_timeout_ms = 30000};
	uint64_t seed = 1;
	struct random random = test_random(&seed);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct outbox out = {0};
		struct auth a;
		auth_start(&a, rows[i].role, rows[i].method, &settings, &random, &out, 1000);
		assert_int_equal(a.give_up_ms, rows[i].deadline_ms);
		auth_fini(&a);
		outbox_fini(&out);
	}
}
