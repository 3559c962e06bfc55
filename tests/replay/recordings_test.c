/* What real peers said to each other, heard through our GRE, MS-CHAP and MPPE. */
#include <string.h>

#include "base/base.h"
#include "tests/replay/ear.h"
#include "tests/test.h"

/* Each call: five pings of 56 and five of 1300 octets, answered. */
enum { PINGS = 10 };

static const struct {
	const char *file;
	enum auth_method method;
	uint32_t bits;
} own[] = {
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128-stateless.pcap", AUTH_MSCHAPV2, 0x01000040},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe40.pcap", AUTH_MSCHAPV2, 0x01000020},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv1_mppe128.pcap", AUTH_MSCHAP, 0x01000040},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128_ipv6.pcap", AUTH_MSCHAPV2, 0x01000040},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128_default-options.pcap", AUTH_MSCHAPV2, 0x01000040},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128_radius.pcap", AUTH_MSCHAPV2, 0x01000040},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128_idle-190s.pcap", AUTH_MSCHAPV2, 0x01000040},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128_kernel-client.pcap", AUTH_MSCHAPV2, 0x01000040},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128_kernel-server.pcap", AUTH_MSCHAPV2, 0x01000040},
	{"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128_client-2.5.2.pcap", AUTH_MSCHAPV2, 0x01000040},
	{"pptpd-1.5.0_pppd-2.5.2_mschapv2_mppe128-stateless.pcap", AUTH_MSCHAPV2, 0x01000040},
	{"pptpd-1.5.0_pppd-2.5.2_mschapv2_mppe128_client-2.4.9.pcap", AUTH_MSCHAPV2, 0x01000040},
};

TEST(recorded_calls_of_debian_decrypt_in_both_directions)
{
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		struct pcap p;
		struct ear e;
		ear_init(&e, "test123");
		assert_true(pcap_open_own(&p, own[i].file));
		ear_hear_all(&e, &p);
		if (e.from_client.pings != PINGS || e.from_server.pongs != PINGS)
			print_message("in %s:\n", own[i].file);
		assert_int_equal(e.malformed, 0);
		assert_int_equal(e.proof.method, own[i].method);
		assert_int_equal(e.verdict.result, AUTH_ACCEPT);
		assert_int_equal(e.signature_is_right, own[i].method == AUTH_MSCHAPV2);
		assert_int_equal(e.supported_bits, own[i].bits);
		assert_int_equal(e.from_client.decrypted, e.from_client.encrypted);
		assert_int_equal(e.from_server.decrypted, e.from_server.encrypted);
		assert_int_equal(e.from_client.pings, PINGS);
		assert_int_equal(e.from_server.pongs, PINGS);
		ear_fini(&e);
	}
}

TEST(recorded_wrong_passwords_and_strangers_are_rejected)
{
	static const char *const files[] = {
		"pptpd-1.4.0_pppd-2.4.9_mschapv2_wrong-password.pcap",
		/* heard with another password */
		"pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128-stateless.pcap",
	};
	static const char *const passwords[] = {"test123", "test124"};
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct pcap p;
		struct ear e;
		ear_init(&e, passwords[i]);
		assert_true(pcap_open_own(&p, files[i]));
		ear_hear_all(&e, &p);
		assert_int_equal(e.proof.method, AUTH_MSCHAPV2);
		assert_int_equal(e.verdict.result, AUTH_REJECT);
		assert_int_equal(e.from_client.decrypted + e.from_server.decrypted, 0);
		ear_fini(&e);
	}
}

TEST(recorded_chap_md5_is_verified)
{
	struct pcap p;
	struct ear e;
	ear_init(&e, "test123");
	assert_true(pcap_open_own(&p, "pptpd-1.4.0_pppd-2.4.9_chap-md5_plain.pcap"));
	ear_hear_all(&e, &p);
	assert_int_equal(e.proof.method, AUTH_CHAP_MD5);
	assert_int_equal(e.verdict.result, AUTH_ACCEPT);
	assert_true(e.success);
	ear_fini(&e);
}

/* Every octet of a real call turned, one after the other:
 * nothing is believed that should not be, nothing crashes. */
TEST(recorded_frames_survive_any_turned_octet)
{
	struct pcap p;
	struct pcap_item item;
	assert_true(pcap_open_own(&p, "pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128-stateless.pcap"));
	while (pcap_next(&p, &item)) {
		uint8_t copy[2048];
		if (item.protocol != PCAP_GRE || item.length > 64)
			continue;
		for (size_t at = 0; at < item.length; at++) {
			struct ear e;
			struct pcap_item turned = item;
			ear_init(&e, "test123");
			memcpy(copy, item.payload, item.length);
			copy[at] ^= 0xff;
			turned.payload = copy;
			ear_hear(&e, &turned);
			ear_fini(&e);
		}
	}
	pcap_close(&p);
}
