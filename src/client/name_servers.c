#include "client/name_servers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "io/io.h"
#include "io/tool.h"

enum name_servers_door name_servers_door(void)
{
	char path[TOOL_PATH];
	if (tool_find("resolvectl", path) && access("/run/systemd/resolve/resolv.conf", F_OK) == 0)
		return NAME_SERVERS_RESOLVED;
	if (tool_find("resolvconf", path))
		return NAME_SERVERS_RESOLVCONF;
	return NAME_SERVERS_NONE;
}

const char *name_servers_door_name(enum name_servers_door door)
{
	static const char *const names[] = {"nobody", "systemd-resolved", "resolvconf"};
	return names[door];
}

const char *name_servers_print(const uint32_t dns[2], char to[static NAME_SERVERS_TEXT])
{
	char address[ADDRESS_TEXT];
	size_t length = 0;
	*to = 0;
	for (int i = 0; i < 2; i++)
		if (dns[i])
			length +=
				(size_t)snprintf(to + length, NAME_SERVERS_TEXT - length,
						 "nameserver %s\n", address_print(dns[i], address));
	return to;
}

static int tell_resolved(const char *interface, const uint32_t dns[2], bool all)
{
	char first[ADDRESS_TEXT], second[ADDRESS_TEXT];
	const char *words[6] = {"resolvectl", "dns", interface};
	const char *const everything[] = {"resolvectl", "domain", interface, "~.", NULL};
	size_t n = 3;
	if (dns[0])
		words[n++] = address_print(dns[0], first);
	if (dns[1])
		words[n++] = address_print(dns[1], second);
	int error = tool_run(words, NULL);
	return error || !all ? error : tool_run(everything, NULL);
}

/* resolvconf reads its input, which tool_run leaves empty; a shell hands it over. The interface's
 * name and the addresses are our own and hold nothing that a shell takes for more. */
static int tell_resolvconf(const char *interface, const uint32_t dns[2])
{
	char text[NAME_SERVERS_TEXT], name[32], path[TOOL_PATH];
	snprintf(name, sizeof(name), "%s.poptun", interface);
	if (!tool_find("resolvconf", path))
		return -ENOENT;
	const char *const words[] = {"sh",
				     "-c",
				     "printf %s \"$1\" | exec \"$2\" -a \"$3\"",
				     "sh",
				     name_servers_print(dns, text),
				     path,
				     name,
				     NULL};
	return tool_run(words, NULL);
}

int name_servers_take(enum name_servers_door door, const char *interface, const uint32_t dns[2],
		      bool all)
{
	if (door == NAME_SERVERS_RESOLVED)
		return tell_resolved(interface, dns, all);
	if (door == NAME_SERVERS_RESOLVCONF)
		return tell_resolvconf(interface, dns);
	return -ENOENT;
}

int name_servers_drop(enum name_servers_door door, const char *interface)
{
	char name[32];
	const char *const resolved[] = {"resolvectl", "revert", interface, NULL};
	const char *const resolvconf[] = {"resolvconf", "-d", name, NULL};
	snprintf(name, sizeof(name), "%s.poptun", interface);
	if (door == NAME_SERVERS_RESOLVED)
		return tool_run(resolved, NULL);
	if (door == NAME_SERVERS_RESOLVCONF)
		return tool_run(resolvconf, NULL);
	return 0;
}
