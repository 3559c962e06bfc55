/* Tells when a file was written or replaced (inotify on its
 * directory, for editors rename a new one over the old). */
#pragma once
#include "io/loop.h"

enum { FILE_WATCH_PATHS = 8, FILE_WATCH_SETTLE_MS = 200 };

struct file_watch {
	struct watcher watcher; /* fd -1: nothing is watched */
	struct timer settle;    /* several writes in a row are one change */
	struct loop *loop;
	size_t count;
	struct {
		int directory; /* inotify's watch descriptor */
		char name[256];
	} paths[FILE_WATCH_PATHS];
	void (*on_change)(void *context);
	void *context;
};

/* Watches these files, which may be missing yet; NULLs among them are skipped. 0 or -errno. */
int file_watch_open(struct file_watch *watch, struct loop *loop, const char *const paths[],
		    size_t count, void (*on_change)(void *context), void *context);
void file_watch_close(
	struct file_watch *watch); /* also of one that is zero with fd -1, or closed */
