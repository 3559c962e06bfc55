/*
 * The old ciphers and digests that PPTP is made of, as plain functions over bytes. Nothing here
 * knows a packet or a protocol; none of it is to be used where there is a choice.
 *
 *   rc4.h     RC4, our own: one stream, and many packets with a key each at once (MPPE's work)
 *   hash.h    MD4, MD5, SHA-1 over several parts             \
 *   des.h     DES with the seven-octet keys of MS-CHAP         } thin doors to nettle
 *   equal.h   comparing secrets in constant time             /
 *
 * Callers own all buffers and wipe what is secret in them (base/secret.h); what these functions
 * need for themselves they wipe. Used by auth/ (RFC 2433, 2759, 3079) and ppp/mppe.h (RFC 3078).
 */
#pragma once
#include "crypto/des.h"
#include "crypto/equal.h"
#include "crypto/hash.h"
#include "crypto/rc4.h"
