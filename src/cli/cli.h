/*
 * The command line: one row for each command, one file for each function.
 *
 *   main.c    finds the row, by the word or by the program's name    serve.c  poptun serve
 *
 * Exit status: 0 done, 1 failed, 2 wrong usage.
 */
#pragma once

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
	const char *word;
	const char *summary;               /* one line for `poptun help` */
	int (*run)(int argc, char **argv); /* argv[0] is the word; returns the exit status */
};

extern const struct command commands[]; /* ends with an empty row */

int serve_command(int argc, char **argv);
