#include "client/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/secret.h"
#include "config/config.h"

enum {
	USER = 256,
	PASSWORD_FILE,
	PASSWORD,
	SECRETS,
	PORT,
	MPPE,
	AUTH,
	INTERFACE,
	DNS,
	DEFAULT_ROUTE,
	ROUTE,
	ONCE,
	PEER,
	MTU,
	TOS,
	GRE_IO,
	ECN,
	NO_IPV6,
	IP_UP,
	IP_DOWN,
	IP_PARAM,
	VERBOSE,
	HELP
};

/* One row for each option: the parser and the help come from it. */
static const struct row {
	const char *word, *value; /* value NULL: takes none */
	int code;
	const char *help; /* NULL: not to be used */
} rows[] = {
	{"user", "NAME", USER, "the name to log in with, DOMAIN\\NAME where the server wants it"},
	{"password-file", "FILE", PASSWORD_FILE,
	 "the password is the first line of FILE; else $POPTUN_PASSWORD, else chap-secrets, else "
	 "it is asked for"},
	{"secrets", "FILE", SECRETS, "chap-secrets to look into (/etc/ppp/chap-secrets)"},
	{"peer", "NAME", PEER, "take all of it from /etc/ppp/peers/NAME, as pptpsetup writes it"},
	{"port", "N", PORT, "TCP port of the server (1723)"},
	{"mppe", "WORD", MPPE, "encryption: required (128 bit, the default), 128, 56, 40, or off"},
	{"auth", "LIST", AUTH,
	 "login methods to agree to, with commas: mschapv2 (the default), mschap, chap-md5, pap"},
	{"interface", "NAME", INTERFACE, "name of the TUN device (the first free poptunN)"},
	{"mtu", "N", MTU, "largest packet inside, octets (what both ends allow)"},
	{"tos", "OCTET", TOS,
	 "DSCP of the GRE packets: an octet such as 0xb8, or copy: that of each packet inside (0)"},
	{"ecn", "WORD", ECN,
	 "let routers mark congestion in place of dropping: on, off, or auto, where the server is "
	 "poptun too (auto)"},
	{"gre-io", "WORD", GRE_IO,
	 "GRE by the raw socket alone: raw; past the host's IP: packet; or that where no rule here minds: auto (auto)"},
	{"dns", NULL, DNS,
	 "take the server's DNS: by systemd-resolved or resolvconf, printed where there is neither"},
	{"default-route", NULL, DEFAULT_ROUTE,
	 "send everything through the tunnel, but for the tunnel itself"},
	{"route", "NET", ROUTE, "send NET (10.0.0.0/8) through the tunnel; may be repeated"},
	{"no-ipv6", NULL, NO_IPV6, "no IPv6 inside"},
	{"once", NULL, ONCE, "end with the link; else it is tried again, after growing pauses"},
	{"ip-up", "FILE", IP_UP, "program to run when the link is up (/etc/ppp/ip-up)"},
	{"ip-down", "FILE", IP_DOWN, "program to run when it is down again (/etc/ppp/ip-down)"},
	{"ipparam", "TEXT", IP_PARAM, "sixth argument of these programs"},
	{"verbose", NULL, VERBOSE, "tell of every step of the machines"},
	{"help", NULL, HELP, "this page"},
	{"password", "", PASSWORD, NULL},
};

void connect_options_init(struct connect_options *options)
{
	*options = (struct connect_options){
		.port = PPTP_PORT,
		.secrets = "/etc/ppp/chap-secrets",
		.mppe = ENCRYPTION_REQUIRED,
		.mppe_sizes = ENCRYPTION_128,
		.ipv6 = true,
		.ip_up = "/etc/ppp/ip-up",
		.ip_down = "/etc/ppp/ip-down",
	};
}

void connect_options_fini(struct connect_options *options)
{
	if (options->password)
		secret_wipe(options->password, strlen(options->password));
	free(options->password);
	options->password = NULL;
}

/* ---- values ---- */

bool methods_parse(const char *text, auth_methods *methods)
{
	*methods = 0;
	while (*text) {
		size_t length = strcspn(text, ",");
		unsigned method = AUTH_PAP;
		for (; method < AUTH_EAP; method++) {
			const char *name = auth_method_name((enum auth_method)method);
			if (strlen(name) == length && !strncmp(name, text, length))
				break;
		}
		if (length == 4 && !strncmp(text, "chap", 4)) /* as people say */
			method = AUTH_CHAP_MD5;
		if (method == AUTH_EAP)
			return false;
		*methods |= AUTH_BIT(method);
		text += length + (text[length] == ',');
	}
	return *methods != 0;
}

/* A decimal number without sign or blank, within bounds. */
static bool number_parse(const char *text, uint32_t low, uint32_t high, uint32_t *number)
{
	size_t digits = strspn(text, "0123456789");
	if (!digits || digits > 9 || text[digits])
		return false;
	*number = (uint32_t)strtoul(text, NULL, 10);
	return *number >= low && *number <= high;
}

bool route_parse(const char *text, struct address_prefix *route)
{
	char address[ADDRESS_TEXT];
	size_t length = strcspn(text, "/");
	uint32_t bits = 32;
	if (!strcmp(text, "default")) {
		*route = (struct address_prefix){0, 0};
		return true;
	}
	if (length >= sizeof(address) ||
	    (text[length] && !number_parse(text + length + 1, 0, 32, &bits)))
		return false;
	memcpy(address, text, length);
	address[length] = 0;
	if (!address_parse(address, &route->address))
		return false;
	route->length = bits;
	return !(route->address & ~address_mask(bits));
}

bool mppe_parse(const char *text, struct connect_options *options)
{
	static const struct {
		const char *word;
		enum encryption policy;
		uint8_t sizes;
	} words[] = {
		{"required", ENCRYPTION_REQUIRED, ENCRYPTION_128},
		{"128", ENCRYPTION_REQUIRED, ENCRYPTION_128},
		{"56", ENCRYPTION_REQUIRED, ENCRYPTION_56},
		{"40", ENCRYPTION_REQUIRED, ENCRYPTION_40},
		{"off", ENCRYPTION_OFF, 0},
	};
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strcmp(text, words[i].word))
			continue;
		options->mppe_said = true;
		options->mppe = words[i].policy;
		options->mppe_sizes = words[i].sizes;
		return true;
	}
	return false;
}

/* Copies a text that has to fit. */
static bool copy(char *to, size_t size, const char *text)
{
	size_t length = strlen(text);
	if (length >= size)
		return false;
	memcpy(to, text, length + 1);
	return true;
}

/* ---- the line ---- */

static bool take_route(struct connect_options *o, const char *value)
{
	return o->route_count < CONNECT_ROUTES && route_parse(value, &o->routes[o->route_count]) &&
	       ++o->route_count;
}

static bool take_number(const char *value, uint32_t low, uint32_t high, uint16_t *to)
{
	uint32_t number;
	if (!number_parse(value, low, high, &number))
		return false;
	*to = (uint16_t)number;
	return true;
}

/* An option with a value; false where the value is none of its kind. */
static bool take_value(struct connect_options *o, int code, const char *value)
{
	switch (code) {
	case USER:
		return copy(o->user, sizeof(o->user), value) && *value;
	case PASSWORD_FILE:
		o->password_file = value;
		return true;
	case SECRETS:
		o->secrets = value;
		return true;
	case PEER:
		return copy(o->peer, sizeof(o->peer), value) && *value;
	case PORT:
		return take_number(value, 1, UINT16_MAX, &o->port);
	case MPPE:
		return mppe_parse(value, o);
	case AUTH:
		return methods_parse(value, &o->offer);
	case INTERFACE:
		return copy(o->interface, sizeof(o->interface), value) && *value;
	case MTU:
		return take_number(value, 576, 1500, &o->mtu);
	case TOS:
		return config_tos_parse(value, &o->tos);
	case ECN:
		return config_ecn_parse(value, &o->ecn);
	case GRE_IO:
		return config_gre_io_parse(value, &o->gre_io);
	case ROUTE:
		return take_route(o, value);
	case IP_UP:
		return copy(o->ip_up, sizeof(o->ip_up), value);
	case IP_DOWN:
		return copy(o->ip_down, sizeof(o->ip_down), value);
	case IP_PARAM:
		return copy(o->ip_param, sizeof(o->ip_param), value);
	default:
		return false;
	}
}

static void take_flag(struct connect_options *o, int code)
{
	switch (code) {
	case DNS:
		o->dns = true;
		break;
	case DEFAULT_ROUTE:
		o->default_route = true;
		break;
	case ONCE:
		o->once = true;
		break;
	case NO_IPV6:
		o->ipv6 = false;
		break;
	case VERBOSE:
		o->verbose = true;
		break;
	default:
		o->help = true;
	}
}

static const struct row *row_of(int code)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].code == code)
			return &rows[i];
	return NULL;
}

static const char *expected(int code)
{
	switch (code) {
	case PORT:
		return "a number from 1 to 65535";
	case MTU:
		return "a number from 576 to 1500";
	case TOS:
		return "copy, or an octet whose two low bits are 0";
	case ECN:
		return "auto, on or off";
	case GRE_IO:
		return "auto, raw or packet";
	case MPPE:
		return "required, off, 40, 56 or 128";
	case AUTH:
		return "mschapv2, mschap, chap-md5 or pap, with commas between";
	case ROUTE:
		return "a network such as 10.0.0.0/8, no bit set behind its prefix, and 64 of them at "
		       "most";
	case INTERFACE:
		return "1 to 15 letters and digits";
	default:
		return "a text of 1 to 255 octets";
	}
}

static bool take(struct connect_options *o, int code, const char *value, char *why, size_t size)
{
	const struct row *row = row_of(code);
	if (!row) {
		snprintf(why, size, "there is no such option, or its value is missing");
	} else if (code == PASSWORD) {
		snprintf(
			why, size,
			"a password on the command line can be read by everybody who runs `ps`: put "
			"it into a file (--password-file), $POPTUN_PASSWORD or chap-secrets, or be "
			"asked for it");
	} else if (!row->value) {
		take_flag(o, code);
		return true;
	} else if (take_value(o, code, value)) {
		return true;
	} else {
		snprintf(why, size, "--%s \"%s\": expected %s", row->word, value, expected(code));
	}
	return false;
}

bool connect_options_parse(int argc, char **argv, struct connect_options *o, char *why,
			   size_t why_size)
{
	struct option options[COUNT_OF(rows) + 1] = {0};
	int code;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		options[i] = (struct option){.name = rows[i].word,
					     .has_arg = rows[i].value != NULL,
					     .val = rows[i].code};
	o->route_count = 0;
	optind = 0; /* getopt(3) begins anew */
	opterr = 0;
	while ((code = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (code == '?') {
			int at = optind > 0 && optind <= argc ? optind - 1 : argc - 1;
			snprintf(why, why_size,
				 "%.60s: there is no such option, or its value is missing",
				 argv[at]);
			return false;
		}
		if (!take(o, code == 'h' ? HELP : code, optarg, why, why_size))
			return false;
	}
	if (optind < argc && !copy(o->host, sizeof(o->host), argv[optind++])) {
		snprintf(why, why_size, "a host's name has at most %d octets", CONNECT_NAME - 1);
		return false;
	}
	if (optind < argc) {
		snprintf(why, why_size, "one host is enough: \"%.60s\" is too much", argv[optind]);
		return false;
	}
	return true;
}

/* ---- the whole ---- */

auth_methods connect_options_offer(const struct connect_options *o)
{
	enum { ALL = 1 << AUTH_PAP | 1 << AUTH_CHAP_MD5 | 1 << AUTH_MSCHAP | 1 << AUTH_MSCHAPV2 };
	const auth_methods best = AUTH_BIT(AUTH_MSCHAPV2);
	if (o->offer)
		return o->offer;
	/* A peers file that refuses the best leaves the rest. */
	return o->refused & best ? (auth_methods)(ALL & ~o->refused) : best;
}

bool connect_options_check(struct connect_options *o, char *why, size_t size)
{
	const auth_methods with_keys = AUTH_BIT(AUTH_MSCHAP) | AUTH_BIT(AUTH_MSCHAPV2);
	auth_methods offer = connect_options_offer(o);
	if (!*o->host)
		snprintf(why, size, "which host? poptun connect HOST --user NAME");
	else if (!*o->user)
		snprintf(why, size, "which user? poptun connect %.100s --user NAME", o->host);
	else if (!offer)
		snprintf(why, size, "every login method is refused: none is left");
	else if (!(offer & with_keys) && o->mppe == ENCRYPTION_REQUIRED)
		snprintf(
			why, size,
			"pap and chap-md5 give no keys, so nothing can be encrypted: say --mppe off as "
			"well, or allow mschapv2");
	else
		return true;
	return false;
}

void connect_options_help(FILE *to)
{
	fputs("usage: poptun connect HOST --user NAME [OPTION...]\n"
	      "       poptun connect --peer NAME [OPTION...]\n\n"
	      "Calls a PPTP server, without pppd and without the kernel's PPP: needs a TUN device, "
	      "CAP_NET_ADMIN\nand CAP_NET_RAW. Runs until SIGTERM or Ctrl-C, and undoes then what it "
	      "did to routes and DNS.\n\n",
	      to);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char word[40];
		if (!rows[i].help)
			continue;
		snprintf(word, sizeof(word), "--%s%s%s", rows[i].word, rows[i].value ? " " : "",
			 rows[i].value ? rows[i].value : "");
		fprintf(to, "  %-22s %s\n", word, rows[i].help);
	}
	fputs("\nA poptun serve lets each address have 64 control connections without a call. "
	      "Where more clients dial at\nthe same moment from behind one NAT, those beyond are "
	      "refused, and try again after a pause.\n",
	      to);
	fputs("\nExit status, as of pppd: 5 ended by a signal, 8 no connection, 10 no agreement, 15 "
	      "server silent,\n16 server hung up, 19 login refused; 1 anything else, 2 wrong usage.\n",
	      to);
}
