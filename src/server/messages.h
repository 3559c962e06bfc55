/*
 * What engine, authority and keeper say to each other: one encoded message to a datagram of a
 * SOCK_SEQPACKET pair, also where all three run in one process. No message holds a pointer, a
 * descriptor or a path that its receiver must trust.
 *
 *	engine → authority   LOGIN, RELEASE             authority → engine   VERDICT, DISCONNECT,
 *	                                                                     EVICT
 *	engine → keeper      NETWORK_UP, NETWORK_DOWN,  keeper → engine      IPV6_REFUSED
 *	                     IPV6_UP, IPV6_DOWN
 *	keeper → authority   SECRETS_FILE, SECRETS_END  authority → keeper   ADDRESS_GIVEN,
 *	                                                                     ADDRESS_FREED
 *
 * A session's number names the worker that it lives on (base/share.h), so it says where a message
 * for an engine goes.
 */
#pragma once
#include "auth/verdict.h"
#include "base/message.h"

enum server_message {
	MESSAGE_LOGIN = 1,
	MESSAGE_RELEASE,
	MESSAGE_VERDICT,
	MESSAGE_DISCONNECT,
	MESSAGE_NETWORK_UP,
	MESSAGE_NETWORK_DOWN,
	MESSAGE_IPV6_UP,
	MESSAGE_IPV6_DOWN,
	MESSAGE_SECRETS_FILE,
	MESSAGE_SECRETS_END,
	MESSAGE_EVICT,
	MESSAGE_ADDRESS_GIVEN,
	MESSAGE_ADDRESS_FREED,
	MESSAGE_IPV6_REFUSED,
};

/* A caller wants in. One VERDICT with the same session and
 * number answers it, unless a RELEASE comes first. */
struct message_login {
	uint32_t session, number;
	uint32_t caller, called; /* outer addresses */
	struct auth_proof proof;
};

/* The session is over, or its caller hung up while the
 * question was open: whatever it holds is free. */
struct message_release {
	uint32_t session;
	uint64_t octets_in, octets_out, seconds;
};

struct message_verdict {
	uint32_t session, number;
	struct auth_verdict verdict;
};

/* The authority speaks first: this session has to go. */
struct message_disconnect {
	uint32_t session;
	char why[96];
};

/* The authority has given this session's address to another, or its user's only place: it goes at
 * once. Comes before the verdict for which it has to. */
struct message_evict {
	uint32_t session;
};

/* The address is this session's from now on, whoever had it; or is not any more. Packets for it are
 * to come to the worker of that session. GIVEN comes before the verdict. */
struct message_address {
	uint32_t session, address;
};

/* Another session has this one's IPv6 interface identifier: IPv6 has to come down. */
struct message_ipv6_refused {
	uint32_t session;
};

/* A session has its inner address (or has no longer): routes, proxy neighbours and the ip-up and
 * ip-down hooks. IPV6_UP and IPV6_DOWN have the same fields: ipv6-up and ipv6-down. */
struct message_network {
	uint32_t session;
	uint32_t caller;        /* outer address: the hooks' sixth argument, unless noipparam */
	uint32_t local, remote; /* inner addresses */
	uint32_t dns[2], nbns[2];
	uint8_t local_id[8], remote_id[8]; /* IPv6 interface identifiers; IPV6_UP and IPV6_DOWN */
	char user[AUTH_NAME_LIMIT + 1];
	uint64_t seconds, octets_in,
		octets_out; /* NETWORK_DOWN: for CONNECT_TIME, BYTES_RCVD, BYTES_SENT */
};

enum { SECRETS_PART = 8192 };

/* A portion of chap-secrets, of pap-secrets, or of a file that they name by "@/path". The portions
 * of a file come in order, the first one also where the file is empty. */
struct message_secrets_file {
	char name[256]; /* its path */
	uint8_t first;  /* 1: of all; what came before it and was not ended is to be forgotten */
	BLOB(SECRETS_PART) part;
};

/* All portions came: the authority reads them and, if they are good, goes by them from now on. */
struct message_secrets_end {
	char chap[256], pap[256]; /* which of the files are which; empty: there is none */
};

extern const struct message_type server_messages[];

/* The session that a message to an engine is about; 0: it is none of those. */
uint32_t server_message_session(const struct message_type *type, const void *value);

/* Room for any of them, decoded. */
union server_message_any {
	struct message_login login;
	struct message_release release;
	struct message_verdict verdict;
	struct message_disconnect disconnect;
	struct message_network network;
	struct message_secrets_file secrets_file;
	struct message_secrets_end secrets_end;
	struct message_evict evict;
	struct message_address address;
	struct message_ipv6_refused ipv6_refused;
};
