#include "io/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"

static int read_all(int fd, char *bytes, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t part = read(fd, bytes + done, length - done);
		if (part < 0 && errno == EINTR)
			continue;
		if (part <= 0)
			return part < 0 ? -errno : -EIO; /* it grew shorter under us */
		done += (size_t)part;
	}
	return 0;
}

int file_read(const char *path, char **bytes, size_t *length)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	int error = fstat(fd, &status) ? -errno : 0;
	if (!error && !S_ISREG(status.st_mode))
		error = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	if (!error && status.st_size > FILES_LIMIT)
		error = -EFBIG;
	if (!error) {
		*length = (size_t)status.st_size;
		*bytes = malloc(*length + 1);
		error = *bytes ? read_all(fd, *bytes, *length) : -ENOMEM;
		if (error && *bytes) {
			secret_wipe(*bytes, *length);
			free(*bytes);
		}
	}
	close(fd);
	return error;
}

static int write_all(int fd, const char *bytes, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t part = write(fd, bytes + done, length - done);
		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return -errno;
		done += (size_t)part;
	}
	return fsync(fd) ? -errno : 0;
}

int file_replace(const char *path, const void *bytes, size_t length, unsigned mode)
{
	char beside[4096];
	struct stat before;
	if (snprintf(beside, sizeof(beside), "%s.new.XXXXXX", path) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	bool existed = stat(path, &before) == 0;
	int fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = fchmod(fd, existed ? before.st_mode & 07777 : mode) ? -errno : 0;
	if (!error && existed && fchown(fd, before.st_uid, before.st_gid))
		error = -errno;
	if (!error)
		error = write_all(fd, bytes, length);
	close(fd);
	if (!error && rename(beside, path))
		error = -errno;
	if (error)
		unlink(beside);
	return error;
}

static int load(void *context, const char *path, char **bytes, size_t *length)
{
	(void)context;
	return file_read(path, bytes, length);
}

static void list(void *context, const char *directory, config_name_sink *sink, void *to)
{
	(void)context;
	DIR *stream = opendir(directory);
	struct dirent *entry;
	while (stream && (entry = readdir(stream)))
		sink(to, entry->d_name);
	if (stream)
		closedir(stream);
}

static bool resolve(void *context, const char *name, uint32_t *address)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
	(void)context;
	if (getaddrinfo(name, NULL, &hints, &found) || !found)
		return false;
	struct sockaddr_in first;
	memcpy(&first, found->ai_addr, sizeof(first));
	*address = ntohl(first.sin_addr.s_addr);
	freeaddrinfo(found);
	return true;
}

struct config_source files_source(const char *host_name)
{
	return (struct config_source){
		.load = load, .list = list, .resolve = resolve, .host_name = host_name};
}
