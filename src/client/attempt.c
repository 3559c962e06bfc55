/* One address after the other, one attempt after the other, and what is said of them. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "client/connect.h"

enum {
	GRE_PATIENCE_MS = 10000,
	FAREWELL_MS = 3000, /* for the server's answers to ours */
	KEEP_ALIVE_S = 10,
	KEEP_ALIVE_FAILURES = 12,
	STATUS_FAILED = 1,
	STATUS_SIGNAL = 5,
	STATUS_NO_CONNECTION = 8,
};

static void try_next(struct connect *c);

/* ---- the end of an attempt ---- */

static void end_with(struct connect *c, int status)
{
	c->status = status;
	loop_stop(&c->loop);
}

static void on_retry(void *context, uint64_t now_ms)
{
	(void)now_ms;
	connect_attempt(context);
}

/* `status`: what it ends with where it is not tried again. */
static void try_again_later(struct connect *c, int status, bool is_lasting)
{
	if (c->stopping || c->own_fault || c->options->once || is_lasting) {
		end_with(c, c->stopping ? STATUS_SIGNAL : c->own_fault ? STATUS_FAILED : status);
		return;
	}
	uint32_t pause_ms = pause_next(&c->pauses, &c->dialer.host.random);
	connect_say("retry", "in %u.%u s", pause_ms / 1000, pause_ms % 1000 / 100);
	c->retry_timer = (struct timer){.on_time = on_retry, .context = c};
	loop_set_timer(&c->loop, &c->retry_timer, c->loop.now_ms + pause_ms);
}

static void say_failure(struct connect *c)
{
	char text[1024];
	connect_say(c->failure.stage == STAGE_UP ? "down" : "failed", "%s",
		    failure_print(&c->failure, text, sizeof(text)));
}

static struct failure failure_at(struct connect *c, enum stage stage, const char *why)
{
	snprintf(c->failure_why, sizeof(c->failure_why), "%s", why);
	return (struct failure){
		.stage = stage,
		.host = c->options->host,
		.server = c->server,
		.why = c->failure_why,
		.waited_s = GRE_PATIENCE_MS / 1000,
		.offer = c->settings->link.offer,
		.user = c->options->user,
		.from_us = c->stopping,
		.came_up = c->was_up,
	};
}

/* ---- lines ---- */

static void on_patience(void *context, uint64_t now_ms)
{
	struct connect *c = context;
	(void)now_ms;
	if (c->call)
		dialer_hang_up(&c->dialer, c->call, LINK_END_LOCAL, "no answer to our farewell");
	if (c->line)
		dialer_drop_line(&c->dialer, c->line, "no answer to our farewell");
}

/* The call is over, or there will be none: the control connection goes too. */
static void leave(struct connect *c, const char *why)
{
	c->patience_timer = (struct timer){.on_time = on_patience, .context = c};
	loop_set_timer(&c->loop, &c->patience_timer, c->loop.now_ms + FAREWELL_MS);
	dialer_stop_line(&c->dialer, c->line, why);
}

static void on_line_up(void *context, struct line *line)
{
	struct connect *c = context;
	const struct control *control = &line->connection->control;
	char host[4 * 65], vendor[4 * 65];
	connect_say(stage_name(STAGE_CONTROL), "stands with host \"%s\", vendor \"%s\"",
		    text_quote(host, sizeof(host), control->peer_host, strlen(control->peer_host)),
		    text_quote(vendor, sizeof(vendor), control->peer_vendor,
			       strlen(control->peer_vendor)));
	if (c->stopping)
		return;
	c->call = dialer_call(&c->dialer, line, NULL, NULL);
	if (!c->call) {
		c->failure = failure_at(c, STAGE_CALL, "out of memory");
		say_failure(c);
		leave(c, "out of memory");
	}
}

static void on_line_down(void *context, struct line *line, enum stage reached, const char *why)
{
	struct connect *c = context;
	if (line != c->line)
		return;
	c->line = NULL;
	loop_cancel_timer(&c->loop, &c->patience_timer);
	if (reached < STAGE_CALL && !c->stopping) {
		c->failure = failure_at(c, reached, why);
		say_failure(c);
	}
	/* Where the link came up, the name is asked for again; it may lead elsewhere by now. */
	if (!c->stopping && !failure_is_lasting(&c->failure) && c->failure.stage < STAGE_UP &&
	    c->address_at < c->address_count)
		try_next(c);
	else
		try_again_later(c, failure_status(&c->failure), failure_is_lasting(&c->failure));
}

/* ---- calls ---- */

static bool gre_came(const struct session *session)
{
	return session->gre.window.started || session->gre.peer_acked_any;
}

static void on_gre_time(void *context, uint64_t now_ms)
{
	struct connect *c = context;
	(void)now_ms;
	if (c->call && c->call->stage == STAGE_LCP && !c->call->session->gre.peer_acked_any)
		dialer_hang_up(&c->dialer, c->call, LINK_END_LCP, "no GRE came back");
}

static void on_stage(void *context, struct call *call, enum stage before)
{
	struct connect *c = context;
	char text[600];
	for (unsigned done = before; done < call->stage; done++)
		connect_say(stage_name((enum stage)done), "%s",
			    stage_print((enum stage)done, call->session, text, sizeof(text)));
	if (before == STAGE_CALL) {
		c->gre_timer = (struct timer){.on_time = on_gre_time, .context = c};
		loop_set_timer(&c->loop, &c->gre_timer, c->loop.now_ms + GRE_PATIENCE_MS);
	}
}

static void on_call_over(void *context, struct call *call, const struct link_end *end)
{
	struct connect *c = context;
	uint64_t stood_ms = c->up_ms ? c->loop.now_ms - c->up_ms : 0;
	loop_cancel_timer(&c->loop, &c->gre_timer);
	c->call = NULL;
	c->up_ms = 0;
	c->failure = failure_at(c, call->stage, end->text);
	c->failure.end = *end;
	c->failure.gre_came = gre_came(call->session);
	c->failure.gre_arrived = call->session->gre.peer_acked_any;
	c->failure.gre_errno = c->gre.unsent_errno;
	pause_link_stood(&c->pauses, stood_ms);
	if (c->stopping)
		connect_say("down", "after %llu s, %llu octets in, %llu out",
			    (unsigned long long)stood_ms / 1000,
			    (unsigned long long)call->session->account.octets_in,
			    (unsigned long long)call->session->account.octets_out);
	else if (!c->own_fault)
		say_failure(c);
	if (c->line && !c->line->closing)
		leave(c, c->stopping ? "the user's request" : "the call is over");
}

/* All that the kernel routes into the device goes into the one tunnel. */
static struct call *call_for(void *context, const struct ip_view *view)
{
	const struct connect *c = context;
	(void)view;
	return c->call;
}

/* ---- addresses ---- */

static void try_next(struct connect *c)
{
	while (c->address_at < c->address_count) {
		int error;
		char address[ADDRESS_TEXT];
		c->server = (struct endpoint){c->addresses[c->address_at++], c->options->port};
		c->gre.unsent_errno = 0;
		connect_say(stage_name(STAGE_TCP), "to %s port %u",
			    address_print(c->server.address, address), c->server.port);
		c->line = dialer_open_line(&c->dialer, c->settings, c->server, 0, &error);
		if (c->line) {
			/* A server that comes back after a crash says no word to our GRE: without
			 * this we would learn of it by our own Echo-Request, a minute later. */
			stream_keep_alive(&c->line->stream, KEEP_ALIVE_S, KEEP_ALIVE_FAILURES);
			return;
		}
		c->failure = failure_at(c, STAGE_TCP, strerror(-error));
		say_failure(c);
	}
	try_again_later(c, failure_status(&c->failure), false);
}

/* 0 or getaddrinfo's error. It may take its time: meanwhile signals have their plain effect, which
 * does no harm while nothing of ours stands but the device. */
static int resolve(struct connect *c)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
	sigset_t ours, all;
	sigemptyset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &ours);
	int error = getaddrinfo(c->options->host, NULL, &hints, &found);
	pthread_sigmask(SIG_SETMASK, &ours, NULL);
	c->address_count = c->address_at = 0;
	for (struct addrinfo *a = error ? NULL : found; a; a = a->ai_next) {
		struct sockaddr_in at;
		memcpy(&at, a->ai_addr, sizeof(at));
		if (c->address_count < CONNECT_ADDRESSES)
			c->addresses[c->address_count++] = ntohl(at.sin_addr.s_addr);
	}
	if (found)
		freeaddrinfo(found);
	return error;
}

void connect_attempt(struct connect *c)
{
	int error = resolve(c);
	if (!error) {
		try_next(c);
		return;
	}
	connect_say("failed",
		    "the name %s has no IPv4 address (%s): is it spelt right, and does DNS work "
		    "here?",
		    c->options->host, gai_strerror(error));
	try_again_later(c, STATUS_NO_CONNECTION, error == EAI_NONAME && !c->was_up);
}

void connect_stop(struct connect *c)
{
	bool again = c->stopping;
	c->stopping = true;
	loop_cancel_timer(&c->loop, &c->retry_timer);
	if (again || (!c->call && !c->line)) {
		end_with(c, STATUS_SIGNAL);
		return;
	}
	c->patience_timer = (struct timer){.on_time = on_patience, .context = c};
	loop_set_timer(&c->loop, &c->patience_timer, c->loop.now_ms + FAREWELL_MS);
	if (c->call)
		dialer_close_call(&c->dialer, c->call, "the user's request");
	else
		dialer_stop_line(&c->dialer, c->line, "the user's request");
}

const struct dialer_events connect_events = {
	.on_line_up = on_line_up,
	.on_line_down = on_line_down,
	.on_stage = on_stage,
	.on_network = connect_network,
	.on_call_over = on_call_over,
	.call_for = call_for,
};
