#include "ppp/mppe_supply.h"

#include <assert.h>
#include <string.h>

#include "base/base.h"
#include "base/secret.h"
#include "ppp/mppe_keys.h"

enum { FREE, LENT, MAKING, ENDING };       /* `state` */
enum { HINT_NONE, HINT_GIVEN, HINT_READ }; /* `hint` */

enum {
	WALK = 64,        /* keys that a maker which is behind passes in one piece of work */
	WORTH_WHILE = 6,  /* room for fewer packets is not worth a piece: lanes would stay empty */
	WINDOW = 256,     /* packets that the longest is known of */
	STREAM_STEP = 64, /* keystreams are made in steps of this many octets */
};

/* How far number b, of which the low bits are given, is ahead of a; negative: behind. The two are
 * never 2^31 apart: what is further off was released long ago. */
static int32_t ahead_by(uint32_t a, uint32_t b)
{
	return (int32_t)(b - a);
}

/* ---- whose it is ---- */

static bool passes(_Atomic(uint32_t) *state, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong_explicit(state, &from, to, memory_order_acq_rel,
						       memory_order_acquire);
}

static void set_free(struct mppe_supply *s)
{
	secret_wipe(s->start_key, sizeof(s->start_key));
	secret_wipe(s->key, sizeof(s->key));
	secret_wipe(s->hint_key, sizeof(s->hint_key));
	secret_wipe(s->packets, sizeof(s->packets));
	atomic_store_explicit(&s->state, FREE, memory_order_release);
}

void mppe_supply_lend(struct mppe_supply *s, struct mppe_direction *d)
{
	assert(mppe_supply_is_free(s) && d->size && d->stateless && !d->supply);
	s->size = d->size;
	memcpy(s->start_key, d->start_key, sizeof(s->start_key));
	memcpy(s->key, d->session_key, sizeof(s->key));
	s->number = s->released_number = d->number;
	s->looked_up = s->longest = 0;
	s->served = s->missed = s->total = 0;
	s->hint_number = 0;
	atomic_store_explicit(&s->hint, HINT_NONE, memory_order_relaxed);
	atomic_store_explicit(&s->made, (uint32_t)d->number, memory_order_relaxed);
	atomic_store_explicit(&s->making, (uint32_t)d->number, memory_order_relaxed);
	atomic_store_explicit(&s->released, (uint32_t)d->number, memory_order_relaxed);
	atomic_store_explicit(&s->octets, STREAM_STEP, memory_order_relaxed);
	d->supply = s;
	atomic_store_explicit(&s->state, LENT, memory_order_release);
}

void mppe_supply_return(struct mppe_direction *d)
{
	struct mppe_supply *s = d->supply;
	d->supply = NULL;
	while (s) {
		if (passes(&s->state, LENT, ENDING)) {
			set_free(s);
			return;
		}
		if (passes(&s->state, MAKING, ENDING))
			return;
	}
}

/* ---- the maker ---- */

bool mppe_supply_wants(const struct mppe_supply *s)
{
	if (atomic_load_explicit(&s->state, memory_order_relaxed) != LENT)
		return false;
	uint32_t released = atomic_load_explicit(&s->released, memory_order_relaxed);
	uint32_t made = atomic_load_explicit(&s->made, memory_order_relaxed);
	return ahead_by(released, made) <= MPPE_SUPPLY_PACKETS - WORTH_WHILE;
}

static void take_hint(struct mppe_supply *s)
{
	if (atomic_load_explicit(&s->hint, memory_order_relaxed) != HINT_GIVEN ||
	    !passes(&s->hint, HINT_GIVEN, HINT_READ))
		return;
	if (s->hint_number > s->number) {
		s->number = s->hint_number;
		memcpy(s->key, s->hint_key, sizeof(s->key));
	}
	secret_wipe(s->hint_key, sizeof(s->hint_key));
	atomic_store_explicit(&s->hint, HINT_NONE, memory_order_release);
}

static void pass_one(struct mppe_supply *s)
{
	mppe_change_key_of(s->size, s->start_key, s->key);
	s->number++;
}

/* Goes where the direction is. Returns how many keys were passed: WALK where the way is longer. */
static unsigned catch_up(struct mppe_supply *s)
{
	unsigned passed = 0;
	take_hint(s);
	uint32_t released = atomic_load_explicit(&s->released, memory_order_acquire);
	for (; passed < WALK && ahead_by((uint32_t)s->number, released) > 0; passed++)
		pass_one(s);
	return passed;
}

/* Keys, and keystreams as long as the packets of late. What was there was released. */
static void make(struct mppe_supply *s, const struct rc4_plan *plan, unsigned count)
{
	struct rc4_job jobs[MPPE_SUPPLY_PIECE];
	size_t length = atomic_load_explicit(&s->octets, memory_order_relaxed);
	for (unsigned i = 0; i < count; i++) {
		pass_one(s);
		struct mppe_made *made = &s->packets[s->number % MPPE_SUPPLY_PACKETS];
		made->number = s->number;
		made->length = (uint16_t)length;
		memcpy(made->key, s->key, sizeof(made->key));
		memset(made->stream, 0, length);
		jobs[i] = (struct rc4_job){made->key, s->size == MPPE_128 ? 16 : 8, made->stream,
					   length};
	}
	rc4_run(plan, jobs, count);
}

static unsigned make_piece(struct mppe_supply *s, const struct rc4_plan *plan, unsigned most)
{
	unsigned passed = catch_up(s);
	uint32_t released = atomic_load_explicit(&s->released, memory_order_acquire);
	int32_t ahead = ahead_by(released, (uint32_t)s->number);
	unsigned count = 0;
	if (passed < WALK && ahead >= 0 && ahead < MPPE_SUPPLY_PACKETS)
		count = MIN_OF(MIN_OF(most, (unsigned)MPPE_SUPPLY_PIECE),
			       (unsigned)(MPPE_SUPPLY_PACKETS - ahead));
	atomic_store_explicit(&s->making, (uint32_t)s->number + count, memory_order_relaxed);
	if (count)
		make(s, plan, count);
	s->total += count;
	atomic_store_explicit(&s->made, (uint32_t)s->number, memory_order_release);
	return passed + count;
}

unsigned mppe_supply_make(struct mppe_supply *s, const struct rc4_plan *plan, unsigned most)
{
	if (!mppe_supply_wants(s) || !passes(&s->state, LENT, MAKING))
		return 0;
	unsigned done = make_piece(s, plan, most);
	if (!passes(&s->state, MAKING, LENT))
		set_free(s);
	return done;
}

/* ---- the direction ---- */

unsigned mppe_supply_ready(const struct mppe_supply *s, uint64_t number)
{
	uint32_t made = atomic_load_explicit(&s->made, memory_order_relaxed);
	int32_t ahead = ahead_by((uint32_t)number, made);
	return ahead > 0 ? (unsigned)ahead : 0;
}

bool mppe_supply_is_making(const struct mppe_supply *s, uint64_t number)
{
	uint32_t making = atomic_load_explicit(&s->making, memory_order_relaxed);
	return !mppe_supply_ready(s, number - 1) && ahead_by((uint32_t)number, making) >= 0;
}

const struct mppe_made *mppe_supply_find(const struct mppe_supply *s, uint64_t number)
{
	uint32_t made = atomic_load_explicit(&s->made, memory_order_acquire);
	if (number <= s->released_number || ahead_by((uint32_t)number, made) < 0)
		return NULL;
	const struct mppe_made *found = &s->packets[number % MPPE_SUPPLY_PACKETS];
	return found->number == number ? found : NULL;
}

/* Rises with the first longer packet, and falls when a whole window had none so long. */
static void remember_length(struct mppe_supply *s, size_t length)
{
	size_t octets = (length + STREAM_STEP - 1) / STREAM_STEP * STREAM_STEP;
	if (octets > MPPE_SUPPLY_OCTETS)
		return;
	s->longest = (uint32_t)MAX_OF(octets, (size_t)s->longest);
	bool is_over = ++s->looked_up == WINDOW;
	if (is_over || s->longest > atomic_load_explicit(&s->octets, memory_order_relaxed))
		atomic_store_explicit(&s->octets, s->longest, memory_order_relaxed);
	if (is_over)
		s->looked_up = s->longest = 0;
}

const struct mppe_made *mppe_supply_take(struct mppe_supply *s, uint64_t number, size_t length)
{
	const struct mppe_made *found = mppe_supply_find(s, number);
	remember_length(s, length);
	if (found && found->length >= length) {
		s->served++;
		return found;
	}
	s->missed++;
	return NULL;
}

/* A hint that nobody read is taken back for the newer one. */
void mppe_supply_hint(struct mppe_supply *s, uint64_t number, const uint8_t *key)
{
	if (number <= s->hint_number || mppe_supply_ready(s, number - 1))
		return;
	if (!passes(&s->hint, HINT_GIVEN, HINT_NONE) &&
	    atomic_load_explicit(&s->hint, memory_order_acquire) != HINT_NONE)
		return;
	s->hint_number = number;
	memcpy(s->hint_key, key, sizeof(s->hint_key));
	atomic_store_explicit(&s->hint, HINT_GIVEN, memory_order_release);
}

/* What the maker ends later stays until its place is needed, or the supply is given back. */
void mppe_supply_release(struct mppe_supply *s, uint64_t number)
{
	uint32_t made = atomic_load_explicit(&s->made, memory_order_acquire);
	for (uint64_t n = s->released_number + 1; n <= number && ahead_by((uint32_t)n, made) >= 0 &&
						  n <= s->released_number + MPPE_SUPPLY_PACKETS;
	     n++) {
		struct mppe_made *done = &s->packets[n % MPPE_SUPPLY_PACKETS];
		if (done->number != n)
			continue;
		secret_wipe(done->stream, done->length);
		secret_wipe(done->key, sizeof(done->key));
		done->number = 0;
	}
	s->released_number = MAX_OF(number, s->released_number);
	atomic_store_explicit(&s->released, (uint32_t)s->released_number, memory_order_release);
}
