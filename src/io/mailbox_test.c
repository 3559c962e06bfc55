#include "io/mailbox.h"

#include <string.h>

#include "base/base.h"
#include "tests/test.h"

enum { PATIENCE_MS = 10000, MANY = 1000 };

struct fixture {
	struct loop loop;
	struct mailbox mailbox;
	pthread_t thread;
	uint32_t seen[3 * MANY], count;
};

static void *run(void *context)
{
	loop_run(&((struct fixture *)context)->loop);
	return NULL;
}

static void open_box(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(loop_init(&f->loop), 0);
	assert_int_equal(mailbox_open(&f->mailbox, &f->loop), 0);
}

static void close_box(struct fixture *f)
{
	mailbox_close(&f->mailbox);
	mailbox_close(&f->mailbox); /* twice is nothing */
	loop_fini(&f->loop);
}

static void stop_loop(void *context, void *bytes)
{
	loop_stop(&((struct fixture *)context)->loop);
}

static void note(void *context, void *bytes)
{
	struct fixture *f = context;
	memcpy(&f->seen[f->count++], bytes, sizeof(uint32_t));
}

static void add_one(void *context, void *bytes)
{
	uint32_t *number = bytes;
	*number += 1;
}

static void *post_many(void *context)
{
	struct fixture *f = context;
	for (uint32_t i = 0; i < MANY; i++)
		assert_true(mailbox_post(&f->mailbox, note, f, &i, sizeof(i)));
	return NULL;
}

TEST(letters_of_each_thread_arrive_once_and_in_order)
{
	static struct fixture f;
	pthread_t others[2];
	open_box(&f);
	assert_int_equal(pthread_create(&f.thread, NULL, run, &f), 0);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_int_equal(pthread_create(&others[i], NULL, post_many, &f), 0);
	post_many(&f);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		pthread_join(others[i], NULL);
	assert_true(mailbox_post(&f.mailbox, stop_loop, &f, NULL, 0));
	pthread_join(f.thread, NULL);
	assert_int_equal(f.count, 3 * MANY);
	uint32_t next[MANY] = {
		0}; /* how often the number came: each when it had come for all before */
	for (uint32_t i = 0; i < f.count; i++) {
		uint32_t number = f.seen[i];
		assert_true(number < MANY && next[number] < 3);
		assert_true(number == 0 || next[number - 1] > next[number]);
		next[number]++;
	}
	close_box(&f);
}

TEST(who_asks_has_the_answer_when_it_goes_on)
{
	static struct fixture f;
	open_box(&f);
	assert_int_equal(pthread_create(&f.thread, NULL, run, &f), 0);
	for (uint32_t number = 0; number < MANY;) {
		uint32_t before = number;
		assert_true(mailbox_ask(&f.mailbox, add_one, NULL, &number, PATIENCE_MS));
		assert_int_equal(number, before + 1);
	}
	mailbox_post(&f.mailbox, stop_loop, &f, NULL, 0);
	pthread_join(f.thread, NULL);
	close_box(&f);
}

TEST(what_was_not_begun_in_time_is_never_done)
{
	static struct fixture f;
	uint32_t number = 7, posted = 3;
	open_box(&f);
	assert_false(mailbox_ask(&f.mailbox, add_one, NULL, &number, 1)); /* nobody runs the loop */
	assert_true(mailbox_post(&f.mailbox, note, &f, &posted, sizeof(posted)));
	posted = 4;
	assert_false(mailbox_ask(&f.mailbox, add_one, NULL, &number, 0));
	loop_turn(&f.loop, 0);
	assert_int_equal(number, 7);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.seen[0], 3); /* a copy */
	close_box(&f);
}

TEST(what_waits_when_the_thread_has_ended_can_still_be_done_or_is_forgotten)
{
	static struct fixture f;
	open_box(&f);
	for (uint32_t i = 0; i < 100; i++)
		mailbox_post(&f.mailbox, note, &f, &i, sizeof(i));
	loop_turn(&f.loop, 0);
	assert_true(f.count > 0 && f.count < 100); /* others have their turn */
	loop_turn(&f.loop, 0);
	assert_int_equal(f.count, 100);
	for (uint32_t i = 100; i < 200; i++)
		mailbox_post(&f.mailbox, note, &f, &i, sizeof(i));
	mailbox_empty(&f.mailbox);
	assert_int_equal(f.count, 200);
	assert_int_equal(f.seen[199], 199);
	mailbox_post(&f.mailbox, note, &f, &f.count, sizeof(f.count));
	close_box(&f);
	assert_int_equal(f.count, 200);
}
