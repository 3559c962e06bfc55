/*
 * The options of the four control protocols as tables: a request comes in, the answer goes out. And
 * what is done with answers to our own requests. The octets are written by hand from the RFCs.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "ppp/frame.h"
#include "ppp/pair_test.h"

/* One protocol alone, in Req-Sent state. */
struct alone {
	struct link_settings settings;
	struct auth_verdict granted;
	uint64_t random_state;
	struct random random;
	struct outbox out;
	struct lcp lcp;
	struct ipcp ipcp;
	struct ipv6cp ipv6cp;
	struct ccp ccp;
	struct protocol *protocol;
	uint8_t sent[1600]; /* the last frame, address and protocol cut off */
	size_t sent_length;
	unsigned layer, frames;
};

static void alone_init(struct alone *a, enum link_role role)
{
	static const struct fsm_settings timers = {3000, 10, 3, 5};
	*a = (struct alone){.random_state = 1};
	a->random = test_random(&a->random_state);
	a->settings = (struct link_settings){.role = role,
					     .mru = 1400,
					     .magic = true,
					     .accept_pfc_acfc = true,
					     .mppe = MPPE_REQUIRED,
					     .mppe_sizes = MPPE_128 | MPPE_40,
					     .mppe_stateless = true,
					     .mppe_stateful = true,
					     .lcp = timers,
					     .ccp = timers,
					     .ipcp = timers,
					     .ipv6cp = timers};
	a->granted = (struct auth_verdict){.local_address = 0x0a000001,
					   .remote_address = 0x0a000002,
					   .dns = {0x01010101, 0},
					   .nbns = {0x02020202, 0x03030303}};
	memcpy(a->settings.interface_id, "\x02\0\0\0\0\0\0\x01", 8);
	lcp_init(&a->lcp, &a->settings, &a->random, &a->out);
	ipcp_init(&a->ipcp, &a->settings, &a->granted, &a->out);
	ipv6cp_init(&a->ipv6cp, &a->settings, &a->random, &a->out);
	ccp_init(&a->ccp, &a->settings, &a->out);
}

static void alone_collect(struct alone *a)
{
	struct action action;
	while (outbox_take(&a->out, &action))
		if (action.kind == LINK_FRAME) {
			a->sent_length = action.length - FRAME_HEADER;
			memcpy(a->sent, action.bytes + FRAME_HEADER, a->sent_length);
			a->frames++;
		}
}

static void alone_start(struct alone *a, struct protocol *p)
{
	a->protocol = p;
	protocol_event(p, FSM_OPEN, 0);
	protocol_event(p, FSM_UP, 0);
	alone_collect(a);
}

static enum drop give(struct alone *a, const char *hex)
{
	uint8_t bytes[1600];
	size_t length = test_unhex(hex, bytes, sizeof(bytes));
	a->sent_length = a->frames = 0;
	enum drop drop = protocol_on_packet(a->protocol, bytes, length, 0, &a->layer);
	alone_collect(a);
	return drop;
}

static void expect(const struct alone *a, const char *request, const char *hex)
{
	uint8_t bytes[1600];
	size_t length = test_unhex(hex, bytes, sizeof(bytes));
	if (length == a->sent_length && !memcmp(bytes, a->sent, length))
		return;
	print_message("to %s: wanted %s, got ", request, hex);
	for (size_t i = 0; i < a->sent_length; i++)
		print_message("%02x", a->sent[i]);
	fail_msg("another answer");
}

struct exchange {
	const char *request, *answer;
};

/* Each row to a protocol that has just begun. */
static void check_requests(const struct exchange *rows, size_t count, size_t offset,
			   enum link_role role, void (*change)(struct alone *))
{
	for (size_t i = 0; i < count; i++) {
		struct alone a;
		alone_init(&a, role);
		if (change)
			change(&a);
		alone_start(&a, (struct protocol *)(void *)((char *)&a + offset));
		enum drop drop = give(&a, rows[i].request);
		assert_int_equal(drop == DROP_NONE, rows[i].answer[0] != 0);
		expect(&a, rows[i].request, rows[i].answer);
		outbox_fini(&a.out);
	}
}

#define CHECK_REQUESTS(rows, member, role, change) \
	check_requests(rows, COUNT_OF(rows), offsetof(struct alone, member.protocol), role, change)

static void offer_mschapv2(struct alone *a)
{
	a->settings.offer = AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_PAP);
}

TEST(lcp_answers_requests)
{
	static const struct exchange rows[] = {
		{"01 01 0004", "02 01 0004"},
		{"01 01 0008 0104 05dc", "02 01 0008 0104 05dc"},
		{"01 02 0008 0104 0080", "02 02 0008 0104 0080"}, /* MRU 128: the least */
		{"01 02 0008 0104 007f", "03 02 0008 0104 0080"},
		{"01 02 0008 0104 ffff", "02 02 0008 0104 ffff"},
		{"01 03 0018 0206 00000000 0506 11223344 0702 0802 0104 0578",
		 "02 03 0018 0206 00000000 0506 11223344 0702 0802 0104 0578"},
		/* Windows 2000: Magic, PFC, ACFC, Callback, MRRU, Endpoint-Discriminator */
		{"01 00 002c 0506 0badcafe 0702 0802 0d03 06 1104 064e 1317 01 "
		 "000102030405060708090a0b0c0d0e0f 0000 000c",
		 "04 00 0022 0d03 06 1104 064e 1317 01 000102030405060708090a0b0c0d0e0f 0000 000c"},
		/* Quality, FCS, Numbered-Mode, Compound-Frames, vendor: all rejected, in order */
		{"01 05 0012 0408 c025 00000064 0903 04 0a03 02",
		 "04 05 0012 0408 c025 00000064 0903 04 0a03 02"},
		/* Reject goes before Nak */
		{"01 06 000c 0104 0010 1104 0600", "04 06 0008 1104 0600"},
		/* Known options of a wrong length, and repeated ones */
		{"01 07 0007 0103 05", "04 07 0007 0103 05"},
		{"01 07 000c 0104 05dc 0104 0578", "04 07 0008 0104 0578"},
		/* We prove ourselves to nobody */
		{"01 08 0009 0305 c22381", "04 08 0009 0305 c22381"},
		{"01 08 0008 0304 c227", "04 08 0008 0304 c227"},
		/* Malformed: an option of length 0, 1, or past the end; lengths of the packet */
		{"01 09 0006 0500", ""},
		{"01 09 0006 0501", ""},
		{"01 09 0009 0506 112233", ""},
		{"01 09 0005 05", ""},
		{"01 09 0003", ""},
		{"01 09 0010 0506 11223344", ""},
		{"01 09 00", ""},
		/* Padding behind the length is ignored */
		{"01 0a 0008 0104 05dc 0000 00", "02 0a 0008 0104 05dc"},
	};
	CHECK_REQUESTS(rows, lcp, LINK_SERVER, NULL);
}

TEST(lcp_proves_itself_by_what_it_offers)
{
	static const struct exchange rows[] = {
		{"01 01 0009 0305 c22381", "02 01 0009 0305 c22381"},
		{"01 01 0008 0304 c023", "02 01 0008 0304 c023"},
		{"01 02 0009 0305 c22305", "03 02 0009 0305 c22381"},
		{"01 02 0008 0304 c227", "03 02 0009 0305 c22381"},
		{"01 02 0008 0304 c223", "03 02 0009 0305 c22381"},
		{"01 02 000a 0306 c2238100", "03 02 0009 0305 c22381"},
		{"01 02 0006 0302", "03 02 0009 0305 c22381"},
	};
	CHECK_REQUESTS(rows, lcp, LINK_CLIENT, offer_mschapv2);
}

static void no_compression(struct alone *a)
{
	a->settings.accept_pfc_acfc = false;
}

TEST(lcp_rejects_header_compression_where_it_is_told_to)
{
	static const struct exchange rows[] = {{"01 01 0008 0702 0802", "04 01 0008 0702 0802"}};
	CHECK_REQUESTS(rows, lcp, LINK_SERVER, no_compression);
}

TEST(lcp_code_rejects_what_it_does_not_know)
{
	struct alone a;
	alone_init(&a, LINK_SERVER);
	alone_start(&a, &a.lcp.protocol);
	assert_int_equal(give(&a, "00 0b 000c 00000000 00112233"), DROP_PPP_CODE);
	expect(&a, "vendor", "07 02 0010 000b000c 00000000 00112233");
	assert_int_equal(give(&a, "63 0c 0006 abcd"), DROP_PPP_CODE);
	expect(&a, "code 99", "07 03 000a 630c0006 abcd");
	outbox_fini(&a.out);
}

TEST(lcp_naks_a_magic_number_of_zero_and_its_own)
{
	struct alone a;
	char hex[64];
	alone_init(&a, LINK_SERVER);
	alone_start(&a, &a.lcp.protocol);
	uint32_t own = option_number(&a.lcp.protocol.options.sent[LCP_MAGIC], 0);
	assert_int_not_equal(own, 0);
	give(&a, "01 01 000a 0506 00000000");
	assert_int_equal(a.sent[0], CODE_CONFIGURE_NAK);
	snprintf(hex, sizeof(hex), "01 01 000a 0506 %08x", own);
	for (int i = 0; i < LCP_LOOP_LIMIT; i++) {
		assert_false(a.lcp.looped);
		give(&a, hex);
	}
	assert_true(a.lcp.looped);
	outbox_fini(&a.out);
}

/* Our request here: MRU 1400 and the magic number. */
TEST(lcp_believes_only_answers_that_match_its_request)
{
	struct alone a;
	char good[64], bad[8][64];
	alone_init(&a, LINK_SERVER);
	alone_start(&a, &a.lcp.protocol);
	uint32_t magic = option_number(&a.lcp.protocol.options.sent[LCP_MAGIC], 0);
	snprintf(good, sizeof(good), "02 01 000e 0104 0578 0506 %08x", magic);
	snprintf(bad[0], 64, "02 02 000e 0104 0578 0506 %08x", magic); /* the identifier */
	snprintf(bad[1], 64, "02 01 000e 0104 0579 0506 %08x", magic); /* a value */
	snprintf(bad[2], 64, "02 01 000e 0506 %08x 0104 0578", magic); /* the order */
	snprintf(bad[3], 64, "02 01 0008 0104 0578");                  /* one is missing */
	snprintf(bad[4], 64, "04 01 0008 0104 0579");                  /* Reject of another value */
	snprintf(bad[5], 64, "04 01 0008 1104 0600");                  /* of what was not asked */
	snprintf(bad[6], 64, "03 01 000e 0506 %08x 0104 0578", magic); /* Nak out of order */
	snprintf(bad[7], 64, "04 01 0004");                            /* Reject of nothing */
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(give(&a, bad[i]), DROP_PPP_CODE);
		assert_int_equal(a.protocol->fsm.state, FSM_REQ_SENT);
	}
	assert_int_equal(give(&a, good), DROP_NONE);
	assert_int_equal(a.protocol->fsm.state, FSM_ACK_RCVD);
	assert_int_equal(give(&a, good), DROP_PPP_CODE); /* once more: it answers nothing */
	assert_int_equal(a.protocol->fsm.state, FSM_ACK_RCVD);
	outbox_fini(&a.out);
}

TEST(lcp_follows_naks)
{
	static const struct {
		const char *nak;
		uint32_t mru; /* asked next; 0: not at all */
	} rows[] = {
		{"03 01 0008 0104 0574", 0x574}, /* Windows XP wants 1396 */
		{"03 01 0008 0104 0578", 0},     /* Windows 2000: the same, that is a reject */
		{"03 01 0008 0104 05dc", 0},     /* the default */
		{"03 01 0008 0104 0007", 1400},  /* nonsense */
		{"03 01 0007 0103 07", 1400},
		{"03 01 000c 0104 0500 1104 0600", 0x500}, /* and one that we do not know */
		{"04 01 0008 0104 0578", 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct alone a;
		alone_init(&a, LINK_SERVER);
		alone_start(&a, &a.lcp.protocol);
		assert_int_equal(give(&a, rows[i].nak), DROP_NONE);
		assert_int_equal(a.sent[0], CODE_CONFIGURE_REQUEST);
		assert_int_equal(a.sent[1], 2);
		assert_int_equal(option_number(&a.lcp.protocol.options.sent[LCP_MRU], 0),
				 rows[i].mru);
		outbox_fini(&a.out);
	}
}

/* Agilent's tester naks booleans. */
TEST(lcp_takes_a_nak_of_a_boolean_for_a_reject)
{
	struct alone a;
	alone_init(&a, LINK_SERVER);
	a.settings.magic = false;
	a.settings.pfc = a.settings.acfc = true;
	alone_start(&a, &a.lcp.protocol);
	expect(&a, "start", "01 01 000c 0104 0578 0702 0802");
	give(&a, "03 01 0006 0702");
	expect(&a, "nak", "01 02 000a 0104 0578 0802");
	outbox_fini(&a.out);
}

TEST(lcp_demands_the_strongest_method_and_goes_down_the_list)
{
	struct alone a;
	alone_init(&a, LINK_SERVER);
	a.settings.magic = false;
	a.settings.mru = 1500;
	a.settings.demand = AUTH_BIT(AUTH_PAP) | AUTH_BIT(AUTH_CHAP_MD5) | AUTH_BIT(AUTH_MSCHAPV2);
	alone_start(&a, &a.lcp.protocol);
	expect(&a, "start", "01 01 0009 0305 c22381");
	give(&a, "03 01 0008 0304 c227"); /* EAP is none of ours */
	expect(&a, "nak", "01 02 0009 0305 c22305");
	give(&a, "03 02 0008 0304 c023");
	expect(&a, "nak", "01 03 0008 0304 c023");
	assert_false(a.lcp.auth_refused);
	give(&a, "03 03 0009 0305 c22380");
	assert_true(a.lcp.auth_refused);
	outbox_fini(&a.out);
	alone_init(&a, LINK_SERVER);
	a.settings.demand = AUTH_BIT(AUTH_PAP) | AUTH_BIT(AUTH_MSCHAPV2);
	a.settings.mru = 1500;
	a.settings.magic = false;
	alone_start(&a, &a.lcp.protocol);
	give(&a, "03 01 0008 0304 c023"); /* the peer's own wish is taken where it is allowed */
	expect(&a, "nak", "01 02 0008 0304 c023");
	give(&a, "04 02 0008 0304 c023");
	assert_true(a.lcp.auth_refused);
	outbox_fini(&a.out);
}

static void open_lcp(struct alone *a)
{
	a->settings.magic = false;
	alone_start(a, &a->lcp.protocol);
	give(a, "01 01 0008 0104 0100"); /* the peer's MRU is 256 */
	give(a, "02 01 0008 0104 0578");
	assert_true(protocol_is_opened(a->protocol));
	a->lcp.protocol.peer_mru = lcp_peer_mru(&a->lcp);
}

TEST(lcp_answers_echoes_in_opened_state_alone)
{
	struct alone a;
	alone_init(&a, LINK_SERVER);
	a.settings.magic = false;
	alone_start(&a, &a.lcp.protocol);
	give(&a, "09 07 000a 11223344 5566");
	assert_int_equal(a.frames, 0);
	outbox_fini(&a.out);
	alone_init(&a, LINK_SERVER);
	open_lcp(&a);
	give(&a, "09 07 000a 11223344 5566");
	expect(&a, "echo", "0a 07 000a 00000000 5566");
	give(&a, "09 08 0007 112233"); /* too short for a magic number */
	assert_int_equal(a.frames, 0);
	lcp_send_echo(&a.lcp);
	alone_collect(&a);
	expect(&a, "own echo", "09 02 0008 00000000");
	give(&a, "0a 01 0008 11223344");
	assert_false(a.lcp.echo_answered);
	give(&a, "0a 02 0008 11223344");
	assert_true(a.lcp.echo_answered);
	outbox_fini(&a.out);
}

TEST(lcp_cuts_what_it_rejects_to_the_peers_mru)
{
	struct alone a;
	uint8_t packet[1400] = {0};
	alone_init(&a, LINK_SERVER);
	open_lcp(&a);
	lcp_send_protocol_reject(&a.lcp, 0x8053, packet, sizeof(packet));
	alone_collect(&a);
	assert_int_equal(a.sent_length, 256);
	assert_memory_equal(a.sent, "\x08\x02\x01\x00\x80\x53", 6);
	outbox_fini(&a.out);
}

TEST(lcp_hears_identification_and_kin_without_an_answer)
{
	static const char *const packets[] = {
		"0c 02 0012 0badcafe 4d535241 5356352e 3030", /* MSRASV5.00 */
		"0c 02 0008 00000000",
		"0d 02 000c 00000000 00000e10",
		"0b 02 0008 00000000",
		"0c 02 0004",
		"0d 02 0004",
		"0b 02 0004",
		"08 02 0008 8057 0101",
		"08 02 0004",
	};
	struct alone a;
	alone_init(&a, LINK_SERVER);
	open_lcp(&a);
	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		assert_int_equal(give(&a, packets[i]), DROP_NONE);
		assert_int_equal(a.frames, 0);
		assert_true(protocol_is_opened(a.protocol));
	}
	outbox_fini(&a.out);
}

TEST(ipcp_server_grants_what_the_verdict_says)
{
	static const struct exchange rows[] = {
		{"01 01 000a 0306 00000000", "03 01 000a 0306 0a000002"},
		{"01 01 000a 0306 0a000002", "02 01 000a 0306 0a000002"},
		{"01 01 000a 0306 c0a80005", "03 01 000a 0306 0a000002"},
		/* Yamaha leaves the address out */
		{"01 02 0004", "03 02 000a 0306 0a000002"},
		{"01 02 000a 8106 00000000", "03 02 0010 8106 01010101 0306 0a000002"},
		/* Windows' order; the second DNS is not there */
		{"01 03 0022 0306 00000000 8106 00000000 8206 00000000 8306 00000000 8406 00000000",
		 "04 03 000a 8306 00000000"},
		{"01 04 001c 0306 00000000 8106 00000000 8206 00000000 8406 00000000",
		 "03 04 001c 0306 0a000002 8106 01010101 8206 02020202 8406 03030303"},
		{"01 04 001c 0306 0a000002 8106 01010101 8206 02020202 8406 03030303",
		 "02 04 001c 0306 0a000002 8106 01010101 8206 02020202 8406 03030303"},
		/* VJ, IP-Addresses, Mobile-IPv4 */
		{"01 05 0010 0206 002d0f01 0306 00000000", "04 05 000a 0206 002d0f01"},
		{"01 06 000e 010a 00000000 00000000", "04 06 000e 010a 00000000 00000000"},
		{"01 06 000a 0406 0a000009", "04 06 000a 0406 0a000009"},
		{"01 07 0008 0304 0a00", "04 07 0008 0304 0a00"},
	};
	CHECK_REQUESTS(rows, ipcp, LINK_SERVER, NULL);
}

static void grant_nothing(struct alone *a)
{
	a->granted = (struct auth_verdict){0};
}

static void accept_remote(struct alone *a)
{
	a->settings.accept_remote = true;
}

TEST(ipcp_server_without_an_address_grants_none)
{
	static const struct exchange rows[] = {
		{"01 01 000a 0306 00000000", "04 01 000a 0306 00000000"},
		{"01 01 000a 0306 0a000002", "04 01 000a 0306 0a000002"},
	};
	CHECK_REQUESTS(rows, ipcp, LINK_SERVER, grant_nothing);
}

TEST(ipcp_server_takes_the_peers_address_where_it_may_choose)
{
	static const struct exchange rows[] = {
		{"01 01 000a 0306 c0a80005", "02 01 000a 0306 c0a80005"},
		{"01 01 000a 0306 00000000", "03 01 000a 0306 0a000002"},
		{"01 01 000a 0306 7f000001", "03 01 000a 0306 0a000002"},
		{"01 01 000a 0306 ffffffff", "03 01 000a 0306 0a000002"},
	};
	CHECK_REQUESTS(rows, ipcp, LINK_SERVER, accept_remote);
}

TEST(ipcp_client_takes_the_servers_address)
{
	static const struct exchange rows[] = {
		{"01 01 000a 0306 c0a80a01", "02 01 000a 0306 c0a80a01"},
		{"01 01 000a 0306 00000000", "04 01 000a 0306 00000000"},
		{"01 01 0004", "02 01 0004"},
		{"01 01 0010 0206 002d0f01 0306 c0a80a01", "04 01 000a 0206 002d0f01"},
	};
	CHECK_REQUESTS(rows, ipcp, LINK_CLIENT, grant_nothing);
}

TEST(ipcp_client_takes_what_it_is_given)
{
	struct alone a;
	struct link_addresses got = {0};
	alone_init(&a, LINK_CLIENT);
	grant_nothing(&a);
	alone_start(&a, &a.ipcp.protocol);
	expect(&a, "start", "01 01 0016 0306 00000000 8106 00000000 8306 00000000");
	give(&a, "04 01 000a 8306 00000000");
	expect(&a, "reject", "01 02 0010 0306 00000000 8106 00000000");
	give(&a, "03 02 0010 0306 c0a80a64 8106 08080808");
	expect(&a, "nak", "01 03 0010 0306 c0a80a64 8106 08080808");
	give(&a, "03 03 000a 0306 c0a80a65"); /* it has one now, and keeps it */
	expect(&a, "nak", "01 04 0010 0306 c0a80a64 8106 08080808");
	give(&a, "02 04 0010 0306 c0a80a64 8106 08080808");
	give(&a, "01 01 000a 0306 c0a80a01");
	assert_true(protocol_is_opened(a.protocol));
	ipcp_addresses(&a.ipcp, &got);
	assert_int_equal(got.local, 0xc0a80a64);
	assert_int_equal(got.remote, 0xc0a80a01);
	assert_int_equal(got.dns[0], 0x08080808);
	assert_int_equal(got.dns[1], 0);
	outbox_fini(&a.out);
}

TEST(options_nak_five_times_and_then_reject)
{
	struct alone a;
	alone_init(&a, LINK_SERVER);
	alone_start(&a, &a.ipcp.protocol);
	for (int i = 0; i < 5; i++) {
		give(&a, "01 01 000a 0306 c0a80005");
		expect(&a, "stubborn", "03 01 000a 0306 0a000002");
	}
	give(&a, "01 01 000a 0306 c0a80005");
	expect(&a, "stubborn", "04 01 000a 0306 c0a80005");
	give(&a, "01 02 0004"); /* and without it, its address is ours to know */
	expect(&a, "empty", "02 02 0004");
	outbox_fini(&a.out);
}

/* A peer that naks our address on and on: it is asked no more, and then not heard any more. */
TEST(options_do_not_dance_with_a_peer_that_naks_for_ever)
{
	struct alone a;
	alone_init(&a, LINK_SERVER);
	alone_start(&a, &a.ipcp.protocol);
	int answered = 0;
	for (int i = 0; i < 100; i++) {
		char hex[64];
		snprintf(hex, sizeof(hex), "03 %02x 000a 0306 c0a80007",
			 a.ipcp.protocol.request_identifier);
		answered += give(&a, hex) == DROP_NONE;
	}
	assert_in_range(answered, 5, 10);
	outbox_fini(&a.out);
}

TEST(ipv6cp_answers_requests)
{
	static const struct exchange rows[] = {
		{"01 01 000e 010a 0200000000000002", "02 01 000e 010a 0200000000000002"},
		{"01 02 0012 010a 0200000000000002 0204 0061", "04 02 0008 0204 0061"},
		{"01 03 0008 0104 0001", "04 03 0008 0104 0001"},
		{"01 04 0004", "02 04 0004"},
	};
	CHECK_REQUESTS(rows, ipv6cp, LINK_SERVER, NULL);
}

TEST(ipv6cp_gives_another_identifier_for_zero_and_for_its_own)
{
	static const char *const requests[] = {"01 01 000e 010a 0000000000000000",
					       "01 01 000e 010a 0200000000000001"};
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		struct alone a;
		alone_init(&a, LINK_SERVER);
		alone_start(&a, &a.ipv6cp.protocol);
		expect(&a, "start", "01 01 000e 010a 0200000000000001");
		give(&a, requests[i]);
		assert_int_equal(a.sent_length, 14);
		assert_memory_equal(a.sent, "\x03\x01\x00\x0e\x01\x0a", 6);
		assert_memory_not_equal(a.sent + 6, "\0\0\0\0\0\0\0\0", 8);
		assert_memory_not_equal(a.sent + 6, a.settings.interface_id, 8);
		assert_int_equal(a.sent[6] & 2, 0); /* not universal */
		outbox_fini(&a.out);
	}
}

TEST(ipv6cp_takes_the_identifier_that_it_is_told_but_not_the_peers)
{
	struct alone a;
	alone_init(&a, LINK_CLIENT);
	alone_start(&a, &a.ipv6cp.protocol);
	give(&a, "03 01 000e 010a 1122334455667788");
	expect(&a, "nak", "01 02 000e 010a 1122334455667788");
	give(&a, "01 01 000e 010a 0200000000000009");
	give(&a, "03 02 000e 010a 0200000000000009"); /* its own: we choose another */
	assert_int_equal(a.sent[0], CODE_CONFIGURE_REQUEST);
	assert_memory_not_equal(a.sent + 6, "\x02\0\0\0\0\0\0\x09", 8);
	give(&a, "03 03 000e 010a 0000000000000000");
	assert_memory_not_equal(a.sent + 6, "\0\0\0\0\0\0\0\0", 8);
	outbox_fini(&a.out);
}

TEST(ccp_answers_requests)
{
	static const struct exchange rows[] = {
		/* 128 and 40 bit are allowed here; Windows asks for all and MPPC */
		{"01 01 000a 1206 010000e1", "03 01 000a 1206 01000040"},
		{"01 01 000a 1206 01000040", "02 01 000a 1206 01000040"},
		{"01 01 000a 1206 01000041", "03 01 000a 1206 01000040"},
		{"01 01 000a 1206 01000050", "03 01 000a 1206 01000040"}, /* the obsolete bit */
		{"01 01 000a 1206 00000060", "03 01 000a 1206 01000040"},
		{"01 01 000a 1206 01000020", "02 01 000a 1206 01000020"},
		{"01 01 000a 1206 01000080",
		 "03 01 000a 1206 01000040"}, /* 56 bit is not allowed */
		{"01 01 000a 1206 00000000", "03 01 000a 1206 01000040"},
		{"01 02 0004", "03 02 000a 1206 01000040"},
		/* Deflate, BSD, Predictor, Stac */
		{"01 03 000f 1a04 7800 1804 7800 1503 2f",
		 "04 03 000f 1a04 7800 1804 7800 1503 2f"},
		{"01 03 000e 1206 01000040 1a04 7800", "04 03 0008 1a04 7800"},
		{"01 03 0006 0102", "04 03 0006 0102"},
		{"01 04 0009 1205 010000", "04 04 0009 1205 010000"},
	};
	CHECK_REQUESTS(rows, ccp, LINK_SERVER, NULL);
}

TEST(ccp_follows_naks_within_what_is_allowed)
{
	static const struct {
		bool stateful;
		const char *nak, *next;
	} rows[] = {
		{true, "03 01 000a 1206 00000040", "01 02 000a 1206 00000040"},
		{false, "03 01 000a 1206 00000040", "01 02 000a 1206 01000040"},
		{true, "03 01 000a 1206 01000020", "01 02 000a 1206 01000020"},
		{true, "03 01 000a 1206 01000080", "01 02 000a 1206 01000040"},
		{true, "03 01 000a 1206 010000e1", "01 02 000a 1206 01000040"}, /* Yamaha */
		{true, "03 01 000a 1206 00000000", "01 02 000a 1206 01000040"},
		{false, "04 01 000a 1206 01000040", "01 02 0004"},
		{true, "04 01 000a 1206 01000040", "01 02 000a 1206 00000040"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct alone a;
		alone_init(&a, LINK_CLIENT);
		a.settings.mppe_stateful = rows[i].stateful;
		alone_start(&a, &a.ccp.protocol);
		expect(&a, "start", "01 01 000a 1206 01000040");
		give(&a, rows[i].nak);
		expect(&a, rows[i].nak, rows[i].next);
		outbox_fini(&a.out);
	}
}

TEST(protocol_answers_a_goodbye_and_an_unknown_code_in_every_state)
{
	struct alone a;
	for (unsigned state = FSM_CLOSED; state < FSM_STATES; state++) {
		alone_init(&a, LINK_SERVER);
		alone_start(&a, &a.ipcp.protocol);
		a.protocol->fsm.state = state;
		give(&a, "05 21 0004");
		expect(&a, "terminate", "06 21 0004");
		outbox_fini(&a.out);
	}
}

TEST(protocol_ignores_everything_before_it_is_up)
{
	struct alone a;
	alone_init(&a, LINK_SERVER);
	a.protocol = &a.ipcp.protocol;
	assert_int_equal(give(&a, "01 01 0004"), DROP_PPP_CODE);
	assert_int_equal(give(&a, "05 01 0004"), DROP_PPP_CODE);
	assert_int_equal(a.frames, 0);
	outbox_fini(&a.out);
}

TEST(frame_reads_both_forms_of_each_field)
{
	static const struct {
		const char *hex;
		int protocol; /* -1: malformed */
		size_t left;
	} rows[] = {
		{"ff03 c021 0101", 0xc021, 2},
		{"c021 01", 0xc021, 1},
		{"ff03 21 45", 0x21, 1},
		{"21 45", 0x21, 1},
		{"0021 45", 0x21, 1},
		{"ff03 0021 45", 0x21, 1},
		{"fd 9000", 0xfd, 2},
		{"00fd", 0xfd, 0},
		{"", -1, 0},
		{"ff", 0xff, 0},
		{"ff03", -1, 0},
		{"ff03 00", -1, 0},
		{"c0", -1, 0},
		{"c022", -1, 0},
		{"ff03 c020 01", -1, 0},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct packet p;
		uint16_t protocol = 0;
		packet_reset(&p);
		p.length = test_unhex(rows[i].hex, p.data, packet_room(&p));
		bool good = frame_pull(&p, &protocol);
		assert_int_equal(good, rows[i].protocol >= 0);
		if (good) {
			assert_int_equal(protocol, rows[i].protocol);
			assert_int_equal(p.length, rows[i].left);
		}
	}
}

TEST(frame_pushes_what_it_pulls)
{
	struct packet p;
	uint16_t protocol;
	packet_reset(&p);
	p.length = 3;
	frame_push(&p, PPP_CCP);
	assert_memory_equal(p.data, "\xff\x03\x80\xfd", 4);
	assert_int_equal(p.length, 7);
	assert_true(frame_pull(&p, &protocol));
	assert_int_equal(protocol, PPP_CCP);
	assert_int_equal(p.length, 3);
}

/* Every packet of these tests that anyone may send,
 * cut anywhere, to every protocol in every state. */
TEST(protocol_survives_every_truncation_in_every_state)
{
	static const char *const packets[] = {
		"01 01 0018 0206 00000000 0506 11223344 0702 0802 0104 0578",
		"02 01 000a 0306 0a000001",
		"03 01 000a 0306 0a000001",
		"04 01 000a 0306 0a000001",
		"03 01 000a 1206 00000040",
		"03 01 000e 010a 0200000000000003",
		"05 01 0008 62796500",
		"06 01 0004",
		"07 01 000a 0101 0004 0000",
		"08 01 0008 80fd 0101",
		"09 01 0008 00000000",
		"0a 01 0008 00000000",
		"0d 01 000c 00000000 00000001",
		"0e 01 0004",
	};
	static const size_t offsets[] = {offsetof(struct alone, lcp), offsetof(struct alone, ipcp),
					 offsetof(struct alone, ipv6cp),
					 offsetof(struct alone, ccp)};
	for (size_t i = 0; i < COUNT_OF(packets); i++)
		for (size_t o = 0; o < COUNT_OF(offsets); o++)
			for (unsigned state = FSM_CLOSED; state < FSM_STATES; state++) {
				uint8_t bytes[64];
				size_t length = test_unhex(packets[i], bytes, sizeof(bytes));
				for (size_t cut = 0; cut <= length; cut++) {
					struct alone a;
					unsigned layer = 0;
					alone_init(&a, LINK_SERVER);
					alone_start(&a, (struct protocol *)(void *)((char *)&a +
										    offsets[o]));
					a.protocol->fsm.state = state;
					uint8_t *exact = malloc(cut ? cut : 1);
					memcpy(exact, bytes, cut);
					enum drop drop = protocol_on_packet(a.protocol, exact, cut,
									    0, &layer);
					if (cut < length)
						assert_int_equal(drop, DROP_PPP_CODE);
					free(exact);
					outbox_fini(&a.out);
				}
			}
}
