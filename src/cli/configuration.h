/* The server's configuration, as commands beside the server read it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

#define CONFIGURATION_SOCKET  "/run/poptun/poptun.sock"
#define CONFIGURATION_SECRETS "/etc/ppp/chap-secrets"

/* Reads FILE, or what a server without -c reads where it is NULL. One reference, or NULL; the
 * complaints are the caller's in both cases. */
struct settings *configuration_read(const char *file, struct complaints *complaints);

/* Its control socket; the default where the configuration cannot be used. Returns `path`. */
const char *configuration_socket(const char *file, char *path, size_t size);

/* Its chap-secrets; the default where the configuration cannot be used. Returns `path`. */
const char *configuration_secrets(const char *file, char *path, size_t size);
