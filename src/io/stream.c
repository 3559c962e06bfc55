#include "io/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void stream_init(struct stream *stream, int fd)
{
	*stream = (struct stream){.fd = fd};
}

static void forget(struct stream *stream)
{
	free(stream->waiting);
	stream->waiting = NULL;
	stream->length = 0;
}

void stream_fini(struct stream *stream)
{
	forget(stream);
	close(stream->fd);
	stream->fd = -1;
}

/* Octets that the socket took, 0 to `length`, or -errno. */
static ssize_t send_some(const struct stream *stream, const uint8_t *bytes, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t sent = send(stream->fd, bytes + done, length - done, MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN)
			break;
		if (sent < 0 && errno != EINTR)
			return -errno;
		if (sent > 0)
			done += (size_t)sent;
	}
	return (ssize_t)done;
}

int stream_send(struct stream *stream, const void *bytes, size_t length)
{
	const uint8_t *from = bytes;
	if (!stream_is_waiting(stream)) { /* else it would overtake */
		ssize_t sent = send_some(stream, from, length);
		if (sent < 0)
			return (int)sent;
		from += sent;
		length -= (size_t)sent;
	}
	if (!length)
		return 0;
	if (length > STREAM_BUFFER - stream->length)
		return -ENOBUFS;
	if (!stream->waiting && !(stream->waiting = malloc(STREAM_BUFFER)))
		return -ENOBUFS;
	memcpy(stream->waiting + stream->length, from, length);
	stream->length += length;
	return 0;
}

int stream_flush(struct stream *stream)
{
	ssize_t sent = send_some(stream, stream->waiting, stream->length);
	if (sent < 0)
		return (int)sent;
	stream->length -= (size_t)sent;
	if (stream->length)
		memmove(stream->waiting, stream->waiting + sent, stream->length);
	else
		forget(stream);
	return 0;
}

ssize_t stream_receive(struct stream *stream, void *bytes, size_t size)
{
	ssize_t got;
	do
		got = recv(stream->fd, bytes, size, 0);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

void stream_keep_alive(struct stream *stream, int seconds, int failures)
{
	int yes = 1;
	setsockopt(stream->fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
	setsockopt(stream->fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof(seconds));
	setsockopt(stream->fd, IPPROTO_TCP, TCP_KEEPCNT, &failures, sizeof(failures));
	setsockopt(stream->fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
}

int stream_path_mtu(const struct stream *stream)
{
	int mtu;
	socklen_t length = sizeof(mtu);
	return getsockopt(stream->fd, IPPROTO_IP, IP_MTU, &mtu, &length) < 0 ? -errno : mtu;
}
