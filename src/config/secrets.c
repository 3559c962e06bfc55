#include "config/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/base.h"
#include "base/list.h"
#include "base/secret.h"
#include "config/words.h"

enum { HASH_SEED = 0, ADDRESSES_OF_ENTRY = 256 }; /* names in the file are the administrator's */

/* What is being read. */
struct reading {
	struct secrets *secrets;
	const struct config_source *source;
	struct complaints *complaints;
	const char *file;
	unsigned line; /* of the entry */
	bool fine;
};

static void secret_free(struct secret *secret)
{
	if (secret->text)
		secret_wipe(secret->text, strlen(secret->text));
	free(secret->text);
	free(secret->client);
	free(secret->server);
	free(secret->addresses);
	free(secret);
}

void secrets_fini(struct secrets *secrets)
{
	map_fini(&secrets->by_client);
	for (size_t i = 0; i < secrets->count; i++)
		secret_free(secrets->list[i]);
	free(secrets->list);
	free(secrets->wild);
	*secrets = (struct secrets){0};
}

static char *copy(const char *text)
{
	char *copied = strdup(text);
	if (!copied)
		abort();
	return copied;
}

static void append(struct secret ***list, size_t *count, size_t *capacity, struct secret *secret)
{
	if (*count == *capacity) {
		*capacity = *capacity ? 2 * *capacity : 16;
		struct secret **grown = realloc(*list, *capacity * sizeof(struct secret *));
		if (!grown)
			abort();
		*list = grown;
	}
	(*list)[(*count)++] = secret;
}

static uint64_t hash_of(const char *client)
{
	return map_hash_bytes(client, strlen(client), HASH_SEED);
}

static void insert(struct secrets *secrets, struct secret *secret)
{
	secret->place = secrets->count;
	append(&secrets->list, &secrets->count, &secrets->capacity, secret);
	if (!strcmp(secret->client, "*"))
		append(&secrets->wild, &secrets->wild_count, &secrets->wild_capacity, secret);
	else
		map_insert(&secrets->by_client, &secret->by_client, hash_of(secret->client));
}

/* Nothing of an entry is ever shown: any of its words may be a piece of a password. */
static void warn(const struct reading *r, const char *text)
{
	complain(r->complaints, COMPLAINT_WARNING, r->file, r->line, "%s", text);
}

/* "/24" or "/24+" behind an address. */
static bool prefix_parse(const char *text, struct secret_address *address)
{
	char *end;
	if (*text < '0' || *text > '9')
		return false;
	unsigned long prefix = strtoul(text, &end, 10);
	if (prefix > 32 || end - text > 2)
		return false;
	address->prefix = (uint8_t)prefix;
	address->by_unit = *end == '+';
	return !end[address->by_unit];
}

static bool host_parse(const struct reading *r, const char *text, uint32_t *address)
{
	const struct config_source *source = r->source;
	return address_parse(text, address) ||
	       (text[strspn(text, "0123456789.")] && source && source->resolve &&
		source->resolve(source->context, text, address));
}

/* One word of the list, not "-" nor "*". */
static bool address_parse_word(const struct reading *r, const char *word,
			       struct secret_address *address)
{
	char host[256];
	size_t length = strcspn(word, "/");
	address->prefix = 32;
	if (length >= sizeof(host) || (word[length] && !prefix_parse(word + length + 1, address)))
		return false;
	memcpy(host, word, length);
	host[length] = 0;
	if (!host_parse(r, host, &address->network))
		return false;
	address->network &= address_mask(address->prefix);
	return true;
}

static void add_address(struct secret *secret, struct secret_address address)
{
	struct secret_address *grown =
		realloc(secret->addresses, (secret->address_count + 1) * sizeof(*grown));
	if (!grown)
		abort();
	secret->addresses = grown;
	secret->addresses[secret->address_count++] = address;
}

/* One more word of the address list. False: the list ends here. */
static bool take_address(const struct reading *r, struct secret *secret, const char *word)
{
	struct secret_address address = {.refused = *word == '!'};
	if (!strcmp(word, "-"))
		return false;
	if (address.refused)
		word++;
	if (!strcmp(word, "*")) {
		add_address(secret, address);
		return false;
	}
	if (secret->address_count >= ADDRESSES_OF_ENTRY)
		warn(r, "more than 256 addresses in one entry: the rest has no effect");
	else if (address_parse_word(r, word, &address))
		add_address(secret, address);
	else /* which may be the tail of a password with a blank, so it is not shown */
		warn(r, "a word behind the secret has no effect: expected an address, a subnet "
			"a.b.c.d/n, a known host name, - or *");
	return true;
}

/* The first word of the file that "@/file" names. */
static bool load_text(const struct reading *r, struct secret *secret)
{
	char *bytes = NULL;
	size_t length = 0;
	const char *path = secret->text + 1;
	if (!r->source || !r->source->load ||
	    r->source->load(r->source->context, path, &bytes, &length) < 0)
		return false;
	struct words words = words_of(bytes, length);
	struct word word;
	bool found = words_next(&words, &word) && !word.has_nul;
	if (found) {
		free(secret->text);
		secret->text = copy(word.text);
	}
	secret_wipe(&word, sizeof(word));
	if (bytes)
		secret_wipe(bytes, length);
	free(bytes);
	return found;
}

/* The entry is whole: it counts, or a warning says why not. */
static void finish(const struct reading *r, struct secret *secret)
{
	if (!secret->text) {
		warn(r, "the entry has no effect: expected client, server and secret");
		secret_free(secret);
		return;
	}
	if (!strncmp(secret->text, "@/", 2) && !load_text(r, secret)) {
		warn(r,
		     "the entry has no effect: its secret begins with '@/', and the file of that "
		     "name cannot be read");
		secret_free(secret);
		return;
	}
	insert(r->secrets, secret);
}

/* What the next word of an entry is. */
enum part { CLIENT, SERVER, TEXT, ADDRESSES, REST };

static enum part take_word(const struct reading *r, struct secret *secret, enum part part,
			   const struct word *word)
{
	switch (part) {
	case CLIENT:
		secret->client = copy(word->text);
		return SERVER;
	case SERVER:
		secret->server = copy(word->text);
		return TEXT;
	case TEXT:
		secret->text = copy(word->text);
		return ADDRESSES;
	case ADDRESSES:
		if (!strcmp(word->text, "--")) {
			warn(r, "options of single users (behind --) have no effect");
			return REST;
		}
		return take_address(r, secret, word->text) ? ADDRESSES : REST;
	case REST:
		if (!strcmp(word->text, "--"))
			warn(r, "options of single users (behind --) have no effect");
		break;
	}
	return REST;
}

/* False: the word spoils its entry. */
static bool check_word(struct reading *r, const struct word *word)
{
	if (word->was_unquoted) {
		complain(r->complaints, COMPLAINT_ERROR, r->file, word->line,
			 "a quote opens in this word and is never closed");
		return r->fine = false;
	}
	if (word->has_nul)
		warn(r, "a NUL octet in a word: the entry has no effect");
	else if (word->was_cut)
		warn(r, "a word longer than 1023 octets: the entry has no effect");
	return !word->has_nul && !word->was_cut;
}

/* One line: its first word is in hand, and behind it the first of the next one (or none: false). */
static bool read_entry(struct reading *r, struct words *words, struct word *word)
{
	struct secret *secret = calloc(1, sizeof(*secret));
	if (!secret)
		abort();
	enum part part = CLIENT;
	bool spoiled = false, more;
	r->line = secret->line = word->line;
	do {
		if (!check_word(r, word))
			spoiled = true;
		else if (!spoiled)
			part = take_word(r, secret, part, word);
		more = words_next(words, word);
	} while (more && !word->first);
	if (spoiled)
		secret_free(secret);
	else
		finish(r, secret);
	return more;
}

bool secrets_parse(struct secrets *secrets, const struct config_source *source, const char *file,
		   const char *bytes, size_t length, struct complaints *complaints)
{
	struct reading r = {secrets, source, complaints, file, 0, true};
	struct words words = words_of(bytes, length);
	struct word word;
	bool more = words_next(&words, &word);
	while (more)
		more = read_entry(&r, &words, &word);
	secret_wipe(&word, sizeof(word));
	return r.fine;
}

/* 0: does not fit; otherwise one more than pppd's sum. */
static unsigned score(const struct secret *secret, const char *client, const char *const servers[],
		      size_t server_count)
{
	bool wild = !strcmp(secret->client, "*");
	if (!wild && strcmp(secret->client, client))
		return 0;
	unsigned sum = wild ? 1 : 3;
	if (!strcmp(secret->server, "*"))
		return sum;
	for (size_t i = 0; i < server_count; i++)
		if (servers[i] && !strcmp(secret->server, servers[i]))
			return sum + 1;
	return 0;
}

const struct secret *secrets_find(const struct secrets *secrets, const char *client,
				  const char *const servers[], size_t server_count)
{
	const struct secret *best = NULL;
	unsigned most = 0;
	for (struct map_node *node = map_first(&secrets->by_client, hash_of(client)); node;
	     node = map_next(node)) {
		const struct secret *secret = CONTAINER_OF(node, struct secret, by_client);
		unsigned sum = score(secret, client, servers, server_count);
		if (sum > most || (sum && sum == most && secret->place < best->place)) {
			most = sum;
			best = secret;
		}
	}
	/* An exact client always beats a wildcard. Wildcards are kept in the order of the file. */
	for (size_t i = 0; !best && i < secrets->wild_count; i++)
		most = MAX_OF(most, score(secrets->wild[i], client, servers, server_count));
	for (size_t i = 0; !best && most && i < secrets->wild_count; i++)
		if (score(secrets->wild[i], client, servers, server_count) == most)
			best = secrets->wild[i];
	return best;
}

const char *secrets_strip_domain(const char *client)
{
	const char *backslash = strrchr(client, '\\');
	return backslash ? backslash + 1 : client;
}

/* The one address of "/n+", or 0 where the subnet has no place for this unit. */
static uint32_t unit_address(const struct secret_address *address, uint32_t unit)
{
	uint32_t hosts = ~address_mask(address->prefix);
	return unit + 1 < hosts && unit + 1 != 0 ? address->network + unit + 1 : 0;
}

bool secret_allows(const struct secret *secret, uint32_t address, uint32_t unit)
{
	for (size_t i = 0; i < secret->address_count; i++) {
		const struct secret_address *a = &secret->addresses[i];
		bool matches = a->by_unit ? unit_address(a, unit) == address && address
					  : (address & address_mask(a->prefix)) == a->network;
		if (matches)
			return !a->refused;
	}
	return false;
}

uint32_t secret_fixed_address(const struct secret *secret, uint32_t unit)
{
	for (size_t i = 0; i < secret->address_count; i++) {
		const struct secret_address *a = &secret->addresses[i];
		uint32_t address = a->by_unit        ? unit_address(a, unit)
				   : a->prefix == 32 ? a->network
						     : 0;
		if (address && !a->refused && secret_allows(secret, address, unit))
			return address;
	}
	return 0;
}
