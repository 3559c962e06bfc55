#include "config/words.h"

#include <string.h>

#include "base/base.h"

struct words words_of(const char *bytes, size_t length)
{
	return (struct words){bytes, length, 1};
}

/* The next octet, or -1 at the end. */
static int take(struct words *words)
{
	if (!words->left)
		return -1;
	unsigned char c = (unsigned char)*words->next++;
	words->left--;
	words->line += c == '\n';
	return c;
}

static int look(const struct words *words)
{
	return words->left ? (unsigned char)*words->next : -1;
}

static bool is_white(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_comment(struct words *words)
{
	while (words->left && *words->next != '\n')
		take(words);
}

static void put(struct word *word, int c)
{
	if (word->has_nul)
		return;
	if (!c) {
		word->has_nul = true;
	} else if (word->length + 1 >= WORD_LIMIT) {
		word->was_cut = true;
	} else {
		word->text[word->length++] = (char)c;
	}
}

/* Up to three octal digits, of which `c` is the first; beyond 255 the high bits are lost. */
static int take_octal(struct words *words, int c)
{
	int value = c - '0';
	for (int i = 0; i < 2 && look(words) >= '0' && look(words) <= '7'; i++)
		value = value * 8 + take(words) - '0';
	return value & 0xff;
}

static int digit_of(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Up to two hexadecimal digits; without any, "\x" is an x. */
static int take_hexadecimal(struct words *words)
{
	int value = 0, i = 0;
	for (; i < 2 && digit_of(look(words)) >= 0; i++)
		value = value * 16 + digit_of(take(words));
	return i ? value : 'x';
}

/* Behind a backslash. */
static void take_escape(struct words *words, struct word *word)
{
	static const char letters[] = "abfnrts", meanings[] = "\a\b\f\n\r\t ";
	int c = take(words);
	if (c < 0 || c == '\n')
		return;
	const char *letter = strchr(letters, c);
	if (c >= '0' && c <= '7')
		put(word, take_octal(words, c));
	else if (c == 'x')
		put(word, take_hexadecimal(words));
	else if (c && letter)
		put(word, meanings[letter - letters]);
	else
		put(word, c);
}

/* Skips to the first octet of a word. */
static bool find(struct words *words, struct word *word)
{
	word->first = !words->begun;
	words->begun = true;
	for (;;) {
		int c = look(words);
		if (c < 0)
			return false;
		if (c == '#') {
			skip_comment(words);
		} else if (is_white(c)) {
			word->first |= take(words) == '\n';
		} else if (c == '\\' && words->left > 1 && words->next[1] == '\n') {
			take(words);
			take(words);
		} else {
			return true;
		}
	}
}

bool words_next(struct words *words, struct word *word)
{
	*word = (struct word){0};
	if (!find(words, word))
		return false;
	word->line = words->line;
	word->start = words->next;
	int quote = 0;
	for (;;) {
		int c = look(words);
		if (c < 0 || (!quote && (is_white(c) || c == '#')))
			break;
		take(words);
		if (c == '\\')
			take_escape(words, word);
		else if (quote && c == quote)
			quote = 0;
		else if (!quote && (c == '"' || c == '\''))
			quote = c;
		else
			put(word, c);
	}
	word->text[word->length] = 0;
	word->was_unquoted = quote != 0;
	return true;
}
