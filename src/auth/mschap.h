/*
 * The functions of MS-CHAP (RFC 2433 appendix A), MS-CHAPv2 (RFC 2759 §8) and of the keys that come
 * from them (RFC 3079), under the RFCs' names.
 *
 * A password is UTF-8 here. An octet that is not part of good UTF-8 stands for the Latin-1
 * character of its number, which is how pppd reads all of them.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "auth/chap.h"
#include "auth/verdict.h"

enum { MSCHAP_PASSWORD_LIMIT = 256 }; /* UTF-16 units that count; RFC 2759 §8.3 */

/* NtPasswordHash: MD4 of the password in UTF-16LE. */
void mschap_nt_hash(uint8_t hash[static MSCHAP_HASH], const void *password, size_t length);

/* HashNtPasswordHash, the "password hash hash". */
void mschap_nt_hash_hash(uint8_t hash[static MSCHAP_HASH],
			 const uint8_t nt_hash[static MSCHAP_HASH]);

/* LmPasswordHash: of the first 14 octets, ASCII letters in upper case. */
void mschap_lm_hash(uint8_t hash[static MSCHAP_HASH], const void *password, size_t length);

/* ChallengeResponse: the 8 octets of `challenge` under three DES keys from `hash`. */
void mschap_challenge_response(uint8_t response[static MSCHAP_PROOF],
			       const uint8_t challenge[static MSCHAP_CHALLENGE],
			       const uint8_t hash[static MSCHAP_HASH]);

/* What follows the last backslash of DOMAIN\user; all of a name without one. */
const char *mschap_name_without_domain(const char *name);

/* ChallengeHash (v2). `name` may have its domain, which does not count. */
void mschap_challenge_hash(uint8_t hash[static MSCHAP_CHALLENGE],
			   const uint8_t peer_challenge[static MSCHAPV2_CHALLENGE],
			   const uint8_t challenge[static MSCHAPV2_CHALLENGE], const char *name);

/* GenerateAuthenticatorResponse (v2): "S=" and 40 upper-case digits, without a NUL. */
void mschap_signature(uint8_t signature[static MSCHAP_SIGNATURE],
		      const uint8_t nt_hash[static MSCHAP_HASH],
		      const uint8_t nt_response[static MSCHAP_PROOF],
		      const uint8_t challenge_hash[static MSCHAP_CHALLENGE]);

/* RFC 3079 §3.4 GetMasterKey (v2). */
void mschap_master_key(uint8_t key[static MSCHAP_HASH],
		       const uint8_t nt_hash_hash[static MSCHAP_HASH],
		       const uint8_t nt_response[static MSCHAP_PROOF]);

/* The start keys of RFC 3079 §3.4 (v2), as the authenticator uses them;
 * the peer's are these with `send` and `receive` exchanged. */
void mschapv2_keys(struct auth_keys *keys, const uint8_t nt_hash[static MSCHAP_HASH],
		   const uint8_t nt_response[static MSCHAP_PROOF]);

/* The start keys of RFC 3079 §2 (v1), the same for both directions and ends. */
void mschap_keys(struct auth_keys *keys, const uint8_t nt_hash[static MSCHAP_HASH],
		 const uint8_t lm_hash[static MSCHAP_HASH],
		 const uint8_t challenge[static MSCHAP_CHALLENGE]);

/* Exchanges the directions. */
void mschap_keys_turn(struct auth_keys *keys);
