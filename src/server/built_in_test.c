#include "server/built_in.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/secrets.h"
#include "tests/test.h"

/* A directory of the test's own; a state directory inside of it, not made yet. */
struct fixture {
	char directory[64], state[128], secrets[160], conf[128];
	struct built_in_places places;
	struct built_in built_in;
	char why[640];
};

static void start(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->directory, "/tmp/poptun-built-in-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	snprintf(f->state, sizeof(f->state), "%s/state", f->directory);
	snprintf(f->secrets, sizeof(f->secrets), "%s/chap-secrets", f->state);
	snprintf(f->conf, sizeof(f->conf), "%s/pptpd.conf", f->directory);
	f->places = (struct built_in_places){f->conf, f->state};
}

static void stop(struct fixture *f)
{
	unlink(f->secrets);
	rmdir(f->state);
	unlink(f->conf);
	assert_int_equal(rmdir(f->directory), 0);
}

static int prepare(struct fixture *f, const char *conf)
{
	return built_in_prepare_in(&f->built_in, &f->places, conf, f->why, sizeof(f->why));
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

TEST(built_in_makes_a_user_once_and_keeps_it)
{
	struct fixture f;
	struct stat status;
	char password[64];
	start(&f);
	assert_int_equal(prepare(&f, NULL), 0);
	assert_true(f.built_in.in_use);
	assert_string_equal(f.built_in.user, "poptun");
	strcpy(password, f.built_in.password);
	assert_int_equal(stat(f.secrets, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(stat(f.state, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_int_equal(prepare(&f, NULL), 0);
	assert_string_equal(f.built_in.password, password);
	stop(&f);
}

/* 20 of 55 characters, evenly by random_below: more than 110 bits. */
TEST(built_in_passwords_are_long_and_never_the_same)
{
	enum { TIMES = 64 };
	static const char unlike[] = "0O1lI";
	static char all[TIMES][64];
	bool seen[256] = {false};
	size_t distinct = 0;
	for (size_t i = 0; i < TIMES; i++) {
		struct fixture f;
		start(&f);
		assert_int_equal(prepare(&f, NULL), 0);
		strcpy(all[i], f.built_in.password);
		assert_int_equal(strlen(all[i]), 20);
		assert_int_equal(strcspn(all[i], unlike), 20);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(all[i], all[k]);
		for (const char *c = all[i]; *c; c++)
			seen[(unsigned char)*c] = true;
		stop(&f);
	}
	for (size_t c = 0; c < 256; c++)
		distinct += seen[c];
	assert_true(distinct > 50); /* of 1,280 draws, all but certainly all of them */
}

TEST(built_in_leaves_alone_what_the_administrator_made_of_the_file)
{
	struct fixture f;
	static const char own[] = "anna * \"her secret\" *\n";
	char got[128] = "";
	start(&f);
	assert_int_equal(prepare(&f, NULL), 0);
	write_text(f.secrets, own);
	assert_int_equal(prepare(&f, NULL), 0);
	assert_string_equal(f.built_in.user, "");
	assert_string_equal(f.built_in.password, "");
	FILE *file = fopen(f.secrets, "r");
	assert_non_null(fgets(got, sizeof(got), file));
	fclose(file);
	assert_string_equal(got, own);
	write_text(f.secrets, "poptun * \"changed by hand\" *\n");
	assert_int_equal(prepare(&f, NULL), 0);
	assert_string_equal(f.built_in.password, "changed by hand");
	stop(&f);
}

TEST(built_in_is_not_in_use_where_there_is_a_configuration_or_one_was_named)
{
	struct fixture f;
	start(&f);
	assert_int_equal(prepare(&f, "/nowhere/pptpd.conf"), 0);
	assert_false(f.built_in.in_use);
	write_text(f.conf, "");
	assert_int_equal(prepare(&f, NULL), 0);
	assert_false(f.built_in.in_use);
	assert_int_equal(access(f.state, F_OK), -1);
	stop(&f);
}

TEST(built_in_says_what_it_could_not_do)
{
	struct fixture f;
	start(&f);
	write_text(f.state, ""); /* a file in the place of the directory */
	assert_true(prepare(&f, NULL) < 0);
	assert_non_null(strstr(f.why, f.state));
	unlink(f.state);
	stop(&f);
}

TEST(built_in_stands_for_pptpd_conf_and_serves)
{
	struct fixture f;
	struct settings *settings;
	struct complaints complaints = {0};
	start(&f);
	assert_int_equal(prepare(&f, NULL), 0);
	struct config_source source = built_in_source(&f.built_in, "gate");
	assert_true(config_load(&source, NULL, &settings, &complaints));
	assert_int_equal(complaints.count, 0);
	assert_string_equal(settings->chap_secrets, f.secrets);
	assert_int_equal(settings->remote.count, 101);
	assert_int_equal(address_ranges_nth(&settings->remote, 0) -
				 address_ranges_nth(&settings->local, 0),
			 99);
	complaints_fini(&complaints);
	settings_unref(settings);
	stop(&f);
}
