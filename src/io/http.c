#include "io/http.h"

#include <errno.h>
#include <grp.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 64, PATIENCE_S = 10 };

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *body,
			      size_t *body_length, void **state)
{
	static char seen; /* its address marks a request whose headers were seen */
	struct http *http = context;
	if (!*state) { /* first call: headers only */
		*state = &seen;
		return MHD_YES;
	}
	if (*body_length) { /* nothing here takes a body: it is read and forgotten */
		*body_length = 0;
		return MHD_YES;
	}
	struct http_request request = {.method = method, .path = url};
	struct http_reply reply = {.status = 500, .type = "application/json"};
	http->handler(http->context, &request, &reply);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(reply.length, reply.body, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(reply.body);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply.type);
	enum MHD_Result result = MHD_queue_response(connection, reply.status, response);
	MHD_destroy_response(response);
	return result;
}

/* libmicrohttpd says when it wants to be called although nothing came. */
static void set_timer(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;
	if (MHD_get_timeout(http->daemon, &wait_ms) == MHD_YES)
		loop_set_timer(http->loop, &http->timer, http->loop->now_ms + wait_ms);
	else
		loop_cancel_timer(http->loop, &http->timer);
}

static void run(struct http *http)
{
	MHD_run(http->daemon);
	set_timer(http);
}

static void on_ready(void *context, uint32_t events)
{
	(void)events;
	run(context);
}

static void on_time(void *context, uint64_t now_ms)
{
	(void)now_ms;
	run(context);
}

/* Whether somebody answers on that socket: then it is not ours to remove. */
static bool is_alive(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool alive = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
	close(fd);
	return alive;
}

static void set_owner(const char *path)
{
	const struct group *group = getgrnam("poptun");
	if (group && chown(path, 0, group->gr_gid))
		return; /* root alone, then */
}

/* A listening descriptor, or -errno. */
static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (is_alive(&address))
		return -EADDRINUSE;
	unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mode_t before = umask(0117); /* 0660 from the first moment on */
	int failed = bind(fd, (const struct sockaddr *)&address, sizeof(address)) ? errno : 0;
	umask(before);
	if (!failed)
		set_owner(path);
	if (!failed && listen(fd, CONNECTIONS_MAX))
		failed = errno;
	if (!failed)
		return fd;
	close(fd);
	return -failed;
}

int http_open(struct http *http, struct loop *loop, const char *path, http_handler *handler,
	      void *context, char *why, size_t why_size)
{
	*http = (struct http){.loop = loop, .handler = handler, .context = context};
	int fd = listen_at(path);
	if (fd < 0) {
		snprintf(why, why_size, "cannot listen on the control socket %s: %s%s", path,
			 strerror(-fd),
			 fd == -EADDRINUSE ? "; another poptun answers there: give this one "
					     "another control-socket"
					   : "");
		return fd;
	}
	snprintf(http->path, sizeof(http->path), "%s", path);
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, answer, http,
					MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
					(unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
					(unsigned)PATIENCE_S, MHD_OPTION_END);
	const union MHD_DaemonInfo *info =
		http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		close(fd);
		unlink(path);
		snprintf(why, why_size, "cannot serve HTTP on the control socket %s", path);
		return -ENOMEM;
	}
	http->timer = (struct timer){.on_time = on_time, .context = http};
	http->watcher =
		(struct watcher){.on_ready = on_ready, .context = http, .fd = info->epoll_fd};
	return loop_watch(loop, &http->watcher, EPOLLIN);
}

void http_close(struct http *http)
{
	if (!http->daemon)
		return;
	loop_cancel_timer(http->loop, &http->timer);
	loop_unwatch(http->loop, &http->watcher);
	MHD_stop_daemon(http->daemon); /* closes the listening descriptor too */
	unlink(http->path);
	*http = (struct http){0};
}
