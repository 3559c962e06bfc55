/* The program under pptpd's name: pptpd's command line, and the server in the background. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "server/serve.h"

static int usage(FILE *to)
{
	char text[8192];
	fprintf(to,
		"usage: pptpd [OPTION...]\n\n"
		"poptun, called by pptpd's name: the PPTP server, in the background unless -f. "
		"`poptun help` tells\nof its other commands.\n\n%s",
		command_line_help(text, sizeof(text)));
	return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

/* The log of a daemon goes where pptpd's goes; until it serves, its starter reads it too. */
struct background {
	atomic_int ready_fd; /* tells the starter; -1: it has been told. Workers write lines, too */
};

static void write_line(void *context, enum log_level level, const char *line)
{
	static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
	const struct background *background = context;
	syslog(priorities[level], "%s", line);
	if (background->ready_fd >= 0 && level <= LOG_LEVEL_WARNING)
		fprintf(stderr, "pptpd: %s\n", line);
}

static void on_ready(void *context)
{
	struct background *background = context;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0)
		dup2(null, STDERR_FILENO);
	if (write(background->ready_fd, "", 1) != 1)
		syslog(LOG_WARNING, "who started the server did not wait for it");
	close(background->ready_fd);
	background->ready_fd = -1;
}

/* The child: a session of its own, no terminal, no directory in use. */
static int run_behind(const struct serve_options *options, int ready_fd)
{
	struct background background = {ready_fd};
	struct serve_options telling = *options;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (setsid() < 0 || chdir("/") || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0)
		return EXIT_FAILED;
	openlog("pptpd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	log_set(write_line, &background, LOG_LEVEL_INFO);
	telling.on_ready = on_ready;
	telling.context = &background;
	return serve_run(&telling);
}

/* The starter: goes when the server serves, or with its failure. */
static int await(pid_t child, int ready_fd)
{
	char byte;
	ssize_t length;
	int status = 0;
	while ((length = read(ready_fd, &byte, 1)) < 0 && errno == EINTR)
		continue;
	if (length == 1)
		return EXIT_DONE;
	waitpid(child, &status, 0);
	return EXIT_FAILED;
}

static int run_in_background(const struct serve_options *options)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC)) {
		perror("pptpd: cannot start in the background");
		return EXIT_FAILED;
	}
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		return run_behind(options, ends[1]);
	}
	close(ends[1]);
	int status = EXIT_FAILED;
	if (child > 0)
		status = await(child, ends[0]);
	else
		perror("pptpd: cannot start in the background");
	close(ends[0]);
	return status;
}

int pptpd_main(int argc, char **argv)
{
	struct serve_options options = {0};
	struct complaints complaints = {0};
	bool good = command_line_parse(argc, argv, &options.line, &complaints);
	for (size_t i = 0; i < complaints.count; i++)
		fprintf(stderr, "pptpd: %s\n", complaints.list[i].text);
	complaints_fini(&complaints);
	if (!good)
		return usage(stderr);
	if (options.line.help)
		return usage(stdout);
	if (options.line.version) {
		puts("pptpd (poptun " POPTUN_VERSION ")");
		return EXIT_DONE;
	}
	return options.line.foreground ? serve_run(&options) : run_in_background(&options);
}
