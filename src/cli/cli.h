/*
 * The command line: one row for each command, one file for each function.
 *
 *   main.c         finds the row, by the word          serve.c check.c …  one file for each command
 *   pptpd.c        the program under pptpd's name      arguments.h        options and --help
 *   ask.h          the running server, by HTTP         configuration.h    its files
 *   secrets_text.h chap-secrets, edited                text.h             what people read
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
int connect_command(int argc, char **argv);
int load_command(int argc, char **argv);
int status_command(int argc, char **argv);
int sessions_command(int argc, char **argv);
int show_command(int argc, char **argv);
int disconnect_command(int argc, char **argv);
int reload_command(int argc, char **argv);
int user_command(int argc, char **argv);
int check_command(int argc, char **argv);

/* The whole program, where it is called by the name pptpd. */
int pptpd_main(int argc, char **argv);
