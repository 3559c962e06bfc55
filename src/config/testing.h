/* A world of files in memory, for the tests of this room. */
#pragma once
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "tests/test.h"

struct test_file {
	const char *path, *text;
};

/* Ends with a row of NULLs. */
struct test_world {
	const struct test_file *files;
};

static inline int test_load(void *context, const char *path, char **bytes, size_t *length)
{
	const struct test_world *world = context;
	for (const struct test_file *f = world->files; f->path; f++)
		if (!strcmp(f->path, path)) {
			*length = strlen(f->text);
			*bytes = malloc(*length + 1);
			memcpy(*bytes, f->text, *length);
			return 0;
		}
	return -ENOENT;
}

static inline void test_list(void *context, const char *directory, config_name_sink *sink, void *to)
{
	const struct test_world *world = context;
	size_t length = strlen(directory);
	for (const struct test_file *f = world->files; f->path; f++)
		if (!strncmp(f->path, directory, length) && !strchr(f->path + length, '/'))
			sink(to, f->path + length);
}

static inline bool test_resolve(void *context, const char *name, uint32_t *address)
{
	*address = 0xc0000207; /* 192.0.2.7 */
	return !strcmp(name, "vpn.example.org");
}

static inline struct config_source test_source(struct test_world *world)
{
	return (struct config_source){world, test_load, test_list, test_resolve, "gate"};
}

/* The first complaint whose printed form holds `part`, or NULL. */
static inline const struct complaint *test_complaint(const struct complaints *complaints,
						     const char *part)
{
	char text[1024];
	for (size_t i = 0; i < complaints->count; i++)
		if (strstr(complaint_print(&complaints->list[i], text, sizeof(text)), part))
			return &complaints->list[i];
	return NULL;
}

/*
 * pptpd.conf and an options file (NULL: none) as texts. NULL where they are refused. The caller
 * unrefs and finishes the complaints.
 */
static inline struct settings *test_load_texts(const char *conf, const char *options,
					       struct complaints *complaints)
{
	char text[4096];
	snprintf(text, sizeof(text), "%s%s", conf, options ? "\noption /etc/ppp/o\n" : "");
	const struct test_file files[] = {
		{"/etc/pptpd.conf", text}, {"/etc/ppp/o", options ? options : ""}, {NULL, NULL}};
	struct test_world world = {files};
	struct config_source source = test_source(&world);
	struct settings *settings;
	*complaints = (struct complaints){0};
	bool fine = config_load(&source, NULL, &settings, complaints);
	assert_int_equal(fine, settings != NULL);
	assert_int_equal(fine, complaints->errors == 0);
	return settings;
}

/* Fails the test, and shows what there is, where no complaint of that severity holds `part`. */
static inline void test_expect_complaint(const struct complaints *complaints,
					 enum severity severity, const char *part)
{
	const struct complaint *found = test_complaint(complaints, part);
	char text[1024];
	for (size_t i = 0; !found && i < complaints->count; i++)
		print_message("# there is: %s\n",
			      complaint_print(&complaints->list[i], text, sizeof(text)));
	if (!found)
		fail_msg("no complaint with: %s", part);
	else
		assert_int_equal(found->severity, severity);
}
