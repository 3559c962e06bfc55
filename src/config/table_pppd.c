/* The options of pppd(8) that are obeyed. */
#include "base/base.h"
#include "config/setting.h"

#define ROW(word, type, place, fallback, low, high, help)                             \
	{                                                                             \
		PPPD_OPTIONS, word, OBEYED, &(type), place, fallback, low, high, help \
	}
#define ON(word, member, help)            ROW(word, type_on, AT(member), NULL, 0, 0, help)
#define OFF(word, member, fallback, help) ROW(word, type_off, AT(member), fallback, 0, 0, help)
#define SECONDS(word, member, fallback, help) \
	ROW(word, type_seconds, AT(member), fallback, 0, 4000000, help)
#define PERIOD(word, member, help) ROW(word, type_seconds, AT(member), "3", 1, 3600, help)
#define TIMES(word, member, fallback, help) \
	ROW(word, type_number, AT(member), fallback, 1, 255, help)
#define DEMAND(word, method, help)   ROW(word, type_demand, 0, NULL, AUTH_##method, 0, help)
#define REFUSE(word, method, help)   ROW(word, type_refuse, 0, NULL, AUTH_##method, 0, help)
#define MPPE(word, type, bits, help) ROW(word, type, 0, NULL, bits, 0, help)

/* clang-format off */
static const struct setting rows[] = {
	/* Names and authentication. */
	ROW("name", type_name, 0, NULL, 0, 0, "our name in challenges and in the secrets' second column; without it the host's name, and the column matches pptpd as well"),
	ROW("domain", type_domain, 0, NULL, 0, 0, "joined to the host's name with a dot, where no name is given"),
	ROW("usehostname", type_use_host_name, 0, NULL, 0, 0, "the host's name counts, whatever name says"),
	ROW("auth", type_auth, 0, NULL, 0, 0, "callers must prove who they are: the default; takes back noauth"),
	ROW("noauth", type_noauth, 0, NULL, 0, 0, "callers need no name; an error unless pptpd.conf says allow-noauth"),
	DEMAND("require-pap", PAP, "callers may use PAP; with one or more require- words only the methods named are asked"),
	DEMAND("require-chap", CHAP_MD5, "callers may use CHAP with MD5"),
	DEMAND("require-mschap", MSCHAP, "callers may use MS-CHAP"),
	DEMAND("require-mschap-v2", MSCHAPV2, "callers may use MS-CHAPv2: the default"),
	DEMAND("require-eap", EAP, "callers should use EAP, of which no method is spoken yet: left out with a warning, an error where nothing else is left"),
	REFUSE("refuse-pap", PAP, "callers may not use PAP (in pppd it speaks of ourselves; every how-to means the caller, so does this server)"),
	REFUSE("refuse-chap", CHAP_MD5, "callers may not use CHAP with MD5"),
	REFUSE("refuse-mschap", MSCHAP, "callers may not use MS-CHAP"),
	REFUSE("refuse-mschap-v2", MSCHAPV2, "callers may not use MS-CHAPv2"),
	REFUSE("refuse-eap", EAP, "callers may not use EAP"),
	DEMAND("+pap", PAP, "the same as require-pap"),
	DEMAND("+chap", CHAP_MD5, "the same as require-chap"),
	DEMAND("+mschap", MSCHAP, "the same as require-mschap"),
	DEMAND("+chapms", MSCHAP, "the same as require-mschap"),
	DEMAND("require-chapms", MSCHAP, "the same as require-mschap"),
	DEMAND("+mschap-v2", MSCHAPV2, "the same as require-mschap-v2"),
	DEMAND("+chapms-v2", MSCHAPV2, "the same as require-mschap-v2"),
	DEMAND("require-chapms-v2", MSCHAPV2, "the same as require-mschap-v2"),
	DEMAND("+eap", EAP, "the same as require-eap"),
	REFUSE("-pap", PAP, "the same as refuse-pap"),
	REFUSE("-chap", CHAP_MD5, "the same as refuse-chap"),
	REFUSE("-mschap", MSCHAP, "the same as refuse-mschap"),
	REFUSE("-chapms", MSCHAP, "the same as refuse-mschap"),
	REFUSE("refuse-chapms", MSCHAP, "the same as refuse-mschap"),
	REFUSE("-mschap-v2", MSCHAPV2, "the same as refuse-mschap-v2"),
	REFUSE("-chapms-v2", MSCHAPV2, "the same as refuse-mschap-v2"),
	REFUSE("refuse-chapms-v2", MSCHAPV2, "the same as refuse-mschap-v2"),
	REFUSE("-eap", EAP, "the same as refuse-eap"),
	ON("chapms-strip-domain", strip_domain, "DOMAIN\\user is looked up as user"),
	ON("papcrypt", pap_crypted, "all secrets in pap-secrets are crypted: a password that equals one as it stands is wrong"),
	PERIOD("chap-restart", chap_restart_ms, "seconds until a challenge is repeated"),
	TIMES("chap-max-challenge", chap_max_challenge, "10", "challenges sent before the caller is given up"),
	SECONDS("chap-timeout", chap_timeout_ms, "60", "seconds for CHAP as a whole; 0: no limit"),
	SECONDS("chap-interval", chap_interval_ms, "0", "seconds between further challenges on an open link; 0: none"),
	SECONDS("pap-timeout", pap_timeout_ms, "30", "seconds for the caller's PAP request; 0: no limit"),

	/* Encryption. */
	MPPE("require-mppe", type_require_mppe, 0, "encryption is required; 128 bit unless others are named (pppd takes 40 bit too)"),
	MPPE("require-mppe-40", type_require_mppe, ENCRYPTION_40, "encryption is required, 40 bit among what is agreed to"),
	MPPE("require-mppe-128", type_require_mppe, ENCRYPTION_128, "encryption is required, 128 bit among what is agreed to"),
	MPPE("nomppe", type_no_mppe, 0, "no encryption"),
	MPPE("nomppe-40", type_no_bits, ENCRYPTION_40, "no 40-bit encryption: the default"),
	MPPE("nomppe-128", type_no_bits, ENCRYPTION_128, "no 128-bit encryption"),
	ROW("mppe-stateful", type_on, AT(mppe_stateful), "yes", 0, 0, "stateful encryption is agreed to where the caller insists; stateless is proposed first"),
	OFF("nomppe-stateful", mppe_stateful, NULL, "stateful encryption is never agreed to"),
	MPPE("+mppe", type_require_mppe, 0, "the same as require-mppe"),
	MPPE("+mppe-40", type_require_mppe, ENCRYPTION_40, "the same as require-mppe-40"),
	MPPE("+mppe-128", type_require_mppe, ENCRYPTION_128, "the same as require-mppe-128"),
	MPPE("-mppe", type_no_mppe, 0, "the same as nomppe"),
	MPPE("-mppe-40", type_no_bits, ENCRYPTION_40, "the same as nomppe-40"),
	MPPE("-mppe-128", type_no_bits, ENCRYPTION_128, "the same as nomppe-128"),
	MPPE("mppe", type_mppe_words, 0, "a patched pppd's form, required,stateless,no40,no56: understood, with a warning"),
	MPPE("noccp", type_no_ccp, 0, "no CCP, and with it no encryption, of which a warning tells"),
	MPPE("-ccp", type_no_ccp, 0, "the same as noccp"),

	/* LCP. */
	ROW("mru", type_number, AT(mru), "1500", 128, 16384, "largest packet asked of the caller, octets; above 1500 counts as 1500"),
	ROW("default-mru", type_default_mru, 0, NULL, 0, 0, "an MRU of 1500, which is not negotiated"),
	ROW("-mru", type_default_mru, 0, NULL, 0, 0, "the same as default-mru"),
	ROW("mtu", type_number, AT(mtu), NULL, 128, 16384, "largest packet sent to the caller; without it what the caller's MRU allows"),
	OFF("nomagic", magic, "no", "no magic number is negotiated"),
	OFF("-mn", magic, NULL, "the same as nomagic"),
	OFF("nopcomp", pfc, "no", "no compression of the protocol field is negotiated"),
	OFF("-pc", pfc, NULL, "the same as nopcomp"),
	OFF("noaccomp", acfc, "no", "no compression of address and control field is negotiated"),
	OFF("-ac", acfc, NULL, "the same as noaccomp"),
	SECONDS("lcp-echo-interval", echo_interval_ms, "30", "seconds between echo requests; 0: none (pppd's own default)"),
	ROW("lcp-echo-failure", type_number, AT(echo_failures), "4", 0, 1000000, "echo requests without an answer until the caller counts as gone; 0: never"),
	ON("lcp-echo-adaptive", echo_adaptive, "echo requests only while nothing is heard of the caller"),
	PERIOD("lcp-restart", lcp.restart_ms, "seconds until a request of LCP is repeated"),
	TIMES("lcp-max-configure", lcp.max_configure, "10", "Configure-Requests of LCP"),
	TIMES("lcp-max-terminate", lcp.max_terminate, "3", "Terminate-Requests of LCP"),
	TIMES("lcp-max-failure", lcp.max_failure, "10", "Configure-Naks of LCP before a Reject"),
	SECONDS("idle", idle_ms, "0", "seconds without data packets until the session is ended; 0: never"),
	SECONDS("maxconnect", max_connect_ms, "0", "seconds that a session may last; 0: no limit"),

	/* CCP, IPCP, IPv6CP. */
	PERIOD("ccp-restart", ccp.restart_ms, "seconds until a request of CCP is repeated"),
	TIMES("ccp-max-configure", ccp.max_configure, "10", "Configure-Requests of CCP"),
	TIMES("ccp-max-terminate", ccp.max_terminate, "3", "Terminate-Requests of CCP"),
	TIMES("ccp-max-failure", ccp.max_failure, "10", "Configure-Naks of CCP before a Reject"),
	{ PPPD_OPTIONS, "<local_IP_address>:<remote_IP_address>", OBEYED, &type_local_remote, 0, NULL, 0, 0, "inner addresses of both ends, where pptpd.conf has no localip or no remoteip", .wild = true },
	PERIOD("ipcp-restart", ipcp.restart_ms, "seconds until a request of IPCP is repeated"),
	TIMES("ipcp-max-configure", ipcp.max_configure, "10", "Configure-Requests of IPCP"),
	TIMES("ipcp-max-terminate", ipcp.max_terminate, "3", "Terminate-Requests of IPCP"),
	TIMES("ipcp-max-failure", ipcp.max_failure, "10", "Configure-Naks of IPCP before a Reject"),
	ROW("ms-dns", type_dns, AT(dns), NULL, 0, 0, "name server for the caller, twice at most; without it the host's own, but never a loopback address"),
	ROW("dns-addr", type_dns, 0, NULL, 0, 0, "the same as ms-dns, in pppds of old"),
	ROW("ms-wins", type_wins, AT(wins), NULL, 0, 0, "WINS server for the caller, twice at most"),
	OFF("noip", ipv4, "no", "no IPCP and no IPv4"),
	OFF("-ip", ipv4, NULL, "the same as noip"),
	OFF("noipv6", ipv6, "no", "no IPv6CP and no IPv6"),
	OFF("-ipv6", ipv6, NULL, "the same as noipv6"),
	ON("+ipv6", ipv6, "IPv6CP: the default"),
	ROW("ipv6", type_interface_id, 0, NULL, 0, 0, "our interface identifier, before the comma"),
	PERIOD("ipv6cp-restart", ipv6cp.restart_ms, "seconds until a request of IPv6CP is repeated"),
	TIMES("ipv6cp-max-configure", ipv6cp.max_configure, "10", "Configure-Requests of IPv6CP"),
	TIMES("ipv6cp-max-terminate", ipv6cp.max_terminate, "3", "Terminate-Requests of IPv6CP"),
	TIMES("ipv6cp-max-failure", ipv6cp.max_failure, "10", "Configure-Naks of IPv6CP before a Reject"),
	ON("proxyarp", proxy_arp, "callers' addresses are answered for in the local network that they belong to"),
	OFF("noproxyarp", proxy_arp, NULL, "they are not: the default"),
	OFF("-proxyarp", proxy_arp, NULL, "the same as noproxyarp"),

	/* Scripts, includes, log. */
	ROW("ipparam", type_text, AT(ipparam), NULL, 0, 0, "sixth argument of the scripts, in place of the caller's outer address"),
	ROW("ip-up-script", type_text, AT(ip_up), "/etc/ppp/ip-up", 0, 0, "program to run when IPv4 is up"),
	ROW("ip-down-script", type_text, AT(ip_down), "/etc/ppp/ip-down", 0, 0, "program to run when IPv4 is down"),
	ROW("ipv6-up-script", type_text, AT(ipv6_up), "/etc/ppp/ipv6-up", 0, 0, "program to run when IPv6 is up"),
	ROW("ipv6-down-script", type_text, AT(ipv6_down), "/etc/ppp/ipv6-down", 0, 0, "program to run when IPv6 is down"),
	ROW("set", type_set, 0, NULL, 0, 0, "a variable in the environment of the scripts"),
	ROW("unset", type_unset, 0, NULL, 0, 0, "takes such a variable away"),
	ROW("file", type_file, 0, NULL, 0, 0, "further options from that file, here"),
	ROW("call", type_call, 0, NULL, 0, 0, "further options from /etc/ppp/peers"),
	ON("debug", debug_link, "control packets in the log"),
	ON("-d", debug_link, "the same as debug"),
};
/* clang-format on */

const struct setting_table table_pppd = {rows, COUNT_OF(rows)};
