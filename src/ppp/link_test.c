/* A link comes up, lives, negotiates anew, and goes down. */
#include "ppp/link.h"

#include <string.h>

#include "auth/proof.h"
#include "base/base.h"
#include "ppp/pair_test.h"

TEST(link_comes_up_encrypted_with_the_defaults)
{
	struct pair *p = pair_new();
	bool clear;
	pair_open(p);
	pair_run(p, 1000);
	assert_true(pair_is_up(p));
	for (int i = 0; i < 2; i++) {
		struct end_point *e = &p->end[i];
		assert_int_equal(e->authenticated, 1);
		assert_int_equal(e->ipv6_up, 1);
		assert_true(e->link.mppe_on);
		assert_true(pair_ping(p, i, &clear));
		assert_false(clear);
		assert_non_null(strstr(e->log, "ccp=opened mppe=128 stateless"));
		assert_non_null(strstr(e->log, "ipcp=opened local="));
	}
	struct link_addresses *a = &p->end[PAIR_CLIENT].addresses;
	assert_int_equal(a->local, 0xc0a80a64);
	assert_int_equal(a->remote, 0xc0a80a01);
	assert_int_equal(a->dns[0], 0x08080808);
	assert_int_equal(a->dns[1], 0);
	assert_memory_equal(a->local_id, p->end[PAIR_SERVER].addresses.remote_id, 8);
	assert_memory_not_equal(a->local_id, a->remote_id, 8);
	assert_int_equal(link_mtu(&p->end[PAIR_SERVER].link), 1400);
	assert_int_equal(link_mtu(&p->end[PAIR_CLIENT].link), 1500);
	link_close(&p->end[PAIR_CLIENT].link, "done", p->now_ms);
	pair_collect(p, PAIR_CLIENT);
	pair_run(p, 1000);
	assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_PEER);
	assert_string_equal(p->end[PAIR_SERVER].end.text, "the peer hung up: done");
	assert_int_equal(p->end[PAIR_CLIENT].end.reason, LINK_END_LOCAL);
	assert_int_equal(p->end[PAIR_SERVER].ipv4_down, 1);
	pair_free(p);
}

struct combination {
	enum auth_method method;
	enum mppe_policy policy;
	uint8_t sizes;
	bool server_stateless, server_stateful, client_stateless, client_stateful;
};

static void check_combination(const struct combination *c)
{
	static const enum auth_method with_keys = AUTH_MSCHAP; /* and above */
	struct pair *p = pair_new();
	bool clear = true, keys = c->method >= with_keys;
	struct link_settings *s = &p->end[PAIR_SERVER].settings, *k = &p->end[PAIR_CLIENT].settings;
	s->demand = k->offer = AUTH_BIT(c->method);
	s->mppe = k->mppe = c->policy;
	s->mppe_sizes = c->sizes;
	k->mppe_sizes = MPPE_40 | MPPE_56 | MPPE_128;
	s->mppe_stateless = c->server_stateless;
	s->mppe_stateful = c->server_stateful;
	k->mppe_stateless = c->client_stateless;
	k->mppe_stateful = c->client_stateful;
	pair_open(p);
	pair_run(p, 60000);
	bool modes = (c->server_stateless && c->client_stateless) ||
		     (c->server_stateful && c->client_stateful);
	bool encrypted = keys && modes && c->policy != MPPE_OFF;
	bool up = encrypted || c->policy != MPPE_REQUIRED;
	if (pair_is_up(p) != up)
		fail_msg("%s, policy %d, sizes %d, modes %d%d%d%d: up is %d\n%s",
			 auth_method_name(c->method), c->policy, c->sizes, c->server_stateless,
			 c->server_stateful, c->client_stateless, c->client_stateful, pair_is_up(p),
			 p->end[PAIR_SERVER].log);
	for (int i = 0; i < 2 && up; i++)
		for (int n = 0; n < 3; n++) {
			assert_true(pair_ping(p, i, &clear));
			assert_int_equal(clear, !encrypted);
		}
	if (encrypted) {
		bool stateless = c->server_stateless && c->client_stateless;
		assert_int_equal(p->end[0].link.mppe.send.stateless, stateless);
		assert_true(p->end[0].link.mppe.send.size & c->sizes);
	}
	if (!up) {
		assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_MPPE);
		assert_int_equal(p->end[PAIR_SERVER].ipv4_up + p->end[PAIR_CLIENT].ipv4_up, 0);
	}
	pair_free(p);
}

TEST(link_does_every_login_with_every_encryption)
{
	static const enum auth_method methods[] = {AUTH_PAP, AUTH_CHAP_MD5, AUTH_MSCHAP,
						   AUTH_MSCHAPV2};
	static const uint8_t sizes[] = {MPPE_40, MPPE_56, MPPE_128, MPPE_40 | MPPE_56,
					MPPE_40 | MPPE_56 | MPPE_128};
	for (size_t m = 0; m < COUNT_OF(methods); m++)
		for (int policy = MPPE_OFF; policy <= MPPE_REQUIRED; policy++)
			for (size_t z = 0; z < COUNT_OF(sizes); z++)
				for (int modes = 0; modes < 16; modes++) {
					bool bits[] = {modes & 1, modes & 2, modes & 4, modes & 8};
					if (!(bits[0] || bits[1]) || !(bits[2] || bits[3]))
						continue; /* no mode at all is no setting */
					check_combination(&(struct combination){
						methods[m], (enum mppe_policy)policy, sizes[z],
						bits[0], bits[1], bits[2], bits[3]});
				}
}

TEST(link_comes_up_over_a_wire_that_loses_and_doubles)
{
	int up = 0;
	for (unsigned seed = 1; seed <= 200; seed++) {
		struct pair *p = pair_new();
		p->random_state = seed;
		p->lose_percent = 15;
		p->double_percent = 10;
		pair_open(p);
		pair_run(p, 25000);
		p->lose_percent = p->double_percent = 0;
		pair_run(p, 120000);
		/* Either both ends are up, or both have ended. */
		if (pair_is_up(p)) {
			bool clear;
			up++;
			assert_true(pair_ping(p, PAIR_SERVER, &clear) && !clear);
			assert_true(pair_ping(p, PAIR_CLIENT, &clear) && !clear);
		} else {
			assert_true(p->end[0].ended && p->end[1].ended);
		}
		pair_free(p);
	}
	assert_int_equal(up, 200);
}

TEST(link_gives_up_in_bounded_time_on_a_dead_wire)
{
	struct pair *p = pair_new();
	p->lose_percent = 100;
	pair_open(p);
	pair_run(p, 29999);
	assert_int_equal(p->end[0].ended + p->end[1].ended, 0);
	pair_run(p, 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(p->end[i].end.reason, LINK_END_LCP);
	assert_true(link_deadline(&p->end[0].link) == UINT64_MAX);
	pair_free(p);
}

TEST(link_mtu_is_what_the_peer_takes_and_the_settings_allow)
{
	static const struct {
		uint16_t peer_mru, setting, mtu;
	} rows[] = {{1500, 0, 1500},    {1400, 0, 1400},    {1400, 1300, 1300},
		    {1200, 1300, 1200}, {1500, 9000, 1500}, {576, 0, 576}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pair *p = pair_new();
		p->end[PAIR_CLIENT].settings.mru = rows[i].peer_mru;
		p->end[PAIR_SERVER].settings.mtu = rows[i].setting;
		pair_open(p);
		pair_run(p, 1000);
		assert_int_equal(link_mtu(&p->end[PAIR_SERVER].link), rows[i].mtu);
		pair_free(p);
	}
}

/* ---- liveness and renegotiation ---- */

TEST(link_ends_when_echoes_stay_unanswered)
{
	struct pair *p = pair_new();
	pair_open(p);
	pair_run(p, 1000);
	p->lose_percent = 100;
	pair_run(p, 148999);
	assert_int_equal(p->end[PAIR_SERVER].ended, 0);
	pair_run(p, 30000);
	assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_ECHO);
	assert_int_equal(link_end_pppd_status(LINK_END_ECHO, LINK_SERVER), 15);
	pair_free(p);
}

TEST(link_asks_only_a_silent_peer_where_echo_is_adaptive)
{
	struct pair *p = pair_new();
	bool clear;
	p->end[PAIR_SERVER].settings.echo_adaptive = true;
	p->end[PAIR_CLIENT].settings.echo_interval_ms = 0;
	pair_open(p);
	pair_run(p, 1000);
	p->lose_percent = 100; /* echoes and answers are lost, data comes */
	for (int i = 0; i < 100; i++) {
		assert_true(pair_ping(p, PAIR_CLIENT, &clear));
		pair_run(p, 20000);
	}
	assert_int_equal(p->end[PAIR_SERVER].ended, 0);
	pair_run(p, 200000);
	assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_ECHO);
	pair_free(p);
}

TEST(link_stays_up_for_a_day_of_echoes)
{
	struct pair *p = pair_new();
	pair_open(p);
	pair_run(p, 86400000);
	assert_true(pair_is_up(p));
	assert_int_equal(p->end[0].ended, 0);
	pair_free(p);
}

TEST(link_does_not_ask_a_peer_that_knows_no_echo)
{
	struct pair *p = pair_new();
	pair_open(p);
	pair_run(p, 1000);
	pair_give_hex(p, PAIR_SERVER, "ff03c021 07 50 000c 0905000800000000");
	p->lose_percent = 100;
	p->end[PAIR_CLIENT].link.echo_due_ms = UINT64_MAX;
	pair_run(p, 3600000);
	assert_int_equal(p->end[PAIR_SERVER].ended, 0);
	pair_free(p);
}

TEST(link_negotiates_anew_with_new_keys_when_the_peer_wants_to)
{
	struct pair *p = pair_new();
	bool clear;
	pair_open(p);
	pair_run(p, 1000);
	struct link *server = &p->end[PAIR_SERVER].link;
	uint8_t old_key[16];
	memcpy(old_key, server->mppe.send.start_key, 16);
	/* The client restarts from nothing, as after a reboot. */
	struct end_point *c = &p->end[PAIR_CLIENT];
	link_fini(&c->link);
	c->ipv4_up = c->ipv4_down = 0;
	link_open(&c->link, &c->settings, &p->random, &c->out, p->now_ms);
	pair_collect(p, PAIR_CLIENT);
	pair_run(p, 1000);
	assert_true(pair_is_up(p));
	assert_int_equal(p->end[PAIR_SERVER].ipv4_down, 1);
	assert_int_equal(p->end[PAIR_SERVER].ipv4_up, 2);
	assert_int_equal(p->end[PAIR_SERVER].authenticated, 2);
	assert_memory_not_equal(old_key, server->mppe.send.start_key, 16);
	assert_true(pair_ping(p, PAIR_CLIENT, &clear) && !clear);
	pair_free(p);
}

TEST(link_finds_a_loop)
{
	struct pair *p = pair_new();
	struct pair_frame f;
	struct packet packet;
	enum link_payload payload;
	pair_open(p);
	for (int i = 0; i < 100 && !p->end[PAIR_SERVER].ended; i++)
		if (pair_take(p, PAIR_SERVER, &f))
			pair_give(p, PAIR_SERVER, f.bytes, f.length, &payload, &packet);
	assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_LOOPBACK);
	pair_free(p);
}

TEST(link_ends_on_demand_in_every_phase)
{
	for (int steps = 0; steps < 30; steps++) {
		struct pair *p = pair_new();
		struct pair_frame f;
		struct packet packet;
		enum link_payload payload;
		pair_open(p);
		for (int i = 0; i < steps; i++)
			if (pair_take(p, i & 1, &f))
				pair_give(p, !(i & 1), f.bytes, f.length, &payload, &packet);
		link_close(&p->end[PAIR_SERVER].link, "stop", p->now_ms);
		link_close(&p->end[PAIR_SERVER].link, "stop again", p->now_ms);
		pair_collect(p, PAIR_SERVER);
		p->lose_percent = 100;
		pair_run(p, 9000); /* three Terminate-Requests */
		assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_LOCAL);
		assert_string_equal(p->end[PAIR_SERVER].end.text, "stop");
		pair_free(p);
	}
}
