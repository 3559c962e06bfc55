/* Rules of iptables-legacy, of whose changes nobody tells, in the town of gre_town_test.h. Newer kernels may be
 * without. */
#include "tests/test.h"

#include "base/base.h"
#include "io/foreign.h"
#include "io/gre_scene_test.h"

#define DROP "-p 47 -s 10.7.0.3 -j DROP"

const char *test_lacks(void)
{
	const char *lacking = town_lacks();
	if (lacking)
		return lacking;
	/* In the namespace that town_lacks has made. */
	return town_shell("iptables-legacy -nL") ? NULL
						 : "no iptables-legacy, or none in the kernel";
}

TEST(gre_io_leaves_to_the_hosts_ip_what_rules_of_iptables_legacy_concern)
{
	const struct gre_io_plan plan = scene_plan(GRE_IO_AUTO);
	scene_begin("iptables-legacy -A INPUT " DROP, &plan);
	assert_true(scene_says(
		"packet in=raw (foreign rule: chain INPUT of ip filter (iptables-legacy)"));
	scene_end();
}

TEST(gre_io_finds_rules_of_iptables_legacy_that_come_and_go)
{
	const struct gre_io_plan plan = scene_plan(GRE_IO_AUTO);
	scene_begin(NULL, &plan);
	scene_settle();
	assert_true(scene_says("packet in=ring out=packet"));
	town_run("iptables-legacy -A INPUT " DROP); /* which makes the table */
	scene_await("packet in=raw (foreign rule: chain INPUT of ip filter (iptables-legacy)");
	town_run("iptables-legacy -D INPUT " DROP);
	scene_io.legacy_again_ms = 0; /* half a minute later */
	scene_await("packet in=ring out=packet");
	town_run("iptables-legacy -A OUTPUT -p 47 -d 10.7.0.3 -j DROP");
	scene_io.legacy_again_ms = 0;
	scene_await(
		"packet in=ring out=raw (foreign rule: chain OUTPUT of ip filter (iptables-legacy)");
	scene_end();
}

TEST(gre_io_reads_rules_twice_a_minute_where_there_are_some_of_iptables_legacy_and_else_never)
{
	for (int legacy = 0; legacy < 2; legacy++) {
		const struct gre_io_plan plan = scene_plan(GRE_IO_AUTO);
		scene_begin(legacy ? "iptables-legacy -nL" : NULL, &plan);
		assert_int_equal(foreign_legacy_is_in_use(), legacy);
		uint64_t at_ms = scene_io.legacy_again_ms;
		assert_int_equal(at_ms, scene_loop.now_ms + 30000);
		scene_io.alone_timer.on_time(&scene_io, at_ms - 1);
		assert_true(scene_io.rules_are_known);
		scene_io.alone_timer.on_time(&scene_io, at_ms);
		assert_int_equal(scene_io.rules_are_known, !legacy);
		assert_int_equal(scene_io.legacy_again_ms, legacy ? at_ms + 30000 : at_ms);
		scene_end();
	}
}
