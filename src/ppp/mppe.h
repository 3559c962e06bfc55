/*
 * MPPE (RFC 3078) with keys of RFC 3079, both directions of one link, made for batches: a packet is
 *first admitted (which key?), then mppe_run runs RC4 over the items of any number of links, then
 *each is committed. Nothing of a direction's state moves before its packet proved sane, so a forged
 *packet costs time, never synchronisation.
 *
 *	send:     mppe_seal → mppe_run
 *	receive:  mppe_admit → mppe_run → (the inner protocol is sane?) → mppe_commit
 *
 * The packets that mppe_seal makes begin with the two octets of MPPE header; PPP's protocol field
 *is the caller's.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "auth/verdict.h"
#include "base/drop.h"
#include "base/packet.h"
#include "crypto/rc4.h"

enum mppe_size { MPPE_40 = 1, MPPE_56 = 2, MPPE_128 = 4 }; /* a set of them is the sum */

enum {
	MPPE_HEADER = 2,
	MPPE_KEPT_KEYS = 64,    /* of packets gone by, for the late ones; and of packets to come */
	MPPE_JUMP_GRANT = 2048, /* key changes that one packet may cost: half the count's space */
	MPPE_REKEYS_A_SECOND = 65536, /* and all packets of a link together in a second */
};

/* One packet for mppe_run. */
struct mppe_item {
	uint8_t *data; /* what is to be encrypted or decrypted, in place */
	size_t length;
	uint16_t count; /* coherency count */
	bool stateful;  /* `stream` goes on from the last packet: such an item is run alone, before
			   the link's next */
	uint8_t key_length; /* octets of `key`, with a fresh RC4 schedule; 0 where `stream` goes on
			     */
	uint8_t key[16];
	struct rc4 stream;
};

/* One direction. */
struct mppe_direction {
	uint8_t size; /* enum mppe_size */
	bool stateless;
	uint8_t start_key[16], session_key[16]; /* session_key: of packet `count` */
	uint16_t count;    /* send: of the last packet made; receive: of the last one committed */
	bool started;      /* a packet was made or committed */
	bool flush;        /* send, stateful: the next packet says "flushed" */
	bool waiting;      /* receive, stateful: synchronisation lost, until a flushed packet */
	struct rc4 stream; /* stateful */
	/* Receive, stateless: keys by count modulo MPPE_KEPT_KEYS, a cache that any packet may
	 * fill. */
	uint8_t kept[MPPE_KEPT_KEYS][16];
	uint16_t kept_count[MPPE_KEPT_KEYS]; /* 0xffff: empty */
	uint32_t rekeys;                     /* spent in the second `rekeys_s` */
	uint64_t rekeys_s;
};

struct mppe {
	struct mppe_direction send, receive;
	uint64_t resets_sent, resets_received; /* CCP Reset-Requests, stateful */
};

/* Sets up both directions from the keys of a login; `size` one enum mppe_size. */
void mppe_init(struct mppe *m, const struct auth_keys *keys, enum mppe_size size, bool stateless);
void mppe_fini(struct mppe *m); /* wipes */

/*
 * Pushes the MPPE header in front of the inner protocol field and data in *p, and says in *item
 * what mppe_run shall encrypt. Packets leave in the order in which they were sealed.
 */
void mppe_seal(struct mppe *m, struct packet *p, struct mppe_item *item);

/*
 * Looks at the MPPE header at p->data, pulls it off, and says in *item how the rest decrypts.
 * DROP_NONE, or DROP_MPPE_MALFORMED, _LATE, _JUMP, or _WAITING (stateful: *reset then tells whether
 * a CCP Reset-Request is due).
 */
enum drop mppe_admit(struct mppe *m, struct packet *p, struct mppe_item *item, uint64_t now_ms,
		     bool *reset);

/* The packet decrypted to something sane: the direction moves on. A late stateless packet moves
 * nothing. */
void mppe_commit(struct mppe *m, const struct mppe_item *item);

/* A CCP Reset-Request came (stateful): the next packet starts RC4 anew and says so. */
void mppe_on_reset_request(struct mppe *m);

/* Runs RC4 over all items. Items of one stateless link may stand in any number and order. */
void mppe_run(struct mppe_item *const *items, size_t count);
