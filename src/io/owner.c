/* Who listens at a port: /proc/net/tcp gives the socket's inode,
 * and one of the processes' descriptors is a link to it. */
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/listener.h"

enum { TCP_LISTENING = 0x0a };

/* The inode in a line of the table where that socket listens at `port`; else 0. The columns:
 * sl local:port remote:port state queues timer retransmit uid timeout inode … */
static uint64_t read_inode(char *line, uint16_t port)
{
	enum { LOCAL = 1, STATE = 3, INODE = 9, COLUMNS };
	char *columns[COLUMNS], *rest = NULL;
	for (size_t i = 0; i < COLUMNS; i++)
		if (!(columns[i] = strtok_r(i ? NULL : line, " \n", &rest)))
			return 0;
	const char *colon = strchr(columns[LOCAL], ':');
	if (!colon || strtoul(colon + 1, NULL, 16) != port ||
	    strtoul(columns[STATE], NULL, 16) != TCP_LISTENING)
		return 0;
	return strtoull(columns[INODE], NULL, 10);
}

/* The inode of the socket that listens at `port`; 0: none in this file. */
static uint64_t find_inode(const char *path, uint16_t port)
{
	FILE *file = fopen(path, "re");
	char line[512];
	uint64_t found = 0;
	while (file && !found && fgets(line, sizeof(line), file))
		found = read_inode(line, port);
	if (file)
		fclose(file);
	return found;
}

static bool process_holds(const char *process, uint64_t inode)
{
	char path[300], wanted[64], link[64];
	bool holds = false;
	snprintf(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", inode);
	snprintf(path, sizeof(path), "/proc/%.20s/fd", process);
	DIR *descriptors = opendir(path);
	for (struct dirent *entry; descriptors && !holds && (entry = readdir(descriptors));) {
		ssize_t length =
			readlinkat(dirfd(descriptors), entry->d_name, link, sizeof(link) - 1);
		link[length < 0 ? 0 : length] = 0;
		holds = !strcmp(link, wanted);
	}
	if (descriptors)
		closedir(descriptors);
	return holds;
}

static void print_process(const char *process, char *who)
{
	char path[64], name[64] = "a process";
	snprintf(path, sizeof(path), "/proc/%.20s/comm", process);
	FILE *file = fopen(path, "re");
	if (file && fgets(name, sizeof(name), file))
		name[strcspn(name, "\n")] = 0;
	if (file)
		fclose(file);
	snprintf(who, WHY_SIZE, "%s (process %.20s)", name, process);
}

bool listener_find_owner(uint16_t port, char who[static WHY_SIZE])
{
	uint64_t inode = find_inode("/proc/self/net/tcp", port);
	bool found = false;
	if (!inode)
		inode = find_inode("/proc/self/net/tcp6", port);
	DIR *processes = inode ? opendir("/proc") : NULL;
	for (struct dirent *entry; processes && !found && (entry = readdir(processes));) {
		found = isdigit((unsigned char)entry->d_name[0]) &&
			process_holds(entry->d_name, inode);
		if (found)
			print_process(entry->d_name, who);
	}
	if (processes)
		closedir(processes);
	return found;
}
