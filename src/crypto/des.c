#include "crypto/des.h"

#include <nettle/des.h>

#include "base/secret.h"

void des_spread_key(const uint8_t key[static DES_KEY], uint8_t spread[static DES_BLOCK])
{
	uint64_t bits = 0;
	for (int i = 0; i < DES_KEY; i++)
		bits = bits << 8 | key[i];
	for (int i = 0; i < DES_BLOCK; i++) {
		unsigned seven = (unsigned)(bits >> (49 - 7 * i)) & 0x7f;
		spread[i] = (uint8_t)(seven << 1 | (unsigned)!__builtin_parity(seven));
	}
}

void des_encrypt_block(const uint8_t key[static DES_KEY], const uint8_t in[static DES_BLOCK],
		       uint8_t out[static DES_BLOCK])
{
	uint8_t spread[DES_BLOCK];
	struct des_ctx context;
	des_spread_key(key, spread);
	des_set_key(&context, spread); /* tells of a weak key, and sets it all the same */
	des_encrypt(&context, DES_BLOCK, out, in);
	secret_wipe(spread, sizeof(spread));
	secret_wipe(&context, sizeof(context));
}
