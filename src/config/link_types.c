/* How pppd's words for authentication, encryption, names and scripts are read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/setting.h"

/* Whom we ask for what. Of require-X and refuse-X the later one counts. */

static bool take_demand(struct loading *loading, const struct setting *setting, const char *value)
{
	auth_methods bit = AUTH_BIT(setting->low);
	loading->required |= bit;
	loading->refused &= (auth_methods)~bit;
	loading->said_demand = loading_place(loading);
	return true;
}

static bool take_refuse(struct loading *loading, const struct setting *setting, const char *value)
{
	auth_methods bit = AUTH_BIT(setting->low);
	loading->refused |= bit;
	loading->required &= (auth_methods)~bit;
	if (!loading->said_demand.said)
		loading->said_demand = loading_place(loading);
	return true;
}

static bool take_noauth(struct loading *loading, const struct setting *setting, const char *value)
{
	loading->said_noauth = loading_place(loading);
	return true;
}

static bool take_auth(struct loading *loading, const struct setting *setting, const char *value)
{
	loading->said_noauth = (struct place){0};
	return true;
}

const struct setting_type type_demand = {NULL, take_demand, NULL};
const struct setting_type type_refuse = {NULL, take_refuse, NULL};
const struct setting_type type_noauth = {NULL, take_noauth, NULL};
const struct setting_type type_auth = {NULL, take_auth, NULL};

/* Encryption. */

static bool take_require_mppe(struct loading *loading, const struct setting *setting,
			      const char *value)
{
	loading->settings->mppe = ENCRYPTION_REQUIRED;
	loading->bits |= setting->low;
	loading->no_bits &= ~setting->low;
	loading->said_mppe = loading_place(loading);
	return true;
}

static bool take_no_mppe(struct loading *loading, const struct setting *setting, const char *value)
{
	loading->settings->mppe = ENCRYPTION_OFF;
	loading->said_mppe = loading_place(loading);
	return true;
}

static bool take_no_ccp(struct loading *loading, const struct setting *setting, const char *value)
{
	complain_here(loading, COMPLAINT_WARNING,
		      "without CCP there is no encryption: %s is nomppe", setting->keyword);
	return take_no_mppe(loading, setting, value);
}

static bool take_no_bits(struct loading *loading, const struct setting *setting, const char *value)
{
	loading->no_bits |= setting->low;
	loading->bits &= ~setting->low;
	return true;
}

const struct setting_type type_require_mppe = {NULL, take_require_mppe, NULL};
const struct setting_type type_no_mppe = {NULL, take_no_mppe, NULL};
const struct setting_type type_no_ccp = {NULL, take_no_ccp, NULL};
const struct setting_type type_no_bits = {NULL, take_no_bits, NULL};

/* The words of "mppe required,stateless,no40", which a patch of old gave to pppd. */
static bool take_mppe_word(struct loading *loading, const char *word)
{
	static const struct {
		const char *word;
		uint32_t bits, no_bits;
	} lengths[] = {
		{"40", ENCRYPTION_40, 0},   {"56", ENCRYPTION_56, 0},
		{"128", ENCRYPTION_128, 0}, {"no40", 0, ENCRYPTION_40},
		{"no56", 0, ENCRYPTION_56}, {"no128", 0, ENCRYPTION_128},
	};
	struct settings *s = loading->settings;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		if (!strcmp(word, lengths[i].word)) {
			loading->bits = (loading->bits | lengths[i].bits) & ~lengths[i].no_bits;
			loading->no_bits =
				(loading->no_bits | lengths[i].no_bits) & ~lengths[i].bits;
			return true;
		}
	if (!strcmp(word, "required"))
		s->mppe = ENCRYPTION_REQUIRED;
	else if (!strcmp(word, "optional"))
		s->mppe = ENCRYPTION_OPTIONAL;
	else if (!strcmp(word, "stateless"))
		s->mppe_stateful = false;
	else if (!strcmp(word, "stateful"))
		s->mppe_stateful = true;
	else
		return false;
	return true;
}

static bool take_mppe_words(struct loading *loading, const struct setting *setting,
			    const char *value)
{
	loading->said_mppe = loading_place(loading);
	complain_here(
		loading, COMPLAINT_WARNING,
		"'mppe %s' is a form of patched pppds; understood, but require-mppe-128 is the "
		"word of pppd(8)",
		value);
	while (*value) {
		char word[16];
		size_t length = strcspn(value, ",");
		snprintf(word, sizeof(word), "%.*s", (int)(length < 15 ? length : 15), value);
		if (length && !take_mppe_word(loading, word)) {
			complain_here(loading, COMPLAINT_ERROR, "mppe: found '%s', expected %s",
				      word, setting->type->expects);
			return false;
		}
		value += length + (value[length] == ',');
	}
	return true;
}

const struct setting_type type_mppe_words = {
	"words out of required, optional, stateless, stateful, 40, 56, 128, no40, no56, no128",
	take_mppe_words, NULL};

/* Our name. */

static bool take_name(struct loading *loading, const struct setting *setting, const char *value)
{
	struct settings *s = loading->settings;
	if (!*value || strlen(value) > 255) {
		complain_here(loading, COMPLAINT_ERROR, "name: expected 1 to 255 letters");
		return false;
	}
	free(s->name);
	s->name = config_copy(value);
	return true;
}

static void print_name(const struct setting *setting, const struct settings *settings, char *to,
		       size_t size)
{
	snprintf(to, size, "%s", settings->name);
}

static bool take_domain(struct loading *loading, const struct setting *setting, const char *value)
{
	free(loading->domain);
	loading->domain = config_copy(value);
	return true;
}

static bool take_use_host_name(struct loading *loading, const struct setting *setting,
			       const char *value)
{
	loading->use_host_name = true;
	return true;
}

const struct setting_type type_name = {"a name", take_name, print_name};
const struct setting_type type_domain = {"a domain", take_domain, NULL};
const struct setting_type type_use_host_name = {NULL, take_use_host_name, NULL};

/* The scripts' environment: lines "NAME=VALUE". */

static void unset(struct settings *s, const char *name, size_t length)
{
	char *from = s->environment, *to = from;
	while (from && *from) {
		size_t line = strcspn(from, "\n") + 1;
		if (strncmp(from, name, length) || from[length] != '=') {
			memmove(to, from, line);
			to += line;
		}
		from += line;
	}
	if (to)
		*to = 0;
}

static bool take_set(struct loading *loading, const struct setting *setting, const char *value)
{
	struct settings *s = loading->settings;
	size_t name = strcspn(value, "=");
	if (!name || !value[name] || strchr(value, '\n')) {
		complain_here(loading, COMPLAINT_ERROR, "set: found '%s', expected %s", value,
			      setting->type->expects);
		return false;
	}
	unset(s, value, name);
	size_t old = s->environment ? strlen(s->environment) : 0;
	char *grown = realloc(s->environment, old + strlen(value) + 2);
	if (!grown)
		abort();
	sprintf(grown + old, "%s\n", value);
	s->environment = grown;
	return true;
}

static bool take_unset(struct loading *loading, const struct setting *setting, const char *value)
{
	unset(loading->settings, value, strlen(value));
	return true;
}

const struct setting_type type_set = {"NAME=VALUE on one line", take_set, NULL};
const struct setting_type type_unset = {"a name", take_unset, NULL};

/* Includes. */

static bool take_file(struct loading *loading, const struct setting *setting, const char *value)
{
	return options_load(loading, value, false);
}

static bool take_call(struct loading *loading, const struct setting *setting, const char *value)
{
	char path[512];
	bool climbs = !strcmp(value, "..") || !strncmp(value, "../", 3) || strstr(value, "/../") ||
		      (strlen(value) > 2 && !strcmp(value + strlen(value) - 3, "/.."));
	if (!*value || *value == '/' || climbs || strlen(value) > 400) {
		complain_here(loading, COMPLAINT_ERROR, "call: found '%s', expected %s", value,
			      setting->type->expects);
		return false;
	}
	snprintf(path, sizeof(path), "/etc/ppp/peers/%s", value);
	return options_load(loading, path, false);
}

const struct setting_type type_file = {"a file with further options", take_file, NULL};
const struct setting_type type_call = {"the name of a file in /etc/ppp/peers, without '..'",
				       take_call, NULL};
