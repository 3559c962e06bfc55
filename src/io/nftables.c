#include "io/nftables.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <nftables/libnftables.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "io/netlink_request.h"

/*
 * Asks nf_tables for the number of its generation. The library ends the whole process where it gets
 * no socket, and prints where it may not ask, so we look first.
 */
static int look_for_nftables(void)
{
	return netlink_ask_nftables(NFT_MSG_GETGEN, NLM_F_ACK, NULL, NULL);
}

static void explain_refusal(int error, char why[static WHY_SIZE])
{
	if (error == -EPERM)
		snprintf(why, WHY_SIZE, "CAP_NET_ADMIN is missing");
	else
		snprintf(why, WHY_SIZE, "this kernel has no nf_tables (%s)", strerror(-error));
}

/* The first line of what the library complained of, without its place in our text. */
static void explain(const char *complaint, char why[static WHY_SIZE])
{
	const char *from = strstr(complaint, "Error: ");
	from = from ? from + strlen("Error: ") : complaint;
	int length = (int)strcspn(from, "\n");
	snprintf(why, WHY_SIZE, "%.*s", length, length ? from : "libnftables gave no reason");
}

static int reason_of(const char *complaint)
{
	static const int usual[] = {EPERM, EOPNOTSUPP, ENOENT, EBUSY, EEXIST, ENOMEM, ENOBUFS};
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (strstr(complaint, strerror(usual[i])))
			return -usual[i];
	return -EIO;
}

/* Without output the caller wants none. */
static int run(const char *commands, unsigned flags, char **output, char why[static WHY_SIZE])
{
	int error = look_for_nftables();
	if (error) {
		explain_refusal(error, why);
		return error;
	}
	struct nft_ctx *context = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!context) {
		snprintf(why, WHY_SIZE, "out of memory");
		return -ENOMEM;
	}
	nft_ctx_output_set_flags(context, flags);
	if (nft_ctx_buffer_output(context) || nft_ctx_buffer_error(context))
		error = -ENOMEM;
	else if (nft_run_cmd_from_buffer(context, commands)) {
		error = reason_of(nft_ctx_get_error_buffer(context));
		explain(nft_ctx_get_error_buffer(context), why);
	} else if (output && !(*output = strdup(nft_ctx_get_output_buffer(context))))
		error = -ENOMEM;
	if (error == -ENOMEM)
		snprintf(why, WHY_SIZE, "out of memory");
	nft_ctx_free(context);
	return error;
}

int nftables_run(const char *commands, char why[static WHY_SIZE])
{
	return run(commands, 0, NULL, why);
}

int nftables_json(const char *commands, char **json, char why[static WHY_SIZE])
{
	*json = NULL;
	return run(commands, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_PROTO, json, why);
}
