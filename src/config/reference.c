/* Writes doc/keywords.md, the reference page, from the table of settings: ./run doc. */
#include <stdio.h>
#include <string.h>

#include "config/setting.h"

/* '|' ends a cell, and '<' begins HTML. */
static void put(const char *text)
{
	for (; *text; text++)
		if (*text == '|' || *text == '<')
			printf("\\%c", *text);
		else
			putchar(*text);
}

static void put_row(const struct setting *row)
{
	printf("| `");
	if (row->letter)
		printf("-%c`, `--", row->letter);
	printf("%s` | ", row->keyword);
	put(row->type->expects ? row->type->expects : "");
	printf(" | ");
	if (row->fallback && row->type->expects)
		printf("`%s`", row->fallback);
	else if (row->fallback)
		put(row->fallback);
	printf(" | ");
	put(row->help);
	printf(" |\n");
}

static void put_obeyed(const struct setting_table *table)
{
	printf("| keyword | value | default | meaning |\n|---|---|---|---|\n");
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].status == OBEYED)
			put_row(&table->rows[i]);
	printf("\n");
}

/* Words with one reason stand in one row. */
static void put_others(const struct setting_table *table, enum setting_status status)
{
	printf("| keyword | reason |\n|---|---|\n");
	for (size_t i = 0; i < table->count; i++) {
		const struct setting *row = &table->rows[i];
		if (row->status != status)
			continue;
		printf("| `%s`", row->keyword);
		for (; i + 1 < table->count && table->rows[i + 1].status == status &&
		       !strcmp(table->rows[i + 1].help, row->help);
		     i++)
			printf(" `%s`", table->rows[i + 1].keyword);
		printf(" | ");
		put(row->help);
		printf(" |\n");
	}
	printf("\n");
}

int main(void)
{
	printf("# Keywords of the configuration\n\n"
	       "Made by `config-reference` out of the table of settings "
	       "in `src/config`; `./run doc` writes it anew.\n\n"
	       "poptun reads the files of pptpd and pppd as they stand: `%s` (or `-c FILE`), the "
	       "options file that it names,\n`%s` before that one (unless `-c` was given, or there "
	       "is no `%s`), and the secrets files.\nEvery keyword of pptpd.conf(5), pptpd(8), "
	       "pppd(8) of 2.4.9 and 2.5, and pppd-radius(8) is below.\nOne that is not is a "
	       "warning with file and line. A wrong value, a missing file or a contradiction is an "
	       "error, and nothing starts.\n\n",
	       CONFIG_PPTPD_CONF, CONFIG_PPPD_OPTIONS, CONFIG_PPTPD_CONF);
	printf("## %s\n\nOne keyword a line, from the first column, its value behind blanks; '#' "
	       "in the first column begins a comment.\n"
	       "Of a keyword that is said twice the first one counts; "
	       "a line that begins with a blank has no effect. Both are warnings.\n"
	       "A list of addresses is `192.168.0.234-238,192.168.0.245`, with one range for an "
	       "octet of each item, or `10.0.0.1-10.0.39.254`.\nWithout that file this is served:\n"
	       "\n```\n%s```\n\n",
	       CONFIG_PPTPD_CONF, config_built_in);
	put_obeyed(&table_pptpd);
	printf("Known, and without effect; the first silently, the others with a warning:\n\n");
	put_others(&table_pptpd, BY_DESIGN);
	put_others(&table_pptpd, WITHOUT);
	printf("## pptpd's arguments\n\nThey stand above the file. `--option FILE`, "
	       "`--option=FILE`, `-o FILE` and `-oFILE` are the same.\n\n");
	put_obeyed(&table_arguments);
	put_others(&table_arguments, BY_DESIGN);
	put_others(&table_arguments, WITHOUT);
	printf("## pppd's options\n\nWords with white space between; later ones stand above "
	       "earlier ones. `#` begins a comment, `\"` and `'` quote, a backslash escapes.\n\n");
	put_obeyed(&table_pppd);
	printf("### Without a meaning here\n\nThere is nothing that they could change. "
	       "Silent.\n\n");
	put_others(&table_without, BY_DESIGN);
	printf("### Of clients\n\nThey speak of a link that one opens, not of one that one serves. "
	       "Silent.\n\n");
	put_others(&table_without, OF_CLIENTS);
	printf("### Without effect\n\npppd would do something that is not done here. A "
	       "warning.\n\n");
	put_others(&table_without, WITHOUT);
	printf("### Refused\n\nWithout them the server would be less safe than was asked for. An "
	       "error.\n\n");
	put_others(&table_without, REFUSED);
	return ferror(stdout) || fflush(stdout);
}
