/* Recorded control connections: framed, decoded, encoded again, and understood by our own PAC. */
#include "tests/replay/wire.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/random.h"
#include "control/control.h"
#include "tests/test.h"

/* Message types of each stream, as a program found them that knows nothing of ours. */
static const struct {
	const char *file, *messages;
} recordings[] = {
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128-stateless.pcap", "C1,7,12 | S2,8"},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128_idle-190s.pcap", "C1,7,5,5,5,12 | S2,8,6,6,6"},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128_kernel-client.pcap", "C1,7,12 | S2,8"},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128_kernel-server.pcap", "C1,7,12 | S2,8,12"},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_wrong-password.pcap", "C1,7,12 | S2,8"},
	{"pptpd-1.4.0_pppd-2.4.9_three-calls-on-one-control-connection.pcap",
	 "C1 | C1,7,7,7,12,12 | S2,8,8,8 | S2"},
	{"pptpd-1.4.0_pppd-2.4.9_three-clients.pcap",
	 "C1,7,12 | C1,7,12 | S2,8 | S2,8 | C1,7,12 | S2,8"},
	{"pptpd-1.4.0_pppd-2.4.9_two-clients-behind-nat_inside.pcap",
	 "C1,7,12 | S2,8 | C1,7,12 | S2,8"},
	{"pptpd-1.4.0_pppd-2.4.9_two-clients-behind-nat_outside.pcap",
	 "C1,7,12 | S2,8 | C1,7,12 | S2,8"},
	{"pptpd-1.5.0_pppd-2.5.2_mschapv2_mppe128-stateless.pcap", "C1,7,12 | S2,8"},
};

TEST(recorded_control_connections_frame_decode_and_encode_the_same)
{
	for (size_t i = 0; i < COUNT_OF(recordings); i++) {
		struct pcap p;
		struct wire w = {0};
		char text[256];
		assert_true(pcap_open_own(&p, recordings[i].file));
		wire_hear_all(&w, &p);
		assert_string_equal(wire_print(&w, text, sizeof(text)), recordings[i].messages);
		for (size_t s = 0; s < w.count; s++) {
			assert_false(w.streams[s].broken);
			assert_false(w.streams[s].changed);
			assert_int_equal(w.streams[s].framer.length, 0);
		}
	}
}

/* Our PAC at the server's place: hears the clients' streams, each in a machine of its own. */
struct pac {
	const struct wire_stream *streams[WIRE_STREAMS_MAX];
	struct control machines[WIRE_STREAMS_MAX];
	struct control_settings settings;
	struct random random;
	struct outbox out;
	size_t count;
	unsigned asked, sent, down, closed;
};

static void pac_perform(struct pac *pac, struct control *c)
{
	struct action action;
	while (outbox_take(&pac->out, &action)) {
		pac->sent += action.kind == CONTROL_SEND;
		pac->closed += action.kind == CONTROL_CLOSE;
		pac->down += action.kind == CONTROL_CALL_DOWN;
		if (action.kind == CONTROL_CALL_ASKED) {
			struct control_event event;
			assert_int_equal(action.length, sizeof(event));
			memcpy(&event, action.bytes, sizeof(event));
			pac->asked++;
			control_call_accept(c, event.slot, (uint16_t)(1000 + pac->asked), 0);
		}
	}
}

static void pac_hear(void *context, const struct wire_stream *stream, const uint8_t *bytes,
		     size_t length)
{
	struct pac *pac = context;
	size_t i = 0;
	if (!stream->from_client)
		return;
	while (i < pac->count && pac->streams[i] != stream)
		i++;
	if (i == pac->count) {
		pac->streams[pac->count++] = stream;
		control_init(&pac->machines[i], &pac->settings, &pac->random, &pac->out, 0);
	}
	control_on_bytes(&pac->machines[i], bytes, length, 0);
	pac_perform(pac, &pac->machines[i]);
}

TEST(recorded_clients_are_understood_by_our_pac)
{
	static const struct {
		const char *file;
		unsigned calls, cleared;
	} clients[] = {
		{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128-stateless.pcap", 1, 1},
		{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128_kernel-client.pcap", 1, 1},
		{"pptpd-1.4.0_pppd-2.4.9_three-clients.pcap", 3, 3},
		{"pptpd-1.4.0_pppd-2.4.9_three-calls-on-one-control-connection.pcap", 3, 2},
		{"pptpd-1.4.0_pppd-2.4.9_two-clients-behind-nat_outside.pcap", 2, 2},
	};
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		struct pcap p;
		struct pac *pac = calloc(1, sizeof(*pac));
		uint64_t seed = 1;
		assert_non_null(pac);
		pac->random = test_random(&seed);
		pac->settings = (struct control_settings){
			.role = CONTROL_PAC,
			.host_name = "pac",
			.vendor = "poptun",
			.first_message_ms = 10000,
			.echo_ms = CONTROL_ECHO_MS,
			.window = 64,
			.connect_speed = 10000000,
			.calls_max = 8,
		};
		struct wire w = {.sink = pac_hear, .context = pac};
		assert_true(pcap_open_own(&p, clients[i].file));
		wire_hear_all(&w, &p);
		assert_int_equal(pac->asked, clients[i].calls);
		assert_int_equal(pac->down, clients[i].cleared);
		assert_int_equal(pac->closed, 0);
		outbox_fini(&pac->out);
		free(pac);
	}
}
