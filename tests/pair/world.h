/*
 * Two ends of a PPTP call in one process: a client (PNS) and a server (PAC), with a pretended TCP
 * stream between their control connections, a pretended wire for GRE that loses, doubles and
 * reorders, a registrar that answers late or never, and a clock that the test turns. Everything
 * repeats from its seed.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "session/connection.h"

enum { SERVER, CLIENT, WORLD_SESSIONS = 8, WIRE_SLOTS = 4096, INBOX_SLOTS = 64 };

struct wire_faults {
	uint32_t lose, repeat, reorder; /* chances in 1000 for each GRE packet */
	uint32_t stream_part;           /* TCP brings at most so many octets at once; 0: all */
};

struct registrar_faults {
	uint64_t delay_ms;
	bool never;
	bool wrong_password;   /* the registrar of the server knows another one */
	bool through_messages; /* always on: see world.c; kept for a test that shows it */
};

/* A GRE packet on its way. */
struct in_flight {
	bool used;
	uint8_t to; /* SERVER or CLIENT */
	uint64_t at_ms;
	uint64_t order;
	uint16_t call_id;
	uint16_t length;
	uint8_t bytes[PACKET_CAPACITY];
};

struct answer {
	bool used;
	uint8_t to;
	uint64_t at_ms;
	size_t length;
	uint8_t bytes[4096]; /* the encoded message: the seam is real */
};

struct end {
	struct session_host host;
	struct session_settings *settings;
	struct connection *connection; /* NULL after close */
	struct session *sessions[WORLD_SESSIONS];
	uint32_t next_session;
	struct link_end last_end; /* of the last session that ended */
	unsigned ended, ipv4_ups, ipv4_downs, ipv6_ups, releases, evictions, asked;
	uint8_t stream[65536]; /* what TCP is to bring to this end */
	size_t stream_length;
	bool peer_closed;
	char log[65536]; /* all log lines, for tests that look for words */
	size_t log_length;
	/* IP packets that came out of the tunnel */
	struct {
		size_t length;
		uint8_t bytes[1600];
	} inbox[INBOX_SLOTS];
	size_t inbox_count;
};

struct world {
	uint64_t now_ms, seed, order;
	struct end ends[2];
	struct wire_faults wire;
	struct registrar_faults registrar;
	struct in_flight *flights; /* WIRE_SLOTS */
	struct answer answers[16];
	uint64_t clear_packets; /* data frames seen unencrypted on the wire */
	uint64_t encrypted_packets;
	void (*on_wire)(struct world *w,
			struct in_flight *flight); /* a test may look and change; NULL */
};

/* Both ends with default settings (MS-CHAPv2, MPPE-128 required); change settings before
 * world_dial. */
struct world *world_new(uint64_t seed);
void world_free(struct world *w);

/* TCP stands; the client asks for `calls` calls. */
void world_dial(struct world *w, unsigned calls);

/* Turns the clock, in steps to the next deadline or arrival, until `done` says so or `ms` passed.
 * True: done. */
bool world_run(struct world *w, uint64_t ms, bool (*done)(const struct world *w));

bool world_is_up(const struct world *w);   /* every session of both ends has IPv4 */
bool world_is_over(const struct world *w); /* no session is left at either end */

/* Sends `count` UDP packets with `octets` of IP, numbered in their payload, in batches of `batch`.
 */
void world_send(struct world *w, int from, unsigned session, unsigned count, size_t octets,
		unsigned batch);

/* All lines of an end's log that hold `text`. */
unsigned world_log_count(const struct world *w, int end, const char *text);
