/* DES of one block under a key of seven octets,
 * as MS-CHAP uses it (RFC 2433 A.8, RFC 2759 §8.6). */
#pragma once
#include <stdint.h>

enum { DES_KEY = 7, DES_BLOCK = 8 };

/* Spreads 56 bits over eight octets, seven high bits in each; the low bit makes the parity odd. */
void des_spread_key(const uint8_t key[static DES_KEY], uint8_t spread[static DES_BLOCK]);

/* Encrypts one block. `in` and `out` may be the same. Weak keys are used like any other. */
void des_encrypt_block(const uint8_t key[static DES_KEY], const uint8_t in[static DES_BLOCK],
		       uint8_t out[static DES_BLOCK]);
