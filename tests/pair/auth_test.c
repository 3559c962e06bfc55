/* Every way to prove oneself with every encryption:
 * what comes up, and what ends with a clear text. */
#include "tests/test.h"

#include <string.h>

#include "base/base.h"
#include "tests/pair/world.h"

static const enum auth_method methods[] = {AUTH_NONE, AUTH_PAP, AUTH_CHAP_MD5, AUTH_MSCHAP,
					   AUTH_MSCHAPV2};

static const struct encryption {
	const char *name;
	enum mppe_policy policy;
	uint8_t sizes;
	bool stateful;
} encryptions[] = {
	{"off", MPPE_OFF, 0, false},
	{"optional 128 stateless", MPPE_OPTIONAL, MPPE_128, false},
	{"optional 128 stateful", MPPE_OPTIONAL, MPPE_128, true},
	{"required 40 stateless", MPPE_REQUIRED, MPPE_40, false},
	{"required 40 stateful", MPPE_REQUIRED, MPPE_40, true},
	{"required 56 stateless", MPPE_REQUIRED, MPPE_56, false},
	{"required 56 stateful", MPPE_REQUIRED, MPPE_56, true},
	{"required 128 stateless", MPPE_REQUIRED, MPPE_128, false},
	{"required 128 stateful", MPPE_REQUIRED, MPPE_128, true},
};

static bool gives_keys(enum auth_method method)
{
	return method == AUTH_MSCHAP || method == AUTH_MSCHAPV2;
}

static void set(struct world *w, enum auth_method method, const struct encryption *e)
{
	for (int side = 0; side < 2; side++) {
		struct link_settings *link = &w->ends[side].settings->link;
		auth_methods bit = method == AUTH_NONE ? 0 : AUTH_BIT(method);
		link->demand = side == SERVER ? bit : 0;
		link->offer = side == CLIENT ? bit : 0;
		link->mppe = e->policy;
		link->mppe_sizes = e->sizes;
		link->mppe_stateless = !e->stateful;
		link->mppe_stateful = e->stateful;
	}
}

static void assert_ends_for_want_of_keys(struct world *w)
{
	char want[128];
	enum auth_method method = AUTH_NONE;
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (w->ends[SERVER].settings->link.demand == AUTH_BIT(methods[i]))
			method = methods[i];
	snprintf(want, sizeof(want),
		 "reason=\"no encryption\" detail=\"encryption is required, and a login by %s "
		 "gives no keys\"",
		 auth_method_name(method));
	world_run_out(w, 120000);
	assert_int_equal(w->clear_packets, 0);
	assert_int_equal(w->ends[SERVER].ipv4_ups + w->ends[SERVER].ipv6_ups, 0);
	assert_int_equal(w->ends[CLIENT].ipv4_ups + w->ends[CLIENT].ipv6_ups, 0);
	assert_true(world_log_count(w, SERVER, want) + world_log_count(w, CLIENT, want) > 0);
	world_assert_clean(w);
}

static void assert_carries(struct world *w, bool encrypted)
{
	assert_true(world_run(w, 60000, world_is_up));
	for (unsigned i = 0; i < 3; i++) {
		world_send(w, CLIENT, 0, 20, 400);
		world_send(w, SERVER, 0, 20, 1400);
		world_run(w, 300, NULL);
	}
	assert_int_equal(w->ends[SERVER].inbox_count, 60);
	assert_int_equal(w->ends[CLIENT].inbox_count, 60);
	assert_int_equal(w->encrypted_packets, encrypted ? 120 : 0);
	assert_int_equal(w->clear_packets, encrypted ? 0 : 120);
	session_close(world_session(w, CLIENT, 0), "done", w->now_ms);
	world_perform(w, CLIENT);
	world_run_out(w, 10000);
	world_assert_clean(w);
	assert_int_equal(w->ends[SERVER].releases, 1);
}

TEST(every_login_with_every_encryption_comes_up_or_says_why_not)
{
	for (size_t m = 0; m < COUNT_OF(methods); m++) {
		for (size_t e = 0; e < COUNT_OF(encryptions); e++) {
			struct world *w = world_new(m * 100 + e + 1);
			bool keys = gives_keys(methods[m]);
			set(w, methods[m], &encryptions[e]);
			world_dial(w, 1);
			if (encryptions[e].policy == MPPE_REQUIRED && !keys)
				assert_ends_for_want_of_keys(w);
			else
				assert_carries(w, keys && encryptions[e].policy != MPPE_OFF);
			world_free(w);
		}
	}
}

/* Each end may know more than the other: the strongest that both know is taken. */
TEST(the_strongest_common_login_and_encryption_are_taken)
{
	static const struct {
		auth_methods demand, offer;
		uint8_t server_sizes, client_sizes;
		bool server_stateless, client_stateless;
		const char *login, *encryption;
	} rows[] = {
		{0x1e, 0x1e, 7, 7, true, true, "auth=mschapv2", "mppe=128 stateless"},
		{0x1e, AUTH_BIT(AUTH_MSCHAP), 7, 7, true, true, "auth=mschap ",
		 "mppe=128 stateless"},
		{AUTH_BIT(AUTH_MSCHAP) | AUTH_BIT(AUTH_PAP), 0x1e, 7, 7, true, true, "auth=mschap ",
		 "mppe=128 stateless"},
		{0x1e, 0x1e, 7, MPPE_40, true, true, "auth=mschapv2", "mppe=40 stateless"},
		{0x1e, 0x1e, MPPE_56 | MPPE_40, 7, true, true, "auth=mschapv2",
		 "mppe=56 stateless"},
		{0x1e, 0x1e, 7, 7, true, false, "auth=mschapv2", "mppe=128 stateful"},
		{0x1e, 0x1e, 7, 7, false, true, "auth=mschapv2", "mppe=128 stateful"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(i + 1);
		struct link_settings *server = &w->ends[SERVER].settings->link,
				     *client = &w->ends[CLIENT].settings->link;
		server->demand = rows[i].demand;
		client->offer = rows[i].offer;
		server->mppe_sizes = rows[i].server_sizes;
		client->mppe_sizes = rows[i].client_sizes;
		server->mppe_stateless = rows[i].server_stateless;
		client->mppe_stateless = rows[i].client_stateless;
		world_call(w, 1);
		assert_int_equal(world_log_count(w, SERVER, rows[i].login), 2);
		assert_int_equal(world_log_count(w, SERVER, rows[i].encryption), 1);
		assert_int_equal(world_log_count(w, CLIENT, rows[i].encryption), 1);
		world_free(w);
	}
}

TEST(ends_that_agree_on_no_login_or_no_encryption_part_without_a_clear_packet)
{
	static const struct {
		auth_methods offer;
		uint8_t client_sizes;
		enum mppe_policy client_policy;
		uint8_t reason;
	} rows[] = {
		{AUTH_BIT(AUTH_PAP), MPPE_128, MPPE_REQUIRED, LINK_END_AUTH_METHOD},
		{0, MPPE_128, MPPE_REQUIRED, LINK_END_AUTH_METHOD},
		{AUTH_BIT(AUTH_MSCHAPV2), MPPE_40, MPPE_REQUIRED, LINK_END_MPPE},
		{AUTH_BIT(AUTH_MSCHAPV2), MPPE_40, MPPE_OPTIONAL, LINK_END_MPPE},
		{AUTH_BIT(AUTH_MSCHAPV2), 0, MPPE_OFF, LINK_END_MPPE},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world *w = world_new(i + 1);
		struct link_settings *client = &w->ends[CLIENT].settings->link;
		client->offer = rows[i].offer;
		client->mppe = rows[i].client_policy;
		client->mppe_sizes = rows[i].client_sizes;
		world_dial(w, 1);
		world_run_out(w, 300000);
		int says = w->ends[SERVER].last_end.reason == rows[i].reason ? SERVER : CLIENT;
		assert_int_equal(w->ends[says].last_end.reason, rows[i].reason);
		assert_int_equal(w->clear_packets, 0);
		world_assert_clean(w);
		world_free(w);
	}
}

/* The line that fail2ban matches, however the caller behaves once it is refused. */
TEST(a_wrong_password_is_a_line_of_stable_form)
{
	for (size_t m = 1; m < COUNT_OF(methods); m++) {
		struct world *w = world_new(m);
		set(w, methods[m], &encryptions[0]);
		w->registrar.wrong_password = true;
		world_dial(w, 1);
		world_run_out(w, 60000);
		assert_int_equal(world_log_count(w, SERVER,
						 "session=1 user=testvpn1 login=failed "
						 "caller=198.51.100.2 error=691\n"),
				 1);
		assert_int_equal(w->ends[SERVER].last_end.reason, LINK_END_AUTH_FAILED);
		assert_int_equal(w->ends[CLIENT].last_end.reason, LINK_END_AUTH_FAILED);
		assert_int_equal(w->ends[CLIENT].last_end.auth_error, 691);
		assert_int_equal(w->ends[SERVER].releases, 1);
		assert_int_equal(w->ends[SERVER].ipv4_ups, 0);
		world_assert_clean(w);
		world_free(w);
	}
}

static bool is_refused(const struct world *w)
{
	return world_log_count(w, SERVER, "refused=691") > 0;
}

TEST(a_refused_caller_that_hangs_up_at_once_leaves_the_line_all_the_same)
{
	for (int how = 0; how < 2; how++) {
		struct world *w = world_new(5);
		w->registrar.wrong_password = true;
		world_dial(w, 1);
		assert_true(world_run(w, 60000, is_refused));
		if (how) {
			world_lose_tcp(w, SERVER);
		} else {
			session_hang_up(world_session(w, CLIENT, 0), LINK_END_LOCAL, "gone",
					w->now_ms);
			world_perform(w, CLIENT);
		}
		world_run_out(w, 10000);
		assert_int_equal(world_log_count(w, SERVER, "login=failed caller=198.51.100.2"), 1);
		world_free(w);
	}
}

/* Both ends ask, both are asked: two questions are open at the server's registrar at once. */
TEST(both_ends_may_prove_themselves)
{
	for (uint64_t delay_ms = 0; delay_ms <= 2000; delay_ms += 500) {
		struct world *w = world_new(6 + delay_ms);
		w->ends[CLIENT].settings->link.demand = AUTH_BIT(AUTH_CHAP_MD5);
		w->ends[SERVER].settings->link.offer = AUTH_BIT(AUTH_CHAP_MD5);
		w->registrar.delay_ms = delay_ms;
		world_call(w, 1);
		assert_int_equal(w->ends[SERVER].asked, 2);
		assert_int_equal(w->ends[CLIENT].asked, 2);
		world_send(w, CLIENT, 0, 5, 300);
		world_run(w, 100, NULL);
		assert_int_equal(w->ends[SERVER].inbox_count, 5);
		world_free(w);
	}
}

TEST(a_caller_without_an_address_gets_no_network_and_hears_why)
{
	struct world *w = world_new(7);
	w->registrar.give_nothing = true;
	w->ends[SERVER].settings->link.ipv6 = false;
	world_dial(w, 1);
	world_run_out(w, 120000);
	assert_int_equal(w->ends[SERVER].last_end.reason, LINK_END_NETWORK);
	assert_int_equal(w->ends[SERVER].ipv4_ups, 0);
	world_assert_clean(w);
	world_free(w);
}
