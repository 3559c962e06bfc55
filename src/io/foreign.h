/*
 * Rules of others that would drop our packets: found, named, and each with a command that lets ours
 * through.
 *
 * An accept in our own table does not overrule a drop in another base chain. So each foreign base
 * chain is walked with a handful of packets as they come and go (struct foreign_packet), and the
 * walk answers with all that may become of such a packet. A match that we cannot judge from here
 * may hold or not; a finding is only what can end in no way but drop or reject.
 *
 *   foreign_match.c     does this match hold for that packet: yes, no, perhaps      (pure)
 *   foreign_walk.c      chains, jumps, verdicts; findings and their remedies        (pure)
 *   foreign_iptables.c  iptables-save's text into the same JSON as nftables prints  (pure)
 *   foreign.c           asks nftables, iptables and iptables-legacy; applies a remedy
 *
 * The ruleset is JSON as libnftables-json(5) describes it.
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

enum { FOREIGN_NAME = 64, FOREIGN_REMEDY = 256, FOREIGN_FINDINGS = 32, FOREIGN_SENTENCE = 640 };

enum foreign_packets {
	FOREIGN_CONTROL_IN, /* TCP towards port 1723 */
	FOREIGN_GRE_IN,     /* protocol 47, which no firewall knows as part of a connection */
	FOREIGN_GRE_OUT,
	FOREIGN_POOL_IN,  /* from a client into the world, the first of a connection */
	FOREIGN_POOL_OUT, /* answers from the world to a client */
	FOREIGN_PACKETS
};

struct foreign_plan {
	const char *interface; /* firewall_interface_is_usable */
	/* interface of the default route, "": none; of others we assume no rule */
	const char *uplink;
	uint32_t listen; /* 0: any */
	uint32_t client; /* an address of the pool */
	bool track_gre;  /* see struct firewall_plan; else GRE is untracked */
};

struct foreign_finding {
	enum foreign_packets packets;
	char family[8], table[FOREIGN_NAME], chain[FOREIGN_NAME], hook[16];
	char tool[24]; /* "nft", "iptables", "iptables-legacy", … whose rules these are */
	char remedy[FOREIGN_REMEDY]; /* one command as for a shell; "" where no plain one exists */
};

struct foreign_findings {
	struct foreign_finding all[FOREIGN_FINDINGS];
	size_t count; /* those beyond FOREIGN_FINDINGS are left out */
};

/* Adds what the ruleset would drop. `tool` is the command that changes these rules: "nft", or the
 * iptables of the right kind. Tables named poptun… are ours and left out. */
void foreign_judge(const json_t *json, const struct foreign_plan *plan, const char *tool,
		   struct foreign_findings *findings);

/*
 * Would a rule do something with our GRE, other than let it pass? For packets on their way in or out: a
 * drop, a change, a line in a log, be it only perhaps. True with a sentence in `why`. A chain without
 * rules for it, and rules that accept it, do not count; nor do chains of type nat, unless it is tracked.
 */
bool foreign_concerns_gre(const json_t *json, const struct foreign_plan *plan, const char *tool,
			  bool out, char why[static FOREIGN_SENTENCE]);

/* iptables-save's text as a ruleset of family "ip"; the caller owns it. NULL: no memory. */
json_t *foreign_from_iptables(const char *text);

/* Does somebody else translate addresses here? (That a table has rules for forwarded packets says
 * nothing: ufw and firewalld always have some.) */
bool foreign_ruleset_forwards(const json_t *json);

/* Does somebody use connection tracking's PPTP helper? */
bool foreign_ruleset_helps_pptp(const json_t *json);

/* "chain FORWARD of ip filter (iptables) would drop packets from clients;
 * remedy: …" Returns `text`. */
const char *foreign_print(const struct foreign_finding *finding,
			  char text[static FOREIGN_SENTENCE]);

/* The edge: the rules that hold in this namespace. -errno where nothing could be asked; what is not
 * installed here has no rules. The uplink is looked up where the plan has NULL. */
int foreign_find(const struct foreign_plan *plan, struct foreign_findings *findings);

/*
 * The same of this namespace, for packets by any of these interfaces: why GRE has to go the long way, in
 * and out; "" where it has not. With track_gre, also because a foreign translation of addresses may be
 * its way in. 0 or -errno.
 */
int foreign_find_gre(const struct foreign_plan *plan, const char *const *interfaces, size_t count,
		     char in[static FOREIGN_SENTENCE], char out[static FOREIGN_SENTENCE]);

/* Has the kernel tables of iptables-legacy here? Of their changes it tells nobody. */
bool foreign_legacy_is_in_use(void);

/* Runs the remedy. 0, or -errno: -ENOTSUP where there is none. */
int foreign_fix(const struct foreign_finding *finding);

bool foreign_forwards(void);   /* foreign_ruleset_forwards of this namespace */
bool foreign_helps_pptp(void); /* foreign_ruleset_helps_pptp of this namespace */
