/*
 * The administrator's programs, called as pppd calls them: ip-up and ip-down with six arguments and
 * a clean environment, standard streams on /dev/null (pppd(8), SCRIPTS). They run beside the
 * server, at most HOOKS_AT_ONCE, and those of one session one after the other; a program that is
 * not there is no error.
 */
#pragma once
#include <stdbool.h>

#include "base/list.h"
#include "config/settings.h"
#include "io/loop.h"
#include "server/messages.h"

enum {
	HOOKS_AT_ONCE = 8,
	HOOKS_WAITING = 65536, /* more than these are not called, and the log says so */
	HOOK_PATIENCE_MS =
		60000, /* then the program is killed, so that its session's next one can run */
};

struct hooks {
	struct loop *loop;
	struct list waiting, running; /* struct hook, in hooks.c */
	size_t waiting_count, running_count;
};

void hooks_init(struct hooks *hooks, struct loop *loop);

/* Waits a moment for those that run, and starts no more. */
void hooks_fini(struct hooks *hooks);

/* Calls ip-up (or ip-down) of the settings for what the message tells. */
void hooks_call(struct hooks *hooks, const struct settings *settings, bool up,
		const struct message_network *network);

/* The arguments and the environment for a call, each text malloc'ed, each list ended by NULL. For
 * hooks.c and its test. */
struct hook_words {
	char *arguments[8];
	char *environment[64];
};
bool hook_words_make(struct hook_words *words, const struct settings *settings, bool up,
		     const struct message_network *network);
void hook_words_free(struct hook_words *words);
