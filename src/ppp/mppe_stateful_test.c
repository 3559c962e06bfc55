#include "ppp/mppe_test.h"

#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "crypto/hash.h"

static const struct {
	enum mppe_size size;
	const char *send_key; /* the server's initial session key, RFC 3079 §3.5 */
} known[] = {
	{MPPE_40, "d1269ec49fa62e3e"},
	{MPPE_56, "d15c00c49fa62e3e"},
	{MPPE_128, "405cb2247a7956e6e211007ae27b22d4"},
};

static struct packet sealed[70];

static void send_many(struct mppe *m, size_t count)
{
	for (size_t n = 0; n < count; n++)
		send(m, &sealed[n], (unsigned)n);
}

static unsigned header_of(const struct packet *p)
{
	return (unsigned)(p->data[0] << 8 | p->data[1]);
}

TEST(mppe_stateful_says_flushed_on_flag_packets_and_answers_to_reset_requests_only)
{
	struct mppe server, client;
	struct packet p;
	pair_init(&server, &client, MPPE_128, false);
	for (unsigned n = 0; n < 600; n++) {
		if (n == 300)
			mppe_on_reset_request(&server);
		send(&server, &p, n);
		bool flushed = n == 255 || n == 300 || n == 511;
		assert_int_equal(header_of(&p), (flushed ? 0x9000u : 0x1000u) | n);
		assert_int_equal(receive(&client, &p, n), DROP_NONE);
	}
}

TEST(mppe_stateful_first_packet_uses_the_initial_key)
{
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		struct mppe server, client;
		struct packet p;
		pair_init(&server, &client, known[i].size, false);
		send(&server, &p, 0);
		struct rc4 r;
		uint8_t key[16];
		rc4_init(&r, key, test_unhex(known[i].send_key, key, sizeof(key)));
		rc4_apply(&r, p.data + 2, p.length - 2);
		packet_pull(&p, 2);
		assert_true(is_ip(&p, BODY, 0));
	}
}

/*
 * Other peers, 128 bits, written again from RFC 3078 and from what the Linux kernel was seen to do.
 * KERNEL changes its key at every packet with bit A, and sets A on flag packets, not on the first.
 * RFC starts RC4 anew at bit A with the key as it is, and sets A on the first packet; whether on
 * flag packets is not clear from the text, so there are both.
 */
enum peer_kind { KERNEL, RFC, RFC_FLAGS_FLUSHED, PEER_KINDS };

struct peer {
	enum peer_kind kind;
	uint8_t start[16], key[16];
	unsigned count; /* of the next packet */
	bool flush, discard;
	struct rc4 stream;
};

static void peer_change_key(struct peer *peer)
{
	uint8_t zeros[40] = {0}, f2[40], digest[SHA1_OCTETS];
	struct rc4 r;
	memset(f2, 0xf2, sizeof(f2));
	hash_sha1(digest, HASH_PARTS({peer->start, 16}, {zeros, 40}, {peer->key, 16}, {f2, 40}));
	rc4_init(&r, digest, 16);
	rc4_apply(&r, digest, 16);
	memcpy(peer->key, digest, 16);
}

/* The end that our server talks to: with the keys of the login in mppe_test.h. */
static struct peer peer_new(enum peer_kind kind, const char *start, const char *key)
{
	struct peer peer = {.kind = kind, .flush = kind != KERNEL};
	test_unhex(start, peer.start, 16);
	test_unhex(key, peer.key, 16);
	rc4_init(&peer.stream, peer.key, 16);
	return peer;
}

static struct peer peer_sending(enum peer_kind kind)
{
	return peer_new(kind, "d5f0e9521e3ea9589645e86051c82226",
			"49d11d0f0cc6befba2a9b4b688f91eee");
}

static struct peer peer_receiving(enum peer_kind kind)
{
	return peer_new(kind, "8b7cdc149b993a1ba118cb153f56dccb",
			"405cb2247a7956e6e211007ae27b22d4");
}

static void peer_send(struct peer *peer, struct packet *p, unsigned n)
{
	bool flag = (peer->count & 0xff) == 0xff;
	bool flushed = peer->flush || (flag && peer->kind != RFC);
	if (flag || (peer->flush && peer->kind == KERNEL))
		peer_change_key(peer);
	if (flag || peer->flush)
		rc4_init(&peer->stream, peer->key, 16);
	peer->flush = false;
	fill_ip(p, BODY, n);
	rc4_apply(&peer->stream, p->data, p->length);
	packet_push(p, 2);
	p->data[0] = (uint8_t)((flushed ? 0x90 : 0x10) | peer->count >> 8);
	p->data[1] = (uint8_t)peer->count;
	peer->count = (peer->count + 1) & 0xfff;
}

/* True where the packet was decrypted to what fill_ip made for n; *reset: it asks for a flush. */
static bool peer_receive(struct peer *peer, struct packet *p, unsigned n, bool *reset)
{
	unsigned count = header_of(p) & 0xfff;
	bool flushed = header_of(p) & 0x8000;
	*reset = !peer->discard && count != peer->count;
	peer->discard |= *reset;
	if (peer->discard && !flushed)
		return false;
	for (; peer->count != count; peer->count = (peer->count + 1) & 0xfff)
		if ((peer->count & 0xff) == 0xff)
			peer_change_key(peer);
	if (peer->kind == KERNEL ? flushed : (count & 0xff) == 0xff)
		peer_change_key(peer);
	if (flushed || (count & 0xff) == 0xff)
		rc4_init(&peer->stream, peer->key, 16);
	peer->count = (peer->count + 1) & 0xfff;
	peer->discard = false;
	packet_pull(p, 2);
	rc4_apply(&peer->stream, p->data, p->length);
	return is_ip(p, BODY, n);
}

TEST(mppe_stateful_understands_every_peer_in_both_directions)
{
	for (enum peer_kind kind = KERNEL; kind < PEER_KINDS; kind++) {
		struct mppe server, client;
		struct packet p;
		bool reset;
		struct peer sender = peer_sending(kind), receiver = peer_receiving(kind);
		pair_init(&server, &client, MPPE_128, false);
		for (unsigned n = 0; n < 4096 + 600; n++) {
			peer_send(&sender, &p, n);
			assert_int_equal(receive(&server, &p, n), DROP_NONE);
			send(&server, &p, n);
			assert_true(peer_receive(&receiver, &p, n, &reset));
			assert_false(reset);
		}
	}
}

/*
 * A peer's packets over a wire that loses one in eight, flushed ones too; our Reset-Request takes
 * two packets to come over. Nothing but what lies between a loss and the next flushed packet is
 * missed.
 */
static void lossy_receipt(enum peer_kind kind)
{
	uint64_t state = 8 + kind;
	struct random random = test_random(&state);
	struct mppe server, client;
	struct packet p;
	struct peer sender = peer_sending(kind);
	unsigned due = 0, delivered = 0;
	bool reset, complete = true; /* all since the last flushed packet, and that one too */
	pair_init(&server, &client, MPPE_128, false);
	for (unsigned n = 0; n < 20000; n++) {
		sender.flush |= due && !--due;
		peer_send(&sender, &p, n);
		bool fresh = header_of(&p) & 0x8000;
		bool lost = random_below(&random, 8) == 0;
		complete = (complete || fresh) && !lost;
		if (lost)
			continue;
		enum drop drop = receive_at(&server, &p, n, n * 200, &reset);
		bool flag = (header_of(&p) & 0xff) == 0xff; /* starts anew even without bit A */
		complete |= flag;
		assert_int_equal(drop, complete ? DROP_NONE : DROP_MPPE_WAITING);
		delivered += drop == DROP_NONE;
		if (reset && !due)
			due = 2;
	}
	assert_in_range(delivered, 8000, 17500);
	assert_true(server.resets_sent > 100);
}

TEST(mppe_stateful_finds_every_lossy_peer_again)
{
	for (enum peer_kind kind = KERNEL; kind < PEER_KINDS; kind++)
		lossy_receipt(kind);
}

/* The kernel as receiver: it has no cure for a lost flushed packet (nor has a second kernel). */
TEST(mppe_stateful_is_found_again_by_a_kernel_that_lost_packets)
{
	uint64_t state = 9;
	struct random random = test_random(&state);
	struct mppe server, client;
	struct packet p;
	struct peer receiver = peer_receiving(KERNEL);
	unsigned delivered = 0;
	pair_init(&server, &client, MPPE_128, false);
	for (unsigned n = 0; n < 20000; n++) {
		bool reset;
		send(&server, &p, n);
		if (!(header_of(&p) & 0x8000) && random_below(&random, 8) == 0)
			continue;
		bool read = peer_receive(&receiver, &p, n, &reset);
		assert_int_equal(read, !receiver.discard);
		delivered += read;
		if (reset)
			mppe_on_reset_request(&server);
	}
	assert_in_range(delivered, 10000, 17500);
	assert_true(server.resets_received > 1000);
}

TEST(mppe_stateful_asks_for_a_reset_once_and_again_after_a_second)
{
	static const struct {
		uint64_t now_ms;
		bool reset;
	} steps[] = {
		{100, true}, {100, false}, {1099, false}, {1100, true}, {1101, false}, {5000, true},
	};
	struct mppe server, client;
	struct packet p;
	pair_init(&server, &client, MPPE_128, false);
	send(&server, &p, 0);
	assert_int_equal(receive(&client, &p, 0), DROP_NONE);
	send(&server, &p, 1); /* lost */
	for (unsigned i = 0; i < COUNT_OF(steps); i++) {
		bool reset;
		send(&server, &p, 2 + i);
		assert_int_equal(receive_at(&client, &p, 2 + i, steps[i].now_ms, &reset),
				 DROP_MPPE_WAITING);
		assert_int_equal(reset, steps[i].reset);
	}
	assert_true(client.receive.waiting);
	assert_int_equal(client.resets_sent, 3);
	mppe_on_reset_request(&server);
	send(&server, &p, 20);
	assert_int_equal(receive(&client, &p, 20), DROP_NONE);
	assert_false(client.receive.waiting);
	send(&server, &p, 21);
	assert_int_equal(receive(&client, &p, 21), DROP_NONE);
}

TEST(mppe_stateful_counts_every_flag_packet_of_a_long_loss)
{
	static const unsigned lost[] = {1, 254, 255, 256, 257, 1000, 3000, 3900, 4500, 7000};
	for (size_t i = 0; i < 2 * COUNT_OF(lost); i++) {
		struct mppe server, client;
		struct packet p;
		unsigned n = 0;
		pair_init(&server, &client, known[i % 3].size, false);
		for (; n < 100; n++) {
			send(&server, &p, n);
			assert_int_equal(receive(&client, &p, n), DROP_NONE);
		}
		for (unsigned end = n + lost[i / 2]; n < end; n++)
			send(&server, &p, n);
		if (i % 2) /* else the next flag packet is the way in */
			mppe_on_reset_request(&server);
		enum drop drop;
		do {
			send(&server, &p, n);
			drop = receive(&client, &p, n++);
		} while (drop == DROP_MPPE_WAITING);
		assert_int_equal(drop, DROP_NONE);
		assert_true(header_of(&p) & 0x8000);
	}
}

TEST(mppe_stateful_drops_late_packets_and_asks_for_nothing)
{
	struct mppe server, client;
	bool reset;
	pair_init(&server, &client, MPPE_128, false);
	send_many(&server, 70);
	for (unsigned n = 0; n < 69; n++) {
		assert_int_equal(receive(&client, &sealed[n], n), DROP_NONE);
		if (n < 60)
			assert_int_equal(receive_at(&client, &sealed[0], 0, 0, &reset),
					 DROP_MPPE_LATE);
		assert_false(reset);
	}
	assert_int_equal(receive(&client, &sealed[69], 69), DROP_NONE);
}

TEST(mppe_stateful_goes_on_after_forged_counts_without_waiting)
{
	struct mppe server, client;
	struct packet p;
	bool reset;
	pair_init(&server, &client, MPPE_128, false);
	for (unsigned n = 0; n < 300; n++) {
		forge(&p, (n * 37 + 70) & 0xfff); /* flushed */
		assert_int_not_equal(receive_at(&client, &p, n, 0, &reset), DROP_NONE);
		forge(&p, (n + 5) & 0xfff);
		p.data[0] &= 0x7f;
		assert_int_not_equal(receive_at(&client, &p, n, 0, &reset), DROP_NONE);
		send(&server, &p, n);
		assert_int_equal(receive(&client, &p, n), DROP_NONE);
	}
}

TEST(mppe_stateful_takes_a_packet_that_was_only_overtaken)
{
	struct mppe server, client;
	bool reset;
	pair_init(&server, &client, MPPE_128, false);
	send_many(&server, 3);
	assert_int_equal(receive_at(&client, &sealed[1], 1, 0, &reset), DROP_MPPE_WAITING);
	assert_true(reset);
	for (unsigned n = 0; n < 3; n++)
		assert_int_equal(receive(&client, &sealed[n], n), DROP_NONE);
	assert_false(client.receive.waiting);
}

/* A flushed packet is told by its inner packet:
 * IPv4 and IPv6, protocol field whole and compressed. */
TEST(mppe_stateful_tells_the_key_of_a_flushed_packet_by_its_inner_packet)
{
	static const char *const inner[] = {
		"0021 4500 0016 0000 0000 4011 0000 0a000001 0a000002 1234",
		"21   4500 0016 0000 0000 4011 0000 0a000001 0a000002 1234",
		"0057 6000 0000 0002 3b40 fe800000000000000000000000000001 "
		"fe800000000000000000000000000002 1234",
		"57   6000 0000 0002 3b40 fe800000000000000000000000000001 "
		"fe800000000000000000000000000002 1234",
	};
	for (size_t i = 0; i < 2 * COUNT_OF(inner); i++) {
		struct mppe server, client;
		struct packet p;
		struct mppe_item item, *items[] = {&item};
		uint8_t plain[64];
		bool reset;
		struct peer sender = peer_sending(i % 2 ? RFC : KERNEL);
		size_t length = test_unhex(inner[i / 2], plain, sizeof(plain));
		pair_init(&server, &client, MPPE_128, false);
		peer_send(&sender, &p, 0);
		assert_int_equal(receive(&server, &p, 0), DROP_NONE);
		sender.flush = true;
		peer_send(&sender, &p, 1); /* for its header; the body is ours */
		memcpy(p.data + 2, plain, length);
		p.length = length + 2;
		rc4_init(&sender.stream, sender.key, 16);
		rc4_apply(&sender.stream, p.data + 2, length);
		assert_int_equal(mppe_admit(&server, &p, &item, 0, &reset), DROP_NONE);
		mppe_run(items, 1);
		assert_memory_equal(p.data, plain, length);
	}
}
