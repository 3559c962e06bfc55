#include "control/messages.h"
#include "tests/test.h"

#include <string.h>

#include "base/base.h"

#define Z4    "00000000 "
#define Z16   Z4 Z4 Z4 Z4
#define Z64   Z16 Z16 Z16 Z16
#define LOCAL "6c6f63616c" Z4 Z4 "000000" Z16 Z16 Z16 /* "local" in 64 octets */

/*
 * Laid out by hand from RFC 2637 §2, field by field; the values of the requests are those that
 * Windows and pptp-linux send, the replies' those of pptpd and RRAS.
 */
static const struct {
	const char *hex, *print;
	size_t size;
} messages[] = {
	{"009c 0001 1a2b3c4d 0001 0000 0100 0000 00000001 00000001 0000 0893" Z64
	 "4d6963726f736f66742057696e646f7773204e54" Z4 Z4 Z4 Z16 Z16,
	 "Start-Control-Connection-Request protocol_version=256 reserved1=0 framing_capabilities=1 "
	 "bearer_capabilities=1 maximum_channels=0 firmware_revision=2195 host_name= "
	 "vendor=Microsoft\\x20Windows\\x20NT",
	 156},
	{"009c 0001 1a2b3c4d 0001 0000 0100 0000 00000003 00000003 ffff 0001" LOCAL
	 "63616e616e69616e" Z4 Z4 Z16 Z16 Z16,
	 "Start-Control-Connection-Request protocol_version=256 reserved1=0 framing_capabilities=3 "
	 "bearer_capabilities=3 maximum_channels=65535 firmware_revision=1 host_name=local "
	 "vendor=cananian",
	 156},
	{"009c 0001 1a2b3c4d 0002 0000 0100 01 00 00000000 00000000 0001 0001" LOCAL
	 "6c696e7578" Z4 Z4 "000000" Z16 Z16 Z16,
	 "Start-Control-Connection-Reply protocol_version=256 result_code=1 error_code=0 "
	 "framing_capabilities=0 bearer_capabilities=0 maximum_channels=1 firmware_revision=1 "
	 "host_name=local vendor=linux",
	 156},
	{"0010 0001 1a2b3c4d 0003 0000 03 00 0000",
	 "Stop-Control-Connection-Request reason=3 reserved1=0 reserved2=0", 16},
	{"0010 0001 1a2b3c4d 0004 0000 01 02 0000",
	 "Stop-Control-Connection-Reply result_code=1 error_code=2 reserved1=0", 16},
	{"0010 0001 1a2b3c4d 0005 0000 01020304", "Echo-Request identifier=16909060", 16},
	{"0014 0001 1a2b3c4d 0006 0000 01020304 01 05 0000",
	 "Echo-Reply identifier=16909060 result_code=1 error_code=5 reserved1=0", 20},
	{"00a8 0001 1a2b3c4d 0007 0000 0000 c1cb 0000012c 05f5e100 00000003 00000003 0040 0000 "
	 "0000 0000" Z64 Z64,
	 "Outgoing-Call-Request call_id=0 call_serial_number=49611 minimum_bps=300 "
	 "maximum_bps=100000000 bearer_type=3 framing_type=3 window_size=64 processing_delay=0 "
	 "phone_number_length=0 reserved1=0 phone_number= subaddress=",
	 168},
	{"00a8 0001 1a2b3c4d 0007 0000 719a 0000 00000960 00989680 00000003 00000003 0003 0000 "
	 "0005 0000" LOCAL Z64,
	 "Outgoing-Call-Request call_id=29082 call_serial_number=0 minimum_bps=2400 "
	 "maximum_bps=10000000 bearer_type=3 framing_type=3 window_size=3 processing_delay=0 "
	 "phone_number_length=5 reserved1=0 phone_number=local subaddress=",
	 168},
	{"0020 0001 1a2b3c4d 0008 0000 0000 719a 01 00 0000 00989680 0003 0000 00000000",
	 "Outgoing-Call-Reply call_id=0 peer_call_id=29082 result_code=1 error_code=0 cause_code=0 "
	 "connect_speed=10000000 window_size=3 processing_delay=0 physical_channel_id=0",
	 32},
	{"0020 0001 1a2b3c4d 0008 0000 2deb 0000 02 04 0011 00e40b54 4000 0007 00000009",
	 "Outgoing-Call-Reply call_id=11755 peer_call_id=0 result_code=2 error_code=4 "
	 "cause_code=17 connect_speed=14945108 window_size=16384 "
	 "processing_delay=7 physical_channel_id=9",
	 32},
	{"00dc 0001 1a2b3c4d 0009 0000 0102 0304 00000001 00000005 0006 0007" LOCAL LOCAL Z64,
	 "Incoming-Call-Request call_id=258 call_serial_number=772 bearer_type=1 "
	 "physical_channel_id=5 dialed_number_length=6 dialing_number_length=7 dialed_number=local "
	 "dialing_number=local subaddress=",
	 220},
	{"0018 0001 1a2b3c4d 000a 0000 0102 0304 03 06 0005 0007 0000",
	 "Incoming-Call-Reply call_id=258 peer_call_id=772 result_code=3 error_code=6 "
	 "window_size=5 transmit_delay=7 reserved1=0",
	 24},
	{"001c 0001 1a2b3c4d 000b 0000 0102 0000 0000fa00 0010 0001 00000002",
	 "Incoming-Call-Connected peer_call_id=258 reserved1=0 connect_speed=64000 window_size=16 "
	 "transmit_delay=1 framing_type=2",
	 28},
	{"0010 0001 1a2b3c4d 000c 0000 a048 0000", "Call-Clear-Request call_id=41032 reserved1=0",
	 16},
	{"0094 0001 1a2b3c4d 000d 0000 2deb 04 00 0010 0000" Z64 Z64,
	 "Call-Disconnect-Notify call_id=11755 result_code=4 error_code=0 cause_code=16 "
	 "reserved1=0 call_statistics=",
	 148},
	{"0028 0001 1a2b3c4d 000e 0000 0102 0000 00000001 00000002 00000003 00000004 00000005 "
	 "ffffffff",
	 "WAN-Error-Notify peer_call_id=258 reserved1=0 crc_errors=1 framing_errors=2 "
	 "hardware_overruns=3 buffer_overruns=4 time_out_errors=5 alignment_errors=4294967295",
	 40},
	/* garbage where zero belongs */
	{"0018 0001 1a2b3c4d 000f 0000 0400 a196 ffffffff 00000000",
	 "Set-Link-Info peer_call_id=1024 reserved1=41366 send_accm=4294967295 receive_accm=0", 24},
};

TEST(control_message_is_read_printed_and_written_again)
{
	for (size_t i = 0; i < COUNT_OF(messages); i++) {
		uint8_t wire[256], again[CONTROL_MESSAGE_MAX];
		char text[CONTROL_PRINT_MAX];
		struct control_message m;
		size_t length = test_unhex(messages[i].hex, wire, sizeof(wire));
		assert_int_equal(length, messages[i].size);
		assert_true(control_decode(&m, wire, length));
		assert_string_equal(control_print(&m, text, sizeof(text)), messages[i].print);
		assert_int_equal(control_encode(&m, again), length);
		assert_memory_equal(again, wire, length);
	}
}

TEST(control_message_of_any_other_length_is_refused)
{
	for (size_t i = 0; i < COUNT_OF(messages); i++) {
		uint8_t wire[256] = {0};
		struct control_message m;
		size_t whole = test_unhex(messages[i].hex, wire, sizeof(wire));
		for (size_t length = 0; length <= whole + 4; length++)
			assert_int_equal(control_decode(&m, wire, length), length == whole);
		wire[1]--; /* the length says less, and as much is there */
		assert_false(control_decode(&m, wire, whole - 1));
	}
}

TEST(control_message_with_a_wrong_header_is_refused)
{
	for (size_t at = 0; at < 10; at++) {
		uint8_t wire[16];
		struct control_message m;
		size_t length =
			test_unhex("0010 0001 1a2b3c4d 0005 0000 01020304", wire, sizeof(wire));
		wire[at] ^= 0x40;
		assert_false(control_decode(&m, wire, length));
	}
}

TEST(control_types_that_do_not_exist_have_no_row)
{
	for (unsigned type = 0; type < 70000; type++)
		assert_int_equal(control_message_row(type) != NULL, type >= 1 && type <= 15);
}

TEST(control_text_of_a_peer_is_escaped_when_printed)
{
	struct control_message m = {.type = START_CONTROL_CONNECTION_REQUEST};
	char text[CONTROL_PRINT_MAX], small[20];
	memcpy(m.start_request.host_name, "a\nuser=root", 11);
	memset(m.start_request.vendor, 0xff, sizeof(m.start_request.vendor)); /* no NUL at all */
	control_print(&m, text, sizeof(text));
	assert_non_null(strstr(text, "host_name=a\\x0auser\\x3droot "));
	assert_int_equal(strlen(strstr(text, "vendor=")), strlen("vendor=") + 4 * 64);
	assert_string_equal(control_print(&m, small, sizeof(small)), "Start-Control-Conne");
}

TEST(control_longest_printed_message_fits)
{
	struct control_message m;
	char text[CONTROL_PRINT_MAX];
	for (unsigned type = 1; type < CONTROL_MESSAGE_TYPES; type++) {
		memset(&m, 0xff, sizeof(m));
		m.type = type;
		control_print(&m, text, sizeof(text));
		assert_true(strlen(text) < sizeof(text) - 1);
	}
}

TEST(control_results_have_names)
{
	static const struct {
		enum control_message_type type;
		unsigned result;
		const char *name;
	} names[] = {
		{START_CONTROL_CONNECTION_REPLY, 5, "protocol version is not supported"},
		{START_CONTROL_CONNECTION_REPLY, 6, "unknown"},
		{OUTGOING_CALL_REPLY, 0, "unknown"},
		{OUTGOING_CALL_REPLY, 4, "busy"},
		{OUTGOING_CALL_REPLY, 7, "do not accept"},
		{INCOMING_CALL_REPLY, 3, "do not accept"},
		{CALL_DISCONNECT_NOTIFY, 0, "none given"},
		{CALL_DISCONNECT_NOTIFY, 4, "request"},
		{CALL_DISCONNECT_NOTIFY, 255, "unknown"},
		{ECHO_REPLY, 1, "ok"},
	};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_string_equal(control_result_name(names[i].type, names[i].result),
				    names[i].name);
	assert_string_equal(control_error_name(4), "no resource");
	assert_string_equal(control_error_name(7), "unknown");
}
