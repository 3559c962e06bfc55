#include "io/gre_send.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

void gre_send_batch(int fd, struct mmsghdr *messages, unsigned count, struct gre_sent *sent,
		    void (*refused)(void *context, unsigned number, int error), void *context)
{
	unsigned done = 0;
	while (done < count) {
		int took = sendmmsg(fd, messages + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (took > 0) {
			done += (unsigned)took;
			sent->sent += (uint64_t)took;
			continue;
		}
		if (took < 0 && errno == EINTR)
			continue;
		/* The error is of the first packet alone (no route, say, or a firewall), so the
		 * next may pass; but a full buffer takes none of the others either. A raw socket
		 * whose header the kernel makes says ENOBUFS then, not EAGAIN; so does a packet
		 * socket whose device is full. */
		bool is_full = errno == EAGAIN || errno == ENOBUFS;
		unsigned lost = is_full ? count - done : 1;
		sent->unsent += lost;
		sent->error = errno;
		if (refused && !is_full)
			refused(context, done, errno);
		done += lost;
	}
}
