/*
 * Listens to one recorded call and understands it, given the password: what two strangers once said
 * to each other is the measure of our GRE, MS-CHAP and MPPE, without a line of ours at either end.
 *
 * The ear follows CHAP until it has challenge, response and success, notes what CCP agreed on, and
 * from then on decrypts both directions. One call in a recording; the client is whoever sent the
 * CHAP Response.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/chap.h"
#include "auth/verdict.h"
#include "base/packet.h"
#include "gre/gre.h"
#include "ppp/mppe.h"
#include "tests/replay/pcap.h"

/* What was heard in one direction. */
struct ear_direction {
	struct gre_window window;
	unsigned repeated;  /* packets that the window refused: heard twice */
	unsigned encrypted; /* MPPE packets */
	/* of these, those that gave a network protocol, IPv4 ones with a right header checksum */
	unsigned decrypted;
	unsigned pings; /* ICMP Echo-Requests inside */
	unsigned pongs; /* Echo-Replies */
};

struct ear {
	const char *password; /* borrowed */
	uint32_t client;      /* 0: not known yet */
	unsigned malformed;   /* GRE packets that gre_decode refused */
	struct auth_proof proof;
	struct auth_verdict verdict;
	char user[AUTH_NAME_LIMIT + 1];
	bool success;            /* a CHAP Success came */
	bool signature_is_right; /* MS-CHAPv2: it proved that the server knows the password too */
	uint32_t supported_bits; /* of MPPE (RFC 3078 §2.1), as last acknowledged */
	bool keyed;
	/* The link as the server sees it, and as the client does:
	 * their receiving halves. `fresh` ones stay as they were. */
	struct mppe server, turned, fresh_server, fresh_turned;
	struct ear_direction from_client, from_server;
};

void ear_init(struct ear *e, const char *password);
void ear_fini(struct ear *e);

/* One packet of protocol 47, as it was recorded. */
void ear_hear(struct ear *e, const struct pcap_item *item);

/* Every packet of protocol 47 of a recording, which is closed then. Returns how many there were. */
unsigned ear_hear_all(struct ear *e, struct pcap *p);
