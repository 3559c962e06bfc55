#include "server/keeper.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/proof.h"
#include "base/base.h"
#include "base/log.h"
#include "config/testing.h"
#include "io/files.h"
#include "server/authority.h"

/* Keeper and registrar with a seam between them, and secrets in files of the test's own. */
struct fixture {
	struct loop loop;
	struct seam_end keeper_end, authority_end, keeper_engines[2], engines[2];
	struct steering steering; /* off */
	uint32_t refused[2];      /* session of the latest IPV6_REFUSED, by worker */
	struct machine_plan plan;
	struct machine machine;
	struct keeper keeper;
	struct authority authority;
	struct settings *plain, *settings;
	char directory[64], chap[128], pap[128];
	size_t ends; /* SECRETS_END that came */
	char logged[8192];
};

static void note(void *context, enum log_level level, const char *line)
{
	struct fixture *f = context;
	size_t used = strlen(f->logged);
	(void)level;
	snprintf(f->logged + used, sizeof(f->logged) - used, "%s\n", line);
}

static void authority_hears(void *context, const struct message_type *type, const void *value)
{
	struct fixture *f = context;
	struct action action;
	authority_on_message(&f->authority, type, value);
	f->ends += type->kind == MESSAGE_SECRETS_END;
	while (outbox_take(&f->authority.out, &action))
		if (action.kind == AUTHORITY_LOG) {
			char line[512];
			snprintf(line, sizeof(line), "%.*s", (int)action.length - 1,
				 (const char *)action.bytes + 1);
			note(f, LOG_LEVEL_INFO, line);
		}
}

static void engine_hears(void *context, const struct message_type *type, const void *value)
{
	assert_int_equal(type->kind, MESSAGE_IPV6_REFUSED);
	*(uint32_t *)context = server_message_session(type, value);
}

static void start(struct fixture *f)
{
	static const struct address_span pool = {0x0a000064, 0x0a000067};
	char conf[512];
	struct complaints complaints;
	memset(f, 0, sizeof(*f));
	strcpy(f->directory, "/tmp/poptun-keeper-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	snprintf(f->chap, sizeof(f->chap), "%s/chap-secrets", f->directory);
	snprintf(f->pap, sizeof(f->pap), "%s/pap-secrets", f->directory);
	snprintf(conf, sizeof(conf),
		 "localip 10.0.0.1\nremoteip 10.0.0.100-103\nchap-secrets %s\npap-secrets %s\n",
		 f->chap, f->pap);
	f->settings = test_load_texts(conf, "", &complaints);
	complaints_fini(&complaints);
	log_set(note, f, LOG_LEVEL_INFO);
	assert_int_equal(loop_init(&f->loop), 0);
	struct loop *loop = &f->loop;
	assert_int_equal(seam_ends_open(&f->keeper_end, loop, &f->authority_end, loop), 0);
	for (size_t i = 0; i < COUNT_OF(f->engines); i++) {
		assert_int_equal(seam_ends_open(&f->keeper_engines[i], loop, &f->engines[i], loop),
				 0);
		assert_int_equal(seam_end_hear(&f->engines[i], engine_hears, &f->refused[i]), 0);
	}
	assert_true(authority_init(&f->authority, f->settings, (const uint32_t[2]){0}));
	assert_int_equal(seam_end_hear(&f->authority_end, authority_hears, f), 0);
	f->plan = (struct machine_plan){.interface = "pptp0", .pool = &pool, .pool_count = 1};
	f->machine.plan = &f->plan;
	const struct keeper_parts parts = {.machine = &f->machine,
					   .steering = &f->steering,
					   .authority = &f->keeper_end,
					   .engines = f->keeper_engines,
					   .workers = COUNT_OF(f->engines),
					   .loop = loop};
	assert_int_equal(keeper_init(&f->keeper, f->settings, &parts), 0);
	f->keeper_end.context = &f->keeper;
}

static void stop(struct fixture *f)
{
	keeper_fini(&f->keeper);
	authority_fini(&f->authority);
	seam_end_close(&f->keeper_end);
	seam_end_close(&f->authority_end);
	for (size_t i = 0; i < COUNT_OF(f->engines); i++) {
		seam_end_close(&f->keeper_engines[i]);
		seam_end_close(&f->engines[i]);
	}
	loop_fini(&f->loop);
	settings_unref(f->settings);
	log_set(NULL, NULL, LOG_LEVEL_INFO);
	unlink(f->chap);
	unlink(f->pap);
	assert_int_equal(rmdir(f->directory), 0);
}

static void write_text(const char *path, const char *text, size_t length)
{
	assert_int_equal(file_replace(path, text, length, 0600), 0);
}

/* Until that many readings have come to their end. */
static void await_ends(struct fixture *f, size_t ends)
{
	for (int turn = 0; turn < 100000 && f->ends < ends; turn++)
		assert_int_equal(loop_turn(&f->loop, 1000), 0);
	assert_int_equal(f->ends, ends);
}

static const char *secret_of(struct fixture *f, const char *user)
{
	const struct secret *secret = secrets_find(&f->authority.secrets, user, NULL, 0);
	return secret ? secret->text : "none";
}

TEST(keeper_brings_a_hundred_thousand_users_whole)
{
	enum { USERS = 100000, LINE = 64 };
	struct fixture f;
	char *text = malloc(USERS * LINE), *to = text;
	start(&f);
	for (int i = 0; i < USERS; i++)
		to += sprintf(to, "user%d\t*\tsecret-of-%d\t10.%d.%d.%d\n", i, i * 7,
			      64 + i / 65536, i / 256 % 256, i % 256);
	write_text(f.chap, text, (size_t)(to - text));
	free(text);
	assert_int_equal(keeper_send_secrets(&f.keeper), 0);
	await_ends(&f, 1);
	assert_int_equal(f.authority.secrets.count, USERS);
	assert_string_equal(secret_of(&f, "user0"), "secret-of-0");
	assert_string_equal(secret_of(&f, "user54321"), "secret-of-380247");
	assert_string_equal(secret_of(&f, "user99999"), "secret-of-699993");
	assert_string_equal(secret_of(&f, "user100000"), "none");
	assert_null(f.keeper.files); /* nothing of it stays with the keeper */
	assert_int_equal(f.authority.intake.count, 0);
	stop(&f);
}

TEST(keeper_begins_anew_when_the_file_changes_on_the_way)
{
	enum { LONG = 4 * 1024 * 1024 };
	struct fixture f;
	char *text = malloc(LONG);
	start(&f);
	memset(text, '#', LONG); /* one long comment, and a user */
	memcpy(text + LONG - 20, "\nanna * before-it *\n", 20);
	write_text(f.chap, text, LONG);
	free(text);
	assert_int_equal(keeper_send_secrets(&f.keeper), 0);
	assert_true(f.keeper.file_count > 0); /* under way: the seam could not take all */
	write_text(f.chap, "bob * after *\n", 14);
	assert_int_equal(keeper_send_secrets(&f.keeper), 0);
	await_ends(&f, 1);
	assert_string_equal(secret_of(&f, "bob"), "after");
	assert_string_equal(secret_of(&f, "anna"), "none");
	assert_int_equal(f.authority.secrets.count, 1);
	stop(&f);
}

TEST(keeper_brings_the_files_that_secrets_name_and_pap_secrets)
{
	struct fixture f;
	char named[160], text[256];
	start(&f);
	snprintf(named, sizeof(named), "%s/of-anna", f.directory);
	write_text(named, "her-secret\n", 11);
	int length = snprintf(text, sizeof(text), "anna * @%s *\ncarl * x *\n", named);
	write_text(f.chap, text, (size_t)length);
	write_text(f.pap, "bob * word *\n", 13);
	assert_int_equal(keeper_send_secrets(&f.keeper), 0);
	await_ends(&f, 1);
	unlink(named);
	assert_string_equal(secret_of(&f, "anna"), "her-secret");
	assert_int_equal(f.authority.secrets.count, 2);
	assert_int_equal(f.authority.pap_secrets.count, 1);
	stop(&f);
}

TEST(keeper_notices_a_change_and_a_new_file)
{
	struct fixture f;
	start(&f);
	assert_int_equal(keeper_send_secrets(&f.keeper), -ENOENT);
	assert_non_null(strstr(f.logged, f.chap));
	write_text(f.chap, "anna * one *\n", 13);
	await_ends(&f, 1);
	assert_string_equal(secret_of(&f, "anna"), "one");
	write_text(f.chap, "anna * two *\n", 13);
	await_ends(&f, 2);
	assert_string_equal(secret_of(&f, "anna"), "two");
	stop(&f);
}

TEST(keeper_sends_nothing_where_a_file_cannot_be_read)
{
	struct fixture f;
	start(&f);
	write_text(f.chap, "anna * one *\n", 13);
	assert_int_equal(keeper_send_secrets(&f.keeper), 0);
	await_ends(&f, 1);
	assert_int_equal(mkdir(f.pap, 0700), 0); /* not a file */
	assert_int_equal(keeper_send_secrets(&f.keeper), -EISDIR);
	assert_int_equal(rmdir(f.pap), 0);
	unlink(f.chap);
	assert_int_equal(keeper_send_secrets(&f.keeper), -ENOENT);
	for (int turn = 0; turn < 5; turn++)
		loop_turn(&f.loop, 0);
	assert_int_equal(f.ends, 1);
	assert_string_equal(secret_of(&f, "anna"), "one");
	stop(&f);
}

TEST(keeper_tells_the_worker_whose_session_may_not_have_its_identifier)
{
	struct fixture f;
	struct message_network up = {.session = 2, .remote_id = {2, 0, 0, 0, 0, 0, 0, 9}};
	const struct message_type *type = message_type(server_messages, MESSAGE_IPV6_UP);
	start(&f);
	keeper_on_message(&f.keeper, type, &up);
	up.session = 5;
	keeper_on_message(&f.keeper, type, &up);
	for (int turn = 0; turn < 1000 && !f.refused[1]; turn++)
		loop_turn(&f.loop, 10);
	assert_int_equal(f.refused[1], 5);
	assert_int_equal(f.refused[0], 0);
	/* That it comes down is nobody's news. */
	keeper_on_message(&f.keeper, message_type(server_messages, MESSAGE_IPV6_DOWN), &up);
	assert_int_equal(f.keeper.addresses.held.count, 1);
	up.session = 2;
	keeper_on_message(&f.keeper, message_type(server_messages, MESSAGE_IPV6_DOWN), &up);
	assert_int_equal(f.keeper.addresses.held.count, 0);
	stop(&f);
}

TEST(keeper_calls_the_hook_of_each_message)
{
	static const struct {
		uint16_t kind;
		const char *word;
	} rows[] = {
		{MESSAGE_NETWORK_UP, "ip-up"},
		{MESSAGE_IPV6_UP, "ipv6-up"},
		{MESSAGE_IPV6_DOWN, "ipv6-down"},
		{MESSAGE_NETWORK_DOWN, "ip-down"},
	};
	struct fixture f;
	char script[160], log[160], text[512], options[1024], got[256] = "";
	struct complaints complaints;
	start(&f);
	snprintf(script, sizeof(script), "%s/hook", f.directory);
	snprintf(log, sizeof(log), "%s/log", f.directory);
	int length = snprintf(text, sizeof(text), "#!/bin/sh\necho ${0##*/} >>%s\n", log);
	write_text(script, text, (size_t)length);
	assert_int_equal(chmod(script, 0700), 0);
	char *to = options;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char path[200];
		snprintf(path, sizeof(path), "%s/%s", f.directory, rows[i].word);
		assert_int_equal(symlink(script, path), 0);
		to += sprintf(to, "%s-script %s\n", rows[i].word, path);
	}
	struct settings *settings =
		test_load_texts("localip 10.0.0.1\nremoteip 10.0.0.100\n", options, &complaints);
	complaints_fini(&complaints);
	struct settings *before = f.keeper.settings;
	f.keeper.settings = settings;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct message_network message = {.session = 1, .remote = 0x0a000064};
		keeper_on_message(&f.keeper, message_type(server_messages, rows[i].kind), &message);
	}
	for (int turn = 0; turn < 1000 && f.keeper.hooks.running_count; turn++)
		loop_turn(&f.loop, 1000);
	f.keeper.settings = before;
	settings_unref(settings);
	FILE *file = fopen(log, "r");
	assert_non_null(file);
	got[fread(got, 1, sizeof(got) - 1, file)] = 0;
	fclose(file);
	assert_string_equal(got, "ip-up\nipv6-up\nipv6-down\nip-down\n");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char path[200];
		snprintf(path, sizeof(path), "%s/%s", f.directory, rows[i].word);
		unlink(path);
	}
	unlink(log);
	unlink(script);
	stop(&f);
}
