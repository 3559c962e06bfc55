/*
 * One negotiator for the options of all control protocols (RFC 1661 §5 and §6). A protocol is a
 * table of its options; what we ask and what the peer was granted stand here as values in wire
 * form, by row of the table.
 *
 * The rules which every protocol shares: replies keep the request's order and Reject comes before
 * Nak; after max_failure Naks in a row what would be nak'd is rejected; Ack, Nak and Reject are
 * believed only where they match what we sent; an option that runs past its packet spoils the
 * packet.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/writer.h"

enum {
	OPTIONS_MAX = 8,          /* rows of the longest table */
	OPTION_VALUE_MAX = 8,     /* octets of the longest value that is kept */
	OPTIONS_REQUEST_MAX = 80, /* octets of our longest request: OPTIONS_MAX * (2 + 8) */
	OPTION_WIDTH_ANY = 0xff,  /* the judge looks at the length */
};

enum option_answer { OPTION_ACK, OPTION_NAK, OPTION_REJECT };

struct option_value {
	bool present;
	uint8_t length;
	uint8_t bytes[OPTION_VALUE_MAX];
};

struct options;

/* One row. The judge and the two hooks find their protocol by CONTAINER_OF. */
struct option {
	uint8_t type;
	const char *name;
	uint8_t width; /* octets of the value, or OPTION_WIDTH_ANY */
	/* May the peer have this value? With OPTION_NAK the better one is written to `better`. */
	enum option_answer (*judge)(struct options *o, struct reader value, struct writer *better);
	/*
	 * The peer would rather have us ask for `value`: sets *ours (`asked` tells whether we had
	 * asked at all). NULL: a Nak counts as a Reject, as some peers (Agilent) nak booleans.
	 */
	void (*naked)(struct options *o, struct option_value *ours, bool asked,
		      struct reader value);
	/* The peer refused the option; it is dropped from our request before this is called. May be
	 * NULL.
	 */
	void (*rejected)(struct options *o);
};

struct options {
	const struct option *table; /* borrowed */
	uint8_t count, max_failure;
	/* What a peer left out and should have asked is appended to the Nak;
	 * `seen`: bits of the rows in its request. May be NULL. */
	void (*append)(struct options *o, unsigned seen, struct writer *nak);
	struct option_value ours[OPTIONS_MAX]; /* what the next Configure-Request asks */
	/* what the last one asked; agreed once it was acked */
	struct option_value sent[OPTIONS_MAX];
	struct option_value peers[OPTIONS_MAX]; /* what we acked last */
	uint8_t naks_sent, naks_received;       /* in a row */
	uint8_t request[OPTIONS_REQUEST_MAX];   /* the last Configure-Request's options */
	uint8_t request_length;
};

/* Nothing asked, nothing granted. */
void options_init(struct options *o, const struct option *table, size_t count, uint8_t max_failure);

/* Values of `ours`, in wire form. */
void option_set(struct option_value *v, const void *bytes, size_t length);
void option_set_u16(struct option_value *v, uint16_t value);
void option_set_u32(struct option_value *v, uint32_t value);
/* The number that a value of 2 or 4 octets holds; `missing` where the option is absent. */
uint32_t option_number(const struct option_value *v, uint32_t missing);

/* Writes the options of the next Configure-Request and remembers them. */
void options_request(struct options *o, struct writer *out);

enum options_verdict { OPTIONS_MALFORMED, OPTIONS_ACK, OPTIONS_NAK, OPTIONS_REJECT };

/*
 * Judges the options of a peer's Configure-Request, and writes those of the answer. With
 * OPTIONS_ACK the peer's values are taken over into `peers`. `reply` has room for the request and
 * OPTIONS_REQUEST_MAX more.
 */
enum options_verdict options_judge(struct options *o, struct reader request, struct writer *reply);

/* A reply to our last request. False: it does not match what we sent; nothing changed. */
bool options_on_ack(struct options *o, struct reader reply);
bool options_on_nak(struct options *o, struct reader reply);
bool options_on_reject(struct options *o, struct reader reply);
