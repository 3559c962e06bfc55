#include "io/gre_io.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"
#include "io/gre_alone.h"
#include "io/gre_ring.h"
#include "io/gre_transmit.h"
#include "io/next_hop.h"

enum {
	SETTLE_MS = 200,       /* changes come in swarms */
	BETWEEN_MS = 5 * 1000, /* two judgements, which ask other programs */
	ALONE_MS = 1000,       /* nobody tells of a new raw socket */
	LEGACY_MS = 30 * 1000, /* nor of rules of iptables-legacy, which a program has to read */
};

/* ---- what is there ---- */

/* The interfaces by which callers may come, and our addresses. */
struct scene {
	struct gre_taken taken;
	char names[GRE_TAKEN_INTERFACES][IFNAMSIZ];
	bool too_many;
	char queue[64]; /* what else stands at an interface's ingress; "": nothing */
};

static void add_interface(void *context, const struct netlink_link *link)
{
	struct scene *scene = context;
	if (!next_hop_link_is_usable(link))
		return;
	if (scene->taken.interface_count == GRE_TAKEN_INTERFACES) {
		scene->too_many = true;
		return;
	}
	size_t i = scene->taken.interface_count++;
	scene->taken.interfaces[i] = link->index;
	memcpy(scene->names[i], link->name, IFNAMSIZ);
}

static bool has_interface(const struct gre_taken *taken, int index)
{
	for (size_t i = 0; i < taken->interface_count; i++)
		if (taken->interfaces[i] == index)
			return true;
	return false;
}

static bool has_address(const struct gre_taken *taken, uint32_t address)
{
	for (size_t i = 0; i < taken->address_count; i++)
		if (taken->addresses[i] == address)
			return true;
	return false;
}

static void add_address(struct scene *scene, uint32_t address)
{
	struct gre_taken *taken = &scene->taken;
	if (has_address(taken, address))
		return;
	if (taken->address_count == GRE_TAKEN_ADDRESSES)
		scene->too_many = true;
	else
		taken->addresses[taken->address_count++] = address;
}

/* Those of other interfaces (loopback, our own TUN device) stay with the raw socket: callers dial them seldom,
 * and each change of the rule keeps packets waiting. */
static void add_subnet(void *context, const struct netlink_subnet *subnet)
{
	struct scene *scene = context;
	if (has_interface(&scene->taken, subnet->index))
		add_address(scene, subnet->address);
}

static void look_at_qdisc(void *context, const struct netlink_qdisc *qdisc)
{
	struct scene *scene = context;
	if ((strcmp(qdisc->kind, "ingress") == 0 || strcmp(qdisc->kind, "clsact") == 0) &&
	    has_interface(&scene->taken, qdisc->index))
		snprintf(scene->queue, sizeof(scene->queue),
			 "a queueing discipline %s stands at an interface", qdisc->kind);
}

static int look(const struct gre_io *io, struct scene *scene)
{
	struct netlink netlink;
	*scene = (struct scene){0};
	int error = netlink_open(&netlink);
	if (error)
		return error;
	error = netlink_each_link(&netlink, add_interface, scene);
	if (!error && io->plan.listen)
		add_address(scene, io->plan.listen);
	else if (!error)
		error = netlink_each_subnet(&netlink, add_subnet, scene);
	if (!error)
		error = netlink_each_qdisc(&netlink, look_at_qdisc, scene);
	netlink_close(&netlink);
	return error;
}

/* ---- judging ---- */

static bool hears_others(const struct gre_io *io, char why[static WHY_SIZE])
{
	int ours[GRE_IO_PORTS];
	for (size_t i = 0; i < io->plan.port_count; i++)
		ours[i] = io->plan.ports[i].fd;
	return gre_others_hear(ours, io->plan.port_count, why);
}

static void refuse(char why[static FOREIGN_SENTENCE], const char *reason)
{
	if (!why[0]) /* an empty reason is none */
		snprintf(why, FOREIGN_SENTENCE, "%s", reason);
}

/* What the administrator may override by `gre-io packet`. */
static void judge_others(const struct gre_io *io, const struct scene *scene, char *in, char *out)
{
	const char *names[GRE_TAKEN_INTERFACES];
	const struct foreign_plan foreign = {.interface = io->plan.interface,
					     .listen = io->plan.listen,
					     .track_gre = !io->plan.untracked};
	for (size_t i = 0; i < scene->taken.interface_count; i++)
		names[i] = scene->names[i];
	if (foreign_find_gre(&foreign, names, scene->taken.interface_count, in, out)) {
		refuse(in, "the rules of others cannot be read");
		refuse(out, "the rules of others cannot be read");
	}
}

/* To read all rules takes milliseconds, which packets wait for where they share the loop: so only where the
 * rules, or the interfaces that they may name, are others than the last time. */
static void recall_others(struct gre_io *io, const struct scene *scene, char *in, char *out)
{
	bool same = memcmp(io->judged_interfaces, scene->taken.interfaces,
			   sizeof(io->judged_interfaces)) == 0;
	if (!same || !io->rules_are_known) {
		memcpy(io->judged_interfaces, scene->taken.interfaces,
		       sizeof(io->judged_interfaces));
		io->rules_in[0] = io->rules_out[0] = 0;
		judge_others(io, scene, io->rules_in, io->rules_out);
		io->rules_are_known = io->rules_fd >= 0;
	}
	refuse(in, io->rules_in);
	refuse(out, io->rules_out);
	if (scene->queue[0])
		refuse(in, scene->queue);
}

static void judge(struct gre_io *io, const struct scene *scene, char *in, char *out)
{
	char why[WHY_SIZE];
	if (io->plan.policy != GRE_IO_PACKET)
		recall_others(io, scene, in, out);
	if (gre_ipsec_is_in_use()) {
		refuse(in, "this host has IPsec policies");
		refuse(out, "this host has IPsec policies");
	}
	io->is_crowded = hears_others(io, why);
	if (io->is_crowded)
		refuse(in, why);
	if (scene->too_many)
		refuse(in, "this host has too many interfaces or addresses");
	if (!scene->taken.interface_count || !scene->taken.address_count)
		refuse(in, "no interface of a usual kind is up");
}

/* ---- changing ---- */

static struct share share_of(const struct gre_io *io, size_t port)
{
	return (struct share){(uint16_t)port, (uint16_t)io->plan.port_count};
}

static void take(struct gre_io *io, const struct gre_taken *taken)
{
	for (size_t i = 0; i < io->plan.port_count; i++) {
		struct gre_port *port = &io->plan.ports[i];
		if (port->ring && gre_ring_take(port->ring, taken, share_of(io, i)))
			log_warning("gre-io: a ring does not take its filter: %s", strerror(errno));
	}
}

static void want_rings(struct gre_io *io, bool wanted)
{
	for (size_t i = 0; i < io->plan.port_count; i++)
		gre_port_want_ring(&io->plan.ports[i], wanted);
}

/* The rule before the rings. */
static void rings_end(struct gre_io *io)
{
	char why[WHY_SIZE];
	if (gre_ingress_drop(&io->ingress, NULL, why)) /* closing it always helps */
		gre_ingress_close(&io->ingress);
	take(io, NULL);
	want_rings(io, false);
}

/* Both what is taken now and what is to be: so that nothing is dropped that no ring takes. */
static bool both_taken(const struct gre_taken *now, const struct gre_taken *next,
		       struct gre_taken *both)
{
	*both = *now;
	for (size_t i = 0; i < next->address_count; i++) {
		if (has_address(both, next->addresses[i]))
			continue;
		if (both->address_count == GRE_TAKEN_ADDRESSES)
			return false;
		both->addresses[both->address_count++] = next->addresses[i];
	}
	for (size_t i = 0; i < next->interface_count; i++) {
		if (has_interface(both, next->interfaces[i]))
			continue;
		if (both->interface_count == GRE_TAKEN_INTERFACES)
			return false;
		both->interfaces[both->interface_count++] = next->interfaces[i];
	}
	return true;
}

/* The rings before the rule. 0, or -errno and the reason, and then there is neither. */
static int rings_begin(struct gre_io *io, const struct gre_taken *taken, char why[static WHY_SIZE])
{
	struct gre_taken both;
	int error = io->ingress.socket ? 0 : gre_ingress_open(&io->ingress, why);
	if (error)
		return error;
	if (!both_taken(&io->taken, taken, &both)) {
		rings_end(io);
		both = *taken;
	}
	take(io, &both);
	error = gre_ingress_drop(&io->ingress, taken, why);
	if (error) {
		rings_end(io);
		return error;
	}
	take(io, taken);
	want_rings(io, true);
	return 0;
}

static void change_in(struct gre_io *io, const struct gre_taken *taken, char *why)
{
	char refused[WHY_SIZE];
	static const struct gre_taken none;
	if (!why[0] && !io->in_why[0] && memcmp(taken, &io->taken, sizeof(*taken)) == 0)
		return;
	if (!why[0] && rings_begin(io, taken, refused))
		refuse(why, refused);
	else if (why[0] && !io->in_why[0])
		rings_end(io);
	io->taken = why[0] ? none : *taken;
}

static void change_out(struct gre_io *io, const char *why)
{
	for (size_t i = 0; i < io->plan.port_count; i++)
		if (io->plan.ports[i].transmit)
			gre_transmit_want(io->plan.ports[i].transmit, !why[0]);
}

/* A warning where the faster ways were forced and are not had. */
static void tell(const struct gre_io *io)
{
	char text[GRE_IO_WARNING];
	if (gre_io_warning(io, text))
		log_warning("%s", text);
	else
		log_info("gre-io=\"%s\"", gre_io_print(io, text));
}

/* Changes to what the reasons say, and tells of it. */
static void change(struct gre_io *io, const struct gre_taken *taken, char *in, char *out)
{
	char before[GRE_IO_TEXT], after[GRE_IO_TEXT];
	gre_io_print(io, before);
	change_in(io, taken, in);
	change_out(io, out);
	memmove(io->in_why, in, sizeof(io->in_why));
	memmove(io->out_why, out, sizeof(io->out_why));
	if (strcmp(before, gre_io_print(io, after)) != 0)
		tell(io);
}

void gre_io_judge(struct gre_io *io)
{
	struct scene scene;
	char in[FOREIGN_SENTENCE] = "", out[FOREIGN_SENTENCE] = "";
	refuse(in, io->no_ring);
	refuse(out, io->no_transmit);
	if (in[0] && out[0])
		return; /* nothing is open that could be used */
	if (look(io, &scene)) {
		refuse(in, "rtnetlink does not answer");
		refuse(out, "rtnetlink does not answer");
	} else {
		judge(io, &scene, in, out);
	}
	change(io, &scene.taken, in, out);
}

const char *gre_io_print(const struct gre_io *io, char text[static GRE_IO_TEXT])
{
	bool in = !io->in_why[0], out = !io->out_why[0];
	if (!in && !out)
		snprintf(text, GRE_IO_TEXT, "raw: %s", io->in_why);
	else
		snprintf(text, GRE_IO_TEXT, "packet in=%s%s%s%s out=%s%s%s%s", in ? "ring" : "raw",
			 in ? "" : " (", io->in_why, in ? "" : ")", out ? "packet" : "raw",
			 out ? "" : " (", io->out_why, out ? "" : ")");
	return text;
}

const char *gre_io_warning(const struct gre_io *io, char text[static GRE_IO_WARNING])
{
	char ways[GRE_IO_TEXT];
	if (io->plan.policy != GRE_IO_PACKET || (!io->in_why[0] && !io->out_why[0]))
		return NULL;
	snprintf(text, GRE_IO_WARNING, "gre-io packet is configured, but cannot be had: %s",
		 gre_io_print(io, ways));
	return text;
}

/* ---- opening ---- */

/* A socket that hears of every change that one group of this netlink family is told of. */
static int changes_open(int family, unsigned group)
{
	const struct sockaddr_nl everything = {.nl_family = AF_NETLINK,
					       .nl_groups = 1U << (group - 1)};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, family);
	if (fd < 0 || !bind(fd, (const struct sockaddr *)&everything, sizeof(everything)))
		return fd;
	close(fd);
	return -1;
}

/* Before anything is read: no change is missed. Of nftables' rules, which iptables-nft's are too. */
static void open_changes(struct gre_io *io)
{
	io->rules_fd = changes_open(NETLINK_NETFILTER, NFNLGRP_NFTABLES);
	io->policies_fd = changes_open(NETLINK_XFRM, XFRMNLGRP_POLICY);
	io->has_legacy = foreign_legacy_is_in_use();
}

static void open_ways(struct gre_io *io)
{
	for (size_t i = 0; i < io->plan.port_count; i++) {
		struct gre_port *port = &io->plan.ports[i];
		if (!io->no_ring[0] && (port->ring = gre_ring_open(io->no_ring)))
			io->no_ring[0] = 0;
		if (!io->no_transmit[0] &&
		    (port->transmit = gre_transmit_open(share_of(io, i), io->no_transmit)))
			io->no_transmit[0] = 0;
	}
}

void gre_io_open(struct gre_io *io, const struct gre_io_plan *plan)
{
	const char *never = plan->policy == GRE_IO_RAW ? "gre-io raw is configured"
			    : plan->vrf                ? "the sockets are bound to a VRF"
						       : "";
	assert(plan->port_count <= GRE_IO_PORTS);
	*io = (struct gre_io){.plan = *plan, .rules_fd = -1, .policies_fd = -1};
	snprintf(io->no_ring, sizeof(io->no_ring), "%s", never);
	snprintf(io->no_transmit, sizeof(io->no_transmit), "%s", never);
	if (!never[0]) {
		open_changes(io);
		open_ways(io);
	}
	snprintf(io->in_why, sizeof(io->in_why), "%s",
		 io->no_ring[0] ? io->no_ring : "not judged yet");
	snprintf(io->out_why, sizeof(io->out_why), "%s",
		 io->no_transmit[0] ? io->no_transmit : "not judged yet");
	if (io->no_ring[0] && io->no_transmit[0])
		tell(io); /* for good */
	gre_io_judge(io);
}

/* ---- following ---- */

static void judge_soon(struct gre_io *io)
{
	uint64_t now_ms = io->loop->now_ms;
	uint64_t at_ms = MAX_OF(now_ms + SETTLE_MS, io->judged_ms + BETWEEN_MS);
	if (!io->judge_timer.place)
		loop_set_timer(io->loop, &io->judge_timer, at_ms);
}

static void on_judge_time(void *context, uint64_t now_ms)
{
	struct gre_io *io = context;
	io->judged_ms = now_ms;
	gre_io_judge(io);
}

/* Its tables come and go by name; within them nothing shows from outside. */
static void look_at_legacy(struct gre_io *io, uint64_t now_ms)
{
	bool has = foreign_legacy_is_in_use();
	if (has == io->has_legacy && (!has || now_ms < io->legacy_again_ms))
		return;
	io->has_legacy = has;
	io->legacy_again_ms = now_ms + LEGACY_MS;
	io->rules_are_known = false;
	judge_soon(io);
}

static void on_alone_time(void *context, uint64_t now_ms)
{
	struct gre_io *io = context;
	static const struct gre_taken none;
	char why[WHY_SIZE], in[FOREIGN_SENTENCE] = "";
	bool others = hears_others(io, why);
	if (others && !io->in_why[0]) { /* at once: it gets nothing as long as we take it all */
		refuse(in, why);
		change(io, &none, in, io->out_why);
	} else if (!others && io->is_crowded) {
		judge_soon(io);
	}
	io->is_crowded = others;
	look_at_legacy(io, now_ms);
	loop_set_timer(io->loop, &io->alone_timer, now_ms + ALONE_MS);
}

static void note_change(void *context, enum netlink_changes change,
			const struct netlink_neighbour *neighbour)
{
	(void)change;
	(void)neighbour;
	judge_soon(context);
}

static void on_changes(void *context, uint32_t events)
{
	struct gre_io *io = context;
	(void)events;
	if (netlink_watch_read(&io->changes, note_change, io))
		judge_soon(io);
}

/* What they say does not matter, but that they say it; a full buffer says it too. */
static void read_away(int fd)
{
	char bytes[256];
	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		continue;
}

static void on_rules(void *context, uint32_t events)
{
	struct gre_io *io = context;
	(void)events;
	read_away(io->rules_fd);
	io->rules_are_known = false;
	judge_soon(io);
}

static void on_policies(void *context, uint32_t events)
{
	struct gre_io *io = context;
	(void)events;
	read_away(io->policies_fd);
	judge_soon(io);
}

static void watch(struct gre_io *io, struct watcher *watcher, int fd,
		  void (*on_ready)(void *context, uint32_t events))
{
	*watcher = (struct watcher){.on_ready = on_ready, .context = io, .fd = fd};
	if (fd >= 0)
		loop_watch(io->loop, watcher, EPOLLIN);
}

void gre_io_follow(struct gre_io *io, struct loop *loop)
{
	if (io->no_ring[0] && io->no_transmit[0])
		return; /* nothing can change */
	io->loop = loop;
	io->judge_timer = (struct timer){.on_time = on_judge_time, .context = io};
	io->alone_timer = (struct timer){.on_time = on_alone_time, .context = io};
	io->legacy_again_ms = loop->now_ms + LEGACY_MS;
	if (!netlink_watch_open(&io->changes, false))
		watch(io, &io->changes_watcher, netlink_descriptor(&io->changes), on_changes);
	watch(io, &io->rules_watcher, io->rules_fd, on_rules);
	watch(io, &io->policies_watcher, io->policies_fd, on_policies);
	loop_set_timer(loop, &io->alone_timer, loop->now_ms + ALONE_MS);
}

void gre_io_close(struct gre_io *io)
{
	if (io->loop) {
		loop_cancel_timer(io->loop, &io->judge_timer);
		loop_cancel_timer(io->loop, &io->alone_timer);
		loop_unwatch(io->loop, &io->changes_watcher);
		loop_unwatch(io->loop, &io->rules_watcher);
		loop_unwatch(io->loop, &io->policies_watcher);
		netlink_close(&io->changes);
	}
	if (io->plan.ports && io->rules_fd >= 0)
		close(io->rules_fd);
	if (io->plan.ports && io->policies_fd >= 0)
		close(io->policies_fd);
	if (io->plan.ports && !io->in_why[0])
		rings_end(io);
	gre_ingress_close(&io->ingress);
	*io = (struct gre_io){.rules_fd = -1, .policies_fd = -1};
}
