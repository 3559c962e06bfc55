#include "server/keeper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/share.h"
#include "config/secrets.h"
#include "io/files.h"

struct secrets_file {
	char name[256];
	char *bytes; /* owned */
	size_t length;
};

static void forget_files(struct keeper *keeper)
{
	for (size_t i = 0; i < keeper->file_count; i++) {
		secret_wipe(keeper->files[i].bytes, keeper->files[i].length);
		free(keeper->files[i].bytes);
	}
	free(keeper->files);
	keeper->files = NULL;
	keeper->file_count = keeper->file_at = keeper->octet_at = 0;
}

static bool has_file(const struct keeper *keeper, const char *name)
{
	for (size_t i = 0; i < keeper->file_count; i++)
		if (!strcmp(keeper->files[i].name, name))
			return true;
	return false;
}

/* Reads a file and notes a copy of it for the authority. */
static int load(void *context, const char *path, char **bytes, size_t *length)
{
	struct keeper *keeper = context;
	int error = file_read(path, bytes, length);
	if (error || has_file(keeper, path))
		return error;
	struct secrets_file *files =
		realloc(keeper->files, (keeper->file_count + 1) * sizeof(*files));
	char *copy = malloc(*length + 1);
	if (files)
		keeper->files = files;
	if (!files || !copy || strlen(path) >= sizeof(files->name)) {
		free(copy);
		return 0; /* the authority will miss it, and say so */
	}
	struct secrets_file *file = &files[keeper->file_count++];
	*file = (struct secrets_file){.bytes = copy, .length = *length};
	strcpy(file->name, path);
	memcpy(copy, *bytes, *length);
	return 0;
}

/* Reads one secrets file for the sake of the files that it names;
 * the authority reads it in earnest. */
static int gather(struct keeper *keeper, const char *path)
{
	const struct config_source source = {.context = keeper, .load = load};
	struct secrets secrets = {0};
	struct complaints complaints = {0};
	char *bytes;
	size_t length;
	int error = load(keeper, path, &bytes, &length);
	if (error)
		return error;
	secrets_parse(&secrets, &source, path, bytes, length, &complaints);
	secrets_fini(&secrets);
	complaints_fini(&complaints);
	secret_wipe(bytes, length);
	free(bytes);
	return 0;
}

/* Sends portions until the seam is full; its emptiness calls again. */
static void send_on(void *context)
{
	struct keeper *keeper = context;
	static struct message_secrets_file portion; /* too large for a stack; wiped below */
	while (keeper->file_at < keeper->file_count && !seam_is_waiting(&keeper->authority->seam)) {
		const struct secrets_file *file = &keeper->files[keeper->file_at];
		size_t part = MIN_OF(file->length - keeper->octet_at, sizeof(portion.part.bytes));
		memcpy(portion.name, file->name, sizeof(portion.name));
		memcpy(portion.part.bytes, file->bytes + keeper->octet_at, part);
		portion.part.length = (uint16_t)part;
		portion.first = keeper->file_at == 0 && keeper->octet_at == 0;
		if (seam_end_send(keeper->authority, MESSAGE_SECRETS_FILE, &portion)) {
			log_error("secrets: the registrar takes no more of them");
			forget_files(keeper);
		} else if ((keeper->octet_at += part) == file->length) {
			keeper->octet_at = 0;
			keeper->file_at++;
		}
	}
	secret_wipe(&portion, sizeof(portion));
	if (keeper->file_count && keeper->file_at == keeper->file_count) {
		struct message_secrets_end end = {0};
		memcpy(end.chap, keeper->settings->chap_secrets,
		       strnlen(keeper->settings->chap_secrets, sizeof(end.chap) - 1));
		if (keeper->settings->pap_secrets &&
		    has_file(keeper, keeper->settings->pap_secrets))
			memcpy(end.pap, keeper->settings->pap_secrets,
			       strnlen(keeper->settings->pap_secrets, sizeof(end.pap) - 1));
		seam_end_send(keeper->authority, MESSAGE_SECRETS_END, &end);
		forget_files(keeper);
	}
}

int keeper_send_secrets(struct keeper *keeper)
{
	const struct settings *settings = keeper->settings;
	forget_files(keeper);
	int error = gather(keeper, settings->chap_secrets);
	if (error) {
		log_error("secrets: %s cannot be read: %s", settings->chap_secrets,
			  strerror(-error));
		forget_files(keeper);
		return error;
	}
	error = settings->pap_secrets ? gather(keeper, settings->pap_secrets) : 0;
	if (error && error != -ENOENT) { /* half of the users would be all of them */
		log_error("secrets: %s cannot be read: %s", settings->pap_secrets,
			  strerror(-error));
		forget_files(keeper);
		return error;
	}
	send_on(keeper);
	return 0;
}

static void on_secrets_changed(void *context)
{
	struct keeper *keeper = context;
	log_info("secrets=changed file=%s", keeper->settings->chap_secrets);
	keeper_send_secrets(keeper);
}

static int watch(struct keeper *keeper, struct loop *loop)
{
	const char *const paths[] = {keeper->settings->chap_secrets, keeper->settings->pap_secrets};
	return file_watch_open(&keeper->watch, loop, paths, COUNT_OF(paths), on_secrets_changed,
			       keeper);
}

int keeper_init(struct keeper *keeper, struct settings *settings, const struct keeper_parts *parts)
{
	*keeper = (struct keeper){
		.settings = settings_ref(settings),
		.machine = parts->machine,
		.authority = parts->authority,
		.engines = parts->engines,
	};
	parts->authority->on_drained = send_on;
	addresses_init(&keeper->addresses, parts->steering, parts->workers);
	hooks_init(&keeper->hooks, parts->loop);
	return watch(keeper, parts->loop);
}

void keeper_fini(struct keeper *keeper)
{
	if (!keeper->settings)
		return;
	hooks_fini(&keeper->hooks);
	file_watch_close(&keeper->watch);
	forget_files(keeper);
	addresses_fini(&keeper->addresses);
	settings_unref(keeper->settings);
	*keeper = (struct keeper){0};
}

void keeper_configure(struct keeper *keeper, struct settings *settings)
{
	settings_ref(settings);
	settings_unref(keeper->settings);
	keeper->settings = settings;
	file_watch_close(&keeper->watch);
	watch(keeper, keeper->hooks.loop);
	keeper_send_secrets(keeper);
}

static struct hook_facts facts_of(const struct message_network *network)
{
	struct hook_facts facts = {
		.session = network->session,
		.caller = network->caller,
		.local = network->local,
		.remote = network->remote,
		.dns = {network->dns[0], network->dns[1]},
		.nbns = {network->nbns[0], network->nbns[1]},
		.seconds = network->seconds,
		.octets_in = network->octets_in,
		.octets_out = network->octets_out,
	};
	memcpy(facts.local_id, network->local_id, sizeof(facts.local_id));
	memcpy(facts.remote_id, network->remote_id, sizeof(facts.remote_id));
	memcpy(facts.user, network->user, sizeof(facts.user));
	return facts;
}

static void call_hook(struct keeper *keeper, enum hook_event event,
		      const struct message_network *network)
{
	struct hook_facts facts = facts_of(network);
	hooks_call(&keeper->hooks, keeper->settings, event, &facts);
}

static void warn(const struct message_network *network, const char *done, int error)
{
	char address[ADDRESS_TEXT];
	if (error)
		log_warning("session=%u address=%s its route or proxy neighbour cannot be %s: %s",
			    network->session, address_print(network->remote, address), done,
			    strerror(-error));
}

static void on_network_up(struct keeper *keeper, const struct message_network *network)
{
	addresses_up(&keeper->addresses, network->remote);
	warn(network, "made", machine_client_up(keeper->machine, network->remote));
	call_hook(keeper, HOOK_IP_UP, network);
}

/* A session that took the address over keeps the route. */
static void on_network_down(struct keeper *keeper, const struct message_network *network)
{
	if (addresses_down(&keeper->addresses, network->remote))
		warn(network, "removed", machine_client_down(keeper->machine, network->remote));
	call_hook(keeper, HOOK_IP_DOWN, network);
}

static void on_ipv6_up(struct keeper *keeper, const struct message_network *network)
{
	uint32_t session = network->session;
	struct seam_end *engine = &keeper->engines[share_owner(session, keeper->addresses.workers)];
	if (addresses_hold_ipv6(&keeper->addresses, session, network->remote_id)) {
		call_hook(keeper, HOOK_IPV6_UP, network);
		return;
	}
	if (seam_end_send(engine, MESSAGE_IPV6_REFUSED, &(struct message_ipv6_refused){session}))
		log_error("session=%u its engine takes no messages", session);
}

static void on_ipv6_down(struct keeper *keeper, const struct message_network *network)
{
	if (addresses_drop_ipv6(&keeper->addresses, network->session, network->remote_id))
		call_hook(keeper, HOOK_IPV6_DOWN, network);
}

void keeper_on_message(struct keeper *keeper, const struct message_type *type, const void *value)
{
	const struct message_address *address = value;
	switch (type->kind) {
	case MESSAGE_ADDRESS_GIVEN:
		addresses_give(&keeper->addresses, address->session, address->address);
		break;
	case MESSAGE_ADDRESS_FREED:
		addresses_free(&keeper->addresses, address->session, address->address);
		break;
	case MESSAGE_NETWORK_UP:
		on_network_up(keeper, value);
		break;
	case MESSAGE_NETWORK_DOWN:
		on_network_down(keeper, value);
		break;
	case MESSAGE_IPV6_UP:
		on_ipv6_up(keeper, value);
		break;
	case MESSAGE_IPV6_DOWN:
		on_ipv6_down(keeper, value);
		break;
	default:
		break;
	}
}
