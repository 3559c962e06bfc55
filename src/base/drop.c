#include "base/drop.h"

static const struct {
	const char *name, *help;
} drops[DROP_COUNT] = {[DROP_NONE] = {"none", "not dropped"},
#define D(name, text, help) [DROP_##name] = {text, help},
		       DROPS(D)
#undef D
};

const char *drop_name(enum drop drop)
{
	return drops[drop].name;
}

const char *drop_help(enum drop drop)
{
	return drops[drop].help;
}
