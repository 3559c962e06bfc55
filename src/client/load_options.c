#include "client/load_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "control/control.h"

enum { SESSIONS_MOST = 1000000, RATE_MOST = 1000000, PACKETS_MOST = 10000000, SIZE_LEAST = 48 };
enum { NUMBERS = 1000, USER = 2000, PASSWORD_FILE, PORT, SOURCE, JSON, PASSWORD, HELP };

/* One row for each number: the parser, the help and the complaint come from it. */
static const struct number {
	const char *word;
	size_t at; /* of a uint32_t in struct load_options */
	uint32_t least, most, usual;
	const char *help;
} numbers[] = {
#define AT(member) offsetof(struct load_options, member)
	{"sessions", AT(sessions), 1, SESSIONS_MOST, 100, "how many sessions"},
	{"rate", AT(rate), 1, RATE_MOST, 100, "sessions begun in a second"},
	{"at-once", AT(at_once), 1, SESSIONS_MOST, 50,
	 "sessions on their way up, or down, at one time; poptun serve lets each address have 64 "
	 "connections without a call, so use several (--source) for more"},
	{"calls-per-connection", AT(calls_per_connection), 1, CONTROL_CALLS_MAX, 1,
	 "sessions that share a control connection"},
	{"packets-per-second", AT(packets_per_second), 0, PACKETS_MOST, 0,
	 "echo requests to the server's inner address, over all sessions"},
	{"size", AT(size), SIZE_LEAST, 1400, 512, "octets of each, with its IP header"},
	{"settle", AT(settle), 0, 1000, 1,
	 "seconds between the last set-up and the first packet: pppd opens its side late"},
	{"seconds", AT(seconds), 0, 1000000, 0, "how long the sessions stand before they hang up"},
#undef AT
};

static uint32_t *number_at(struct load_options *o, const struct number *number)
{
	return (uint32_t *)(void *)((char *)o + number->at);
}

static void set_usual(struct load_options *o)
{
	*o = (struct load_options){.port = PPTP_PORT};
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		*number_at(o, &numbers[i]) = numbers[i].usual;
}

static bool read_number(const char *text, uint32_t least, uint32_t most, uint32_t *to)
{
	char *end;
	if (*text < '0' || *text > '9')
		return false;
	unsigned long long value = strtoull(text, &end, 10);
	if (*end || value < least || value > most)
		return false;
	*to = (uint32_t)value;
	return true;
}

bool load_source_parse(const char *text, struct address_span *span)
{
	char first[ADDRESS_TEXT];
	const char *dash = strchr(text, '-');
	uint32_t last;
	if (!dash) {
		if (!address_parse(text, &span->first) || !span->first)
			return false;
		span->last = span->first;
		return true;
	}
	if ((size_t)(dash - text) >= sizeof(first))
		return false;
	memcpy(first, text, (size_t)(dash - text));
	first[dash - text] = 0;
	if (!address_parse(first, &span->first) || !span->first)
		return false;
	if (read_number(dash + 1, 0, UINT8_MAX, &last)) /* the last octet alone */
		span->last = (span->first & ~(uint32_t)UINT8_MAX) | last;
	else if (!address_parse(dash + 1, &span->last))
		return false;
	return span->first <= span->last;
}

bool load_user(const char *pattern, uint32_t number, char *to, size_t size)
{
	const char *at = strstr(pattern, "%d");
	int length =
		at ? snprintf(to, size, "%.*s%u%s", (int)(at - pattern), pattern, number, at + 2)
		   : snprintf(to, size, "%s", pattern);
	return length > 0 && (size_t)length < size;
}

static const struct text_row {
	const char *word, *value;
	int code;
	const char *help, *expected;
} texts[] = {
	{"user", "NAME", USER, "the name to log in with; %d in it is the session's number, from 1",
	 "a text of 1 to 200 octets"},
	{"password-file", "FILE", PASSWORD_FILE,
	 "the password of all of them is the first line of FILE; else $POPTUN_PASSWORD, else it is "
	 "asked for",
	 "a file's name"},
	{"port", "N", PORT, "TCP port of the server (1723)", "a number from 1 to 65535"},
	{"source", "A.B.C.D-E", SOURCE,
	 "addresses of this host to call from, in turn (the kernel's choice)",
	 "an address, or two with a dash between, the lower one first"},
	{"json", "FILE", JSON,
	 "write the figures to FILE too; -: to standard output, instead of the text",
	 "a file's name"},
};

static bool take_text(struct load_options *o, int code, const char *value)
{
	enum { NUMBER_ROOM = 56 };
	uint32_t number;
	switch (code) {
	case USER:
		if (!*value || strlen(value) >= sizeof(o->user) - NUMBER_ROOM)
			return false;
		memcpy(o->user, value, strlen(value) + 1);
		return true;
	case PASSWORD_FILE:
		o->password_file = value;
		return *value;
	case PORT:
		if (!read_number(value, 1, UINT16_MAX, &number))
			return false;
		o->port = (uint16_t)number;
		return true;
	case SOURCE:
		return load_source_parse(value, &o->source);
	case JSON:
		o->json = value;
		return *value;
	default:
		return false;
	}
}

static bool take(struct load_options *o, int code, const char *value, char *why, size_t size)
{
	if (code == HELP || code == 'h') {
		o->help = true;
		return true;
	}
	if (code == PASSWORD) {
		snprintf(why, size,
			 "a password on the command line can be read by everybody who runs `ps`: "
			 "put it into a file (--password-file) or $POPTUN_PASSWORD");
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (texts[i].code == code && !take_text(o, code, value)) {
			snprintf(why, size, "--%s \"%.100s\": expected %s", texts[i].word, value,
				 texts[i].expected);
			return false;
		}
	if (code < NUMBERS || code >= NUMBERS + (int)COUNT_OF(numbers))
		return true;
	const struct number *row = &numbers[code - NUMBERS];
	if (read_number(value, row->least, row->most, number_at(o, row)))
		return true;
	snprintf(why, size, "--%s \"%.100s\": expected a number from %u to %u", row->word, value,
		 row->least, row->most);
	return false;
}

static bool check(const struct load_options *o, char *why, size_t size)
{
	if (o->help)
		return true;
	if (!*o->host)
		snprintf(why, size, "which host? poptun load HOST --user NAME");
	else if (!*o->user)
		snprintf(why, size, "which user? poptun load %.100s --user NAME", o->host);
	else if (o->packets_per_second && !o->seconds)
		snprintf(why, size, "--packets-per-second: for how long? --seconds N");
	else
		return true;
	return false;
}

static void list_options(struct option options[])
{
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		options[count++] = (struct option){
			.name = numbers[i].word, .has_arg = 1, .val = NUMBERS + (int)i};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		options[count++] =
			(struct option){.name = texts[i].word, .has_arg = 1, .val = texts[i].code};
	options[count++] = (struct option){.name = "password", .has_arg = 2, .val = PASSWORD};
	options[count] = (struct option){.name = "help", .val = HELP};
}

bool load_options_parse(int argc, char **argv, struct load_options *o, char *why, size_t size)
{
	struct option options[COUNT_OF(numbers) + COUNT_OF(texts) + 3] = {0};
	int code;
	set_usual(o);
	list_options(options);
	optind = 0; /* getopt(3) begins anew */
	opterr = 0;
	while ((code = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (code == '?') {
			int at = optind > 0 && optind <= argc ? optind - 1 : argc - 1;
			snprintf(why, size,
				 "%.60s: there is no such option, or its value is missing",
				 argv[at]);
			return false;
		}
		if (!take(o, code, optarg, why, size))
			return false;
	}
	if (optind + 1 < argc) {
		snprintf(why, size, "one host is enough: \"%.60s\" is too much", argv[optind + 1]);
		return false;
	}
	if (optind < argc &&
	    (size_t)snprintf(o->host, sizeof(o->host), "%s", argv[optind]) >= sizeof(o->host)) {
		snprintf(why, size, "a host's name has at most %d octets", CONNECT_NAME - 1);
		return false;
	}
	return check(o, why, size);
}

void load_options_help(FILE *to)
{
	char word[48];
	fputs("usage: poptun load HOST --user NAME [OPTION...]\n\n"
	      "Many sessions at once from this one process, with MS-CHAPv2 and MPPE-128, to see "
	      "what a server carries.\nNeeds CAP_NET_RAW and no TUN device. Load your own servers "
	      "only.\n\n",
	      to);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		snprintf(word, sizeof(word), "--%s %s", texts[i].word, texts[i].value);
		fprintf(to, "  %-25s %s\n", word, texts[i].help);
	}
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		snprintf(word, sizeof(word), "--%s N", numbers[i].word);
		fprintf(to, "  %-25s %s (%u)\n", word, numbers[i].help, numbers[i].usual);
	}
	fputs("\nExit status: 0 all sessions came up, 1 not all of them, 2 wrong usage.\n", to);
}
