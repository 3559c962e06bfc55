/*
 * The null pipeline: a tunnel that does nothing but what every tunnel of this kind has to do, as the mark for one that
 * does PPP. TUN device, super-segments split, 16 octets in front, GRE by the same sockets, 16 octets off, merged, TUN
 * device. No session, no window, no PPP.
 *
 * usage: bench-pipe INTERFACE LOCAL REMOTE auto|raw|packet       until a signal comes
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/writer.h"
#include "config/config.h"
#include "io/gre_io.h"
#include "io/tun.h"
#include "ip/merge.h"
#include "ip/split.h"

enum { MTU = 1500 - 20 - 16, HEADER = 16, ROUNDS = 4 };

static struct gre_port gre;
static struct gre_io io;
static struct tun tun;
static struct loop loop;
static struct merger merger;
static struct merged merged;
static struct packet packets[GRE_BATCH];
static unsigned used;
static uint32_t local, remote, sequence;

static void flush(void)
{
	gre_port_flush(&gre);
	used = 0;
}

static void enclose(struct packet *p)
{
	struct writer out = writer_of(packet_push(p, HEADER), HEADER);
	write_u16(&out, 0x3081);
	write_u16(&out, 0x880b);
	write_u16(&out, (uint16_t)(p->length - HEADER));
	write_u16(&out, 7);
	write_u32(&out, sequence++);
	write_u32(&out, 0);
	gre_port_put(&gre, p, local, remote, 0);
	used++;
}

static void split(const struct tun_super *super)
{
	struct splitter cut;
	struct ip_view view;
	if (!ip_look_at(&view, super->bytes, super->length) ||
	    !splitter_init(&cut, &view, &super->vnet, MTU))
		return;
	for (;;) {
		if (used == GRE_BATCH)
			flush();
		if (!splitter_next(&cut, &packets[used]))
			return;
		enclose(&packets[used]);
	}
}

static void on_tun(void *context, uint32_t events)
{
	static struct packet first;
	static uint8_t room[TUN_SUPER_ROOM];
	struct tun_super super;
	(void)context;
	(void)events;
	for (int i = 0; i < ROUNDS * GRE_BATCH; i++) {
		if (used == GRE_BATCH)
			flush();
		int got = tun_receive(&tun, &first, room, &super);
		if (got <= TUN_NOTHING)
			break;
		if (got == TUN_SUPER) {
			split(&super);
			continue;
		}
		packet_reset(&packets[used]);
		memcpy(packets[used].data, first.data, first.length);
		packets[used].length = first.length;
		enclose(&packets[used]);
	}
	flush();
}

static void on_gre(void *context, uint32_t events)
{
	struct gre_datagram in[GRE_BATCH];
	int count = GRE_BATCH;
	(void)context;
	(void)events;
	for (int round = 0; round < ROUNDS && count == GRE_BATCH; round++) {
		count = gre_port_receive(&gre, in);
		merger_init(&merger, tun.merges);
		for (int i = 0; i < count; i++) {
			if (in[i].packet->length <= HEADER)
				continue;
			packet_pull(in[i].packet, HEADER);
			merger_add(&merger, in[i].packet, 0);
		}
		while (merger_next(&merger, &merged))
			(void)tun_send(&tun, &merged);
	}
}

static int fail(const char *why)
{
	fprintf(stderr, "bench-pipe: %s\n", why);
	return 1;
}

int main(int argc, char **argv)
{
	char why[WHY_SIZE], text[GRE_IO_TEXT];
	uint32_t policy;
	struct in_addr ends[2];
	if (argc != 5 || !inet_aton(argv[2], &ends[0]) || !inet_aton(argv[3], &ends[1]) ||
	    !config_gre_io_parse(argv[4], &policy))
		return fail("usage: bench-pipe INTERFACE LOCAL REMOTE auto|raw|packet");
	local = ntohl(ends[0].s_addr);
	remote = ntohl(ends[1].s_addr);
	int tun_fd = tun_open_super(argv[1], why);
	int fd = tun_fd < 0 ? tun_fd : gre_socket_open(local, NULL, why);
	if (fd < 0)
		return fail(why);
	if (gre_port_init(&gre, fd) || loop_init(&loop))
		return fail("out of memory");
	tun_init(&tun, tun_fd);
	const struct gre_io_plan plan = {.policy = (enum gre_io_policy)policy,
					 .listen = local,
					 .interface = argv[1],
					 .untracked = true,
					 .ports = &gre,
					 .port_count = 1};
	gre_io_open(&io, &plan);
	gre_io_follow(&io, &loop);
	struct watcher watcher = {.on_ready = on_tun, .fd = tun_fd};
	if (gre_port_watch(&gre, &loop, on_gre, NULL) || loop_watch(&loop, &watcher, EPOLLIN))
		return fail("cannot wait for packets");
	printf("ready %s\n", gre_io_print(&io, text));
	fflush(stdout);
	return loop_run(&loop) ? 1 : 0;
}
