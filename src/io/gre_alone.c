#include "io/gre_alone.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"

enum { LINE = 512 };

static bool is_ours(unsigned long inode, const int *ours, size_t count)
{
	struct stat status;
	for (size_t i = 0; i < count; i++)
		if (!fstat(ours[i], &status) && status.st_ino == inode)
			return true;
	return false;
}

/* The n-th word of a line, from 0; "" where it has fewer. */
static const char *word_of(const char *line, unsigned n)
{
	line += strspn(line, " ");
	for (; n && *line; n--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return line;
}

/* A line of /proc/net/raw: "47: 00000000:002F 00000000:0000 07 …", where the port of the local address is
 * the protocol, and the tenth word the inode. */
static bool is_foreign_socket(const char *line, const int *ours, size_t count)
{
	const char *local = word_of(line, 1);
	return strncmp(local + strcspn(local, ": "), ":002F ", 6) == 0 &&
	       !is_ours(strtoul(word_of(line, 9), NULL, 10), ours, count);
}

/* "pptp 24576 2 - Live …": the third word counts its sockets. */
static bool is_pptp_module(const char *line)
{
	return strncmp(line, "pptp ", 5) == 0 && strtoul(word_of(line, 2), NULL, 10) > 0;
}

static bool any_line(const char *path, bool (*is)(const char *line, const int *ours, size_t count),
		     const int *ours, size_t count)
{
	char line[LINE];
	bool found = false;
	FILE *file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = is(line, ours, count);
	if (file)
		fclose(file);
	return found;
}

static bool is_kernels_pptp(const char *line, const int *ours, size_t count)
{
	(void)ours;
	(void)count;
	return is_pptp_module(line);
}

bool gre_others_hear(const int *ours, size_t count, char why[static WHY_SIZE])
{
	if (any_line("/proc/thread-self/net/raw", is_foreign_socket, ours, count))
		snprintf(why, WHY_SIZE, "another program here hears GRE too");
	else if (any_line("/proc/modules", is_kernels_pptp, ours, count))
		snprintf(why, WHY_SIZE, "the kernel's own PPTP is in use");
	else
		return false;
	return true;
}

static int on_policy(const struct nlmsghdr *header, void *context)
{
	if (header->nlmsg_type == XFRM_MSG_NEWPOLICY)
		*(bool *)context = true;
	return MNL_CB_OK;
}

bool gre_ipsec_is_in_use(void)
{
	_Alignas(struct nlmsghdr) char bytes[16 * 1024];
	bool found = false;
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
	if (!socket)
		return errno != EPROTONOSUPPORT; /* a kernel without IPsec */
	struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);
	header->nlmsg_type = XFRM_MSG_GETPOLICY;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(header, sizeof(struct xfrm_userpolicy_id));
	int more = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
				   mnl_socket_sendto(socket, header, header->nlmsg_len) < 0
			   ? MNL_CB_ERROR
			   : MNL_CB_OK;
	while (more == MNL_CB_OK) {
		ssize_t length = mnl_socket_recvfrom(socket, bytes, sizeof(bytes));
		more = length < 0 ? MNL_CB_ERROR
				  : mnl_cb_run(bytes, (size_t)length, 0,
					       mnl_socket_get_portid(socket), on_policy, &found);
	}
	mnl_socket_close(socket);
	return found || more == MNL_CB_ERROR;
}
