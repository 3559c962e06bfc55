#include "ppp/mppe.h"

#include <string.h>

#include "base/base.h"
#include "base/secret.h"
#include "crypto/xor.h"
#include "ppp/mppe_keys.h"
#include "ppp/mppe_supply.h"

/* RFC 3078 §3.1: the header's four bits, of which B and C mean nothing to MPPE, and the count. */
enum {
	BIT_FLUSHED = 0x8000,   /* A */
	BIT_ENCRYPTED = 0x1000, /* D */
	COUNT_SPACE = MPPE_COUNT_MASK + 1,
	KEPT_NONE = 0xffff,
	RUN_BATCH = 64,
};

/* RFC 3078 §7.2: before a "flag" packet the key changes, in stateful mode. */
static bool is_flag(uint16_t count)
{
	return (count & 0xff) == 0xff;
}

/* ---- keys of packets gone by ---- */

static void forget_all_keys(struct mppe_kept *kept)
{
	secret_wipe(kept->key, sizeof(kept->key));
	for (size_t i = 0; i < MPPE_KEPT_KEYS; i++)
		kept->count[i] = KEPT_NONE;
}

static uint8_t *kept_key(struct mppe_kept *kept, uint16_t count)
{
	unsigned slot = count % MPPE_KEPT_KEYS;
	return kept->count[slot] == count ? kept->key[slot] : NULL;
}

static void keep_key(struct mppe_kept *kept, uint16_t count, const uint8_t *key)
{
	unsigned slot = count % MPPE_KEPT_KEYS;
	kept->count[slot] = count;
	memcpy(kept->key[slot], key, sizeof(kept->key[slot]));
}

static void forget_key(struct mppe_kept *kept, uint16_t count)
{
	uint8_t *key = kept_key(kept, count);
	if (!key)
		return;
	secret_wipe(key, sizeof(kept->key[0]));
	kept->count[count % MPPE_KEPT_KEYS] = KEPT_NONE;
}

/* ---- both ---- */

static void direction_init(struct mppe_direction *d, enum mppe_size size, bool stateless,
			   const uint8_t start[static 16], const uint8_t start_short[static 8])
{
	*d = (struct mppe_direction){.size = (uint8_t)size, .stateless = stateless};
	memcpy(d->start_key, size == MPPE_128 ? start : start_short, mppe_key_octets(d));
	mppe_first_key(d);
	/* The first packet has count 0; its key, stateless, is one change from this one. */
	d->count = MPPE_COUNT_MASK;
	rc4_init(&d->stream, d->session_key, mppe_key_octets(d));
}

void mppe_init(struct mppe *m, const struct auth_keys *keys, enum mppe_size size, bool stateless)
{
	m->resets_sent = m->resets_received = 0;
	direction_init(&m->send, size, stateless, keys->send, keys->send_short);
	direction_init(&m->receive, size, stateless, keys->receive, keys->receive_short);
	forget_all_keys(&m->kept);
}

void mppe_fini(struct mppe *m)
{
	mppe_supply_return(&m->send);
	mppe_supply_return(&m->receive);
	secret_wipe(m, sizeof(*m));
}

static void item_set_key(struct mppe_item *item, const struct mppe_direction *d, const uint8_t *key)
{
	item->key_length = mppe_key_octets(d);
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
		mppe_change_key(d, d->session_key);
		rc4_init(&d->stream, d->session_key, mppe_key_octets(d));
	}
	d->flush = false;
	rc4_apply(&d->stream, data, length);
	return flushed ? BIT_FLUSHED : 0;
}

void mppe_seal(struct mppe *m, struct packet *p, struct mppe_item *item)
{
	struct mppe_direction *d = &m->send;
	uint16_t count = (d->count + 1) & MPPE_COUNT_MASK;
	item->data = p->data;
	item->length = p->length;
	item->count = count;
	item->stateful = !d->stateless;
	item->far = false;
	item->key_length = 0;
	uint16_t flushed = BIT_FLUSHED;
	if (d->stateless) {
		mppe_next_key(d, d->count, d->session_key);
		item_set_key(item, d, d->session_key);
		item->direction = d;
		item->number = d->number + 1;
		mppe_move_on(d, count, item->number, d->session_key);
	} else {
		d->count = count;
		d->started = true;
		flushed = seal_stateful(d, p->data, p->length);
		item->length = 0;
	}
	struct writer header = writer_of(packet_push(p, MPPE_HEADER), MPPE_HEADER);
	write_u16(&header, flushed | BIT_ENCRYPTED | count);
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
	rc4_init(&r, key, mppe_key_octets(d));
	rc4_apply(&r, first, have);
	secret_wipe(&r, sizeof(r));
	return begins_like_ip(first, have, item->length);
}

static void change_key_times(const struct mppe_direction *d, unsigned changes, uint8_t *key)
{
	while (changes--)
		mppe_change_key(d, key);
}

/* ---- receive, stateless ---- */

/* Changes from the newest key known at or before `count`, which is `ahead` of the session key. */
static unsigned changes_to(struct mppe_kept *kept, uint16_t count, unsigned ahead)
{
	unsigned near = MIN_OF(ahead, (unsigned)MPPE_KEPT_KEYS);
	for (unsigned back = 0; back < near; back++)
		if (kept_key(kept, (count - back) & MPPE_COUNT_MASK))
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
	unsigned steps = least + mppe_distance((uint16_t)((d->count + least) & MPPE_COUNT_MASK),
					       item->count);
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
static enum drop admit_stateless(struct mppe *m, struct mppe_item *item, uint64_t now_ms)
{
	struct mppe_direction *d = &m->receive;
	unsigned ahead = mppe_distance(d->count, item->count);
	item->far = false;
	item->direction = d;
	item->number = 0;
	if (is_lost(d, now_ms) && find_far(d, item, now_ms)) {
		item->number = d->number + d->far_steps;
		item_set_key(item, d, d->far_key);
		return DROP_NONE;
	}
	if (ahead == 0 || ahead > MPPE_JUMP_GRANT) {
		const uint8_t *key = kept_key(&m->kept, item->count);
		if (!key)
			return DROP_MPPE_LATE;
		item_set_key(item, d, key);
		return DROP_NONE;
	}
	item->number = d->number + ahead;
	unsigned changes = changes_to(&m->kept, item->count, ahead);
	if (!grant(d, changes, now_ms))
		return DROP_MPPE_JUMP;
	uint16_t from = (uint16_t)(item->count - changes) & MPPE_COUNT_MASK;
	item_set_key(item, d, changes < ahead ? kept_key(&m->kept, from) : d->session_key);
	while (changes--) {
		mppe_next_key(d, from, item->key);
		from = (from + 1) & MPPE_COUNT_MASK;
		keep_key(&m->kept, from, item->key);
	}
	return DROP_NONE;
}

static void commit_stateless(struct mppe *m, const struct mppe_item *item)
{
	struct mppe_direction *d = &m->receive;
	forget_key(&m->kept, item->count);
	d->unproved = 0;
	d->far_steps = 0;
	if (item->far) { /* the keys at hand are of another turn of the count */
		forget_all_keys(&m->kept);
		secret_wipe(d->ahead, sizeof(d->ahead));
		d->ahead_count = 0;
	} else if (item->number <= d->number) {
		return; /* late */
	}
	mppe_move_on(d, item->count, item->number, item->key);
	if (!d->supply)
		return;
	mppe_supply_release(d->supply, d->number);
	if (item->far)
		mppe_supply_hint(d->supply, d->number, d->session_key);
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
	for (unsigned n = flags; n <= usual + FLUSHES_LOST; n++, mppe_change_key(d, key))
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
	unsigned ahead = mppe_distance(d->count, item->count);
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
	item->count = header & MPPE_COUNT_MASK;
	item->stateful = !m->receive.stateless;
	enum drop drop = m->receive.stateless
				 ? admit_stateless(m, item, now_ms)
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
		commit_stateless(m, item);
}

static void run_stateful(struct mppe_item *item)
{
	if (item->key_length)
		rc4_init(&item->stream, item->key, item->key_length);
	if (item->length)
		rc4_apply(&item->stream, item->data, item->length);
}

/* ---- keys for the next batch, in the company of others ---- */

/* Each direction of the items, once; those that come after `most` others are left out. */
static size_t directions_of(struct mppe_item *const *items, size_t count,
			    struct mppe_direction **list, size_t most)
{
	size_t found = 0;
	for (size_t i = 0; i < count; i++) {
		struct mppe_direction *d = items[i]->stateful ? NULL : items[i]->direction;
		if (!d || !d->size || (!d->used && found == most))
			continue;
		if (!d->used)
			list[found++] = d;
		/* what is received has not moved the count yet */
		unsigned reach = mppe_distance(d->count, items[i]->count);
		if (reach <= MPPE_KEYS_AHEAD)
			d->reach = (uint8_t)MAX_OF(reach, d->reach);
		d->used = (uint8_t)MIN_OF(d->used + 1, MPPE_KEYS_AHEAD);
	}
	return found;
}

static bool has_enough(const struct mppe_direction *d)
{
	unsigned enough = MIN_OF(d->reach + d->used, (unsigned)MPPE_KEYS_AHEAD);
	return d->ahead_count >= enough ||
	       (d->supply && mppe_supply_ready(d->supply, d->number) >= enough);
}

/*
 * As many keys as this batch took are what the next is likely to take. One chain alone would gain
 * nothing: it is no faster now than when its packet comes.
 */
static void make_keys(const struct rc4_plan *plan, struct mppe_item *const *items, size_t count)
{
	struct mppe_direction *list[MPPE_EXTENDED];
	size_t wanting, links = directions_of(items, count, list, COUNT_OF(list));
	do {
		struct mppe_direction *wants[MPPE_EXTENDED];
		wanting = 0;
		for (size_t i = 0; i < links; i++)
			if (!has_enough(list[i]))
				wants[wanting++] = list[i];
		if (wanting > 1)
			mppe_extend(plan, wants, wanting);
	} while (wanting > 1);
	for (size_t i = 0; i < links; i++)
		list[i]->used = list[i]->reach = 0;
}

/* ---- with keystreams that were made ahead ---- */

static struct mppe_supply *supply_of(const struct mppe_item *item)
{
	return !item->stateful && item->direction && item->number ? item->direction->supply : NULL;
}

/*
 * The newest first: what is missing up to there is about to be made here, and a maker that began on
 * it would do the same work. A count that is far ahead proves nothing, and moves no maker.
 */
static void hint_makers(struct mppe_item *const *items, size_t count)
{
	while (count--) {
		struct mppe_supply *s = supply_of(items[count]);
		if (s &&
		    items[count]->number <= items[count]->direction->number + MPPE_SUPPLY_PACKETS)
			mppe_supply_hint(s, items[count]->number, items[count]->key);
	}
}

/* False where there is no keystream for it. */
static bool run_from_supply(const struct mppe_item *item)
{
	struct mppe_supply *s = supply_of(item);
	const struct mppe_made *made = s ? mppe_supply_take(s, item->number, item->length) : NULL;
	if (made)
		xor_onto(item->data, made->stream, item->length);
	return made;
}

/* What was sealed is run by now, and what is received is released by its commit. */
static void release(struct mppe_item *const *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct mppe_supply *s = supply_of(items[i]);
		if (s)
			mppe_supply_release(s, items[i]->direction->number);
	}
}

/* What is to be encrypted by its key, as many at a time as lanes make of it. */
struct queue {
	const struct rc4_plan *plan;
	struct rc4_job jobs[RUN_BATCH];
	size_t count;
};

static void queue_run(struct queue *q)
{
	if (q->count)
		rc4_run(q->plan, q->jobs, q->count);
	q->count = 0;
}

static void queue_add(struct queue *q, const struct mppe_item *item)
{
	q->jobs[q->count++] =
		(struct rc4_job){item->key, item->key_length, item->data, item->length};
	if (q->count == RUN_BATCH)
		queue_run(q);
}

static bool is_being_made(const struct mppe_item *item)
{
	const struct mppe_supply *s = supply_of(item);
	return s && mppe_supply_is_making(s, item->number);
}

/* Those that a maker is at work on come last: most likely they are there by then. */
static void run_all(struct queue *q, struct mppe_item *const *items, size_t count)
{
	struct mppe_item *later[RUN_BATCH];
	size_t put_off = 0;
	for (size_t i = 0; i < count; i++) {
		if (items[i]->stateful)
			run_stateful(items[i]);
		else if (put_off < RUN_BATCH && is_being_made(items[i]))
			later[put_off++] = items[i];
		else if (!run_from_supply(items[i]))
			queue_add(q, items[i]);
	}
	queue_run(q);
	for (size_t i = 0; i < put_off; i++)
		if (!run_from_supply(later[i]))
			queue_add(q, later[i]);
	queue_run(q);
}

void mppe_run_by(const struct rc4_plan *plan, struct mppe_item *const *items, size_t count)
{
	struct queue queue;
	queue.plan = plan;
	queue.count = 0;
	hint_makers(items, count);
	run_all(&queue, items, count);
	if (count > 1)
		make_keys(plan, items, count);
	release(items, count);
}

void mppe_run(struct mppe_item *const *items, size_t count)
{
	mppe_run_by(&rc4_plan_plain, items, count);
}
