#include "server/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/share.h"
#include "io/clock.h"
#include "io/descriptors.h"
#include "io/resolver.h"
#include "server/announce.h"
#include "server/api.h"
#include "server/authority.h"
#include "server/built_in.h"
#include "server/keeper.h"
#include "server/site.h"
#include "server/worker.h"
#include "session/configure.h"

enum { WHY = SITE_WHY };

struct server {
	const struct serve_options *options;
	char host_name[256];
	struct built_in built_in;
	struct settings *settings;
	struct session_settings *session_settings;
	uint8_t interface_id[8]; /* ours in IPv6, for all sessions */
	struct loop loop;
	int signal_fd;
	struct watcher signals;
	struct site site;
	struct seam_end keeper_authority, authority_keeper;
	struct authority authority;
	struct keeper keeper;
	struct workers workers;
	struct watcher callers;
	struct http http;
	struct api api;
	char why[WHY];
	/* what stands, and so has to be undone */
	bool has_loop, has_authority, has_keeper, has_pid_file;
	bool stopping;
};

/* ---- configuration ---- */

static void log_complaints(const struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++) {
		char line[COMPLAINT_TEXT_LIMIT + 512];
		complaint_print(&complaints->list[i], line, sizeof(line));
		log_at(complaints->list[i].severity == COMPLAINT_ERROR ? LOG_LEVEL_ERROR
								       : LOG_LEVEL_WARNING,
		       "%s", line);
	}
}

/* Where localip was not said: our own address in the
 * network that the pool lies in, if there is one. */
static void choose_local(struct settings *settings)
{
	struct netlink netlink;
	struct netlink_subnet subnet;
	if (!settings->local_unsaid || netlink_open(&netlink))
		return;
	if (netlink_subnet_of(&netlink, address_ranges_nth(&settings->remote, 0), 0, &subnet) ==
		    1 &&
	    settings->local.length)
		settings->local.ranges[0] =
			(struct address_range){.first = subnet.address, .step = 1, .count = 1};
	netlink_close(&netlink);
}

static struct settings *read_configuration(struct server *server)
{
	struct complaints complaints = {0};
	struct settings *settings = NULL;
	struct config_source source = built_in_source(&server->built_in, server->host_name);
	config_load(&source, &server->options->line, &settings, &complaints);
	log_complaints(&complaints);
	complaints_fini(&complaints);
	if (settings)
		choose_local(settings);
	return settings;
}

static struct session_settings *for_sessions(const struct server *server,
					     const struct settings *settings)
{
	struct session_settings *made = session_settings_configure(settings);
	static const uint8_t none[8];
	/* All sessions share one TUN device, so they share its link-local address. */
	if (made && !memcmp(made->link.interface_id, none, sizeof(none)))
		memcpy(made->link.interface_id, server->interface_id, sizeof(none));
	return made;
}

/* What callers are told: what ms-dns says, or the host's own servers. */
static void choose_dns(const struct settings *settings, uint32_t dns[2])
{
	dns[0] = settings->dns[0];
	dns[1] = settings->dns[1];
	if (!dns[0] && !dns[1])
		resolver_find(dns, 2);
}

static bool configure(struct server *server)
{
	if (gethostname(server->host_name, sizeof(server->host_name) - 1))
		server->host_name[0] = 0;
	struct random random = random_system();
	random_fill(&random, server->interface_id, sizeof(server->interface_id));
	server->interface_id[0] &= 0xfd; /* not a universal address (RFC 4291, 2.5.1) */
	if (built_in_prepare(&server->built_in, server->options->line.conf, server->why, WHY))
		return false;
	server->settings = read_configuration(server);
	if (!server->settings) {
		snprintf(server->why, WHY, "the configuration has errors: nothing is served");
		return false;
	}
	if (server->settings->debug || server->settings->debug_link)
		log_set_level(LOG_LEVEL_DEBUG);
	server->session_settings = for_sessions(server, server->settings);
	return server->session_settings != NULL;
}

/* ---- the three, and the seams between them ---- */

/* The seam to the worker that has the session. */
static struct seam_end *worker_end(struct server *server, uint32_t session)
{
	uint32_t count = (uint32_t)server->workers.count;
	return &server->workers.authority[share_owner(session, count)];
}

static void drain_authority(struct server *server)
{
	struct action action;
	while (outbox_take(&server->authority.out, &action)) {
		if (action.kind == AUTHORITY_LOG) {
			log_at((enum log_level)action.bytes[0], "%.*s", (int)action.length - 1,
			       (const char *)action.bytes + 1);
			continue;
		}
		static union server_message_any value;
		const struct message_type *type = message_decode(
			server_messages, action.bytes, action.length, &value, sizeof(value));
		struct seam_end *to =
			type && action.kind == AUTHORITY_SEND
				? worker_end(server, server_message_session(type, &value))
				: &server->authority_keeper;
		if (type && seam_end_send(to, type->kind, &value))
			log_error("the authority's %s is not taken any more", type->name);
		secret_wipe(&value, sizeof(value));
	}
}

static void authority_hears(void *context, const struct message_type *type, const void *value)
{
	struct server *server = context;
	authority_on_message(&server->authority, type, value);
	drain_authority(server);
}

static void keeper_hears(void *context, const struct message_type *type, const void *value)
{
	keeper_on_message(context, type, value);
}

static int open_seams(struct server *server)
{
	struct loop *loop = &server->loop;
	int error =
		seam_ends_open(&server->keeper_authority, loop, &server->authority_keeper, loop);
	return error ? error : workers_open(&server->workers, server->site.workers, loop);
}

static int open_registrar(struct server *server)
{
	uint32_t dns[2];
	choose_dns(server->settings, dns);
	if (!authority_init(&server->authority, server->settings, dns))
		return -ENOMEM;
	server->has_authority = true;
	int error = seam_end_hear(&server->authority_keeper, authority_hears, server);
	const struct keeper_parts parts = {.machine = &server->site.machine,
					   .steering = &server->site.steering,
					   .authority = &server->keeper_authority,
					   .engines = server->workers.keeper,
					   .workers = (uint32_t)server->workers.count,
					   .loop = &server->loop};
	if (!error)
		error = keeper_init(&server->keeper, server->settings, &parts);
	if (error)
		return error;
	server->has_keeper = true;
	error = seam_end_hear(&server->keeper_authority, keeper_hears, &server->keeper);
	for (size_t i = 0; i < server->workers.count && !error; i++) {
		error = seam_end_hear(&server->workers.authority[i], authority_hears, server);
		if (!error)
			error = seam_end_hear(&server->workers.keeper[i], keeper_hears,
					      &server->keeper);
	}
	return error;
}

/* Callers are taken in only when the registrar knows its users. A server that could let nobody in does not start. */
static bool await_secrets(struct server *server)
{
	enum { TURNS = 10000, TURN_MS = 20 };
	if (!server->settings->demand) /* noauth */
		return true;
	int error = keeper_send_secrets(&server->keeper);
	if (error) {
		snprintf(server->why, WHY, "nobody could log in without the secrets files: %s",
			 strerror(-error));
		return false;
	}
	for (int turn = 0; turn < TURNS && server->authority.secrets_state == SECRETS_AWAITED;
	     turn++)
		loop_turn(&server->loop, TURN_MS);
	if (server->authority.secrets_state == SECRETS_READ)
		return true;
	snprintf(server->why, WHY, "nobody could log in: %s has errors",
		 server->settings->chap_secrets);
	return false;
}

/* ---- reload ---- */

static void warn_of_fixed(const struct settings *old, const struct settings *fresh)
{
	char before[256], after[256];
	bool moved = strcmp(address_ranges_print(&old->remote, before, sizeof(before)),
			    address_ranges_print(&fresh->remote, after, sizeof(after)));
	if (old->listen != fresh->listen || strcmp(old->interface, fresh->interface) ||
	    old->nat != fresh->nat || old->gre_io != fresh->gre_io ||
	    old->proxy_arp != fresh->proxy_arp ||
	    strcmp(old->control_socket, fresh->control_socket) || old->workers != fresh->workers)
		log_warning("reload: listen, interface, nat, gre-io, proxyarp, control-socket and "
			    "workers change only at the next start");
	if (moved)
		log_warning("reload: routes and rules for a new remoteip are made only at the next "
			    "start");
}

struct fresh {
	struct session_settings *settings;
	uint32_t sessions_max;
};

static void configure_engine(void *context, struct engine *engine)
{
	const struct fresh *fresh = context;
	engine_configure(engine, fresh->settings, fresh->sessions_max);
}

static void configure_workers(struct server *server, struct session_settings *settings,
			      uint32_t sessions_max)
{
	struct fresh fresh = {settings, sessions_max};
	server->workers.sessions_max = sessions_max;
	if (!workers_ask_all(&server->workers, configure_engine, &fresh))
		log_error("reload: a worker does not answer, and goes by the old configuration");
}

static int reload(void *context, char *why, size_t why_size)
{
	struct server *server = context;
	uint32_t dns[2];
	struct settings *settings = read_configuration(server);
	struct session_settings *sessions = settings ? for_sessions(server, settings) : NULL;
	if (!sessions ||
	    (choose_dns(settings, dns), !authority_configure(&server->authority, settings, dns))) {
		settings_unref(settings);
		session_settings_unref(sessions);
		snprintf(why, why_size,
			 "the new configuration has errors (see the log): the old one stays in "
			 "force");
		log_error("reload: %s", why);
		return -EINVAL;
	}
	warn_of_fixed(server->settings, settings);
	configure_workers(server, sessions, settings->connections);
	keeper_configure(&server->keeper, settings);
	log_set_level(settings->debug || settings->debug_link ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	settings_unref(server->settings);
	session_settings_unref(server->session_settings);
	server->settings = settings;
	server->session_settings = sessions;
	log_info("reload=done sessions=%u", atomic_load(&server->workers.places.sessions));
	return 0;
}

static void begin_to_stop(struct server *server)
{
	log_info("stopping sessions=%u", atomic_load(&server->workers.places.sessions));
	sd_notify(0, "STOPPING=1");
	server->stopping = true;
	loop_unwatch(&server->loop, &server->callers);
	workers_stop(&server->workers);
}

/* When all have ended, so has the server; it does not go on with fewer than it had. */
static void worker_ended(void *context)
{
	struct server *server = context;
	if (!server->stopping) {
		log_error("a worker ended, and so does the server");
		begin_to_stop(server);
	}
	if (!server->workers.running)
		loop_stop(&server->loop);
}

static void on_signal(void *context, uint32_t events)
{
	struct server *server = context;
	char why[WHY];
	int signal;
	(void)events;
	while ((signal = signals_read(server->signal_fd))) {
		if (signal == SIGHUP) {
			reload(server, why, sizeof(why));
		} else {
			begin_to_stop(server);
		}
	}
}

/* ---- start and stop ---- */

static void take_caller(void *context, const struct caller *caller)
{
	workers_take(context, caller);
}

static void on_callers(void *context, uint32_t events)
{
	struct server *server = context;
	(void)events;
	server->workers.turned_away +=
		(uint64_t)listener_accept(&server->site.listener, take_caller, &server->workers);
}

static int open_workers(struct server *server)
{
	const struct workers_parts parts = {
		.settings = server->session_settings,
		.sessions_max = server->settings->connections,
		.gre = server->site.gre,
		.queues = server->site.queues,
		.on_ended = worker_ended,
		.context = server,
	};
	int error = workers_start(&server->workers, &parts);
	server->callers = (struct watcher){
		.on_ready = on_callers, .context = server, .fd = server->site.listener.fd};
	return error ? error : loop_watch(&server->loop, &server->callers, EPOLLIN);
}

static const struct settings *settings_in_force(void *context)
{
	return ((struct server *)context)->settings;
}

static bool open_control_socket(struct server *server)
{
	char directory[256];
	snprintf(directory, sizeof(directory), "%s", server->settings->control_socket);
	char *slash = strrchr(directory, '/');
	if (slash && slash != directory) {
		*slash = 0;
		if (!site_make_directory(&server->site, directory)) {
			memcpy(server->why, server->site.why, WHY);
			return false;
		}
	}
	server->api = (struct api){.workers = &server->workers,
				   .listener = &server->site.listener,
				   .settings = settings_in_force,
				   .reload = reload,
				   .context = server,
				   .gre_io = &server->site.gre_io,
				   .warnings = (const char *const *)server->site.warnings,
				   .warning_count = server->site.warning_count};
	return !http_open(&server->http, &server->loop, server->settings->control_socket,
			  api_handle, &server->api, server->why, WHY);
}

static bool failed(struct server *server, const char *what, int error)
{
	if (error)
		snprintf(server->why, WHY, "%s: %s", what, strerror(-error));
	return error != 0;
}

/* A control connection takes one descriptor; the rest are sockets, files and programs of our own. */
static void raise_descriptors(const struct settings *settings)
{
	enum { OUR_OWN = 100 };
	size_t limit = descriptors_raise();
	if (limit < (size_t)settings->connections + OUR_OWN)
		log_warning("connections %u, but this process may open %zu files only: raise its "
			    "limit (LimitNOFILE= in the systemd unit, ulimit -Hn in a shell) to %u",
			    settings->connections, limit, settings->connections + OUR_OWN);
}

static bool start(struct server *server)
{
	static const int wanted[] = {SIGTERM, SIGINT, SIGHUP, 0};
	signal(SIGPIPE, SIG_IGN);
	if (!configure(server) ||
	    failed(server, "cannot make an event loop", loop_init(&server->loop)))
		return false;
	server->has_loop = true;
	raise_descriptors(server->settings);
	server->signal_fd = signals_open(wanted);
	if (failed(server, "cannot watch signals", MIN_OF(server->signal_fd, 0)))
		return false;
	server->signals =
		(struct watcher){.on_ready = on_signal, .context = server, .fd = server->signal_fd};
	if (!site_open(&server->site, server->settings,
		       server->session_settings->link.interface_id)) {
		memcpy(server->why, server->site.why, WHY);
		return false;
	}
	if (failed(server, "cannot open the seams", open_seams(server)) ||
	    failed(server, "cannot start the registrar", open_registrar(server)))
		return false;
	if (!await_secrets(server) ||
	    failed(server, "cannot start the workers", open_workers(server)) ||
	    !open_control_socket(server))
		return false;
	gre_io_follow(&server->site.gre_io, &server->loop);
	return !failed(server, "cannot watch signals",
		       loop_watch(&server->loop, &server->signals, EPOLLIN));
}

static void write_pid_file(struct server *server)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	int error = file_replace(server->settings->pid_file, text, (size_t)length, 0644);
	if (error)
		log_warning("cannot write the pid file %s: %s", server->settings->pid_file,
			    strerror(-error));
	server->has_pid_file = !error;
}

static void stop(struct server *server)
{
	http_close(&server->http);
	if (server->has_loop)
		loop_unwatch(&server->loop, &server->callers);
	workers_end(&server->workers);
	/* The last requests still count: routes go, and every ip-down is called. */
	for (size_t i = 0; i < server->workers.count; i++) {
		struct worker *worker = &server->workers.all[i];
		seam_ends_settle(&worker->keeper, &server->workers.keeper[i]);
		seam_ends_settle(&worker->authority, &server->workers.authority[i]);
	}
	if (server->has_keeper)
		keeper_fini(&server->keeper);
	if (server->has_authority)
		authority_fini(&server->authority);
	workers_close(&server->workers);
	seam_end_close(&server->keeper_authority);
	seam_end_close(&server->authority_keeper);
	site_close(&server->site);
	if (server->has_loop) {
		loop_unwatch(&server->loop, &server->signals);
		loop_fini(&server->loop);
	}
	if (server->has_pid_file)
		unlink(server->settings->pid_file);
	session_settings_unref(server->session_settings);
	settings_unref(server->settings);
	secret_wipe(&server->built_in, sizeof(server->built_in));
}

int serve_run(const struct serve_options *options)
{
	struct server *server = calloc(1, sizeof(*server));
	if (!server)
		return 1;
	server->options = options;
	bool good = start(server);
	if (good) {
		write_pid_file(server);
		announce(server->settings, &server->built_in, &server->site);
		log_info("ready");
		sd_notify(0, "READY=1");
		if (options->on_ready)
			options->on_ready(options->context);
		loop_run(&server->loop);
	} else {
		log_error("%s", *server->why ? server->why : "out of memory");
	}
	stop(server);
	if (good)
		log_info("stopped");
	free(server);
	return good ? 0 : 1;
}
