/*
 * The control connections of a recording, TCP port 1723: each direction of each connection is a
 * stream, put together again and cut into messages by our framer. Repeated segments are passed
 * over; behind a gap nothing more is read.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/framer.h"
#include "tests/replay/pcap.h"

enum { WIRE_STREAMS_MAX = 8 };

/* What is done with one portion of a stream, in order. */
struct wire_stream;
typedef void wire_sink(void *context, const struct wire_stream *stream, const uint8_t *bytes,
		       size_t length);

struct wire_stream {
	uint32_t source, destination;
	uint16_t source_port, destination_port;
	bool from_client;
	uint32_t next_seq;
	struct framer framer;
	bool broken;     /* the framer refused something, or a message did not decode */
	bool changed;    /* a message that was decoded and encoded again was not the same */
	char types[128]; /* of its messages: "1,7,12" */
};

struct wire {
	struct wire_stream streams[WIRE_STREAMS_MAX]; /* in the order of their first octets */
	size_t count;
	wire_sink *sink; /* may be NULL */
	void *context;
};

/* Every TCP segment of port 1723 in a recording, which is closed then. */
void wire_hear_all(struct wire *w, struct pcap *p);

/* "C1,7,12 | S2,8": the streams, from client or server, and
 * their messages' types. Ended by NUL; returns `to`. */
const char *wire_print(const struct wire *w, char *to, size_t size);
