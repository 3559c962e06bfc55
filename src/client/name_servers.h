/*
 * The server's DNS, given to the host's resolver for one interface: by systemd-resolved (resolvectl)
 * where it runs, else by resolvconf where it is installed. Both forget it with name_servers_drop.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

enum name_servers_door { NAME_SERVERS_NONE, NAME_SERVERS_RESOLVED, NAME_SERVERS_RESOLVCONF };

/* Which one this host has. */
enum name_servers_door name_servers_door(void);
const char *name_servers_door_name(enum name_servers_door door);

/* `all`: every name is asked there, not only what others leave (the default route leads there too).
 * 0 or -errno. */
int name_servers_take(enum name_servers_door door, const char *interface, const uint32_t dns[2],
		      bool all);
int name_servers_drop(enum name_servers_door door, const char *interface);

/* The lines that resolvconf wants on its input. Returns `to`. */
enum { NAME_SERVERS_TEXT = 2 * (ADDRESS_TEXT + 16) };
const char *name_servers_print(const uint32_t dns[2], char to[static NAME_SERVERS_TEXT]);
