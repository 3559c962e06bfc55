#include "server/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "base/reader.h"
#include "io/tun.h"

enum { PPTP_PORT = 1723, TUN_MTU = 1500 };

static size_t spans_of(const struct address_ranges *ranges, struct address_span *to, size_t limit)
{
	size_t count = 0;
	for (size_t i = 0; i < ranges->length; i++) {
		const struct address_range *range = &ranges->ranges[i];
		if (range->step == 1 && count < limit) {
			to[count++] = (struct address_span){range->first,
							    range->first + range->count - 1};
			continue;
		}
		for (uint32_t k = 0; k < range->count && count < limit; k++) {
			uint32_t address = range->first + k * range->step;
			to[count++] = (struct address_span){address, address};
		}
	}
	return count;
}

static size_t addresses_of(const struct address_ranges *ranges, uint32_t *to, size_t limit)
{
	size_t count = 0;
	for (; count < MIN_OF(ranges->count, limit); count++)
		to[count] = address_ranges_nth(ranges, (uint32_t)count);
	return count;
}

static uint64_t number_of(const uint8_t id[8])
{
	struct reader in = reader_of(id, 8);
	return read_u64(&in);
}

static void make_plan(struct site *site, const struct settings *settings,
		      const uint8_t interface_id[8])
{
	site->plan = (struct machine_plan){
		.interface = settings->interface,
		.mtu = TUN_MTU,
		.local = site->local,
		.local_count = addresses_of(&settings->local, site->local, COUNT_OF(site->local)),
		.pool = site->pool,
		.pool_count = spans_of(&settings->remote, site->pool, COUNT_OF(site->pool)),
		.link_local_id = settings->ipv6 ? number_of(interface_id) : 0,
		.listen = settings->listen,
		.nat = (enum nat_policy)settings->nat,
		.proxyarp = settings->proxy_arp,
		.run_directory = settings->run_directory,
	};
}

/* Rules of others that drop what we let through: said at start, and kept for `status`. */
static void look_for_foreign_rules(struct site *site)
{
	static struct foreign_findings findings; /* too large for a stack */
	char text[FOREIGN_SENTENCE];
	findings.count = 0;
	if (machine_foreign(&site->plan, &findings))
		return;
	for (size_t i = 0; i < findings.count; i++) {
		log_warning("%s", foreign_print(&findings.all[i], text));
		char *copy = strdup(text);
		if (copy)
			site->warnings[site->warning_count++] = copy;
	}
}

bool site_make_directory(struct site *site, const char *path)
{
	if (!mkdir(path, 0755) || errno == EEXIST)
		return true;
	snprintf(site->why, sizeof(site->why), "cannot make the directory %s: %s", path,
		 strerror(errno));
	return false;
}

static bool open_gre(struct site *site, const struct settings *settings)
{
	int fd = gre_socket_open(settings->listen, settings->vrf, site->why);
	if (fd < 0)
		return false;
	if (gre_port_init(&site->gre, fd)) {
		close(fd);
		snprintf(site->why, sizeof(site->why), "out of memory");
		return false;
	}
	return site->has_gre = true;
}

static bool open_listener(struct site *site, const struct settings *settings)
{
	const struct endpoint at = {settings->listen, PPTP_PORT};
	return site->has_listener = !listener_open(&site->listener, at, settings->vrf, site->why);
}

static bool raise_machine(struct site *site)
{
	site->has_machine = !machine_up(&site->plan, &site->machine);
	if (!site->has_machine)
		memcpy(site->why, site->machine.why, sizeof(site->machine.why));
	return site->has_machine;
}

bool site_open(struct site *site, const struct settings *settings, const uint8_t interface_id[8])
{
	*site = (struct site){0};
	if (!site_make_directory(site, settings->run_directory))
		return false;
	site->tun_fd = tun_open_super(settings->interface, site->why);
	site->has_tun = site->tun_fd >= 0;
	make_plan(site, settings, interface_id);
	/* GRE before a call can be answered: without it the kernel tells callers "protocol unreachable". */
	if (!site->has_tun || !open_gre(site, settings) || !open_listener(site, settings) ||
	    !raise_machine(site))
		return false;
	look_for_foreign_rules(site);
	return true;
}

void site_close(struct site *site)
{
	if (site->has_machine)
		machine_down(&site->machine);
	if (site->has_listener)
		listener_close(&site->listener);
	if (site->has_gre)
		gre_port_fini(&site->gre);
	if (site->has_tun)
		close(site->tun_fd);
	for (size_t i = 0; i < site->warning_count; i++)
		free(site->warnings[i]);
	*site = (struct site){0};
}
