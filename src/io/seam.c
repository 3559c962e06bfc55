#include "io/seam.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "base/secret.h"

struct seam_waiting {
	struct list node;
	size_t length;
	uint8_t bytes[];
};

int seam_pair(int fds[2])
{
	int kind = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC;
	return socketpair(AF_UNIX, kind, 0, fds) < 0 ? -errno : 0;
}

int seam_init(struct seam *seam, int fd, const struct message_type *sends,
	      const struct message_type *welcomes)
{
	*seam = (struct seam){.fd = fd, .sends = sends, .welcomes = welcomes, .value_size = 1};
	list_init(&seam->queue);
	for (const struct message_type *type = welcomes; type->kind; type++)
		seam->value_size = MAX_OF(seam->value_size, type->size);
	seam->value = malloc(seam->value_size);
	return seam->value ? 0 : -ENOMEM;
}

static void waiting_free(struct seam *seam, struct seam_waiting *w)
{
	list_remove(&w->node);
	seam->queued -= w->length;
	secret_wipe(w->bytes, w->length);
	free(w);
}

void seam_fini(struct seam *seam)
{
	LIST_EACH(node, following, &seam->queue)
		waiting_free(seam, CONTAINER_OF(node, struct seam_waiting, node));
	free(seam->value);
	seam->value = NULL;
	close(seam->fd);
	seam->fd = -1;
}

static int send_now(const struct seam *seam, const void *bytes, size_t length)
{
	ssize_t sent;
	do
		sent = send(seam->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* The socket is full for now; a datagram socket may say so in two ways. */
static bool is_busy(int err)
{
	return err == -EAGAIN || err == -ENOBUFS;
}

static int enqueue(struct seam *seam, const uint8_t *bytes, size_t length)
{
	if (seam->queued + length > SEAM_QUEUE)
		return -ENOBUFS;
	struct seam_waiting *w = malloc(sizeof(*w) + length);
	if (!w)
		return -ENOBUFS;
	w->length = length;
	memcpy(w->bytes, bytes, length);
	list_append(&seam->queue, &w->node);
	seam->queued += length;
	return 0;
}

int seam_send(struct seam *seam, uint16_t kind, const void *value)
{
	uint8_t bytes[MESSAGE_LIMIT];
	size_t length = message_encode(seam->sends, kind, value, bytes, sizeof(bytes));
	int err = -EAGAIN;
	if (!length)
		return -EMSGSIZE;
	if (!seam_is_waiting(seam)) /* else it would overtake */
		err = send_now(seam, bytes, length);
	if (is_busy(err))
		err = enqueue(seam, bytes, length);
	secret_wipe(bytes, length);
	return err;
}

int seam_flush(struct seam *seam)
{
	LIST_EACH(node, following, &seam->queue) {
		struct seam_waiting *w = CONTAINER_OF(node, struct seam_waiting, node);
		int err = send_now(seam, w->bytes, w->length);
		if (err)
			return is_busy(err) ? 0 : err;
		waiting_free(seam, w);
	}
	return 0;
}

/* One message: 1 handled or refused, 0 none waits, -errno. */
static int receive_one(struct seam *seam, seam_handler *handle, void *context)
{
	uint8_t bytes[MESSAGE_LIMIT];
	ssize_t got = recv(seam->fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (got == 0)
		return -EPIPE;
	const struct message_type *type = NULL;
	if ((size_t)got <= sizeof(bytes))
		type = message_decode(seam->welcomes, bytes, (size_t)got, seam->value,
				      seam->value_size);
	if (type)
		handle(context, type, seam->value);
	else
		seam->refused++;
	secret_wipe(bytes, MIN_OF((size_t)got, sizeof(bytes)));
	secret_wipe(seam->value, seam->value_size);
	return 1;
}

int seam_receive(struct seam *seam, seam_handler *handle, void *context)
{
	int got = 1;
	for (int count = 0; count < SEAM_BURST && got == 1; count++)
		got = receive_one(seam, handle, context);
	return MIN_OF(got, 0);
}
