/* Fuzzes the room config/: three texts with a zero octet between, pptpd.conf, an options file and
 * a secrets file, which may name each other. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/secrets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The texts, in their order. */
struct texts {
	const char *bytes[3];
	size_t lengths[3];
};

static int load(void *context, const char *path, char **bytes, size_t *length)
{
	const struct texts *texts = context;
	size_t i = !strcmp(path, "/etc/pptpd.conf") ? 0 : !strcmp(path, "/o") ? 1 : 2;
	if (i == 2 && strcmp(path, "/s"))
		return -ENOENT;
	*length = texts->lengths[i];
	*bytes = malloc(*length + 1);
	if (!*bytes)
		return -ENOMEM;
	memcpy(*bytes, texts->bytes[i], *length);
	return 0;
}

static void list(void *context, const char *directory, config_name_sink *sink, void *to)
{
	sink(to, "pptpd-options");
	sink(to, directory);
}

static bool resolve(void *context, const char *name, uint32_t *address)
{
	*address = 0xc0000200u | (uint8_t)*name;
	return *name == 'h';
}

static void split(struct texts *texts, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < 3; i++) {
		const uint8_t *zero = i < 2 && size ? memchr(data, 0, size) : NULL;
		texts->bytes[i] = (const char *)data;
		texts->lengths[i] = zero ? (size_t)(zero - data) : size;
		size_t used = texts->lengths[i] + (zero != NULL);
		data += used;
		size -= used;
	}
}

static void look_up(const struct secrets *secrets)
{
	static const char *const servers[] = {"gate", "pptpd"};
	const struct secret *secret = secrets_find(secrets, "anna", servers, 2);
	if (!secret)
		return;
	uint32_t address = secret_fixed_address(secret, 3);
	assert(!address || secret_allows(secret, address, 3));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct texts texts;
	struct config_source source = {&texts, load, list, resolve, "gate"};
	struct complaints complaints = {0};
	struct settings *settings;
	struct secrets secrets = {0};
	split(&texts, data, size);
	bool fine = config_load(&source, NULL, &settings, &complaints);
	assert(fine == (settings != NULL) && fine == !complaints.errors);
	if (fine)
		assert(settings->connections && settings->local.count && settings->name &&
		       (settings->demand || settings->allow_noauth) &&
		       (settings->mppe_bits || settings->mppe == ENCRYPTION_OFF));
	settings_unref(settings);
	secrets_parse(&secrets, &source, "/s", texts.bytes[2], texts.lengths[2], &complaints);
	look_up(&secrets);
	secrets_fini(&secrets);
	complaints_fini(&complaints);
	return 0;
}
