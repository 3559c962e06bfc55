/* What this machine lets a server do: rights, TUN, TCP port 1723, protocol 47, forwarding. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/address.h"
#include "base/base.h"
#include "cli/doctor.h"
#include "io/gre_socket.h"
#include "io/listener.h"

enum { PPTP_PORT = 1723, GRE = 47 };

/* The set of effective capabilities; 0 where it cannot be read. */
static uint64_t capabilities(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	uint64_t set = 0;
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "CapEff:", 7))
			set = strtoull(line + 7, NULL, 16);
	if (file)
		fclose(file);
	return set;
}

void check_privileges(struct doctor *doctor)
{
	static const struct {
		int number;
		const char *name, *what;
	} needed[] = {
		{CAP_NET_ADMIN, "CAP_NET_ADMIN", "the TUN device, routes and firewall rules"},
		{CAP_NET_RAW, "CAP_NET_RAW", "protocol 47"},
	};
	uint64_t have = capabilities();
	bool all = true;
	for (size_t i = 0; i < COUNT_OF(needed); i++) {
		if (have >> needed[i].number & 1)
			continue;
		all = false;
		doctor_say(doctor, HEALTH_ERROR,
			   geteuid() ? "run this, and the server, as root"
				     : "give it to the container (--cap-add)",
			   "rights: %s is missing, without which nobody gets %s", needed[i].name,
			   needed[i].what);
	}
	if (all)
		doctor_say(doctor, HEALTH_OK, NULL, "rights: CAP_NET_ADMIN and CAP_NET_RAW");
}

void check_tun(struct doctor *doctor)
{
	unsigned features = 0;
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd >= 0 && !ioctl(fd, TUNGETFEATURES, &features) && features & IFF_TUN)
		doctor_say(doctor, HEALTH_OK, NULL, "TUN: /dev/net/tun can be used");
	else if (fd < 0 && (errno == ENOENT || errno == ENODEV))
		doctor_say(doctor, HEALTH_ERROR,
			   "modprobe tun (in a container: give it the device, --device "
			   "/dev/net/tun; on a VPS: the provider's panel has a switch for TUN)",
			   "TUN: there is no /dev/net/tun");
	else
		doctor_say(doctor, HEALTH_ERROR,
			   "run this as root; in a container, allow the device",
			   "TUN: /dev/net/tun cannot be used: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

void check_port(struct doctor *doctor)
{
	struct endpoint at = {doctor->settings->listen, PPTP_PORT};
	struct listener listener;
	char address[ADDRESS_TEXT], why[WHY_SIZE];
	address_print(at.address, address);
	if (doctor->server_runs) {
		if (listener_find_owner(PPTP_PORT, why))
			doctor_say(doctor, HEALTH_OK, NULL, "port: %.100s listens at TCP port %d",
				   why, PPTP_PORT);
		else
			doctor_say(doctor, HEALTH_WARNING, NULL,
				   "port: nobody was found who listens at TCP port %d here; does "
				   "the server run in another network namespace?",
				   PPTP_PORT);
	} else if (listener_open(&listener, at, doctor->settings->vrf, why)) {
		doctor_say(doctor, HEALTH_ERROR, NULL, "port: %s", why);
	} else {
		listener_close(&listener);
		doctor_say(doctor, HEALTH_OK, NULL, "port: TCP port %d of %s is free", PPTP_PORT,
			   address);
	}
}

/* How many raw sockets there are of protocol 47:
 * it stands where TCP has its port, "47: 0…0:002F". */
static unsigned count_gre_sockets(void)
{
	FILE *file = fopen("/proc/self/net/raw", "re");
	char line[256];
	unsigned count = 0;
	while (file && fgets(line, sizeof(line), file)) {
		const char *address = strchr(line, ':');
		const char *protocol = address ? strchr(address + 1, ':') : NULL;
		count += protocol && strtoul(protocol + 1, NULL, 16) == GRE;
	}
	if (file)
		fclose(file);
	return count;
}

static bool module_is_loaded(const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return access(path, F_OK) == 0;
}

void check_protocol_47(struct doctor *doctor)
{
	char why[WHY_SIZE];
	unsigned others = count_gre_sockets();
	int fd = gre_socket_open(doctor->settings->listen, doctor->settings->vrf, why);
	if (fd < 0) {
		doctor_say(doctor, HEALTH_ERROR, NULL, "protocol 47: %s", why);
		return;
	}
	close(fd);
	doctor_say(doctor, HEALTH_OK, NULL, "protocol 47: a raw socket can be opened");
	if (others > doctor->server_runs)
		doctor_say(doctor, HEALTH_WARNING,
			   "ss -wap shows whose they are; stop another PPTP server or client",
			   "protocol 47: %u other raw sockets of this network hear GRE too",
			   others - doctor->server_runs);
	if (module_is_loaded("pptp"))
		doctor_say(
			doctor, HEALTH_WARNING,
			"modprobe -r pptp, unless a PPTP server or client of the kernel is in use",
			"protocol 47: the kernel's module pptp is loaded; harmless as long as "
			"nobody uses it");
}

/* '0' or '1'; 0 where it cannot be read. */
static int forwarding_is(const char *path)
{
	FILE *file = fopen(path, "re");
	int value = file ? fgetc(file) : 0;
	if (file)
		fclose(file);
	return value;
}

void check_forwarding(struct doctor *doctor)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_forward";
	int fd = -1;
	if (forwarding_is(path) == '1')
		doctor_say(doctor, HEALTH_OK, NULL, "forwarding: net.ipv4.ip_forward is 1");
	else if (doctor->server_runs)
		doctor_say(doctor, HEALTH_ERROR, "sysctl -w net.ipv4.ip_forward=1",
			   "forwarding: net.ipv4.ip_forward is off: callers reach this host and "
			   "nothing behind it");
	else if ((fd = open(path, O_WRONLY | O_CLOEXEC)) >= 0)
		doctor_say(doctor, HEALTH_OK, NULL,
			   "forwarding: net.ipv4.ip_forward is off; the server turns it on");
	else
		doctor_say(doctor, HEALTH_ERROR,
			   "sysctl -w net.ipv4.ip_forward=1 on the host (docker: --sysctl "
			   "net.ipv4.ip_forward=1)",
			   "forwarding: net.ipv4.ip_forward is off and cannot be set here: %s",
			   strerror(errno));
	if (fd >= 0)
		close(fd);
}
