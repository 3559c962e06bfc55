#include "config/settings.h"

#include <stdlib.h>

#include "base/base.h"
#include "config/setting.h"

struct settings *settings_new(void)
{
	struct settings *settings = calloc(1, sizeof(*settings));
	if (!settings)
		abort();
	atomic_init(&settings->references, 1);
	return settings;
}

struct settings *settings_ref(struct settings *settings)
{
	atomic_fetch_add(&settings->references, 1);
	return settings;
}

static void settings_free(struct settings *s)
{
	char *texts[] = {s->vrf,          s->interface,     s->option_file,
			 s->chap_secrets, s->pap_secrets,   s->control_socket,
			 s->pid_file,     s->run_directory, s->state_directory,
			 s->name,         s->other_name,    s->ip_up,
			 s->ip_down,      s->ipv6_up,       s->ipv6_down,
			 s->ipparam,      s->environment};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		free(texts[i]);
	address_ranges_fini(&s->local);
	address_ranges_fini(&s->remote);
	free(s);
}

void settings_unref(struct settings *settings)
{
	if (settings && atomic_fetch_sub(&settings->references, 1) == 1)
		settings_free(settings);
}
