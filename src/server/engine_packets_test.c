/* What becomes of packets between the network and the TUN device, whole batches of them. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "server/test_engine.h"

/* A datagram of one octet through the tunnel, made but not sent. */
static void client_enclose(struct client *c, struct packet *p, uint16_t port, uint8_t octet)
{
	static const uint8_t datagram[29] = {0x45, 0,    0,  29, 0, 0,   0,  0, 64, 17,
					     0x66, 0x5a, 10, 9,  0, 100, 10, 9, 0,  1,
					     0x30, 0x39, 0,  0,  0, 9,   0,  0};
	struct session_item item;
	packet_reset(p);
	memcpy(p->data, datagram, sizeof(datagram));
	p->data[22] = (uint8_t)(port >> 8);
	p->data[23] = (uint8_t)port;
	p->data[28] = octet;
	p->length = sizeof(datagram);
	assert_int_equal(session_enclose(c->session, p, &item, c->loop->now_ms), DROP_NONE);
	if (item.link.encrypted)
		mppe_run((struct mppe_item *[]){&item.link.mppe}, 1);
	session_seal(c->session, p);
}

TEST(engine_hands_on_in_order_what_came_late_within_a_batch)
{
	static const uint8_t arrival[] = {0, 3, 4, 1, 2};
	static struct packet packets[COUNT_OF(arrival)];
	struct fixture f;
	struct client c;
	uint8_t octet;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	int udp = client_socket(SOCK_DGRAM, 0, INNER_US);
	struct sockaddr_in at;
	assert_int_equal(getsockname(udp, (struct sockaddr *)&at, &(socklen_t){sizeof(at)}), 0);
	for (uint8_t i = 0; i < COUNT_OF(packets); i++)
		client_enclose(&c, &packets[i], ntohs(at.sin_port), i);
	for (size_t i = 0; i < COUNT_OF(arrival); i++)
		client_send_gre(&c, packets[arrival[i]].data, packets[arrival[i]].length);
	RUN_UNTIL(&f, &c, recv(udp, &octet, 1, MSG_DONTWAIT | MSG_PEEK) == 1);
	for (size_t i = 0; i < COUNT_OF(arrival); i++) {
		assert_int_equal(recv(udp, &octet, 1, MSG_DONTWAIT), 1);
		assert_int_equal(octet, i);
	}
	close(udp);
	client_stop(&c);
	fixture_stop(&f);
}

/* Whoever else has something to do waits for one batch of a flood. */
TEST(engine_takes_one_batch_from_the_network_in_a_turn)
{
	static const uint8_t stray[] = {0x30, 1, 0x88, 0x0b, 0, 0, 0x77, 0x77, 0, 0, 0, 0};
	struct fixture f;
	struct client c;
	fixture_start(&f, 10);
	fixture_call_from(&c, &f, CALLER);
	fixture_client_up(&f, &c);
	for (int i = 0; i < 3 * GRE_BATCH; i++)
		client_send_gre(&c, stray, sizeof(stray));
	for (uint64_t turn = 1; turn <= 3; turn++) {
		assert_int_equal(loop_turn(&f.loop, 5), 0);
		assert_int_equal(fixture_drops_of(&f, DROP_GRE_UNKNOWN_CALL), turn * GRE_BATCH);
	}
	client_stop(&c);
	fixture_stop(&f);
}
