#include "server/messages.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "tests/test.h"

/* Each kind with every member set, the texts and blobs to their last octet. */
static void fill_login(union server_message_any *m)
{
	m->login = (struct message_login){
		.session = 1, .number = 2, .caller = 0xc0000201, .called = 0xc0000202};
	m->login.proof = (struct auth_proof){
		.question = AUTH_PROVE, .method = AUTH_MSCHAPV2, .again = 1, .identifier = 9};
	memset(m->login.proof.name, 'n', AUTH_NAME_LIMIT);
	m->login.proof.challenge.length = AUTH_CHALLENGE_LIMIT;
	memset(m->login.proof.challenge.bytes, 0xc0, AUTH_CHALLENGE_LIMIT);
	m->login.proof.response.length = AUTH_RESPONSE_LIMIT;
	memset(m->login.proof.response.bytes, 0x5e, AUTH_RESPONSE_LIMIT);
}

static void fill_release(union server_message_any *m)
{
	m->release = (struct message_release){
		.session = UINT32_MAX, .octets_in = 1ull << 40, .octets_out = 7, .seconds = 86400};
}

static void fill_verdict(union server_message_any *m)
{
	struct auth_verdict *v = &m->verdict.verdict;
	m->verdict = (struct message_verdict){.session = 3, .number = 4};
	*v = (struct auth_verdict){.question = AUTH_VERIFY,
				   .result = AUTH_ACCEPT,
				   .error = AUTH_FAILURE,
				   .local_address = 1,
				   .remote_address = 2,
				   .dns = {3, 4},
				   .nbns = {5, 6}};
	memset(v->user, 'u', AUTH_NAME_LIMIT);
	v->message.length = 42;
	memset(v->message.bytes, 'S', 42);
	v->keys.present = 1;
	memset(v->keys.send, 1, sizeof(v->keys.send));
	memset(v->keys.receive, 2, sizeof(v->keys.receive));
	memset(v->keys.send_short, 3, sizeof(v->keys.send_short));
	memset(v->keys.receive_short, 4, sizeof(v->keys.receive_short));
}

static void fill_disconnect(union server_message_any *m)
{
	m->disconnect.session = 5;
	memset(m->disconnect.why, 'w', sizeof(m->disconnect.why) - 1);
}

static void fill_network(union server_message_any *m)
{
	m->network =
		(struct message_network){.session = 6,
					 .caller = 7,
					 .local = 8,
					 .remote = 9,
					 .dns = {10, 11},
					 .nbns = {12, 13},
					 .local_id = {2, 0, 0, 0, 0, 0, 0, 1}, /* NULs inside */
					 .remote_id = {0, 0, 0, 0, 0, 0, 0, 2},
					 .seconds = 14,
					 .octets_in = 15,
					 .octets_out = 1ull << 63};
	memset(m->network.user, 'u', AUTH_NAME_LIMIT);
}

static void fill_secrets_file(union server_message_any *m)
{
	memset(m->secrets_file.name, '/', sizeof(m->secrets_file.name) - 1);
	m->secrets_file.first = 1;
	m->secrets_file.part.length = SECRETS_PART;
	for (size_t i = 0; i < SECRETS_PART; i++)
		m->secrets_file.part.bytes[i] = (uint8_t)(i * 7);
}

static void fill_secrets_end(union server_message_any *m)
{
	memset(m->secrets_end.chap, 'c', sizeof(m->secrets_end.chap) - 1);
	strcpy(m->secrets_end.pap, "/etc/ppp/pap-secrets");
}

static void fill_evict(union server_message_any *m)
{
	m->evict.session = UINT32_MAX;
}

static void fill_address(union server_message_any *m)
{
	m->address = (struct message_address){.session = 17, .address = 0x0a000064};
}

static void fill_ipv6_refused(union server_message_any *m)
{
	m->ipv6_refused.session = 18;
}

static const struct {
	uint16_t kind;
	void (*fill)(union server_message_any *m);
} kinds[] = {
	{MESSAGE_LOGIN, fill_login},
	{MESSAGE_RELEASE, fill_release},
	{MESSAGE_VERDICT, fill_verdict},
	{MESSAGE_DISCONNECT, fill_disconnect},
	{MESSAGE_NETWORK_UP, fill_network},
	{MESSAGE_NETWORK_DOWN, fill_network},
	{MESSAGE_IPV6_UP, fill_network},
	{MESSAGE_IPV6_DOWN, fill_network},
	{MESSAGE_SECRETS_FILE, fill_secrets_file},
	{MESSAGE_SECRETS_END, fill_secrets_end},
	{MESSAGE_EVICT, fill_evict},
	{MESSAGE_ADDRESS_GIVEN, fill_address},
	{MESSAGE_ADDRESS_FREED, fill_address},
	{MESSAGE_IPV6_REFUSED, fill_ipv6_refused},
};

TEST(messages_of_each_kind_arrive_as_they_were_sent)
{
	size_t rows = 0;
	for (const struct message_type *type = server_messages; type->kind; type++)
		rows++;
	assert_int_equal(rows, COUNT_OF(kinds)); /* all of them are tried here */
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		union server_message_any sent, got;
		uint8_t bytes[MESSAGE_LIMIT];
		memset(&sent, 0, sizeof(sent));
		memset(&got, 0, sizeof(got));
		kinds[i].fill(&sent);
		size_t length =
			message_encode(server_messages, kinds[i].kind, &sent, bytes, sizeof(bytes));
		assert_true(length > 2);
		assert_int_equal(bytes[0] << 8 | bytes[1], kinds[i].kind);
		const struct message_type *type =
			message_decode(server_messages, bytes, length, &got, sizeof(got));
		assert_non_null(type);
		assert_int_equal(type->kind, kinds[i].kind);
		assert_memory_equal(&sent, &got, type->size);
	}
}

TEST(messages_cut_anywhere_or_too_long_are_refused)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		union server_message_any sent, got;
		uint8_t bytes[MESSAGE_LIMIT + 1] = {0};
		memset(&sent, 0, sizeof(sent));
		kinds[i].fill(&sent);
		size_t length =
			message_encode(server_messages, kinds[i].kind, &sent, bytes, MESSAGE_LIMIT);
		for (size_t cut = 0; cut < length; cut++) {
			uint8_t *copy = malloc(cut + 1); /* a sanitizer sees a step too far */
			memcpy(copy, bytes, cut);
			assert_null(message_decode(server_messages, copy, cut, &got, sizeof(got)));
			free(copy);
		}
		assert_null(message_decode(server_messages, bytes, length + 1, &got, sizeof(got)));
	}
}

TEST(messages_of_unknown_kinds_are_refused)
{
	union server_message_any got;
	const uint8_t kinds_unknown[][2] = {{0, 0}, {0, 200}, {0xff, 0xff}};
	for (size_t i = 0; i < COUNT_OF(kinds_unknown); i++)
		assert_null(
			message_decode(server_messages, kinds_unknown[i], 2, &got, sizeof(got)));
}
