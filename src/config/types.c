/* How values are read and printed: one struct setting_type a way. Those with addresses in them are in
 * address_types.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "config/values.h"

static void set_text(struct loading *loading, const struct setting *setting, const char *value)
{
	char **text = place(loading->settings, setting);
	free(*text);
	*text = value ? config_copy(value) : NULL;
}

bool setting_unexpected(struct loading *loading, const struct setting *setting, const char *value)
{
	complain_here(loading, COMPLAINT_ERROR, "%s: found '%s', expected %s", setting->keyword,
		      value, setting->type->expects);
	return false;
}

/* A whole decimal number; pppd takes hexadecimal and octal as well, as C writes them. */
static bool number_parse(const char *text, int base, uint32_t *value)
{
	if (*text < '0' || *text > '9')
		return false;
	char *end;
	unsigned long long wide = strtoull(text, &end, base);
	*value = (uint32_t)wide;
	return !*end && wide <= UINT32_MAX && strlen(text) <= 12;
}

/* Flags. */

static bool take_on(struct loading *loading, const struct setting *setting, const char *value)
{
	*(bool *)place(loading->settings, setting) = true;
	return true;
}

static bool take_off(struct loading *loading, const struct setting *setting, const char *value)
{
	*(bool *)place(loading->settings, setting) = false;
	return true;
}

static void print_flag(const struct setting *setting, const struct settings *settings, char *to,
		       size_t size)
{
	snprintf(to, size, "%s", *(const bool *)place_of(settings, setting) ? "yes" : "no");
}

const struct setting_type type_on = {NULL, take_on, print_flag};
const struct setting_type type_off = {NULL, take_off, NULL};

static bool take_yes_no(struct loading *loading, const struct setting *setting, const char *value)
{
	bool yes = !strcmp(value, "yes") || !strcmp(value, "on");
	if (!yes && strcmp(value, "no") && strcmp(value, "off"))
		return setting_unexpected(loading, setting, value);
	*(bool *)place(loading->settings, setting) = yes;
	return true;
}

const struct setting_type type_yes_no = {"yes or no", take_yes_no, print_flag};

/* Known, without effect here. */

static bool take_nothing(struct loading *loading, const struct setting *setting, const char *value)
{
	return true;
}

const struct setting_type type_nothing = {NULL, take_nothing, NULL};
const struct setting_type type_word = {"a value", take_nothing, NULL};

/* Numbers. */

static bool take_scaled(struct loading *loading, const struct setting *setting, const char *value,
			uint32_t scale)
{
	uint32_t number;
	if (!number_parse(value, setting->file == PPPD_OPTIONS ? 0 : 10, &number))
		return setting_unexpected(loading, setting, value);
	if (number < setting->low || number > setting->high) {
		complain_here(loading, COMPLAINT_ERROR, "%s: found %u, expected %u to %u",
			      setting->keyword, number, setting->low, setting->high);
		return false;
	}
	set_number(loading, setting, number * scale);
	return true;
}

static bool take_number(struct loading *loading, const struct setting *setting, const char *value)
{
	return take_scaled(loading, setting, value, 1);
}

static void print_number(const struct setting *setting, const struct settings *settings, char *to,
			 size_t size)
{
	snprintf(to, size, "%u", number_of(setting, settings));
}

static bool take_seconds(struct loading *loading, const struct setting *setting, const char *value)
{
	return take_scaled(loading, setting, value, 1000);
}

static void print_seconds(const struct setting *setting, const struct settings *settings, char *to,
			  size_t size)
{
	snprintf(to, size, "%u", number_of(setting, settings) / 1000);
}

/* pptpd takes what is not above zero for its default, and so do files that were written for it. */
static bool take_connections(struct loading *loading, const struct setting *setting,
			     const char *value)
{
	loading->said_connections = loading_place(loading);
	if (!strcmp(value, "0") ||
	    (*value == '-' && strspn(value + 1, "0123456789") + 1 == strlen(value))) {
		complain_here(loading, COMPLAINT_WARNING,
			      "connections: found %s, taken for %s as pptpd does", value,
			      setting->fallback);
		value = setting->fallback;
	}
	return take_number(loading, setting, value);
}

const struct setting_type type_number = {"a number", take_number, print_number};
const struct setting_type type_seconds = {"a number of seconds", take_seconds, print_seconds};
const struct setting_type type_connections = {"a number", take_connections, print_number};

static bool take_default_mru(struct loading *loading, const struct setting *setting,
			     const char *value)
{
	loading->settings->mru = 1500;
	return true;
}

const struct setting_type type_default_mru = {NULL, take_default_mru, NULL};

/* Texts. */

static bool take_text(struct loading *loading, const struct setting *setting, const char *value)
{
	set_text(loading, setting, value);
	return true;
}

static void print_text(const struct setting *setting, const struct settings *settings, char *to,
		       size_t size)
{
	char *const *text = place_of(settings, setting);
	snprintf(to, size, "%s", *text ? *text : "");
}

/* The kernel's rule for names of devices (dev_valid_name), at most 15 letters. */
static bool take_interface(struct loading *loading, const struct setting *setting,
			   const char *value)
{
	if (!*value || strlen(value) > 15 || strpbrk(value, "/: \t\n%") || !strcmp(value, ".") ||
	    !strcmp(value, ".."))
		return setting_unexpected(loading, setting, value);
	return take_text(loading, setting, value);
}

/* Where it was said belongs to the complaint about a file that is not there. */
static bool take_option_file(struct loading *loading, const struct setting *setting,
			     const char *value)
{
	loading->said_option = loading_place(loading);
	return take_text(loading, setting, value);
}

const struct setting_type type_option_file = {"the name of a file", take_option_file, print_text};
const struct setting_type type_text = {"a text", take_text, print_text};
const struct setting_type type_interface = {"a device name of 1 to 15 letters", take_interface,
					    print_text};

/* Choices. */

/* In the order of all enums that are printed by these words. */
static const char *const auto_on_off[] = {"auto", "on", "off", NULL};
_Static_assert((int)NAT_AUTO == (int)ECN_AUTO && (int)NAT_ON == (int)ECN_ON &&
		       (int)NAT_OFF == (int)ECN_OFF,
	       "the words have one order");

static const char *const encryption_names[] = {"off", "optional", "required", NULL};

static bool choose(const char *const names[], const char *value, uint32_t *choice)
{
	for (uint32_t i = 0; names[i]; i++)
		if (!strcmp(names[i], value)) {
			*choice = i;
			return true;
		}
	return false;
}

static bool take_auto_on_off(struct loading *loading, const struct setting *setting,
			     const char *value)
{
	uint32_t choice;
	if (!choose(auto_on_off, value, &choice))
		return setting_unexpected(loading, setting, value);
	set_number(loading, setting, choice);
	return true;
}

static void print_auto_on_off(const struct setting *setting, const struct settings *settings,
			      char *to, size_t size)
{
	snprintf(to, size, "%s", auto_on_off[number_of(setting, settings)]);
}

bool config_ecn_parse(const char *text, uint32_t *policy)
{
	return choose(auto_on_off, text, policy);
}

const struct setting_type type_auto_on_off = {"auto, on or off", take_auto_on_off,
					      print_auto_on_off};

static const char *const gre_io_names[] = {"auto", "raw", "packet", NULL};

static bool take_gre_io(struct loading *loading, const struct setting *setting, const char *value)
{
	uint32_t choice;
	if (!choose(gre_io_names, value, &choice))
		return setting_unexpected(loading, setting, value);
	set_number(loading, setting, choice);
	return true;
}

static void print_gre_io(const struct setting *setting, const struct settings *settings, char *to,
			 size_t size)
{
	snprintf(to, size, "%s", gre_io_names[number_of(setting, settings)]);
}

bool config_gre_io_parse(const char *text, uint32_t *policy)
{
	return choose(gre_io_names, text, policy);
}

const struct setting_type type_choice_gre_io = {"auto, raw or packet", take_gre_io, print_gre_io};

/* Judged in finish.c, where pppd's words are known too. */
static bool take_mppe(struct loading *loading, const struct setting *setting, const char *value)
{
	if (!choose(encryption_names, value, &loading->conf_mppe))
		return setting_unexpected(loading, setting, value);
	loading->said_conf_mppe = loading_place(loading);
	return true;
}

static void print_mppe(const struct setting *setting, const struct settings *settings, char *to,
		       size_t size)
{
	snprintf(to, size, "%s", encryption_names[number_of(setting, settings)]);
}

const struct setting_type type_choice_mppe = {"required, optional or off", take_mppe, print_mppe};

static bool take_workers(struct loading *loading, const struct setting *setting, const char *value)
{
	uint32_t number = 0;
	if (strcmp(value, "auto") != 0 &&
	    (!number_parse(value, 10, &number) || number < setting->low || number > setting->high))
		return setting_unexpected(loading, setting, value);
	set_number(loading, setting, number);
	return true;
}

static void print_workers(const struct setting *setting, const struct settings *settings, char *to,
			  size_t size)
{
	uint32_t workers = number_of(setting, settings);
	if (workers)
		snprintf(to, size, "%u", workers);
	else
		snprintf(to, size, "auto");
}

const struct setting_type type_workers = {"auto, or a number from 1 to 64", take_workers,
					  print_workers};

static bool take_mss_clamp(struct loading *loading, const struct setting *setting,
			   const char *value)
{
	uint32_t number;
	if (!strcmp(value, "yes"))
		number = MSS_CLAMP_MTU;
	else if (!strcmp(value, "no"))
		number = MSS_CLAMP_OFF;
	else if (!number_parse(value, 10, &number) || number < setting->low ||
		 number > setting->high)
		return setting_unexpected(loading, setting, value);
	set_number(loading, setting, number);
	return true;
}

static void print_mss_clamp(const struct setting *setting, const struct settings *settings,
			    char *to, size_t size)
{
	uint32_t clamp = number_of(setting, settings);
	if (clamp > MSS_CLAMP_MTU)
		snprintf(to, size, "%u", clamp);
	else
		snprintf(to, size, "%s", clamp ? "yes" : "no");
}

const struct setting_type type_mss_clamp = {"yes, no, or an MSS of 536 to 1460 octets",
					    take_mss_clamp, print_mss_clamp};

/* Of the octet the two low bits are ECN's. Hexadecimal as people write it; no octal. */
bool config_tos_parse(const char *text, uint32_t *tos)
{
	*tos = TOS_COPY;
	if (!strcmp(text, "copy"))
		return true;
	return number_parse(text, strncmp(text, "0x", 2) ? 10 : 16, tos) && *tos <= UINT8_MAX &&
	       !(*tos & ECN_FIELD);
}

static bool take_tos(struct loading *loading, const struct setting *setting, const char *value)
{
	uint32_t number;
	if (!config_tos_parse(value, &number))
		return setting_unexpected(loading, setting, value);
	set_number(loading, setting, number);
	return true;
}

static void print_tos(const struct setting *setting, const struct settings *settings, char *to,
		      size_t size)
{
	uint32_t tos = number_of(setting, settings);
	snprintf(to, size, tos == TOS_COPY ? "copy" : "%#x", tos);
}

const struct setting_type type_tos = {
	"copy, or an octet with the DSCP in its upper six bits and 0 in the others (0xb8)",
	take_tos, print_tos};

static const struct {
	const char *name;
	uint32_t bit;
} bit_names[] = {{"128", ENCRYPTION_128}, {"56", ENCRYPTION_56}, {"40", ENCRYPTION_40}};

static uint32_t bits_named(const char *word, size_t length)
{
	for (size_t i = 0; i < COUNT_OF(bit_names); i++)
		if (strlen(bit_names[i].name) == length &&
		    !strncmp(bit_names[i].name, word, length))
			return bit_names[i].bit;
	return 0;
}

static bool take_bits(struct loading *loading, const struct setting *setting, const char *value)
{
	uint32_t bits = 0;
	for (const char *word = value;; word++) {
		size_t length = strcspn(word, ",");
		uint32_t bit = bits_named(word, length);
		if (!bit)
			return setting_unexpected(loading, setting, value);
		bits |= bit;
		word += length;
		if (!*word)
			break;
	}
	loading->said_bits = loading_place(loading);
	loading->conf_bits = bits;
	return true;
}

static void print_bits(const struct setting *setting, const struct settings *settings, char *to,
		       size_t size)
{
	uint32_t bits = number_of(setting, settings);
	*to = 0;
	for (size_t i = 0; i < COUNT_OF(bit_names); i++)
		if (bits & bit_names[i].bit && strlen(to) + 5 < size)
			strcat(strcat(to, *to ? "," : ""), bit_names[i].name);
}

const struct setting_type type_bits = {"128, 56, 40 or several of them with commas", take_bits,
				       print_bits};
