#include "auth/world_test.h"

#include <string.h>

TEST(auth_peer_believes_no_success_that_it_did_not_ask_for)
{
	for (size_t i = 1; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 20);
		w->loss = 100;
		world_settle(w);
		for (int id = 0; id < 256; id++) /* no challenge came yet */
			for (uint8_t code = CHAP_SUCCESS; code <= CHAP_FAILURE; code++) {
				struct sent packet =
					chap_of(&(struct chap_packet){code, (uint8_t)id});
				assert_int_equal(world_receive(w, &w->client, &packet),
						 DROP_PPP_CODE);
			}
		world_receive(w, &w->client, &w->server.sent[0]);
		world_settle(w);
		assert_int_equal(w->client.sent_count, 1);
		struct sent packet = chap_of(&(struct chap_packet){
			CHAP_SUCCESS, (uint8_t)(w->client.sent[0].bytes[1] + 1)});
		assert_int_equal(world_receive(w, &w->client, &packet), DROP_PPP_CODE);
		world_settle(w);
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
		world_settle(w);
		struct sent packet = chap_of(&(struct chap_packet){
			CHAP_SUCCESS, w->client.sent[0].bytes[1], 0, NULL,
			(const uint8_t *)signatures[i], (uint16_t)strlen(signatures[i])});
		assert_int_equal(world_receive(w, &w->client, &packet), DROP_NONE);
		world_settle(w);
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
		world_settle(w);
		struct sent packet = *world_last(&w->server);
		packet.length = 4 + length;
		packet.bytes[3] = (uint8_t)packet.length;
		assert_int_equal(world_receive(w, &w->client, &packet), DROP_NONE);
		world_settle(w);
		assert_int_equal(w->client.succeeded, length == MSCHAP_SIGNATURE);
		assert_int_equal(w->client.failed, length < MSCHAP_SIGNATURE);
		world_free(w);
	}
}

TEST(auth_peer_answers_a_repeated_challenge_at_once_and_bears_a_repeated_success)
{
	for (size_t i = 1; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 22);
		w->fates = "..L";
		world_settle(w);
		struct sent success = *world_last(&w->server);
		assert_int_equal(world_receive(w, &w->client, &w->server.sent[0]), DROP_NONE);
		world_settle(w);
		assert_int_equal(w->client.sent_count, 2);
		assert_memory_equal(&w->client.sent[1], &w->client.sent[0], sizeof(struct sent));
		assert_both_in(w); /* the server repeated its Success */
		assert_int_equal(world_receive(w, &w->client, &success), DROP_NONE);
		success.bytes[0] = CHAP_FAILURE; /* too late */
		assert_int_equal(world_receive(w, &w->client, &success), DROP_PPP_CODE);
		world_settle(w);
		assert_both_in(w);
		world_free(w);
	}
}

TEST(auth_peer_takes_the_signature_with_a_message_or_in_lower_case)
{
	for (int lower = 0; lower < 2; lower++) {
		struct world *w = world_new(AUTH_MSCHAPV2, 22);
		w->fates = "..LLLLLLL"; /* the Success is lost */
		world_settle(w);
		struct sent packet = *world_last(&w->server);
		assert_int_equal(packet.bytes[0], CHAP_SUCCESS);
		for (size_t i = 6; i < packet.length && lower; i++)
			if (packet.bytes[i] >= 'A')
				packet.bytes[i] |= 0x20;
		memcpy(packet.bytes + packet.length, " M=Welcome", 10);
		packet.length += 10;
		packet.bytes[3] = (uint8_t)packet.length;
		assert_int_equal(world_receive(w, &w->client, &packet), DROP_NONE);
		world_settle(w);
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
		world_settle(w);
		struct sent packet = chap_of(&(struct chap_packet){
			CHAP_FAILURE, w->client.sent[0].bytes[1], 0, NULL,
			(const uint8_t *)cases[i].text, (uint16_t)strlen(cases[i].text)});
		assert_int_equal(world_receive(w, &w->client, &packet), DROP_NONE);
		world_settle(w);
		assert_int_equal(w->client.failed, 1);
		assert_int_equal(w->client.error, cases[i].error);
		assert_non_null(strstr(w->client.report, cases[i].report));
		assert_int_equal(world_receive(w, &w->client, &w->server.sent[0]), DROP_PPP_PHASE);
		world_free(w);
	}
}

TEST(auth_peer_without_a_secret_fails_and_shows_nothing)
{
	for (size_t i = 0; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 24);
		w->client.secret = NULL;
		world_settle(w);
		assert_int_equal(w->client.failed, 1);
		assert_int_equal(w->client.error, AUTH_FAILURE);
		assert_int_equal(w->client.sent_count, 0);
		assert_non_null(strstr(w->client.report, "secret=missing"));
		world_free(w);
		w = world_new(world_methods[i], 24); /* accepted, but with nothing to show */
		static const struct auth_verdict empty = {.question = AUTH_PROVE,
							  .result = AUTH_ACCEPT};
		w->client.slow = true;
		world_settle(w);
		auth_on_verdict(&w->client.auth, &empty, w->now);
		world_settle(w);
		assert_int_equal(w->client.sent_count, world_methods[i] == AUTH_PAP);
		assert_int_equal(w->client.failed, 1); /* PAP: refused by the server */
		world_free(w);
	}
}

TEST(auth_peer_gives_up_where_its_registrar_or_the_server_is_silent)
{
	for (size_t i = 0; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 25);
		w->client.slow = true;
		world_pass(w, w->now + 60000);
		assert_int_equal(w->client.failed, 1);
		assert_int_equal(w->client.error, AUTH_NO_ANSWER);
		world_free(w);
		w = world_new(world_methods[i], 25);
		w->loss = 100;
		world_pass(w, w->now + 60000);
		assert_int_equal(w->client.failed, 1);
		assert_int_equal(w->client.error, 0);
		world_free(w);
	}
}

TEST(auth_peer_answers_the_newest_challenge_when_its_verdict_comes_late)
{
	for (size_t i = 1; i < COUNT_OF(world_methods); i++) {
		struct world *w = world_new(world_methods[i], 26);
		w->client.slow = true;
		world_settle(w);
		struct sent challenge = w->server.sent[0];
		world_receive(w, &w->client, &challenge); /* the same: no news */
		challenge.bytes[1]++;
		challenge.bytes[6] ^= 1;
		assert_int_equal(world_receive(w, &w->client, &challenge), DROP_NONE);
		world_settle(w);
		assert_int_equal(w->client.asked, 1);
		world_answer(w, &w->client); /* to the old one */
		world_settle(w);
		assert_int_equal(w->client.sent_count, 0);
		assert_int_equal(w->client.asked, 2);
		assert_int_equal(w->client.question.identifier, challenge.bytes[1]);
		assert_memory_equal(w->client.question.challenge.bytes, challenge.bytes + 5, 8);
		w->loss = 100;
		world_answer(w, &w->client);
		world_settle(w);
		assert_int_equal(w->client.sent_count, 1);
		assert_int_equal(w->client.sent[0].bytes[1], challenge.bytes[1]);
		world_free(w);
	}
}

TEST(auth_peer_takes_md5_challenges_of_any_length_and_others_only_of_theirs)
{
	uint8_t value[255];
	memset(value, 'v', sizeof(value));
	for (size_t i = 1; i < COUNT_OF(world_methods); i++)
		for (unsigned length = 1; length <= 255; length++) {
			struct world *w = world_new(world_methods[i], 27);
			w->loss = 100;
			struct sent packet = chap_of(&(struct chap_packet){
				CHAP_CHALLENGE, 9, (uint8_t)length, value, value, 255});
			world_settle(w);
			bool fits = world_methods[i] == AUTH_CHAP_MD5 ||
				    length == (world_methods[i] == AUTH_MSCHAP ? 8 : 16);
			assert_int_equal(world_receive(w, &w->client, &packet),
					 fits ? DROP_NONE : DROP_AUTH_MALFORMED);
			world_settle(w);
			assert_int_equal(w->client.sent_count, fits);
			world_free(w);
		}
}

TEST(auth_pap_requests_have_new_identifiers_and_an_ack_to_any_of_them_counts)
{
	for (int which = 0; which < 4; which++) {
		struct world *w = world_new(AUTH_PAP, 28);
		w->loss = 100;
		world_pass(w, w->now + 8000);
		assert_int_equal(w->client.sent_count, 3);
		for (int j = 1; j < 3; j++)
			assert_int_equal(w->client.sent[j].bytes[1],
					 (uint8_t)(w->client.sent[0].bytes[1] + j));
		uint8_t id = (uint8_t)(w->client.sent[0].bytes[1] + which);
		struct sent packet = pap_of(&(struct pap_packet){PAP_ACK, id});
		assert_int_equal(world_receive(w, &w->client, &packet),
				 which < 3 ? DROP_NONE : DROP_PPP_CODE);
		world_settle(w);
		assert_int_equal(w->client.succeeded, which < 3);
		world_free(w);
	}
}
