#include "io/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEVICE "/dev/net/tun"

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

int tun_open(const char *name, char why[static WHY_SIZE])
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int err = check_name(name, why);
	if (err)
		return err;
	int fd = open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return explain_device(why, errno);
	memcpy(request.ifr_name, name, strlen(name));
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		err = explain_interface(why, errno, name);
		close(fd);
		return err;
	}
	return fd;
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
