/*
 * The bytes of one TCP connection, non-blocking. What the socket does not take at once waits in a
 * bounded buffer, which exists only while something waits: thousands of quiet connections cost
 * nothing.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { STREAM_BUFFER = 8192 }; /* octets that may wait: more than fifty control messages */

struct stream {
	int fd;           /* owned */
	uint8_t *waiting; /* owned; NULL: nothing waits */
	size_t length;    /* octets that wait, from waiting on */
};

/* Takes `fd`, which is non-blocking. */
void stream_init(struct stream *stream, int fd);

/* Closes at once: what waits is lost (ask stream_is_waiting first). */
void stream_fini(struct stream *stream);

/* Sends or keeps all of it: 0. -ENOBUFS: the peer takes nothing and the buffer is full, or -errno:
 * the connection is broken; nothing more can come of it then. */
int stream_send(struct stream *stream, const void *bytes, size_t length);

/* Something waits: watch for EPOLLOUT, then call stream_flush (0, or -errno: broken). */
static inline bool stream_is_waiting(const struct stream *stream)
{
	return stream->length > 0;
}
int stream_flush(struct stream *stream);

/* Octets received (more than 0), 0: the peer ended its side,
 * -EAGAIN: nothing waits, or -errno: broken. */
ssize_t stream_receive(struct stream *stream, void *bytes, size_t size);

/* Has the kernel ask for a sign of life after so many seconds of silence, and again after as many: a
 * peer that was killed, or that another has taken the place of, answers with a reset. Without any
 * answer the connection breaks at the `failures`th. Best effort. */
void stream_keep_alive(struct stream *stream, int seconds, int failures);

/* The MTU of the path to the peer as the kernel knows it, or -errno. */
int stream_path_mtu(const struct stream *stream);
