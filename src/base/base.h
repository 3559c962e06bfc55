/*
 * The ground floor: what every room stands on, and nothing that knows PPTP.
 *
 *   reader.h writer.h   bounded views of bytes, in network order
 *   field.h             a message described once: reads, writes and prints it
 *   message.h           such messages, encoded, between our own processes
 *   packet.h            a packet with room in front
 *   outbox.h            what a machine wants done, in order
 *   list.h map.h        members linked through themselves
 *   drop.h              why a packet was dropped, by name
 *   log.h               levels, the sink, safe printing
 *   random.h secret.h   chance, handed in; wiping
 *   address.h           IPv4 addresses and ranges as text
 *   share.h             a worker's part of call ids and session numbers
 *
 * Nothing here does I/O except the log's sink, which is the one mutable variable of the house.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* A deadline, in milliseconds, that never comes. */
#define TIME_NEVER UINT64_MAX

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))
