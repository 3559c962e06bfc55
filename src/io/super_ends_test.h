/*
 * Super-segments against the kernel: TCP and UDP between two network namespaces, joined by two TUN
 * devices and this test, which splits what it reads and writes it merged, as the server does.
 *
 *	socket 10.9.0.1, fd09::1 ── tun super0 ── split, merge ── tun super1 ── socket 10.9.0.2, fd09::2
 */
#pragma once
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "io/tun.h"

enum { TOTAL = 50 * 1024 * 1024 };

/* One end: a namespace with a TUN device in it. */
struct end {
	struct tun tun;
	int fd;
	uint64_t supers_read, packets_read, supers_written, packets_written;
	uint64_t cwr_read; /* super-segments with it */
	unsigned
		marks_every; /* of the packets read, that many pass a router that is congested; 0: none */
};

extern struct end ends[2];

/* Makes the namespaces; why no test can run here, or NULL. */
const char *ends_lack(void);

/* Later sockets and devices are made in this namespace. */
void ends_enter(int end);

/* `super`: with super-segments where the kernel has them. */
void ends_open(bool super);
void ends_close(void);

/* Carries what waits at one end to the other, cut to `mtu`, at most a batch of reads. */
void ends_carry(struct end *from, struct end *to, uint16_t mtu);

struct sockaddr_storage ends_address(int family, int end);
int ends_socket(int end, int family, int type, bool bound);

/* An endless text that does not repeat within a segment: `length` octets of it, from `at` on. */
void ends_fill(uint8_t *to, size_t at, size_t length);

/* Waits for either device, or socket (-1: none). */
void ends_wait(int a, short a_events, int b, short b_events);

/* From a socket at end 1 to one at end 0: `total` octets, which arrive as they were sent. */
void ends_transfer(int family, uint16_t mtu, size_t total);
extern struct tcp_info ends_info; /* of the last transfer's sender */

/* From a socket to a socket likewise, many datagrams at once. */
void ends_datagrams(int family);

/* Most packets of the last transfer went in super-segments. */
void ends_assert_supers(void);
