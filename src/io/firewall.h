/*
 * The nftables table of one server, as text: what it says is decided here, pure; nftables.c hands
 * it to the kernel.
 *
 * The table is `inet poptun`, or `inet poptun_NAME` where the interface is not pptp0, so that
 * servers with different interfaces stand side by side in one namespace. An accept in it does not
 * overrule a drop in anybody else's table: foreign.h looks for those.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "config/settings.h"

enum {
	FIREWALL_TABLE_NAME = 32,  /* longest name of a table, and its NUL */
	FIREWALL_TEXT = 64 * 1024, /* more than any plan of FIREWALL_RANGES ranges fills */
	FIREWALL_RANGES = 256
};

struct firewall_plan {
	const char *interface; /* firewall_interface_is_usable */
	/* auto: what has a private address (address_is_private) is masqueraded */
	enum nat_policy nat;
	uint32_t listen; /* where callers dial, 0: any address of this host */
	const struct address_span *pool;
	size_t pool_count; /* at most FIREWALL_RANGES */
	/* Networks in which the clients are present by proxy ARP: no masquerade towards these. */
	const struct address_prefix *present;
	size_t present_count; /* at most FIREWALL_RANGES */
	/* Leave our GRE to connection tracking: where its
	 * PPTP helper serves clients of other servers. */
	bool track_gre;
};

/* 1 to 15 of A-Z a-z 0-9 . _ -; nothing that nft or a shell reads in another way. */
bool firewall_interface_is_usable(const char *name);

/* Writes the table's name into `name` and returns it. */
const char *firewall_table(const char *interface, char name[static FIREWALL_TABLE_NAME]);

/* One transaction that replaces the table, whether it was there or not. False: it does not fit. */
bool firewall_text(const struct firewall_plan *plan, char *text, size_t size);

/* One transaction after which there is no such table, whether it was there or not. */
bool firewall_removal_text(const char *interface, char *text, size_t size);

/* Will clients of this plan be unreachable from outside without the table? */
bool firewall_is_needed(const struct firewall_plan *plan);
