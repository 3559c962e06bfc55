/*
 * The host's own name servers, for clients where no ms-dns is given: IPv4 and never a loopback
 * address, which would be the client's own. Behind a local stub (127.0.0.53 of systemd-resolved)
 * the servers that the stub asks are taken.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* What resolv.conf(5) text names, in order, up to `limit`; host order. Returns how many. */
size_t resolver_parse(const char *text, uint32_t *servers, size_t limit);

/* The same of this host's files. 0: none is known. */
size_t resolver_find(uint32_t *servers, size_t limit);
