#include "crypto/hash.h"

#include <nettle/md4.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>

#include "base/secret.h"
#include "base/writer.h"

void hash_md4(uint8_t digest[static MD4_OCTETS], const struct hash_part *parts, size_t count)
{
	struct md4_ctx context;
	md4_init(&context);
	for (size_t i = 0; i < count; i++)
		md4_update(&context, parts[i].length, parts[i].bytes);
	md4_digest(&context, MD4_OCTETS, digest);
	secret_wipe(&context, sizeof(context));
}

void hash_md5(uint8_t digest[static MD5_OCTETS], const struct hash_part *parts, size_t count)
{
	struct md5_ctx context;
	md5_init(&context);
	for (size_t i = 0; i < count; i++)
		md5_update(&context, parts[i].length, parts[i].bytes);
	md5_digest(&context, MD5_OCTETS, digest);
	secret_wipe(&context, sizeof(context));
}

void hash_sha1(uint8_t digest[static SHA1_OCTETS], const struct hash_part *parts, size_t count)
{
	struct sha1_ctx context;
	sha1_init(&context);
	for (size_t i = 0; i < count; i++)
		sha1_update(&context, parts[i].length, parts[i].bytes);
	sha1_digest(&context, SHA1_OCTETS, digest);
	secret_wipe(&context, sizeof(context));
}

void hash_sha1_blocks(uint8_t digest[static SHA1_OCTETS], const uint8_t *blocks, size_t count)
{
	uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	for (; count; count--, blocks += SHA1_BLOCK_SIZE)
		nettle_sha1_compress(state, blocks);
	struct writer out = writer_of(digest, SHA1_OCTETS);
	for (unsigned i = 0; i < 5; i++)
		write_u32(&out, state[i]);
	secret_wipe(state, sizeof(state));
}
