/* The options of pppd(8) that are known and change nothing here, each with the reason. */
#include "base/base.h"
#include "config/setting.h"

#define FLAG(status, word, why)                                          \
	{                                                                \
		PPPD_OPTIONS, word, status, &type_nothing, .help = (why) \
	}
#define WORD(status, word, why)                                       \
	{                                                             \
		PPPD_OPTIONS, word, status, &type_word, .help = (why) \
	}

/* clang-format off */
static const struct setting rows[] = {
	{ PPPD_OPTIONS, "ttyname", BY_DESIGN, &type_nothing, .help = "there is no terminal and no modem line under a tunnel", .wild = true },
	{ PPPD_OPTIONS, "speed", BY_DESIGN, &type_nothing, .help = "there is no terminal and no modem line under a tunnel", .wild = true },

	FLAG(BY_DESIGN, "crtscts", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "cdtrcts", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "nocrtscts", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "nocdtrcts", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "-crtscts", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "-cdtrcts", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "local", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "modem", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "xonxoff", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "sync", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "lock", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "nolock", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "notty", "there is no terminal and no modem line under a tunnel"),
	FLAG(BY_DESIGN, "-xonxoff", "there is no terminal and no modem line under a tunnel"),

	WORD(BY_DESIGN, "stop-bits", "there is no terminal and no modem line under a tunnel"),
	WORD(BY_DESIGN, "connect", "there is no terminal and no modem line under a tunnel"),
	WORD(BY_DESIGN, "disconnect", "there is no terminal and no modem line under a tunnel"),
	WORD(BY_DESIGN, "init", "there is no terminal and no modem line under a tunnel"),
	WORD(BY_DESIGN, "pty", "there is no terminal and no modem line under a tunnel"),
	WORD(BY_DESIGN, "welcome", "there is no terminal and no modem line under a tunnel"),
	WORD(BY_DESIGN, "connect-delay", "there is no terminal and no modem line under a tunnel"),
	WORD(BY_DESIGN, "escape", "there is no terminal and no modem line under a tunnel"),
	WORD(BY_DESIGN, "record", "there is no terminal and no modem line under a tunnel"),
	WORD(BY_DESIGN, "holdoff", "there is no terminal and no modem line under a tunnel"),

	FLAG(BY_DESIGN, "default-asyncmap", "PPTP's frames carry no escaped characters"),
	FLAG(BY_DESIGN, "-am", "PPTP's frames carry no escaped characters"),
	FLAG(BY_DESIGN, "receive-all", "PPTP's frames carry no escaped characters"),
	FLAG(BY_DESIGN, "xmit-all", "PPTP's frames carry no escaped characters"),
	FLAG(BY_DESIGN, "-all", "PPTP's frames carry no escaped characters"),

	WORD(BY_DESIGN, "asyncmap", "PPTP's frames carry no escaped characters"),
	WORD(BY_DESIGN, "-as", "PPTP's frames carry no escaped characters"),

	FLAG(BY_DESIGN, "passive", "the server makes its requests at once, and its patience has an end"),
	FLAG(BY_DESIGN, "silent", "the server makes its requests at once, and its patience has an end"),
	FLAG(BY_DESIGN, "-p", "the server makes its requests at once, and its patience has an end"),

	FLAG(BY_DESIGN, "nobsdcomp", "no such compression is spoken"),
	FLAG(BY_DESIGN, "-bsdcomp", "no such compression is spoken"),
	FLAG(BY_DESIGN, "nodeflate", "no such compression is spoken"),
	FLAG(BY_DESIGN, "-deflate", "no such compression is spoken"),
	FLAG(BY_DESIGN, "nodeflatedraft", "no such compression is spoken"),
	FLAG(BY_DESIGN, "nopredictor1", "no such compression is spoken"),
	FLAG(BY_DESIGN, "-predictor1", "no such compression is spoken"),
	FLAG(BY_DESIGN, "novj", "no such compression is spoken"),
	FLAG(BY_DESIGN, "-vj", "no such compression is spoken"),
	FLAG(BY_DESIGN, "novjccomp", "no such compression is spoken"),
	FLAG(BY_DESIGN, "-vjccomp", "no such compression is spoken"),

	WORD(BY_DESIGN, "vj-max-slots", "no compression of TCP headers is spoken"),

	WORD(WITHOUT, "bsdcomp", "no compression is spoken, only encryption"),
	WORD(WITHOUT, "deflate", "no compression is spoken, only encryption"),

	FLAG(WITHOUT, "predictor1", "no compression is spoken, only encryption"),
	FLAG(WITHOUT, "deflatedraft", "no compression is spoken, only encryption"),

	FLAG(BY_DESIGN, "nomp", "no multilink is spoken"),
	FLAG(BY_DESIGN, "nomultilink", "no multilink is spoken"),
	FLAG(BY_DESIGN, "nompshortseq", "no multilink is spoken"),
	FLAG(BY_DESIGN, "noendpoint", "no multilink is spoken"),
	FLAG(BY_DESIGN, "nomrru", "no multilink is spoken"),

	FLAG(WITHOUT, "mp", "no multilink is spoken"),
	FLAG(WITHOUT, "multilink", "no multilink is spoken"),
	FLAG(WITHOUT, "mpshortseq", "no multilink is spoken"),
	FLAG(WITHOUT, "master_detach", "no multilink is spoken"),

	WORD(WITHOUT, "mrru", "no multilink is spoken"),
	WORD(WITHOUT, "endpoint", "no multilink is spoken"),
	WORD(WITHOUT, "bundle", "no multilink is spoken"),

	FLAG(BY_DESIGN, "noipx", "no IPX is spoken"),
	FLAG(BY_DESIGN, "-ipx", "no IPX is spoken"),

	FLAG(WITHOUT, "ipx", "no IPX is spoken"),
	FLAG(WITHOUT, "+ipx", "no IPX is spoken"),
	FLAG(WITHOUT, "ipxcp-accept-local", "no IPX is spoken"),
	FLAG(WITHOUT, "ipxcp-accept-network", "no IPX is spoken"),
	FLAG(WITHOUT, "ipxcp-accept-remote", "no IPX is spoken"),

	WORD(WITHOUT, "ipx-network", "no IPX is spoken"),
	WORD(WITHOUT, "ipx-node", "no IPX is spoken"),
	WORD(WITHOUT, "ipx-router-name", "no IPX is spoken"),
	WORD(WITHOUT, "ipx-routing", "no IPX is spoken"),
	WORD(WITHOUT, "ipxcp-max-configure", "no IPX is spoken"),
	WORD(WITHOUT, "ipxcp-max-failure", "no IPX is spoken"),
	WORD(WITHOUT, "ipxcp-max-terminate", "no IPX is spoken"),

	FLAG(BY_DESIGN, "nodetach", "the server's process is one for all sessions: poptun serve stays in the foreground, pptpd detaches"),
	FLAG(BY_DESIGN, "-detach", "the server's process is one for all sessions: poptun serve stays in the foreground, pptpd detaches"),
	FLAG(BY_DESIGN, "updetach", "the server's process is one for all sessions: poptun serve stays in the foreground, pptpd detaches"),
	FLAG(BY_DESIGN, "up_sdnotify", "the server's process is one for all sessions: poptun serve stays in the foreground, pptpd detaches"),

	WORD(BY_DESIGN, "child-timeout", "the server's process is one for all sessions"),
	WORD(BY_DESIGN, "linkname", "the server's process is one for all sessions"),
	WORD(BY_DESIGN, "kdebug", "the server's process is one for all sessions"),
	WORD(BY_DESIGN, "privgroup", "the server's process is one for all sessions"),

	FLAG(BY_DESIGN, "ktune", "ip_forward is switched on where it was off, without being told"),
	FLAG(BY_DESIGN, "noktune", "ip_forward is switched on where it was off, without being told"),

	FLAG(BY_DESIGN, "nolog", "the log goes to stderr, or to syslog as pptpd"),
	FLAG(BY_DESIGN, "nologfd", "the log goes to stderr, or to syslog as pptpd"),

	WORD(WITHOUT, "logfile", "the log goes to stderr, or to syslog as pptpd"),
	WORD(WITHOUT, "logfd", "the log goes to stderr, or to syslog as pptpd"),

	FLAG(BY_DESIGN, "dump", "poptun status --config shows what is in force"),

	FLAG(WITHOUT, "dryrun", "poptun check reads the configuration without serving"),

	FLAG(WITHOUT, "enable-session", "no session accounting by PAM or wtmp"),

	FLAG(BY_DESIGN, "hide-password", "passwords never stand in the log"),
	FLAG(WITHOUT, "show-password", "passwords never stand in the log"),

	FLAG(REFUSED, "login", "the system's password database is not asked, so a secret that relies on it would be open to all: take it out and give each user a secret"),

	WORD(REFUSED, "pass-filter", "packets are not filtered by it, so what it was to keep out would come in: take it out and use nftables"),

	WORD(WITHOUT, "active-filter", "every data packet counts as activity"),

	WORD(WITHOUT, "allow-ip", "there is no exception from authentication by address"),

	WORD(REFUSED, "allow-number", "callers' telephone numbers are not looked at, so it would keep nobody out"),

	WORD(WITHOUT, "plugin", "no program is loaded into the server"),

	WORD(WITHOUT, "radius-config-file", "RADIUS is not asked yet; the secrets files decide"),
	WORD(WITHOUT, "avpair", "RADIUS is not asked yet; the secrets files decide"),

	FLAG(WITHOUT, "map-to-ifname", "RADIUS is not asked yet; the secrets files decide"),
	FLAG(WITHOUT, "map-to-ttyname", "RADIUS is not asked yet; the secrets files decide"),

	WORD(WITHOUT, "maxoctets", "traffic is counted but not limited"),
	WORD(WITHOUT, "mo", "traffic is counted but not limited"),
	WORD(WITHOUT, "mo-direction", "traffic is counted but not limited"),
	WORD(WITHOUT, "mo-timeout", "traffic is counted but not limited"),

	FLAG(WITHOUT, "usepeerwins", "Debian's ip-up scripts can do it"),

	WORD(BY_DESIGN, "eap-interval", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "eap-max-rreq", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "eap-max-sreq", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "eap-restart", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "eap-timeout", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "srp-interval", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "srp-pn-secret", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "ca", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "capath", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "cert", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "key", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "crl", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "crl-dir", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "pkcs12", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "max-tls-version", "no method of EAP is spoken yet"),
	WORD(BY_DESIGN, "tls-verify-method", "no method of EAP is spoken yet"),

	FLAG(BY_DESIGN, "need-peer-eap", "no method of EAP is spoken yet"),
	FLAG(BY_DESIGN, "srp-use-pseudonym", "no method of EAP is spoken yet"),
	FLAG(BY_DESIGN, "tls-verify-key-usage", "no method of EAP is spoken yet"),

	FLAG(OF_CLIENTS, "defaultroute", "routes through the other end are a client's"),
	FLAG(OF_CLIENTS, "-defaultroute", "routes through the other end are a client's"),
	FLAG(OF_CLIENTS, "defaultroute6", "routes through the other end are a client's"),
	FLAG(OF_CLIENTS, "nodefaultroute", "routes through the other end are a client's"),
	FLAG(OF_CLIENTS, "nodefaultroute6", "routes through the other end are a client's"),
	FLAG(OF_CLIENTS, "replacedefaultroute", "routes through the other end are a client's"),
	FLAG(OF_CLIENTS, "noreplacedefaultroute", "routes through the other end are a client's"),
	FLAG(OF_CLIENTS, "usepeerdns", "routes through the other end are a client's"),
	FLAG(OF_CLIENTS, "noresolvconf", "routes through the other end are a client's"),

	WORD(OF_CLIENTS, "defaultroute-metric", "routes through the other end are a client's"),
	WORD(OF_CLIENTS, "defaultroute6-metric", "routes through the other end are a client's"),

	FLAG(OF_CLIENTS, "demand", "when to call is a client's choice"),
	FLAG(OF_CLIENTS, "persist", "when to call is a client's choice"),
	FLAG(OF_CLIENTS, "nopersist", "when to call is a client's choice"),

	WORD(OF_CLIENTS, "maxfail", "when to call is a client's choice"),

	WORD(OF_CLIENTS, "user", "how to prove who one is is a client's task"),
	WORD(OF_CLIENTS, "password", "how to prove who one is is a client's task"),
	WORD(OF_CLIENTS, "remotename", "how to prove who one is is a client's task"),
	WORD(OF_CLIENTS, "+ua", "how to prove who one is is a client's task"),
	WORD(OF_CLIENTS, "pap-max-authreq", "how to prove who one is is a client's task"),
	WORD(OF_CLIENTS, "pap-restart", "how to prove who one is is a client's task"),

	WORD(BY_DESIGN, "remotenumber", "callers are known by their address"),

	FLAG(BY_DESIGN, "noipdefault", "our address is that of pptpd.conf"),
	FLAG(BY_DESIGN, "noremoteip", "our address is that of pptpd.conf"),

	FLAG(WITHOUT, "ipcp-accept-local", "one device carries all sessions, so our address is that of pptpd.conf"),
	FLAG(WITHOUT, "ipcp-accept-remote", "a caller's address is what the pool or the secrets give: one of its own choice could be another caller's"),
	FLAG(WITHOUT, "ipcp-no-address", "addresses are always negotiated, by the option of RFC 1332"),
	FLAG(WITHOUT, "nosendip", "addresses are always negotiated, by the option of RFC 1332"),

	FLAG(BY_DESIGN, "ipcp-no-addresses", "addresses are always negotiated, by the option of RFC 1332"),

	WORD(BY_DESIGN, "netmask", "the device is point-to-point"),

	FLAG(WITHOUT, "ipv6cp-use-ipaddr", "identifiers of IPv6 are made from chance, both distinct"),
	FLAG(WITHOUT, "ipv6cp-use-persistent", "identifiers of IPv6 are made from chance, both distinct"),
	FLAG(WITHOUT, "ipv6cp-use-remotenumber", "identifiers of IPv6 are made from chance, both distinct"),
	FLAG(WITHOUT, "ipv6cp-accept-local", "identifiers of IPv6 are made from chance, both distinct"),
	FLAG(WITHOUT, "ipv6cp-accept-remote", "identifiers of IPv6 are made from chance, both distinct"),
	FLAG(WITHOUT, "ipv6cp-noremote", "identifiers of IPv6 are made from chance, both distinct"),
	FLAG(WITHOUT, "ipv6cp-nosendip", "identifiers of IPv6 are made from chance, both distinct"),

	WORD(WITHOUT, "unit", "one TUN device carries all sessions: see interface in pptpd.conf"),
	WORD(WITHOUT, "ifname", "one TUN device carries all sessions: see interface in pptpd.conf"),

	WORD(WITHOUT, "vrf", "the sockets are bound to a VRF by vrf in pptpd.conf; the inner side is not"),

	WORD(WITHOUT, "lcp-rtt-file", "round-trip times are not written to a file"),

	{ PPPD_OPTIONS, "nic-interface", BY_DESIGN, &type_nothing, .help = "there is no Ethernet under a tunnel", .wild = true },
	WORD(BY_DESIGN, "pppoe-service", "there is no Ethernet under a tunnel"),
	WORD(BY_DESIGN, "pppoe-ac", "there is no Ethernet under a tunnel"),
	WORD(BY_DESIGN, "pppoe-sess", "there is no Ethernet under a tunnel"),
	WORD(BY_DESIGN, "pppoe-verbose", "there is no Ethernet under a tunnel"),
	WORD(BY_DESIGN, "pppoe-mac", "there is no Ethernet under a tunnel"),
	WORD(BY_DESIGN, "pppoe-host-uniq", "there is no Ethernet under a tunnel"),
	WORD(BY_DESIGN, "pppoe-padi-timeout", "there is no Ethernet under a tunnel"),
	WORD(BY_DESIGN, "pppoe-padi-attempts", "there is no Ethernet under a tunnel"),
};
/* clang-format on */

const struct setting_table table_without = {rows, COUNT_OF(rows)};
