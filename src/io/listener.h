/* The TCP socket that callers connect to. */
#pragma once
#include <stdbool.h>

#include "base/address.h"
#include "io/io.h"

enum {
	LISTENER_BURST = 32, /* connections accepted in one call */
	LISTENER_BACKLOG = 512,
};

struct listener {
	int fd; /* owned; readable: somebody is calling */
	/* owned: given up for a moment to turn callers away when descriptors run out */
	int reserve;
};

/* Listens at `at` (address 0: all; port 0: any, see listener_endpoint), by `device` (a VRF's, say)
 * alone where that is not NULL. 0, or -errno and the reason in `why`. */
int listener_open(struct listener *listener, struct endpoint at, const char *device,
		  char why[static WHY_SIZE]);
void listener_close(struct listener *listener);
struct endpoint listener_endpoint(const struct listener *listener);

struct caller {
	int fd; /* non-blocking, TCP_NODELAY, keepalive on */
	struct endpoint from;
	struct endpoint to; /* what the caller dialled: answers leave from there */
};

/*
 * Takes in those who wait, at most LISTENER_BURST, and hands each to `take`, which owns its fd.
 * Where descriptors have run out, who waits is turned away at once rather than left to hang.
 * Returns how many were turned away.
 */
int listener_accept(struct listener *listener,
		    void (*take)(void *context, const struct caller *caller), void *context);

/* Who listens at a TCP port of this namespace:
 * "pptpd (process 812)" into `who`; false: not found. */
bool listener_find_owner(uint16_t port, char who[static WHY_SIZE]);
