#include "ppp/link.h"

#include <stdlib.h>
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

/* Plays everything but leaves the server at the moment where its verdict is due. */
static struct pair *at_verdict(void)
{
	struct pair *p = pair_new();
	p->end[PAIR_SERVER].mute_registrar = true;
	pair_open(p);
	pair_run(p, 0);
	assert_true(p->end[PAIR_SERVER].asked);
	p->end[PAIR_SERVER].count = p->end[PAIR_CLIENT].count = 0;
	return p;
}

/* The server goes on alone; what it sends is left for the test to read. */
static void give_verdict(struct pair *p, bool keys)
{
	struct auth_verdict v = {.result = AUTH_ACCEPT,
				 .keys.present = keys,
				 .local_address = 0xc0a80a01,
				 .remote_address = 0xc0a80a64,
				 .dns = {0x08080808, 0x08080404}};
	struct pair_frame success;
	link_on_verdict(&p->end[PAIR_SERVER].link, &v, p->now_ms);
	pair_collect(p, PAIR_SERVER);
	assert_true(pair_take(p, PAIR_SERVER, &success));
	assert_memory_equal(success.bytes, "\xff\x03\xc2\x23\x03", 5);
}

/* ---- encryption that is required ---- */

TEST(link_lets_no_clear_packet_in_or_out_where_encryption_is_required)
{
	static const char clear_frames[][32] = {
		"ff030021 4500", "0021 4500", "21 4500", "57 6000",
		"0057 6000",     "2d 4500",   "3d c000",
	};
	struct pair *p = pair_new();
	struct packet packet = {0};
	struct link_item item;
	pair_open(p);
	for (int stage = 0; stage < 2; stage++) {
		for (size_t i = 0; i < COUNT_OF(clear_frames); i++)
			assert_int_equal(pair_give_hex(p, PAIR_SERVER, clear_frames[i]),
					 DROP_CLEAR);
		packet_reset(&packet);
		packet.length = 20;
		if (!stage)
			assert_int_equal(link_send(&p->end[PAIR_SERVER].link, &packet,
						   LINK_PAYLOAD_IPV4, &item),
					 DROP_LINK_NOT_UP);
		pair_run(p, 1000);
	}
	assert_true(pair_is_up(p));
	assert_int_equal(link_send(&p->end[PAIR_SERVER].link, &packet, LINK_PAYLOAD_IPV4, &item),
			 DROP_NONE);
	assert_true(item.encrypted);
	assert_memory_equal(packet.data, "\xff\x03\x00\xfd\x90\x00", 6);
	pair_free(p);
}

/* Whatever CCP does once encryption is in force: the link ends, also where it was optional. */
TEST(link_ends_rather_than_go_on_in_clear)
{
	static const char *const attacks[] = {
		"80fd 05 77 0004",               /* Terminate-Request */
		"80fd 01 77 000a 1206 00000040", /* renegotiation to the stateful mode */
		"80fd 01 77 0004",               /* renegotiation to nothing */
		"80fd 07 77 0008 01010004",      /* Code-Reject of Configure-Request */
		"80fd 06 77 0004",               /* Terminate-Ack out of the blue */
		"ff03c021 08 77 0008 80fd 0101", /* Protocol-Reject of CCP */
		"ff03c021 08 77 0008 00fd 9000", /* and of its packets */
	};
	for (int policy = MPPE_OPTIONAL; policy <= MPPE_REQUIRED; policy++)
		for (size_t i = 0; i < COUNT_OF(attacks); i++) {
			struct pair *p = pair_new();
			struct packet packet;
			struct link_item item;
			bool clear;
			for (int e = 0; e < 2; e++)
				p->end[e].settings.mppe = (enum mppe_policy)policy;
			pair_open(p);
			pair_run(p, 1000);
			assert_true(pair_ping(p, PAIR_CLIENT, &clear) && !clear);
			pair_give_hex(p, PAIR_SERVER, attacks[i]);
			packet_reset(&packet);
			packet.length = 20;
			assert_int_equal(link_send(&p->end[PAIR_SERVER].link, &packet,
						   LINK_PAYLOAD_IPV4, &item),
					 DROP_LINK_NOT_UP);
			assert_int_not_equal(pair_give_hex(p, PAIR_SERVER, "0021 4500"), DROP_NONE);
			pair_run(p, 20000);
			assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_MPPE);
			assert_int_equal(p->end[PAIR_SERVER].ipv4_down, 1);
			pair_free(p);
		}
}

TEST(link_ends_where_the_peer_has_no_ccp_and_encryption_is_required)
{
	struct pair *p = at_verdict();
	give_verdict(p, true);
	pair_give_hex(p, PAIR_SERVER, "8021 01 01 000a 0306 c0a80a64");
	pair_give_hex(p, PAIR_SERVER, "ff03c021 08 77 0010 80fd 0101000a 120601000040");
	assert_int_equal(p->end[PAIR_SERVER].link.phase, LINK_TERMINATE);
	pair_give_hex(p, PAIR_SERVER, "ff03c021 06 02 0004");
	assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_MPPE);
	assert_int_equal(p->end[PAIR_SERVER].ipv4_up, 0);
	pair_free(p);
}

TEST(link_once_encrypted_takes_nothing_clear_where_encryption_is_optional)
{
	struct pair *p = pair_new();
	for (int i = 0; i < 2; i++)
		p->end[i].settings.mppe = MPPE_OPTIONAL;
	pair_open(p);
	pair_run(p, 1000);
	assert_true(p->end[PAIR_SERVER].link.mppe_on);
	assert_int_equal(pair_give_hex(p, PAIR_SERVER, "0021 4500"), DROP_CLEAR);
	/* The client comes again, without encryption this time: that is over. */
	struct end_point *c = &p->end[PAIR_CLIENT];
	link_fini(&c->link);
	c->settings.mppe = MPPE_OFF;
	c->ipv4_up = c->ipv4_down = 0;
	link_open(&c->link, &c->settings, &p->random, &c->out, p->now_ms);
	pair_collect(p, PAIR_CLIENT);
	pair_run(p, 60000);
	assert_int_equal(c->ipv4_up, 0);
	assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_MPPE);
	pair_free(p);
}

/* Admitted in one batch with the packet that brought encryption up. */
TEST(link_delivers_no_clear_packet_that_was_admitted_before_encryption_came)
{
	struct pair *p = pair_new();
	struct packet packet;
	struct link_item item;
	enum link_payload payload;
	pair_open(p);
	p->end[PAIR_SERVER].link.encrypt = false; /* as where it is optional */
	packet_reset(&packet);
	packet.length = test_unhex("0021 45000014", packet.data, 64);
	assert_int_equal(link_admit(&p->end[PAIR_SERVER].link, &packet, &item, p->now_ms),
			 DROP_NONE);
	pair_run(p, 1000);
	assert_true(pair_is_up(p));
	assert_int_equal(
		link_deliver(&p->end[PAIR_SERVER].link, &packet, &item, &payload, p->now_ms),
		DROP_CLEAR);
	assert_int_equal(payload, LINK_PAYLOAD_NONE);
	pair_free(p);
}

static bool is_zero(const void *bytes, size_t length)
{
	const uint8_t *b = bytes;
	while (length && !b[length - 1])
		length--;
	return !length;
}

TEST(link_keeps_no_key_longer_than_it_is_used)
{
	struct pair *p = pair_new();
	struct link *l = &p->end[PAIR_SERVER].link;
	pair_open(p);
	pair_run(p, 1000);
	assert_false(is_zero(l->mppe.send.session_key, 16));
	assert_true(is_zero(&l->keys, sizeof(l->keys)));
	assert_true(is_zero(&l->granted.keys, sizeof(l->granted.keys)));
	assert_true(is_zero(l->auth_out.bytes, l->auth_out.capacity));
	link_close(l, "done", p->now_ms);
	assert_true(is_zero(&l->mppe, sizeof(l->mppe)));
	assert_true(is_zero(&l->authenticator, sizeof(l->authenticator)));
	pair_free(p);
	/* And where the link ends between login and CCP. */
	p = at_verdict();
	l = &p->end[PAIR_SERVER].link;
	give_verdict(p, true);
	assert_int_equal(l->keys.present, 1);
	link_close(l, "done", p->now_ms);
	assert_true(is_zero(&l->keys, sizeof(l->keys)));
	pair_free(p);
}

TEST(link_says_why_where_the_login_gives_no_keys)
{
	struct pair *p = pair_new();
	p->end[PAIR_SERVER].settings.demand = p->end[PAIR_CLIENT].settings.offer =
		AUTH_BIT(AUTH_CHAP_MD5);
	pair_open(p);
	pair_run(p, 10000);
	assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_MPPE);
	assert_non_null(strstr(p->end[PAIR_SERVER].end.text, "chap-md5"));
	pair_free(p);
}

TEST(link_reacks_a_ccp_request_whose_ack_was_lost)
{
	struct pair *p = pair_new();
	bool clear;
	pair_open(p);
	pair_run(p, 1000);
	struct link *server = &p->end[PAIR_SERVER].link;
	uint8_t id = server->ccp.protocol.acked_identifier;
	char hex[64];
	snprintf(hex, sizeof(hex), "80fd 01 %02x 000a 1206 01000040", id);
	assert_int_equal(pair_give_hex(p, PAIR_SERVER, hex), DROP_NONE);
	snprintf(hex, sizeof(hex), "ff0380fd 02 %02x 000a 1206 01000040", id);
	pair_expect(p, PAIR_SERVER, hex);
	/* Under a new number too, as long as the peer has sent nothing encrypted. */
	assert_int_equal(pair_give_hex(p, PAIR_SERVER, "80fd 01 aa 000a 1206 01000040"), DROP_NONE);
	pair_expect(p, PAIR_SERVER, "ff0380fd 02 aa 000a 1206 01000040");
	assert_true(server->mppe_on);
	assert_true(pair_ping(p, PAIR_CLIENT, &clear) && !clear);
	pair_give_hex(p, PAIR_SERVER, "80fd 01 ab 000a 1206 01000040");
	assert_false(server->mppe_on);
	pair_free(p);
}

/* ---- what real peers do ---- */

TEST(link_naks_the_windows_ccp_request_and_keeps_ipcp_that_comes_early)
{
	struct pair *p = at_verdict();
	p->end[PAIR_SERVER].settings.ipv6 = false;
	give_verdict(p, true);
	pair_expect(p, PAIR_SERVER, "ff0380fd 01 01 000a 1206 01000040");
	/* IPv6CP first, which is not spoken here; then IPCP, which must wait. */
	assert_int_equal(pair_give_hex(p, PAIR_SERVER, "8057 01 05 000e 010a 0123456789abcdef"),
			 DROP_PPP_PROTOCOL);
	struct pair_frame reject;
	assert_true(pair_take(p, PAIR_SERVER, &reject));
	assert_memory_equal(reject.bytes, "\xff\x03\xc0\x21\x08", 5);
	assert_memory_equal(reject.bytes + 8, "\x80\x57\x01\x05", 4);
	const char *ipcp = "8021 01 06 0022 0306 00000000 8106 00000000 8206 00000000 "
			   "8306 00000000 8406 00000000";
	assert_int_equal(pair_give_hex(p, PAIR_SERVER, ipcp), DROP_NONE);
	/* A Terminate-Request before CCP is open is not answered either. */
	assert_int_equal(pair_give_hex(p, PAIR_SERVER, "8021 05 09 0004"), DROP_PPP_PHASE);
	assert_int_equal(p->end[PAIR_SERVER].count, 0);
	assert_int_equal(pair_give_hex(p, PAIR_SERVER, "80fd 01 04 000a 1206 010000e1"), DROP_NONE);
	pair_expect(p, PAIR_SERVER, "ff0380fd 03 04 000a 1206 01000040");
	assert_int_equal(pair_give_hex(p, PAIR_SERVER, "80fd 01 07 000a 1206 01000040"), DROP_NONE);
	pair_expect(p, PAIR_SERVER, "ff0380fd 02 07 000a 1206 01000040");
	assert_int_equal(p->end[PAIR_SERVER].count, 0);
	assert_int_equal(pair_give_hex(p, PAIR_SERVER, "80fd 02 01 000a 1206 01000040"), DROP_NONE);
	/* Now IPCP: our own request, and the answer to the early one: NBNS refused first. */
	pair_expect(p, PAIR_SERVER, "ff038021 01 01 000a 0306 c0a80a01");
	pair_expect(p, PAIR_SERVER, "ff038021 04 06 0010 8206 00000000 8406 00000000");
	pair_give_hex(p, PAIR_SERVER, "8021 01 08 0016 0306 00000000 8106 00000000 8306 00000000");
	pair_expect(p, PAIR_SERVER,
		    "ff038021 03 08 0016 0306 c0a80a64 8106 08080808 8306 08080404");
	pair_give_hex(p, PAIR_SERVER, "8021 01 09 0016 0306 c0a80a64 8106 08080808 8306 08080404");
	pair_expect(p, PAIR_SERVER,
		    "ff038021 02 09 0016 0306 c0a80a64 8106 08080808 8306 08080404");
	pair_give_hex(p, PAIR_SERVER, "8021 02 01 000a 0306 c0a80a01");
	assert_int_equal(p->end[PAIR_SERVER].ipv4_up, 1);
	pair_free(p);
}

TEST(link_agrees_to_stateful_only_where_the_peer_insists)
{
	struct pair *p = at_verdict();
	give_verdict(p, true);
	pair_expect(p, PAIR_SERVER, "ff0380fd 01 01 000a 1206 01000040");
	for (int i = 0; i < 2; i++) {
		pair_give_hex(p, PAIR_SERVER, "80fd 01 04 000a 1206 00000040");
		pair_expect(p, PAIR_SERVER, "ff0380fd 03 04 000a 1206 01000040");
	}
	pair_give_hex(p, PAIR_SERVER, "80fd 01 04 000a 1206 00000040");
	pair_expect(p, PAIR_SERVER, "ff0380fd 02 04 000a 1206 00000040");
	/* It had agreed to our stateless mode: one mode for both directions. */
	pair_give_hex(p, PAIR_SERVER, "80fd 02 01 000a 1206 01000040");
	pair_expect(p, PAIR_SERVER, "ff0380fd 01 02 000a 1206 00000040");
	assert_false(p->end[PAIR_SERVER].link.mppe_on);
	pair_give_hex(p, PAIR_SERVER, "80fd 01 05 000a 1206 00000040");
	pair_expect(p, PAIR_SERVER, "ff0380fd 02 05 000a 1206 00000040");
	pair_give_hex(p, PAIR_SERVER, "80fd 02 02 000a 1206 00000040");
	assert_true(p->end[PAIR_SERVER].link.mppe_on);
	assert_false(p->end[PAIR_SERVER].link.mppe.send.stateless);
	pair_free(p);
}

TEST(link_turns_to_stateful_where_cisco_refuses_stateless)
{
	static const char *const refusals[] = {
		"80fd 03 01 000a 1206 00000040", /* Nak */
		"80fd 04 01 000a 1206 01000040", /* Reject */
	};
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		struct pair *p = at_verdict();
		give_verdict(p, true);
		pair_expect(p, PAIR_SERVER, "ff0380fd 01 01 000a 1206 01000040");
		pair_give_hex(p, PAIR_SERVER, refusals[i]);
		pair_expect(p, PAIR_SERVER, "ff0380fd 01 02 000a 1206 00000040");
		pair_give_hex(p, PAIR_SERVER, "80fd 01 04 000a 1206 00000040");
		pair_expect(p, PAIR_SERVER, "ff0380fd 02 04 000a 1206 00000040");
		pair_give_hex(p, PAIR_SERVER, "80fd 02 02 000a 1206 00000040");
		assert_true(p->end[PAIR_SERVER].link.mppe_on);
		pair_free(p);
	}
}

/* As recorded: pppd without MPPE against a server that requires it. */
TEST(link_naks_a_ccp_request_without_mppe_and_ends_at_its_reject)
{
	struct pair *p = at_verdict();
	give_verdict(p, true);
	pair_expect(p, PAIR_SERVER, "ff0380fd 01 01 000a 1206 01000040");
	p->end[PAIR_SERVER].link.settings = &p->end[PAIR_SERVER].settings;
	p->end[PAIR_SERVER].settings.mppe_stateful = false;
	pair_give_hex(p, PAIR_SERVER, "8021 01 01 0016 0306 00000000 8106 00000000 8306 00000000");
	pair_give_hex(p, PAIR_SERVER, "80fd 01 01 0004");
	pair_expect(p, PAIR_SERVER, "ff0380fd 03 01 000a 1206 01000040");
	pair_give_hex(p, PAIR_SERVER, "80fd 04 01 000a 1206 01000040");
	pair_give_hex(p, PAIR_SERVER, "80fd 01 02 0004");
	pair_give_hex(p, PAIR_SERVER, "80fd 02 02 0004");
	pair_run(p, 20000);
	assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_MPPE);
	assert_int_equal(p->end[PAIR_SERVER].ipv4_up, 0);
	pair_free(p);
}

/*
 * Our own recording of Debian's pppd 2.4.9 as client (user testvpn1, password test123): everything
 * it sent after its login, and what its own server answered, which is what ours answers too.
 */
TEST(link_plays_the_recorded_call_of_pppd)
{
	static const struct {
		bool from_client;
		const char *frame;
	} call[] = {
		{false, "ff0380fd 0101000a 120601000040"},
		{true, "80fd 0101000a 120601000040"},
		{false, "ff0380fd 0201000a 120601000040"},
		{true, "80fd 0201000a 120601000040"},
		{false, "ff038021 0101000a 0306c0a80a01"},
		{false, "ff038057 0101000e 010a94eb509e3a1be392"},
		{true, "8021 01010016 030600000000 810600000000 830600000000"},
		{false, "ff038021 03010016 0306c0a80a64 810608080808 830608080808"},
		{true, "8057 0101000e 010a29f11280147c591e"},
		{false, "ff038057 0201000e 010a29f11280147c591e"},
		{true, "8021 0201000a 0306c0a80a01"},
		{true, "8057 0201000e 010a94eb509e3a1be392"},
		{true, "8021 01020016 0306c0a80a64 810608080808 830608080808"},
		{false, "ff038021 02020016 0306c0a80a64 810608080808 830608080808"},
	};
	struct auth_proof login = {.method = AUTH_MSCHAPV2, .identifier = 0x98, .name = "testvpn1"};
	struct auth_verdict verdict;
	struct packet packet;
	enum link_payload payload;
	uint8_t frame[256];
	login.challenge.length =
		(uint16_t)test_unhex("cdfa3339247ec865987ca8c17b8389fc", login.challenge.bytes, 16);
	login.response.length =
		(uint16_t)test_unhex("402b6a9f419c936496a22136e2b2995c 0000000000000000"
				     "092b946a3028bc6f16ebe645c332545ddf0f6be09bbdfde3 00",
				     login.response.bytes, 49);
	assert_true(auth_verify(&login, "test123", 7, &verdict));
	assert_memory_equal(verdict.message.bytes, "S=DA7604", 8);
	verdict.local_address = 0xc0a80a01;
	verdict.remote_address = 0xc0a80a64;
	verdict.dns[0] = verdict.dns[1] = 0x08080808;
	struct pair *p = at_verdict();
	memcpy(p->end[PAIR_SERVER].settings.interface_id, "\x94\xeb\x50\x9e\x3a\x1b\xe3\x92", 8);
	link_on_verdict(&p->end[PAIR_SERVER].link, &verdict, p->now_ms);
	pair_collect(p, PAIR_SERVER);
	struct pair_frame success;
	assert_true(pair_take(p, PAIR_SERVER, &success));
	for (size_t i = 0; i < COUNT_OF(call); i++)
		if (call[i].from_client)
			assert_int_equal(pair_give_hex(p, PAIR_SERVER, call[i].frame), DROP_NONE);
		else
			pair_expect(p, PAIR_SERVER, call[i].frame);
	assert_int_equal(p->end[PAIR_SERVER].ipv4_up, 1);
	assert_int_equal(p->end[PAIR_SERVER].ipv6_up, 1);
	/* Its first two packets, a router solicitation and
	 * a ping, in the other order; each once. */
	static const char *const first =
		"fd9000b957e26dad616cbf4002c475a32f80f9d3c24e94bfa4aa85ae6a3f7cbb"
		"4a7501e53293a55c26f2b17f5f97798bb6926b18e4";
	static const char *const second =
		"fd90012420f554daeabc217a273348d43da2e1674bfaa655e39ce0ef186f838e"
		"ca229546ca06249b02d9215474aba9c81936978522a8fcfc4384734eaab06bb7"
		"7b389828fb61e9f4cd8c3d9bf0e0ac7a9162eb14628b5bbb80";
	size_t length = test_unhex(second, frame, sizeof(frame));
	assert_int_equal(pair_give(p, PAIR_SERVER, frame, length, &payload, &packet), DROP_NONE);
	assert_int_equal(payload, LINK_PAYLOAD_IPV4);
	assert_int_equal(packet.length, 84);
	assert_memory_equal(packet.data + 12, "\xc0\xa8\x0a\x64\xc0\xa8\x0a\x01\x08\x00", 10);
	length = test_unhex(first, frame, sizeof(frame));
	assert_int_equal(pair_give(p, PAIR_SERVER, frame, length, &payload, &packet), DROP_NONE);
	assert_int_equal(payload, LINK_PAYLOAD_IPV6);
	assert_int_equal(packet.length, 48);
	assert_memory_equal(packet.data + 8, "\xfe\x80\0\0\0\0\0\0\x29\xf1\x12\x80\x14\x7c\x59\x1e",
			    16);
	assert_int_equal(pair_give(p, PAIR_SERVER, frame, length, &payload, &packet),
			 DROP_MPPE_LATE);
	assert_int_equal(p->end[PAIR_SERVER].count, 0);
	pair_free(p);
}

TEST(link_answers_a_reset_request_in_stateful_mode_alone)
{
	for (int stateless = 0; stateless < 2; stateless++) {
		struct pair *p = pair_new();
		for (int i = 0; i < 2; i++)
			p->end[i].settings.mppe_stateless = stateless;
		pair_open(p);
		pair_run(p, 1000);
		pair_give_hex(p, PAIR_SERVER, "80fd 0e 33 0004");
		if (!stateless)
			pair_expect(p, PAIR_SERVER, "ff0380fd 0f 33 0004");
		assert_int_equal(p->end[PAIR_SERVER].count, 0);
		/* Windows code-rejects the Reset-Ack, and nothing comes of it. */
		pair_give_hex(p, PAIR_SERVER, "80fd 07 34 0008 0f330004");
		assert_true(p->end[PAIR_SERVER].link.mppe_on);
		pair_free(p);
	}
}

TEST(link_stateful_recovers_from_a_lost_packet)
{
	struct pair *p = pair_new();
	struct packet packet;
	struct link_item item;
	bool clear;
	for (int i = 0; i < 2; i++)
		p->end[i].settings.mppe_stateless = false;
	pair_open(p);
	pair_run(p, 1000);
	assert_true(pair_ping(p, PAIR_SERVER, &clear));
	packet_reset(&packet);
	packet.length = 20;
	assert_int_equal(link_send(&p->end[PAIR_SERVER].link, &packet, LINK_PAYLOAD_IPV4, &item),
			 DROP_NONE); /* and lost */
	assert_false(pair_ping(p, PAIR_SERVER, &clear));
	pair_run(p, 10); /* Reset-Request, Reset-Ack */
	assert_true(pair_ping(p, PAIR_SERVER, &clear));
	assert_int_equal(p->end[PAIR_CLIENT].link.mppe.resets_sent, 1);
	pair_free(p);
}

TEST(link_goes_on_when_ipv6cp_is_terminated)
{
	struct pair *p = pair_new();
	bool clear;
	pair_open(p);
	pair_run(p, 1000);
	pair_give_hex(p, PAIR_SERVER, "8057 05 44 0004");
	pair_expect(p, PAIR_SERVER, "ff038057 06 44 0004");
	assert_int_equal(p->end[PAIR_SERVER].ipv6_down, 1);
	pair_run(p, 20000);
	assert_int_equal(p->end[PAIR_SERVER].ended, 0);
	assert_true(pair_ping(p, PAIR_CLIENT, &clear));
	pair_free(p);
}

TEST(link_ends_when_no_network_protocol_comes_up)
{
	struct pair *p = pair_new();
	p->end[PAIR_CLIENT].settings.ipv4 = p->end[PAIR_CLIENT].settings.ipv6 = false;
	p->end[PAIR_CLIENT].settings.network_timeout_ms = 0;
	pair_open(p);
	pair_run(p, 60000);
	assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_NETWORK);
	assert_true(p->end[PAIR_CLIENT].ended);
	pair_free(p);
}

TEST(link_takes_the_client_that_has_no_ccp_where_encryption_is_optional)
{
	struct pair *p = pair_new();
	bool clear;
	p->end[PAIR_SERVER].settings.mppe = MPPE_OPTIONAL;
	p->end[PAIR_CLIENT].settings.mppe = MPPE_OFF;
	pair_open(p);
	pair_run(p, 7000);
	assert_true(pair_is_up(p));
	assert_true(pair_ping(p, PAIR_CLIENT, &clear) && clear);
	pair_free(p);
}

TEST(link_rejects_unknown_protocols_few_times_a_second)
{
	struct pair *p = pair_new();
	pair_open(p);
	pair_run(p, 1000);
	for (int i = 0; i < 100; i++)
		assert_int_equal(pair_give_hex(p, PAIR_SERVER, "8053 01 01 0004"),
				 DROP_PPP_PROTOCOL);
	assert_int_equal(p->end[PAIR_SERVER].count, 10);
	p->now_ms += 1000;
	pair_give_hex(p, PAIR_SERVER, "8053 01 01 0004");
	assert_int_equal(p->end[PAIR_SERVER].count, 11);
	pair_free(p);
}

/* A peer that logs in and then says nothing more. */
TEST(link_ends_in_bounded_time_where_the_peer_falls_silent_after_its_login)
{
	static const struct {
		enum mppe_policy policy;
		uint64_t ms; /* at the latest */
		enum link_end_reason reason;
	} rows[] = {
		{MPPE_REQUIRED, 30000, LINK_END_MPPE},
		{MPPE_OPTIONAL, 36000, LINK_END_NETWORK}, /* the network starts after 6 s */
		{MPPE_OFF, 30000, LINK_END_NETWORK},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pair *p = at_verdict();
		p->end[PAIR_SERVER].settings.mppe = rows[i].policy;
		p->end[PAIR_SERVER].link.encrypt = rows[i].policy == MPPE_REQUIRED;
		give_verdict(p, true);
		p->lose_percent = 100;
		pair_run(p, rows[i].ms + 9000); /* and three Terminate-Requests */
		assert_int_equal(p->end[PAIR_SERVER].ended, 1);
		assert_int_equal(p->end[PAIR_SERVER].end.reason, rows[i].reason);
		pair_free(p);
	}
}

/* One that agrees to nothing, but keeps talking. */
TEST(link_ends_in_bounded_time_where_the_peer_talks_for_ever)
{
	static const char *const talk[] = {
		"80fd 01 05 000a 1206 00000020", /* 40 bit, which is not allowed */
		"80fd 01 05 0004",
		"80fd 01 05 0006 1a02",
	};
	for (size_t i = 0; i < COUNT_OF(talk); i++) {
		struct pair *p = at_verdict();
		give_verdict(p, true);
		p->lose_percent = 100;
		for (int s = 0; s < 75 && !p->end[PAIR_SERVER].ended; s++) {
			char ack[64];
			pair_give_hex(p, PAIR_SERVER, talk[i]);
			snprintf(ack, sizeof(ack), "80fd 02 %02x 000a 1206 01000040",
				 p->end[PAIR_SERVER].link.ccp.protocol.request_identifier);
			pair_give_hex(p, PAIR_SERVER, ack);
			assert_int_equal(p->end[PAIR_SERVER].ipv4_up, 0);
			pair_run(p, 1000);
		}
		assert_int_equal(p->end[PAIR_SERVER].end.reason, LINK_END_MPPE);
		pair_free(p);
	}
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

/* ---- bad input ---- */

TEST(link_survives_every_truncation_of_every_frame_of_a_call)
{
	for (int victim = 0; victim < 2; victim++) {
		struct pair *p = pair_new();
		struct pair_frame f;
		struct packet packet;
		enum link_payload payload;
		int frames = 0;
		pair_open(p);
		for (int round = 0; round < 100; round++)
			for (int from = 0; from < 2; from++) {
				if (!pair_take(p, from, &f))
					continue;
				frames++;
				for (size_t cut = 0; cut < f.length && from != victim; cut++)
					pair_give(p, victim, f.bytes, cut, &payload, &packet);
				pair_give(p, !from, f.bytes, f.length, &payload, &packet);
				pair_run(p, 0);
			}
		assert_true(pair_is_up(p));
		pair_free(p);
	}
}

TEST(link_survives_garbage_and_ends_or_opens_in_bounded_time)
{
	static const uint16_t protocols[] = {0xc021, 0xc023, 0xc223, 0x8021, 0x8057,
					     0x80fd, 0x00fd, 0x0021, 0x0057, 0x8053};
	for (unsigned seed = 1; seed <= 150; seed++) {
		struct pair *p = pair_new();
		p->random_state = seed;
		for (int i = 0; i < 2; i++)
			p->end[i].settings.mppe = seed % 3;
		pair_open(p);
		for (int n = 0; n < 400; n++) {
			uint8_t bytes[80] = {0xff, 0x03};
			struct packet packet;
			enum link_payload payload;
			int to = (int)random_below(&p->random, 2);
			size_t length = 8 + random_below(&p->random, 72);
			random_fill(&p->random, bytes + 2, sizeof(bytes) - 2);
			uint16_t protocol =
				protocols[random_below(&p->random, COUNT_OF(protocols))];
			bytes[2] = (uint8_t)(protocol >> 8);
			bytes[3] = (uint8_t)protocol;
			bytes[4] %= 16;
			bytes[5] %= 8;
			bytes[6] = 0;
			bytes[7] =
				(uint8_t)(length - 4 - random_below(&p->random, 5) % (length - 7));
			for (size_t at = 8; at + 1 < length;
			     at += bytes[at + 1]) { /* likely options */
				bytes[at] %= 20;
				bytes[at + 1] = (uint8_t)(2 + bytes[at + 1] % 5);
			}
			pair_give(p, to, bytes, length, &payload, &packet);
			if (n % 3 == 0)
				pair_run(p, random_below(&p->random, 2000));
			p->end[to].count = MIN_OF(p->end[to].count, 100);
		}
		pair_run(p, 600000);
		for (int i = 0; i < 2; i++)
			if (!p->end[i].ended && !protocol_is_opened(&p->end[i].link.ipcp.protocol))
				assert_true(protocol_is_opened(&p->end[i].link.ipv6cp.protocol));
		pair_free(p);
	}
}

/* Every door of the link, in any order. */
TEST(link_survives_random_events)
{
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct pair *p = pair_new();
		struct pair_frame f;
		struct packet packet;
		enum link_payload payload;
		bool clear;
		p->random_state = seed;
		p->lose_percent = seed % 20;
		p->double_percent = seed % 7;
		for (int i = 0; i < 2; i++)
			p->end[i].settings.mppe = (enum mppe_policy)(seed % 3);
		pair_open(p);
		for (int n = 0; n < 200; n++) {
			int end = (int)random_below(&p->random, 2);
			struct link *l = &p->end[end].link;
			struct auth_verdict v = {.result = (uint8_t)random_below(&p->random, 3),
						 .question = (uint8_t)random_below(&p->random, 2)};
			switch (random_below(&p->random, 12)) {
			case 0:
				link_on_verdict(l, &v, p->now_ms);
				break;
			case 1:
				pair_run(p, random_below(&p->random, 5000));
				break;
			case 2:
				pair_ping(p, end, &clear);
				break;
			case 3: /* a frame, but damaged */
				if (!pair_take(p, end, &f))
					break;
				f.bytes[random_below(&p->random, (uint32_t)f.length)] ^=
					(uint8_t)(1u << random_below(&p->random, 8));
				pair_give(p, !end, f.bytes, f.length, &payload, &packet);
				break;
			case 4:
				if (!random_below(&p->random, 20))
					link_close(l, "by chance", p->now_ms);
				break;
			case 5:
				link_on_time(l, p->now_ms + random_below(&p->random, 100));
				break;
			default:
				if (pair_take(p, end, &f))
					pair_give(p, !end, f.bytes, f.length, &payload, &packet);
			}
			pair_collect(p, end);
		}
		p->lose_percent = 0;
		pair_run(p, 600000);
		assert_true(p->end[0].ended == p->end[1].ended);
		assert_true(p->end[0].ended || pair_is_up(p));
		pair_free(p);
	}
}
