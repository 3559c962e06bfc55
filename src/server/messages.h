/*
 * What engine, authority and keeper say to each other: one encoded message to a datagram of a
 * SOCK_SEQPACKET pair, also where all three run in one process. No message holds a pointer, a
 * descriptor or a path that its receiver must trust.
 *
 *	engine → authority   LOGIN, RELEASE             authority → engine   VERDICT, DISCONNECT
 *	engine → keeper      NETWORK_UP, NETWORK_DOWN,  keeper → authority   SECRETS_FILE,
 *	                     IPV6_UP, IPV6_DOWN                              SECRETS_END
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
	/* NETWORK_DOWN: another session holds `remote` already: leave its route alone */
	uint8_t replaced;
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

/* Room for any of them, decoded. */
union server_message_any {
	struct message_login login;
	struct message_release release;
	struct message_verdict verdict;
	struct message_disconnect disconnect;
	struct message_network network;
	struct message_secrets_file secrets_file;
	struct message_secrets_end secrets_end;
};
