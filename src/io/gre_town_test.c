#include "io/gre_town_test.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/writer.h"
#include "io/gre_ring.h"
#include "io/gre_transmit.h"
#include "io/tool.h"
#include "tests/test.h"

enum { GRE_HEADER = 12 };

char town_why[WHY_SIZE];
static int town_namespaces[2];

void town_enter(int side)
{
	assert_int_equal(setns(town_namespaces[side], CLONE_NEWNET), 0);
}

bool town_shell(const char *line)
{
	char *text = NULL;
	int error = tool_run((const char *const[]){"sh", "-c", line, NULL}, &text);
	free(text);
	return !error;
}

void town_run(const char *line)
{
	if (!town_shell(line))
		fail_msg("failed: %s", line);
}

bool town_prints(const char *line, const char *what)
{
	char *text = NULL;
	assert_int_equal(tool_run((const char *const[]){"sh", "-c", line, NULL}, &text), 0);
	bool found = strstr(text, what) != NULL;
	free(text);
	return found;
}

const char *town_lacks(void)
{
	static const char *const tools[] = {"ip", "nft"};
	char path[TOOL_PATH];
	for (size_t i = 0; i < COUNT_OF(tools); i++)
		if (!tool_find(tools[i], path))
			return "no program ip, or no nft";
	return unshare(CLONE_NEWNET) ? "no right to make network namespaces" : NULL;
}

static int namespace_new(void)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

void town_open(void)
{
	char line[200];
	town_namespaces[THEIR_SIDE] = namespace_new();
	town_run("ip link set lo up");
	town_namespaces[OUR_SIDE] = namespace_new();
	snprintf(line, sizeof(line),
		 "ip link set lo up && ip link add wire type veth peer name wire netns "
		 "/proc/%d/fd/%d && ip address add 10.7.0.1/24 dev wire && ip link set wire up",
		 (int)getpid(), town_namespaces[THEIR_SIDE]);
	town_run(line);
	town_enter(THEIR_SIDE);
	town_run(
		"ip address add 10.7.0.2/24 dev wire && ip address add 10.7.0.3/24 dev wire && ip link "
		"set wire up");
	town_enter(OUR_SIDE);
}

void town_close(void)
{
	close(town_namespaces[OUR_SIDE]);
	close(town_namespaces[THEIR_SIDE]);
	namespace_new(); /* in none of them any more */
}

void town_port_open(struct gre_port *port, int side)
{
	town_enter(side);
	int fd = gre_socket_open(0, NULL, town_why);
	assert_true(fd >= 0);
	assert_int_equal(gre_port_init(port, fd), 0);
}

void town_transmit_open(struct gre_port *port)
{
	port->transmit = gre_transmit_open((struct share){0}, town_why);
	assert_non_null(port->transmit);
	gre_transmit_want(port->transmit, true);
}

/* A data packet of `length` octets with that sequence number, for call 7. */
void town_put(struct gre_port *port, uint32_t number, size_t length, uint32_t source,
	      uint32_t destination, uint8_t tos)
{
	struct packet *p = gre_port_packet(port);
	struct writer out = writer_of(p->data, length);
	memset(p->data, 0x5a, length);
	write_u16(&out, 0x3001);
	write_u16(&out, 0x880b);
	write_u16(&out, (uint16_t)(length - GRE_HEADER));
	write_u16(&out, 7);
	write_u32(&out, number);
	p->length = length;
	gre_port_put(port, p, source, destination, tos);
}

uint32_t town_number(const struct packet *p)
{
	return (uint32_t)p->data[8] << 24 | (uint32_t)p->data[9] << 16 |
	       (uint32_t)p->data[10] << 8 | p->data[11];
}

void town_wait(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
}

/* Receives `count` packets with numbers from `first` on, in order. */
void town_expect(struct gre_port *port, uint32_t first, uint32_t count)
{
	static struct gre_datagram in[GRE_BATCH];
	for (uint32_t heard = 0; heard < count;) {
		struct pollfd both[] = {{.fd = port->fd, .events = POLLIN},
					{.fd = port->ring ? port->ring->fd : -1, .events = POLLIN}};
		assert_true(poll(both, 2, WAIT_MS) >= 1);
		int got = gre_port_receive(port, in);
		assert_true(got >= 0);
		for (int i = 0; i < got; i++)
			assert_int_equal(town_number(in[i].packet), first + heard++);
	}
}

uint32_t town_send_until_direct(struct gre_port *port, uint32_t number, uint32_t destination)
{
	uint64_t before = port->sent_directly;
	for (int i = 0; i < WAIT_MS && port->sent_directly == before; i++) {
		gre_transmit_follow(port->transmit);
		town_put(port, number++, 100, US, destination, 0);
		gre_port_flush(port);
		if (port->sent_directly == before)
			poll(NULL, 0, 1); /* ARP takes a moment */
	}
	assert_true(port->sent_directly > before);
	return number;
}

bool town_goes_directly(struct gre_port *port, uint32_t number, size_t length)
{
	uint64_t before = port->sent_directly;
	gre_transmit_follow(port->transmit);
	town_put(port, number, length, US, THEM, 0);
	gre_port_flush(port);
	return port->sent_directly > before;
}
