/*
 * The packets of the Challenge Handshake Authentication Protocol, RFC 1994 §4, PPP protocol c223;
 * and what MS-CHAP (RFC 2433) and MS-CHAPv2 (RFC 2759) put into them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/writer.h"

enum { CHAP_PROTOCOL = 0xc223 };

enum chap_code { CHAP_CHALLENGE = 1, CHAP_RESPONSE = 2, CHAP_SUCCESS = 3, CHAP_FAILURE = 4 };

/* Octets are borrowed: from the packet when decoded, from the caller when encoded. */
struct chap_packet {
	uint8_t code; /* enum chap_code */
	uint8_t identifier;
	uint8_t value_length; /* CHAP_CHALLENGE, CHAP_RESPONSE: at least 1 */
	const uint8_t *value;
	const uint8_t *text; /* the name; or the message of CHAP_SUCCESS and CHAP_FAILURE */
	uint16_t text_length;
};

/* Reads one packet, which begins with its code. False where a length does not fit, a value is empty
 * or the code is unknown. Octets after the packet's own length are padding. */
bool chap_decode(struct chap_packet *p, const uint8_t *packet, size_t length);

/* Writes one packet; out->failed tells where it did not fit. */
void chap_encode(const struct chap_packet *p, struct writer *out);

enum {
	MSCHAP_CHALLENGE = 8,    /* octets of the challenge */
	MSCHAPV2_CHALLENGE = 16, /* of either challenge */
	MSCHAP_HASH = 16,        /* of LM and NT hashes, and of keys */
	MSCHAP_PROOF = 24,       /* of LM- and NT-Response */
	MSCHAP_VALUE = 49,       /* of a Response's value, both versions */
	MSCHAP_SIGNATURE = 42,   /* of "S=" and 40 digits in MS-CHAPv2's Success */
};

/* RFC 2433 §6. */
struct mschap_response {
	uint8_t lm[MSCHAP_PROOF], nt[MSCHAP_PROOF];
	uint8_t use_nt; /* 1: `nt` is the proof; 0: `lm` */
};

/* RFC 2759 §4. The eight reserved octets are written as zero and not looked at. */
struct mschapv2_response {
	uint8_t peer_challenge[MSCHAPV2_CHALLENGE];
	uint8_t nt[MSCHAP_PROOF];
	uint8_t flags; /* zero by the RFC; Windows 9x sends 4 */
};

/* A Response's value of `length` octets; false where it has not 49. */
bool mschap_response_decode(struct mschap_response *r, const uint8_t *value, size_t length);
void mschap_response_encode(const struct mschap_response *r, struct writer *out);
bool mschapv2_response_decode(struct mschapv2_response *r, const uint8_t *value, size_t length);
void mschapv2_response_encode(const struct mschapv2_response *r, struct writer *out);

/* The text of a Failure, RFC 2433 §8 and RFC 2759 §6: "E=691 R=0 C=… V=3". */
struct mschap_failure {
	uint16_t error; /* mostly one of enum auth_error */
	bool retry;
	uint8_t challenge[MSCHAPV2_CHALLENGE]; /* for the next try */
	uint8_t challenge_length;              /* 16, or 8 for MS-CHAP; 0 where there is none */
	uint8_t version;
	const uint8_t *message; /* M=, borrowed from the text; never written: it hangs old Macs */
	size_t message_length;
};

/* False where E= is missing or a value that stands there is not
 * what it should be; words that are not known are skipped. */
bool mschap_failure_decode(struct mschap_failure *f, const uint8_t *text, size_t length);
void mschap_failure_encode(const struct mschap_failure *f, struct writer *out);
