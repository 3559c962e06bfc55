#include "io/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

enum { OUTPUT_LIMIT = 16 * 1024 * 1024, OUTPUT_STEP = 64 * 1024 };

bool tool_find(const char *name, char path[static TOOL_PATH])
{
	static const char *const places[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin",
					     "/usr/local/sbin"};
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		int length = snprintf(path, TOOL_PATH, "%s/%s", places[i], name);
		if (length > 0 && length < TOOL_PATH && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* All that comes out of `fd`, as a string. */
static int read_all(int fd, char **output)
{
	size_t length = 0;
	char *text = NULL;
	for (;;) {
		char *more = realloc(text, length + OUTPUT_STEP + 1);
		if (!more || length > OUTPUT_LIMIT) {
			free(more ? more : text);
			return more ? -EFBIG : -ENOMEM;
		}
		text = more;
		ssize_t got = read(fd, text + length, OUTPUT_STEP);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	text[length] = 0;
	*output = text;
	return 0;
}

static int spawn(const char *path, const char *const argv[], int out, pid_t *pid)
{
	char *const environment[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
				     (char[]){"LC_ALL=C"}, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigemptyset(&none); /* our loop keeps signals blocked, the tool shall not */
	int error = posix_spawn_file_actions_init(&actions);
	if (error)
		return -error;
	if ((error = posix_spawnattr_init(&attributes))) {
		posix_spawn_file_actions_destroy(&actions);
		return -error;
	}
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (!error)
		error = posix_spawn(pid, path, &actions, &attributes, (char *const *)argv,
				    environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -error;
}

static int wait_for(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

int tool_run(const char *const argv[], char **output)
{
	char path[TOOL_PATH], *text = NULL;
	int ends[2];
	pid_t pid = 0;
	if (!tool_find(argv[0], path))
		return -ENOENT;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	int error = spawn(path, argv, ends[1], &pid);
	close(ends[1]);
	if (!error) {
		error = read_all(ends[0], &text);
		close(ends[0]); /* so that one which prints on ends, too */
		int end = wait_for(pid);
		error = error ? error : end;
	} else
		close(ends[0]);
	if (output && !error)
		*output = text;
	else
		free(text);
	return error;
}
