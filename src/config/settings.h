/*
 * Everything that the server can be told, as plain values with units: the answer of config_load.
 * Texts are owned by the struct. Once loaded it is never changed, so it is shared by counted
 * reference and a reload builds a new one beside the old.
 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/method.h"
#include "config/ranges.h"
#include "ip/marks.h"

enum nat_policy { NAT_AUTO, NAT_ON, NAT_OFF };

/* By which sockets GRE comes and goes. */
enum gre_io_policy { GRE_IO_AUTO, GRE_IO_RAW, GRE_IO_PACKET };

/* Whether data packets are encrypted (MPPE). The names of ppp/link.h,
 * which this room cannot see, with the same values. */
enum encryption { ENCRYPTION_OFF, ENCRYPTION_OPTIONAL, ENCRYPTION_REQUIRED };

/* A set of MPPE key lengths; values as enum mppe_size of ppp/mppe.h. */
enum encryption_bits { ENCRYPTION_40 = 1, ENCRYPTION_56 = 2, ENCRYPTION_128 = 4 };

/* mss_clamp: a number from 536 on is that MSS, whatever the session's MTU. */
enum mss_clamp { MSS_CLAMP_OFF = 0, MSS_CLAMP_MTU = 1 };

/* Patience of one control protocol. */
struct patience {
	uint32_t restart_ms;
	uint32_t max_configure, max_terminate, max_failure; /* 1 to 255 */
};

enum { WORKERS_MOST = 64 };

struct settings {
	atomic_uint references;
	bool built_in; /* no pptpd.conf was there: the embedded default speaks */

	/* Where the server listens, and how many it serves. */
	uint32_t listen;      /* IPv4, host order; 0: all addresses of the host */
	char *vrf;            /* bind TCP and GRE sockets to this VRF device; NULL: none */
	uint32_t connections; /* sessions at once, what the address lists allow considered */
	uint32_t workers;     /* threads that serve them; 0: as many as there are processors */
	uint32_t stimeout_ms; /* for the first whole message after TCP's accept */
	bool single_session;  /* a user's second login ends the first, fixed address or not */

	/* Inner addresses. */
	struct address_ranges local; /* slot n's end here; one address: all slots'. Never empty */
	/* nobody named it: the edge takes the host's own address
	 * in the network of `remote`, where it has one there */
	bool local_unsaid;
	struct address_ranges remote; /* slot n's caller; empty with delegate */
	bool delegate; /* no pool: the caller's address comes from the secrets alone */
	bool proxy_arp;

	/* The machine. */
	char *interface;    /* name of the TUN device */
	uint32_t nat;       /* enum nat_policy */
	uint32_t gre_io;    /* enum gre_io_policy */
	uint32_t mss_clamp; /* enum mss_clamp, or an MSS in octets */
	/* IPv4 packets too long for a session are cut up although they forbid it */
	bool fragment_dont_fragment;
	uint32_t tos; /* TOS_COPY, or the octet whose DSCP the GRE packets have */
	uint32_t ecn; /* enum ecn_policy */

	/* Files. */
	char *option_file; /* pppd options that were read; NULL: none was named */
	char *chap_secrets, *pap_secrets;
	char *control_socket;
	char *pid_file;
	char *run_directory;   /* what a crash must be cleaned up by */
	char *state_directory; /* what outlives a reboot */

	/* Who we are, and who the caller must be. */
	char *name;          /* ours, in challenges and in the secrets' second column; never NULL */
	char *other_name;    /* matches that column as well (no `name` was given); NULL: none */
	auth_methods demand; /* methods asked of the caller, strongest first; 0: none is asked */
	bool allow_noauth;   /* whether `noauth` may be said at all */
	bool strip_domain;   /* DOMAIN\user is looked up as user */
	bool pap_crypted;    /* secrets in pap_secrets are crypt(3)ed, all of them */
	uint32_t chap_restart_ms; /* between challenges that nobody answers */
	uint32_t chap_max_challenge;
	uint32_t chap_timeout_ms;  /* for the whole of CHAP; 0: no limit */
	uint32_t chap_interval_ms; /* between challenges on an open link; 0: only the first */
	uint32_t pap_timeout_ms;   /* for the caller's Authenticate-Request; 0: no limit */

	/* Encryption. */
	uint32_t mppe;       /* enum encryption */
	uint32_t mppe_bits;  /* set of enum encryption_bits; not empty unless mppe is off */
	bool mppe_stateless; /* stateless is agreed to, and proposed first */
	bool mppe_stateful; /* stateful is agreed to where the caller insists; one of both at least */

	/* LCP and what hangs on it. */
	uint32_t mru; /* asked of the caller, octets */
	uint32_t mtu; /* upper bound of the inner MTU, octets; 0: what the caller's MRU allows */
	bool magic, pfc, acfc; /* negotiate them */
	struct patience lcp, ccp, ipcp, ipv6cp;
	uint32_t echo_interval_ms; /* 0: off */
	uint32_t echo_failures;    /* unanswered ones until the caller counts as gone; 0: never */
	bool echo_adaptive;        /* ask only where nothing was heard */
	uint32_t idle_ms;          /* without data packets: hung up; 0: never */
	uint32_t max_connect_ms;   /* after the first network protocol opened: hung up; 0: never */

	/* IPCP and IPv6CP. */
	bool ipv4, ipv6;
	uint8_t interface_id[8]; /* ours in IPv6CP; zero: made from chance */
	/* for the caller, host order, 0: none. No DNS at all:
	 * the host's resolvers, which the edge looks up */
	uint32_t dns[2], wins[2];

	/* Hooks. */
	char *ip_up, *ip_down; /* programs; a missing one is no error */
	char *ipv6_up, *ipv6_down;
	/* their sixth argument; NULL: the caller's outer address, or nothing where no_ipparam */
	char *ipparam;
	bool no_ipparam;
	uint32_t speed;    /* their third argument, bit/s, without meaning */
	char *environment; /* `set`: "NAME=VALUE" texts, each ended by '\n'; NULL: none */

	/* Log. */
	bool debug;      /* debug lines of the server */
	bool debug_link; /* pppd's `debug`: control packets too */
};

struct settings *settings_ref(struct settings *settings);
/* Frees at the last one. NULL is welcome. */
void settings_unref(struct settings *settings);

/*
 * Calls `each` for every keyword that is obeyed and has a value of its own, in the order of the
 * reference page, with the value as it is in force now: for `status --config`. Secrets are none of
 * it.
 */
void settings_print(const struct settings *settings,
		    void (*each)(void *context, const char *keyword, const char *value),
		    void *context);
