/*
 * Two links in one process: a fake clock, a wire that may lose and double, a registrar that knows
 * one user. For the tests of this room.
 */
#pragma once
#include "ppp/link.h"
#include "tests/test.h"

enum { PAIR_WIRE = 256, PAIR_LOG = 8192, PAIR_SERVER = 0, PAIR_CLIENT = 1 };

struct pair_frame {
	size_t length;
	uint8_t bytes[1600];
};

struct end_point {
	struct link link;
	struct link_settings settings;
	struct outbox out;
	struct pair_frame wire[PAIR_WIRE]; /* frames that it sent and the other has not got yet */
	size_t first, count;
	bool asked; /* a question is open */
	int questions;
	struct auth_proof question;
	bool mute_registrar; /* questions are never answered */
	int ipv4_up, ipv4_down, ipv6_up, ipv6_down, authenticated, ended; /* how often */
	struct link_addresses addresses;
	struct link_end end;
	char log[PAIR_LOG]; /* reports, a line each */
	uint64_t sent_clear_data;
};

struct pair {
	uint64_t now_ms, random_state;
	struct random random;
	struct end_point end[2];
	unsigned lose_percent, double_percent;
	const char *password; /* what the client believes */
	bool verbose;         /* reports and traces are printed */
};

/* Both with every timer and bound of pppd, MS-CHAPv2,
 * MPPE-128 stateless required, IPv4 and IPv6. */
struct pair *pair_new(void);
void pair_free(struct pair *p);
void pair_open(struct pair *p);
/* Runs the wire and the clock until nothing moves or `ms` passed. */
void pair_run(struct pair *p, uint64_t ms);
/* The next frame that an end sent, taken off the wire; false: there is none. */
bool pair_take(struct pair *p, int from, struct pair_frame *frame);
/* Gives an end a frame in hexadecimal or in bytes; answers what became of it. */
enum drop pair_give_hex(struct pair *p, int to, const char *hex);
enum drop pair_give(struct pair *p, int to, const void *bytes, size_t length,
		    enum link_payload *payload, struct packet *packet);
/* Collects what an end's link wants done. */
void pair_collect(struct pair *p, int end);
/* Fails the test unless the next frame of `from` is this one. */
void pair_expect(struct pair *p, int from, const char *hex);
bool pair_is_up(const struct pair *p);
/* An IP packet from one end to the other; true: it came through whole.
 * *clear tells whether the octets could be read on the wire. */
bool pair_ping(struct pair *p, int from, bool *clear);

/* A pair that played everything, but the server waits for its verdict; nothing is on the wire. */
struct pair *pair_at_verdict(void);
/* Accepts. The server goes on alone; what it sends is left for the test to read. */
void pair_give_verdict(struct pair *p, bool keys);
