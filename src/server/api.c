#include "server/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "base/share.h"
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

static void refuse_without_answer(struct http_reply *reply)
{
	refuse(reply, 503, "a worker does not answer: it has more to do than it can");
}

static void get_status(struct api *api, const char *id, struct http_reply *reply)
{
	json_t *status = answer_status(api);
	(void)id;
	if (status)
		give(reply, 200, status);
	else
		refuse_without_answer(reply);
}

static void get_metrics(struct api *api, const char *id, struct http_reply *reply)
{
	char *text = metrics_print(api->workers);
	(void)id;
	if (!text) {
		refuse_without_answer(reply);
		return;
	}
	reply->body = text;
	reply->status = 200;
	reply->length = strlen(text);
	reply->type = "text/plain; version=0.0.4; charset=utf-8";
}

struct listing {
	const struct engine *engine; /* being asked */
	json_t *rows;
};

static void list_row(void *context, struct member *member)
{
	struct listing *listing = context;
	json_array_append_new(listing->rows, answer_row(listing->engine, member->session));
}

static void list_rows(void *context, struct engine *engine)
{
	struct listing *listing = context;
	listing->engine = engine;
	table_each(&engine->table, list_row, listing);
}

static int by_id(const void *a, const void *b)
{
	const json_t *const *one = a, *const *other = b;
	json_int_t first = json_integer_value(json_object_get(*one, "id"));
	json_int_t second = json_integer_value(json_object_get(*other, "id"));
	return (first > second) - (first < second);
}

/* The table's order is none; people want the oldest session first, as their numbers say of each worker's.
 * Takes `rows`. */
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
	struct listing listing = {.rows = json_array()};
	(void)id;
	if (workers_ask_all(api->workers, list_rows, &listing)) {
		give(reply, 200, json_pack("{so}", "sessions", sorted(listing.rows)));
		return;
	}
	json_decref(listing.rows);
	refuse_without_answer(reply);
}

/* What an ID names, and what is done with each session that it names, in its worker's thread. */
struct naming {
	const char *id;
	uint32_t number, address; /* 0: the ID is none */
	void (*visit)(void *context, struct member *member);
	void *context;
	bool found_number;
};

/* The name as it is, or as log and commands print it. */
static bool is_user(const struct session *session, const char *id)
{
	char printed[4 * AUTH_NAME_LIMIT + 1];
	if (!*session->user)
		return false;
	text_escape(printed, sizeof(printed), session->user, strlen(session->user));
	return !strcmp(session->user, id) || !strcmp(printed, id);
}

static void match(void *context, struct member *member)
{
	const struct naming *naming = context;
	const struct session *session = member->session;
	bool named = is_user(session, naming->id);
	if (naming->address)
		named |= session->caller.address == naming->address ||
			 (session->ipv4_up && session->addresses.remote == naming->address);
	if (named)
		naming->visit(naming->context, member);
}

static uint32_t number_of(const char *id)
{
	if (strspn(id, "0123456789") != strlen(id) || strlen(id) > 10)
		return 0;
	unsigned long long number = strtoull(id, NULL, 10);
	return number <= UINT32_MAX ? (uint32_t)number : 0;
}

static void visit_number(void *context, struct engine *engine)
{
	struct naming *naming = context;
	struct member *member = table_by_id(&engine->table, naming->number);
	naming->found_number = member != NULL;
	if (member)
		naming->visit(naming->context, member);
	engine_perform(engine);
}

static void visit_matches(void *context, struct engine *engine)
{
	table_each(&engine->table, match, context);
	engine_perform(engine);
}

/* False: a worker did not answer. */
static bool each_named(struct workers *workers, const char *id,
		       void (*visit)(void *context, struct member *member), void *context)
{
	struct naming naming = {
		.id = id, .number = number_of(id), .visit = visit, .context = context};
	if (!address_parse(id, &naming.address))
		naming.address = 0;
	size_t owner = share_owner(naming.number, (uint32_t)workers->count);
	if (naming.number && !workers_ask(workers, owner, visit_number, &naming))
		return false;
	return naming.found_number || workers_ask_all(workers, visit_matches, &naming);
}

static void refuse_nobody(struct http_reply *reply, const char *id)
{
	refuse(reply, 404, "no session has the number, the user or the address %.200s", id);
}

/* Sessions live on while others are asked, so what is told of one is told where it is found. */
struct found {
	json_t *first;
	uint32_t first_id, last_id;
	size_t count;
};

static void note(void *context, struct member *member)
{
	struct found *found = context;
	found->last_id = member->session->id;
	if (found->count++)
		return;
	found->first_id = member->session->id;
	found->first = answer_session(member->engine, member->session);
}

static void get_session(struct api *api, const char *id, struct http_reply *reply)
{
	struct found found = {0};
	bool all = each_named(api->workers, id, note, &found);
	if (all && found.count == 1) {
		give(reply, 200, found.first);
		return;
	}
	json_decref(found.first);
	if (!all)
		refuse_without_answer(reply);
	else if (!found.count)
		refuse_nobody(reply, id);
	else
		refuse(reply, 409, "%.200s names %zu sessions, %u and %u among them", id,
		       found.count, found.first_id, found.last_id);
}

static void end_one(void *context, struct member *member)
{
	json_array_append_new(context, json_integer(member->session->id));
	engine_end_session(member->engine, member, "ended by the administrator");
}

static void end_sessions(struct api *api, const char *id, struct http_reply *reply)
{
	json_t *ended = json_array();
	bool all = each_named(api->workers, id, end_one, ended);
	if (all && json_array_size(ended)) {
		give(reply, 200, json_pack("{so}", "ended", ended));
		return;
	}
	json_decref(ended);
	if (all)
		refuse_nobody(reply, id);
	else
		refuse_without_answer(reply);
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
