/*
 * The edges: everything that opens, waits, sends or receives. Nothing below this floor does.
 *
 *   loop.h timers.h   what wakes a process: descriptors, times, signals     clock.h   time and
 * chance gre_socket.h      GRE to and from the network, in batches               tun.h     packets
 * to and from the host listener.h        TCP connections from callers stream.h  their bytes seam.h
 * encoded messages between our own processes netlink.h nftables.h firewall.h forwarding.h …   what
 * is done to the machine, and undone
 *
 * Edges return 0 (or a count) or -errno. What a person must mend comes as a sentence beside it:
 * what was refused, why, and the remedy, in a `why` of WHY_SIZE octets.
 */
#pragma once

enum { WHY_SIZE = 256 };
