/*
 * Words as pppd reads them, in options files and secrets: white space between, '#' until the end of
 * the line, '"' and '\'' quote, backslash escapes in and out of quotes (\a \b \f \n \r \t \s \ooo
 * \xhh, backslash-newline is nothing, any other character stands for itself).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { WORD_LIMIT = 1024 }; /* octets with the NUL; what is longer is cut */

struct words {
	const char *next; /* borrowed */
	size_t left;
	unsigned line; /* of *next, from 1 */
	bool begun;    /* words_next was called */
};

struct word {
	/* its first octet in the text, quotes included; it ends at words->next */
	const char *start;
	char text[WORD_LIMIT]; /* ended by NUL; wipe it where it may be a secret */
	size_t length;
	unsigned line;     /* on which it began */
	bool first;        /* of its line; a newline that was quoted or escaped begins none */
	bool was_cut;      /* longer than the limit */
	bool was_unquoted; /* the text ended inside quotes */
	bool has_nul;      /* `text` is cut at a NUL octet in it */
};

struct words words_of(const char *bytes, size_t length);

/* The next word; false at the end of the text. */
bool words_next(struct words *words, struct word *word);
