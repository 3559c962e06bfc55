#include "io/mailbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* One that is asked for lies on the stack of the thread that waits; a posted one is its own. */
struct letter {
	struct list node;
	mail *deliver;
	void *context, *bytes;
	enum { POSTED, ASKED, BEGUN, DONE } state;
};

static struct letter *take(struct mailbox *mailbox)
{
	struct letter *letter = NULL;
	pthread_mutex_lock(&mailbox->lock);
	if (!list_is_empty(&mailbox->letters)) {
		letter = CONTAINER_OF(mailbox->letters.next, struct letter, node);
		list_remove(&letter->node);
		if (letter->state == ASKED)
			letter->state = BEGUN;
	}
	pthread_mutex_unlock(&mailbox->lock);
	return letter;
}

static void see_to(struct mailbox *mailbox, struct letter *letter)
{
	letter->deliver(letter->context, letter->bytes);
	if (letter->state == POSTED) {
		free(letter);
		return;
	}
	pthread_mutex_lock(&mailbox->lock);
	letter->state = DONE; /* from here on it may be gone */
	pthread_cond_broadcast(&mailbox->done);
	pthread_mutex_unlock(&mailbox->lock);
}

void mailbox_empty(struct mailbox *mailbox)
{
	struct letter *letter;
	while ((letter = take(mailbox)))
		see_to(mailbox, letter);
}

static void on_ready(void *context, uint32_t events)
{
	enum { IN_ONE_TURN = 64 };
	struct mailbox *mailbox = context;
	struct letter *letter = NULL;
	eventfd_t count;
	(void)events;
	eventfd_read(mailbox->watcher.fd, &count);
	for (int i = 0; i < IN_ONE_TURN && (letter = take(mailbox)); i++)
		see_to(mailbox, letter);
	if (letter) /* there may be more */
		eventfd_write(mailbox->watcher.fd, 1);
}

int mailbox_open(struct mailbox *mailbox, struct loop *loop)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	*mailbox = (struct mailbox){0};
	if (fd < 0)
		return -errno;
	pthread_condattr_t clock;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&mailbox->lock, NULL);
	pthread_cond_init(&mailbox->done, &clock);
	pthread_condattr_destroy(&clock);
	list_init(&mailbox->letters);
	mailbox->loop = loop;
	mailbox->watcher = (struct watcher){.on_ready = on_ready, .context = mailbox, .fd = fd};
	int error = loop_watch(loop, &mailbox->watcher, EPOLLIN);
	if (error)
		mailbox_close(mailbox);
	return error;
}

void mailbox_close(struct mailbox *mailbox)
{
	if (!mailbox->loop)
		return;
	LIST_EACH(node, following, &mailbox->letters)
		free(CONTAINER_OF(node, struct letter, node));
	loop_unwatch(mailbox->loop, &mailbox->watcher);
	close(mailbox->watcher.fd);
	pthread_cond_destroy(&mailbox->done);
	pthread_mutex_destroy(&mailbox->lock);
	*mailbox = (struct mailbox){0};
}

static void put(struct mailbox *mailbox, struct letter *letter)
{
	list_append(&mailbox->letters, &letter->node);
	eventfd_write(mailbox->watcher.fd, 1);
}

bool mailbox_post(struct mailbox *mailbox, mail *deliver, void *context, const void *bytes,
		  size_t length)
{
	struct letter *letter = malloc(sizeof(*letter) + length);
	if (!letter)
		return false;
	*letter = (struct letter){
		.deliver = deliver, .context = context, .bytes = letter + 1, .state = POSTED};
	if (length)
		memcpy(letter->bytes, bytes, length);
	pthread_mutex_lock(&mailbox->lock);
	put(mailbox, letter);
	pthread_mutex_unlock(&mailbox->lock);
	return true;
}

static struct timespec in_ms(unsigned patience_ms)
{
	enum { NS_OF_MS = 1000000, NS_OF_S = 1000000000 };
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += patience_ms / 1000;
	until.tv_nsec += (long)(patience_ms % 1000) * NS_OF_MS;
	if (until.tv_nsec >= NS_OF_S) {
		until.tv_sec++;
		until.tv_nsec -= NS_OF_S;
	}
	return until;
}

bool mailbox_ask(struct mailbox *mailbox, mail *deliver, void *context, void *bytes,
		 unsigned patience_ms)
{
	struct letter letter = {
		.deliver = deliver, .context = context, .bytes = bytes, .state = ASKED};
	struct timespec until = in_ms(patience_ms);
	pthread_mutex_lock(&mailbox->lock);
	put(mailbox, &letter);
	while (letter.state == ASKED)
		if (pthread_cond_timedwait(&mailbox->done, &mailbox->lock, &until) == ETIMEDOUT)
			break;
	bool begun = letter.state != ASKED;
	if (!begun)
		list_remove(&letter.node);
	while (begun && letter.state != DONE) /* it lies on our stack */
		pthread_cond_wait(&mailbox->done, &mailbox->lock);
	pthread_mutex_unlock(&mailbox->lock);
	return begun;
}
