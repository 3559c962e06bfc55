/* Encryption that is required, and what a link does for it. */
#include "ppp/link.h"

#include <string.h>

#include "auth/proof.h"
#include "base/base.h"
#include "ppp/pair_test.h"

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
	struct pair *p = pair_at_verdict();
	pair_give_verdict(p, true);
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

/* MPPE proves nothing, so chance decides what a forged packet decrypts to: by its protocol field and
 * IP version alone one in two thousand would pass, and take keys and window with it. */
TEST(link_is_led_astray_by_no_forged_packet_that_begins_like_ip_by_chance)
{
	struct pair *p = pair_new();
	struct mppe *m = &p->end[PAIR_SERVER].link.mppe;
	struct packet packet;
	enum link_payload payload;
	uint8_t forged[64] = {0x00, 0xfd};
	bool clear;
	pair_open(p);
	pair_run(p, 1000);
	assert_true(pair_ping(p, PAIR_CLIENT, &clear));
	uint16_t count = m->receive.count;
	for (unsigned i = 0; i < 20000; i++) {
		unsigned ahead = (count + 1 + i % 8) & 0x0fff;
		random_fill(&p->random, forged + 4, sizeof(forged) - 4);
		forged[2] = (uint8_t)(0x90 | ahead >> 8);
		forged[3] = (uint8_t)ahead;
		assert_int_equal(
			pair_give(p, PAIR_SERVER, forged, sizeof(forged), &payload, &packet),
			DROP_MPPE_GARBAGE);
	}
	assert_int_equal(m->receive.count, count);
	assert_true(pair_ping(p, PAIR_CLIENT, &clear));
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
	p = pair_at_verdict();
	l = &p->end[PAIR_SERVER].link;
	pair_give_verdict(p, true);
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
