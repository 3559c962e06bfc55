#include "server/built_in.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/random.h"
#include "base/secret.h"
#include "io/clock.h"
#include "io/netlink.h"

#define STATE_DIRECTORY "/var/lib/poptun"
#define SECRETS         STATE_DIRECTORY "/chap-secrets"
#define USER            "poptun"

/* The first of these /24 networks that the host does not use; the first anyhow where it cannot be
 * asked. */
static const uint32_t networks[] = {0xc0a80a00, 0xc0a86e00, 0x0a5b0000, 0xac1b0a00, 0xc0a8d200};

static uint32_t free_network(void)
{
	struct netlink netlink;
	uint32_t chosen = networks[0];
	if (netlink_open(&netlink))
		return chosen;
	for (size_t i = 0; i < COUNT_OF(networks); i++) {
		if (!netlink_range_is_used(&netlink,
					   (struct address_span){networks[i], networks[i] + 255})) {
			chosen = networks[i];
			break;
		}
	}
	netlink_close(&netlink);
	return chosen;
}

/* 20 characters of an alphabet without look-alikes: more than 110 bits, which MS-CHAPv2 needs more
 * than others. */
static void make_password(char *password, size_t size)
{
	static const char alphabet[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
	enum { LENGTH = 20 };
	struct random random = random_system();
	size_t i = 0;
	for (; i < LENGTH && i + 1 < size; i++)
		password[i] = alphabet[random_below(&random, sizeof(alphabet) - 1)];
	password[i] = 0;
}

static int make_user(struct built_in *built_in, char *why, size_t why_size)
{
	char text[256];
	make_password(built_in->password, sizeof(built_in->password));
	int length = snprintf(text, sizeof(text),
			      "# Made by poptun at its first start without a configuration.\n"
			      "# client	server	secret	IP addresses\n"
			      "%s	*	%s	*\n",
			      USER, built_in->password);
	if (mkdir(STATE_DIRECTORY, 0700) && errno != EEXIST) {
		snprintf(why, why_size, "cannot make %s: %s", STATE_DIRECTORY, strerror(errno));
		return -errno;
	}
	int error = file_replace(SECRETS, text, (size_t)length, 0600);
	secret_wipe(text, sizeof(text));
	if (error)
		snprintf(why, why_size, "cannot write %s: %s", SECRETS, strerror(-error));
	return error;
}

/* The user of an earlier start, if the file is as it was made. */
static bool find_user(struct built_in *built_in)
{
	char *bytes, format[64];
	size_t length;
	if (file_read(SECRETS, &bytes, &length))
		return false;
	bytes[length] = 0;
	snprintf(format, sizeof(format), USER " * %%%zus", sizeof(built_in->password) - 1);
	const char *line = strstr(bytes, "\n" USER);
	bool found = line && sscanf(line + 1, format, built_in->password) == 1;
	secret_wipe(bytes, length);
	free(bytes);
	return found;
}

int built_in_prepare(struct built_in *built_in, const char *conf, char *why, size_t why_size)
{
	*built_in = (struct built_in){.in_use = !conf && access(CONFIG_PPTPD_CONF, F_OK)};
	if (!built_in->in_use)
		return 0;
	char local[ADDRESS_TEXT], first[ADDRESS_TEXT];
	uint32_t network = free_network();
	address_print(network + 1, local);
	address_print(network + 100, first);
	snprintf(built_in->text, sizeof(built_in->text),
		 "localip %s\nremoteip %s-200\nchap-secrets " SECRETS "\n", local, first);
	strcpy(built_in->secrets, SECRETS);
	strcpy(built_in->user, USER);
	return find_user(built_in) ? 0 : make_user(built_in, why, why_size);
}

static int load(void *context, const char *path, char **bytes, size_t *length)
{
	struct built_in *built_in = context;
	if (!built_in->in_use ||
	    (strcmp(path, CONFIG_PPTPD_CONF) && strcmp(path, CONFIG_PPPD_OPTIONS)))
		return built_in->files.load(built_in->files.context, path, bytes, length);
	if (!strcmp(path, CONFIG_PPPD_OPTIONS))
		return -ENOENT; /* of another program's set-up: it says nothing about ours */
	*length = strlen(built_in->text);
	*bytes = strdup(built_in->text);
	return *bytes ? 0 : -ENOMEM;
}

struct config_source built_in_source(struct built_in *built_in, const char *host_name)
{
	struct config_source source = built_in->files = files_source(host_name);
	source.context = built_in;
	source.load = load;
	return source;
}
