#include "io/gre_scene_test.h"

#include <string.h>

#include "base/base.h"
#include "tests/test.h"

struct gre_port scene_us, scene_them;
struct gre_io scene_io;
struct loop scene_loop;
char scene_text[GRE_IO_TEXT];

struct gre_io_plan scene_plan(enum gre_io_policy policy)
{
	return (struct gre_io_plan){.policy = policy,
				    .interface = "pptp0",
				    .untracked = true,
				    .ports = &scene_us,
				    .port_count = 1};
}

static void on_ready(void *context, uint32_t events)
{
	(void)context;
	(void)events;
}

void scene_enter(const struct gre_io_plan *plan)
{
	town_port_open(&scene_them, THEIR_SIDE);
	town_port_open(&scene_us, OUR_SIDE);
	gre_io_open(&scene_io, plan);
	assert_int_equal(loop_init(&scene_loop), 0);
	gre_io_follow(&scene_io, &scene_loop);
	assert_int_equal(gre_port_watch(&scene_us, &scene_loop, on_ready, NULL), 0);
}

void scene_begin(const char *before, const struct gre_io_plan *plan)
{
	town_open();
	if (before)
		town_run(before);
	scene_enter(plan);
}

void scene_end(void)
{
	gre_io_close(&scene_io);
	assert_false(town_prints("nft list tables", "poptun_taken"));
	gre_port_fini(&scene_us);
	gre_port_fini(&scene_them);
	loop_fini(&scene_loop);
	town_close();
}

bool scene_says(const char *what)
{
	return strstr(gre_io_print(&scene_io, scene_text), what) != NULL;
}

void scene_settle(void)
{
	scene_io.judged_ms = 0;
	do
		assert_int_equal(loop_turn(&scene_loop, 10), 0);
	while (scene_io.judge_timer.place);
}

void scene_await(const char *what)
{
	scene_io.judged_ms = 0;
	for (int i = 0; i < WAIT_MS / 10 && !scene_says(what); i++)
		assert_int_equal(loop_turn(&scene_loop, 10), 0);
	if (!scene_says(what))
		fail_msg("not \"%s\" but \"%s\"", what, scene_text);
	scene_settle();
}
