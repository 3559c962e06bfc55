/*
 * What the engine counts. One row is one counter: its member in struct engine_counters, its name in
 * the status, its metric (poptun_NAME_total) and the line that explains it.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/drop.h"

/* clang-format off */
#define ENGINE_COUNTERS(C) \
	C(connections_accepted, "control connections accepted") \
	C(connections_refused,  "control connections turned away: too many, or no descriptors left") \
	C(connections_crowded,  "control connections turned away: their address had too many without a call") \
	C(calls_accepted,       "calls accepted") \
	C(calls_refused,        "calls refused because all connections are in use") \
	C(connections_crowded_out, "control connections without a call that were closed to make room") \
	C(calls_crowded_out,    "calls of strangers that were ended to make room") \
	C(logins_accepted,      "logins that the registrar accepted") \
	C(logins_refused,       "logins that the registrar refused") \
	C(octets_in,            "octets of inner packets from callers") \
	C(octets_out,           "octets of inner packets to callers") \
	C(packets_in,           "inner packets from callers") \
	C(packets_out,          "inner packets to callers") \
	C(receive_calls,        "batches of GRE packets received (recvmmsg)") \
	C(receive_packets,      "GRE packets received in those batches") \
	C(keys_ahead,           "MPPE keys made ahead in idle time") \
	C(keystreams_ahead,     "packets of hot sessions whose MPPE keystream was there before them")
/* clang-format on */

struct engine_counters {
#define C(name, help) uint64_t name;
	ENGINE_COUNTERS(C)
#undef C
	uint64_t drops[DROP_COUNT];
};

/* The rows above, without the drops, which have their own (base/drop.h). */
struct counter {
	const char *name, *help;
	size_t at; /* offset in struct engine_counters */
};

enum {
#define C(name, help) COUNTER_##name,
	ENGINE_COUNTERS(C)
#undef C
		COUNTERS
};
extern const struct counter counters[COUNTERS];

static inline uint64_t counter_value(const struct counter *counter,
				     const struct engine_counters *of)
{
	return *(const uint64_t *)(const void *)((const char *)of + counter->at);
}
