/*
 * `poptun connect`: one tunnel, held up until a signal.
 *
 *   connect.c   start and stop: descriptors, signals
 *   attempt.c   one address after the other, one attempt after the other
 *   tunnel.c    the link is up: addresses, routes, DNS, hooks
 *
 * Everything of one run is in struct connect, which nobody else sees.
 */
#pragma once
#include "client/dialer.h"
#include "client/name_servers.h"
#include "client/network.h"
#include "client/options.h"
#include "client/password.h"
#include "client/pause.h"
#include "io/gre_io.h"
#include "io/hooks.h"

/* Runs until a signal, or until there is nothing to try again. Returns the exit status. */
int connect_run(const struct connect_options *options, struct password *password);

/* ---- between the three files ---- */

enum { CONNECT_ADDRESSES = 16 };

struct connect {
	const struct connect_options *options;
	struct loop loop;
	int signal_fd;
	struct watcher signals;
	struct registrar registrar;
	struct gre_port gre;
	struct gre_io gre_io; /* which ways GRE takes */
	struct dialer dialer;
	struct session_settings *settings;
	struct network network;
	struct hooks hooks;
	struct settings programs; /* what the hooks need of it; texts are the options' */
	bool has_loop, has_registrar, has_gre, has_dialer;

	/* the attempt */
	uint32_t addresses[CONNECT_ADDRESSES];
	size_t address_count, address_at; /* address_at: of the next to try */
	struct endpoint server;           /* being tried */
	struct line *line;                /* the dialer's; NULL: none */
	struct call *call;
	struct timer retry_timer, gre_timer, patience_timer;
	struct pauses pauses;
	struct failure failure; /* the latest */
	char failure_why[160];

	/* the tunnel */
	bool is_up, was_up; /* was_up: once at least */
	uint64_t up_ms;
	struct hook_facts facts;
	enum name_servers_door name_servers; /* that were told */

	bool stopping;
	bool own_fault; /* this machine does not do what we need: no use in trying again */
	int status;     /* exit status */
};

extern const struct dialer_events connect_events;

/* Resolves the host and tries its addresses; again later where none answers. */
void connect_attempt(struct connect *c);
/* Ends what stands in order, within a few seconds; the second call at once. */
void connect_stop(struct connect *c);

void connect_network(void *context, struct call *call, bool ipv4, bool up);
/* Undoes what connect_network did. */
void connect_tunnel_down(struct connect *c);

/* One line for a person: a stage and what is to be said of it. */
void connect_say(const char *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));
