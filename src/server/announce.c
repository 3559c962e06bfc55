#include "server/announce.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/base.h"
#include "base/log.h"
#include "io/netlink.h"

enum { LOOPBACK_NETWORK = 127 };

struct addresses {
	char text[256];
	size_t length;
	int except; /* our TUN device, whose addresses nobody dials */
};

static void add_address(void *context, const struct netlink_subnet *subnet)
{
	struct addresses *addresses = context;
	char address[ADDRESS_TEXT];
	if (subnet->index == addresses->except || subnet->address >> 24 == LOOPBACK_NETWORK)
		return;
	int octets = snprintf(
		addresses->text + addresses->length, sizeof(addresses->text) - addresses->length,
		"%s%s", addresses->length ? " or " : "", address_print(subnet->address, address));
	addresses->length =
		MIN_OF(addresses->length + (size_t)MAX_OF(octets, 0), sizeof(addresses->text) - 1);
}

/* Where callers reach this host, as far as it knows: behind a NAT the world knows another address. */
static void find_addresses(struct addresses *addresses, const struct settings *settings)
{
	struct netlink netlink;
	if (settings->listen) {
		add_address(addresses, &(struct netlink_subnet){.address = settings->listen});
	} else if (!netlink_open(&netlink)) {
		netlink_each_subnet(&netlink, add_address, addresses);
		netlink_close(&netlink);
	}
	if (!addresses->length)
		snprintf(addresses->text, sizeof(addresses->text), "this host");
}

static void announce_built_in(const struct settings *settings, const struct built_in *built_in,
			      int interface_index)
{
	struct addresses addresses = {.except = interface_index};
	find_addresses(&addresses, settings);
	if (*built_in->user)
		log_info("no %s: serving the built-in configuration. Dial %s by PPTP with user "
			 "\"%s\" and password \"%s\" (kept in %s)",
			 CONFIG_PPTPD_CONF, addresses.text, built_in->user, built_in->password,
			 built_in->secrets);
	else
		log_info("no %s: serving the built-in configuration. Dial %s by PPTP with a user "
			 "of %s",
			 CONFIG_PPTPD_CONF, addresses.text, built_in->secrets);
}

void announce(const struct settings *settings, const struct built_in *built_in,
	      const struct site *site)
{
	char listen[ADDRESS_TEXT], local[ADDRESS_TEXT], remote[256];
	log_info("poptun %s serves listen=%s interface=%s localip=%s remoteip=%s "
		 "connections=%" PRIu32 " workers=%" PRIu32,
		 POPTUN_VERSION, address_print(settings->listen, listen), settings->interface,
		 address_print(address_ranges_nth(&settings->local, 0), local),
		 address_ranges_print(&settings->remote, remote, sizeof(remote)),
		 settings->connections, site->workers);
	log_info("PPTP is weak by design: MS-CHAPv2 falls to one search of 2^56 keys, and MPPE "
		 "proves no packet's integrity. Use it where nothing better is spoken, and do not "
		 "trust it with secrets.");
	if (built_in->in_use)
		announce_built_in(settings, built_in, site->machine.index);
}
