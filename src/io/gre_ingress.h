/*
 * The rule that drops what the rings have taken (gre_ring.h), before the host's IP spends time on it:
 * a table of family netdev with a chain at the ingress of each interface.
 *
 * The table has an owner, the netlink socket here: the kernel removes it when that socket is closed, so
 * by whatever death of the process, and lets nobody else change it. Rules after rings, and away before
 * them. One such table serves the rings of all workers.
 */
#pragma once
#include <stdbool.h>

#include "io/gre_ring.h"

struct mnl_socket;

struct gre_ingress {
	struct mnl_socket *socket; /* owned; NULL: closed */
	bool stands;
	uint32_t sequence;
};

/* 0, or -errno and the reason in `why`: CAP_NET_ADMIN is missing, or the kernel has no nf_tables. */
int gre_ingress_open(struct gre_ingress *ingress, char why[static WHY_SIZE]);

/* Closes it, and with it goes the rule; also of one that is zero. */
void gre_ingress_close(struct gre_ingress *ingress);

/* Drops these from now on, and nothing else; NULL: nothing. What was said before is replaced in one
 * step. 0, or -errno and the reason in `why`, and then all is as it was. */
int gre_ingress_drop(struct gre_ingress *ingress, const struct gre_taken *taken,
		     char why[static WHY_SIZE]);
