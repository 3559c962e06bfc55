/* Super-segments of TCP against the kernel, between the ends of super_ends_test.h. */
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/base.h"
#include "io/super_ends_test.h"

const char *test_lacks(void)
{
	return ends_lack();
}

TEST(tcp_on_ipv4_arrives_intact_in_super_segments)
{
	ends_open(true);
	assert_true(ends[0].tun.has_headers);
	ends_transfer(AF_INET, 1500, TOTAL);
	ends_assert_supers();
	ends_close();
}

TEST(tcp_on_ipv6_arrives_intact_in_super_segments)
{
	ends_open(true);
	ends_transfer(AF_INET6, 1500, TOTAL / 5);
	ends_assert_supers();
	ends_close();
}

/* Nobody told TCP of the smaller MTU: plain packets that are too long pass here, super-segments are
 * cut to it. */
TEST(tcp_arrives_intact_when_its_super_segments_are_cut_smaller_than_it_meant)
{
	ends_open(true);
	ends_transfer(AF_INET, 1396, TOTAL / 5);
	ends_assert_supers();
	ends_close();
}

TEST(tcp_arrives_intact_where_there_are_no_super_segments)
{
	ends_open(false);
	assert_false(ends[0].tun.has_headers);
	assert_int_equal(ends[0].tun.merges, MERGE_NOTHING);
	ends_transfer(AF_INET, 1500, TOTAL / 25);
	assert_int_equal(ends[1].supers_read + ends[0].supers_written, 0);
	ends_close();
}

TEST(tcp_whose_packets_are_marked_hears_of_it_and_arrives_intact)
{
	ends_open(true);
	for (int i = 0; i < 2; i++) {
		ends_enter(i);
		int fd = open("/proc/sys/net/ipv4/tcp_ecn", O_WRONLY | O_CLOEXEC);
		assert_int_equal(write(fd, "1", 1), 1);
		close(fd);
	}
	ends[1].marks_every = 1000;
	/* Its answer to the echo of a mark is in a super-segment, unless the window leaves room for
	 * one packet alone at that moment. */
	for (int i = 0; i < 30 && !ends[1].cwr_read; i++) {
		ends_transfer(AF_INET, 1500, TOTAL / 5);
		assert_true(ends_info.tcpi_options & TCPI_OPT_ECN);
	}
	assert_true(ends[1].cwr_read > 0);
	ends_assert_supers();
	ends_close();
}

TEST(tun_send_says_that_its_interface_is_down)
{
	static struct merger merger;
	static struct packet p;
	char why[WHY_SIZE];
	static struct merged merged;
	ends_enter(0);
	int fd = tun_open_super("super2", why);
	struct tun tun;
	tun_init(&tun, fd);
	packet_reset(&p);
	p.data[0] = 0x45;
	p.length = 40;
	assert_int_equal(tun_send_packet(&tun, &p), -EIO);
	merger_init(&merger, tun.merges);
	merger_add(&merger, &p, 0);
	assert_true(merger_next(&merger, &merged));
	assert_int_equal(tun_send(&tun, &merged), -EIO);
	close(fd);
}
