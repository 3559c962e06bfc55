/* Values with addresses in them. */
#include <stdio.h>
#include <stdlib.h>

#include "base/address.h"
#include "config/values.h"

static bool resolve(const struct loading *loading, const char *name, uint32_t *address)
{
	const struct config_source *source = loading->source;
	return address_parse(name, address) ||
	       (name[strspn(name, "0123456789.")] && source->resolve &&
		source->resolve(source->context, name, address));
}

static bool take_address(struct loading *loading, const struct setting *setting, const char *value)
{
	uint32_t address;
	if (!resolve(loading, value, &address))
		return setting_unexpected(loading, setting, value);
	set_number(loading, setting, address);
	return true;
}

static void print_address(const struct setting *setting, const struct settings *settings, char *to,
			  size_t size)
{
	char text[ADDRESS_TEXT];
	snprintf(to, size, "%s", address_print(number_of(setting, settings), text));
}

const struct setting_type type_address = {"an IPv4 address or a host name that is known",
					  take_address, print_address};

static bool take_ranges(struct loading *loading, const struct setting *setting, const char *value)
{
	struct address_ranges ranges = {0};
	char why[COMPLAINT_TEXT_LIMIT];
	if (!address_ranges_parse(&ranges, value, loading->source->resolve,
				  loading->source->context, why, sizeof(why))) {
		complain_here(loading, COMPLAINT_ERROR, "%s: %s", setting->keyword, why);
		return false;
	}
	uint32_t repeated = address_ranges_repeated(&ranges);
	if (repeated) {
		char text[ADDRESS_TEXT];
		complain_here(loading, COMPLAINT_ERROR, "%s: %s stands twice in the list",
			      setting->keyword, address_print(repeated, text));
		address_ranges_fini(&ranges);
		return false;
	}
	struct address_ranges *to = place(loading->settings, setting);
	address_ranges_fini(to);
	*to = ranges;
	*(to == &loading->settings->local ? &loading->said_local : &loading->said_remote) =
		loading_place(loading);
	return true;
}

static void print_ranges(const struct setting *setting, const struct settings *settings, char *to,
			 size_t size)
{
	address_ranges_print(place_of(settings, setting), to, size);
}

const struct setting_type type_ranges = {"a list of addresses", take_ranges, print_ranges};

/* pppd: the first one is the primary server, the second the secondary;
 * after that the second is said again. */
static bool take_server(struct loading *loading, const struct setting *setting, const char *value,
			uint32_t servers[2], uint32_t *count)
{
	uint32_t address;
	if (!resolve(loading, value, &address))
		return setting_unexpected(loading, setting, value);
	if (*count == 2)
		complain_here(loading, COMPLAINT_WARNING,
			      "%s: a third one takes the place of the second", setting->keyword);
	servers[*count ? 1 : 0] = address;
	*count += *count < 2;
	return true;
}

static bool take_dns(struct loading *loading, const struct setting *setting, const char *value)
{
	return take_server(loading, setting, value, loading->settings->dns, &loading->dns_count);
}

static bool take_wins(struct loading *loading, const struct setting *setting, const char *value)
{
	return take_server(loading, setting, value, loading->settings->wins, &loading->wins_count);
}

static void print_servers(const struct setting *setting, const struct settings *settings, char *to,
			  size_t size)
{
	char first[ADDRESS_TEXT], second[ADDRESS_TEXT];
	uint32_t servers[2];
	memcpy(servers, place_of(settings, setting), sizeof(servers));
	snprintf(to, size, "%s%s%s", servers[0] ? address_print(servers[0], first) : "",
		 servers[1] ? "," : "", servers[1] ? address_print(servers[1], second) : "");
}

const struct setting_type type_dns = {"the address of a name server", take_dns, print_servers};
const struct setting_type type_wins = {"the address of a WINS server", take_wins, print_servers};

/* "LOCAL:REMOTE", either may be missing. */
static bool take_local_remote(struct loading *loading, const struct setting *setting,
			      const char *value)
{
	char local[256];
	const char *remote = strchr(value, ':');
	size_t length = remote ? (size_t)(remote - value) : 0;
	if (!remote || length >= sizeof(local))
		return setting_unexpected(loading, setting, value);
	memcpy(local, value, length);
	local[length] = 0;
	if ((length && !resolve(loading, local, &loading->option_local)) ||
	    (remote[1] && !resolve(loading, remote + 1, &loading->option_remote)))
		return setting_unexpected(loading, setting, value);
	return true;
}

const struct setting_type type_local_remote = {"two IPv4 addresses, LOCAL:REMOTE",
					       take_local_remote, NULL};

/* Two halves of IPv6 addresses, LOCAL,REMOTE; the caller's own is its business. */
static bool interface_id_parse(const char *text, uint8_t id[8])
{
	uint32_t groups[4] = {0};
	size_t count = 0;
	if (strncmp(text, "::", 2))
		return false;
	for (text += 2; *text && count < 4; count++) {
		char *end;
		unsigned long group = strtoul(text, &end, 16);
		if (end == text || end - text > 4 || (*end && *end != ':') ||
		    (*end == ':' && !end[1]) || strspn(text, "0123456789abcdefABCDEF") == 0)
			return false;
		groups[count] = (uint32_t)group;
		text = *end ? end + 1 : end;
	}
	if (*text)
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t at = 2 * (4 - count + i);
		id[at] = (uint8_t)(groups[i] >> 8);
		id[at + 1] = (uint8_t)groups[i];
	}
	return true;
}

static bool take_interface_id(struct loading *loading, const struct setting *setting,
			      const char *value)
{
	char local[64];
	size_t length = strcspn(value, ",");
	uint8_t id[8] = {0}, other[8] = {0};
	if (length >= sizeof(local))
		return setting_unexpected(loading, setting, value);
	memcpy(local, value, length);
	local[length] = 0;
	const char *remote = value[length] ? value + length + 1 : "";
	if ((*local && !interface_id_parse(local, id)) ||
	    (*remote && !interface_id_parse(remote, other)))
		return setting_unexpected(loading, setting, value);
	if (*remote)
		complain_here(loading, COMPLAINT_WARNING,
			      "%s: the caller's identifier is its own; '%s' has no effect",
			      setting->keyword, remote);
	memcpy(loading->settings->interface_id, id, sizeof(id));
	loading->settings->ipv6 = true;
	return true;
}

const struct setting_type type_interface_id = {"interface identifiers as ::dead:beef,::1",
					       take_interface_id, NULL};
