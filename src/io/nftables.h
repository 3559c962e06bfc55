/*
 * The door to libnftables: commands in, JSON or a reason out. Each call is one transaction in the
 * network namespace that the caller is in, and keeps nothing open.
 */
#pragma once
#include "io/io.h"

/* Runs the commands as one transaction. 0, or -errno and one line in `why`. */
int nftables_run(const char *commands, char why[static WHY_SIZE]);

/* What the commands print, in JSON; the caller frees *json. Not for tables with flags: nftables_list.c. */
int nftables_json(const char *commands, char **json, char why[static WHY_SIZE]);

/* The whole ruleset as libnftables prints it in JSON; the caller frees *json. */
int nftables_list(char **json, char why[static WHY_SIZE]);
