/* Logins: who is let in, and who is not. */
#include "ppp/link.h"

#include "auth/proof.h"
#include "base/base.h"
#include "ppp/pair_test.h"

TEST(link_refuses_a_wrong_password)
{
	struct pair *p = pair_new();
	p->password = "wrong";
	pair_open(p);
	pair_run(p, 10000);
	for (int i = 0; i < 2; i++)
		assert_int_equal(p->end[i].end.reason, LINK_END_AUTH_FAILED);
	assert_int_equal(p->end[PAIR_SERVER].end.auth_error, 691);
	assert_int_equal(link_end_pppd_status(LINK_END_AUTH_FAILED, LINK_SERVER), 11);
	assert_int_equal(link_end_pppd_status(LINK_END_AUTH_FAILED, LINK_CLIENT), 19);
	pair_free(p);
}

TEST(link_ends_where_the_verdict_never_comes)
{
	struct pair *p = pair_new();
	p->end[PAIR_SERVER].mute_registrar = true;
	pair_open(p);
	pair_run(p, 70000);
	assert_true(p->end[PAIR_SERVER].ended && p->end[PAIR_CLIENT].ended);
	assert_int_equal(p->end[PAIR_SERVER].ipv4_up, 0);
	/* And comes after all. */
	link_on_verdict(&p->end[PAIR_SERVER].link, &(struct auth_verdict){.result = AUTH_ACCEPT},
			p->now_ms);
	assert_true(outbox_is_empty(&p->end[PAIR_SERVER].out));
	pair_free(p);
}

TEST(link_settles_on_a_method_that_both_take)
{
	struct pair *p = pair_new();
	p->end[PAIR_SERVER].settings.demand =
		AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_CHAP_MD5) | AUTH_BIT(AUTH_PAP);
	p->end[PAIR_CLIENT].settings.offer = AUTH_BIT(AUTH_PAP) | AUTH_BIT(AUTH_MSCHAP);
	for (int i = 0; i < 2; i++)
		p->end[i].settings.mppe = MPPE_OFF;
	pair_open(p);
	pair_run(p, 5000);
	assert_true(pair_is_up(p));
	assert_int_equal(p->end[PAIR_SERVER].link.authenticator.method, AUTH_PAP);
	pair_free(p);
}

TEST(link_ends_without_a_common_method)
{
	static const auth_methods offers[] = {0, AUTH_BIT(AUTH_PAP)};
	for (size_t i = 0; i < COUNT_OF(offers); i++) {
		struct pair *p = pair_new();
		p->end[PAIR_CLIENT].settings.offer = offers[i];
		pair_open(p);
		pair_run(p, 60000);
		assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_AUTH_METHOD);
		assert_true(p->end[PAIR_CLIENT].ended);
		pair_free(p);
	}
}

TEST(link_never_lets_a_peer_in_without_a_proof_that_was_demanded)
{
	struct pair *p = pair_new();
	p->end[PAIR_SERVER].settings.demand =
		AUTH_BIT(AUTH_EAP); /* which cannot be asked for yet */
	pair_open(p);
	pair_run(p, 60000);
	assert_int_equal(p->end[PAIR_SERVER].questions, 0);
	assert_int_equal(p->end[PAIR_SERVER].authenticated, 0);
	assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_AUTH_METHOD);
	pair_free(p);
}

TEST(link_asks_for_addresses_where_no_proof_is_demanded)
{
	struct pair *p = pair_new();
	p->end[PAIR_SERVER].settings.demand = 0;
	for (int i = 0; i < 2; i++)
		p->end[i].settings.mppe = MPPE_OFF;
	pair_open(p);
	pair_run(p, 5000);
	assert_int_equal(p->end[PAIR_SERVER].question.method, AUTH_NONE);
	assert_true(pair_is_up(p));
	pair_free(p);
}

TEST(link_proves_both_ends_to_each_other)
{
	struct pair *p = pair_new();
	bool clear;
	for (int i = 0; i < 2; i++)
		p->end[i].settings.demand = p->end[i].settings.offer = AUTH_BIT(AUTH_MSCHAPV2);
	pair_open(p);
	pair_run(p, 10000);
	assert_true(pair_is_up(p));
	assert_true(pair_ping(p, PAIR_SERVER, &clear) && !clear);
	assert_int_equal(p->end[PAIR_SERVER].authenticated, 1);
	pair_free(p);
}
