/*
 * The administrator's programs, called as pppd calls them: ip-up, ip-down, ipv6-up and ipv6-down
 * with six arguments and a clean environment, in /, standard streams on /dev/null (pppd(8),
 * SCRIPTS). They run beside the loop, at most HOOKS_AT_ONCE, and those of one session one after
 * the other; a program that is not there is no error.
 */
#pragma once
#include <stdbool.h>

#include "auth/verdict.h"
#include "base/list.h"
#include "config/settings.h"
#include "io/loop.h"

enum {
	HOOKS_AT_ONCE = 8,
	HOOKS_WAITING = 65536,    /* more than these are not called, and the log says so */
	HOOK_PATIENCE_MS = 60000, /* then the program is killed with all that it started, so that
				     its session's next one can run */
	HOOKS_FAREWELL_MS = 5000, /* for the last ones, at the end */
};

/* What a program is told of. Addresses in host order, 0: none. */
struct hook_facts {
	uint32_t session;
	uint32_t caller;        /* outer address: the sixth argument, unless ipparam or noipparam */
	uint32_t local, remote; /* inner addresses */
	uint32_t dns[2], nbns[2];
	uint8_t local_id[8], remote_id[8]; /* interface identifiers, with the events of IPv6 */
	char user[AUTH_NAME_LIMIT + 1];
	uint64_t seconds, octets_in, octets_out; /* with the events of an end */
};

enum hook_event { HOOK_IP_UP, HOOK_IP_DOWN, HOOK_IPV6_UP, HOOK_IPV6_DOWN };

struct hooks {
	struct loop *loop;
	struct list waiting, running; /* struct hook, in hooks.c */
	size_t waiting_count, running_count;
	uint32_t patience_ms, farewell_ms; /* the two above; a test may have less */
};

void hooks_init(struct hooks *hooks, struct loop *loop);

/* Lets those that run or wait come to their end, within farewell_ms; then kills and forgets. */
void hooks_fini(struct hooks *hooks);

/* Calls the settings' program for the event, with these facts. */
void hooks_call(struct hooks *hooks, const struct settings *settings, enum hook_event event,
		const struct hook_facts *facts);

/* Arguments and environment for a call: each text malloc'ed, each list owned and ended by NULL. For
 * hooks.c and its test. */
struct hook_words {
	char **arguments, **environment;
};
/* False without memory. */
bool hook_words_make(struct hook_words *words, const struct settings *settings,
		     enum hook_event event, const struct hook_facts *facts);
void hook_words_free(struct hook_words *words);
