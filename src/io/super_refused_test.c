/*
 * Super-segments that the kernel refuses, between the ends of super_ends_test.h: whatever it does not know goes
 * packet by packet, and all arrives. Calls of ioctl(2) and writev(2) come here first (-Wl,--wrap).
 */
#include "tests/test.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/base.h"
#include "io/super_ends_test.h"

enum {
	OFFLOAD_USO = 0x60,
	OFFLOAD_TSO = TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
};

/* What the kernel knows nothing of. */
static struct refusals {
	bool headers;      /* of vnet headers */
	unsigned offloads; /* a set with one of these */
	bool every_set;    /* of offloads, the empty one too */
	bool tcp, udp;     /* what is written merged */
	unsigned writes;   /* so many were refused */
} refuses;

int __real_ioctl(int fd, unsigned long request, void *value);
ssize_t __real_writev(int fd, const struct iovec *from, int count);
int __wrap_ioctl(int fd, unsigned long request, void *value);
ssize_t __wrap_writev(int fd, const struct iovec *from, int count);

static int refuse(void)
{
	errno = EINVAL;
	return -1;
}

int __wrap_ioctl(int fd, unsigned long request, void *value)
{
	if (request == TUNSETOFFLOAD && (refuses.every_set || (uintptr_t)value & refuses.offloads))
		return refuse();
	int result = __real_ioctl(fd, request, value);
	if (request == TUNGETFEATURES && refuses.headers)
		*(unsigned *)value &= ~(unsigned)IFF_VNET_HDR;
	return result;
}

ssize_t __wrap_writev(int fd, const struct iovec *from, int count)
{
	struct vnet_header vnet = {0};
	if (from[0].iov_len == VNET_HEADER)
		vnet_decode(&vnet, from[0].iov_base);
	if (vnet.kind == VNET_PLAIN || !(vnet.kind == VNET_UDP ? refuses.udp : refuses.tcp))
		return __real_writev(fd, from, count);
	refuses.writes++;
	return refuse();
}

const char *test_lacks(void)
{
	return ends_lack();
}

TEST(super_segments_are_agreed_on_as_far_as_the_kernel_knows_them)
{
	static const struct {
		struct refusals refuses;
		bool has_headers, reads;
		const char *prints;
	} rows[] = {
		{{.headers = true}, false, false, "none"},
		{{.offloads = OFFLOAD_USO}, true, true, "tcp"},
		{{.offloads = OFFLOAD_USO | OFFLOAD_TSO}, true, false, "tcp"},
		{{.offloads = OFFLOAD_USO | OFFLOAD_TSO | TUN_F_CSUM}, true, false, "tcp"},
		{{.every_set = true}, true, false, "tcp"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		refuses = rows[i].refuses;
		ends_open(true);
		assert_int_equal(ends[0].tun.has_headers, rows[i].has_headers);
		assert_string_equal(tun_supers_print(ends[0].tun.merges), rows[i].prints);
		ends_transfer(AF_INET, 1500, TOTAL / 25);
		assert_int_equal(ends[1].supers_read > 0, rows[i].reads);
		assert_int_equal(ends[0].supers_written > 0, rows[i].has_headers);
		ends_datagrams(AF_INET6);
		ends_close();
	}
}

TEST(tcp_arrives_intact_where_its_super_segments_cannot_be_written)
{
	static const int families[] = {AF_INET, AF_INET6};
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		refuses = (struct refusals){.tcp = true};
		ends_open(true);
		ends_transfer(families[i], 1500, TOTAL / 25);
		assert_int_equal(ends[0].tun.merges, MERGE_NOTHING);
		assert_true(refuses.writes > 0);
		unsigned before = refuses.writes;
		ends_transfer(families[i], 1500, TOTAL / 25);
		assert_int_equal(refuses.writes, before); /* nor was it tried again */
		ends_close();
	}
}

TEST(udp_arrives_intact_where_its_super_segments_cannot_be_written)
{
	static const int families[] = {AF_INET, AF_INET6};
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		refuses = (struct refusals){.udp = true};
		ends_open(true);
		ends[0].tun.merges |=
			MERGE_UDP; /* of a kernel that gives them and does not take them */
		ends_datagrams(families[i]);
		assert_int_equal(refuses.writes, 1);
		assert_int_equal(ends[0].tun.merges, MERGE_TCP);
		ends_datagrams(families[i]);
		assert_int_equal(refuses.writes, 1);
		ends_close();
	}
}
