#include "ppp/mppe.h"

#include <string.h>

#include "base/base.h"
#include "base/secret.h"
#include "crypto/hash.h"

/* RFC 3078 §3.1: the header's four bits, of which B and C mean nothing to MPPE, and the count. */
enum {
	BIT_FLUSHED = 0x8000,   /* A */
	BIT_ENCRYPTED = 0x1000, /* D */
	COUNT_SPACE = 0x1000,
	COUNT_MASK = COUNT_SPACE - 1,
	KEPT_NONE = 0xffff,
	RUN_BATCH = 64,
};

/* RFC 3078 §7.2: before a "flag" packet the key changes, in stateful mode. */
static bool is_flag(uint16_t count)
{
	return (count & 0xff) == 0xff;
}

/* How far `to` is ahead of `from`, 0 to 4095. */
static unsigned distance(uint16_t from, uint16_t to)
{
	return (unsigned)(to - from) & COUNT_MASK;
}

/* ---- keys ---- */

static uint8_t key_octets(const struct mppe_direction *d)
{
	return d->size == MPPE_128 ? 16 : 8;
}

/* RFC 3079: GetNewKeyFromSHA. `key` may be `session`. */
static void new_key_from_sha(const struct mppe_direction *d, const uint8_t *session, uint8_t *key)
{
	static const uint8_t pad1[40] = {0}, pad2[40] = {[0 ... 39] = 0xf2};
	uint8_t digest[SHA1_OCTETS], octets = key_octets(d);
	hash_sha1(digest, HASH_PARTS({d->start_key, octets}, {pad1, sizeof(pad1)},
				     {session, octets}, {pad2, sizeof(pad2)}));
	memcpy(key, digest, octets);
	secret_wipe(digest, sizeof(digest));
}

/* RFC 3078 §7.3: keys of 40 and 56 bits are weakened to what their names say. */
static void reduce(const struct mppe_direction *d, uint8_t *key)
{
	static const uint8_t salt[3] = {0xd1, 0x26, 0x9e};
	if (d->size != MPPE_128)
		memcpy(key, salt, d->size == MPPE_40 ? 3 : 1);
}

/* RFC 3078 §7.3: the key after this one, in place. */
static void change_key(const struct mppe_direction *d, uint8_t *key)
{
	uint8_t interim[16];
	struct rc4 r;
	new_key_from_sha(d, key, interim);
	memcpy(key, interim, key_octets(d));
	rc4_init(&r, interim, key_octets(d));
	rc4_apply(&r, key, key_octets(d));
	reduce(d, key);
	secret_wipe(interim, sizeof(interim));
	secret_wipe(&r, sizeof(r));
}

static void forget_all_keys(struct mppe_direction *d)
{
	secret_wipe(d->kept, sizeof(d->kept));
	for (size_t i = 0; i < MPPE_KEPT_KEYS; i++)
		d->kept_count[i] = KEPT_NONE;
}

static void direction_init(struct mppe_direction *d, enum mppe_size size, bool stateless,
			   const uint8_t start[static 16], const uint8_t start_short[static 8])
{
	*d = (struct mppe_direction){.size = (uint8_t)size, .stateless = stateless};
	memcpy(d->start_key, size == MPPE_128 ? start : start_short, key_octets(d));
	new_key_from_sha(d, d->start_key, d->session_key);
	reduce(d, d->session_key);
	/* The first packet has count 0; its key, stateless, is one change from this one. */
	d->count = COUNT_MASK;
	rc4_init(&d->stream, d->session_key, key_octets(d));
	forget_all_keys(d);
}

void mppe_init(struct mppe *m, const struct auth_keys *keys, enum mppe_size size, bool stateless)
{
	m->resets_sent = m->resets_received = 0;
	direction_init(&m->send, size, stateless, keys->send, keys->send_short);
	direction_init(&m->receive, size, stateless, keys->receive, keys->receive_short);
}

void mppe_fini(struct mppe *m)
{
	secret_wipe(m, sizeof(*m));
}

static void item_set_key(struct mppe_item *item, const struct mppe_direction *d, const uint8_t *key)
{
	item->key_length = key_octets(d);
	memcpy(item->key, key, sizeof(item->key));
}

/* ---- send ---- */

/*
 * Stateful, RFC 3078 against the Linux kernel (ppp_mppe of 2.6 to 6.x). They agree on a flag
 * packet: one key change before it, RC4 anew; but the kernel drops a flag packet without bit A, so
 * A is set. They agree on the first packet: the initial key, no change; but the
 * kernel would change its key at bit A, so A is clear. They disagree on the flushed packet that
 * answers a Reset-Request: §8.2 starts RC4 anew with the key as it is, the kernel changes the key
 * at every packet with bit A, on both sides. We send as the kernel does: pppd is the peer that is
 * known to ask for stateful mode, and two different packets never share a keystream, against which
 * §9 warns.
 */
static uint16_t seal_stateful(struct mppe_direction *d, uint8_t *data, size_t length)
{
	bool flushed = d->flush || is_flag(d->count);
	if (flushed) {
		change_key(d, d->session_key);
		rc4_init(&d->stream, d->session_key, key_octets(d));
	}
	d->flush = false;
	rc4_apply(&d->stream, data, length);
	return flushed ? BIT_FLUSHED : 0;
}

void mppe_seal(struct mppe *m, struct packet *p, struct mppe_item *item)
{
	struct mppe_direction *d = &m->send;
	d->count = (d->count + 1) & COUNT_MASK;
	d->started = true;
	item->data = p->data;
	item->length = p->length;
	item->count = d->count;
	item->stateful = !d->stateless;
	item->far = false;
	item->key_length = 0;
	uint16_t flushed = BIT_FLUSHED;
	if (d->stateless) {
		change_key(d, d->session_key);
		item_set_key(item, d, d->session_key);
	} else {
		flushed = seal_stateful(d, p->data, p->length);
		item->length = 0;
	}
	struct writer header = writer_of(packet_push(p, MPPE_HEADER), MPPE_HEADER);
	write_u16(&header, flushed | BIT_ENCRYPTED | d->count);
}

void mppe_on_reset_request(struct mppe *m)
{
	m->resets_received++;
	m->send.flush = !m->send.stateless; /* every stateless packet is flushed anyway */
}

/* ---- receive: what keys cost, and whether they fit ---- */

/* May this packet cost so many key changes? Then they are spent. */
static bool grant(struct mppe_direction *d, unsigned rekeys, uint64_t now_ms)
{
	if (rekeys <= MPPE_FREE_REKEYS)
		return true;
	if (d->rekeys_s != now_ms / 1000) {
		d->rekeys_s = now_ms / 1000;
		d->rekeys = 0;
	}
	if (rekeys > MPPE_REKEYS_A_SECOND - d->rekeys)
		return false;
	d->rekeys += rekeys;
	return true;
}

/* Whether these first octets of `length` are an IP packet of just that length behind its protocol
 * field of one or two octets. By chance that is so once in 2^28. */
static bool begins_like_ip(const uint8_t *b, size_t have, size_t length)
{
	size_t field = have && b[0] & 1 ? 1 : 2;
	if (have < field + 6 || (field == 2 && b[0] != 0))
		return false;
	uint8_t protocol = b[field - 1];
	const uint8_t *ip = b + field;
	if (protocol == 0x21)
		return ip[0] >> 4 == 4 && (size_t)(ip[2] << 8 | ip[3]) == length - field;
	return protocol == 0x57 && ip[0] >> 4 == 6 &&
	       (size_t)(ip[4] << 8 | ip[5]) + 40 == length - field;
}

/* Whether the packet makes sense under this key. */
static bool key_fits(const struct mppe_direction *d, const struct mppe_item *item,
		     const uint8_t *key)
{
	uint8_t first[8];
	struct rc4 r;
	size_t have = MIN_OF(item->length, sizeof(first));
	memcpy(first, item->data, have);
	rc4_init(&r, key, key_octets(d));
	rc4_apply(&r, first, have);
	secret_wipe(&r, sizeof(r));
	return begins_like_ip(first, have, item->length);
}

static void change_key_times(const struct mppe_direction *d, unsigned changes, uint8_t *key)
{
	while (changes--)
		change_key(d, key);
}

/* ---- receive, stateless ---- */

static uint8_t *kept_key(struct mppe_direction *d, uint16_t count)
{
	unsigned slot = count % MPPE_KEPT_KEYS;
	return d->kept_count[slot] == count ? d->kept[slot] : NULL;
}

static void keep_key(struct mppe_direction *d, uint16_t count, const uint8_t *key)
{
	unsigned slot = count % MPPE_KEPT_KEYS;
	d->kept_count[slot] = count;
	memcpy(d->kept[slot], key, sizeof(d->kept[slot]));
}

static void forget_key(struct mppe_direction *d, uint16_t count)
{
	uint8_t *key = kept_key(d, count);
	if (!key)
		return;
	secret_wipe(key, sizeof(d->kept[0]));
	d->kept_count[count % MPPE_KEPT_KEYS] = KEPT_NONE;
}

/* Changes from the newest key known at or before `count`, which is `ahead` of the session key. */
static unsigned changes_to(struct mppe_direction *d, uint16_t count, unsigned ahead)
{
	unsigned near = MIN_OF(ahead, (unsigned)MPPE_KEPT_KEYS);
	for (unsigned back = 0; back < near; back++)
		if (kept_key(d, (count - back) & COUNT_MASK))
			return back;
	return ahead;
}

enum {
	LOST_PACKETS = 4,  /* so many in a row that prove nothing, */
	LOST_MS = 500,     /* and for so long: the key is lost */
	FAR_TURNS = 64,    /* of the count are searched, then again from the start */
	FAR_STRIDE = 2048, /* least distance between two tries, so that each is in another turn */
};

static bool is_lost(struct mppe_direction *d, uint64_t now_ms)
{
	if (d->unproved == 0)
		d->unproved_since_ms = now_ms;
	if (d->unproved <= LOST_PACKETS)
		d->unproved++;
	return d->unproved > LOST_PACKETS && now_ms - d->unproved_since_ms >= LOST_MS;
}

/*
 * After half the count's space or more was lost in a row (two seconds of a video), twelve bits do
 * not tell how many key changes were missed: RFC 3078 §8.1 then derives a wrong key, and never a
 * right one again, while control frames keep the link alive. So each packet is tried with a key
 * that fits its count, a turn of the count further on than the last one's, until one begins like an
 * IP packet.
 */
static bool find_far(struct mppe_direction *d, struct mppe_item *item, uint64_t now_ms)
{
	if (d->far_steps == 0 || d->far_steps > FAR_TURNS * COUNT_SPACE) {
		memcpy(d->far_key, d->session_key, sizeof(d->far_key));
		d->far_steps = 0;
	}
	unsigned least = d->far_steps + FAR_STRIDE;
	unsigned steps = least + distance((uint16_t)((d->count + least) & COUNT_MASK), item->count);
	if (!grant(d, steps - d->far_steps, now_ms))
		return false;
	change_key_times(d, steps - d->far_steps, d->far_key);
	d->far_steps = steps;
	item->far = key_fits(d, item, d->far_key);
	return item->far;
}

/*
 * A packet ahead gets its key by walking the chain; the keys on the way are kept, for the packets
 * that are late, and for the next of the batch, which then starts there. That moves no state: a
 * kept key is right whoever caused it to be made.
 */
static enum drop admit_stateless(struct mppe_direction *d, struct mppe_item *item, uint64_t now_ms)
{
	unsigned ahead = distance(d->count, item->count);
	item->far = false;
	if (is_lost(d, now_ms) && find_far(d, item, now_ms)) {
		item_set_key(item, d, d->far_key);
		return DROP_NONE;
	}
	if (ahead == 0 || ahead > MPPE_JUMP_GRANT) {
		const uint8_t *key = kept_key(d, item->count);
		if (!key)
			return DROP_MPPE_LATE;
		item_set_key(item, d, key);
		return DROP_NONE;
	}
	unsigned changes = changes_to(d, item->count, ahead);
	if (!grant(d, changes, now_ms))
		return DROP_MPPE_JUMP;
	uint16_t from = (uint16_t)(item->count - changes) & COUNT_MASK;
	item_set_key(item, d, changes < ahead ? kept_key(d, from) : d->session_key);
	while (changes--) {
		from = (from + 1) & COUNT_MASK;
		change_key(d, item->key);
		keep_key(d, from, item->key);
	}
	return DROP_NONE;
}

static void commit_stateless(struct mppe_direction *d, const struct mppe_item *item)
{
	unsigned ahead = distance(d->count, item->count);
	forget_key(d, item->count);
	d->unproved = 0;
	d->far_steps = 0;
	if (item->far) /* the kept keys are of another turn of the count */
		forget_all_keys(d);
	else if (ahead == 0 || ahead > MPPE_JUMP_GRANT)
		return;
	memcpy(d->session_key, item->key, sizeof(d->session_key));
	d->count = item->count;
	d->started = true;
}

/* ---- receive, stateful ---- */

enum {
	FLUSHES_LOST = 20, /* more key changes that are tried: a turn of the count has 16 */
	STATEFUL_LATE = 64 /* a packet this far behind is taken for late, not for a jump */
};

/*
 * A packet with which the sender's RC4 starts anew. How many key changes is its key away from ours?
 * One for each flag packet up to and with this one, surely. A flushed packet which is no flag
 * packet is a matter of taste: the Linux kernel changes its key once more, RFC 3078 §8.2 does not
 * (see seal_stateful); and where the kernel's flushed packets got lost, it has changed its key for
 * each of them, after which two kernels never find each other again. So the packet is asked: under
 * the right key it begins like an IP packet. Where none fits, the kernel's way is taken and the
 * caller sees garbage.
 */
static enum drop admit_fresh(struct mppe_direction *d, struct mppe_item *item, unsigned ahead,
			     uint64_t now_ms)
{
	unsigned next = d->count + 1u;
	unsigned flags = ((next + ahead) >> 8) - (next >> 8);
	bool first = !d->started && ahead == 1;
	unsigned usual = flags + (first || is_flag(item->count) ? 0 : 1);
	if (!grant(d, usual, now_ms))
		return DROP_MPPE_JUMP;
	item_set_key(item, d, d->session_key);
	change_key_times(d, usual, item->key);
	if (key_fits(d, item, item->key))
		return DROP_NONE;
	if (!grant(d, usual + FLUSHES_LOST, now_ms))
		return DROP_MPPE_JUMP;
	uint8_t key[16];
	memcpy(key, d->session_key, sizeof(key));
	change_key_times(d, flags, key);
	for (unsigned n = flags; n <= usual + FLUSHES_LOST; n++, change_key(d, key))
		if (key_fits(d, item, key)) {
			memcpy(item->key, key, sizeof(key));
			break;
		}
	secret_wipe(key, sizeof(key));
	return DROP_NONE;
}

/*
 * The next packet of the count always may go on with the stream, even when one was missed before:
 * as nothing moved since, what looked like a loss was then a forgery or came too early.
 */
static enum drop admit_stateful(struct mppe *m, struct mppe_item *item, bool flushed,
				uint64_t now_ms, bool *reset)
{
	struct mppe_direction *d = &m->receive;
	unsigned ahead = distance(d->count, item->count);
	if (ahead == 0 || ahead > COUNT_SPACE - STATEFUL_LATE)
		return DROP_MPPE_LATE;
	if (flushed || is_flag(item->count))
		return admit_fresh(d, item, ahead, now_ms);
	if (ahead == 1) {
		item->key_length = 0;
		item->stream = d->stream;
		return DROP_NONE;
	}
	if (!d->waiting || now_ms >= d->reset_again_ms) {
		d->waiting = true;
		d->reset_again_ms = now_ms + MPPE_RESET_AGAIN_MS;
		m->resets_sent++;
		*reset = true;
	}
	return DROP_MPPE_WAITING;
}

static void commit_stateful(struct mppe_direction *d, const struct mppe_item *item)
{
	if (item->key_length)
		memcpy(d->session_key, item->key, sizeof(d->session_key));
	d->stream = item->stream;
	d->count = item->count;
	d->started = true;
	d->waiting = false;
}

/* ---- both ---- */

enum drop mppe_admit(struct mppe *m, struct packet *p, struct mppe_item *item, uint64_t now_ms,
		     bool *reset)
{
	struct reader in = reader_of(p->data, p->length);
	uint16_t header = read_u16(&in);
	*reset = false;
	if (in.failed || !in.left || !(header & BIT_ENCRYPTED))
		return DROP_MPPE_MALFORMED;
	item->data = p->data + MPPE_HEADER;
	item->length = in.left;
	item->count = header & COUNT_MASK;
	item->stateful = !m->receive.stateless;
	enum drop drop = m->receive.stateless
				 ? admit_stateless(&m->receive, item, now_ms)
				 : admit_stateful(m, item, header & BIT_FLUSHED, now_ms, reset);
	if (drop == DROP_NONE)
		packet_pull(p, MPPE_HEADER);
	return drop;
}

void mppe_commit(struct mppe *m, const struct mppe_item *item)
{
	if (item->stateful)
		commit_stateful(&m->receive, item);
	else
		commit_stateless(&m->receive, item);
}

static void run_stateful(struct mppe_item *item)
{
	if (item->key_length)
		rc4_init(&item->stream, item->key, item->key_length);
	if (item->length)
		rc4_apply(&item->stream, item->data, item->length);
}

void mppe_run(struct mppe_item *const *items, size_t count)
{
	struct rc4_job jobs[RUN_BATCH];
	size_t waiting = 0;
	for (size_t i = 0; i < count; i++) {
		struct mppe_item *item = items[i];
		if (item->stateful) {
			run_stateful(item);
			continue;
		}
		jobs[waiting++] =
			(struct rc4_job){item->key, item->key_length, item->data, item->length};
		if (waiting == RUN_BATCH) {
			rc4_run(&rc4_plan_plain, jobs, waiting);
			waiting = 0;
		}
	}
	rc4_run(&rc4_plan_plain, jobs, waiting);
}
