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

enum {
	SERVER,
	CLIENT,
	WORLD_SESSIONS = 8,
	WIRE_SLOTS = 4096,
	BATCH_MAX = 64,
	INBOX_SLOTS = 2 * BATCH_MAX, /* a batch of which each was cut in two */
};

struct wire_faults {
	uint32_t lose, repeat, reorder; /* chances in 1000 for each GRE packet */
	uint32_t stream_part;           /* TCP brings at most so many octets at once; 0: all */
	uint32_t stream_cut[2];         /* by end: TCP breaks after it brought so many; 0: never */
};

struct registrar_faults {
	uint64_t delay_ms;
	bool never;
	bool wrong_password; /* the registrar of the server knows another one */
	bool evict;          /* a login replaces all sessions that were accepted before */
	bool give_nothing;   /* accepted, but without an address */
};

/* A GRE packet on its way. */
struct in_flight {
	bool used;
	uint8_t to; /* SERVER or CLIENT */
	uint64_t at_ms;
	uint64_t order;
	uint8_t tos; /* of the outer header */
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
	unsigned ended, ipv4_ups, ipv4_downs, ipv6_ups, ipv6_downs, releases, asked;
	unsigned closes;                     /* of control connections */
	uint64_t drops[DROP_COUNT];          /* of the sessions that are gone, too */
	struct control_message control_sent; /* the last that this end sent */
	uint8_t stream[65536];               /* what TCP is to bring to this end */
	size_t stream_length;
	size_t stream_brought; /* octets, so far */
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

/* Packets between their two halves. */
struct batch {
	struct packet packets[BATCH_MAX];
	struct session_item items[BATCH_MAX];
	struct session *sessions[BATCH_MAX];
	size_t count;
};

struct world {
	uint64_t now_ms, seed, order;
	struct end ends[2];
	struct wire_faults wire;
	struct registrar_faults registrar;
	uint64_t supply_seed;    /* keystreams are made ahead, by chance; 0: not */
	unsigned send_batch;     /* so many packets of an end, of any calls, are sealed at once */
	unsigned receive_batch;  /* so many of the packets that are there are admitted at once */
	struct batch sending[2]; /* by end: what waits until the batch is full or the clock turns */
	struct batch receiving;
	struct in_flight *flights; /* WIRE_SLOTS */
	size_t slots_used;         /* none beyond these ever was */
	struct answer answers[16];
	uint64_t clear_packets; /* data frames seen unencrypted on the wire */
	uint64_t encrypted_packets, bare_acknowledgements;
	void (*on_wire)(struct world *w,
			struct in_flight *flight); /* a test may look and change; NULL */
	void *context;                             /* the test's */
};

/* Both ends with default settings (MS-CHAPv2, MPPE-128 required);
 * change settings before world_dial. */
struct world *world_new(uint64_t seed);
void world_free(struct world *w);

/* TCP stands; the client asks for `calls` calls. */
void world_dial(struct world *w, unsigned calls);

/* The same, until all are up: fails the test, with both logs, where that takes a minute. */
void world_call(struct world *w, unsigned calls);

/* A call that is up, and nothing special about it. */
struct world *world_with_call(uint64_t seed);

/* From now on packets are sent in batches of `size`, 1 to BATCH_MAX, and received in those of
 * another: what goes wrong at one place of a batch, the same place of its like would put right. */
void world_batch(struct world *w, unsigned size);

/* Turns the clock, in steps to the next deadline or arrival,
 * until `done` says so or `ms` passed. True: done. */
bool world_run(struct world *w, uint64_t ms, bool (*done)(const struct world *w));

/* Until no session is left; fails the test, with both logs, where that takes longer. */
void world_run_out(struct world *w, uint64_t ms);

bool world_is_up(const struct world *w);    /* every session of both ends has IPv4 */
bool world_has_ipv6(const struct world *w); /* and every one IPv6 */
bool world_is_over(const struct world *w);  /* no session is left at either end */
unsigned world_sessions(const struct world *w, int end);

/* Session `k` of an end as they were made; NULL where it is gone. */
struct session *world_session(const struct world *w, int end, unsigned k);

/* Nothing is left of any session, and each was ended, released and taken down exactly once. */
void world_assert_clean(const struct world *w);

/* Carries out what an end's sessions and connection want: after any call of their functions. */
void world_perform(struct world *w, int side);

/* The peer closes TCP, or it breaks. */
void world_lose_tcp(struct world *w, int side);

/* All lines of an end's log that hold `text`. */
unsigned world_log_count(const struct world *w, int end, const char *text);

/* ---- packets (world_packets.c) ---- */

/* An IP packet from one end's address to the other's: UDP of `octets`, in its payload `number`,
 * where there is room, and a pattern. */
void world_make_udp(struct packet *p, const struct session *s, uint32_t number, size_t octets);

/* UDP over IPv6 between these two interface identifiers, `octets` with the header. */
void world_make_ipv6(struct packet *p, const uint8_t *from, const uint8_t *to, size_t octets);

/* Sends `count` of them, numbered from 0; none waits. Each must fit. */
void world_send(struct world *w, int from, unsigned session, unsigned count, size_t octets);

/* One IP packet the whole way that an owner takes it: cut into pieces where it is too long. Where
 * w->send_batch is more than one, it waits for its company. */
struct sending {
	enum drop drop;
	enum session_fit fit;
	bool tell;
	unsigned pieces;
};
struct sending world_send_packet(struct world *w, int from, unsigned session, struct packet *p);

/* Seals what an end has waiting, and puts it onto the wire. */
void world_seal(struct world *w, int from);

/* A GRE packet onto the wire, with the outer header's octet `tos`. */
void world_fly(struct world *w, int to, uint8_t tos, const uint8_t *bytes, size_t length);

/* GRE packets that are there now, in batches as the real server takes them. */
void world_receive(struct world *w, int to, const struct in_flight *const *flights, size_t count);

/* One GRE packet arrives, whoever sent it. */
void world_arrive(struct world *w, int to, const uint8_t *bytes, size_t length);

/* The number in the payload of a packet in an end's inbox; fails
 * the test where the pattern behind it is of another. */
uint32_t world_inbox_number(const struct world *w, int end, unsigned slot);
