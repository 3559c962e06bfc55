#include "io/forwarding.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char ip_forward[] = "/proc/sys/net/ipv4/ip_forward";

enum { NOTE_LENGTH = 96 };

/* The start of a file as a string without its newline. 0 or -errno. */
static int file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t length = read(fd, text, size - 1);
	int error = length < 0 ? -errno : 0;
	close(fd);
	text[length < 0 ? 0 : length] = 0;
	text[strcspn(text, "\n")] = 0;
	return error;
}

/* Writes the text whole and with a newline. */
static int file_write(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0600);
	if (fd < 0)
		return -errno;
	int length = dprintf(fd, "%s\n", text);
	int error = length < 0 ? -errno : 0;
	if (close(fd) && !error)
		error = -errno;
	return error;
}

/* What holds here and now: this boot, this namespace. */
static int here(char text[static NOTE_LENGTH])
{
	struct stat namespace;
	char boot[64];
	int error = file_read("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	if (!error && stat("/proc/self/ns/net", &namespace))
		error = -errno;
	if (!error)
		snprintf(text, NOTE_LENGTH, "%.40s %ju", boot, (uintmax_t) namespace.st_ino);
	return error;
}

static void note_path(const char *run_directory, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/ip_forward-was-off", run_directory);
}

static bool note_holds(const char *run_directory)
{
	char path[PATH_MAX], noted[NOTE_LENGTH], now[NOTE_LENGTH];
	note_path(run_directory, path);
	return file_read(path, noted, sizeof(noted)) == 0 && here(now) == 0 &&
	       strcmp(noted, now) == 0;
}

static int note_write(const char *run_directory)
{
	char path[PATH_MAX], now[NOTE_LENGTH];
	note_path(run_directory, path);
	int error = here(now);
	return error ? error : file_write(path, O_CREAT | O_TRUNC, now);
}

static void note_remove(const char *run_directory)
{
	char path[PATH_MAX];
	note_path(run_directory, path);
	unlink(path);
}

int forwarding_on(const char *run_directory, bool *was_off)
{
	char value[8];
	int error = file_read(ip_forward, value, sizeof(value));
	bool off = !error && strcmp(value, "0") == 0;
	if (was_off)
		*was_off = off;
	if (error || !off)
		return error;
	/* First the note: a kill between the two leaves a note that does no harm. */
	error = note_write(run_directory);
	if (!error)
		error = file_write(ip_forward, 0, "1");
	if (error)
		note_remove(run_directory);
	return error;
}

int forwarding_restore(const char *run_directory, bool others_forward)
{
	if (!note_holds(run_directory) || others_forward)
		return 0;
	int error = file_write(ip_forward, 0, "0");
	if (!error)
		note_remove(run_directory);
	return error;
}
