/* Text for people: tables, numbers with units, and nothing that steers a terminal. */
#pragma once
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Octets that are no printable ASCII become \xhh; blanks stay.
 * Cut to fit, ended by NUL. Returns `to`. */
const char *text_printable(char *to, size_t size, const char *text);

/* "12.3 MB": powers of 1000, so that they compare with
 * what links and providers say. Returns `to`. */
enum { TEXT_AMOUNT = 24 };
const char *text_amount(char to[static TEXT_AMOUNT], double amount, const char *unit);

/* "3 d 04:05:06" or "04:05:06". Returns `to`. */
enum { TEXT_DURATION = 40 };
const char *text_duration(char to[static TEXT_DURATION], uint64_t seconds);

/* A member of an object as text: "" where it is missing, "-" where it is null.
 * Numbers and words alike, printable. Returns `to`. */
const char *text_member(char *to, size_t size, const json_t *object, const char *key);

/* A table: rows of cells, columns as wide as they must be. */
enum { TABLE_CELL = 64, TABLE_COLUMNS = 12 };
struct table_text {
	size_t columns, rows, capacity;
	char (*cells)[TABLE_CELL]; /* owned: rows * columns */
};

/* Begins a row of `columns` empty cells; the caller fills the returned ones. NULL: no memory. */
char (*table_text_row(struct table_text *table))[TABLE_CELL];
void table_text_print(const struct table_text *table, FILE *to);
void table_text_fini(struct table_text *table);
