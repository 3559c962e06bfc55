#include "session/actions.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"

void session_host_fini(struct session_host *host)
{
	outbox_fini(&host->out);
	outbox_fini(&host->link_out);
	outbox_fini(&host->control_out);
}

bool session_host_is_crowded(const struct session_host *host)
{
	return host->out.length > OUTBOX_LIMIT / 4;
}

void action_put(struct session_host *host, enum action_kind kind, uint32_t id, const void *bytes,
		size_t length)
{
	struct outbox_part parts[] = {{&id, sizeof(id)}, {bytes, length}};
	outbox_put_parts(&host->out, (uint16_t)kind, parts, 2);
}

void action_log(struct session_host *host, uint32_t id, enum log_level level, const char *format,
		...)
{
	char text[1536];
	va_list arguments;
	if (host->out.length > OUTBOX_LIMIT / 2)
		return;
	va_start(arguments, format);
	text[0] = (char)level;
	vsnprintf(text + 1, sizeof(text) - 1, format, arguments);
	va_end(arguments);
	action_put(host, ACTION_LOG, id, text, 1 + strlen(text + 1));
}

bool line_limit_allows(struct line_limit *limit, uint64_t now_ms, uint32_t *left_out)
{
	*left_out = 0;
	if (now_ms / 1000 != limit->second) {
		*left_out = limit->left_out;
		*limit = (struct line_limit){.second = now_ms / 1000};
	}
	if (limit->lines == LINES_A_SECOND) {
		limit->left_out++;
		return false;
	}
	limit->lines++;
	return true;
}

bool action_take(struct session_host *host, struct action_view *view)
{
	struct action action;
	if (!outbox_take(&host->out, &action))
		return false;
	view->kind = (enum action_kind)action.kind;
	memcpy(&view->id, action.bytes, sizeof(view->id));
	view->bytes = action.bytes + sizeof(view->id);
	view->length = action.length - sizeof(view->id);
	return true;
}

void action_wipe(struct session_host *host, const struct action_view *view)
{
	secret_wipe(host->out.bytes + (view->bytes - host->out.bytes), view->length);
}
