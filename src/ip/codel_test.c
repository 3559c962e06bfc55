#include "ip/codel.h"

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "tests/test.h"

#define MS UINT64_C(1000000)

/* ---- RFC 8289 §5, its pseudo-code as it stands there, over a queue of (time, octets) ---- */

enum { PLACES = 4096 };

struct model {
	struct {
		uint64_t at;
		size_t octets;
	} queue[PLACES];
	size_t first, last, octets; /* first, last: of the queue, ever upwards */
	double first_above_time, drop_next;
	uint32_t count, lastcount;
	bool dropping;
};

struct dodequeue_result {
	bool has_packet, ok_to_drop;
	size_t number;
};

static struct dodequeue_result dodequeue(struct model *m, double now)
{
	struct dodequeue_result r = {.has_packet = m->first != m->last, .number = m->first};
	if (!r.has_packet) {
		m->first_above_time = 0;
		return r;
	}
	double sojourn = now - (double)m->queue[m->first % PLACES].at;
	m->octets -= m->queue[m->first++ % PLACES].octets;
	if (sojourn < 5e6 || m->octets <= 1514) {
		m->first_above_time = 0;
	} else if (m->first_above_time == 0) {
		m->first_above_time = now + 100e6;
	} else if (now >= m->first_above_time) {
		r.ok_to_drop = true;
	}
	return r;
}

static double control_law(double t, uint32_t count)
{
	return t + floor(100e6 / sqrt(count));
}

/* The number of the packet that comes out, SIZE_MAX: none. */
static size_t deque(struct model *m, double now)
{
	struct dodequeue_result r = dodequeue(m, now);
	if (m->dropping) {
		if (!r.ok_to_drop)
			m->dropping = false;
		while (now >= m->drop_next && m->dropping) {
			++m->count;
			r = dodequeue(m, now);
			if (!r.ok_to_drop)
				m->dropping = false;
			else
				m->drop_next = control_law(m->drop_next, m->count);
		}
	} else if (r.ok_to_drop) {
		r = dodequeue(m, now);
		m->dropping = true;
		uint32_t delta = m->count - m->lastcount;
		m->count = 1;
		if (delta > 1 && now - m->drop_next < 16 * 100e6)
			m->count = delta;
		m->drop_next = control_law(now, m->count);
		m->lastcount = m->count;
	}
	return r.has_packet ? r.number : SIZE_MAX;
}

/* ---- ours, over the same queue ---- */

static size_t take(struct codel *c, struct model *queue, uint64_t now)
{
	while (queue->first != queue->last) {
		size_t at = queue->first++ % PLACES;
		queue->octets -= queue->queue[at].octets;
		if (!codel_drops(c, now - queue->queue[at].at, queue->octets, now))
			return queue->first - 1;
	}
	codel_empty(c);
	return SIZE_MAX;
}

static void put(struct model *m, uint64_t at, size_t octets)
{
	if (m->last - m->first == PLACES)
		return;
	m->queue[m->last % PLACES].at = at;
	m->queue[m->last++ % PLACES].octets = octets;
	m->octets += octets;
}

TEST(codel_takes_and_drops_as_the_rfcs_pseudo_code)
{
	static struct model theirs, ours;
	uint64_t state = 7, now = 1000 * MS, dropped = 0;
	struct random random = test_random(&state);
	struct codel c = {0};
	memset(&theirs, 0, sizeof(theirs));
	memset(&ours, 0, sizeof(ours));
	/* Loads below and above what is taken come in turn, each for seconds. */
	for (uint32_t step = 0; step < 400000; step++) {
		static const uint32_t chances[] = {90, 110, 100, 150, 40};
		uint32_t chance = chances[step / 20000 % COUNT_OF(chances)];
		now += random_below(&random, 100000);
		for (uint32_t i = 0; i < 2; i++) {
			size_t octets = 40 + random_below(&random, 1461);
			if (random_below(&random, 200) >= chance)
				continue;
			put(&theirs, now, octets);
			put(&ours, now, octets);
		}
		size_t before = ours.first, number = take(&c, &ours, now);
		assert_int_equal(number, deque(&theirs, (double)now));
		dropped += ours.first - before - (number != SIZE_MAX);
	}
	assert_in_range(dropped, 1000, 100000);
}

/* A delay of 10 ms that nobody heeds: the times of the drops, from the law. */
TEST(codel_drops_ever_sooner)
{
	static const uint64_t at_ms[] = {100, 200, 270, 328, 378};
	struct codel c = {0};
	size_t drops = 0;
	for (uint64_t now = MS; drops < COUNT_OF(at_ms); now += MS / 10) {
		if (!codel_drops(&c, 10 * MS, 100000, now))
			continue;
		assert_in_range(now / MS, at_ms[drops], at_ms[drops] + 1);
		drops++;
	}
}

TEST(codel_leaves_good_delays_and_short_queues_alone)
{
	struct codel c = {0};
	for (uint64_t now = MS; now < 5000 * MS; now += MS) {
		/* a burst that drains within an interval; a queue of one packet; a good delay */
		assert_false(codel_drops(&c, now / MS % 100 ? 50 * MS : 0, 100000, now));
		assert_false(codel_drops(&c, 50 * MS, CODEL_FEW_OCTETS, now));
		assert_false(codel_drops(&c, CODEL_TARGET_NS - 1, 100000, now));
	}
}

/* A mark tells a sender as much as a drop: the next is due as late. */
TEST(codel_marks_when_it_would_drop)
{
	struct codel drops = {0}, marks = {0};
	for (uint64_t now = MS; now < 2000 * MS; now += MS / 10) {
		bool marked = codel_drops(&marks, 10 * MS, 100000, now), dropped = false;
		if (marked)
			codel_marked(&marks);
		while (codel_drops(&drops, 10 * MS, 100000, now))
			dropped = true;
		assert_int_equal(marked, dropped);
	}
	assert_int_equal(marks.count, drops.count);
}
