/* What real peers do, as recordings and their sources show it. */
#include "ppp/link.h"

#include <string.h>

#include "auth/proof.h"
#include "base/base.h"
#include "ppp/pair_test.h"

TEST(link_naks_the_windows_ccp_request_and_keeps_ipcp_that_comes_early)
{
	struct pair *p = pair_at_verdict();
	p->end[PAIR_SERVER].settings.ipv6 = false;
	pair_give_verdict(p, true);
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
	struct pair *p = pair_at_verdict();
	pair_give_verdict(p, true);
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
		struct pair *p = pair_at_verdict();
		pair_give_verdict(p, true);
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
	struct pair *p = pair_at_verdict();
	pair_give_verdict(p, true);
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
	struct pair *p = pair_at_verdict();
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
