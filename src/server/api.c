#include "server/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "server/answers.h"
#include "server/metrics.h"

static void give(struct http_reply *reply, unsigned status, json_t *answer)
{
	reply->body = answer ? json_dumps(answer, JSON_INDENT(2)) : NULL;
	reply->status = reply->body ? status : 500;
	reply->length = reply->body ? strlen(reply->body) : 0;
	json_decref(answer);
}

static void refuse(struct http_reply *reply, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void refuse(struct http_reply *reply, unsigned status, const char *format, ...)
{
	char why[4200];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	give(reply, status, json_pack("{so}", "error", answer_text(why)));
}

static void get_status(struct api *api, const char *id, struct http_reply *reply)
{
	(void)id;
	give(reply, 200, answer_status(api));
}

static void get_metrics(struct api *api, const char *id, struct http_reply *reply)
{
	(void)id;
	reply->body = metrics_print(api->engine);
	reply->status = reply->body ? 200 : 500;
	reply->length = reply->body ? strlen(reply->body) : 0;
	reply->type = "text/plain; version=0.0.4; charset=utf-8";
}

struct listing {
	const struct engine *engine;
	json_t *rows;
};

static void list_row(void *context, struct member *member)
{
	struct listing *listing = context;
	json_array_append_new(listing->rows, answer_row(listing->engine, member->session));
}

static int by_id(const void *a, const void *b)
{
	const json_t *const *one = a, *const *other = b;
	json_int_t first = json_integer_value(json_object_get(*one, "id"));
	json_int_t second = json_integer_value(json_object_get(*other, "id"));
	return (first > second) - (first < second);
}

/* The table's order is none; people want the oldest session first. Takes `rows`. */
static json_t *sorted(json_t *rows)
{
	size_t count = json_array_size(rows);
	json_t **list = calloc(count + 1, sizeof(json_t *)), *in_order = json_array();
	for (size_t i = 0; list && i < count; i++)
		list[i] = json_array_get(rows, i);
	if (list)
		qsort(list, count, sizeof(json_t *), by_id);
	for (size_t i = 0; list && i < count; i++)
		json_array_append(in_order, list[i]);
	free(list);
	json_decref(rows);
	return in_order;
}

static void get_sessions(struct api *api, const char *id, struct http_reply *reply)
{
	struct listing listing = {api->engine, json_array()};
	(void)id;
	table_each(&api->engine->table, list_row, &listing);
	give(reply, 200, json_pack("{so}", "sessions", sorted(listing.rows)));
}

/* What an ID names. */
struct naming {
	const char *user;
	uint32_t address; /* 0: the ID is none */
	struct member *list[4096];
	size_t count; /* also of those for which there was no place */
};

static void match(void *context, struct member *member)
{
	struct naming *naming = context;
	const struct session *session = member->session;
	bool named = !strcmp(session->user, naming->user) && *naming->user;
	if (naming->address)
		named |= session->caller.address == naming->address ||
			 (session->ipv4_up && session->addresses.remote == naming->address);
	if (!named)
		return;
	if (naming->count < COUNT_OF(naming->list))
		naming->list[naming->count] = member;
	naming->count++;
}

static struct member *by_number(const struct engine *engine, const char *id)
{
	char *end;
	if (strspn(id, "0123456789") != strlen(id) || strlen(id) > 10)
		return NULL;
	unsigned long long number = strtoull(id, &end, 10);
	return number && number <= UINT32_MAX ? table_by_id(&engine->table, (uint32_t)number)
					      : NULL;
}

static void find(struct engine *engine, const char *id, struct naming *naming)
{
	naming->user = id;
	naming->count = 0;
	if (!address_parse(id, &naming->address))
		naming->address = 0;
	naming->list[0] = by_number(engine, id);
	if (naming->list[0])
		naming->count = 1;
	else
		table_each(&engine->table, match, naming);
}

static void refuse_nobody(struct http_reply *reply, const char *id)
{
	refuse(reply, 404, "no session has the number, the user or the address %.200s", id);
}

static void get_session(struct api *api, const char *id, struct http_reply *reply)
{
	struct naming naming;
	find(api->engine, id, &naming);
	if (!naming.count)
		refuse_nobody(reply, id);
	else if (naming.count > 1)
		refuse(reply, 409, "%.200s names %zu sessions, %u and %u among them", id,
		       naming.count, naming.list[0]->session->id, naming.list[1]->session->id);
	else
		give(reply, 200, answer_session(api->engine, naming.list[0]->session));
}

static void end_sessions(struct api *api, const char *id, struct http_reply *reply)
{
	struct naming naming;
	find(api->engine, id, &naming);
	if (!naming.count) {
		refuse_nobody(reply, id);
		return;
	}
	json_t *ended = json_array();
	for (size_t i = 0; i < MIN_OF(naming.count, COUNT_OF(naming.list)); i++) {
		json_array_append_new(ended, json_integer(naming.list[i]->session->id));
		engine_end_session(api->engine, naming.list[i], "ended by the administrator");
	}
	engine_perform(api->engine);
	give(reply, 200, json_pack("{so}", "ended", ended));
}

static void reload(struct api *api, const char *id, struct http_reply *reply)
{
	char why[4096] = "";
	(void)id;
	if (api->reload(api->context, why, sizeof(why)))
		refuse(reply, 422, "%s", why);
	else
		give(reply, 200, json_pack("{sb}", "reloaded", 1));
}

static const struct route {
	const char *method, *path; /* that ends with '/': an ID follows */
	void (*answer)(struct api *api, const char *id, struct http_reply *reply);
} routes[] = {
	{"GET", "/v1/status", get_status},     {"GET", "/v1/sessions", get_sessions},
	{"GET", "/v1/sessions/", get_session}, {"DELETE", "/v1/sessions/", end_sessions},
	{"POST", "/v1/reload", reload},        {"GET", "/metrics", get_metrics},
};

/* What follows the route's path; NULL: it is another's. */
static const char *route_rest(const struct route *route, const char *path)
{
	size_t length = strlen(route->path);
	if (strncmp(path, route->path, length) != 0)
		return NULL;
	bool takes_id = route->path[length - 1] == '/';
	return (path[length] != 0) == takes_id ? path + length : NULL;
}

void api_handle(void *context, const struct http_request *request, struct http_reply *reply)
{
	bool known = false;
	reply->type = "application/json";
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		const char *rest = route_rest(&routes[i], request->path);
		known |= rest != NULL;
		if (rest && !strcmp(request->method, routes[i].method)) {
			routes[i].answer(context, rest, reply);
			return;
		}
	}
	if (known)
		refuse(reply, 405, "%.20s is not what can be done with %.200s", request->method,
		       request->path);
	else
		refuse(reply, 404, "there is no %.200s here", request->path);
}
