/*
 * The fifteen control messages, RFC 2637 §2: each a struct in host order, and a row of one table
 * that says its name, its size, its fields and who may send it. The table reads, writes and prints
 * them; states and handlers are the machine's (control.c).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/field.h"

enum {
	CONTROL_HEADER = 12,       /* length, kind, cookie, type, reserved */
	CONTROL_MESSAGE_MAX = 220, /* the longest: Incoming-Call-Request */
	CONTROL_COOKIE = 0x1a2b3c4d,
	CONTROL_KIND = 1,         /* "PPTP Message Type": control; 2, management, is undefined */
	CONTROL_VERSION = 0x0100, /* version 1, revision 0 */
	CONTROL_PRINT_MAX = 1200, /* the longest printed message, every octet of text escaped */
};

enum control_message_type {
	START_CONTROL_CONNECTION_REQUEST = 1,
	START_CONTROL_CONNECTION_REPLY,
	STOP_CONTROL_CONNECTION_REQUEST,
	STOP_CONTROL_CONNECTION_REPLY,
	ECHO_REQUEST,
	ECHO_REPLY,
	OUTGOING_CALL_REQUEST,
	OUTGOING_CALL_REPLY,
	INCOMING_CALL_REQUEST,
	INCOMING_CALL_REPLY,
	INCOMING_CALL_CONNECTED,
	CALL_CLEAR_REQUEST,
	CALL_DISCONNECT_NOTIFY,
	WAN_ERROR_NOTIFY,
	SET_LINK_INFO,
	CONTROL_MESSAGE_TYPES,
};

/* Framing and bearer, as capabilities (Start messages) and as what a call asks for; bits. */
enum { FRAMING_ASYNC = 1, FRAMING_SYNC = 2, BEARER_ANALOG = 1, BEARER_DIGITAL = 2 };

/* Start-Control-Connection-Reply, §2.2 */
enum sccrp_result {
	SCCRP_SUCCESS = 1,
	SCCRP_GENERAL_ERROR,
	SCCRP_CHANNEL_EXISTS,
	SCCRP_NOT_AUTHORISED,
	SCCRP_VERSION,
};

/* Stop-Control-Connection-Request, §2.3 */
enum stop_reason {
	STOP_NONE = 1,
	STOP_PROTOCOL,
	STOP_LOCAL_SHUTDOWN,
};

enum stop_result { STOP_OK = 1, STOP_GENERAL_ERROR }; /* §2.4 */
enum echo_result { ECHO_OK = 1, ECHO_GENERAL_ERROR }; /* §2.6 */

/* Outgoing-Call-Reply, §2.8 */
enum ocrp_result {
	OCRP_CONNECTED = 1,
	OCRP_GENERAL_ERROR,
	OCRP_NO_CARRIER,
	OCRP_BUSY,
	OCRP_NO_DIAL_TONE,
	OCRP_TIME_OUT,
	OCRP_DO_NOT_ACCEPT,
};

enum icrp_result { ICRP_CONNECT = 1, ICRP_GENERAL_ERROR, ICRP_DO_NOT_ACCEPT }; /* §2.10 */

/* Call-Disconnect-Notify, §2.13; Windows sends 0 */
enum cdn_result {
	CDN_LOST_CARRIER = 1,
	CDN_GENERAL_ERROR,
	CDN_ADMIN_SHUTDOWN,
	CDN_REQUEST, /* a Call-Clear-Request came */
};

/* Error Code beside result 2, §2.16 */
enum general_error {
	CONTROL_ERROR_NONE,
	CONTROL_ERROR_NOT_CONNECTED,
	CONTROL_ERROR_BAD_FORMAT,
	CONTROL_ERROR_BAD_VALUE,
	CONTROL_ERROR_NO_RESOURCE,
	CONTROL_ERROR_BAD_CALL_ID,
	CONTROL_ERROR_PAC,
};

/* Start-Control-Connection-Request and -Reply, §2.1-2.2: the same but for two octets. */
struct start_request {
	uint16_t protocol_version, reserved1;
	uint32_t framing_capabilities, bearer_capabilities;
	uint16_t maximum_channels, firmware_revision;
	char host_name[64], vendor[64]; /* padded with zeros, not always ended by one */
};

struct start_reply {
	uint16_t protocol_version;
	uint8_t result_code, error_code;
	uint32_t framing_capabilities, bearer_capabilities;
	uint16_t maximum_channels, firmware_revision;
	char host_name[64], vendor[64];
};

struct stop_request {
	uint8_t reason, reserved1;
	uint16_t reserved2;
};

struct stop_reply {
	uint8_t result_code, error_code;
	uint16_t reserved1;
};

struct echo_request {
	uint32_t identifier;
};

struct echo_reply {
	uint32_t identifier;
	uint8_t result_code, error_code;
	uint16_t reserved1;
};

struct outgoing_call_request {
	uint16_t call_id, call_serial_number; /* the PNS's */
	uint32_t minimum_bps, maximum_bps, bearer_type, framing_type;
	uint16_t window_size, processing_delay; /* packets; tenths of a second */
	uint16_t phone_number_length, reserved1;
	char phone_number[64], subaddress[64];
};

struct outgoing_call_reply {
	uint16_t call_id, peer_call_id; /* the PAC's, the PNS's */
	uint8_t result_code, error_code;
	uint16_t cause_code;
	uint32_t connect_speed;
	uint16_t window_size, processing_delay;
	uint32_t physical_channel_id;
};

struct incoming_call_request {
	uint16_t call_id, call_serial_number; /* the PAC's */
	uint32_t bearer_type, physical_channel_id;
	uint16_t dialed_number_length, dialing_number_length;
	char dialed_number[64], dialing_number[64], subaddress[64];
};

struct incoming_call_reply {
	uint16_t call_id, peer_call_id; /* the PNS's, the PAC's */
	uint8_t result_code, error_code;
	uint16_t window_size, transmit_delay, reserved1;
};

struct incoming_call_connected {
	uint16_t peer_call_id, reserved1; /* the PNS's */
	uint32_t connect_speed;
	uint16_t window_size, transmit_delay;
	uint32_t framing_type;
};

struct call_clear_request {
	uint16_t call_id, reserved1; /* the sender's own, the PNS's */
};

struct call_disconnect_notify {
	uint16_t call_id; /* the sender's own, the PAC's */
	uint8_t result_code, error_code;
	uint16_t cause_code, reserved1;
	char call_statistics[128];
};

struct wan_error_notify {
	uint16_t peer_call_id, reserved1; /* the receiver's, the PNS's */
	uint32_t crc_errors, framing_errors, hardware_overruns, buffer_overruns, time_out_errors,
		alignment_errors;
};

struct set_link_info {
	uint16_t peer_call_id, reserved1; /* the receiver's, the PAC's */
	uint32_t send_accm, receive_accm;
};

struct control_message {
	enum control_message_type type;
	union {
		struct start_request start_request;
		struct start_reply start_reply;
		struct stop_request stop_request;
		struct stop_reply stop_reply;
		struct echo_request echo_request;
		struct echo_reply echo_reply;
		struct outgoing_call_request outgoing_call_request;
		struct outgoing_call_reply outgoing_call_reply;
		struct incoming_call_request incoming_call_request;
		struct incoming_call_reply incoming_call_reply;
		struct incoming_call_connected incoming_call_connected;
		struct call_clear_request call_clear_request;
		struct call_disconnect_notify call_disconnect_notify;
		struct wan_error_notify wan_error_notify;
		struct set_link_info set_link_info;
	};
};

enum control_sender { SENT_BY_PAC = 1, SENT_BY_PNS = 2, SENT_BY_EITHER = 3 }; /* bits */

struct control_message_row {
	const char *name;           /* the RFC's: "Echo-Reply" */
	uint16_t size;              /* octets, header included */
	enum control_sender sender; /* where the PNS opens the connection, as clients do */
	const struct field *fields; /* behind the header */
};

/* The row of a type off the wire; NULL where there is no such message. */
const struct control_message_row *control_message_row(unsigned type);

/* Reads one whole message, header included. False where the framer would have refused it. Reserved
 * fields may hold anything: RRAS sends garbage in them. */
bool control_decode(struct control_message *m, const uint8_t *bytes, size_t length);

/* Writes `m`, header included, and returns its length. */
size_t control_encode(const struct control_message *m, uint8_t to[static CONTROL_MESSAGE_MAX]);

/* "Echo-Reply identifier=7 result_code=1 …", the peer's text escaped;
 * always ended by NUL. Returns `to`. */
const char *control_print(const struct control_message *m, char *to, size_t size);

/* What a result code says in this message ("busy"), and an error code; "unknown" for others. */
const char *control_result_name(enum control_message_type type, unsigned result);
const char *control_error_name(unsigned error);
