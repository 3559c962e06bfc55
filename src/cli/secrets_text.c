#include "cli/secrets_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/secret.h"
#include "config/words.h"

enum { NAME_LIMIT = 255, QUOTED = 4 * WORD_LIMIT + 3, ADDRESSES_TEXT = 1024 };

/* One entry: its words, and where it lies in the text. */
struct entry {
	char client[WORD_LIMIT], server[WORD_LIMIT];
	char addresses[ADDRESSES_TEXT];
	const char *start, *end;               /* of the whole */
	const char *secret_start, *secret_end; /* of the third word */
	bool is_file;                          /* the secret is "@/…": it stands elsewhere */
	unsigned line, words;
};

struct entries {
	const char *bytes;
	size_t length;
	struct words words;
	struct word word; /* the first of the next entry, if `has_word` */
	bool has_word, fine;
	char *why;
	size_t why_size;
};

static void take_word(struct entry *entry, const struct word *word, const char *end)
{
	size_t used = strlen(entry->addresses);
	switch (entry->words++) {
	case 0:
		strcpy(entry->client, word->text);
		break;
	case 1:
		strcpy(entry->server, word->text);
		break;
	case 2:
		entry->secret_start = word->start;
		entry->secret_end = end;
		entry->is_file = !strncmp(word->text, "@/", 2);
		break;
	default:
		snprintf(entry->addresses + used, sizeof(entry->addresses) - used, "%s%s",
			 used ? " " : "", word->text);
		break;
	}
	entry->end = end;
}

static void step(struct entries *entries)
{
	entries->has_word = words_next(&entries->words, &entries->word);
	if (!entries->has_word || !entries->word.was_unquoted)
		return;
	snprintf(entries->why, entries->why_size, "line %u: a quote opens here and is never closed",
		 entries->word.line);
	entries->fine = entries->has_word = false;
}

static struct entries entries_of(const char *bytes, size_t length, char *why, size_t why_size)
{
	struct entries entries = {.bytes = bytes,
				  .length = length,
				  .words = words_of(bytes, length),
				  .fine = true,
				  .why_size = why_size};
	entries.why = why;
	step(&entries);
	return entries;
}

/* The next entry; false at the end, or where the text is spoiled (then not `fine`). */
static bool entries_next(struct entries *entries, struct entry *entry)
{
	*entry = (struct entry){0};
	if (!entries->has_word)
		return false;
	entry->start = entries->word.start;
	entry->line = entries->word.line;
	do {
		take_word(entry, &entries->word, entries->words.next);
		step(entries);
	} while (entries->has_word && !entries->word.first);
	return entries->fine;
}

/* Wipes the word in hand, which may be a secret. */
static bool entries_fini(struct entries *entries)
{
	secret_wipe(&entries->word, sizeof(entries->word));
	return entries->fine;
}

static bool is_meant(const struct entry *entry, struct secrets_whom whom)
{
	return !strcmp(entry->client, whom.client) &&
	       (!whom.server || !strcmp(entry->server, whom.server));
}

void secrets_text_fini(struct secrets_text *text)
{
	if (text->bytes)
		secret_wipe(text->bytes, text->length);
	free(text->bytes);
	*text = (struct secrets_text){0};
}

/* Room for all that may be put: nothing is ever copied
 * to a larger place, so nothing is left unwiped. */
static bool begin(struct secrets_text *out, size_t capacity)
{
	out->bytes = malloc(capacity + 1);
	out->length = 0;
	return out->bytes != NULL;
}

static void put(struct secrets_text *out, const char *bytes, size_t length)
{
	memcpy(out->bytes + out->length, bytes, length);
	out->length += length;
	out->bytes[out->length] = 0;
}

static int no_memory(char *why, size_t why_size)
{
	snprintf(why, why_size, "out of memory");
	return -1;
}

bool secrets_text_quote(char *to, size_t size, const char *word)
{
	size_t used = 0;
	bool plain = *word != 0;
	for (const char *c = word; *c; c++)
		plain &= (unsigned char)*c > ' ' && *c != 127 && !strchr("#\"'\\", *c);
	if (plain)
		return (size_t)snprintf(to, size, "%s", word) < size;
	if (size < 3)
		return false;
	to[used++] = '"';
	for (; *word; word++) {
		unsigned char c = (unsigned char)*word;
		if (used + 6 > size) /* this one, the quote and the NUL */
			return false;
		if (c < ' ' || c == 127)
			used += (size_t)snprintf(to + used, size - used, "\\%03o", c);
		else if (c == '"' || c == '\\')
			used += (size_t)snprintf(to + used, size - used, "\\%c", c);
		else
			to[used++] = (char)c;
	}
	to[used++] = '"';
	to[used] = 0;
	return true;
}

static bool is_fit(const char *what, const char *word, size_t limit, char *why, size_t why_size)
{
	if (strlen(word) <= limit && *word)
		return true;
	snprintf(why, why_size, "the %s must have 1 to %zu octets", what, limit);
	return false;
}

static bool secret_is_fit(const char *secret, char *why, size_t why_size)
{
	if (!is_fit("password", secret, NAME_LIMIT, why, why_size))
		return false;
	if (strncmp(secret, "@/", 2) != 0)
		return true;
	snprintf(why, why_size, "a password that begins with @/ would be read as a file's name");
	return false;
}

static bool may_add(const char *bytes, size_t length, struct secrets_whom whom, char *why,
		    size_t why_size)
{
	struct entries entries = entries_of(bytes, length, why, why_size);
	struct entry entry;
	bool found = false;
	while (!found && entries_next(&entries, &entry))
		found = is_meant(&entry, whom);
	if (found)
		snprintf(why, why_size,
			 "line %u has %s already: `poptun user passwd` changes the password",
			 entry.line, whom.client);
	return entries_fini(&entries) && !found;
}

/* One more line: the four words, tabs between. */
static bool put_entry(struct secrets_text *out, struct secrets_whom whom, const char *secret,
		      char *const *addresses)
{
	static char none[] = "*", *const any[] = {none, NULL};
	const char *const words[] = {whom.client, whom.server, secret};
	char quoted[QUOTED];
	bool fits = true;
	for (size_t i = 0; i < COUNT_OF(words) && fits; i++) {
		fits = secrets_text_quote(quoted, sizeof(quoted), words[i]);
		put(out, quoted, fits ? strlen(quoted) : 0);
		put(out, "\t", 1);
	}
	addresses = *addresses ? addresses : any;
	for (size_t i = 0; addresses[i] && fits; i++) {
		put(out, " ", i ? 1 : 0);
		fits = secrets_text_quote(quoted, sizeof(quoted), addresses[i]);
		put(out, quoted, fits ? strlen(quoted) : 0);
	}
	put(out, "\n", 1);
	secret_wipe(quoted, sizeof(quoted));
	return fits;
}

/* Is the new entry one of its own? Behind a comment or a backslash
 * at the end of the old text it would not be. */
static bool is_read(const struct secrets_text *text, struct secrets_whom whom)
{
	char why[128];
	struct entries entries = entries_of(text->bytes, text->length, why, sizeof(why));
	struct entry entry;
	bool found = false;
	while (!found && entries_next(&entries, &entry))
		found = is_meant(&entry, whom) && entry.words >= 4;
	entries_fini(&entries);
	return found;
}

int secrets_text_add(const char *bytes, size_t length, struct secrets_whom whom, const char *secret,
		     char *const *addresses, struct secrets_text *out, char *why, size_t why_size)
{
	static const char newlines[] = "\n\n";
	size_t room = 3 * (size_t)QUOTED + 8;
	*out = (struct secrets_text){0};
	if (!is_fit("user's name", whom.client, NAME_LIMIT, why, why_size) ||
	    !is_fit("server's name", whom.server, NAME_LIMIT, why, why_size) ||
	    !secret_is_fit(secret, why, why_size) || !may_add(bytes, length, whom, why, why_size))
		return -1;
	for (size_t i = 0; addresses[i]; i++)
		room += 4 * strlen(addresses[i]) + 4;
	for (size_t more = length && bytes[length - 1] != '\n'; more <= 2; more++) {
		if (!begin(out, length + room))
			return no_memory(why, why_size);
		put(out, bytes, length);
		put(out, newlines, more);
		if (put_entry(out, whom, secret, addresses) && is_read(out, whom))
			return 1;
		secrets_text_fini(out);
	}
	snprintf(why, why_size, "the entry cannot be written so that it would be read again");
	return -1;
}

/* From the beginning of the entry's first line to behind the end of its last. */
static void widen(const struct entries *entries, struct entry *entry)
{
	const char *end = entries->bytes + entries->length;
	while (entry->start > entries->bytes && entry->start[-1] != '\n')
		entry->start--;
	while (entry->end < end && *entry->end++ != '\n')
		continue;
}

int secrets_text_remove(const char *bytes, size_t length, struct secrets_whom whom,
			struct secrets_text *out, char *why, size_t why_size)
{
	struct entries entries = entries_of(bytes, length, why, why_size);
	struct entry entry;
	const char *kept = bytes;
	int count = 0;
	if (!begin(out, length))
		return no_memory(why, why_size);
	while (entries_next(&entries, &entry)) {
		if (!is_meant(&entry, whom))
			continue;
		widen(&entries, &entry);
		put(out, kept, (size_t)(entry.start - kept));
		kept = entry.end;
		count++;
	}
	put(out, kept, length - (size_t)(kept - bytes));
	if (entries_fini(&entries))
		return count;
	secrets_text_fini(out);
	return -1;
}

int secrets_text_change(const char *bytes, size_t length, struct secrets_whom whom,
			const char *secret, struct secrets_text *out, char *why, size_t why_size)
{
	char quoted[QUOTED];
	struct entry entry;
	const char *kept = bytes;
	int count = 0;
	*out = (struct secrets_text){0};
	if (!secret_is_fit(secret, why, why_size))
		return -1;
	struct entries entries = entries_of(bytes, length, why, why_size);
	bool fine = secrets_text_quote(quoted, sizeof(quoted), secret);
	/* An entry has three words of at least one octet: there are at most so many to change. */
	if (!begin(out, length + (length / 6 + 1) * (fine ? strlen(quoted) : 0)))
		return no_memory(why, why_size);
	while (fine && entries_next(&entries, &entry)) {
		if (!is_meant(&entry, whom) || entry.words < 3)
			continue;
		fine = !entry.is_file;
		if (!fine)
			snprintf(why, why_size,
				 "line %u: the password of %s stands in a file of its own (@/…): "
				 "change it there",
				 entry.line, whom.client);
		put(out, kept, (size_t)(entry.secret_start - kept));
		put(out, quoted, strlen(quoted));
		kept = entry.secret_end;
		count++;
	}
	put(out, kept, length - (size_t)(kept - bytes));
	secret_wipe(quoted, sizeof(quoted));
	if (entries_fini(&entries) && fine)
		return count;
	secrets_text_fini(out);
	return -1;
}

int secrets_text_list(const char *bytes, size_t length,
		      void (*each)(void *context, const char *client, const char *server,
				   const char *addresses),
		      void *context, char *why, size_t why_size)
{
	struct entries entries = entries_of(bytes, length, why, why_size);
	struct entry entry;
	int count = 0;
	for (; entries_next(&entries, &entry); count++)
		each(context, entry.client, entry.server, entry.addresses);
	return entries_fini(&entries) ? count : -1;
}
