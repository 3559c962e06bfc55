#include "server/seams.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "server/messages.h"
#include "tests/test.h"

struct fixture {
	struct loop loop;
	struct seam_end a, b;
	uint32_t next; /* session of the message that is to come */
	int drained;
	bool answers;
};

static void hear(void *context, const struct message_type *type, const void *value)
{
	struct fixture *f = context;
	const struct message_release *release = value;
	assert_int_equal(type->kind, MESSAGE_RELEASE);
	assert_int_equal(release->session, f->next++);
	if (f->answers)
		assert_int_equal(seam_end_send(&f->b, MESSAGE_RELEASE, release), 0);
}

static void count_drained(void *context)
{
	((struct fixture *)context)->drained++;
}

static void start(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(loop_init(&f->loop), 0);
	assert_int_equal(seam_ends_open(&f->a, &f->loop, &f->b, &f->loop), 0);
	assert_int_equal(seam_end_hear(&f->b, hear, f), 0);
	f->a.context = f;
	f->a.on_drained = count_drained;
}

static void stop(struct fixture *f)
{
	seam_end_close(&f->a);
	seam_end_close(&f->b);
	seam_end_close(&f->b); /* twice is nothing */
	loop_fini(&f->loop);
}

static void send_many(struct fixture *f, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct message_release release = {.session = i};
		assert_int_equal(seam_end_send(&f->a, MESSAGE_RELEASE, &release), 0);
	}
}

TEST(seam_ends_carry_more_than_a_socket_holds_in_order_and_tell_when_all_went)
{
	enum { MANY = 50000 };
	struct fixture f;
	start(&f);
	send_many(&f, MANY);
	assert_true(seam_is_waiting(&f.a.seam));
	for (int turn = 0; turn < 100000 && f.next < MANY; turn++)
		loop_turn(&f.loop, 1000);
	assert_int_equal(f.next, MANY);
	assert_false(seam_is_waiting(&f.a.seam));
	assert_true(f.drained >= 1);
	stop(&f);
}

TEST(seam_ends_can_be_settled_without_turns_of_the_loop)
{
	enum { MANY = 50000 };
	struct fixture f;
	start(&f);
	send_many(&f, MANY);
	seam_ends_settle(&f.a, &f.b);
	assert_int_equal(f.next, MANY);
	seam_ends_settle(&f.a, &f.b); /* nothing waits: nothing happens */
	assert_int_equal(f.next, MANY);
	stop(&f);
	seam_ends_settle(&f.a, &f.b); /* closed ones neither */
}

TEST(seam_ends_hear_nothing_before_they_are_told_to)
{
	struct fixture f;
	memset(&f, 0, sizeof(f));
	assert_int_equal(loop_init(&f.loop), 0);
	assert_int_equal(seam_ends_open(&f.a, &f.loop, &f.b, &f.loop), 0);
	send_many(&f, 3);
	loop_turn(&f.loop, 0);
	assert_int_equal(f.next, 0);
	assert_int_equal(seam_end_hear(&f.b, hear, &f), 0);
	loop_turn(&f.loop, 0);
	assert_int_equal(f.next, 3);
	stop(&f);
}

TEST(seam_ends_whose_other_end_is_gone_do_not_spin)
{
	struct fixture f;
	struct message_release release = {0};
	start(&f);
	seam_end_close(&f.a);
	for (int turn = 0; turn < 3; turn++)
		assert_int_equal(loop_turn(&f.loop, 0), 0);
	assert_false(f.b.watcher.is_watched);
	assert_int_equal(seam_end_send(&f.b, MESSAGE_RELEASE, &release), -EPIPE);
	assert_false(f.b.watcher.is_watched);
	stop(&f);
}
