#include "client/connect.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "io/clock.h"
#include "io/processors.h"

enum { STATUS_FAILED = 1, OUTER_OVERHEAD = 44 };

void connect_say(const char *stage, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	printf("%-10s  ", stage);
	vprintf(format, arguments);
	putchar('\n');
	fflush(stdout);
	va_end(arguments);
}

/* What the session goes by, from what the person said. */
static struct session_settings *settings_of(const struct connect_options *o)
{
	struct random random = random_system();
	struct session_settings *s = session_settings_new(LINK_CLIENT);
	if (!s)
		return NULL;
	memset(s->our_name, 0, sizeof(s->our_name));
	memcpy(s->our_name, o->user, strnlen(o->user, AUTH_NAME_LIMIT));
	s->control.host_name = ""; /* as Windows: a server has no use for it, and a stranger some */
	s->control.trace = o->verbose;
	s->first_gre_ms = 0; /* attempt.c watches over it */
	s->link.offer = connect_options_offer(o);
	s->link.mppe = (enum mppe_policy)o->mppe; /* the same values: session/configure.c */
	s->link.mppe_sizes = o->mppe_sizes;
	s->link.mppe_stateful = !o->mppe_stateless_only;
	/* So that what the server sends fits the way to us without fragments. */
	s->link.mru = o->mru ? o->mru : 1500 - OUTER_OVERHEAD;
	s->link.mtu = o->mtu;
	s->tos = (uint16_t)o->tos;
	s->ecn = (enum ecn_policy)o->ecn;
	s->link.ipv6 = o->ipv6;
	/* The same in all attempts, so that the device has one link-local address. */
	random_fill(&random, s->link.interface_id, sizeof(s->link.interface_id));
	s->link.interface_id[0] &= 0xfd; /* not a universal address (RFC 4291, 2.5.1) */
	if (o->echo_said) {
		s->link.echo_interval_ms = o->echo_interval_ms;
		s->link.echo_failures = o->echo_failures;
	}
	return s;
}

static void on_signal(void *context, uint32_t events)
{
	struct connect *c = context;
	(void)events;
	while (signals_read(c->signal_fd))
		connect_stop(c);
}

static bool failed(const char *what, int error)
{
	if (error)
		fprintf(stderr, "poptun connect: %s: %s\n", what, strerror(-error));
	return error != 0;
}

static bool explained(int error, const char *why)
{
	if (error < 0)
		fprintf(stderr, "poptun connect: %s\n", why);
	return error < 0;
}

static bool open_dialer(struct connect *c, struct password *password)
{
	char why[WHY_SIZE];
	if (failed("cannot start the registrar",
		   registrar_open(&c->registrar, &c->loop, password_provide, password)))
		return false;
	c->has_registrar = true;
	int fd = gre_socket_open(0, NULL, why);
	if (explained(fd, why))
		return false;
	if (failed("cannot read GRE", gre_port_init(&c->gre, fd))) {
		close(fd);
		return false;
	}
	c->has_gre = true;
	const struct gre_io_plan ways = {.policy = (enum gre_io_policy)c->options->gre_io,
					 .interface = c->network.interface,
					 .ports = &c->gre,
					 .port_count = 1};
	gre_io_open(&c->gre_io, &ways);
	gre_io_follow(&c->gre_io, &c->loop);
	const struct dialer_parts parts = {.loop = &c->loop,
					   .registrar = &c->registrar,
					   .gre = &c->gre,
					   .tun_fd = c->network.tun_fd,
					   .events = &connect_events,
					   .context = c};
	if (failed("cannot start", dialer_init(&c->dialer, &parts)))
		return false;
	c->has_dialer = true;
	return true;
}

static bool open_all(struct connect *c, struct password *password)
{
	static const int wanted[] = {SIGTERM, SIGINT, SIGHUP, 0};
	if (failed("cannot make an event loop", loop_init(&c->loop)))
		return false;
	c->has_loop = true;
	if (explained(network_open(&c->network, c->options->interface), c->network.why))
		return false;
	if (!open_dialer(c, password))
		return false;
	c->signal_fd = signals_open(wanted);
	c->signals = (struct watcher){.on_ready = on_signal, .context = c, .fd = c->signal_fd};
	if (failed("cannot watch signals", MIN_OF(c->signal_fd, 0)) ||
	    failed("cannot watch signals", loop_watch(&c->loop, &c->signals, EPOLLIN)))
		return false;
	hooks_init(&c->hooks, &c->loop);
	return true;
}

static void close_all(struct connect *c)
{
	connect_tunnel_down(c);
	hooks_fini(&c->hooks);
	if (c->has_dialer)
		dialer_fini(&c->dialer);
	gre_io_close(&c->gre_io);
	if (c->has_gre)
		gre_port_fini(&c->gre);
	if (c->has_registrar)
		registrar_close(&c->registrar);
	network_close(&c->network);
	if (c->signal_fd >= 0)
		close(c->signal_fd);
	if (c->has_loop)
		loop_fini(&c->loop);
	session_settings_unref(c->settings);
}

/* The hooks take their programs from the same struct as a server's. */
static void prepare_hooks(struct connect *c)
{
	static char for_scripts[] = "USEPEERDNS=1"; /* theirs to do, where nothing else takes DNS */
	const struct connect_options *o = c->options;
	c->programs = (struct settings){
		.ip_up = (char *)o->ip_up,
		.ip_down = (char *)o->ip_down,
		.ipparam = *o->ip_param ? (char *)o->ip_param : NULL,
		.no_ipparam = true,
		.interface = c->network.interface,
		.environment =
			o->dns && name_servers_door() == NAME_SERVERS_NONE ? for_scripts : NULL,
	};
}

int connect_run(const struct connect_options *options, struct password *password)
{
	struct connect *c = calloc(1, sizeof(*c));
	if (!c)
		return STATUS_FAILED;
	c->options = options;
	c->network.tun_fd = c->signal_fd = -1;
	c->status = STATUS_FAILED;
	c->pauses.first_ms = options->hold_off_ms;
	c->settings = settings_of(options);
	signal(SIGPIPE, SIG_IGN);
	log_set(NULL, NULL, options->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING);
	if (c->settings && open_all(c, password)) {
		prepare_hooks(c);
		connect_attempt(c);
		processors_take_short_turns();
		failed("the event loop", loop_run(&c->loop));
	}
	int status = c->status;
	close_all(c);
	free(c);
	return status;
}
