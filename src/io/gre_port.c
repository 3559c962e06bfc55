#include <assert.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "base/reader.h"
#include "io/clock.h"
#include "io/gre_ring.h"
#include "io/gre_socket.h"
#include "io/gre_transmit.h"

struct gre_receiving {
	struct mmsghdr messages[GRE_BATCH];
	struct iovec buffers[GRE_BATCH];
	struct packet packets[GRE_BATCH];
	/* beside a ring: what the raw socket brought; the ring's marked frames go before it */
	struct gre_datagram held_datagrams[GRE_BATCH];
	int held;
};

/* Control data that tell the kernel the source address and the TOS octet. */
union choices {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

struct gre_sending {
	unsigned count, raw; /* places taken, and messages of the raw socket among them */
	struct mmsghdr messages[GRE_BATCH];
	struct iovec buffers[GRE_BATCH];
	struct sockaddr_in destinations[GRE_BATCH];
	union choices choices[GRE_BATCH];
	struct packet packets[GRE_BATCH]; /* for gre_port_packet: number n is for place n */
};

int gre_port_init(struct gre_port *port, int fd)
{
	*port = (struct gre_port){
		.fd = fd,
		.in = calloc(1, sizeof(*port->in)),
		.out = calloc(1, sizeof(*port->out)),
	};
	if (port->in && port->out)
		return 0;
	free(port->in);
	free(port->out);
	return -ENOMEM;
}

void gre_port_fini(struct gre_port *port)
{
	gre_port_unwatch(port);
	gre_ring_close(port->ring);
	gre_transmit_close(port->transmit);
	close(port->fd);
	free(port->in);
	free(port->out);
	*port = (struct gre_port){.fd = -1};
}

/* ---- waiting ---- */

static void on_raw(void *context, uint32_t events)
{
	struct gre_port *port = context;
	port->raw_is_ready = true;
	port->on_ready(port->context, events);
}

static void on_ring(void *context, uint32_t events)
{
	struct gre_port *port = context;
	port->on_ready(port->context, events);
}

static void on_changes(void *context, uint32_t events)
{
	struct gre_port *port = context;
	(void)events;
	gre_transmit_follow(port->transmit);
}

static int watch(struct gre_port *port, enum gre_watched which, int fd,
		 void (*on_ready)(void *context, uint32_t events))
{
	port->watchers[which] = (struct watcher){.on_ready = on_ready, .context = port, .fd = fd};
	return loop_watch(port->loop, &port->watchers[which], EPOLLIN);
}

int gre_port_watch(struct gre_port *port, struct loop *loop,
		   void (*on_ready)(void *context, uint32_t events), void *context)
{
	port->loop = loop;
	port->on_ready = on_ready;
	port->context = context;
	int error = watch(port, GRE_WATCHED_RAW, port->fd, on_raw);
	if (!error && port->ring)
		error = watch(port, GRE_WATCHED_RING, port->ring->fd, on_ring);
	if (!error && port->transmit)
		error = watch(port, GRE_WATCHED_CHANGES, gre_transmit_descriptor(port->transmit),
			      on_changes);
	return error;
}

void gre_port_unwatch(struct gre_port *port)
{
	for (size_t i = 0; port->loop && i < GRE_WATCHED; i++)
		loop_unwatch(port->loop, &port->watchers[i]);
	port->loop = NULL;
}

/* ---- in ---- */

static void prepare(struct gre_receiving *in)
{
	for (unsigned i = 0; i < GRE_BATCH; i++) {
		packet_reset(&in->packets[i]);
		in->buffers[i].iov_base = in->packets[i].data;
		in->buffers[i].iov_len = packet_room(&in->packets[i]);
		in->messages[i].msg_hdr =
			(struct msghdr){.msg_iov = &in->buffers[i], .msg_iovlen = 1};
	}
}

/* Takes the outer header off. The kernel has checked it;
 * false would mean that this socket is not what it should be. */
static bool pull_outer(struct packet *p, struct gre_datagram *datagram)
{
	struct reader in = reader_of(p->data, p->length);
	size_t header = (size_t)(read_u8(&in) & 0x0f) * 4;
	*datagram = (struct gre_datagram){.packet = p, .tos = read_u8(&in)};
	read_bytes(&in, 6);
	datagram->ttl = read_u8(&in);
	read_bytes(&in, 3);
	datagram->source = read_u32(&in);
	datagram->destination = read_u32(&in);
	if (in.failed || header < sizeof(struct in_addr) * 5 || header > p->length)
		return false;
	packet_pull(p, header);
	return true;
}

/* Sets *drained where nothing more waits. */
static int receive_raw(struct gre_port *port, struct gre_datagram *datagrams, bool *drained)
{
	struct gre_receiving *in = port->in;
	int got, count = 0;
	prepare(in);
	do
		got = recvmmsg(port->fd, in->messages, GRE_BATCH, MSG_DONTWAIT, NULL);
	while (got < 0 && errno == EINTR);
	*drained = got < GRE_BATCH;
	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	for (int i = 0; i < got; i++) {
		struct packet *p = &in->packets[i];
		p->length = in->messages[i].msg_len;
		if (in->messages[i].msg_hdr.msg_flags & MSG_TRUNC)
			port->truncated++;
		else if (pull_outer(p, &datagrams[count]))
			count++;
	}
	return count;
}

/*
 * What the raw socket brings while the ring is in force (fragments, options, interfaces without a ring)
 * came after what the ring held when it was read: the ring goes first, as far as that.
 */
static int receive_held(struct gre_port *port, struct gre_datagram *datagrams)
{
	struct gre_receiving *in = port->in;
	int count = in->held;
	memcpy(datagrams, in->held_datagrams, (size_t)count * sizeof(*datagrams));
	in->held = 0;
	return count;
}

static int hold_raw(struct gre_port *port)
{
	struct gre_receiving *in = port->in;
	bool drained;
	int count = receive_raw(port, in->held_datagrams, &drained);
	port->raw_is_ready = !drained;
	in->held = MAX_OF(count, 0);
	gre_ring_look(port->ring);
	gre_fair_mark(&port->ring->fair);
	return MIN_OF(count, 0);
}

static int receive_both(struct gre_port *port, struct gre_datagram *datagrams)
{
	struct gre_receiving *in = port->in;
	assert(port->ring); /* by_ring: there is one */
	if (in->held && !port->ring->fair.marked)
		return receive_held(port, datagrams);
	if (!in->held && (port->raw_is_ready || !port->loop)) {
		int error = hold_raw(port);
		if (error)
			return error;
	}
	int count = gre_ring_read(port->ring, datagrams);
	port->received_by_ring += (uint64_t)count;
	return count || !in->held ? count : receive_held(port, datagrams);
}

/*
 * From the raw socket to the ring, what the socket holds goes first: it was there before. Back again, what
 * the ring holds. In between both have the same packets for a moment; the session's window takes one.
 */
static int receive(struct gre_port *port, struct gre_datagram *datagrams)
{
	bool drained, wanted = port->ring && atomic_load(&port->ring_is_wanted);
	int count;
	if (wanted && port->by_ring)
		return receive_both(port, datagrams);
	if (port->by_ring) {
		count = receive_both(port, datagrams);
		port->by_ring = count != 0;
		if (count)
			return count;
	}
	count = receive_raw(port, datagrams, &drained);
	port->by_ring = wanted && drained;
	port->raw_is_ready = !drained;
	return count || !port->by_ring ? count : receive_both(port, datagrams);
}

bool gre_port_has_waiting(const struct gre_port *port)
{
	return port->ring && (port->in->held || port->ring->fair.waiting);
}

int gre_port_receive(struct gre_port *port, struct gre_datagram datagrams[static GRE_BATCH])
{
	int count = receive(port, datagrams);
	port->received += (uint64_t)MAX_OF(count, 0);
	return count;
}

void gre_port_want_ring(struct gre_port *port, bool wanted)
{
	atomic_store(&port->ring_is_wanted, wanted);
}

/* ---- out ---- */

struct packet *gre_port_packet(struct gre_port *port)
{
	if (port->out->count == GRE_BATCH)
		gre_port_flush(port);
	struct packet *p = &port->out->packets[port->out->count];
	packet_reset(p);
	return p;
}

/* Puts one choice behind those that the message has. */
static void choose(struct msghdr *message, union choices *to, int type, const void *value,
		   size_t length)
{
	struct cmsghdr header = {
		.cmsg_level = IPPROTO_IP, .cmsg_type = type, .cmsg_len = CMSG_LEN(length)};
	uint8_t *at = to->bytes + message->msg_controllen;
	memcpy(at, &header, sizeof(header));
	memcpy(at + CMSG_LEN(0), value, length);
	message->msg_control = to;
	message->msg_controllen += CMSG_SPACE(length);
}

/* Only what differs from what the kernel does by itself: each choice costs. */
static void choose_all(struct msghdr *message, union choices *to, uint32_t source, uint8_t tos)
{
	const struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(source)};
	const int octet = tos;
	if (source)
		choose(message, to, IP_PKTINFO, &info, sizeof(info));
	if (tos)
		choose(message, to, IP_TOS, &octet, sizeof(octet));
}

/* A port without a loop asks the clock itself. */
static uint64_t now_ms(const struct gre_port *port)
{
	return port->loop ? port->loop->now_ms : clock_now_ms();
}

void gre_port_put(struct gre_port *port, const struct packet *p, uint32_t source,
		  uint32_t destination, uint8_t tos)
{
	struct gre_sending *out = port->out;
	const struct gre_outer outer = {source, destination, tos};
	if (out->count == GRE_BATCH)
		gre_port_flush(port);
	/* A packet of ours belongs into its own place, or
	 * it would be handed out again too early. */
	assert(p < out->packets || p >= out->packets + GRE_BATCH || p == &out->packets[out->count]);
	if (port->transmit && !out->count)
		gre_transmit_begin(port->transmit, now_ms(port));
	out->count++;
	if (port->transmit && gre_transmit_put(port->transmit, p, &outer, port->fd, out->raw))
		return;
	unsigned i = out->raw++;
	out->buffers[i] = (struct iovec){.iov_base = p->data, .iov_len = p->length};
	out->destinations[i] = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(destination),
	};
	out->messages[i].msg_hdr = (struct msghdr){
		.msg_name = &out->destinations[i],
		.msg_namelen = sizeof(out->destinations[i]),
		.msg_iov = &out->buffers[i],
		.msg_iovlen = 1,
	};
	choose_all(&out->messages[i].msg_hdr, &out->choices[i], source, tos);
}

/* The packet socket first: its packets were put before those to the same destination that went by the raw
 * socket in this batch. */
void gre_port_flush(struct gre_port *port)
{
	struct gre_sending *out = port->out;
	struct gre_sent sent = {0};
	if (port->transmit)
		gre_transmit_flush(port->transmit, &sent);
	port->sent_directly += sent.sent;
	gre_send_batch(port->fd, out->messages, out->raw, &sent, NULL, NULL);
	port->sent += sent.sent;
	port->unsent += sent.unsent;
	if (sent.unsent)
		port->unsent_errno = sent.error;
	out->count = out->raw = 0;
}

uint64_t gre_port_overrun(const struct gre_port *port)
{
	uint32_t values[SK_MEMINFO_VARS] = {0};
	socklen_t length = sizeof(values);
	uint64_t ring = port->ring ? gre_ring_overrun(port->ring) : 0;
	if (getsockopt(port->fd, SOL_SOCKET, SO_MEMINFO, values, &length) < 0)
		return ring;
	return ring + values[SK_MEMINFO_DROPS];
}
