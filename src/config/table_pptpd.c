/* The keywords of pptpd.conf(5), those of our own beside them, and pptpd(8)'s arguments. */
#include "base/base.h"
#include "config/setting.h"

/* clang-format off */
/* file, keyword, status, type, place, default, low, high, help */
static const struct setting pptpd_rows[] = {
	{ PPTPD_CONF, "option", OBEYED, &type_option_file, AT(option_file), NULL, 0, 0, "file with options of pppd(8), read after /etc/ppp/options" },
	{ PPTPD_CONF, "listen", OBEYED, &type_address, AT(listen), "0.0.0.0", 0, 0, "address that callers dial; 0.0.0.0: all of the host" },
	{ PPTPD_CONF, "vrf", OBEYED, &type_interface, AT(vrf), NULL, 0, 0, "VRF device that the sockets for TCP and GRE are bound to" },
	{ PPTPD_CONF, "connections", OBEYED, &type_connections, AT(connections), "100", 1, 1048576, "sessions served at once" },
	{ PPTPD_CONF, "workers", OBEYED, &type_workers, AT(workers), "auto", 1, WORKERS_MOST, "threads that serve the sessions, each of which is one thread's; auto: as many as there are processors, at most 8" },
	{ PPTPD_CONF, "stimeout", OBEYED, &type_seconds, AT(stimeout_ms), "10", 1, 86400, "how long a new TCP connection may wait with its first message" },
	{ PPTPD_CONF, "localip", OBEYED, &type_ranges, AT(local), "192.168.0.1", 0, 0, "addresses of this end: one for all sessions, or one for each; unless said, the host's own address in the network of remoteip where it has one" },
	{ PPTPD_CONF, "remoteip", OBEYED, &type_ranges, AT(remote), "192.168.1.1-100", 0, 0, "addresses for the callers; the lowest free one is taken" },
	{ PPTPD_CONF, "delegate", OBEYED, &type_on, AT(delegate), NULL, 0, 0, "no pool: callers' addresses come from the secrets alone; of localip the first is this end's" },
	{ PPTPD_CONF, "noipparam", OBEYED, &type_on, AT(no_ipparam), NULL, 0, 0, "ip-up and ip-down are not told the caller's outer address" },
	{ PPTPD_CONF, "speed", OBEYED, &type_number, AT(speed), "115200", 0, UINT32_MAX, "the speed that scripts are told; nothing is slowed down by it" },
	{ PPTPD_CONF, "pidfile", OBEYED, &type_text, AT(pid_file), "/var/run/pptpd.pid", 0, 0, "file for the number of the process" },
	{ PPTPD_CONF, "debug", OBEYED, &type_on, AT(debug), NULL, 0, 0, "debug lines in the log" },
	{ PPTPD_CONF, "ppp", BY_DESIGN, &type_word, 0, NULL, 0, 0, "PPP is spoken by the server itself, so no program is started for it" },
	{ PPTPD_CONF, "logwtmp", WITHOUT, &type_nothing, 0, NULL, 0, 0, "wtmp is not written; the log has a line for each session's end" },
	{ PPTPD_CONF, "bcrelay", WITHOUT, &type_word, 0, NULL, 0, 0, "broadcasts of a local network are not relayed into sessions" },

	{ PPTPD_CONF, "mppe", OBEYED, &type_choice_mppe, AT(mppe), "required", 0, 0, "encryption of data packets: required, optional or off; stands above pppd's words" },
	{ PPTPD_CONF, "mppe-bits", OBEYED, &type_bits, AT(mppe_bits), "128", 0, 0, "key lengths of MPPE that are agreed to; 56 and 40 protect nothing today" },
	{ PPTPD_CONF, "mppe-stateless", OBEYED, &type_yes_no, AT(mppe_stateless), "yes", 0, 0, "stateless encryption is agreed to, and proposed first; no: stateful alone, where a loss costs what follows it too" },
	{ PPTPD_CONF, "allow-noauth", OBEYED, &type_on, AT(allow_noauth), NULL, 0, 0, "pppd's noauth may be said: callers without name and password" },
	{ PPTPD_CONF, "single-session", OBEYED, &type_yes_no, AT(single_session), "no", 0, 0, "a user's second login ends the first; with a fixed address it always does" },
	{ PPTPD_CONF, "nat", OBEYED, &type_auto_on_off, AT(nat), "auto", 0, 0, "masquerade of callers' packets: auto does so for private pools; off needs no nftables" },
	{ PPTPD_CONF, "mss-clamp", OBEYED, &type_mss_clamp, AT(mss_clamp), "yes", 536, 1460, "TCP's MSS is lowered to what the session carries (yes), to a number, or not (no)" },
	{ PPTPD_CONF, "fragment-dont-fragment", OBEYED, &type_yes_no, AT(fragment_dont_fragment), "yes", 0, 0, "IPv4 packets too long for a session are cut up although they forbid it" },
	{ PPTPD_CONF, "tos", OBEYED, &type_tos, AT(tos), "0", 0, 0, "DSCP of the GRE packets: one for all, or that of each packet inside (copy); one for all keeps their order on the way, and callers such as Windows drop what comes out of order" },
	{ PPTPD_CONF, "ecn", OBEYED, &type_auto_on_off, AT(ecn), "auto", 0, 0, "whether GRE packets say that routers may mark congestion (ECN) in place of dropping: auto does for callers that carry such a mark inside, as poptun does; pppd and Windows lose it. Marks that come in are carried inside always (RFC 6040)" },
	{ PPTPD_CONF, "interface", OBEYED, &type_interface, AT(interface), "pptp0", 0, 0, "name of the TUN device; the nftables table is named after it" },
	{ PPTPD_CONF, "gre-io", OBEYED, &type_choice_gre_io, AT(gre_io), "auto", 0, 0, "how GRE goes: by the raw socket alone (raw); faster, past the host's IP, as far as no rule of others concerns GRE (auto); or so even where one does (packet): firewalls, and queueing disciplines at the ingress, then do not see it. packet is refused all the same, with a warning, under IPsec policies and in a VRF; for what comes in also where another program or the kernel's own PPTP hears GRE, where no interface of a usual kind is up, and where the kernel has no such ring or rule. status says which, and why" },
	{ PPTPD_CONF, "chap-secrets", OBEYED, &type_text, AT(chap_secrets), "/etc/ppp/chap-secrets", 0, 0, "file of users and passwords for CHAP, MS-CHAP and MS-CHAPv2" },
	{ PPTPD_CONF, "pap-secrets", OBEYED, &type_text, AT(pap_secrets), "/etc/ppp/pap-secrets", 0, 0, "file of users and passwords for PAP" },
	{ PPTPD_CONF, "control-socket", OBEYED, &type_text, AT(control_socket), "/run/poptun/poptun.sock", 0, 0, "unix socket of the HTTP API" },
	{ PPTPD_CONF, "run-directory", OBEYED, &type_text, AT(run_directory), "/run/poptun", 0, 0, "where the server notes what it changed on the machine" },
	{ PPTPD_CONF, "state-directory", OBEYED, &type_text, AT(state_directory), "/var/lib/poptun", 0, 0, "where it keeps what outlives a reboot" },
};

static const struct setting argument_rows[] = {
	{ PPTPD_ARGUMENTS, "conf", OBEYED, &type_word, 0, CONFIG_PPTPD_CONF, 0, 0, "configuration file; /etc/ppp/options is then not read", .letter = 'c' },
	{ PPTPD_ARGUMENTS, "option", OBEYED, &type_option_file, AT(option_file), NULL, 0, 0, "file with options of pppd(8)", .letter = 'o' },
	{ PPTPD_ARGUMENTS, "listen", OBEYED, &type_address, AT(listen), NULL, 0, 0, "address that callers dial", .letter = 'l' },
	{ PPTPD_ARGUMENTS, "vrf", OBEYED, &type_interface, AT(vrf), NULL, 0, 0, "VRF device that the sockets are bound to", .letter = 'V' },
	{ PPTPD_ARGUMENTS, "connections", OBEYED, &type_connections, AT(connections), "100", 1, 1048576, "sessions served at once", .letter = 'C' },
	{ PPTPD_ARGUMENTS, "stimeout", OBEYED, &type_seconds, AT(stimeout_ms), NULL, 1, 86400, "how long a new TCP connection may wait with its first message", .letter = 't' },
	{ PPTPD_ARGUMENTS, "delegate", OBEYED, &type_on, AT(delegate), NULL, 0, 0, "no pool: callers' addresses come from the secrets alone", .letter = 'D' },
	{ PPTPD_ARGUMENTS, "noipparam", OBEYED, &type_on, AT(no_ipparam), NULL, 0, 0, "scripts are not told the caller's outer address", .letter = 'i' },
	{ PPTPD_ARGUMENTS, "speed", OBEYED, &type_number, AT(speed), NULL, 0, UINT32_MAX, "the speed that scripts are told", .letter = 's' },
	{ PPTPD_ARGUMENTS, "pidfile", OBEYED, &type_text, AT(pid_file), NULL, 0, 0, "file for the number of the process", .letter = 'p' },
	{ PPTPD_ARGUMENTS, "debug", OBEYED, &type_on, AT(debug), NULL, 0, 0, "debug lines in the log", .letter = 'd' },
	{ PPTPD_ARGUMENTS, "fg", OBEYED, &type_nothing, 0, NULL, 0, 0, "stay in the foreground", .letter = 'f' },
	{ PPTPD_ARGUMENTS, "help", OBEYED, &type_nothing, 0, NULL, 0, 0, "these lines", .letter = 'h' },
	{ PPTPD_ARGUMENTS, "version", OBEYED, &type_nothing, 0, NULL, 0, 0, "the version", .letter = 'v' },
	{ PPTPD_ARGUMENTS, "ppp", BY_DESIGN, &type_word, 0, NULL, 0, 0, "PPP is spoken by the server itself", .letter = 'e' },
	{ PPTPD_ARGUMENTS, "logwtmp", WITHOUT, &type_nothing, 0, NULL, 0, 0, "wtmp is not written; the log has a line for each session's end", .letter = 'w' },
	{ PPTPD_ARGUMENTS, "bcrelay", WITHOUT, &type_word, 0, NULL, 0, 0, "broadcasts of a local network are not relayed into sessions", .letter = 'b' },
};
/* clang-format on */

const struct setting_table table_pptpd = {pptpd_rows, COUNT_OF(pptpd_rows)};
const struct setting_table table_arguments = {argument_rows, COUNT_OF(argument_rows)};
