/*
 * Recordings that others published. They are not ours to distribute: $POPTUN_SHARED names the
 * directory that holds captures/third-party; where it is not set, none of this can run.
 */
#include <stdlib.h>

#include "base/base.h"
#include "tests/replay/ear.h"
#include "tests/replay/wire.h"
#include "tests/test.h"

const char *test_lacks(void)
{
	return getenv("POPTUN_SHARED") ? NULL
				       : "POPTUN_SHARED is not set: where captures/third-party is";
}

static void open_third_party(struct pcap *p, const char *name)
{
	char path[1024];
	snprintf(path, sizeof(path), "%s/captures/third-party/%s", getenv("POPTUN_SHARED"), name);
	assert_true(pcap_open(p, path));
}

/*
 * Windows 2000 and PoPToP, 2004, heard on Wi-Fi: the golden call. The authenticator response is
 * printed with the recording; all 20 frames of the client decrypt, two of them heard twice.
 */
TEST(recorded_call_of_scott_decrypts)
{
	struct pcap p;
	struct ear e;
	open_third_party(&p, "asleap-pptp-rawip.pcap");
	ear_init(&e, "turquoise");
	ear_hear_all(&e, &p);
	assert_string_equal(e.proof.name, "scott");
	assert_memory_equal(e.verdict.message.bytes, "S=CEE89947F2DCA18C95F551C2E9E676504112C722",
			    MSCHAP_SIGNATURE);
	assert_true(e.signature_is_right);
	assert_int_equal(e.from_client.encrypted, 20);
	assert_int_equal(e.from_client.decrypted, 20);
	assert_int_equal(e.from_client.repeated, 2);
	assert_int_equal(e.from_server.decrypted, e.from_server.encrypted);
	ear_fini(&e);
}

/* Recordings of others: how many packets of GRE over IPv4,
 * and how many of these are none of RFC 2637. */
static const struct {
	const char *file;
	unsigned gre, refused;
} third_party[] = {
	{"asleap-pptp-rawip.pcap", 65, 0},   {"chapcrack-pptp.cap", 3, 0},
	{"flowcontainer-pptp.pcap", 402, 0}, {"pcapplusplus-GrePackets.cap", 17, 0},
	{"tcpdump-pptp.pcap", 1, 0},         {"tcpdump-gre-heapoverflow-2.pcap", 1, 1},
};

TEST(recorded_gre_of_others_decodes)
{
	for (size_t i = 0; i < COUNT_OF(third_party); i++) {
		struct pcap p;
		struct ear e;
		open_third_party(&p, third_party[i].file);
		ear_init(&e, "no password of theirs is known");
		const unsigned gre = ear_hear_all(&e, &p);
		if (gre != third_party[i].gre || e.malformed != third_party[i].refused)
			print_message("in %s:\n", third_party[i].file);
		assert_int_equal(gre, third_party[i].gre);
		assert_int_equal(e.malformed, third_party[i].refused);
		ear_fini(&e);
	}
}

/* Windows 2000, Windows 2000 beta, RRAS, Ixia and Cisco:
 * what they put into reserved fields is not ours to repeat. */
TEST(recorded_control_connections_of_others_frame_and_decode)
{
	static const struct {
		const char *file, *messages;
	} recordings[] = {
		{"asleap-pptp-rawip.pcap", "C1,7,15,15 | S2,8"},
		{"ndpi-pptp.pcap", "C1,7,12 | S2,8,15,15,13"},
		{"pcapplusplus-GrePackets.cap", "C1,7 | S2,8"},
		{"tcpdump-pptp.pcap", "C1,7,15 | S2,8"},
	};
	for (size_t i = 0; i < COUNT_OF(recordings); i++) {
		struct pcap p;
		struct wire w = {0};
		char text[256];
		open_third_party(&p, recordings[i].file);
		wire_hear_all(&w, &p);
		assert_string_equal(wire_print(&w, text, sizeof(text)), recordings[i].messages);
		for (size_t s = 0; s < w.count; s++)
			assert_false(w.streams[s].broken);
	}
}
