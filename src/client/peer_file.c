#include "client/peer_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/secret.h"
#include "config/words.h"

enum { DEPTH_LIMIT = 10, FILES_LIMIT = 100 };

struct reading {
	struct connect_options *options;
	const struct config_source *source;
	struct complaints *complaints;
	const char *file;
	unsigned line, depth, files;
	bool has_require, has_refuse_mppe; /* nomppe */
	uint8_t named, forbidden;          /* key lengths */
};

static bool fail(struct reading *r, const char *what, const char *text)
{
	complain(r->complaints, COMPLAINT_ERROR, r->file, r->line, "%s%s", what, text);
	return false;
}

static bool copy(struct reading *r, char *to, size_t size, const char *text)
{
	if (strlen(text) >= size)
		return fail(r, "this value is too long", "");
	strcpy(to, text);
	return true;
}

/* ---- values ---- */

/* Options of pptp(8) that take a value behind them. */
static bool takes_value(const char *word)
{
	static const char *const words[] = {
		"--phone",  "--quirks",   "--timeout",   "--logstring", "--localbind",
		"--rtmark", "--loglevel", "--test-type", "--test-rate", "--max-echo-wait"};
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

/* "pptp vpn.example.org --nolaunchpppd": the program may stand with its path, the host anywhere
 * behind it. */
static bool take_pty(struct reading *r, const char *command)
{
	struct words words = words_of(command, strlen(command));
	struct word word;
	if (!words_next(&words, &word))
		return fail(r, "pty: expected a call of pptp", "");
	const char *slash = strrchr(word.text, '/');
	if (strcmp(slash ? slash + 1 : word.text, "pptp"))
		return fail(r, "pty: this is no call of pptp: ", word.text);
	while (words_next(&words, &word)) {
		if (takes_value(word.text)) {
			if (!words_next(&words, &word))
				break;
		} else if (word.text[0] != '-') {
			return copy(r, r->options->host, sizeof(r->options->host), word.text);
		}
	}
	return fail(r, "pty: expected the name of the server behind pptp", "");
}

static bool take_number(struct reading *r, const char *value, uint32_t high, uint32_t *number)
{
	size_t digits = strspn(value, "0123456789");
	if (!digits || digits > 9 || value[digits])
		return fail(r, "expected a number, found ", value);
	*number = MIN_OF((uint32_t)strtoul(value, NULL, 10), high);
	return true;
}

static bool take_size(struct reading *r, const char *value, uint16_t *size)
{
	uint32_t number;
	if (!take_number(r, value, 1500, &number))
		return false;
	*size = (uint16_t)MAX_OF(number, 128);
	return true;
}

static bool take_seconds(struct reading *r, const char *value, uint32_t *ms)
{
	uint32_t seconds;
	if (!take_number(r, value, 1000000, &seconds))
		return false;
	*ms = seconds * 1000;
	return true;
}

static bool take_password(struct reading *r, const char *value)
{
	connect_options_fini(r->options);
	r->options->password = strdup(value);
	return r->options->password || fail(r, "out of memory", "");
}

static bool take_unit(struct reading *r, const char *value)
{
	uint32_t number;
	if (!take_number(r, value, 99999, &number))
		return false;
	snprintf(r->options->interface, sizeof(r->options->interface), "ppp%u", number);
	return true;
}

/* The patched pppd's form: "required,stateless,no40,no56". */
static bool take_mppe_words(struct reading *r, const char *value)
{
	r->has_require |= strstr(value, "required") != NULL;
	r->options->mppe_stateless_only |= strstr(value, "stateless") != NULL;
	return true;
}

static bool read_file(struct reading *r, const char *path);

static bool take_call(struct reading *r, const char *name)
{
	char path[512];
	if (name[0] == '/' || !*name || strstr(name, ".."))
		return fail(r, "no name of a peers file: ", name);
	snprintf(path, sizeof(path), "%s%s", PEER_DIRECTORY, name);
	return read_file(r, path);
}

/* ---- words ---- */

enum what {
	WORD_PTY,
	WORD_SERVER,
	WORD_USER,
	WORD_REMOTE_NAME,
	WORD_PASSWORD,
	WORD_IP_PARAM,
	WORD_DNS,
	WORD_DEFAULT_ROUTE,
	WORD_NO_DEFAULT_ROUTE,
	WORD_REQUIRE_MPPE,
	WORD_NO_MPPE,
	WORD_NO_MPPE_SIZE,
	WORD_MPPE_WORDS,
	WORD_STATELESS_ONLY,
	WORD_REFUSE,
	WORD_NO_IPV6,
	WORD_IPV6,
	WORD_MTU,
	WORD_MRU,
	WORD_UNIT,
	WORD_INTERFACE,
	WORD_DEBUG,
	WORD_NO_PERSIST,
	WORD_HOLD_OFF,
	WORD_ECHO_INTERVAL,
	WORD_ECHO_FAILURE,
	WORD_FILE,
	WORD_CALL,
	WORD_IP_UP,
	WORD_IP_DOWN,
};

static const struct row {
	const char *word;
	enum what what;
	uint8_t set; /* of methods, or of key lengths */
} rows[] = {
	{"pty", WORD_PTY, 0},
	{"pptp_server", WORD_SERVER, 0},
	{"name", WORD_USER, 0},
	{"user", WORD_USER, 0},
	{"remotename", WORD_REMOTE_NAME, 0},
	{"password", WORD_PASSWORD, 0},
	{"ipparam", WORD_IP_PARAM, 0},
	{"usepeerdns", WORD_DNS, 0},
	{"defaultroute", WORD_DEFAULT_ROUTE, 0},
	{"replacedefaultroute", WORD_DEFAULT_ROUTE, 0},
	{"nodefaultroute", WORD_NO_DEFAULT_ROUTE, 0},
	{"require-mppe", WORD_REQUIRE_MPPE, 0},
	{"+mppe", WORD_REQUIRE_MPPE, 0},
	{"require-mppe-128", WORD_REQUIRE_MPPE, ENCRYPTION_128},
	{"+mppe-128", WORD_REQUIRE_MPPE, ENCRYPTION_128},
	{"require-mppe-40", WORD_REQUIRE_MPPE, ENCRYPTION_40},
	{"+mppe-40", WORD_REQUIRE_MPPE, ENCRYPTION_40},
	{"nomppe", WORD_NO_MPPE, 0},
	{"-mppe", WORD_NO_MPPE, 0},
	{"noccp", WORD_NO_MPPE, 0},
	{"nomppe-128", WORD_NO_MPPE_SIZE, ENCRYPTION_128},
	{"-mppe-128", WORD_NO_MPPE_SIZE, ENCRYPTION_128},
	{"nomppe-40", WORD_NO_MPPE_SIZE, ENCRYPTION_40},
	{"-mppe-40", WORD_NO_MPPE_SIZE, ENCRYPTION_40},
	{"mppe", WORD_MPPE_WORDS, 0},
	{"nomppe-stateful", WORD_STATELESS_ONLY, 0},
	{"refuse-pap", WORD_REFUSE, AUTH_BIT(AUTH_PAP)},
	{"-pap", WORD_REFUSE, AUTH_BIT(AUTH_PAP)},
	{"refuse-chap", WORD_REFUSE, AUTH_BIT(AUTH_CHAP_MD5)},
	{"-chap", WORD_REFUSE, AUTH_BIT(AUTH_CHAP_MD5)},
	{"refuse-mschap", WORD_REFUSE, AUTH_BIT(AUTH_MSCHAP)},
	{"-mschap", WORD_REFUSE, AUTH_BIT(AUTH_MSCHAP)},
	{"refuse-mschap-v2", WORD_REFUSE, AUTH_BIT(AUTH_MSCHAPV2)},
	{"-mschap-v2", WORD_REFUSE, AUTH_BIT(AUTH_MSCHAPV2)},
	{"noipv6", WORD_NO_IPV6, 0},
	{"-ipv6", WORD_NO_IPV6, 0},
	{"+ipv6", WORD_IPV6, 0},
	{"mtu", WORD_MTU, 0},
	{"mru", WORD_MRU, 0},
	{"unit", WORD_UNIT, 0},
	{"ifname", WORD_INTERFACE, 0},
	{"debug", WORD_DEBUG, 0},
	{"nopersist", WORD_NO_PERSIST, 0},
	{"holdoff", WORD_HOLD_OFF, 0},
	{"lcp-echo-interval", WORD_ECHO_INTERVAL, 0},
	{"lcp-echo-failure", WORD_ECHO_FAILURE, 0},
	{"file", WORD_FILE, 0},
	{"call", WORD_CALL, 0},
	{"ip-up-script", WORD_IP_UP, 0},
	{"ip-down-script", WORD_IP_DOWN, 0},
};

static bool take_text(struct reading *r, enum what what, const char *value)
{
	struct connect_options *o = r->options;
	switch (what) {
	case WORD_PTY:
		return take_pty(r, value);
	case WORD_SERVER:
		return copy(r, o->host, sizeof(o->host), value);
	case WORD_USER:
		return copy(r, o->user, sizeof(o->user), value);
	case WORD_REMOTE_NAME:
		return copy(r, o->remote_name, sizeof(o->remote_name), value);
	case WORD_PASSWORD:
		return take_password(r, value);
	case WORD_IP_PARAM:
		return copy(r, o->ip_param, sizeof(o->ip_param), value);
	case WORD_MPPE_WORDS:
		return take_mppe_words(r, value);
	case WORD_MTU:
		return take_size(r, value, &o->mtu);
	case WORD_MRU:
		return take_size(r, value, &o->mru);
	case WORD_UNIT:
		return take_unit(r, value);
	case WORD_INTERFACE:
		return copy(r, o->interface, sizeof(o->interface), value);
	case WORD_HOLD_OFF:
		return take_seconds(r, value, &o->hold_off_ms);
	case WORD_ECHO_INTERVAL:
		o->echo_said = true;
		return take_seconds(r, value, &o->echo_interval_ms);
	case WORD_ECHO_FAILURE:
		return take_number(r, value, 1000000, &o->echo_failures);
	case WORD_FILE:
		return read_file(r, value);
	case WORD_CALL:
		return take_call(r, value);
	case WORD_IP_UP:
		return copy(r, o->ip_up, sizeof(o->ip_up), value);
	case WORD_IP_DOWN:
		return copy(r, o->ip_down, sizeof(o->ip_down), value);
	default:
		return true;
	}
}

static void take_flag(struct reading *r, const struct row *row)
{
	struct connect_options *o = r->options;
	switch (row->what) {
	case WORD_DNS:
		o->dns = true;
		break;
	case WORD_DEFAULT_ROUTE:
	case WORD_NO_DEFAULT_ROUTE:
		o->default_route = row->what == WORD_DEFAULT_ROUTE;
		break;
	case WORD_REQUIRE_MPPE:
		r->has_require = true;
		r->named |= row->set;
		break;
	case WORD_NO_MPPE:
		r->has_refuse_mppe = true;
		break;
	case WORD_NO_MPPE_SIZE:
		r->forbidden |= row->set;
		break;
	case WORD_STATELESS_ONLY:
		o->mppe_stateless_only = true;
		break;
	case WORD_REFUSE:
		o->refused |= row->set;
		break;
	case WORD_NO_IPV6:
	case WORD_IPV6:
		o->ipv6 = row->what == WORD_IPV6;
		break;
	case WORD_DEBUG:
		o->verbose = true;
		break;
	case WORD_NO_PERSIST:
		o->once = true;
		break;
	default:
		break;
	}
}

static const struct row *row_of(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (!strcmp(word, rows[i].word))
			return &rows[i];
	return NULL;
}

/* One option, with the value behind it. */
static bool take(struct reading *r, struct words *words, struct word *word)
{
	int values = config_option_values(word->text);
	const struct row *row = row_of(word->text);
	r->line = word->line;
	if (!strcmp(word->text, "pptp_server"))
		values = 1; /* of pppd's plugin pptp.so */
	if (values < 0) {
		complain(r->complaints, COMPLAINT_WARNING, r->file, r->line,
			 "this is no option of pppd, and has no effect");
		do /* its value may stand behind it, and be a password */
			if (!words_next(words, word))
				return true;
		while (!word->first);
		return take(r, words, word);
	}
	if (values && !words_next(words, word))
		return fail(r, "the file ends where a value was expected", "");
	if (word->was_unquoted)
		return fail(r, "a quote opens in this word and is never closed", "");
	if (row && values)
		return take_text(r, row->what, word->text);
	if (row)
		take_flag(r, row);
	return true;
}

static bool parse(struct reading *r, const char *bytes, size_t length)
{
	struct words words = words_of(bytes, length);
	struct word word;
	bool fine = true;
	while (words_next(&words, &word))
		fine &= take(r, &words, &word);
	secret_wipe(&word, sizeof(word));
	return fine;
}

static bool read_file(struct reading *r, const char *path)
{
	char kept[512], *bytes = NULL;
	const char *file = r->file;
	size_t length = 0;
	unsigned line = r->line;
	snprintf(kept, sizeof(kept), "%s", path); /* `path` lies in the word that is read over */
	if (r->depth >= DEPTH_LIMIT || r->files++ >= FILES_LIMIT)
		return fail(r, "files name each other without end: ", kept);
	int error = r->source->load(r->source->context, kept, &bytes, &length);
	if (error) {
		complain(r->complaints, COMPLAINT_ERROR, r->file, r->line, "%s cannot be read: %s",
			 kept, strerror(-error));
		return false;
	}
	r->depth++;
	r->file = kept;
	bool fine = parse(r, bytes, length);
	r->depth--;
	r->file = file;
	r->line = line;
	secret_wipe(bytes, length);
	free(bytes);
	return fine;
}

/* Without a word about encryption pppd asks for none and takes none; we still ask. */
static void finish(struct reading *r)
{
	struct connect_options *o = r->options;
	uint8_t sizes = r->named ? r->named : ENCRYPTION_128;
	o->mppe_said = true;
	o->mppe = r->has_require       ? ENCRYPTION_REQUIRED
		  : r->has_refuse_mppe ? ENCRYPTION_OFF
				       : ENCRYPTION_OPTIONAL;
	o->mppe_sizes = o->mppe == ENCRYPTION_OFF ? 0 : (uint8_t)(sizes & ~r->forbidden);
	if (o->mppe != ENCRYPTION_OFF && !o->mppe_sizes)
		o->mppe_sizes = ENCRYPTION_40 & ~r->forbidden;
}

bool peer_file_read(struct connect_options *options, const struct config_source *source,
		    const char *name, struct complaints *complaints)
{
	struct reading r = {.options = options, .source = source, .complaints = complaints};
	bool fine = take_call(&r, name);
	if (fine && !*options->remote_name)
		snprintf(options->remote_name, sizeof(options->remote_name), "%s", name);
	finish(&r);
	return fine;
}
