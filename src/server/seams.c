#include "server/seams.h"

#include <poll.h>
#include <unistd.h>

#include "base/log.h"
#include "server/messages.h"

static void ignore(void *context, const struct message_type *type, const void *value)
{
	(void)context;
	(void)type;
	(void)value;
}

static void watch(struct seam_end *end)
{
	uint32_t events = EPOLLIN | (seam_is_waiting(&end->seam) ? (uint32_t)EPOLLOUT : 0u);
	if (events != end->watcher.events)
		loop_watch(end->loop, &end->watcher, events);
}

static void on_ready(void *context, uint32_t events)
{
	struct seam_end *end = context;
	int error = 0;
	if (events & EPOLLOUT) {
		error = seam_flush(&end->seam);
		if (!error && !seam_is_waiting(&end->seam) && end->on_drained)
			end->on_drained(end->context);
	}
	if (!error && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		error = seam_receive(&end->seam, end->handler, end->context);
	if (error) { /* in one process this is the end of it all; apart, the keeper mends it */
		loop_unwatch(end->loop, &end->watcher);
		return;
	}
	watch(end);
}

static int open_end(struct seam_end *end, int fd, struct loop *loop)
{
	*end = (struct seam_end){.handler = ignore};
	int error = seam_init(&end->seam, fd, server_messages, server_messages);
	if (error)
		return error;
	end->loop = loop;
	end->watcher = (struct watcher){.on_ready = on_ready, .context = end, .fd = fd};
	return 0;
}

int seam_ends_open(struct seam_end *a, struct loop *loop_a, struct seam_end *b, struct loop *loop_b)
{
	int fds[2];
	int error = seam_pair(fds);
	if (error)
		return error;
	error = open_end(a, fds[0], loop_a);
	if (error) {
		close(fds[0]);
		close(fds[1]);
		return error;
	}
	error = open_end(b, fds[1], loop_b);
	if (error) {
		close(fds[1]);
		seam_end_close(a);
	}
	return error;
}

void seam_end_close(struct seam_end *end)
{
	if (!end->loop)
		return;
	loop_unwatch(end->loop, &end->watcher);
	seam_fini(&end->seam);
	*end = (struct seam_end){0};
}

int seam_end_hear(struct seam_end *end, seam_handler *handler, void *context)
{
	end->handler = handler;
	end->context = context;
	return loop_watch(end->loop, &end->watcher, EPOLLIN);
}

void seam_ends_settle(struct seam_end *from, struct seam_end *to)
{
	struct pollfd waiting = {.fd = to->loop ? to->seam.fd : -1, .events = POLLIN};
	while (from->loop && to->loop && !seam_flush(&from->seam) && poll(&waiting, 1, 0) == 1 &&
	       waiting.revents & POLLIN)
		if (seam_receive(&to->seam, to->handler, to->context))
			return;
}

int seam_end_send(struct seam_end *end, uint16_t kind, const void *value)
{
	int error = seam_send(&end->seam, kind, value);
	if (!error)
		watch(end);
	return error;
}
