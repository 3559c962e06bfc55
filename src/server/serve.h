/*
 * The server as a whole: configuration, machine, keeper, authority, engine; start, reload, stop.
 * Either all of it stands or nothing does: a failure undoes what was done and says in one sentence
 * what, why and the remedy.
 */
#pragma once
#include "config/config.h"

struct serve_options {
	struct command_line line; /* pptpd's options; line.conf is `serve -c FILE` */
	/* Called once, when callers can be served; NULL: nobody wants to know. */
	void (*on_ready)(void *context);
	void *context;
};

/* Runs until SIGTERM or SIGINT; SIGHUP reads the configuration again. The exit status: 0, or 1
 * where it could not start (the reason is in the log). */
int serve_run(const struct serve_options *options);
