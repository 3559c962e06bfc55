#include "io/loop.h"

#include <errno.h>
#include <limits.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/clock.h"

static void look_at_clock(struct loop *loop)
{
	loop->now_ns = clock_now_ns();
	loop->now_ms = loop->now_ns / 1000000;
}

int loop_init(struct loop *loop)
{
	*loop = (struct loop){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	look_at_clock(loop);
	return loop->epoll_fd < 0 ? -errno : 0;
}

void loop_fini(struct loop *loop)
{
	timers_fini(&loop->timers);
	close(loop->epoll_fd);
	loop->epoll_fd = -1;
}

int loop_watch(struct loop *loop, struct watcher *w, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = w};
	int change = w->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (w->is_watched && events == w->events)
		return 0;
	if (epoll_ctl(loop->epoll_fd, change, w->fd, &event) < 0)
		return -errno;
	w->is_watched = true;
	w->events = events;
	return 0;
}

void loop_unwatch(struct loop *loop, struct watcher *w)
{
	if (!w->is_watched)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	w->is_watched = false;
	for (int i = 0; i < loop->ready_count; i++)
		if (loop->ready[i].data.ptr == w)
			loop->ready[i].data.ptr = NULL;
}

/* How long the wait may last. The clock is rounded down, so the wait never ends before its time; it may end
 * later by as much as the turn has lasted. */
static int wait_ms(const struct loop *loop, int most_ms)
{
	uint64_t next = timers_next(&loop->timers), now = loop->now_ms;
	if (next == TIMER_NEVER)
		return most_ms;
	uint64_t wait = next <= now ? 0 : next - now;
	if (most_ms >= 0 && wait > (uint64_t)most_ms)
		return most_ms;
	return wait > INT_MAX ? INT_MAX : (int)wait;
}

static int wait_for_events(struct loop *loop, int most_ms)
{
	while (loop->has_idle_work && loop->on_idle && wait_ms(loop, most_ms) != 0) {
		int count = epoll_wait(loop->epoll_fd, loop->ready, LOOP_EVENTS, 0);
		if (count)
			return count;
		loop->has_idle_work = loop->on_idle(loop->on_idle_context);
		look_at_clock(loop);
	}
	return epoll_wait(loop->epoll_fd, loop->ready, LOOP_EVENTS, wait_ms(loop, most_ms));
}

int loop_turn(struct loop *loop, int most_ms)
{
	if (loop->at_end)
		loop->at_end(loop->at_end_context);
	int count = wait_for_events(loop, most_ms);
	if (count < 0 && errno != EINTR)
		return -errno;
	look_at_clock(loop);
	loop->ready_count = count < 0 ? 0 : count;
	for (int i = 0; i < loop->ready_count; i++) {
		struct watcher *w = loop->ready[i].data.ptr;
		if (w)
			w->on_ready(w->context, loop->ready[i].events);
	}
	loop->ready_count = 0;
	timers_run(&loop->timers, loop->now_ms, LOOP_TIMERS);
	return 0;
}

int loop_run(struct loop *loop)
{
	int err = 0;
	loop->stopping = false;
	look_at_clock(loop); /* much may have been set up since loop_init */
	while (!loop->stopping && !err)
		err = loop_turn(loop, -1);
	if (loop->at_end) /* what the last turn left */
		loop->at_end(loop->at_end_context);
	return err;
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}

int signals_open(const int *signals)
{
	sigset_t set;
	sigemptyset(&set);
	for (; *signals; signals++)
		sigaddset(&set, *signals);
	int err = pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (err)
		return -err;
	int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int signals_read(int fd)
{
	struct signalfd_siginfo info;
	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}
