/* The ways in which one end proves to the other who it is. */
#pragma once
#include <stdint.h>

enum auth_method {
	AUTH_NONE,
	AUTH_PAP,      /* RFC 1334 */
	AUTH_CHAP_MD5, /* RFC 1994 */
	AUTH_MSCHAP,   /* RFC 2433 */
	AUTH_MSCHAPV2, /* RFC 2759 */
	/* RFC 3748; no method of it is built yet, so it is never proposed nor agreed to */
	AUTH_EAP,
	AUTH_METHODS
};

/* A set of methods: the bits 1 << AUTH_PAP and so on. */
typedef uint8_t auth_methods;
#define AUTH_BIT(method) ((auth_methods)(1u << (method)))

/* "none", "pap", "chap-md5", "mschap", "mschapv2", "eap":
 * the words of log lines and of the HTTP API. */
const char *auth_method_name(enum auth_method method);
