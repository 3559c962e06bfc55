#include "auth/method.h"

#include "base/base.h"

static const char *const names[AUTH_METHODS] = {
	[AUTH_NONE] = "none",     [AUTH_PAP] = "pap",           [AUTH_CHAP_MD5] = "chap-md5",
	[AUTH_MSCHAP] = "mschap", [AUTH_MSCHAPV2] = "mschapv2", [AUTH_EAP] = "eap",
};

const char *auth_method_name(enum auth_method method)
{
	return (size_t)method < COUNT_OF(names) ? names[method] : "unknown";
}
