#include "control/messages.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

/* clang-format off */ /* each table: one section of RFC 2637 §2, after the common header */
static const struct field start_request_fields[] = { /* §2.1 */
	FIELD(U16, start_request, protocol_version),
	FIELD(U16, start_request, reserved1),
	FIELD(U32, start_request, framing_capabilities),
	FIELD(U32, start_request, bearer_capabilities),
	FIELD(U16, start_request, maximum_channels),
	FIELD(U16, start_request, firmware_revision),
	FIELD(TEXT, start_request, host_name),
	FIELD(TEXT, start_request, vendor),
	FIELDS_END,
};
static const struct field start_reply_fields[] = { /* §2.2 */
	FIELD(U16, start_reply, protocol_version),
	FIELD(U8, start_reply, result_code),
	FIELD(U8, start_reply, error_code),
	FIELD(U32, start_reply, framing_capabilities),
	FIELD(U32, start_reply, bearer_capabilities),
	FIELD(U16, start_reply, maximum_channels),
	FIELD(U16, start_reply, firmware_revision),
	FIELD(TEXT, start_reply, host_name),
	FIELD(TEXT, start_reply, vendor),
	FIELDS_END,
};
static const struct field stop_request_fields[] = { /* §2.3 */
	FIELD(U8, stop_request, reason),
	FIELD(U8, stop_request, reserved1),
	FIELD(U16, stop_request, reserved2),
	FIELDS_END,
};
static const struct field stop_reply_fields[] = { /* §2.4 */
	FIELD(U8, stop_reply, result_code),
	FIELD(U8, stop_reply, error_code),
	FIELD(U16, stop_reply, reserved1),
	FIELDS_END,
};
static const struct field echo_request_fields[] = { /* §2.5 */
	FIELD(U32, echo_request, identifier),
	FIELDS_END,
};
static const struct field echo_reply_fields[] = { /* §2.6 */
	FIELD(U32, echo_reply, identifier),
	FIELD(U8, echo_reply, result_code),
	FIELD(U8, echo_reply, error_code),
	FIELD(U16, echo_reply, reserved1),
	FIELDS_END,
};
static const struct field outgoing_call_request_fields[] = { /* §2.7 */
	FIELD(U16, outgoing_call_request, call_id),
	FIELD(U16, outgoing_call_request, call_serial_number),
	FIELD(U32, outgoing_call_request, minimum_bps),
	FIELD(U32, outgoing_call_request, maximum_bps),
	FIELD(U32, outgoing_call_request, bearer_type),
	FIELD(U32, outgoing_call_request, framing_type),
	FIELD(U16, outgoing_call_request, window_size),
	FIELD(U16, outgoing_call_request, processing_delay),
	FIELD(U16, outgoing_call_request, phone_number_length),
	FIELD(U16, outgoing_call_request, reserved1),
	FIELD(TEXT, outgoing_call_request, phone_number),
	FIELD(TEXT, outgoing_call_request, subaddress),
	FIELDS_END,
};
static const struct field outgoing_call_reply_fields[] = { /* §2.8 */
	FIELD(U16, outgoing_call_reply, call_id),
	FIELD(U16, outgoing_call_reply, peer_call_id),
	FIELD(U8, outgoing_call_reply, result_code),
	FIELD(U8, outgoing_call_reply, error_code),
	FIELD(U16, outgoing_call_reply, cause_code),
	FIELD(U32, outgoing_call_reply, connect_speed),
	FIELD(U16, outgoing_call_reply, window_size),
	FIELD(U16, outgoing_call_reply, processing_delay),
	FIELD(U32, outgoing_call_reply, physical_channel_id),
	FIELDS_END,
};
static const struct field incoming_call_request_fields[] = { /* §2.9 */
	FIELD(U16, incoming_call_request, call_id),
	FIELD(U16, incoming_call_request, call_serial_number),
	FIELD(U32, incoming_call_request, bearer_type),
	FIELD(U32, incoming_call_request, physical_channel_id),
	FIELD(U16, incoming_call_request, dialed_number_length),
	FIELD(U16, incoming_call_request, dialing_number_length),
	FIELD(TEXT, incoming_call_request, dialed_number),
	FIELD(TEXT, incoming_call_request, dialing_number),
	FIELD(TEXT, incoming_call_request, subaddress),
	FIELDS_END,
};
static const struct field incoming_call_reply_fields[] = { /* §2.10 */
	FIELD(U16, incoming_call_reply, call_id),
	FIELD(U16, incoming_call_reply, peer_call_id),
	FIELD(U8, incoming_call_reply, result_code),
	FIELD(U8, incoming_call_reply, error_code),
	FIELD(U16, incoming_call_reply, window_size),
	FIELD(U16, incoming_call_reply, transmit_delay),
	FIELD(U16, incoming_call_reply, reserved1),
	FIELDS_END,
};
static const struct field incoming_call_connected_fields[] = { /* §2.11 */
	FIELD(U16, incoming_call_connected, peer_call_id),
	FIELD(U16, incoming_call_connected, reserved1),
	FIELD(U32, incoming_call_connected, connect_speed),
	FIELD(U16, incoming_call_connected, window_size),
	FIELD(U16, incoming_call_connected, transmit_delay),
	FIELD(U32, incoming_call_connected, framing_type),
	FIELDS_END,
};
static const struct field call_clear_request_fields[] = { /* §2.12 */
	FIELD(U16, call_clear_request, call_id),
	FIELD(U16, call_clear_request, reserved1),
	FIELDS_END,
};
static const struct field call_disconnect_notify_fields[] = { /* §2.13 */
	FIELD(U16, call_disconnect_notify, call_id),
	FIELD(U8, call_disconnect_notify, result_code),
	FIELD(U8, call_disconnect_notify, error_code),
	FIELD(U16, call_disconnect_notify, cause_code),
	FIELD(U16, call_disconnect_notify, reserved1),
	FIELD(TEXT, call_disconnect_notify, call_statistics),
	FIELDS_END,
};
static const struct field wan_error_notify_fields[] = { /* §2.14 */
	FIELD(U16, wan_error_notify, peer_call_id),
	FIELD(U16, wan_error_notify, reserved1),
	FIELD(U32, wan_error_notify, crc_errors),
	FIELD(U32, wan_error_notify, framing_errors),
	FIELD(U32, wan_error_notify, hardware_overruns),
	FIELD(U32, wan_error_notify, buffer_overruns),
	FIELD(U32, wan_error_notify, time_out_errors),
	FIELD(U32, wan_error_notify, alignment_errors),
	FIELDS_END,
};
static const struct field set_link_info_fields[] = { /* §2.15 */
	FIELD(U16, set_link_info, peer_call_id),
	FIELD(U16, set_link_info, reserved1),
	FIELD(U32, set_link_info, send_accm),
	FIELD(U32, set_link_info, receive_accm),
	FIELDS_END,
};

static const struct control_message_row rows[CONTROL_MESSAGE_TYPES] = {
	[START_CONTROL_CONNECTION_REQUEST] = { "Start-Control-Connection-Request", 156, SENT_BY_PNS, start_request_fields },
	[START_CONTROL_CONNECTION_REPLY] = { "Start-Control-Connection-Reply", 156, SENT_BY_PAC, start_reply_fields },
	[STOP_CONTROL_CONNECTION_REQUEST] = { "Stop-Control-Connection-Request", 16, SENT_BY_EITHER, stop_request_fields },
	[STOP_CONTROL_CONNECTION_REPLY] = { "Stop-Control-Connection-Reply", 16, SENT_BY_EITHER, stop_reply_fields },
	[ECHO_REQUEST] = { "Echo-Request", 16, SENT_BY_EITHER, echo_request_fields },
	[ECHO_REPLY] = { "Echo-Reply", 20, SENT_BY_EITHER, echo_reply_fields },
	[OUTGOING_CALL_REQUEST] = { "Outgoing-Call-Request", 168, SENT_BY_PNS, outgoing_call_request_fields },
	[OUTGOING_CALL_REPLY] = { "Outgoing-Call-Reply", 32, SENT_BY_PAC, outgoing_call_reply_fields },
	[INCOMING_CALL_REQUEST] = { "Incoming-Call-Request", 220, SENT_BY_PAC, incoming_call_request_fields },
	[INCOMING_CALL_REPLY] = { "Incoming-Call-Reply", 24, SENT_BY_PNS, incoming_call_reply_fields },
	[INCOMING_CALL_CONNECTED] = { "Incoming-Call-Connected", 28, SENT_BY_PAC, incoming_call_connected_fields },
	[CALL_CLEAR_REQUEST] = { "Call-Clear-Request", 16, SENT_BY_PNS, call_clear_request_fields },
	[CALL_DISCONNECT_NOTIFY] = { "Call-Disconnect-Notify", 148, SENT_BY_PAC, call_disconnect_notify_fields },
	[WAN_ERROR_NOTIFY] = { "WAN-Error-Notify", 40, SENT_BY_PAC, wan_error_notify_fields },
	[SET_LINK_INFO] = { "Set-Link-Info", 24, SENT_BY_PNS, set_link_info_fields },
};

static const char *const sccrp_results[] = { NULL, "success", "general error", "command channel exists already",
	"requester is not authorised", "protocol version is not supported" };
static const char *const ocrp_results[] = { NULL, "connected", "general error", "no carrier", "busy", "no dial tone",
	"time-out", "do not accept" };
static const char *const icrp_results[] = { NULL, "connect", "general error", "do not accept" };
static const char *const cdn_results[] = { "none given", "lost carrier", "general error", "administrative shutdown",
	"request" };
static const char *const plain_results[] = { NULL, "ok", "general error" };
static const char *const errors[] = { "none", "not connected", "bad format", "bad value", "no resource", "bad call id",
	"PAC error" };
/* clang-format on */

const struct control_message_row *control_message_row(unsigned type)
{
	return type < CONTROL_MESSAGE_TYPES && rows[type].name ? &rows[type] : NULL;
}

/* All members of the union begin where it begins. */
static void *body(struct control_message *m)
{
	return &m->start_request;
}

bool control_decode(struct control_message *m, const uint8_t *bytes, size_t length)
{
	struct reader in = reader_of(bytes, length);
	uint16_t size = read_u16(&in), kind = read_u16(&in);
	uint32_t cookie = read_u32(&in);
	uint16_t type = read_u16(&in);
	read_u16(&in); /* reserved0 */
	const struct control_message_row *row = control_message_row(type);
	if (!row || size != row->size || size != length || kind != CONTROL_KIND ||
	    cookie != CONTROL_COOKIE)
		return false;
	m->type = type;
	return fields_decode(row->fields, body(m), &in) && in.left == 0;
}

size_t control_encode(const struct control_message *m, uint8_t to[static CONTROL_MESSAGE_MAX])
{
	const struct control_message_row *row = control_message_row(m->type);
	struct writer out = writer_of(to, CONTROL_MESSAGE_MAX);
	assert(row);
	write_u16(&out, row->size);
	write_u16(&out, CONTROL_KIND);
	write_u32(&out, CONTROL_COOKIE);
	write_u16(&out, (uint16_t)m->type);
	write_u16(&out, 0);
	fields_encode(row->fields, &m->start_request, &out);
	assert(!out.failed && out.length == row->size);
	return out.length;
}

const char *control_print(const struct control_message *m, char *to, size_t size)
{
	const struct control_message_row *row = control_message_row(m->type);
	assert(row);
	int length = snprintf(to, size, "%s ", row->name);
	if (length > 0 && (size_t)length < size)
		fields_print(row->fields, &m->start_request, to + length, size - (size_t)length);
	return to;
}

#define NAME_IN(names, value) \
	((value) < COUNT_OF(names) && (names)[value] ? (names)[value] : "unknown")

const char *control_result_name(enum control_message_type type, unsigned result)
{
	switch (type) {
	case START_CONTROL_CONNECTION_REPLY:
		return NAME_IN(sccrp_results, result);
	case OUTGOING_CALL_REPLY:
		return NAME_IN(ocrp_results, result);
	case INCOMING_CALL_REPLY:
		return NAME_IN(icrp_results, result);
	case CALL_DISCONNECT_NOTIFY:
		return NAME_IN(cdn_results, result);
	default:
		return NAME_IN(plain_results, result);
	}
}

const char *control_error_name(unsigned error)
{
	return NAME_IN(errors, error);
}
