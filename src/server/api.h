/*
 * What people and programs may ask: the HTTP API on the control socket. All that the command line
 *shows comes from here.
 *
 *	GET /v1/status            GET /v1/sessions        GET /v1/sessions/ID
 *	DELETE /v1/sessions/ID    POST /v1/reload         GET /metrics
 *
 * ID is a session's number, a user's name or an inner or outer address; what it names must be one
 *session, but for DELETE, which ends all that it names.
 */
#pragma once
#include "io/http.h"
#include "server/engine.h"

struct api {
	struct engine *engine;
	const struct settings *(*settings)(void *context); /* those in force */
	int (*reload)(void *context, char *why,
		      size_t why_size); /* 0, or the old configuration stays */
	void *context;
	const char *const *warnings; /* found at start: foreign firewall rules and the like */
	size_t warning_count;
};

/* An http_handler; `context` is a struct api. */
void api_handle(void *context, const struct http_request *request, struct http_reply *reply);
