/*
 * What super-segments cost and save: nanoseconds a packet, of IPv4 TCP packets of 64, 512 and 1400
 * octets, 44 in a super-segment. Rows are run in turn, round after round, so that a noisy neighbour
 * disturbs all of them alike; a row has its least and its median round.
 *
 *	copy        memcpy(3) of the packets, for comparison
 *	checksum    of the packets
 *	split       a super-segment into packets, with checksums
 *	merge       packets into a super-segment, checksums verified
 *	pass        the same of 44 flows, of which nothing is merged
 *	tun plain   packet by packet to a TUN device
 *	tun spans   merged, by writev(2) of the spans where they lie
 *	tun copied  merged, copied into one buffer first
 *
 * The last three, of which tun_send takes the better, need the right to make a network namespace. What is written there has no route, so the
 * kernel's part is the device and IP's first look.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "io/tun.h"
#include "ip/checksum.h"
#include "ip/ip.h"
#include "ip/merge.h"
#include "ip/split.h"

enum { PACKETS = 44, ROUNDS = 41, BATCHES = 25, HEADERS = 40 };
enum { COPY = 0, TUN_PLAIN = 5 }; /* rows that others are compared to */

static struct packet packets[PACKETS];
static uint8_t super[SUPER_LENGTH_MAX], buffer[SUPER_LENGTH_MAX];
static struct merger merger;
static struct merged merged;
static struct tun tun = {.fd = -1};
static volatile uint64_t sink;

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---- what is measured; each handles the packets once ---- */

static void run_copy(size_t size)
{
	for (size_t i = 0; i < PACKETS; i++)
		memcpy(buffer + i * size, packets[i].data, size);
	__asm__ volatile("" ::: "memory");
}

static void run_checksum(size_t size)
{
	for (size_t i = 0; i < PACKETS; i++)
		sink = sink + checksum_of(packets[i].data, size);
}

static void run_split(size_t size)
{
	const struct vnet_header vnet = {.kind = VNET_TCP4, .segment = (uint16_t)(size - HEADERS)};
	struct splitter cut;
	struct ip_view view;
	size_t i = 0;
	if (!ip_look_at(&view, super, HEADERS + PACKETS * (size - HEADERS)) ||
	    !splitter_init(&cut, &view, &vnet, 1500))
		abort();
	while (splitter_next(&cut, &packets[i]))
		i++;
}

static void run_merge(size_t size)
{
	(void)size;
	merger_init(&merger, MERGE_TCP);
	for (size_t i = 0; i < PACKETS; i++)
		merger_add(&merger, &packets[i], (uint32_t)i);
	while (merger_next(&merger, &merged))
		sink = sink + merged.length;
}

static void run_plain(size_t size)
{
	(void)size;
	for (size_t i = 0; i < PACKETS; i++)
		tun_send_packet(&tun, &packets[i]);
}

static void run_spans(size_t size)
{
	struct iovec from[1 + PACKETS] = {{merged.vnet, VNET_HEADER}};
	(void)size;
	for (size_t i = 0; i < PACKETS; i++)
		from[1 + i] = (struct iovec){(void *)merged.spans[i].bytes, merged.spans[i].length};
	sink = sink + (uint64_t)writev(tun.fd, from, COUNT_OF(from));
}

static void run_copied(size_t size)
{
	struct iovec from[] = {{merged.vnet, VNET_HEADER}, {buffer, 0}};
	size_t length = 0;
	(void)size;
	for (size_t i = 0; i < merged.count; i++) {
		memcpy(buffer + length, merged.spans[i].bytes, merged.spans[i].length);
		length += merged.spans[i].length;
	}
	from[1].iov_len = length;
	sink = sink + (uint64_t)writev(tun.fd, from, COUNT_OF(from));
}

/* ---- what is made ready before, outside of the time ---- */

static void make_super(size_t size)
{
	static const uint8_t headers[HEADERS] = {0x45, 0,    0,    0,    0, 1,    0x40, 0, 64, 6,
						 0,    0,    10,   0,    0, 2,    192,  0, 2,  7,
						 1,    0xbb, 0xc3, 0x50, 0, 0,    0,    1, 0,  0,
						 0,    1,    0x50, 0x10, 1, 0xf4, 0,    0, 0,  0};
	size_t length = HEADERS + PACKETS * (size - HEADERS);
	for (size_t i = 0; i < length; i++)
		super[i] = (uint8_t)(i * 167 >> 3);
	memcpy(super, headers, sizeof(headers));
	super[2] = (uint8_t)(length >> 8);
	super[3] = (uint8_t)length;
}

static void ready_packets(size_t size)
{
	run_split(size);
}

static void ready_flows(size_t size)
{
	run_split(size);
	for (size_t i = 0; i < PACKETS; i++)
		packets[i].data[21] = (uint8_t)i; /* the port */
}

static void ready_merged(size_t size)
{
	run_split(size);
	merger_init(&merger, MERGE_TCP);
	for (size_t i = 0; i < PACKETS; i++)
		merger_add(&merger, &packets[i], (uint32_t)i);
	if (!merger_next(&merger, &merged) || merged.count != PACKETS)
		abort();
}

static const struct row {
	const char *name;
	void (*ready)(size_t size);
	void (*run)(size_t size);
	bool needs_tun;
} rows[] = {
	[COPY] = {"copy", ready_packets, run_copy, false},
	{"checksum", ready_packets, run_checksum, false},
	{"split", make_super, run_split, false},
	{"merge", ready_packets, run_merge, false},
	{"pass", ready_flows, run_merge, false},
	[TUN_PLAIN] = {"tun plain", ready_packets, run_plain, true},
	{"tun spans", ready_merged, run_spans, true},
	{"tun copied", ready_merged, run_copied, true},
};

static const size_t sizes[] = {64, 512, 1400};
static double times[COUNT_OF(rows)][ROUNDS];

static void measure(size_t row, size_t round, size_t size)
{
	double sum = 0;
	for (size_t i = 0; i < BATCHES; i++) {
		rows[row].ready(size);
		double begun = now_ns();
		rows[row].run(size);
		sum += now_ns() - begun;
	}
	times[row][round] = sum / BATCHES / PACKETS;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void print_machine(void)
{
	struct utsname system;
	char line[256], cpu[256] = "unknown";
	FILE *f = fopen("/proc/cpuinfo", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "model name : %255[^\n]", cpu) == 1)
			break;
	if (f)
		fclose(f);
	uname(&system);
	printf("machine: %s, %ld cores, Linux %s, compiler %s\n", cpu,
	       sysconf(_SC_NPROCESSORS_ONLN), system.release, __VERSION__);
}

/* A TUN device in a namespace of its own; false where that is not allowed. */
static bool open_tun(void)
{
	char why[WHY_SIZE] = "no right to make a network namespace";
	struct ifreq r = {.ifr_name = "bench0"};
	bool good = !unshare(CLONE_NEWNET) || !unshare(CLONE_NEWUSER | CLONE_NEWNET);
	int fd = good ? tun_open_super(r.ifr_name, why) : -1;
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r.ifr_flags = IFF_UP;
	if (fd >= 0)
		tun_init(&tun, fd);
	if (fd < 0 || ioctl(control, SIOCSIFFLAGS, &r) < 0 || !tun.has_headers) {
		printf("without the TUN device: %s\n", fd < 0 ? why : "it takes no super-segments");
		good = false;
	}
	close(control);
	return good && fd >= 0;
}

int main(void)
{
	print_machine();
	bool has_tun = open_tun();
	size_t reference = has_tun ? TUN_PLAIN : COPY;
	printf("ns a packet, least / median of %d rounds; and the median by that of \"%s\"\n",
	       ROUNDS, rows[reference].name);
	printf("%-12s", "octets");
	for (size_t s = 0; s < COUNT_OF(sizes); s++)
		printf("%26zu", sizes[s]);
	static double least[COUNT_OF(rows)][COUNT_OF(sizes)],
		median[COUNT_OF(rows)][COUNT_OF(sizes)];
	for (size_t s = 0; s < COUNT_OF(sizes); s++) {
		make_super(sizes[s]);
		for (size_t round = 0; round < ROUNDS; round++)
			for (size_t row = 0; row < COUNT_OF(rows); row++)
				if (has_tun || !rows[row].needs_tun)
					measure(row, round, sizes[s]);
		for (size_t row = 0; row < COUNT_OF(rows); row++) {
			qsort(times[row], ROUNDS, sizeof(double), compare);
			least[row][s] = times[row][0];
			median[row][s] = times[row][ROUNDS / 2];
		}
	}
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		if (!has_tun && rows[row].needs_tun)
			continue;
		printf("\n%-12s", rows[row].name);
		for (size_t s = 0; s < COUNT_OF(sizes); s++)
			printf("   %7.1f /%7.1f %6.3f", least[row][s], median[row][s],
			       median[row][s] / median[reference][s]);
	}
	printf("\n");
	return 0;
}
