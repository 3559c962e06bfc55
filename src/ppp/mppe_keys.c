#include "ppp/mppe_keys.h"

#include <assert.h>
#include <string.h>

#include "base/base.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "ppp/mppe_supply.h"

/*
 * RFC 3079: GetNewKeyFromSHA is SHA-1 over start key, 40 zeros, session key, 40 octets of f2. The
 * layout never changes, so the padding of SHA-1 stands in it, and the digest is two compressions.
 * The keys have 8 or 16 octets, and places to match.
 */
enum { HASHED = 2 * 64 };
/* clang-format off */
static const uint8_t layout_8[HASHED] = {[56 ... 95] = 0xf2, [96] = 0x80, [126] = 0x03};
static const uint8_t layout_16[HASHED] = {[72 ... 111] = 0xf2, [112] = 0x80, [126] = 0x03, 0x80};
/* clang-format on */

/* `key` may be `session`. */
static void new_key_from_sha(uint8_t size, const uint8_t start_key[static 16],
			     const uint8_t *session, uint8_t *key)
{
	uint8_t blocks[HASHED], digest[SHA1_OCTETS];
	bool is_long = size == MPPE_128;
	if (is_long) { /* sizes that the compiler knows cost next to nothing */
		memcpy(blocks, layout_16, HASHED);
		memcpy(blocks, start_key, 16);
		memcpy(blocks + 56, session, 16);
	} else {
		memcpy(blocks, layout_8, HASHED);
		memcpy(blocks, start_key, 8);
		memcpy(blocks + 48, session, 8);
	}
	hash_sha1_blocks(digest, blocks, HASHED / 64);
	memcpy(key, digest, is_long ? 16 : 8);
	secret_wipe(blocks, sizeof(blocks));
	secret_wipe(digest, sizeof(digest));
}

/* RFC 3078 §7.3: keys of 40 and 56 bits are weakened to what their names say. */
static void reduce(uint8_t size, uint8_t *key)
{
	static const uint8_t salt[3] = {0xd1, 0x26, 0x9e};
	if (size != MPPE_128)
		memcpy(key, salt, size == MPPE_40 ? 3 : 1);
}

void mppe_first_key(struct mppe_direction *d)
{
	new_key_from_sha(d->size, d->start_key, d->start_key, d->session_key);
	reduce(d->size, d->session_key);
}

/* The interim key, encrypted with itself. */
void mppe_change_key_of(uint8_t size, const uint8_t start_key[static 16], uint8_t *key)
{
	uint8_t interim[16], octets = size == MPPE_128 ? 16 : 8;
	new_key_from_sha(size, start_key, key, interim);
	memcpy(key, interim, octets);
	rc4_once(interim, octets, key, octets);
	reduce(size, key);
	secret_wipe(interim, sizeof(interim));
}

void mppe_change_key(const struct mppe_direction *d, uint8_t *key)
{
	mppe_change_key_of(d->size, d->start_key, key);
}

/* ---- ahead ---- */

void mppe_next_key(const struct mppe_direction *d, uint16_t count, uint8_t *key)
{
	uint16_t next = (count + 1) & MPPE_COUNT_MASK;
	unsigned ahead = mppe_distance(d->count, next);
	const struct mppe_made *made =
		d->supply && ahead ? mppe_supply_find(d->supply, d->number + ahead) : NULL;
	if (made)
		memcpy(key, made->key, mppe_key_octets(d));
	else if (ahead > 0 && ahead <= d->ahead_count)
		memcpy(key, d->ahead[next % MPPE_KEYS_AHEAD], mppe_key_octets(d));
	else
		mppe_change_key(d, key);
}

void mppe_move_on(struct mppe_direction *d, uint16_t count, uint64_t number, const uint8_t *key)
{
	unsigned passed = MIN_OF(mppe_distance(d->count, count), (unsigned)d->ahead_count);
	for (unsigned i = 1; i <= passed; i++)
		secret_wipe(d->ahead[(d->count + i) % MPPE_KEYS_AHEAD], sizeof(d->ahead[0]));
	d->ahead_count = (uint8_t)(d->ahead_count - passed);
	d->count = count;
	d->number = number;
	d->started = true;
	memmove(d->session_key, key, sizeof(d->session_key));
}

/* Where the key after the newest one belongs. */
static uint8_t *place_ahead(struct mppe_direction *d)
{
	assert(d->ahead_count < MPPE_KEYS_AHEAD);
	return d->ahead[(d->count + d->ahead_count + 1) % MPPE_KEYS_AHEAD];
}

static const uint8_t *newest_key(const struct mppe_direction *d)
{
	return d->ahead_count ? d->ahead[(d->count + d->ahead_count) % MPPE_KEYS_AHEAD]
			      : d->session_key;
}

/* mppe_change_key's steps, the RC4 of all chains side by side. */
void mppe_extend(const struct rc4_plan *plan, struct mppe_direction *const *list, size_t count)
{
	uint8_t interim[MPPE_EXTENDED][16];
	struct rc4_job jobs[MPPE_EXTENDED] = {0};
	assert(count <= MPPE_EXTENDED);
	for (size_t i = 0; i < count; i++) {
		uint8_t *key = place_ahead(list[i]), octets = mppe_key_octets(list[i]);
		new_key_from_sha(list[i]->size, list[i]->start_key, newest_key(list[i]),
				 interim[i]);
		memcpy(key, interim[i], octets);
		jobs[i] = (struct rc4_job){interim[i], octets, key, octets};
	}
	rc4_run(plan, jobs, count);
	for (size_t i = 0; i < count; i++) {
		reduce(list[i]->size, place_ahead(list[i]));
		list[i]->ahead_count++;
	}
	secret_wipe(interim, count * sizeof(interim[0]));
}

/* A supply has the keys too. */
static bool has_room(const struct mppe_direction *d, unsigned keys)
{
	return d->size && d->stateless && !d->supply && d->ahead_count <= MPPE_KEYS_AHEAD - keys;
}

bool mppe_wants_keys(const struct mppe *m)
{
	return has_room(&m->send, MPPE_KEYS_AHEAD / 2) ||
	       has_room(&m->receive, MPPE_KEYS_AHEAD / 2);
}

unsigned mppe_prepare(const struct rc4_plan *plan, struct mppe *const *links, size_t count,
		      unsigned budget)
{
	unsigned made = 0;
	assert(count <= MPPE_PREPARED);
	while (made < budget) {
		struct mppe_direction *list[2 * MPPE_PREPARED];
		size_t chains = 0;
		for (size_t i = 0; i < 2 * count && made + chains < budget; i++) {
			struct mppe_direction *d =
				i % 2 ? &links[i / 2]->receive : &links[i / 2]->send;
			if (has_room(d, 1))
				list[chains++] = d;
		}
		if (!chains)
			break;
		mppe_extend(plan, list, chains);
		made += (unsigned)chains;
	}
	return made;
}
