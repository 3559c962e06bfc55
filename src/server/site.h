/*
 * The place where a server stands: TUN device, GRE sockets, listener, and what the machine needs around them (addresses,
 * routes, rules, forwarding). All of it opens or nothing does.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "config/settings.h"
#include "io/foreign.h"
#include "io/gre_io.h"
#include "io/gre_socket.h"
#include "io/listener.h"
#include "io/machine.h"
#include "io/steering.h"

enum {
	SITE_LOCAL_ADDRESSES = 64,
	SITE_WHY = 640,
	WORKERS_UNSAID = 8, /* at most, unless the configuration says more */
};

struct site {
	struct settings *settings;         /* a counted reference: those that it was opened by */
	uint32_t workers;                  /* what the two below are for, each */
	int queues[WORKERS_MOST];          /* of the TUN device */
	struct gre_port gre[WORKERS_MOST]; /* that divide the calls among them */
	struct steering steering;
	struct gre_io gre_io; /* which ways GRE takes */
	struct listener listener;
	struct machine machine;
	struct machine_plan
		plan; /* machine borrows it, and it borrows the two below and texts of `settings` */
	uint32_t local[SITE_LOCAL_ADDRESSES];
	struct address_span pool[FIREWALL_RANGES];
	/* owned, a sentence each: rules of others that drop what is ours, and that there is one
	 * worker only */
	char *warnings[FOREIGN_FINDINGS + 1];
	size_t warning_count;
	char why[SITE_WHY]; /* after a failure: one sentence with the remedy */
	/* what stands, and so has to be undone */
	uint32_t gre_count;
	bool has_tun, has_listener, has_machine;
};

/*
 * Opens it all as `settings` say, whatever a reload brings later; `interface_id` is ours in IPv6. True, or false and
 * site->why; site_close then undoes what stands. Foreign rules are looked for, and logged.
 */
bool site_open(struct site *site, struct settings *settings, const uint8_t interface_id[8]);

/* What stands goes; also of one that is zero. */
void site_close(struct site *site);

/* How many workers `settings` ask for on so many processors. */
uint32_t site_wanted_workers(const struct settings *settings, uint32_t processors);

/* Makes the directory unless it is there; false and site->why where that fails. */
bool site_make_directory(struct site *site, const char *path);
