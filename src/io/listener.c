#include "io/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/device.h"

/* A caller that vanished without a word is noticed after two minutes
 * at most, also while neither side has anything to say. */
enum { KEEPALIVE_IDLE_S = 60, KEEPALIVE_EVERY_S = 15, KEEPALIVE_COUNT = 4 };

static struct sockaddr_in to_sockaddr(struct endpoint at)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(at.port),
		.sin_addr.s_addr = htonl(at.address),
	};
}

static struct endpoint to_endpoint(const struct sockaddr_in *address)
{
	return (struct endpoint){ntohl(address->sin_addr.s_addr), ntohs(address->sin_port)};
}

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static void explain(char *why, int error, struct endpoint at)
{
	char address[ADDRESS_TEXT], who[WHY_SIZE];
	address_print(at.address, address);
	if (error == EADDRINUSE && listener_find_owner(at.port, who))
		snprintf(why, WHY_SIZE,
			 "TCP port %u of %s is in use by %.100s; stop it, or listen elsewhere",
			 at.port, address, who);
	else if (error == EADDRINUSE)
		snprintf(why, WHY_SIZE,
			 "TCP port %u of %s is in use by another program; find it with `ss -ltnp "
			 "sport = %u` and stop it, or listen elsewhere",
			 at.port, address, at.port);
	else if (error == EADDRNOTAVAIL)
		snprintf(why, WHY_SIZE,
			 "no interface has the address %s; set `listen` to one of this host's "
			 "(`ip address`)",
			 address);
	else if (error == EACCES)
		snprintf(why, WHY_SIZE,
			 "no right to listen at TCP port %u of %s; start as root, or with "
			 "CAP_NET_BIND_SERVICE",
			 at.port, address);
	else
		snprintf(why, WHY_SIZE, "cannot listen at TCP port %u of %s: %s", at.port, address,
			 strerror(error));
}

int listener_open(struct listener *listener, struct endpoint at, const char *device,
		  char why[static WHY_SIZE])
{
	struct sockaddr_in address = to_sockaddr(at);
	int err;
	listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener->fd >= 0 && device_bind(listener->fd, device) < 0) {
		err = device_explain(listener->fd, device, why);
		listener->fd = -1;
		listener_close(listener);
		return err;
	}
	/* SO_REUSEADDR: a new start need not wait for the old connections' TIME_WAIT to pass. */
	if (listener->fd < 0 || set_option(listener->fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
	    bind(listener->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener->fd, LISTENER_BACKLOG) < 0) {
		err = errno;
		explain(why, err, at);
		listener_close(listener);
		return -err;
	}
	return 0;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void listener_close(struct listener *listener)
{
	close_one(&listener->fd);
	close_one(&listener->reserve);
}

struct endpoint listener_endpoint(const struct listener *listener)
{
	struct sockaddr_in address = {0};
	socklen_t length = sizeof(address);
	getsockname(listener->fd, (struct sockaddr *)&address, &length);
	return to_endpoint(&address);
}

static void hand_over(int fd, const struct sockaddr_in *from,
		      void (*take)(void *context, const struct caller *caller), void *context)
{
	struct sockaddr_in to = {0};
	socklen_t length = sizeof(to);
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY_S);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
	getsockname(fd, (struct sockaddr *)&to, &length);
	take(context, &(struct caller){fd, to_endpoint(from), to_endpoint(&to)});
}

/* No descriptor is left for the caller who waits first. Left waiting it would keep the listener
 * readable and the loop spinning. True: it was turned away. */
static bool turn_away(struct listener *listener)
{
	if (listener->reserve < 0)
		return false;
	close_one(&listener->reserve);
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	bool away = fd >= 0;
	close_one(&fd);
	listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return away;
}

int listener_accept(struct listener *listener,
		    void (*take)(void *context, const struct caller *caller), void *context)
{
	int away = 0;
	for (int count = 0; count < LISTENER_BURST; count++) {
		struct sockaddr_in from = {0};
		socklen_t length = sizeof(from);
		int fd = accept4(listener->fd, (struct sockaddr *)&from, &length,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			hand_over(fd, &from, take, context);
		} else if (errno == EMFILE || errno == ENFILE) {
			if (!turn_away(listener))
				break;
			away++;
		} else if (errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS) {
			break;
		}
		/* else that caller is gone already, or its packets cannot be answered: the next */
	}
	return away;
}
