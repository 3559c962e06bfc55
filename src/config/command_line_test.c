#include "base/base.h"
#include "config/setting.h"
#include "config/testing.h"

static const struct test_file files[] = {
	{"/etc/pptpd.conf", "listen 192.0.2.1\nconnections 9\nstimeout 20\npidfile /run/a\n"},
	{"/tmp/c", "connections 5\n"},
	{"/tmp/o", "mtu 1300\n"},
	{"/etc/ppp/options", "mtu 1200\nmru 1100\n"},
	{NULL, NULL}};

static bool parse(const char *const words[], struct command_line *line,
		  struct complaints *complaints)
{
	char *argv[12] = {NULL};
	int argc = 0;
	for (; words[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc];
	*line = (struct command_line){0};
	return command_line_parse(argc, argv, line, complaints);
}

static struct settings *load(const char *const words[])
{
	struct test_world world = {files};
	struct config_source source = test_source(&world);
	struct command_line line;
	struct complaints complaints = {0};
	struct settings *s = NULL;
	if (parse(words, &line, &complaints))
		config_load(&source, &line, &s, &complaints);
	assert_int_equal(s != NULL, !complaints.errors);
	complaints_fini(&complaints);
	return s;
}

TEST(arguments_stand_above_the_file_in_all_their_forms)
{
	static const char *const forms[][10] = {
		{"pptpd", "-l", "192.0.2.9", "-C", "3", "-o", "/tmp/o", "-d"},
		{"pptpd", "-l192.0.2.9", "-C3", "-do/tmp/o"},
		{"pptpd", "--listen", "192.0.2.9", "--connections", "3", "--option", "/tmp/o",
		 "--debug"},
		{"pptpd", "--listen=192.0.2.9", "--connections=3", "--option=/tmp/o", "--deb"},
		{"pptpd", "-C", "8", "-C", "3", "-do", "/tmp/o", "--lis=192.0.2.9"},
	};
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		struct settings *s = load(forms[i]);
		assert_non_null(s);
		assert_int_equal(s->listen, 0xc0000209);
		assert_int_equal(s->connections, 3);
		assert_int_equal(s->mtu, 1300);
		assert_int_equal(s->mru, 1100);
		assert_int_equal(s->stimeout_ms, 20000);
		assert_string_equal(s->pid_file, "/run/a");
		assert_true(s->debug);
		settings_unref(s);
	}
}

TEST(every_argument_of_pptpd_is_taken)
{
	static const char *const words[] = {"pptpd",  "-fdiDw",   "-t7",
					    "-s9600", "-p/run/b", "-e/usr/sbin/pppd",
					    "-beth0", "-Vred",    NULL};
	struct settings *s = load(words);
	assert_non_null(s);
	assert_true(s->debug && s->no_ipparam && s->delegate);
	assert_int_equal(s->stimeout_ms, 7000);
	assert_int_equal(s->speed, 9600);
	assert_string_equal(s->pid_file, "/run/b");
	assert_string_equal(s->vrf, "red");
	settings_unref(s);
}

TEST(a_file_given_with_c_is_read_alone)
{
	static const char *const words[] = {"pptpd", "-c", "/tmp/c", NULL};
	struct settings *s = load(words);
	assert_non_null(s);
	assert_int_equal(s->connections, 5);
	assert_int_equal(s->listen, 0);
	assert_int_equal(s->mru, 1500); /* /etc/ppp/options was not read */
	settings_unref(s);
	static const char *const missing[] = {"pptpd", "-c", "/tmp/d", NULL};
	assert_null(load(missing));
}

TEST(words_about_the_program_itself_are_told)
{
	static const char *const words[] = {"pptpd", "-fhv", "--conf=/x", NULL};
	struct command_line line;
	struct complaints complaints = {0};
	assert_true(parse(words, &line, &complaints));
	assert_true(line.foreground && line.help && line.version);
	assert_string_equal(line.conf, "/x");
	assert_int_equal(line.count, 0);
	assert_int_equal(complaints.count, 0);
}

TEST(arguments_that_are_none_are_errors)
{
	static const struct {
		const char *words[4], *says;
	} cases[] = {
		{{"pptpd", "-x"}, "-x is no option"},
		{{"pptpd", "--lisen", "1.2.3.4"}, "--listen"},
		{{"pptpd", "-l"}, "-l: expected"},
		{{"pptpd", "--listen"}, "--listen: expected"},
		{{"pptpd", "--debug=yes"}, "takes no value"},
		{{"pptpd", "word"}, "'word' is no option"},
		{{"pptpd", "--"}, "'--' is no option"},
		{{"pptpd", "-"}, "'-' is no option"},
		{{"pptpd", "--=x"}, "is no option"},
		{{"pptpd", "--d"}, "--d is no option"}, /* debug or delegate? */
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct command_line line;
		struct complaints complaints = {0};
		assert_false(parse(cases[i].words, &line, &complaints));
		assert_int_equal(complaints.errors, 1);
		if (!test_complaint(&complaints, cases[i].says))
			fail_msg("case %zu: %s", i, complaints.list[0].text);
		complaints_fini(&complaints);
	}
}

TEST(too_many_arguments_are_an_error)
{
	char *argv[COMMAND_LINE_LIMIT + 3] = {"pptpd"};
	struct command_line line = {0};
	struct complaints complaints = {0};
	for (size_t i = 1; i < COUNT_OF(argv); i++)
		argv[i] = "-d";
	assert_false(command_line_parse(COUNT_OF(argv), argv, &line, &complaints));
	complaints_fini(&complaints);
	line = (struct command_line){0};
	assert_true(command_line_parse(0, argv, &line, &complaints));
}

TEST(help_names_every_argument)
{
	char text[4096], small[20];
	command_line_help(text, sizeof(text));
	for (size_t i = 0; i < table_arguments.count; i++)
		assert_non_null(strstr(text, table_arguments.rows[i].keyword));
	assert_int_equal(strlen(command_line_help(small, sizeof(small))), sizeof(small) - 1);
}
