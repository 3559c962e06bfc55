/*
 * Who else in this namespace gets the packets that a ring would take away: other programs with a raw socket for
 * GRE (a PPTP client beside a server), the kernel's own PPTP, and IPsec, whose policies ask to see each
 * packet.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "io/io.h"

/* Whether a raw socket for GRE is open that is none of these descriptors, or the kernel's PPTP is in use; then
 * with the reason. */
bool gre_others_hear(const int *ours, size_t count, char why[static WHY_SIZE]);

/* Whether this host has IPsec policies. */
bool gre_ipsec_is_in_use(void);
