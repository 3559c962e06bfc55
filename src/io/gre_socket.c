#include "io/gre_socket.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/base.h"
#include "io/device.h"

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
