#include "io/nftables.h"

#include <errno.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The library ends the whole process where it gets no socket, so we look first. */
static int look_for_netfilter(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
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
	int error = look_for_netfilter();
	struct nft_ctx *context = error ? NULL : nft_ctx_new(NFT_CTX_DEFAULT);
	if (!context) {
		error = error ? error : -ENOMEM;
		snprintf(why, WHY_SIZE, "this kernel offers no netfilter (%s)", strerror(-error));
		return error;
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

int nftables_list(char **json, char why[static WHY_SIZE])
{
	*json = NULL;
	return run("list ruleset", NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_PROTO, json, why);
}
