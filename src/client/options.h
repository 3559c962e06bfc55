/*
 * What `poptun connect` is told: by its command line, and by a peers file of pppd, which the command
 * line overrides. Pure but for getopt(3)'s own state.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "auth/method.h"
#include "base/address.h"
#include "config/settings.h"

enum { CONNECT_ROUTES = 64, CONNECT_NAME = 256, CONNECT_INTERFACE = 16, PPTP_PORT = 1723 };

struct connect_options {
	char host[CONNECT_NAME];
	uint16_t port;
	char user[CONNECT_NAME];
	char remote_name
		[CONNECT_NAME];      /* of the server, in the secrets' second column; empty: host */
	char *password;              /* owned, from a peers file; NULL: none stood there */
	const char *password_file;   /* borrowed from argv */
	const char *secrets;         /* chap-secrets */
	auth_methods offer, refused; /* offer 0: the default, or what `refused` leaves */
	bool mppe_said;
	uint32_t mppe;      /* enum encryption */
	uint8_t mppe_sizes; /* set of enum encryption_bits */
	bool mppe_stateless_only;
	char interface[CONNECT_INTERFACE]; /* empty: the first free poptunN */
	uint16_t mru, mtu;                 /* 0: not said */
	uint32_t tos;                      /* TOS_COPY, or an octet */
	uint32_t gre_io;                   /* enum gre_io_policy */
	uint32_t ecn;                      /* enum ecn_policy */
	bool dns, default_route, once, ipv6, verbose, help;
	struct address_prefix routes[CONNECT_ROUTES];
	size_t route_count;
	uint32_t hold_off_ms; /* first pause before another attempt; 0: not said */
	uint32_t echo_interval_ms, echo_failures;
	bool echo_said;
	char peer[CONNECT_NAME]; /* --peer */
	char ip_up[CONNECT_NAME], ip_down[CONNECT_NAME], ip_param[CONNECT_NAME];
};

/* The defaults. */
void connect_options_init(struct connect_options *options);
void connect_options_fini(struct connect_options *options); /* wipes the password */

/*
 * Reads the command line, argv[0] being the command's word. To be called once before a peers file is
 * read, so that its name is known, and once again over what the file said. False: one sentence in
 * `why`.
 */
bool connect_options_parse(int argc, char **argv, struct connect_options *options, char *why,
			   size_t why_size);

/* What only the whole can tell: a host and a user are there, and methods fit the encryption. */
bool connect_options_check(struct connect_options *options, char *why, size_t why_size);

/* The methods that we prove ourselves with. */
auth_methods connect_options_offer(const struct connect_options *options);

/* "mschapv2,pap": a set of methods; false where a word is none. */
bool methods_parse(const char *text, auth_methods *methods);
/* "10.0.0.0/8", "192.0.2.7", "default". */
bool route_parse(const char *text, struct address_prefix *route);
/* "required", "off", "40", "56", "128". */
bool mppe_parse(const char *text, struct connect_options *options);

void connect_options_help(FILE *to);
