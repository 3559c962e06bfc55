/* MPPE-128 as others do it: the same steps, packet by packet, with somebody else's RC4 and SHA-1. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct other {
	const char *name;
	/* RFC 3079, GetNewKeyFromSHA: SHA-1 over these 112 octets, of which 16 are wanted. */
	void (*hash)(const uint8_t input[static 112], uint8_t key[static 16]);
	/* RC4 with a fresh key over `data`, in place. */
	void (*crypt)(const uint8_t key[static 16], uint8_t *data, size_t length);
};

enum { OTHER_TEXTBOOK, OTHER_OPENSSL, OTHER_NETTLE, OTHERS };
extern const struct other others[OTHERS];

/* Fetches what OpenSSL wants fetched; ends the program where it has no RC4. */
void others_init(void);

/* Lays out what is hashed; the session key in it changes with every packet. */
void other_layout(uint8_t input[static 112], const uint8_t start[static 16]);

/* The key change of RFC 3078 §7.3; *session moves on. */
void other_change_key(const struct other *other, uint8_t input[static 112],
		      uint8_t session[static 16]);
