/*
 * Why a packet went no further. One row a reason: the enum, the counter, the log line and the
 * metric's help come from it. What a peer may send is never an error of ours: it is one of these.
 */
#pragma once
#include <stdint.h>

/* clang-format off */
#define DROPS(D) \
	D(GRE_MALFORMED,       "gre_malformed",       "GRE packets that are not enhanced GRE of RFC 2637, or cut short") \
	D(GRE_UNKNOWN_CALL,    "gre_unknown_call",    "GRE packets whose call id and address belong to no call") \
	D(GRE_REPEATED,        "gre_repeated",        "GRE packets seen before, or older than the window") \
	D(GRE_JUMP,            "gre_jump",            "GRE packets whose sequence number jumps further than is believed") \
	D(GRE_TRUNCATED,       "gre_truncated",       "GRE packets larger than a packet buffer") \
	D(PPP_MALFORMED,       "ppp_malformed",       "PPP frames cut short or with a bad protocol field") \
	D(PPP_PHASE,           "ppp_phase",           "PPP frames that came before their phase or after it") \
	D(PPP_PROTOCOL,        "ppp_protocol",        "PPP frames of a protocol that is not spoken here") \
	D(PPP_CODE,            "ppp_code",            "PPP control packets that were malformed or answered nothing") \
	D(AUTH_MALFORMED,      "auth_malformed",      "authentication packets cut short or with impossible lengths") \
	D(CLEAR,               "clear",               "unencrypted data packets where encryption is in force or required") \
	D(MPPE_MALFORMED,      "mppe_malformed",      "MPPE packets cut short or without the encrypted bit") \
	D(MPPE_LATE,           "mppe_late",           "MPPE packets so late that their key is gone") \
	D(MPPE_JUMP,           "mppe_jump",           "MPPE packets whose coherency count costs more key changes than are granted") \
	D(MPPE_WAITING,        "mppe_waiting",        "stateful MPPE packets that came before the peer's flush") \
	D(MPPE_GARBAGE,        "mppe_garbage",        "MPPE packets that decrypted to no known protocol") \
	D(IP_MALFORMED,        "ip_malformed",        "inner packets that are not IPv4 or IPv6, or cut short") \
	D(IP_SOURCE,           "ip_source",           "inner packets whose source is not the caller's address") \
	D(IP_TOO_BIG,          "ip_too_big",          "inner packets too long for the session that may not be fragmented") \
	D(IP_CONGESTED,        "ip_congested",        "inner packets without ECN whose outer one was marked on the way (RFC 6040): dropped, so that their sender slows down") \
	D(IP_NO_SESSION,       "ip_no_session",       "packets for an inner address that no session holds") \
	D(IP_MULTICAST,        "ip_multicast",        "multicast and broadcast from our side, which goes into no tunnel") \
	D(LINK_NOT_UP,         "link_not_up",         "packets for a session whose network protocol is not open") \
	D(QUEUE_CROWDED,       "queue_crowded",       "packets of whoever had the most in a full queue, which made room for others") \
	D(QUEUE_LATE,          "queue_late",          "packets of a queue in which they waited too long for too long (CoDel)") \
	D(QUEUE_FULL,          "queue_full",          "packets that a full socket or device would not take")

enum drop {
	DROP_NONE,
#define D(name, text, help) DROP_##name,
	DROPS(D)
#undef D
	DROP_COUNT
};
/* clang-format on */

/* "gre_repeated" and so on; "none" for DROP_NONE. */
const char *drop_name(enum drop drop);
/* One line for people. */
const char *drop_help(enum drop drop);
