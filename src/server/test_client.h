/*
 * A caller for tests: the session in its other role, over real sockets, from an address of 127.0.0.0/8
 * to a server at 127.0.0.1. Runs when it is told to, in the thread of the test.
 */
#pragma once
#include "base/packet.h"
#include "io/loop.h"
#include "session/connection.h"

enum { TEST_SERVER = 0x7f000001 };

struct client {
	struct loop *loop; /* borrowed: the time */
	struct session_host host;
	struct session_settings *settings;
	struct connection *connection; /* NULL: closed */
	struct session *session;       /* NULL: none, or ended */
	int tcp, gre;
	uint64_t seed;
	bool connected, ipv4_up, ipv6_up, ended;
	struct link_end end;
	size_t frames, delivered; /* GRE packets that came; IP packets among them */
	uint8_t last[64];         /* what the latest of these begins with */
};

/* A socket bound to an address. */
int client_socket(int kind, int protocol, uint32_t address);
/* Connects from this address to the server's port, and does not wait for it. */
int client_dial(uint16_t port, uint32_t from);

void client_start(struct client *c, struct loop *loop, uint16_t port, uint32_t address);
void client_stop(struct client *c);

/* When it is connected: places a call. */
void client_call(struct client *c);
void client_send_gre(const struct client *c, const void *bytes, size_t length);

/* Carries out what its session wants done. */
void client_perform(struct client *c);
/* Takes in what came, and does what is due. */
void client_turn(struct client *c);
