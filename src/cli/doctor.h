/*
 * The doctor (`poptun check`): looks at everything that keeps callers from getting online, and says
 * for each whether it is well, and the remedy where it is not. It changes nothing, but for foreign
 * firewall rules with --fix.
 *
 *   check.c           the command; the configuration, the server that may run
 *   check_machine.c   what this machine lets a server do     check_network.c   addresses and
 * firewalls
 */
#pragma once
#include <stdbool.h>

#include "config/config.h"

enum health { HEALTH_OK, HEALTH_WARNING, HEALTH_ERROR };

struct doctor {
	const char *conf, *socket; /* borrowed; conf NULL: the usual one */
	bool fix;
	bool server_runs;
	struct settings *settings; /* owned; NULL: the configuration cannot be used */
	unsigned counts[HEALTH_ERROR + 1];
};

/* One line, and below it the remedy, a command or a sentence (NULL or "": none). */
void doctor_say(struct doctor *doctor, enum health health, const char *remedy, const char *format,
		...) __attribute__((format(printf, 4, 5)));

/* Each looks at one thing. Those of the second list need doctor->settings. */
void check_privileges(struct doctor *doctor);
void check_tun(struct doctor *doctor);

void check_port(struct doctor *doctor);
void check_protocol_47(struct doctor *doctor);
void check_forwarding(struct doctor *doctor);
void check_pool(struct doctor *doctor);
void check_uplink(struct doctor *doctor);
void check_dns(struct doctor *doctor);
void check_firewalls(struct doctor *doctor);
