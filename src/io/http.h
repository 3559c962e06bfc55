/*
 * The control socket: HTTP/1.1 over a unix socket (libmicrohttpd), driven by our own loop. Who may
 * ask is decided by the socket's owner and mode: root and the group `poptun`, 0660.
 */
#pragma once
#include <stddef.h>

#include "io/loop.h"

struct MHD_Daemon;

struct http_request {
	const char *method; /* "GET", "POST", "DELETE" */
	const char *path;   /* "/v1/sessions/17", without a query, %-escapes undone */
};

/* Filled by the handler; `body` is malloc'ed and taken, NULL for none. */
struct http_reply {
	unsigned status;
	const char *type; /* content type, a constant */
	char *body;
	size_t length;
};

typedef void http_handler(void *context, const struct http_request *request,
			  struct http_reply *reply);

struct http {
	struct MHD_Daemon *daemon;
	struct watcher watcher;
	struct timer timer;
	struct loop *loop;
	http_handler *handler;
	void *context;
	char path[108]; /* of the socket, removed at the end; empty: an adopted descriptor */
};

/*
 * Listens on the unix socket `path`, in place of a dead one of that name, and answers with
 * `handler`. 0, or -errno and a sentence in `why` (-EADDRINUSE: somebody answers there already).
 */
int http_open(struct http *http, struct loop *loop, const char *path, http_handler *handler,
	      void *context, char *why, size_t why_size);
void http_close(struct http *http);
