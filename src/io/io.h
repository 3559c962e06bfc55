/*
 * The edges: everything that opens, waits, sends or receives. Nothing below this floor does.
 *
 *   loop.h timers.h      what wakes a process: descriptors, times, signals
 *   mailbox.h            what other threads want done in a loop's thread
 *   clock.h              time and chance
 *   descriptors.h        how many may be open
 *   processors.h         how many there are
 *   gre_socket.h         GRE to and from the network, in batches
 *   gre_io.h             which ways it takes: past the host's IP, or not
 *   tun.h                packets to and from the host
 *   steering.h           which of its queues a packet comes out of
 *   listener.h stream.h  TCP connections from callers, and their bytes
 *   seam.h               encoded messages between our own processes
 *   http.h               the control socket
 *   files.h file_watch.h whole files, and when they change
 *   tool.h               other programs, run and waited for
 *   hooks.h              the administrator's programs, called as pppd calls them
 *   machine.h            what is done to the machine, and undone; its parts are named there
 *
 * Edges return 0 (or a count) or -errno. What a person must mend comes as a sentence beside it:
 * what was refused, why, and the remedy, in a `why` of WHY_SIZE octets.
 */
#pragma once

enum { WHY_SIZE = 256 };
