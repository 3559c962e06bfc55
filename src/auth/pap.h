/* The packets of the Password Authentication Protocol, RFC 1334 §2.2; PPP protocol c023. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/writer.h"

enum { PAP_PROTOCOL = 0xc023 };

enum pap_code { PAP_REQUEST = 1, PAP_ACK = 2, PAP_NAK = 3 };

/* Octets are borrowed: from the packet when decoded, from the caller when encoded. */
struct pap_packet {
	uint8_t code; /* enum pap_code */
	uint8_t identifier;
	const uint8_t *name, *password; /* PAP_REQUEST */
	uint8_t name_length, password_length;
	const uint8_t *message; /* PAP_ACK, PAP_NAK */
	uint8_t message_length;
};

/*
 * Reads one packet, which begins with its code. False where a length does not fit or the code is
 * unknown. An Ack or Nak that ends after its header, as some peers send it, has an empty message.
 * Octets after the packet's own length are padding.
 */
bool pap_decode(struct pap_packet *p, const uint8_t *packet, size_t length);

/* Writes one packet; out->failed tells where it did not fit. */
void pap_encode(const struct pap_packet *p, struct writer *out);
