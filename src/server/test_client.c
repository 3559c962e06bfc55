#include "server/test_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "tests/test.h"

int client_socket(int kind, int protocol, uint32_t address)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	int fd = socket(AF_INET, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

int client_dial(uint16_t port, uint32_t from)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(TEST_SERVER)};
	int fd = client_socket(SOCK_STREAM, 0, from);
	int got = connect(fd, (struct sockaddr *)&to, sizeof(to));
	assert_true(got == 0 || errno == EINPROGRESS);
	return fd;
}

void client_start(struct client *c, struct loop *loop, uint16_t port, uint32_t address)
{
	*c = (struct client){.loop = loop, .seed = address};
	c->host.random = test_random(&c->seed);
	c->settings = session_settings_new(LINK_CLIENT);
	c->settings->link.mppe = MPPE_OFF;
	c->settings->link.mru = 1400;
	/* It begins before the registrar has answered, and asks again. */
	c->settings->link.ipcp.restart_ms = c->settings->link.ipv6cp.restart_ms = 50;
	c->settings->link.ipcp.max_configure = c->settings->link.ipv6cp.max_configure = 255;
	c->tcp = client_dial(port, address);
	c->gre = client_socket(SOCK_RAW, IPPROTO_GRE, address);
	c->connection = connection_new(&c->host, c->settings, 1,
				       (struct endpoint){TEST_SERVER, 1723}, 0, 1000);
}

void client_stop(struct client *c)
{
	if (c->connection)
		connection_free(c->connection);
	if (c->session)
		session_free(c->session);
	session_host_fini(&c->host);
	session_settings_unref(c->settings);
	close(c->tcp);
	close(c->gre);
}

void client_send_gre(const struct client *c, const void *bytes, size_t length)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(TEST_SERVER)};
	ssize_t sent = sendto(c->gre, bytes, length, 0, (struct sockaddr *)&to, sizeof(to));
	assert_int_equal(sent, length);
}

void client_call(struct client *c)
{
	c->session = session_new(&c->host, c->settings, 1, 0x4321,
				 (struct endpoint){TEST_SERVER, 1723}, 0);
	assert_true(connection_call(c->connection, c->session, c->loop->now_ms));
}

void client_perform(struct client *c)
{
	struct action_view action;
	while (action_take(&c->host, &action)) {
		switch (action.kind) {
		case ACTION_SEND_CONTROL:
			send(c->tcp, action.bytes, action.length, MSG_NOSIGNAL);
			break;
		case ACTION_CONNECTED:
			c->connected = true;
			break;
		case ACTION_CLOSE_CONTROL:
			connection_free(c->connection);
			c->connection = NULL;
			break;
		case ACTION_SEND_GRE:
			client_send_gre(c, action.bytes, action.length);
			break;
		case ACTION_IPV4_UP:
			c->ipv4_up = true;
			break;
		case ACTION_IPV6_UP:
			c->ipv6_up = true;
			break;
		case ACTION_SESSION_ENDED:
			memcpy(&c->end, action.bytes, sizeof(c->end));
			c->ended = true;
			if (c->connection)
				connection_on_session_ended(c->connection, c->session,
							    c->end.reason, c->loop->now_ms);
			session_free(c->session);
			c->session = NULL;
			break;
		default:
			break;
		}
	}
}

static void client_on_gre(struct client *c, struct packet *p)
{
	struct session_item item;
	enum link_payload payload = LINK_PAYLOAD_NONE;
	c->frames++;
	packet_pull(p, 20);
	if (!c->session || session_admit(c->session, p, 0, &item, c->loop->now_ms) ||
	    !item.has_payload)
		return;
	session_deliver(c->session, p, &item, &payload, c->loop->now_ms);
	if (payload == LINK_PAYLOAD_NONE)
		return;
	c->delivered++;
	memcpy(c->last, p->data, MIN_OF(p->length, sizeof(c->last)));
}

void client_turn(struct client *c)
{
	uint8_t bytes[4096];
	struct packet p;
	uint64_t now_ms = c->loop->now_ms;
	ssize_t got = recv(c->tcp, bytes, sizeof(bytes), 0);
	if (got > 0 && c->connection)
		connection_on_bytes(c->connection, bytes, (size_t)got, now_ms);
	else if (got == 0 && c->connection)
		connection_on_lost(c->connection, "closed", now_ms);
	client_perform(c);
	if (c->session && session_deadline(c->session) <= now_ms)
		session_on_time(c->session, now_ms);
	client_perform(c);
	for (;;) {
		packet_reset(&p);
		got = recv(c->gre, p.data, packet_room(&p), 0);
		if (got < 20)
			break;
		p.length = (size_t)got;
		client_on_gre(c, &p);
		client_perform(c);
	}
}
