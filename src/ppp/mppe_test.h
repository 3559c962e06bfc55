/* What the tests of MPPE share: the login of RFC 3079 §3.5 at both ends, packets between them, and
 * what the RFCs make of a packet. */
#pragma once
#include <string.h>

#include "base/writer.h"
#include "crypto/hash.h"
#include "ppp/mppe.h"
#include "tests/test.h"

/* ---- the login of RFC 3079 §3.5 (values of its §3.5.3, and of our own computation) ---- */

static inline struct auth_keys server_keys(void)
{
	struct auth_keys keys = {.present = 1};
	test_unhex("8b7cdc149b993a1ba118cb153f56dccb", keys.send, 16);
	test_unhex("d5f0e9521e3ea9589645e86051c82226", keys.receive, 16);
	memcpy(keys.send_short, keys.send, 8);
	memcpy(keys.receive_short, keys.receive, 8);
	return keys;
}

static inline struct auth_keys client_keys(void)
{
	struct auth_keys server = server_keys(), keys = {.present = 1};
	memcpy(keys.send, server.receive, 16);
	memcpy(keys.receive, server.send, 16);
	memcpy(keys.send_short, server.receive_short, 8);
	memcpy(keys.receive_short, server.send_short, 8);
	return keys;
}

static inline void pair_init(struct mppe *server, struct mppe *client, enum mppe_size size,
			     bool stateless)
{
	struct auth_keys ours = server_keys(), theirs = client_keys();
	mppe_init(server, &ours, size, stateless);
	mppe_init(client, &theirs, size, stateless);
}

/* ---- packets ---- */

enum { BODY = 48 }; /* octets of most packets here: protocol field, IPv4 header, data */

/* An IPv4 packet of `length` octets behind its protocol field; what it carries tells `n`. */
static inline void fill_ip(struct packet *p, size_t length, unsigned n)
{
	packet_reset(p);
	p->length = length + 2;
	struct writer out = writer_of(p->data, p->length);
	write_u16(&out, 0x0021);
	write_u16(&out, 0x4500);
	write_u16(&out, (uint16_t)length);
	while (out.length < p->length)
		write_u8(&out, (uint8_t)(n * 7 + out.length));
}

static inline bool is_ip(const struct packet *p, size_t length, unsigned n)
{
	static struct packet expected;
	fill_ip(&expected, length, n);
	return p->length == expected.length && !memcmp(p->data, expected.data, p->length);
}

/* The n-th packet of `m`, as it goes over the wire. */
static inline void send(struct mppe *m, struct packet *p, unsigned n)
{
	struct mppe_item item, *items[] = {&item};
	fill_ip(p, BODY, n);
	mppe_seal(m, p, &item);
	mppe_run(items, 1);
}

/* Receives a copy of *p, and commits it where it is the packet that fill_ip made for `n`. */
static inline enum drop receive_at(struct mppe *m, const struct packet *p, unsigned n,
				   uint64_t now_ms, bool *reset)
{
	static struct packet copy;
	struct mppe_item item, *items[] = {&item};
	packet_reset(&copy);
	copy.length = p->length;
	memcpy(copy.data, p->data, p->length);
	enum drop drop = mppe_admit(m, &copy, &item, now_ms, reset);
	if (drop != DROP_NONE) {
		assert_memory_equal(copy.data, p->data, p->length);
		assert_int_equal(copy.length, p->length);
		return drop;
	}
	assert_false(*reset);
	mppe_run(items, 1);
	if (!is_ip(&copy, BODY, n))
		return DROP_MPPE_GARBAGE;
	mppe_commit(m, &item);
	return DROP_NONE;
}

static inline enum drop receive(struct mppe *m, const struct packet *p, unsigned n)
{
	bool reset;
	return receive_at(m, p, n, 0, &reset);
}

/* A header that claims `count`, and noise. */
static inline void forge(struct packet *p, unsigned count)
{
	fill_ip(p, BODY, count);
	p->data[0] = (uint8_t)(0x90 | count >> 8);
	p->data[1] = (uint8_t)count;
}

/* ---- the reference: one stateless direction, in so many words of the RFCs ---- */

struct reference {
	enum mppe_size size;
	uint8_t start[16], session[16];
};

static inline size_t reference_octets(const struct reference *r)
{
	return r->size == MPPE_128 ? 16 : 8;
}

static inline void reference_hash(const struct reference *r, uint8_t *key)
{
	uint8_t pad1[40], pad2[40], digest[SHA1_OCTETS];
	memset(pad1, 0, sizeof(pad1));
	memset(pad2, 0xf2, sizeof(pad2));
	hash_sha1(digest, HASH_PARTS({r->start, reference_octets(r)}, {pad1, 40},
				     {r->session, reference_octets(r)}, {pad2, 40}));
	memcpy(key, digest, reference_octets(r));
}

static inline void reference_reduce(struct reference *r)
{
	if (r->size == MPPE_40)
		memcpy(r->session, "\xd1\x26\x9e", 3);
	if (r->size == MPPE_56)
		memcpy(r->session, "\xd1", 1);
}

static inline void reference_init(struct reference *r, enum mppe_size size)
{
	struct auth_keys keys = server_keys();
	*r = (struct reference){.size = size};
	memcpy(r->start, keys.send, reference_octets(r));
	memcpy(r->session, keys.send, reference_octets(r));
	reference_hash(r, r->session);
	reference_reduce(r);
}

/* Changes the key and encrypts the packet's body with it. */
static inline void reference_encrypt(struct reference *r, uint8_t *data, size_t length)
{
	uint8_t interim[16];
	struct rc4 stream;
	reference_hash(r, interim);
	memcpy(r->session, interim, reference_octets(r));
	rc4_init(&stream, interim, reference_octets(r));
	rc4_apply(&stream, r->session, reference_octets(r));
	reference_reduce(r);
	rc4_init(&stream, r->session, reference_octets(r));
	rc4_apply(&stream, data, length);
}
