/*
 * Two network namespaces for the tests of GRE's ways, made anew by each test:
 *
 *	us: wire 10.7.0.1/24 ── veth ── them: wire 10.7.0.2/24, 10.7.0.3/24
 */
#pragma once
#include <stdbool.h>

#include "io/gre_socket.h"

#define US    0x0a070001
#define THEM  0x0a070002
#define THEM2 0x0a070003

enum { OUR_SIDE, THEIR_SIDE };
enum { WAIT_MS = 10000 };

extern char town_why[WHY_SIZE];

/* Why no town can be made, or NULL. */
const char *town_lacks(void);

void town_open(void); /* and enters our side */
void town_close(void);
/* Later sockets and programs are of that side. */
void town_enter(int side);

/* A shell's line there: whether it succeeds; or it must; or whether it prints `what`. */
bool town_shell(const char *line);
void town_run(const char *line);
bool town_prints(const char *line, const char *what);

void town_port_open(struct gre_port *port, int side);
/* Opens a packet socket for the port, and has it used. */
void town_transmit_open(struct gre_port *port);

/* Puts a data packet of `length` octets with that sequence number, for call 7. */
void town_put(struct gre_port *port, uint32_t number, size_t length, uint32_t source,
	      uint32_t destination, uint8_t tos);
uint32_t town_number(const struct packet *p);

void town_wait(int fd); /* until it can be read */

/* Receives `count` packets with numbers from `first` on, in order. */
void town_expect(struct gre_port *port, uint32_t first, uint32_t count);

/* Sends packets one after the other until one goes by the packet socket: the neighbour is known then, and
 * nothing is under way. Returns the number after the last. */
uint32_t town_send_until_direct(struct gre_port *port, uint32_t number, uint32_t destination);
/* Sends one; did it go by the packet socket? */
bool town_goes_directly(struct gre_port *port, uint32_t number, size_t length);
