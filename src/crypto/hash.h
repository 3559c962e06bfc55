/*
 * Digests over several parts, in one call:
 *
 *	hash_sha1(digest, HASH_PARTS({master, 16}, {pad1, 40}, {magic, 84}, {pad2, 40}));
 *
 * A part of no octets may be NULL. The digest may be one of the parts: it is written last.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { MD4_OCTETS = 16, MD5_OCTETS = 16, SHA1_OCTETS = 20 };

struct hash_part {
	const void *bytes;
	size_t length;
};

/* The last two arguments of the functions below. */
#define HASH_PARTS(...)                          \
	(const struct hash_part[]){__VA_ARGS__}, \
		sizeof((const struct hash_part[]){__VA_ARGS__}) / sizeof(struct hash_part)

/* RFC 1320, RFC 1321, RFC 3174. */
void hash_md4(uint8_t digest[static MD4_OCTETS], const struct hash_part *parts, size_t count);
void hash_md5(uint8_t digest[static MD5_OCTETS], const struct hash_part *parts, size_t count);
void hash_sha1(uint8_t digest[static SHA1_OCTETS], const struct hash_part *parts, size_t count);

/*
 * SHA-1 of `count` blocks of 64 octets in which the message is padded already (RFC 3174 §4): for
 * short messages of a fixed layout, of which hash_sha1 would spend more time on the bookkeeping.
 */
void hash_sha1_blocks(uint8_t digest[static SHA1_OCTETS], const uint8_t *blocks, size_t count);
