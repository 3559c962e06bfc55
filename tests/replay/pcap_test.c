#include "tests/replay/pcap.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "tests/test.h"

static const char reference[] = "pptpd-1.4.0_pppd-2.4.9_mschapv2_mppe128-stateless.pcap";

/* The figures are tcpdump's: tcpdump -r FILE 'tcp', and 'proto gre'. */
TEST(pcap_counts_what_tcpdump_counts)
{
	struct pcap p;
	struct pcap_item item;
	unsigned tcp = 0, gre = 0;
	assert_true(pcap_open_own(&p, reference));
	while (pcap_next(&p, &item)) {
		tcp += item.protocol == PCAP_TCP;
		gre += item.protocol == PCAP_GRE;
	}
	assert_int_equal(tcp, 14);
	assert_int_equal(gre, 49);
	pcap_close(&p);
}

TEST(pcap_finds_the_start_control_connection_request)
{
	struct pcap p;
	struct pcap_item item;
	assert_true(pcap_open_own(&p, reference));
	do
		assert_true(pcap_next(&p, &item));
	while (!item.length);
	assert_int_equal(item.protocol, PCAP_TCP);
	assert_int_equal(item.destination_port, 1723);
	assert_int_equal(item.source, 0x0a630002);
	assert_int_equal(item.destination, 0x0a630001);
	assert_int_equal(item.length, 156);
	static const uint8_t start[] = {0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1};
	assert_memory_equal(item.payload, start, sizeof(start));
	pcap_close(&p);
}

TEST(pcap_survives_every_truncation_of_a_file)
{
	struct pcap whole;
	assert_true(pcap_open_own(&whole, reference));
	const size_t length = MIN_OF(whole.length, (size_t)4000);
	for (size_t cut = 24; cut < length; cut++) {
		/* A copy of its own, so that a sanitizer sees a read beyond the cut. */
		uint8_t *copy = malloc(cut);
		assert_non_null(copy);
		memcpy(copy, whole.bytes, cut);
		struct pcap p = whole;
		struct pcap_item item;
		p.left = reader_of(copy + 24, cut - 24);
		while (pcap_next(&p, &item))
			assert_true(item.payload + item.length <= copy + cut);
		free(copy);
	}
	pcap_close(&whole);
}

TEST(pcap_refuses_what_is_no_recording)
{
	struct pcap p;
	assert_false(pcap_open(&p, "/dev/null"));
	assert_null(p.bytes);
}
