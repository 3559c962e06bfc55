#include "client/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "io/clock.h"
#include "io/descriptors.h"

enum {
	STATUS_DONE = 0,
	STATUS_FAILED = 1,
	TICK_MS = 1,
	SECOND_MS = 1000,
	ECHO_PATIENCE_US = 2000000,   /* for the last answers, without any */
	LEAVE_PATIENCE_US = 10000000, /* without any progress */
	OUR_OWN_DESCRIPTORS = 50,
	OUTER_OVERHEAD = 44,
};

/* ---- phases ---- */

static void enter(struct load *load, enum load_phase phase)
{
	uint64_t now_us = clock_now_us();
	if (load->phase == LOAD_CALLING) /* the pause until this tick does not count */
		load->calling_us = load->moved_us > load->phase_us ? load->moved_us - load->phase_us
								   : now_us - load->phase_us;
	if (load->phase == LOAD_STANDING)
		load->standing_us = now_us - load->phase_us;
	load->phase = phase;
	load->phase_us = load->moved_us = now_us;
	if (phase == LOAD_DONE)
		loop_stop(&load->loop);
}

static void calling(struct load *load)
{
	load_begin_due(load);
	if (load->begun == load->group_count &&
	    load->came_up + load->failed == load->options->sessions)
		enter(load, load->options->packets_per_second ? LOAD_SETTLING : LOAD_STANDING);
}

/* pppd opens its side a moment after it has agreed to, and drops what comes before. */
static void settling(struct load *load, uint64_t for_us)
{
	if (for_us >= (uint64_t)load->options->settle * 1000000)
		enter(load, LOAD_STANDING);
}

static void standing(struct load *load, uint64_t for_us)
{
	const struct load_options *o = load->options;
	load_send_due(load);
	if (for_us >= (uint64_t)o->seconds * 1000000 || !load->up_count)
		enter(load, load->sent ? LOAD_AWAITING : LOAD_LEAVING);
}

static void awaiting(struct load *load, uint64_t for_us)
{
	uint64_t heard_us = load->heard_us > load->phase_us ? load->heard_us - load->phase_us : 0;
	if (load->received >= load->sent || for_us >= heard_us + ECHO_PATIENCE_US)
		enter(load, LOAD_LEAVING);
}

static void leaving(struct load *load)
{
	load_leave_due(load);
	if ((!load->open && load->left == load->begun) ||
	    clock_now_us() - load->moved_us > LEAVE_PATIENCE_US)
		enter(load, LOAD_DONE);
}

/* Traffic and set-ups need a clock that ticks; sessions that merely stand do not. */
static uint64_t next_tick(const struct load *load, uint64_t now_ms)
{
	if (load->phase == LOAD_STANDING && !load->options->packets_per_second)
		return now_ms + SECOND_MS / 10;
	return now_ms + TICK_MS;
}

static void on_tick(void *context, uint64_t now_ms)
{
	struct load *load = context;
	uint64_t for_us = clock_now_us() - load->phase_us;
	switch (load->phase) {
	case LOAD_CALLING:
		calling(load);
		break;
	case LOAD_SETTLING:
		settling(load, for_us);
		break;
	case LOAD_STANDING:
		standing(load, for_us);
		break;
	case LOAD_AWAITING:
		awaiting(load, for_us);
		break;
	case LOAD_LEAVING:
		leaving(load);
		break;
	case LOAD_DONE:
		return;
	}
	loop_set_timer(&load->loop, &load->tick, next_tick(load, now_ms));
}

static void on_second(void *context, uint64_t now_ms)
{
	struct load *load = context;
	load_progress(load);
	loop_set_timer(&load->loop, &load->second, now_ms + SECOND_MS);
}

/* The first hangs up in order, the second ends at once. */
static void on_signal(void *context, uint32_t events)
{
	struct load *load = context;
	(void)events;
	while (signals_read(load->signal_fd)) {
		if (load->interrupted)
			enter(load, LOAD_DONE);
		else if (load->phase < LOAD_LEAVING)
			enter(load, LOAD_LEAVING);
		load->interrupted = true;
	}
}

/* ---- start and stop ---- */

static struct session_settings *settings_of(const struct load_options *o)
{
	char name[CONNECT_NAME];
	struct session_settings *s = session_settings_new(LINK_CLIENT);
	if (!s)
		return NULL;
	load_user(o->user, 1, name, sizeof(name));
	memset(s->our_name, 0, sizeof(s->our_name));
	memcpy(s->our_name, name, strnlen(name, AUTH_NAME_LIMIT));
	s->control.host_name = "";
	s->control.calls_max = CONTROL_CALLS_MAX;
	s->first_gre_ms = 0;
	s->link.mru = 1500 - OUTER_OVERHEAD;
	s->link.ipv6 = false;
	return s;
}

static bool failed(const char *what, int error)
{
	if (error)
		fprintf(stderr, "poptun load: %s: %s\n", what, strerror(-error));
	return error != 0;
}

static bool resolve(struct load *load)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
	struct sockaddr_in at;
	int error = getaddrinfo(load->options->host, NULL, &hints, &found);
	if (error) {
		fprintf(stderr, "poptun load: the name %s has no IPv4 address: %s\n",
			load->options->host, gai_strerror(error));
		return false;
	}
	memcpy(&at, found->ai_addr, sizeof(at));
	load->server = (struct endpoint){ntohl(at.sin_addr.s_addr), load->options->port};
	freeaddrinfo(found);
	return true;
}

static bool make_room(struct load *load)
{
	const struct load_options *o = load->options;
	load->group_count = (o->sessions - 1) / o->calls_per_connection + 1;
	load->members = calloc(o->sessions, sizeof(*load->members));
	load->up = calloc(o->sessions, sizeof(*load->up));
	load->groups = calloc(load->group_count, sizeof(*load->groups));
	size_t limit = descriptors_raise();
	if (limit < (size_t)load->group_count + OUR_OWN_DESCRIPTORS)
		fprintf(stderr,
			"poptun load: %u connections, but this process may open %zu files only: "
			"raise its limit (ulimit -Hn), or share connections "
			"(--calls-per-connection)\n",
			load->group_count, limit);
	return load->members && load->up && load->groups;
}

static bool open_dialer(struct load *load, struct password *password)
{
	char why[WHY_SIZE];
	if (failed("cannot start the registrar",
		   registrar_open(&load->registrar, &load->loop, password_provide, password)))
		return false;
	load->has_registrar = true;
	int fd = gre_socket_open(0, NULL, why);
	if (fd < 0) {
		fprintf(stderr, "poptun load: %s\n", why);
		return false;
	}
	if (failed("cannot read GRE", gre_port_init(&load->gre, fd))) {
		close(fd);
		return false;
	}
	load->has_gre = true;
	const struct gre_io_plan ways = {.interface = "", .ports = &load->gre, .port_count = 1};
	gre_io_open(&load->gre_io, &ways);
	gre_io_follow(&load->gre_io, &load->loop);
	const struct dialer_parts parts = {.loop = &load->loop,
					   .registrar = &load->registrar,
					   .gre = &load->gre,
					   .tun_fd = -1,
					   .events = &load_events,
					   .context = load};
	load->has_dialer = !failed("cannot start", dialer_init(&load->dialer, &parts));
	return load->has_dialer;
}

static bool open_all(struct load *load, struct password *password)
{
	static const int wanted[] = {SIGTERM, SIGINT, SIGHUP, 0};
	load->settings = settings_of(load->options);
	if (!load->settings || !make_room(load)) {
		failed("cannot begin", -ENOMEM);
		return false;
	}
	if (!resolve(load) || failed("cannot make an event loop", loop_init(&load->loop)))
		return false;
	load->has_loop = true;
	if (!open_dialer(load, password))
		return false;
	load->signal_fd = signals_open(wanted);
	load->signals =
		(struct watcher){.on_ready = on_signal, .context = load, .fd = load->signal_fd};
	return !failed("cannot watch signals", MIN_OF(load->signal_fd, 0)) &&
	       !failed("cannot watch signals", loop_watch(&load->loop, &load->signals, EPOLLIN));
}

static void close_all(struct load *load)
{
	if (load->has_dialer)
		dialer_fini(&load->dialer);
	gre_io_close(&load->gre_io);
	if (load->has_gre)
		gre_port_fini(&load->gre);
	if (load->has_registrar)
		registrar_close(&load->registrar);
	if (load->signal_fd >= 0)
		close(load->signal_fd);
	if (load->has_loop)
		loop_fini(&load->loop);
	session_settings_unref(load->settings);
	free(load->members);
	free(load->groups);
	free(load->up);
	free(load);
}

static int run(struct load *load)
{
	const struct load_options *o = load->options;
	uint64_t now_ms = clock_now_ms();
	load->tick = (struct timer){.on_time = on_tick, .context = load};
	load->second = (struct timer){.on_time = on_second, .context = load};
	load->phase_us = clock_now_us();
	loop_set_timer(&load->loop, &load->tick, now_ms);
	loop_set_timer(&load->loop, &load->second, now_ms + SECOND_MS);
	if (failed("the event loop", loop_run(&load->loop)))
		return STATUS_FAILED;
	load_report(load);
	if (o->json && failed("cannot write the figures", load_write_json(load, o->json)))
		return STATUS_FAILED;
	return load->came_up == o->sessions && !load->lost ? STATUS_DONE : STATUS_FAILED;
}

int load_run(const struct load_options *options, struct password *password)
{
	struct load *load = calloc(1, sizeof(*load));
	int status = STATUS_FAILED;
	if (!load)
		return STATUS_FAILED;
	load->options = options;
	load->signal_fd = -1;
	signal(SIGPIPE, SIG_IGN);
	log_set(NULL, NULL, LOG_LEVEL_ERROR);
	if (open_all(load, password))
		status = run(load);
	close_all(load);
	return status;
}
