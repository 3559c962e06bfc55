#include "bench/mppe_others.h"

#include <nettle/arcfour.h>
#include <nettle/sha1.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the textbook: a state of 32-bit entries, one octet after the other, as Linux has it ---- */

struct textbook {
	uint32_t s[256];
};

static void textbook_crypt(const uint8_t key[static 16], uint8_t *data, size_t length)
{
	struct textbook t;
	uint32_t i, j = 0;
	for (i = 0; i < 256; i++)
		t.s[i] = i;
	for (i = 0; i < 256; i++) {
		uint32_t a = t.s[i];
		j = (j + a + key[i % 16]) & 0xff;
		t.s[i] = t.s[j];
		t.s[j] = a;
	}
	i = j = 0;
	while (length--) {
		i = (i + 1) & 0xff;
		uint32_t a = t.s[i];
		j = (j + a) & 0xff;
		uint32_t b = t.s[j];
		t.s[i] = b;
		t.s[j] = a;
		*data++ ^= (uint8_t)t.s[(a + b) & 0xff];
	}
}

/* ---- nettle ---- */

static void nettle_hash(const uint8_t input[static 112], uint8_t key[static 16])
{
	struct sha1_ctx context;
	sha1_init(&context);
	sha1_update(&context, 112, input);
	sha1_digest(&context, 16, key);
}

static void nettle_crypt(const uint8_t key[static 16], uint8_t *data, size_t length)
{
	struct arcfour_ctx context;
	arcfour_set_key(&context, 16, key);
	arcfour_crypt(&context, length, data, data);
}

/* ---- OpenSSL 3: digest, cipher and their contexts made once ---- */

static EVP_MD *sha1;
static EVP_MD_CTX *sha1_context;
static EVP_CIPHER *rc4;
static EVP_CIPHER_CTX *rc4_context;

static void must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "mppe: OpenSSL: %s failed\n", what);
	exit(1);
}

void others_init(void)
{
	static const uint8_t key[16];
	must(OSSL_PROVIDER_load(NULL, "default") && OSSL_PROVIDER_load(NULL, "legacy"),
	     "loading of the legacy provider");
	sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	rc4 = EVP_CIPHER_fetch(NULL, "RC4", NULL);
	sha1_context = EVP_MD_CTX_new();
	rc4_context = EVP_CIPHER_CTX_new();
	must(sha1 && rc4 && sha1_context && rc4_context, "fetching");
	must(EVP_DigestInit_ex2(sha1_context, sha1, NULL), "SHA-1");
	must(EVP_CipherInit_ex2(rc4_context, rc4, key, NULL, 1, NULL), "RC4");
}

static void openssl_hash(const uint8_t input[static 112], uint8_t key[static 16])
{
	uint8_t digest[20];
	must(EVP_DigestInit_ex2(sha1_context, NULL, NULL) &&
		     EVP_DigestUpdate(sha1_context, input, 112) &&
		     EVP_DigestFinal_ex(sha1_context, digest, NULL),
	     "SHA-1");
	memcpy(key, digest, 16);
}

static void openssl_crypt(const uint8_t key[static 16], uint8_t *data, size_t length)
{
	int done;
	must(EVP_CipherInit_ex2(rc4_context, NULL, key, NULL, 1, NULL) &&
		     EVP_CipherUpdate(rc4_context, data, &done, data, (int)length),
	     "RC4");
}

/* ---- all ---- */

const struct other others[OTHERS] = {
	[OTHER_TEXTBOOK] = {"textbook RC4, as Linux", nettle_hash, textbook_crypt},
	[OTHER_OPENSSL] = {"OpenSSL", openssl_hash, openssl_crypt},
	[OTHER_NETTLE] = {"nettle", nettle_hash, nettle_crypt},
};

void other_layout(uint8_t input[static 112], const uint8_t start[static 16])
{
	memset(input, 0, 112);
	memcpy(input, start, 16);
	memset(input + 72, 0xf2, 40);
}

void other_change_key(const struct other *other, uint8_t input[static 112],
		      uint8_t session[static 16])
{
	uint8_t interim[16];
	memcpy(input + 56, session, 16);
	other->hash(input, interim);
	memcpy(session, interim, 16);
	other->crypt(interim, session, 16);
}
