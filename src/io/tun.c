#include "io/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/base.h"
#include "ip/ip.h"
#include "ip/split.h"

#define DEVICE "/dev/net/tun"

enum {
	OFFLOAD_USO4 = 0x20, /* TUN_F_USO4 and TUN_F_USO6 of Linux 6.2, newer than our headers */
	OFFLOAD_USO6 = 0x40,
	ROOM = PACKET_CAPACITY - PACKET_HEADROOM, /* in an emptied packet */
};

_Static_assert(TUN_NAME == IFNAMSIZ, "as long as the kernel's");

static int explain_device(char *why, int error)
{
	if (error == ENOENT || error == ENODEV || error == ENXIO)
		snprintf(why, WHY_SIZE,
			 "there is no TUN device (" DEVICE
			 ": %s); `modprobe tun`, in a container pass --device " DEVICE
			 ", on a VPS ask the provider to enable TUN",
			 strerror(error));
	else if (error == EPERM || error == EACCES)
		snprintf(why, WHY_SIZE,
			 "no right to open " DEVICE
			 "; start as root, in a container pass --device " DEVICE
			 " --cap-add NET_ADMIN");
	else
		snprintf(why, WHY_SIZE, "cannot open " DEVICE ": %s", strerror(error));
	return -error;
}

static int explain_interface(char *why, int error, const char *name)
{
	if (error == EPERM || error == EACCES)
		snprintf(why, WHY_SIZE,
			 "no right to make the interface %s; start as root or with CAP_NET_ADMIN "
			 "(in a container: --cap-add NET_ADMIN)",
			 name);
	else if (error == EBUSY)
		snprintf(why, WHY_SIZE,
			 "the interface %s is in use by another program, perhaps another poptun; "
			 "stop it or choose another name with `interface`",
			 name);
	else if (error == EINVAL && if_nametoindex(name))
		snprintf(
			why, WHY_SIZE,
			"the interface %s exists and is no TUN device of ours; remove it (`ip link "
			"delete %s`) or choose another name with `interface`",
			name, name);
	else
		snprintf(why, WHY_SIZE, "cannot make the interface %s: %s", name, strerror(error));
	return -error;
}

/* The kernel takes '%' for a pattern; it and ioctl(2) cut what is too long without a word. */
static int check_name(const char *name, char *why)
{
	size_t length = strlen(name);
	if (length && length < IFNAMSIZ && !strpbrk(name, "%/: \t\n") && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0)
		return 0;
	snprintf(why, WHY_SIZE,
		 "\"%.40s\" is no name for an interface; choose 1 to 15 letters and digits with "
		 "`interface`",
		 name);
	return -EINVAL;
}

/* `flags`: those that are wanted; IFF_VNET_HDR only where the kernel has it. */
static int open_device(const char *name, int flags, char why[static WHY_SIZE])
{
	struct ifreq request = {.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | flags)};
	unsigned features = 0;
	int err = check_name(name, why);
	if (err)
		return err;
	int fd = open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return explain_device(why, errno);
	memcpy(request.ifr_name, name, strlen(name));
	if (flags & IFF_VNET_HDR &&
	    (ioctl(fd, TUNGETFEATURES, &features) < 0 || !(features & IFF_VNET_HDR)))
		request.ifr_flags = (short)(request.ifr_flags & ~IFF_VNET_HDR);
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		err = explain_interface(why, errno, name);
		close(fd);
		return err;
	}
	return fd;
}

int tun_open(const char *name, char why[static WHY_SIZE])
{
	return open_device(name, 0, why);
}

int tun_open_super(const char *name, char why[static WHY_SIZE])
{
	return open_device(name, IFF_VNET_HDR, why);
}

int tun_open_queues(const char *name, int *queues, size_t count, char why[static WHY_SIZE])
{
	int flags = IFF_VNET_HDR | (count > 1 ? IFF_MULTI_QUEUE : 0);
	for (size_t i = 0; i < count; i++) {
		queues[i] = open_device(name, flags, why);
		if (queues[i] >= 0)
			continue;
		int error = queues[i];
		while (i--)
			close(queues[i]);
		return error;
	}
	return 0;
}

int tun_read(int fd, struct packet *packets, int limit)
{
	int count = 0;
	while (count < limit) {
		struct packet *p = &packets[count];
		packet_reset(p);
		ssize_t got = read(fd, p->data, packet_room(p));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno != EAGAIN && !count)
			return -errno;
		if (got < 0)
			break;
		p->length = (size_t)got;
		count++;
	}
	return count;
}

int tun_write(int fd, const struct packet *p)
{
	ssize_t done;
	do
		done = write(fd, p->data, p->length);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : 0;
}

/* ---- with super-segments ---- */

/* What the kernel may leave to us in what we read. ECN: also what has CWR in the first segment. */
static void agree(struct tun *tun)
{
	static const unsigned offers[] = {
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | OFFLOAD_USO4 | OFFLOAD_USO6,
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
		TUN_F_CSUM,
		0,
	};
	for (size_t i = 0; i < COUNT_OF(offers); i++)
		if (ioctl(tun->fd, TUNSETOFFLOAD, (unsigned long)offers[i]) == 0) {
			/* Who can give super-segments of UDP can take them. */
			tun->merges = MERGE_TCP | (offers[i] & OFFLOAD_USO4 ? MERGE_UDP : 0);
			return;
		}
	tun->merges = MERGE_TCP;
}

const char *tun_supers_print(unsigned merges)
{
	if (!(merges & MERGE_TCP))
		return "none";
	return merges & MERGE_UDP ? "tcp,udp" : "tcp";
}

void tun_init(struct tun *tun, int fd)
{
	struct ifreq request = {0};
	*tun = (struct tun){.fd = fd};
	tun->has_headers =
		ioctl(fd, TUNGETIFF, &request) == 0 && (request.ifr_flags & IFF_VNET_HDR);
	if (tun->has_headers)
		agree(tun);
}

static ssize_t read_vector(int fd, const struct iovec *to, int count)
{
	ssize_t got;
	do
		got = readv(fd, to, count);
	while (got < 0 && errno == EINTR);
	return got;
}

/*
 * A plain packet, the most frequent, goes into `p` without a copy. Of a super-segment the first ROOM
 * octets come there too; the rest comes into `room`, behind the place where these belong.
 */
static int receive_super(struct tun *tun, struct packet *p, uint8_t *room, struct tun_super *super)
{
	uint8_t header[VNET_HEADER];
	const struct iovec to[] = {
		{header, sizeof(header)}, {p->data, ROOM}, {room + ROOM, SUPER_LENGTH_MAX}};
	ssize_t got = read_vector(tun->fd, to, COUNT_OF(to));
	if (got < 0)
		return errno == EAGAIN ? TUN_NOTHING : -errno;
	if ((size_t)got < sizeof(header))
		return TUN_NOTHING;
	size_t length = (size_t)got - sizeof(header);
	vnet_decode(&super->vnet, header);
	if (super->vnet.kind == VNET_PLAIN) {
		p->length = MIN_OF(length, (size_t)ROOM);
		vnet_complete(&super->vnet, p->data, p->length);
		return TUN_PACKET;
	}
	super->bytes = p->data;
	super->length = length;
	if (length > ROOM)
		super->bytes = memcpy(room, p->data, ROOM);
	return TUN_SUPER;
}

int tun_receive(struct tun *tun, struct packet *p, uint8_t *room, struct tun_super *super)
{
	packet_reset(p);
	if (tun->has_headers)
		return receive_super(tun, p, room, super);
	const struct iovec to = {p->data, ROOM};
	ssize_t got = read_vector(tun->fd, &to, 1);
	if (got < 0)
		return errno == EAGAIN ? TUN_NOTHING : -errno;
	p->length = (size_t)got;
	return TUN_PACKET;
}

static int write_vector(int fd, const struct iovec *from, size_t count)
{
	ssize_t done;
	do
		done = writev(fd, from, (int)count);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : 0;
}

/*
 * Cuts up again what the kernel would not take merged: its headers became those of the whole. It is that kind's
 * last, so it may be slow. Returns the last failure; the others went.
 */
static int send_apart(struct tun *tun, const struct merged *merged)
{
	uint8_t whole[SUPER_LENGTH_MAX];
	size_t length = 0;
	struct vnet_header vnet;
	struct ip_view view;
	struct splitter cut;
	struct packet p;
	int error = 0;
	for (size_t i = 0; i < merged->count; i++) {
		memcpy(whole + length, merged->spans[i].bytes, merged->spans[i].length);
		length += merged->spans[i].length;
	}
	vnet_decode(&vnet, merged->vnet);
	if (!ip_look_at(&view, whole, length) || !splitter_init(&cut, &view, &vnet, UINT16_MAX))
		return -EINVAL;
	while (splitter_next(&cut, &p)) {
		int one = tun_send_packet(tun, &p);
		error = one ? one : error;
	}
	return error;
}

int tun_send(struct tun *tun, const struct merged *merged)
{
	struct iovec from[1 + MERGER_PACKETS];
	size_t count = 0;
	if (tun->has_headers)
		from[count++] = (struct iovec){(void *)merged->vnet, VNET_HEADER};
	for (size_t i = 0; i < merged->count; i++)
		from[count++] =
			(struct iovec){(void *)merged->spans[i].bytes, merged->spans[i].length};
	int error = write_vector(tun->fd, from, count);
	if (error != -EINVAL || merged->count == 1)
		return error;
	tun->merges &= merged->kind == VNET_UDP ? ~(unsigned)MERGE_UDP : 0;
	return send_apart(tun, merged);
}

int tun_send_packet(struct tun *tun, const struct packet *p)
{
	static const uint8_t plain[VNET_HEADER];
	const struct iovec from[] = {{(void *)plain, sizeof(plain)}, {p->data, p->length}};
	return tun->has_headers ? write_vector(tun->fd, from, 2)
				: write_vector(tun->fd, from + 1, 1);
}
