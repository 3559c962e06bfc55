#include "io/hooks.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "config/testing.h"

static const struct hook_facts network = {
	.session = 17,
	.caller = 0xcb007107,
	.local = 0x0a000001,
	.remote = 0x0a000064,
	.dns = {0x08080808, 0x01010101},
	.nbns = {0x0a000009},
	.local_id = {2, 0, 0, 0, 0, 0, 0, 1},
	.remote_id = {0xaa, 0xbb, 0xcc, 0xff, 0xfe, 0xdd, 0xee, 0x11},
	.user = "anna",
	.seconds = 61,
	.octets_in = 1000,
	.octets_out = 1ull << 40,
};

static struct settings *settings_of(const char *conf, const char *options)
{
	struct complaints complaints;
	struct settings *settings = test_load_texts(conf, options, &complaints);
	complaints_fini(&complaints);
	assert_non_null(settings);
	return settings;
}

static void expect_words(char **words, const char *const *expected)
{
	for (; *expected; words++, expected++) {
		assert_non_null(*words);
		assert_string_equal(*words, *expected);
	}
	assert_null(*words);
}

static const char *variable(const struct hook_words *words, const char *name)
{
	size_t length = strlen(name);
	const char *found = NULL;
	for (char **text = words->environment; *text; text++)
		if (!strncmp(*text, name, length) && (*text)[length] == '=') {
			assert_null(found); /* once */
			found = *text + length + 1;
		}
	return found;
}

/* As pppd(8) has it: interface tty speed local remote ipparam. */
TEST(hooks_have_pppds_arguments)
{
	static const struct {
		const char *conf, *options;
		enum hook_event event;
		const char *expected[8];
	} rows[] = {
		{"",
		 "",
		 HOOK_IP_UP,
		 {"/etc/ppp/ip-up", "pptp0", "", "115200", "10.0.0.1", "10.0.0.100",
		  "203.0.113.7"}},
		{"noipparam\nspeed 57600\ninterface vpn0",
		 "",
		 HOOK_IP_DOWN,
		 {"/etc/ppp/ip-down", "vpn0", "", "57600", "10.0.0.1", "10.0.0.100", ""}},
		{"noipparam",
		 "ipparam \"two words\"\nip-up-script /opt/up",
		 HOOK_IP_UP,
		 {"/opt/up", "pptp0", "", "115200", "10.0.0.1", "10.0.0.100", "two words"}},
		{"",
		 "",
		 HOOK_IPV6_UP,
		 {"/etc/ppp/ipv6-up", "pptp0", "", "115200", "fe80::200:0:0:1",
		  "fe80::aabb:ccff:fedd:ee11", "203.0.113.7"}},
		{"",
		 "ipv6-down-script /opt/6",
		 HOOK_IPV6_DOWN,
		 {"/opt/6", "pptp0", "", "115200", "fe80::200:0:0:1", "fe80::aabb:ccff:fedd:ee11",
		  "203.0.113.7"}},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct settings *settings = settings_of(rows[i].conf, rows[i].options);
		struct hook_words words;
		assert_true(hook_words_make(&words, settings, rows[i].event, &network));
		expect_words(words.arguments, rows[i].expected);
		hook_words_free(&words);
		settings_unref(settings);
	}
}

TEST(hooks_have_a_clean_environment_of_pppds_variables)
{
	static const char *const both[][2] = {
		{"IFNAME", "pptp0"},       {"IPLOCAL", "10.0.0.1"}, {"IPREMOTE", "10.0.0.100"},
		{"DNS1", "8.8.8.8"},       {"DNS2", "1.1.1.1"},     {"WINS1", "10.0.0.9"},
		{"PEERNAME", "anna"},      {"SPEED", "115200"},     {"REMOTENUMBER", "203.0.113.7"},
		{"ORIG_UID", "0"},         {"DEVICE", ""},          {"COLOUR", "red = blue"},
		{"PATH", "/opt/bin:/bin"},
	};
	struct settings *settings =
		settings_of("", "set \"COLOUR=red = blue\"\nset PATH=/opt/bin:/bin");
	struct hook_words up, down, six;
	setenv("SECRET_OF_OURS", "1", 1);
	assert_true(hook_words_make(&up, settings, HOOK_IP_UP, &network));
	assert_true(hook_words_make(&down, settings, HOOK_IP_DOWN, &network));
	assert_true(hook_words_make(&six, settings, HOOK_IPV6_DOWN, &network));
	for (size_t i = 0; i < COUNT_OF(both); i++) {
		assert_string_equal(variable(&up, both[i][0]), both[i][1]);
		assert_string_equal(variable(&down, both[i][0]), both[i][1]);
	}
	assert_null(variable(&up, "SECRET_OF_OURS"));
	assert_null(variable(&up, "WINS2"));
	assert_null(variable(&up, "CONNECT_TIME"));
	assert_null(variable(&up, "LLLOCAL"));
	assert_string_equal(variable(&down, "CONNECT_TIME"), "61");
	assert_string_equal(variable(&down, "BYTES_RCVD"), "1000");
	assert_string_equal(variable(&down, "BYTES_SENT"), "1099511627776");
	assert_string_equal(variable(&six, "LLLOCAL"), "fe80::200:0:0:1");
	assert_string_equal(variable(&six, "LLREMOTE"), "fe80::aabb:ccff:fedd:ee11");
	hook_words_free(&up);
	hook_words_free(&down);
	hook_words_free(&six);
	settings_unref(settings);
}

TEST(hooks_take_any_number_of_variables)
{
	enum { MANY = 300 };
	static char lines[MANY * 16];
	char *to = lines;
	struct settings *plain = settings_of("", "");
	struct settings settings = *plain;
	struct hook_words words;
	for (int i = 0; i < MANY; i++)
		to += sprintf(to, "V%d=%d\n", i, i);
	settings.environment = lines;
	assert_true(hook_words_make(&words, &settings, HOOK_IP_UP, &network));
	assert_string_equal(variable(&words, "V0"), "0");
	assert_string_equal(variable(&words, "V299"), "299");
	hook_words_free(&words);
	settings_unref(plain);
}

TEST(hooks_of_a_nameless_caller_name_nobody)
{
	struct settings *settings = settings_of("", "");
	struct hook_facts nameless = network;
	struct hook_words words;
	nameless.user[0] = 0;
	nameless.remote = 0;
	assert_true(hook_words_make(&words, settings, HOOK_IP_UP, &nameless));
	assert_null(variable(&words, "PEERNAME"));
	assert_null(variable(&words, "IPREMOTE"));
	assert_string_equal(words.arguments[5], "");
	hook_words_free(&words);
	settings_unref(settings);
}

/* ---- real scripts in a directory of the test's own ---- */

struct fixture {
	struct loop loop;
	struct hooks hooks;
	char directory[64], up[128], down[128], log[128];
	struct settings *plain;
	struct settings settings;
	char lines[65536];
	char logged[4096];
};

static void note(void *context, enum log_level level, const char *line)
{
	struct fixture *f = context;
	size_t used = strlen(f->logged);
	(void)level;
	snprintf(f->logged + used, sizeof(f->logged) - used, "%s\n", line);
}

static void write_script(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	fclose(file);
	assert_int_equal(chmod(path, 0755), 0);
}

/* In the scripts' text, $LOG is a file of the test's. */
static void start(struct fixture *f, const char *up, const char *down)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->directory, "/tmp/poptun-hooks-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	snprintf(f->up, sizeof(f->up), "%s/up", f->directory);
	snprintf(f->down, sizeof(f->down), "%s/down", f->directory);
	snprintf(f->log, sizeof(f->log), "LOG=%s/log", f->directory);
	if (up)
		write_script(f->up, up);
	if (down)
		write_script(f->down, down);
	f->plain = settings_of("", "");
	f->settings = *f->plain;
	f->settings.ip_up = f->up;
	f->settings.ip_down = f->down;
	f->settings.environment = f->log;
	assert_int_equal(loop_init(&f->loop), 0);
	hooks_init(&f->hooks, &f->loop);
	log_set(note, f, LOG_LEVEL_DEBUG);
}

static void stop(struct fixture *f)
{
	hooks_fini(&f->hooks);
	log_set(NULL, NULL, LOG_LEVEL_INFO);
	loop_fini(&f->loop);
	settings_unref(f->plain);
	unlink(f->log + 4);
	unlink(f->up);
	unlink(f->down);
	assert_int_equal(rmdir(f->directory), 0);
}

static void call(struct fixture *f, uint32_t session, enum hook_event event)
{
	struct hook_facts message = network;
	message.session = session;
	hooks_call(&f->hooks, &f->settings, event, &message);
}

/* A bounded number of turns, each of which waits for something to happen. */
static void run(struct fixture *f)
{
	for (int turn = 0; turn < 10000 && f->hooks.running_count; turn++)
		assert_int_equal(loop_turn(&f->loop, 1000), 0);
	assert_int_equal(f->hooks.running_count, 0);
	assert_int_equal(f->hooks.waiting_count, 0);
}

static const char *lines_of(struct fixture *f)
{
	FILE *file = fopen(f->log + 4, "r");
	size_t length = file ? fread(f->lines, 1, sizeof(f->lines) - 1, file) : 0;
	if (file)
		fclose(file);
	f->lines[length] = 0;
	return f->lines;
}

TEST(hooks_of_one_session_run_one_after_the_other)
{
	struct fixture f;
	start(&f, "echo up begins >>$LOG; sleep 0.1; echo up ends >>$LOG",
	      "echo down $5 $6 >>$LOG");
	call(&f, 1, HOOK_IP_UP);
	call(&f, 1, HOOK_IP_DOWN);
	assert_int_equal(f.hooks.running_count, 1);
	assert_int_equal(f.hooks.waiting_count, 1);
	run(&f);
	assert_string_equal(lines_of(&f), "up begins\nup ends\ndown 10.0.0.100 203.0.113.7\n");
	assert_string_equal(f.logged, "");
	stop(&f);
}

TEST(hooks_begin_in_the_root_directory_with_nothing_of_ours)
{
	struct fixture f;
	signal(SIGPIPE, SIG_IGN);
	start(&f,
	      "{ pwd; ls -l /proc/self/fd | grep -c -e eventpoll -e pidfd -e socket; "
	      "grep SigIgn /proc/$$/status; } >>$LOG",
	      NULL);
	call(&f, 1, HOOK_IP_UP);
	run(&f);
	uint64_t ignored = strtoull(strrchr(lines_of(&f), '\t'), NULL, 16);
	assert_memory_equal(f.lines, "/\n0\n", 4);
	assert_int_equal(ignored >> (SIGPIPE - 1) & 1, 0);
	signal(SIGPIPE, SIG_DFL);
	stop(&f);
}

TEST(hooks_run_a_few_at_once_and_the_others_wait)
{
	enum { MANY = 3 * HOOKS_AT_ONCE };
	struct fixture f;
	start(&f, "echo line >>$LOG", NULL);
	for (uint32_t i = 1; i <= MANY; i++)
		call(&f, i, HOOK_IP_UP);
	assert_int_equal(f.hooks.running_count, HOOKS_AT_ONCE);
	assert_int_equal(f.hooks.waiting_count, MANY - HOOKS_AT_ONCE);
	for (int turn = 0; turn < 10000 && f.hooks.running_count; turn++) {
		assert_true(f.hooks.running_count <= HOOKS_AT_ONCE);
		assert_int_equal(loop_turn(&f.loop, 1000), 0);
	}
	assert_int_equal(strlen(lines_of(&f)), MANY * strlen("line\n"));
	stop(&f);
}

TEST(hooks_that_hang_are_killed_with_what_they_started)
{
	struct fixture f;
	start(&f, "sleep 1000 & echo $! >>$LOG; wait", "echo down >>$LOG");
	f.hooks.patience_ms = 200;
	call(&f, 1, HOOK_IP_UP);
	call(&f, 1, HOOK_IP_DOWN);
	run(&f);
	assert_non_null(strstr(lines_of(&f), "down\n"));
	assert_non_null(strstr(f.logged, "does not end and is killed"));
	assert_non_null(strstr(f.logged, "killed by signal 9"));
	pid_t child = (pid_t)atoi(f.lines);
	assert_true(child > 1);
	char state[64], path[64];
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)child);
	FILE *file = fopen(path, "r"); /* gone, or dead and without words */
	assert_true(!file || !fgets(state, sizeof(state), file));
	if (file)
		fclose(file);
	stop(&f);
}

TEST(hooks_that_fail_or_are_no_programs_are_logged_and_hold_nobody_up)
{
	struct fixture f;
	start(&f, "exit 3", NULL);
	call(&f, 1, HOOK_IP_DOWN); /* not there: no error */
	assert_string_equal(f.logged, "");
	call(&f, 1, HOOK_IP_UP);
	run(&f);
	assert_non_null(strstr(f.logged, "exit status 3"));
	FILE *file = fopen(f.down, "w"); /* not a program that can be started */
	fputs("\x7f"
	      "ELF nonsense",
	      file);
	fclose(file);
	chmod(f.down, 0755);
	for (uint32_t i = 0; i < 100; i++)
		call(&f, i, HOOK_IP_DOWN);
	run(&f);
	assert_non_null(strstr(f.logged, "cannot be started"));
	stop(&f);
}

TEST(hooks_may_finish_at_the_end_but_not_for_ever)
{
	struct fixture f;
	start(&f, "sleep 0.1; echo up >>$LOG", "echo down >>$LOG");
	call(&f, 1, HOOK_IP_UP);
	call(&f, 1, HOOK_IP_DOWN);
	hooks_fini(&f.hooks);
	assert_string_equal(lines_of(&f), "up\ndown\n");
	assert_true(list_is_empty(&f.hooks.running) && list_is_empty(&f.hooks.waiting));
	hooks_init(&f.hooks, &f.loop);
	write_script(f.up, "sleep 1000");
	f.hooks.farewell_ms = 100;
	call(&f, 1, HOOK_IP_UP);
	call(&f, 1, HOOK_IP_DOWN);
	stop(&f);
	assert_non_null(strstr(f.logged, "hooks=killed running=1 waiting=1"));
}
