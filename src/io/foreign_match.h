/* One packet against one match, part of foreign.h. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum truth { TRUTH_NO, TRUTH_YES, TRUTH_PERHAPS };

/* A packet as a rule sees it. What is NULL or not known may be anything. */
struct foreign_packet {
	const char *in, *out; /* interfaces; NULL: the packet has none here */
	uint32_t source, destination;
	bool source_is_known, destination_is_known;
	uint8_t protocol;
	uint16_t source_port, destination_port;
	const char *state;     /* of connection tracking */
	const char *direction; /* "original" or "reply" */
	const char *route;     /* what the destination is: "local" or "unicast" */
};

/* Finds the elements of a named set or map ("@name"), or NULL. */
struct foreign_sets {
	const json_t *(*elements)(const void *context, const char *name);
	const void *context;
};

/* The content of one {"match": …}. */
enum truth foreign_match(const json_t *match, const struct foreign_packet *packet,
			 const struct foreign_sets *sets);

/* Does `left` equal `right`, or lie in the set that it is? */
enum truth foreign_equals(const json_t *left, const json_t *right,
			  const struct foreign_packet *packet, const struct foreign_sets *sets);
