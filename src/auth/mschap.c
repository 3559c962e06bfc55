#include "auth/mschap.h"

#include <string.h>

#include "base/base.h"
#include "base/secret.h"
#include "base/writer.h"
#include "crypto/des.h"
#include "crypto/hash.h"

enum { LM_PASSWORD = 14 };

/*
 * The next character of UTF-8; overlong forms, surrogates and broken sequences are no UTF-8, and of
 * them one octet is taken as Latin-1.
 */
static uint32_t next_character(const uint8_t **next, const uint8_t *end)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *p = *next;
	uint8_t first = *(*next)++;
	size_t more = first >= 0xf0 && first < 0xf8 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
	if (!more || first >= 0xf8 || (size_t)(end - p) <= more)
		return first;
	uint32_t character = first & (0x3fu >> more);
	for (size_t i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return first;
		character = character << 6 | (p[i] & 0x3f);
	}
	if (character < least[more] || character > 0x10ffff || (character & ~0x7ffu) == 0xd800)
		return first;
	*next = p + 1 + more;
	return character;
}

static void write_utf16(struct writer *out, uint32_t unit)
{
	write_u8(out, (uint8_t)unit);
	write_u8(out, (uint8_t)(unit >> 8));
}

void mschap_nt_hash(uint8_t hash[static MSCHAP_HASH], const void *password, size_t length)
{
	uint8_t units[2 * MSCHAP_PASSWORD_LIMIT];
	struct writer out = writer_of(units, sizeof(units));
	const uint8_t *next = password, *end = next + length;
	while (next < end && !out.failed) {
		uint32_t character = next_character(&next, end);
		if (character >= 0x10000) {
			write_utf16(&out, 0xd800 + ((character - 0x10000) >> 10));
			write_utf16(&out, 0xdc00 + (character & 0x3ff));
		} else {
			write_utf16(&out, character);
		}
	}
	hash_md4(hash, HASH_PARTS({units, out.length}));
	secret_wipe(units, sizeof(units));
}

void mschap_nt_hash_hash(uint8_t hash[static MSCHAP_HASH],
			 const uint8_t nt_hash[static MSCHAP_HASH])
{
	hash_md4(hash, HASH_PARTS({nt_hash, MSCHAP_HASH}));
}

void mschap_lm_hash(uint8_t hash[static MSCHAP_HASH], const void *password, size_t length)
{
	static const uint8_t plain[DES_BLOCK] = "KGS!@#$%";
	uint8_t key[LM_PASSWORD] = {0};
	const uint8_t *octets = password;
	for (size_t i = 0; i < MIN_OF(length, sizeof(key)); i++) {
		bool lower = octets[i] >= 'a' && octets[i] <= 'z';
		key[i] = (uint8_t)(lower ? octets[i] - 'a' + 'A' : octets[i]);
	}
	des_encrypt_block(key, plain, hash);
	des_encrypt_block(key + DES_KEY, plain, hash + DES_BLOCK);
	secret_wipe(key, sizeof(key));
}

void mschap_challenge_response(uint8_t response[static MSCHAP_PROOF],
			       const uint8_t challenge[static MSCHAP_CHALLENGE],
			       const uint8_t hash[static MSCHAP_HASH])
{
	uint8_t keys[3 * DES_KEY] = {0};
	memcpy(keys, hash, MSCHAP_HASH);
	for (size_t i = 0; i < 3; i++)
		des_encrypt_block(keys + i * DES_KEY, challenge, response + i * DES_BLOCK);
	secret_wipe(keys, sizeof(keys));
}

const char *mschap_name_without_domain(const char *name)
{
	const char *backslash = strrchr(name, '\\');
	return backslash ? backslash + 1 : name;
}

void mschap_challenge_hash(uint8_t hash[static MSCHAP_CHALLENGE],
			   const uint8_t peer_challenge[static MSCHAPV2_CHALLENGE],
			   const uint8_t challenge[static MSCHAPV2_CHALLENGE], const char *name)
{
	uint8_t digest[SHA1_OCTETS];
	const char *user = mschap_name_without_domain(name);
	hash_sha1(digest, HASH_PARTS({peer_challenge, MSCHAPV2_CHALLENGE},
				     {challenge, MSCHAPV2_CHALLENGE}, {user, strlen(user)}));
	memcpy(hash, digest, MSCHAP_CHALLENGE);
}

void mschap_signature(uint8_t signature[static MSCHAP_SIGNATURE],
		      const uint8_t nt_hash[static MSCHAP_HASH],
		      const uint8_t nt_response[static MSCHAP_PROOF],
		      const uint8_t challenge_hash[static MSCHAP_CHALLENGE])
{
	static const char magic1[] = "Magic server to client signing constant";
	static const char magic2[] = "Pad to make it do more than one iteration";
	static const char digits[] = "0123456789ABCDEF"; /* clients compare the text */
	uint8_t hash_hash[MSCHAP_HASH], digest[SHA1_OCTETS];
	mschap_nt_hash_hash(hash_hash, nt_hash);
	hash_sha1(digest, HASH_PARTS({hash_hash, sizeof(hash_hash)}, {nt_response, MSCHAP_PROOF},
				     {magic1, strlen(magic1)}));
	hash_sha1(digest, HASH_PARTS({digest, sizeof(digest)}, {challenge_hash, MSCHAP_CHALLENGE},
				     {magic2, strlen(magic2)}));
	memcpy(signature, "S=", 2);
	for (size_t i = 0; i < sizeof(digest); i++) {
		signature[2 + 2 * i] = (uint8_t)digits[digest[i] >> 4];
		signature[3 + 2 * i] = (uint8_t)digits[digest[i] & 15];
	}
	secret_wipe(hash_hash, sizeof(hash_hash));
}

void mschap_master_key(uint8_t key[static MSCHAP_HASH],
		       const uint8_t nt_hash_hash[static MSCHAP_HASH],
		       const uint8_t nt_response[static MSCHAP_PROOF])
{
	static const char magic[] = "This is the MPPE Master Key";
	uint8_t digest[SHA1_OCTETS];
	hash_sha1(digest, HASH_PARTS({nt_hash_hash, MSCHAP_HASH}, {nt_response, MSCHAP_PROOF},
				     {magic, strlen(magic)}));
	memcpy(key, digest, MSCHAP_HASH);
	secret_wipe(digest, sizeof(digest));
}

/* RFC 3079 §3.4 GetAsymmetricStartKey; the shorter key is the longer one's beginning. */
static void start_key(uint8_t key[static MSCHAP_HASH], uint8_t key_short[static 8],
		      const uint8_t master[static MSCHAP_HASH], const char *magic)
{
	static const uint8_t pad1[40] = {0};
	uint8_t pad2[40], digest[SHA1_OCTETS];
	memset(pad2, 0xf2, sizeof(pad2));
	hash_sha1(digest, HASH_PARTS({master, MSCHAP_HASH}, {pad1, sizeof(pad1)},
				     {magic, strlen(magic)}, {pad2, sizeof(pad2)}));
	memcpy(key, digest, MSCHAP_HASH);
	memcpy(key_short, digest, 8);
	secret_wipe(digest, sizeof(digest));
}

void mschapv2_keys(struct auth_keys *keys, const uint8_t nt_hash[static MSCHAP_HASH],
		   const uint8_t nt_response[static MSCHAP_PROOF])
{
	static const char server_receives[] = "On the client side, this is the send key; "
					      "on the server side, it is the receive key.";
	static const char server_sends[] = "On the client side, this is the receive key; "
					   "on the server side, it is the send key.";
	uint8_t hash_hash[MSCHAP_HASH], master[MSCHAP_HASH];
	mschap_nt_hash_hash(hash_hash, nt_hash);
	mschap_master_key(master, hash_hash, nt_response);
	keys->present = 1;
	start_key(keys->send, keys->send_short, master, server_sends);
	start_key(keys->receive, keys->receive_short, master, server_receives);
	secret_wipe(hash_hash, sizeof(hash_hash));
	secret_wipe(master, sizeof(master));
}

void mschap_keys(struct auth_keys *keys, const uint8_t nt_hash[static MSCHAP_HASH],
		 const uint8_t lm_hash[static MSCHAP_HASH],
		 const uint8_t challenge[static MSCHAP_CHALLENGE])
{
	uint8_t hash_hash[MSCHAP_HASH], digest[SHA1_OCTETS];
	mschap_nt_hash_hash(hash_hash, nt_hash);
	hash_sha1(digest, HASH_PARTS({hash_hash, sizeof(hash_hash)}, {hash_hash, sizeof(hash_hash)},
				     {challenge, MSCHAP_CHALLENGE}));
	keys->present = 1;
	memcpy(keys->send, digest, sizeof(keys->send));
	memcpy(keys->receive, digest, sizeof(keys->receive));
	memcpy(keys->send_short, lm_hash, sizeof(keys->send_short));
	memcpy(keys->receive_short, lm_hash, sizeof(keys->receive_short));
	secret_wipe(hash_hash, sizeof(hash_hash));
	secret_wipe(digest, sizeof(digest));
}

void mschap_keys_turn(struct auth_keys *keys)
{
	struct auth_keys old = *keys;
	memcpy(keys->send, old.receive, sizeof(keys->send));
	memcpy(keys->receive, old.send, sizeof(keys->receive));
	memcpy(keys->send_short, old.receive_short, sizeof(keys->send_short));
	memcpy(keys->receive_short, old.send_short, sizeof(keys->receive_short));
	secret_wipe(&old, sizeof(old));
}
