/*
 * Which queue of a TUN device a packet comes out of: each worker reads a queue of its own, and a
 * packet is to come to the worker whose session its destination is. The kernel asks a small program
 * of ours (eBPF, written out here, without a library), which looks the destination up in a table
 * that we keep. What is not in the table comes out of the first queue.
 *
 * Needs a kernel with CONFIG_BPF_SYSCALL, and CAP_BPF or CAP_SYS_ADMIN where unprivileged use is
 * switched off, as it is on Debian. Elsewhere there is one queue and one worker.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "io/io.h"

struct steering {
	int table; /* owned; meaningful while `is_on` */
	bool is_on;
};

/* Where a packet is bound for: an IPv4 address, or the interface identifier of an IPv6 one. */
struct destination {
	uint32_t version; /* 4 or 6 */
	uint8_t id[8];    /* the address in network order and four zeros, or the identifier */
};

struct destination destination_ipv4(uint32_t address); /* host order */
struct destination destination_ipv6(const uint8_t id[static 8]);

/* Steers the packets of the TUN device, whose queues are all open, with room for `destinations`. 0,
 * or -errno and the reason in `why`; *steering is then off. */
int steering_open(struct steering *steering, int tun_fd, uint32_t destinations,
		  char why[static WHY_SIZE]);
/* Also of one that is zero. The device keeps the program as long as it lives. */
void steering_close(struct steering *steering);

/* Packets for this destination come out of queue `queue` from now on, in the order in which the queues
 * were opened. 0 or -errno; nothing happens, and 0, where it is off. */
int steering_set(const struct steering *steering, struct destination destination, uint32_t queue);
int steering_remove(const struct steering *steering, struct destination destination);
