#include "server/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/secret.h"

static struct intake_file *find(const struct secrets_intake *intake, const char *name)
{
	for (size_t i = 0; i < intake->count; i++)
		if (!strcmp(intake->files[i].name, name))
			return &intake->files[i];
	return NULL;
}

static struct intake_file *add_file(struct secrets_intake *intake, const char *name)
{
	struct intake_file *files = realloc(intake->files, (intake->count + 1) * sizeof(*files));
	if (!files)
		return NULL;
	intake->files = files;
	struct intake_file *file = &files[intake->count++];
	*file = (struct intake_file){0};
	memcpy(file->name, name, strnlen(name, sizeof(file->name) - 1));
	return file;
}

static size_t total(const struct secrets_intake *intake)
{
	size_t length = 0;
	for (size_t i = 0; i < intake->count; i++)
		length += intake->files[i].length;
	return length;
}

/* Makes room for `length` more octets. Not realloc: it would leave a copy of the secrets behind. */
static bool reserve(struct intake_file *file, size_t length)
{
	if (file->bytes && file->length + length <= file->capacity)
		return true;
	size_t capacity = MAX_OF(file->length + length, 2 * file->capacity);
	char *bytes = malloc(capacity + 1);
	if (!bytes)
		return false;
	if (file->bytes) {
		memcpy(bytes, file->bytes, file->length);
		secret_wipe(file->bytes, file->length);
	}
	free(file->bytes);
	file->bytes = bytes;
	file->capacity = capacity;
	return true;
}

bool intake_add(struct secrets_intake *intake, const struct message_secrets_file *portion)
{
	if (portion->first)
		intake_clear(intake);
	if (intake->failed)
		return false;
	struct intake_file *file = find(intake, portion->name);
	if (!file)
		file = add_file(intake, portion->name);
	intake->failed = !file || total(intake) + portion->part.length > INTAKE_LIMIT ||
			 !reserve(file, portion->part.length);
	if (intake->failed)
		return false;
	memcpy(file->bytes + file->length, portion->part.bytes, portion->part.length);
	file->length += portion->part.length;
	return true;
}

static int load(void *context, const char *path, char **bytes, size_t *length)
{
	const struct intake_file *file = find(context, path);
	if (!file)
		return -ENOENT;
	*bytes = malloc(file->length + 1);
	if (!*bytes)
		return -ENOMEM;
	memcpy(*bytes, file->bytes, file->length);
	*length = file->length;
	return 0;
}

bool intake_parse(struct secrets_intake *intake, const char *name, struct secrets *secrets,
		  struct complaints *complaints)
{
	const struct intake_file *file = find(intake, name);
	const struct config_source source = {.context = intake, .load = load};
	return file && secrets_parse(secrets, &source, name, file->bytes, file->length, complaints);
}

void intake_clear(struct secrets_intake *intake)
{
	for (size_t i = 0; i < intake->count; i++) {
		if (intake->files[i].bytes)
			secret_wipe(intake->files[i].bytes, intake->files[i].length);
		free(intake->files[i].bytes);
	}
	free(intake->files);
	*intake = (struct secrets_intake){0};
}
