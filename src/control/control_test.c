/* What a machine does before a call, with each message in each state, and as time goes by. */
#include "control/machine_test.h"

TEST(control_pac_answers_the_start)
{
	struct bench b;
	bench_init(&b, CONTROL_PAC);
	assert_true(outbox_is_empty(&b.out));
	bench_hears(&b, &start_request);
	assert_said(&b, "SEND Start-Control-Connection-Reply result=1\n"
			"REPORT control=established host= "
			"vendor=Microsoft\\x20Windows\\x20NT firmware=2195\n"
			"ESTABLISHED\n");
	assert_string_equal(b.control.peer_vendor, "Microsoft Windows NT");
	assert_int_equal(b.control.peer_firmware, 2195);
	bench_fini(&b);
}

/* From our recording of pptp-linux against pptpd: the very octets, and what we answer to them. */
TEST(control_pac_serves_a_recorded_client)
{
	static const char *const client[] = {
		"009c00011a2b3c4d00010000010000000000000300000003ffff00016c6f63616c0000000000000000"
		"00000000000000000000"
		"0000000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"63616e616e69616e0000"
		"0000000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"00000000000000000000000000",
		"00a800011a2b3c4d00070000719a000000000960009896800000000300000003000300000000000000"
		"00000000000000000000"
		"0000000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"00000000000000000000"
		"0000000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"00000000000000000000000000000000000000000000000000",
		"001000011a2b3c4d0005000000000001",
		"001000011a2b3c4d000c0000719a0000",
	};
	static const char answer[] =
		"009c 0001 1a2b3c4d 0002 0000 0100 01 00 00000003 00000003 0004 0001 68657265";
	struct bench b;
	struct action action;
	uint8_t bytes[256], expected[64];
	bench_init(&b, CONTROL_PAC);
	control_on_bytes(&b.control, bytes, test_unhex(client[0], bytes, sizeof(bytes)), b.now_ms);
	assert_true(outbox_take(&b.out, &action));
	assert_int_equal(action.length, 156);
	assert_memory_equal(action.bytes, expected, test_unhex(answer, expected, sizeof(expected)));
	assert_memory_equal(action.bytes + 92, "us", 3);
	bench_said(&b);
	control_on_bytes(&b.control, bytes, test_unhex(client[1], bytes, sizeof(bytes)), b.now_ms);
	assert_said(&b, "ASKED slot=0 0>29082\n");
	control_call_accept(&b.control, 0, 128, b.now_ms);
	assert_true(outbox_take(&b.out, &action));
	assert_memory_equal(action.bytes, expected,
			    test_unhex("0020 0001 1a2b3c4d 0008 0000 0080 719a 01 00 0000 05f5e100 "
				       "0040 0000 00000000",
				       expected, sizeof(expected)));
	assert_said(&b, "UP slot=0 128>29082\n");
	control_on_bytes(&b.control, bytes, test_unhex(client[2], bytes, sizeof(bytes)), b.now_ms);
	assert_true(outbox_take(&b.out, &action));
	assert_memory_equal(
		action.bytes, expected, /* as pptpd answered */
		test_unhex("001400011a2b3c4d000600000000000101000000", expected, sizeof(expected)));
	bench_said(&b);
	control_on_bytes(&b.control, bytes, test_unhex(client[3], bytes, sizeof(bytes)), b.now_ms);
	assert_true(outbox_take(&b.out, &action));
	assert_int_equal(action.length, 148);
	assert_memory_equal(action.bytes, expected,
			    test_unhex("0094 0001 1a2b3c4d 000d 0000 0080 04 00 0000 0000",
				       expected, sizeof(expected)));
	assert_said(&b, "DOWN slot=0 128>29082 0.0.0 call cleared by peer\n");
	bench_fini(&b);
}

TEST(control_versions)
{
	static const struct {
		uint16_t version;
		const char *pac, *pns;
	} cases[] = {
		{0x0100,
		 "SEND Start-Control-Connection-Reply result=1\nREPORT control=established host= "
		 "vendor= firmware=0\nESTABLISHED\n",
		 "REPORT control=established host= vendor= firmware=0\nESTABLISHED\n"},
		{0x0101,
		 "SEND Start-Control-Connection-Reply result=1\nREPORT control=established host= "
		 "vendor= firmware=0\nESTABLISHED\n",
		 "REPORT control=established host= vendor= firmware=0\nESTABLISHED\n"},
		{0x0200,
		 "SEND Start-Control-Connection-Reply result=1\nREPORT control=established host= "
		 "vendor= firmware=0\nESTABLISHED\n",
		 "REPORT refused=Start-Control-Connection-Reply version=0x0200\nSEND "
		 "Stop-Control-Connection-Request reason=2\n"},
		{0x00ff,
		 "SEND Start-Control-Connection-Reply result=5\nCLOSE protocol version 0x00ff is "
		 "not supported\n",
		 "REPORT refused=Start-Control-Connection-Reply version=0x00ff\nSEND "
		 "Stop-Control-Connection-Request reason=2\n"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bench b;
		bench_init(&b, CONTROL_PAC);
		bench_hears(&b, &(struct control_message){
					.type = START_CONTROL_CONNECTION_REQUEST,
					.start_request = {.protocol_version = cases[i].version}});
		assert_said(&b, cases[i].pac);
		bench_fini(&b);
		bench_init(&b, CONTROL_PNS);
		assert_said(&b, "SEND Start-Control-Connection-Request\n");
		bench_hears(&b, &(struct control_message){
					.type = START_CONTROL_CONNECTION_REPLY,
					.start_reply = {.protocol_version = cases[i].version,
							.result_code = 1}});
		assert_said(&b, cases[i].pns);
		bench_fini(&b);
	}
}

TEST(control_pns_names_a_refused_start_and_takes_result_0_for_success)
{
	static const struct {
		uint8_t result, error;
		const char *said;
	} cases[] = {
		{0, 0, "REPORT control=established host= vendor= firmware=0\nESTABLISHED\n"},
		{2, 4,
		 "CLOSE start refused by peer: result=2 (general error) error=4 (no resource)\n"},
		{4, 0,
		 "CLOSE start refused by peer: result=4 (requester is not authorised) error=0 "
		 "(none)\n"},
		{5, 0,
		 "CLOSE start refused by peer: result=5 (protocol version is not supported) "
		 "error=0 (none)\n"},
		{77, 99, "CLOSE start refused by peer: result=77 (unknown) error=99 (unknown)\n"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bench b;
		bench_init(&b, CONTROL_PNS);
		bench_said(&b);
		bench_hears(&b, &(struct control_message){
					.type = START_CONTROL_CONNECTION_REPLY,
					.start_reply = {.protocol_version = 0x0100,
							.result_code = cases[i].result,
							.error_code = cases[i].error}});
		assert_said(&b, cases[i].said);
		bench_fini(&b);
	}
}

TEST(control_name_of_64_octets_without_an_end_is_taken_and_escaped)
{
	struct bench b;
	struct control_message m = start_request;
	memset(m.start_request.host_name, 'h', 64);
	memcpy(m.start_request.vendor, "a b\n\033[2J", 9);
	bench_init(&b, CONTROL_PAC);
	bench_hears(&b, &m);
	assert_non_null(strstr(bench_said(&b), "hhhh vendor=a\\x20b\\x0a\\x1b[2J firmware"));
	assert_int_equal(strlen(b.control.peer_host), 64);
	bench_fini(&b);
}

/* What every message does in every state but WAIT_STOP_REPLY;
 * no call stands. "" : nothing at all. */
static const struct {
	enum control_message_type type;
	const char *pac_idle, *pac_up, *pns_wait, *pns_up;
} transitions[] = {
#define EARLY(name) "CLOSE " name " before the start\n"
#define PAC(name)   "REPORT unexpected=" name " state=established role=pac\n"
#define PNS(name)   "REPORT unexpected=" name " state=established role=pns\n"
#define NONE(name)  "REPORT unexpected=" name " call_id=0 reason=\"no such call\"\n"
#define SCCRQ       "Start-Control-Connection-Request"
#define SCCRP       "Start-Control-Connection-Reply"
#define STOPQ       "Stop-Control-Connection-Request"
#define STOPP       "Stop-Control-Connection-Reply"
#define NO_ICRQ                                                                          \
	"SEND Incoming-Call-Reply 0>0 result=3.0\nREPORT refused=Incoming-Call-Request " \
	"call_id=0\n"
	{START_CONTROL_CONNECTION_REQUEST,
	 "SEND " SCCRP " result=5\nCLOSE protocol version 0x0000 is not supported\n",
	 "SEND " SCCRP " result=3\nREPORT refused=" SCCRQ " reason=\"second on this connection\"\n",
	 EARLY(SCCRQ), PNS(SCCRQ)},
	{START_CONTROL_CONNECTION_REPLY, EARLY(SCCRP), PAC(SCCRP),
	 "REPORT refused=" SCCRP " version=0x0000\nSEND " STOPQ " reason=2\n", PNS(SCCRP)},
	{STOP_CONTROL_CONNECTION_REQUEST, EARLY(STOPQ),
	 "SEND " STOPP "\nCLOSE stopped by peer: reason=0\n", EARLY(STOPQ),
	 "SEND " STOPP "\nCLOSE stopped by peer: reason=0\n"},
	{STOP_CONTROL_CONNECTION_REPLY, EARLY(STOPP), PAC(STOPP), EARLY(STOPP), PNS(STOPP)},
	{ECHO_REQUEST, EARLY("Echo-Request"), "SEND Echo-Reply id=0 result=1\n",
	 EARLY("Echo-Request"), "SEND Echo-Reply id=0 result=1\n"},
	{ECHO_REPLY, EARLY("Echo-Reply"), "REPORT unexpected=Echo-Reply identifier=0\n",
	 EARLY("Echo-Reply"), "REPORT unexpected=Echo-Reply identifier=0\n"},
	{OUTGOING_CALL_REQUEST, EARLY("Outgoing-Call-Request"), "ASKED slot=0 0>0\n",
	 EARLY("Outgoing-Call-Request"), PNS("Outgoing-Call-Request")},
	{OUTGOING_CALL_REPLY, EARLY("Outgoing-Call-Reply"), PAC("Outgoing-Call-Reply"),
	 EARLY("Outgoing-Call-Reply"), NONE("Outgoing-Call-Reply")},
	{INCOMING_CALL_REQUEST, EARLY("Incoming-Call-Request"), NO_ICRQ,
	 EARLY("Incoming-Call-Request"), NO_ICRQ},
	{INCOMING_CALL_REPLY, EARLY("Incoming-Call-Reply"), PAC("Incoming-Call-Reply"),
	 EARLY("Incoming-Call-Reply"), PNS("Incoming-Call-Reply")},
	{INCOMING_CALL_CONNECTED, EARLY("Incoming-Call-Connected"), PAC("Incoming-Call-Connected"),
	 EARLY("Incoming-Call-Connected"), PNS("Incoming-Call-Connected")},
	{CALL_CLEAR_REQUEST, EARLY("Call-Clear-Request"), NONE("Call-Clear-Request"),
	 EARLY("Call-Clear-Request"), PNS("Call-Clear-Request")},
	{CALL_DISCONNECT_NOTIFY, EARLY("Call-Disconnect-Notify"), PAC("Call-Disconnect-Notify"),
	 EARLY("Call-Disconnect-Notify"), NONE("Call-Disconnect-Notify")},
	{WAN_ERROR_NOTIFY, EARLY("WAN-Error-Notify"), NONE("WAN-Error-Notify"),
	 EARLY("WAN-Error-Notify"), NONE("WAN-Error-Notify")},
	{SET_LINK_INFO, EARLY("Set-Link-Info"), NONE("Set-Link-Info"), EARLY("Set-Link-Info"),
	 NONE("Set-Link-Info")},
};

static void assert_transition(enum control_message_type type, enum control_role role, bool is_up,
			      const char *said)
{
	struct bench b;
	struct control_message m = {.type = type}; /* all zeros */
	if (is_up)
		bench_established(&b, role);
	else
		bench_init(&b, role);
	bench_said(&b);
	bench_hears(&b, &m);
	assert_said(&b, said);
	assert_int_equal(b.control.state == CONTROL_CLOSED, strstr(said, "CLOSE") != NULL);
	bench_fini(&b);
}

TEST(control_every_message_in_every_state)
{
	assert_int_equal(COUNT_OF(transitions), 15);
	for (size_t i = 0; i < COUNT_OF(transitions); i++) {
		assert_transition(transitions[i].type, CONTROL_PAC, false, transitions[i].pac_idle);
		assert_transition(transitions[i].type, CONTROL_PAC, true, transitions[i].pac_up);
		assert_transition(transitions[i].type, CONTROL_PNS, false, transitions[i].pns_wait);
		assert_transition(transitions[i].type, CONTROL_PNS, true, transitions[i].pns_up);
	}
}

TEST(control_during_a_stop_only_the_end_counts)
{
	for (unsigned type = 1; type < CONTROL_MESSAGE_TYPES; type++) {
		struct bench b;
		struct control_message m = {.type = type};
		bench_established(&b, CONTROL_PAC);
		control_stop(&b.control, b.now_ms);
		assert_said(&b, "SEND Stop-Control-Connection-Request reason=3\n");
		control_stop(&b.control, b.now_ms); /* once is enough */
		bench_hears(&b, &m);
		if (type == STOP_CONTROL_CONNECTION_REQUEST)
			assert_said(&b, "SEND Stop-Control-Connection-Reply\nCLOSE stopped by "
					"peer: reason=0\n");
		else if (type == STOP_CONTROL_CONNECTION_REPLY)
			assert_said(&b, "CLOSE stopped by us\n");
		else
			assert_said(&b,
				    type == ECHO_REQUEST ? "SEND Echo-Reply id=0 result=1\n" : "");
		bench_fini(&b);
	}
}

TEST(control_after_the_close_nothing_is_heard)
{
	struct bench b;
	bench_established(&b, CONTROL_PAC);
	control_on_bytes(&b.control, (const uint8_t *)"GET / HTTP/1.1", 14, b.now_ms);
	assert_said(&b, "CLOSE bad message length\n");
	bench_hears(&b, &start_request);
	control_stop(&b.control, b.now_ms);
	control_on_time(&b.control, UINT64_MAX - 1);
	control_on_lost(&b.control, "connection lost", b.now_ms);
	assert_int_equal(control_deadline(&b.control), UINT64_MAX);
	assert_said(&b, "");
	bench_fini(&b);
}

/* Time */

TEST(control_stages_end_in_time)
{
	struct bench b;
	bench_init(&b, CONTROL_PAC);
	bench_waits(&b);
	assert_int_equal(b.now_ms, 1010000);
	assert_said(&b, "CLOSE no Start-Control-Connection-Request in time\n");
	bench_fini(&b);
	bench_init(&b, CONTROL_PNS);
	bench_said(&b);
	bench_waits(&b);
	assert_int_equal(b.now_ms, 1060000);
	assert_said(&b, "CLOSE no answer in state wait-ctl-reply in time\n");
	bench_fini(&b);
	bench_established(&b, CONTROL_PAC);
	control_stop(&b.control, b.now_ms);
	bench_said(&b);
	bench_waits(&b);
	assert_int_equal(b.now_ms, 1060000);
	assert_said(&b, "CLOSE no answer in state wait-stop-reply in time\n");
	bench_fini(&b);
}

TEST(control_a_message_in_small_portions_does_not_win_time)
{
	struct bench b;
	bench_init(&b, CONTROL_PAC);
	for (size_t i = 0; i < 9; i++)
		control_on_bytes(&b.control,
				 (const uint8_t *)"\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00" + i, 1,
				 b.now_ms + 1000 * i);
	assert_int_equal(control_deadline(&b.control), 1010000);
	bench_fini(&b);
}

TEST(control_first_message_waits_a_minute_at_most)
{
	struct bench b;
	bench_init(&b, CONTROL_PAC);
	b.settings.first_message_ms = 600000;
	assert_int_equal(control_deadline(&b.control), 1060000);
	b.settings.first_message_ms = 0; /* not said */
	assert_int_equal(control_deadline(&b.control), 1060000);
	bench_fini(&b);
}

TEST(control_calls_that_stand_still_end)
{
	struct bench b;
	bench_established(&b, CONTROL_PNS);
	b.settings.echo_ms = 0;
	control_call_place(&b.control, 500, b.now_ms);
	bench_said(&b);
	bench_waits(&b);
	assert_int_equal(b.now_ms, 1060000);
	assert_said(&b, "DOWN slot=0 500>0 0.0.0 no Outgoing-Call-Reply in time\nCLOSE no "
			"Outgoing-Call-Reply in time\n");
	bench_fini(&b);
	bench_with_placed_call(&b); /* pptpd answers no Call-Clear-Request: the connection stands */
	b.settings.echo_ms = 0;
	control_call_end(&b.control, 0, CDN_REQUEST, b.now_ms);
	bench_said(&b);
	bench_waits(&b);
	assert_said(&b, "DOWN slot=0 500>900 0.0.0 call cleared by us: no notify came\n");
	assert_int_equal(b.control.state, CONTROL_ESTABLISHED_STATE);
	bench_fini(&b);
}

TEST(control_echo_after_a_minute_of_silence_and_close_after_another)
{
	struct bench b;
	bench_with_call(&b);
	b.now_ms += 5000;
	bench_hears(&b, &(struct control_message){.type = ECHO_REQUEST,
						  .echo_request = {.identifier = 0xbeef}});
	assert_said(&b, "SEND Echo-Reply id=beef result=1\n"); /* and the minute begins again */
	bench_waits(&b);
	assert_int_equal(b.now_ms, 1065000);
	assert_said(&b, "SEND Echo-Request\n");
	b.now_ms += 59999;
	bench_hears(&b, &(struct control_message){
				.type = ECHO_REPLY,
				.echo_reply = {.identifier = b.control.echo_identifier,
					       .result_code = 1}});
	assert_said(&b, "");
	bench_waits(&b);
	assert_said(&b, "SEND Echo-Request\n");
	assert_int_equal(b.now_ms, 1065000 + 59999 + 60000);
	bench_waits(&b);
	assert_int_equal(b.now_ms, 1065000 + 59999 + 120000);
	assert_said(
		&b,
		"DOWN slot=0 1007>7 0.0.0 no Echo-Reply in time\nCLOSE no Echo-Reply in time\n");
	bench_fini(&b);
}

TEST(control_trace_prints_both_ways_where_asked)
{
	struct bench b;
	bench_established(&b, CONTROL_PAC);
	b.settings.trace = true;
	bench_hears(&b, &(struct control_message){.type = ECHO_REQUEST,
						  .echo_request = {.identifier = 5}});
	assert_said(&b,
		    "TRACE received Echo-Request identifier=5\nSEND Echo-Reply id=5 result=1\n"
		    "TRACE sent Echo-Reply identifier=5 result_code=1 error_code=0 reserved1=0\n");
	bench_fini(&b);
}
