/* Calls, as PAC and as PNS. */
#include "control/machine_test.h"

/* Calls, as PAC */

TEST(control_pac_serves_several_calls_on_one_connection)
{
	struct bench b;
	bench_established(&b, CONTROL_PAC);
	for (uint16_t id = 0; id < 4; id++) { /* call id 0 is as good as any */
		struct control_message m = request_of(id);
		bench_hears(&b, &m);
		control_call_accept(&b.control, id, (uint16_t)(1000 + id), b.now_ms);
	}
	struct control_message fifth = request_of(4), again = request_of(2);
	bench_said(&b);
	bench_hears(&b, &fifth);
	assert_said(&b, "SEND Outgoing-Call-Reply 0>4 result=2.4\n"
			"REPORT refused=Outgoing-Call-Request call_id=4 reason=\"no resource\"\n");
	bench_hears(&b, &again);
	assert_said(&b, "SEND Outgoing-Call-Reply 0>2 result=2.5\n"
			"REPORT refused=Outgoing-Call-Request call_id=2 reason=\"bad call id\"\n");
	bench_hears(&b, &(struct control_message){.type = CALL_CLEAR_REQUEST,
						  .call_clear_request = {.call_id = 2}});
	assert_said(&b, "SEND Call-Disconnect-Notify 1002 result=4\nDOWN slot=2 1002>2 0.0.0 call "
			"cleared by peer\n");
	bench_hears(&b, &(struct control_message){.type = CALL_CLEAR_REQUEST,
						  .call_clear_request = {.call_id = 1001}});
	assert_said(&b,
		    "REPORT unexpected=Call-Clear-Request call_id=1001 reason=\"no such call\"\n");
	bench_hears(&b, &again);
	assert_said(&b, "ASKED slot=2 0>2\n");
	control_call_end(&b.control, 0, CDN_LOST_CARRIER, b.now_ms);
	assert_said(&b, "SEND Call-Disconnect-Notify 1000 result=1\nDOWN slot=0 1000>0 1.0.0 call "
			"ended by us\n");
	bench_fini(&b);
}

TEST(control_pac_clears_a_single_call_by_either_id)
{
	static const struct {
		uint16_t call_id;
		const char *said;
	} cases[] = {
		{7, "SEND Call-Disconnect-Notify 1007 result=4\nDOWN slot=0 1007>7 0.0.0 call "
		    "cleared by peer\n"},
		{1007, "SEND Call-Disconnect-Notify 1007 result=4\nDOWN slot=0 1007>7 0.0.0 call "
		       "cleared by peer\n"},
		{8, "REPORT unexpected=Call-Clear-Request call_id=8 reason=\"no such call\"\n"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bench b;
		bench_with_call(&b);
		bench_hears(&b, &(struct control_message){
					.type = CALL_CLEAR_REQUEST,
					.call_clear_request = {.call_id = cases[i].call_id}});
		assert_said(&b, cases[i].said);
		bench_fini(&b);
	}
}

TEST(control_pac_whose_owner_refuses_or_hesitates)
{
	struct bench b;
	struct control_message request = request_of(7);
	bench_established(&b, CONTROL_PAC);
	bench_hears(&b, &request);
	assert_said(&b, "ASKED slot=0 0>7\n");
	control_call_refuse(&b.control, 0, OCRP_BUSY, 0, b.now_ms);
	assert_said(&b, "SEND Outgoing-Call-Reply 0>7 result=4.0\nDOWN slot=0 0>7 4.0.0 call "
			"refused: busy\n");
	control_call_refuse(&b.control, 0, OCRP_BUSY, 0, b.now_ms);
	control_call_accept(&b.control, 0, 1007, b.now_ms);
	control_call_accept(&b.control, 9999, 1007, b.now_ms);
	control_call_end(&b.control, 0, CDN_REQUEST, b.now_ms);
	assert_said(&b, "");
	bench_hears(&b, &request);
	bench_hears(&b, &(struct control_message){.type = CALL_CLEAR_REQUEST,
						  .call_clear_request = {.call_id = 7}});
	assert_said(&b, "ASKED slot=0 0>7\nSEND Call-Disconnect-Notify 0 result=4\n"
			"DOWN slot=0 0>7 0.0.0 call cleared by peer\n");
	bench_hears(&b, &request);
	control_call_end(&b.control, 0, CDN_ADMIN_SHUTDOWN, b.now_ms);
	assert_said(&b, "ASKED slot=0 0>7\nSEND Outgoing-Call-Reply 0>7 result=7.0\n"
			"DOWN slot=0 0>7 7.0.0 call refused: do not accept\n");
	b.settings.echo_ms = 0;
	bench_hears(&b, &request);
	bench_said(&b);
	bench_waits(&b);
	assert_said(&b, "SEND Outgoing-Call-Reply 0>7 result=6.0\nDOWN slot=0 0>7 6.0.0 call "
			"refused: time-out\n");
	assert_int_equal(b.now_ms, 1060000);
	bench_fini(&b);
}

TEST(control_set_link_info_is_told_whatever_its_reserved_bits_and_changes_nothing)
{
	struct bench b;
	struct control_message m = {.type = SET_LINK_INFO,
				    .set_link_info = {.peer_call_id = 1007,
						      .reserved1 = 0xa196,
						      .send_accm = 0xffffffff,
						      .receive_accm = 0xa0000}};
	bench_with_call(&b);
	bench_hears(&b, &m);
	assert_said(&b, "LINK slot=0 1007>7 send_accm=ffffffff receive_accm=000a0000\n");
	m.set_link_info.peer_call_id = 7; /* as some NAT devices make of it */
	bench_hears(&b, &m);
	assert_said(&b, "REPORT unexpected=Set-Link-Info call_id=7 reason=\"no such call\"\n");
	assert_int_equal(b.control.calls[0].state, CALL_ESTABLISHED);
	bench_fini(&b);
}

TEST(control_stop_ends_the_calls_first)
{
	struct bench b;
	bench_with_call(&b);
	control_stop(&b.control, b.now_ms);
	assert_said(&b, "SEND Call-Disconnect-Notify 1007 result=3\n"
			"DOWN slot=0 1007>7 0.0.0 control connection stopped by us\n"
			"SEND Stop-Control-Connection-Request reason=3\n");
	bench_fini(&b);
	bench_with_call(&b);
	bench_hears(&b, &(struct control_message){.type = STOP_CONTROL_CONNECTION_REQUEST,
						  .stop_request = {.reason = 1}});
	assert_said(&b, "SEND Stop-Control-Connection-Reply\n"
			"DOWN slot=0 1007>7 0.0.0 stopped by peer: reason=1\n"
			"CLOSE stopped by peer: reason=1\n");
	bench_fini(&b);
	bench_with_call(&b);
	control_on_lost(&b.control, "connection lost", b.now_ms);
	assert_said(&b, "DOWN slot=0 1007>7 0.0.0 connection lost\n");
	bench_fini(&b);
	bench_init(&b, CONTROL_PAC);
	control_stop(&b.control, b.now_ms);
	assert_said(&b, "CLOSE stopped by us before the start\n");
	bench_fini(&b);
}

TEST(control_stop_of_a_pns_clears_its_calls)
{
	struct bench b;
	bench_with_placed_call(&b);
	control_call_place(&b.control, 501, b.now_ms);
	control_call_place(&b.control, 502, b.now_ms);
	control_call_end(&b.control, 2, CDN_REQUEST, b.now_ms);
	bench_said(&b);
	control_stop(&b.control, b.now_ms);
	assert_said(&b, "SEND Call-Clear-Request 500\nSEND Call-Clear-Request 501\n"
			"DOWN slot=0 500>900 0.0.0 control connection stopped by us\n"
			"DOWN slot=1 501>0 0.0.0 control connection stopped by us\n"
			"DOWN slot=2 502>0 0.0.0 control connection stopped by us\n"
			"SEND Stop-Control-Connection-Request reason=3\n");
	bench_fini(&b);
}

TEST(control_flood_in_one_portion_closes_before_the_outbox_is_full)
{
	enum { MESSAGES = 8192 };
	static uint8_t flood[MESSAGES * 16];
	struct bench b;
	bench_with_call(&b);
	b.settings.trace = true;
	for (size_t i = 0; i < MESSAGES; i++)
		test_unhex("0010 0001 1a2b3c4d 0005 0000 01020304", flood + 16 * i, 16);
	control_on_bytes(&b.control, flood, sizeof(flood), b.now_ms);
	assert_int_equal(b.control.state, CONTROL_CLOSED);
	assert_true(b.out.length < OUTBOX_LIMIT);
	bench_fini(&b);
}

/* Calls, as PNS */

TEST(control_pns_places_a_call_and_ends_it)
{
	struct bench b;
	bench_init(&b, CONTROL_PNS);
	assert_int_equal(control_call_place(&b.control, 1, b.now_ms), -1); /* too early */
	bench_fini(&b);
	bench_established(&b, CONTROL_PNS);
	assert_int_equal(control_call_place(&b.control, 500, b.now_ms), 0);
	assert_int_equal(control_call_place(&b.control, 501, b.now_ms), 1);
	assert_said(&b, "SEND Outgoing-Call-Request 500\nSEND Outgoing-Call-Request 501\n");
	bench_hears(&b, &(struct control_message){.type = OUTGOING_CALL_REPLY,
						  .outgoing_call_reply = {.call_id = 900,
									  .peer_call_id = 501,
									  .result_code = 1,
									  .window_size = 16}});
	assert_said(&b, "UP slot=1 501>900\n");
	assert_int_equal(b.control.calls[1].peer_window, 16);
	bench_hears(&b, &(struct control_message){.type = OUTGOING_CALL_REPLY,
						  .outgoing_call_reply = {.peer_call_id = 500,
									  .result_code = 7,
									  .cause_code = 17}});
	assert_said(&b, "DOWN slot=0 500>0 7.0.17 call refused by peer: result=7 (do not accept) "
			"error=0 (none)\n");
	bench_hears(&b, &(struct control_message){
				.type = WAN_ERROR_NOTIFY,
				.wan_error_notify = {.peer_call_id = 501, .crc_errors = 3}});
	assert_said(
		&b,
		"REPORT wan-errors call_id=501 crc=3 framing=0 "
		"hardware=0 buffer=0 time_out=0 alignment=0\n"
		"WAN slot=1 501>900 crc=3 framing=0 hardware=0 buffer=0 time_out=0 alignment=0\n");
	control_call_end(&b.control, 1, CDN_REQUEST, b.now_ms);
	control_call_end(&b.control, 1, CDN_REQUEST, b.now_ms); /* once is enough */
	assert_said(&b, "SEND Call-Clear-Request 501\n");
	bench_hears(&b, &(struct control_message){
				.type = CALL_DISCONNECT_NOTIFY,
				.call_disconnect_notify = {.call_id = 900, .result_code = 4}});
	assert_said(&b, "DOWN slot=1 501>900 4.0.0 call cleared by us: result=4 (request)\n");
	bench_fini(&b);
}

TEST(control_pns_takes_a_notify_of_its_single_call_as_peers_send_it)
{
	static const struct {
		uint16_t call_id;
		bool ends;
	} cases[] = {
		{900, true},
		{500, true}, /* ours: the wrong one, but there is only one call */
		{0, true},   /* RRAS: zero, and result 0 */
		{901, false},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bench b;
		bench_with_placed_call(&b);
		bench_hears(&b, &(struct control_message){
					.type = CALL_DISCONNECT_NOTIFY,
					.call_disconnect_notify = {.call_id = cases[i].call_id,
								   .reserved1 = 0xa196}});
		assert_said(&b, cases[i].ends ? "DOWN slot=0 500>900 0.0.0 call disconnected by "
						"peer: result=0 (none given)\n"
					      : "REPORT unexpected=Call-Disconnect-Notify "
						"call_id=901 reason=\"no such call\"\n");
		bench_fini(&b);
	}
}

TEST(control_pns_refuses_an_incoming_call_by_its_id)
{
	struct bench b;
	struct action action;
	uint8_t expected[24];
	bench_established(&b, CONTROL_PNS);
	bench_hears(&b,
		    &(struct control_message){
			    .type = INCOMING_CALL_REQUEST,
			    .incoming_call_request = {.call_id = 0x1234, .call_serial_number = 9}});
	assert_true(outbox_take(&b.out, &action));
	test_unhex("0018 0001 1a2b3c4d 000a 0000 0000 1234 03 00 0000 0000 0000", expected,
		   sizeof(expected));
	assert_memory_equal(action.bytes, expected, sizeof(expected));
	assert_said(&b, "REPORT refused=Incoming-Call-Request call_id=4660\n");
	bench_fini(&b);
}

TEST(control_pns_that_gave_up_a_call_waits_for_its_notify)
{
	struct bench b;
	bench_established(&b, CONTROL_PNS);
	control_call_place(&b.control, 500, b.now_ms);
	control_call_end(&b.control, 0, CDN_REQUEST, b.now_ms);
	assert_said(&b, "SEND Outgoing-Call-Request 500\nSEND Call-Clear-Request 500\n");
	bench_hears(&b, &(struct control_message){.type = OUTGOING_CALL_REPLY,
						  .outgoing_call_reply = {.call_id = 900,
									  .peer_call_id = 500,
									  .result_code = 1}});
	assert_said(&b, ""); /* crossed on the way: the call does not come up */
	bench_hears(&b, &(struct control_message){
				.type = CALL_DISCONNECT_NOTIFY,
				.call_disconnect_notify = {.call_id = 900, .result_code = 4}});
	assert_said(&b, "DOWN slot=0 500>900 4.0.0 call cleared by us: result=4 (request)\n");
	bench_fini(&b);
}

/* An id that is not known yet is 0 in the table, and 0 is also an id. */
TEST(control_id_0_is_not_taken_for_an_id_that_is_not_known_yet)
{
	struct bench b;
	struct control_message request = request_of(7);
	bench_established(&b, CONTROL_PAC);
	bench_hears(&b, &request);
	bench_said(&b);
	bench_hears(&b, &(struct control_message){.type = SET_LINK_INFO});
	assert_said(&b, "REPORT unexpected=Set-Link-Info call_id=0 reason=\"no such call\"\n");
	bench_fini(&b);
	bench_with_placed_call(&b);
	control_call_place(&b.control, 501, b.now_ms);
	bench_said(&b);
	bench_hears(&b, &(struct control_message){.type = CALL_DISCONNECT_NOTIFY});
	assert_said(&b,
		    "REPORT unexpected=Call-Disconnect-Notify call_id=0 reason=\"no such call\"\n");
	bench_fini(&b);
}

TEST(control_pns_hears_a_second_reply_to_one_request_in_vain)
{
	struct bench b;
	bench_with_placed_call(&b);
	for (uint8_t result = 1; result <= 2; result++) {
		bench_hears(&b, &(struct control_message){
					.type = OUTGOING_CALL_REPLY,
					.outgoing_call_reply = {.call_id = 901,
								.peer_call_id = 500,
								.result_code = result}});
		assert_said(&b, "REPORT unexpected=Outgoing-Call-Reply call_id=500 reason=\"no "
				"such call\"\n");
		assert_int_equal(b.control.calls[0].peer_call_id, 900);
	}
	bench_fini(&b);
}
