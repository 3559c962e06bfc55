/* Whole files in and out, and what the configuration asks
 * of the world outside (struct config_source). */
#pragma once
#include <stddef.h>

#include "config/config.h"

enum { FILES_LIMIT = 256 * 1024 * 1024 }; /* octets of one file */

/* Reads a whole regular file into a malloc'ed buffer, which the caller wipes and frees. 0, or
 * -errno: -EFBIG beyond FILES_LIMIT, -EISDIR and the like where it is no regular file. */
int file_read(const char *path, char **bytes, size_t *length);

/* Writes a file anew: beside it first, then renamed over it, so that a reader sees the old one or
 * the new one. Owner and mode of an existing file are kept, else root's and `mode`. 0 or -errno. */
int file_replace(const char *path, const void *bytes, size_t length, unsigned mode);

/* Files, directories and host names of this machine. `host_name` must outlive it. */
struct config_source files_source(const char *host_name);
