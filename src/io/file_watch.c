#include "io/file_watch.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static bool concerns(const struct file_watch *watch, const struct inotify_event *event)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->paths[i].directory == event->wd && event->len &&
		    !strcmp(watch->paths[i].name, event->name))
			return true;
	return false;
}

static void on_ready(void *context, uint32_t events)
{
	struct file_watch *watch = context;
	_Alignas(struct inotify_event) char bytes[4096];
	(void)events;
	ssize_t length;
	while ((length = read(watch->watcher.fd, bytes, sizeof(bytes))) > 0) {
		for (char *at = bytes; at < bytes + length;) {
			const struct inotify_event *event = (const void *)at;
			if (concerns(watch, event) && !watch->settle.place)
				loop_set_timer(watch->loop, &watch->settle,
					       watch->loop->now_ms + FILE_WATCH_SETTLE_MS);
			at += sizeof(*event) + event->len;
		}
	}
}

static void on_settled(void *context, uint64_t now_ms)
{
	struct file_watch *watch = context;
	(void)now_ms;
	watch->on_change(watch->context);
}

static void add(struct file_watch *watch, const char *path)
{
	char copy[4096], again[4096];
	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return;
	memcpy(again, copy, sizeof(again));
	int directory =
		inotify_add_watch(watch->watcher.fd, dirname(copy), IN_CLOSE_WRITE | IN_MOVED_TO);
	if (directory < 0)
		return; /* a directory that is not there: `reload` finds the file when it comes */
	watch->paths[watch->count].directory = directory;
	snprintf(watch->paths[watch->count].name, sizeof(watch->paths[0].name), "%s",
		 basename(again));
	watch->count++;
}

int file_watch_open(struct file_watch *watch, struct loop *loop, const char *const paths[],
		    size_t count, void (*on_change)(void *context), void *context)
{
	*watch = (struct file_watch){.loop = loop, .on_change = on_change, .context = context};
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0) {
		watch->watcher.fd = -1;
		return -errno;
	}
	watch->watcher = (struct watcher){.on_ready = on_ready, .context = watch, .fd = fd};
	watch->settle = (struct timer){.on_time = on_settled, .context = watch};
	for (size_t i = 0; i < count && watch->count < FILE_WATCH_PATHS; i++)
		if (paths[i])
			add(watch, paths[i]);
	return loop_watch(loop, &watch->watcher, EPOLLIN);
}

void file_watch_close(struct file_watch *watch)
{
	if (!watch->loop || watch->watcher.fd < 0)
		return;
	loop_cancel_timer(watch->loop, &watch->settle);
	loop_unwatch(watch->loop, &watch->watcher);
	close(watch->watcher.fd);
	*watch = (struct file_watch){.watcher.fd = -1};
}
