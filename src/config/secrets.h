/*
 * chap-secrets and pap-secrets: `client server secret [address …]`, one entry a line (pppd(8),
 * AUTHENTICATION). Loaded whole; looked up by the registrar at each login.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "config/config.h"

/* One word of an entry's address list. */
struct secret_address {
	bool refused;     /* "!…" */
	bool by_unit;     /* "a.b.c.d/n+": the one address network + unit + 1 */
	uint32_t network; /* host order */
	uint8_t prefix;   /* 0 to 32; "*" is 0.0.0.0/0 */
};

struct secret {
	struct map_node by_client;
	char *client, *server;            /* owned; "*" matches any */
	char *text;                       /* owned, ended by NUL; wiped with the rest */
	struct secret_address *addresses; /* owned; tried in order */
	size_t address_count;
	size_t place;  /* in the file, from 0: of equal matches the first one wins */
	unsigned line; /* of the file, from 1 */
};

/* Starts as {0}. */
struct secrets {
	struct secret **list; /* owned, in the order of the file */
	size_t count, capacity;
	struct map by_client; /* those whose client is no wildcard */
	struct secret **wild; /* owned array: those whose client is */
	size_t wild_count, wild_capacity;
};

/* Wipes and frees. */
void secrets_fini(struct secrets *secrets);

/*
 * Adds the entries of a file that was read already. `source` loads what "@/file" secrets name and
 * resolves host names in address lists. A line that cannot be used is a warning and left out; an
 * error is only text that cannot be a secrets file at all. Returns whether there was no error.
 */
bool secrets_parse(struct secrets *secrets, const struct config_source *source, const char *file,
		   const char *bytes, size_t length, struct complaints *complaints);

/*
 * The entry that fits best: an exact client counts 2, an exact server 1, the higher sum wins, the
 * first in the file among equals. Case counts. `servers` are our names; NULLs among them are
 * skipped. NULL where none fits.
 */
const struct secret *secrets_find(const struct secrets *secrets, const char *client,
				  const char *const servers[], size_t server_count);

/* The name without "DOMAIN\" in front: `chapms-strip-domain`. */
const char *secrets_strip_domain(const char *client);

/*
 * Whether the entry lets its client use this address. `unit` is the number of the session's slot,
 * for "/n+". The first word that matches decides, and the end of the list refuses.
 */
bool secret_allows(const struct secret *secret, uint32_t address, uint32_t unit);

/* The first single address of the list that is allowed, or 0: that one is the client's own. */
uint32_t secret_fixed_address(const struct secret *secret, uint32_t unit);
