#include "path/path.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "io/clock.h"
#include "path/path_inner.h"

void path_run(struct path *path, struct path_entry *entries, size_t count)
{
	struct mppe_item *items[PATH_BATCH];
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		if (!entries[i].item.link.encrypted)
			continue;
		items[used++] = &entries[i].item.link.mppe;
		ahead_note(&path->ahead, entries[i].member);
		supplies_note(&path->supplies, entries[i].member, items[used - 1]);
	}
	if (used) {
		mppe_run_by(&path->plan, items, used);
		supplies_settle(&path->supplies);
	}
}

void path_rest(struct path *path)
{
	const struct gre_port *gre = path->gre;
	for (; path->truncated < gre->truncated; path->truncated++)
		path->owner->drop(path->context, DROP_GRE_TRUNCATED);
	for (; path->unsent < gre->unsent; path->unsent++)
		path->owner->drop(path->context, DROP_QUEUE_FULL);
	path->owner->perform(path->context);
}

void path_send_frame(struct path *path, const struct session *session, const uint8_t *bytes,
		     size_t length)
{
	struct packet *p = gre_port_packet(path->gre);
	if (length > packet_room(p))
		return; /* no control frame of ours is so long */
	memcpy(p->data, bytes, length);
	p->length = length;
	gre_port_put(path->gre, p, session->called, session->caller.address, session_tos(session));
}

void path_flush(struct path *path)
{
	gre_port_flush(path->gre);
}

static bool has_work(struct path *path)
{
	return gre_port_has_waiting(path->gre) || path_has_waiting(path) ||
	       ahead_has_work(&path->ahead) || supplies_have_work(&path->supplies);
}

static void at_end(void *context)
{
	struct path *path = context;
	path_end_receiving(path);
	path_end_sending(path);
	path_flush(path);
	path->loop->has_idle_work = has_work(path);
}

static bool on_idle(void *context)
{
	struct path *path = context;
	bool waits = gre_port_has_waiting(path->gre) || path_has_waiting(path);
	if (gre_port_has_waiting(path->gre))
		path_receive_waiting(path);
	if (path_has_waiting(path))
		path_send_waiting(path);
	if (waits)
		return has_work(path);
	if (ahead_has_work(&path->ahead))
		path->counters.keys_ahead += ahead_work(&path->ahead, &path->plan);
	else
		supplies_work(&path->supplies, &path->plan);
	return has_work(path);
}

static void join_loop(struct path *path)
{
	path->loop->at_end = at_end;
	path->loop->at_end_context = path;
	path->loop->on_idle = on_idle;
	path->loop->on_idle_context = path;
}

static void open_tun(struct path *path, int fd)
{
	path->tun.fd = -1;
	if (fd < 0)
		return;
	tun_init(&path->tun, fd);
	log_debug("tun super-segments=%s", tun_supers_print(path->tun.merges));
}

void path_say_kernels(const struct path *path)
{
	char kernels[RC4_PLAN_TEXT];
	log_info("mppe kernels=\"%s\" helper=%s", rc4_plan_print(&path->plan, kernels),
		 path->supplies.helper.runs ? "yes" : "no");
}

int path_init(struct path *path, const struct path_parts *parts)
{
	*path = (struct path){.loop = parts->loop,
			      .host = parts->host,
			      .owner = parts->owner,
			      .context = parts->context,
			      .gre = parts->gre,
			      .truncated = parts->gre->truncated,
			      .unsent = parts->gre->unsent};
	ahead_init(&path->ahead);
	open_tun(path, parts->tun_fd);
	int error = path_receiving_init(path);
	if (!error)
		error = path_sending_init(path);
	path->plan = parts->plan ? *parts->plan : rc4_choose(clock_now_ns);
	supplies_init(&path->supplies, path->loop, &path->plan);
	if (!parts->plan)
		path_say_kernels(path);
	path->tun_watcher =
		(struct watcher){.on_ready = path_on_tun, .context = path, .fd = path->tun.fd};
	join_loop(path);
	if (!error)
		error = gre_port_watch(path->gre, path->loop, path_on_gre, path);
	if (!error && path->tun.fd >= 0)
		error = loop_watch(path->loop, &path->tun_watcher, EPOLLIN);
	if (error)
		path_fini(path);
	return error;
}

void path_fini(struct path *path)
{
	if (!path->loop)
		return;
	gre_port_unwatch(path->gre);
	loop_unwatch(path->loop, &path->tun_watcher);
	path->loop->at_end = NULL;
	path->loop->on_idle = NULL;
	path->loop->has_idle_work = false;
	supplies_fini(&path->supplies);
	path_receiving_fini(path);
	path_sending_fini(path);
	*path = (struct path){0};
}
