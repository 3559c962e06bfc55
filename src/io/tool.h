/* Runs another program of the system, such as iptables-save, and waits for it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { TOOL_PATH = 256 };

/* Where the program lies (/usr/sbin and its like,
 * whatever our own PATH is); false: not installed. */
bool tool_find(const char *name, char path[static TOOL_PATH]);

/*
 * Runs it with a clean environment, no input, and complaints thrown away; argv[0] is its name, NULL
 * ends argv. output  NULL, or receives what it printed (up to 16 MiB), for the caller to free 0,
 * -ENOENT where it is not installed, -EIO where it ended with another status than 0, or -errno.
 */
int tool_run(const char *const argv[], char **output);
