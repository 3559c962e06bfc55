/*
 * The engine for tests, against real sockets, in a network namespace of the test's own:
 *
 *	client (127.0.0.2, 127.0.0.3, …)  ── lo, TCP and GRE ──  engine at 127.0.0.1
 *	engine ── tun device 10.9.0.1/24 ── the host's sockets
 *	engine ── seams ── a registrar and a keeper, played by the test
 */
#pragma once
#include "server/engine.h"
#include "server/test_client.h"
#include "tests/test.h"

enum {
	US = TEST_SERVER,
	CALLER = 0x7f000002,
	OTHER = 0x7f000003,
	INNER_US = 0x0a090001,
	INNER_CALLER = 0x0a090064,
};

struct fixture {
	struct loop loop;
	struct seam_end engine_authority, authority, engine_keeper, keeper;
	struct listener listener;
	struct watcher callers;
	struct places places;
	struct gre_port gre;
	int tun;
	struct session_settings *settings;
	struct engine engine;
	int logins, releases, networks[16]; /* messages; by kind */
	struct message_network network;     /* the latest */
	struct message_login login;
	char *logged; /* owned */
	size_t lines;
};

void fixture_start(struct fixture *f, uint32_t sessions_max);
void fixture_stop(struct fixture *f);

/* Connects from this address, and does not wait for it. */
int fixture_dial(struct fixture *f, uint32_t from);
void fixture_call_from(struct client *c, struct fixture *f, uint32_t address);
/* Places its call and waits until it is up. */
void fixture_client_up(struct fixture *f, struct client *c);

bool fixture_has_logged(const struct fixture *f, const char *text);

static inline uint64_t fixture_drops_of(const struct fixture *f, enum drop drop)
{
	return f->engine.host.drops[drop];
}

/* Turns of both, until `condition` is true; fails where it never is. */
#define RUN_UNTIL(f, c, condition)                                           \
	do {                                                                 \
		for (int turn_ = 0; turn_ < 2000 && !(condition); turn_++) { \
			loop_turn(&(f)->loop, 5);                            \
			client_turn(c);                                      \
		}                                                            \
		assert_true(condition);                                      \
	} while (0)
