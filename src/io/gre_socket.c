#include "io/gre_socket.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/base.h"
#include "base/reader.h"
#include "io/device.h"

struct gre_receiving {
	struct mmsghdr messages[GRE_BATCH];
	struct iovec buffers[GRE_BATCH];
	struct packet packets[GRE_BATCH];
};

/* Control data that tell the kernel the source address and the TOS octet. */
union choices {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

struct gre_sending {
	unsigned count;
	struct mmsghdr messages[GRE_BATCH];
	struct iovec buffers[GRE_BATCH];
	struct sockaddr_in destinations[GRE_BATCH];
	union choices choices[GRE_BATCH];
	struct packet packets[GRE_BATCH]; /* for gre_port_packet: number n is for place n */
};

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/* Buffers beyond the host's usual limits, which CAP_NET_ADMIN allows; else as much as there is. */
static void widen(int fd)
{
	if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, GRE_SOCKET_BUFFER) < 0)
		set_option(fd, SOL_SOCKET, SO_RCVBUF, GRE_SOCKET_BUFFER);
	if (set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, GRE_SOCKET_BUFFER) < 0)
		set_option(fd, SOL_SOCKET, SO_SNDBUF, GRE_SOCKET_BUFFER);
}

static int explain(char *why, int error, uint32_t listen)
{
	char address[ADDRESS_TEXT];
	if (error == EPERM || error == EACCES)
		snprintf(why, WHY_SIZE,
			 "no right to open a raw socket for GRE; start as root or with CAP_NET_RAW "
			 "(in a container: --cap-add NET_RAW)");
	else if (error == EADDRNOTAVAIL)
		snprintf(why, WHY_SIZE,
			 "no interface has the address %s; set `listen` to one of this host's "
			 "(`ip address`)",
			 address_print(listen, address));
	else
		snprintf(why, WHY_SIZE, "cannot open a raw socket for GRE: %s", strerror(error));
	return -error;
}

int gre_socket_open(uint32_t listen, const char *device, char why[static WHY_SIZE])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(listen)};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_GRE);
	if (fd < 0)
		return explain(why, errno, listen);
	if (device_bind(fd, device) < 0)
		return device_explain(fd, device, why);
	if (set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		int err = errno;
		close(fd);
		return explain(why, err, listen);
	}
	widen(fd);
	return fd;
}

/* The packet begins with its outer IPv4 header. A load beyond its end refuses it. */
static int attach_filter(int fd, struct share share)
{
	enum { CALL_ID = 6, WITH_CALL_ID = 8 };
	uint32_t take = UINT32_MAX, refuse = 0;
	struct sock_filter program[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* X: length of the IPv4 header */
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, WITH_CALL_ID, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, share.index == 0 ? take : refuse),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, CALL_ID),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, share_count(share)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, share.index, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, take),
		BPF_STMT(BPF_RET | BPF_K, refuse),
	};
	const struct sock_fprog whole = {COUNT_OF(program), program};
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &whole, sizeof(whole)) < 0 ? -errno : 0;
}

int gre_socket_share(int fd, struct share share)
{
	enum { QUEUED_MOST = 100000 };
	char nothing;
	if (share_count(share) == 1)
		return 0;
	int error = attach_filter(fd, share);
	for (int i = 0; !error && i < QUEUED_MOST; i++)
		if (recv(fd, &nothing, 0, MSG_DONTWAIT | MSG_TRUNC) < 0)
			break;
	return error;
}

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
	close(port->fd);
	free(port->in);
	free(port->out);
	*port = (struct gre_port){.fd = -1};
}

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

int gre_port_receive(struct gre_port *port, struct gre_datagram datagrams[static GRE_BATCH])
{
	struct gre_receiving *in = port->in;
	int got, count = 0;
	prepare(in);
	do
		got = recvmmsg(port->fd, in->messages, GRE_BATCH, MSG_DONTWAIT, NULL);
	while (got < 0 && errno == EINTR);
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
	port->received += (uint64_t)count;
	return count;
}

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

void gre_port_put(struct gre_port *port, const struct packet *p, uint32_t source,
		  uint32_t destination, uint8_t tos)
{
	struct gre_sending *out = port->out;
	if (out->count == GRE_BATCH)
		gre_port_flush(port);
	unsigned i = out->count++;
	/* A packet of ours belongs into its own place, or
	 * it would be handed out again too early. */
	assert(p < out->packets || p >= out->packets + GRE_BATCH || p == &out->packets[i]);
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

void gre_port_flush(struct gre_port *port)
{
	struct gre_sending *out = port->out;
	unsigned done = 0;
	while (done < out->count) {
		int sent = sendmmsg(port->fd, out->messages + done, out->count - done,
				    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent > 0) {
			done += (unsigned)sent;
			port->sent += (uint64_t)sent;
			continue;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		/* The error is of the first packet alone (no route, say, or a firewall), so the
		 * next may pass; but a full buffer takes none of the others either. A raw socket
		 * whose header the kernel makes says ENOBUFS then, not EAGAIN. */
		bool is_full = errno == EAGAIN || errno == ENOBUFS;
		unsigned lost = is_full ? out->count - done : 1;
		port->unsent += lost;
		port->unsent_errno = errno;
		done += lost;
	}
	out->count = 0;
}

uint64_t gre_port_overrun(const struct gre_port *port)
{
	uint32_t values[SK_MEMINFO_VARS] = {0};
	socklen_t length = sizeof(values);
	if (getsockopt(port->fd, SOL_SOCKET, SO_MEMINFO, values, &length) < 0)
		return 0;
	return values[SK_MEMINFO_DROPS];
}
