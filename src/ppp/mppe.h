/*
 * MPPE (RFC 3078) with keys of RFC 3079, both directions of one link, made for batches: a packet is
 * first admitted (which key?), then mppe_run runs RC4 over the items of any number of links, then
 * each is committed. Nothing of a direction's state moves before its packet proved sane, so a
 * forged packet costs time, never synchronisation.
 *
 *	send:     mppe_seal → mppe_run
 *	receive:  mppe_admit → mppe_run → (the inner protocol is sane?) → mppe_commit
 *
 * The packets that mppe_seal makes begin with the two octets of MPPE header; PPP's protocol field
 * is the caller's.
 *
 * Stateless: every packet has a key of its own, so packets may come in any order and be run in any
 * number at once. Each key decrypts one packet. A link that lost half the count's space or more in
 * a row, and so can not know any more how often the count went round, searches for the key.
 * Stateful: one stream goes through all packets. A lost one is missed by its coherency count; then
 * nothing decrypts until the peer, asked by a CCP Reset-Request, starts its stream anew. What the
 * Linux kernel and RFC 3078 do differently here is told in mppe.c.
 *
 *   mppe.c       packets: seal, admit, run, commit
 *   mppe_keys.c  stateless: the chain of keys, and those that are made ahead
 *   mppe_supply.h  the same with whole keystreams, for the few hot directions; maybe by another core
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
	/* Of packets gone by, for the late ones; and of packets to come. */
	MPPE_KEPT_KEYS = 64,
	/* Of packets to come, made ahead in idle time and in company: a power of two. */
	MPPE_KEYS_AHEAD = 32,
	/* Key changes that one packet may cost: half the count's space. Further ahead is late. */
	MPPE_JUMP_GRANT = 2048,
	/* And all packets of a link together in a second. */
	MPPE_REKEYS_A_SECOND = 65536,
	/* So few, as ordinary loss costs, are not counted: forged jumps that use the second up do
	   not stop the genuine packets. */
	MPPE_FREE_REKEYS = 16,
	/* A CCP Reset-Request that brought no flushed packet is repeated after this. */
	MPPE_RESET_AGAIN_MS = 1000,
};

/* One packet for mppe_run. */
struct mppe_item {
	uint8_t *data;      /* what is to be encrypted or decrypted, in place */
	size_t length;      /* 0: nothing left to do (mppe_seal, stateful) */
	uint16_t count;     /* coherency count */
	bool stateful;      /* run and committed, or dropped, before the link's next is admitted */
	uint8_t key_length; /* octets of `key`, with a fresh RC4 schedule; 0: `stream` goes on */
	uint8_t key[16];
	bool far; /* stateless: further ahead than the count can tell */
	/* stateless: key changes from the start to this packet; 0: it is late */
	uint64_t number;
	/* stateless: whose keystreams may be used, and what mppe_run may make keys for in passing;
	   NULL: nothing. Borrowed from mppe_seal or mppe_admit until then */
	struct mppe_direction *direction;
	struct rc4 stream; /* stateful; after mppe_run as the packet left it */
};

/* One direction. */
struct mppe_supply;
struct mppe_direction {
	uint8_t size; /* enum mppe_size */
	bool stateless;
	uint8_t start_key[16], session_key[16]; /* session_key: of packet `count` */
	uint16_t count;  /* send: of the last packet made; receive: of the newest one committed */
	uint64_t number; /* stateless: key changes from the start to session_key */
	struct mppe_supply *supply; /* stateless, while hot: borrowed (mppe_supply.h); or NULL */
	bool started;               /* a packet was made or committed */
	bool flush;                 /* send, stateful: the next packet says "flushed" */
	bool waiting; /* receive, stateful: synchronisation lost, until a flushed packet */
	uint64_t reset_again_ms; /* receive, stateful, waiting: not before */
	struct rc4 stream;       /* stateful */
	/* Stateless: the keys of the packets count + 1 to count + ahead_count, by count modulo
	   MPPE_KEYS_AHEAD. */
	uint8_t ahead[MPPE_KEYS_AHEAD][16];
	uint8_t ahead_count;
	uint8_t used, reach; /* of mppe_run, 0 between */
	uint32_t rekeys;     /* receive, stateless: spent in the second `rekeys_s` */
	uint64_t rekeys_s;
	/* Receive, stateless: packets that came since the last one committed, the first of them
	   when; and the search for a key that is further ahead than the count can tell. */
	uint32_t unproved;
	uint64_t unproved_since_ms;
	uint8_t far_key[16]; /* of the packet far_steps ahead */
	uint32_t far_steps;  /* 0: no search yet */
};

/* Keys by count modulo MPPE_KEPT_KEYS, a cache that any packet may fill. */
struct mppe_kept {
	uint8_t key[MPPE_KEPT_KEYS][16];
	uint16_t count[MPPE_KEPT_KEYS]; /* 0xffff: empty */
};

struct mppe {
	struct mppe_direction send, receive;
	struct mppe_kept kept;                 /* receive, stateless */
	uint64_t resets_sent, resets_received; /* CCP Reset-Requests, stateful */
};

/* Sets up both directions from the keys of a login; `size` one enum mppe_size. */
void mppe_init(struct mppe *m, const struct auth_keys *keys, enum mppe_size size, bool stateless);
void mppe_fini(struct mppe *m); /* wipes, and returns what was lent (mppe_supply.h) */

/*
 * Pushes the MPPE header in front of the inner protocol field and data in *p, and says in *item
 * what mppe_run shall encrypt. Packets leave in the order in which they were sealed. In stateful
 * mode the stream must move with the packet, so it is encrypted here, and the item is empty.
 */
void mppe_seal(struct mppe *m, struct packet *p, struct mppe_item *item);

/*
 * Looks at the MPPE header at p->data and says in *item how the rest decrypts. On DROP_NONE the
 * header is pulled off; else *p is as it was: DROP_MPPE_MALFORMED, _LATE (its key is used or gone),
 * _JUMP (costs more key changes than are left in this second), or _WAITING (stateful: packets were
 * lost). *reset tells whether a CCP Reset-Request is due: with the first packet that is WAITING,
 * and with one in each MPPE_RESET_AGAIN_MS from then on.
 */
enum drop mppe_admit(struct mppe *m, struct packet *p, struct mppe_item *item, uint64_t now_ms,
		     bool *reset);

/*
 * The packet decrypted to something sane: the direction moves on. A late stateless packet moves
 * nothing, but its key is forgotten. Items that did not prove sane are just not committed.
 */
void mppe_commit(struct mppe *m, const struct mppe_item *item);

/*
 * A CCP Reset-Request came (stateful): the next packet starts RC4 anew and says so. A Reset-Ack
 * must leave before that packet: pppd's kernel hands nothing to its MPPE until one came.
 */
void mppe_on_reset_request(struct mppe *m);

/*
 * Runs RC4 over all items. Items of one stateless link may stand in any number and order. Where
 * items are of several links, as many keys as they took are made ahead for the next batch, the
 * links' chains in lanes side by side; a packet decrypts to the same whether its key was there or
 * is made when it comes. A direction that was lent a supply (mppe_supply.h) XORs the keystreams
 * that are in it; they go when what was sealed was run, and what was received was committed.
 * `plan`: of rc4_choose.
 */
void mppe_run_by(const struct rc4_plan *plan, struct mppe_item *const *items, size_t count);

/* The same by what is good everywhere: for tests, and where there are few packets. */
void mppe_run(struct mppe_item *const *items, size_t count);

/* Whether mppe_prepare would find a good deal to do. */
bool mppe_wants_keys(const struct mppe *m);

/*
 * For idle time: makes keys ahead for both directions of at most MPPE_PREPARED links, `budget` keys
 * in all or until each has MPPE_KEYS_AHEAD; none for one that was lent a supply, which has them.
 * Changes no packet that comes or goes. Returns the
 * number of keys made.
 */
enum { MPPE_PREPARED = 16 };
unsigned mppe_prepare(const struct rc4_plan *plan, struct mppe *const *links, size_t count,
		      unsigned budget);
