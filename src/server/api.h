/*
 * What people and programs may ask: the HTTP API on the control socket. All that the command line
 * shows comes from here.
 *
 *	GET /v1/status            GET /v1/sessions        GET /v1/sessions/ID
 *	DELETE /v1/sessions/ID    POST /v1/reload         GET /metrics
 *
 * Each worker is asked in its own thread, one after the other, and counts are added up. One that does
 * not answer in time is an error, 503: a part would look like the whole.
 *
 * ID is a session's number, a user's name, or an inner or outer address, in that order: what names
 * a session's number is nothing else. GET wants it to name one session; DELETE ends all that it
 * names. A refusal is {"error": "…"}: 404 there is no such thing, 405 not with this method, 409 ID
 * names several sessions, 422 the configuration that was to be read again is wrong.
 */
#pragma once
#include "io/http.h"
#include "server/census.h"
#include "server/worker.h"

/* Where rates are counted from. */
struct gre_io;

struct api_sample {
	uint64_t at_ms; /* 0: none yet */
	struct engine_counters totals;
};

struct api {
	struct workers *workers;
	const struct listener *listener;
	const struct settings *(*settings)(void *context); /* those in force */
	/* Returns 0, or the old configuration stays and `why` says it. */
	int (*reload)(void *context, char *why, size_t why_size);
	void *context;
	const struct gre_io *gre_io; /* NULL: not told of */
	const char *const *warnings; /* found at start: foreign firewall rules and the like */
	size_t warning_count;
	struct api_sample samples[2]; /* its own: zero at first. Older, newer */
};

/* An http_handler; `context` is a struct api. */
void api_handle(void *context, const struct http_request *request, struct http_reply *reply);
