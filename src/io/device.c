#include "io/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int device_bind(int fd, const char *device)
{
	if (!device)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device));
}

int device_explain(int fd, const char *device, char why[static WHY_SIZE])
{
	int error = errno;
	close(fd);
	snprintf(why, WHY_SIZE, "cannot bind to the device %s (vrf): %s%s", device, strerror(error),
		 error == ENODEV ? "; make it first: ip link add NAME type vrf table N" : "");
	return -error;
}
