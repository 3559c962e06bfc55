/* A batch of messages and how they fared, for both ways out of gre_socket.h. */
#pragma once
#include <stdint.h>
#include <sys/socket.h>

struct gre_sent {
	uint64_t sent, unsent;
	int error; /* why the last of these was not, where there are any */
};

/* Sends them in order, and adds to what was sent and what was not. A message that is refused is passed over;
 * where the buffer is full, so are the others. `refused` hears of each, unless it is NULL. */
void gre_send_batch(int fd, struct mmsghdr *messages, unsigned count, struct gre_sent *sent,
		    void (*refused)(void *context, unsigned number, int error), void *context);
