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
#include "io/processors.h"
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

bool site_make_directory(struct site *site, const char *path)
{
	if (!mkdir(path, 0755) || errno == EEXIST)
		return true;
	snprintf(site->why, sizeof(site->why), "cannot make the directory %s: %s", path,
		 strerror(errno));
	return false;
}

static void warn(struct site *site, const char *text)
{
	char *copy = strdup(text);
	log_warning("%s", text);
	if (copy)
		site->warnings[site->warning_count++] = copy;
}

static bool open_gre_of(struct site *site, const struct settings *settings, uint32_t worker)
{
	const struct share share = {(uint16_t)worker, (uint16_t)site->workers};
	int fd = gre_socket_open(settings->listen, settings->vrf, site->why);
	if (fd < 0)
		return false;
	int error = gre_socket_share(fd, share);
	if (!error)
		error = gre_port_init(&site->gre[worker], fd);
	if (error) {
		close(fd);
		snprintf(site->why, sizeof(site->why), "cannot divide GRE among workers: %s",
			 strerror(-error));
		return false;
	}
	return true;
}

static bool open_gre(struct site *site, const struct settings *settings)
{
	while (site->gre_count < site->workers && open_gre_of(site, settings, site->gre_count))
		site->gre_count++;
	return site->gre_count == site->workers;
}

static void close_queues(struct site *site)
{
	steering_close(&site->steering);
	for (uint32_t i = 0; i < site->workers; i++)
		close(site->queues[i]);
	site->has_tun = false;
}

static bool open_queues(struct site *site, const struct settings *settings, uint32_t count)
{
	site->workers = count;
	site->has_tun = !tun_open_queues(settings->interface, site->queues, count, site->why);
	return site->has_tun;
}

/* A queue for each worker, and packets steered to theirs: enough room for an IPv4 and an IPv6 address
 * of each session, twice, since a reload may allow more of them. */
static bool open_many(struct site *site, const struct settings *settings, uint32_t count)
{
	enum { DESTINATIONS_LEAST = 65536 };
	uint32_t destinations = MAX_OF(settings->connections * 4, (uint32_t)DESTINATIONS_LEAST);
	if (!open_queues(site, settings, count))
		return false;
	if (!steering_open(&site->steering, site->queues[0], destinations, site->why))
		return true;
	close_queues(site);
	return false;
}

uint32_t site_wanted_workers(const struct settings *settings, uint32_t processors)
{
	return settings->workers ? settings->workers : MIN_OF(processors, (uint32_t)WORKERS_UNSAID);
}

/* Where the kernel cannot bring packets to the right one of several, there is one worker. */
static bool open_tun(struct site *site, const struct settings *settings)
{
	char why[SITE_WHY], text[SITE_WHY + 64];
	uint32_t count = site_wanted_workers(settings, processors_count());
	if (count > 1 && open_many(site, settings, count))
		return true;
	memcpy(why, site->why, sizeof(why));
	if (!open_queues(site, settings, 1))
		return false;
	if (count > 1) {
		snprintf(text, sizeof(text), "one worker serves, not %u: %s", count, why);
		warn(site, text);
	}
	return true;
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

_Static_assert((int)GRE_IO_PORTS >= (int)WORKERS_MOST, "a port for each worker");

/* When our own table stands, and before packets are waited for. */
static void choose_gre_ways(struct site *site, const struct settings *settings)
{
	const struct gre_io_plan plan = {.policy = (enum gre_io_policy)settings->gre_io,
					 .listen = settings->listen,
					 .vrf = settings->vrf,
					 .interface = settings->interface,
					 .untracked = site->machine.gre_is_untracked,
					 .ports = site->gre,
					 .port_count = site->gre_count};
	gre_io_open(&site->gre_io, &plan);
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
		warn(site, foreign_print(&findings.all[i], text));
	}
}

bool site_open(struct site *site, struct settings *settings, const uint8_t interface_id[8])
{
	*site = (struct site){.settings = settings_ref(settings)};
	if (!site_make_directory(site, settings->run_directory))
		return false;
	make_plan(site, settings, interface_id);
	/* GRE before a call can be answered: without it the kernel tells callers "protocol unreachable". */
	if (!open_tun(site, settings) || !open_gre(site, settings) ||
	    !open_listener(site, settings) || !raise_machine(site))
		return false;
	look_for_foreign_rules(site);
	choose_gre_ways(site, settings);
	return true;
}

void site_close(struct site *site)
{
	gre_io_close(&site->gre_io);
	if (site->has_machine)
		machine_down(&site->machine);
	if (site->has_listener)
		listener_close(&site->listener);
	for (uint32_t i = 0; i < site->gre_count; i++)
		gre_port_fini(&site->gre[i]);
	if (site->has_tun)
		close_queues(site);
	for (size_t i = 0; i < site->warning_count; i++)
		free(site->warnings[i]);
	settings_unref(site->settings);
	*site = (struct site){0};
}
