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
#include "config/secrets.h"
#include "io/clock.h"
#include "io/netlink.h"

#define STATE_DIRECTORY "/var/lib/poptun"
#define USER            "poptun"

/* The first of these /24 networks that the host does not use;
 * the first anyhow where it cannot be asked. */
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

/* 20 characters of an alphabet without look-alikes:
 * more than 110 bits, which MS-CHAPv2 needs more than others. */
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

static int make_user(struct built_in *built_in, const char *directory, char *why, size_t why_size)
{
	char text[256];
	make_password(built_in->password, sizeof(built_in->password));
	int length = snprintf(text, sizeof(text),
			      "# Made by poptun at its first start without a configuration.\n"
			      "# client	server	secret	IP addresses\n"
			      "%s	*	%s	*\n",
			      USER, built_in->password);
	int error = mkdir(directory, 0700) && errno != EEXIST ? -errno : 0;
	if (error)
		snprintf(why, why_size, "cannot make the directory %s: %s", directory,
			 strerror(-error));
	else if ((error = file_replace(built_in->secrets, text, (size_t)length, 0600)))
		snprintf(why, why_size, "cannot write %s: %s", built_in->secrets, strerror(-error));
	secret_wipe(text, sizeof(text));
	strcpy(built_in->user, USER);
	return error;
}

static bool note_password(struct built_in *built_in, const struct secrets *secrets)
{
	const struct secret *secret = secrets_find(secrets, USER, NULL, 0);
	if (!secret || strcmp(secret->client, USER) ||
	    strlen(secret->text) >= sizeof(built_in->password))
		return false;
	strcpy(built_in->password, secret->text);
	return true;
}

/* The user of an earlier start. The file may have become the administrator's own since: what it
 * says stays, also where this user is gone. 0, or -errno: -ENOENT where there is no file. */
static int find_user(struct built_in *built_in)
{
	char *bytes;
	size_t length;
	struct secrets secrets = {0};
	struct complaints complaints = {0};
	const struct config_source none = {.load = NULL};
	int error = file_read(built_in->secrets, &bytes, &length);
	if (error)
		return error;
	secrets_parse(&secrets, &none, built_in->secrets, bytes, length, &complaints);
	if (note_password(built_in, &secrets))
		strcpy(built_in->user, USER);
	secrets_fini(&secrets);
	complaints_fini(&complaints);
	secret_wipe(bytes, length);
	free(bytes);
	return 0;
}

int built_in_prepare(struct built_in *built_in, const char *conf, char *why, size_t why_size)
{
	static const struct built_in_places places = {CONFIG_PPTPD_CONF, STATE_DIRECTORY};
	return built_in_prepare_in(built_in, &places, conf, why, why_size);
}

int built_in_prepare_in(struct built_in *built_in, const struct built_in_places *places,
			const char *conf, char *why, size_t why_size)
{
	*built_in = (struct built_in){.in_use = !conf && access(places->conf, F_OK)};
	if (!built_in->in_use)
		return 0;
	snprintf(built_in->secrets, sizeof(built_in->secrets), "%s/chap-secrets",
		 places->state_directory);
	char local[ADDRESS_TEXT], first[ADDRESS_TEXT];
	uint32_t network = free_network();
	address_print(network + 1, local);
	address_print(network + 100, first);
	snprintf(built_in->text, sizeof(built_in->text),
		 "localip %s\nremoteip %s-200\nchap-secrets %s\n", local, first, built_in->secrets);
	int error = find_user(built_in);
	if (error == -ENOENT)
		return make_user(built_in, places->state_directory, why, why_size);
	if (error)
		snprintf(why, why_size, "cannot read %s: %s", built_in->secrets, strerror(-error));
	return error;
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
