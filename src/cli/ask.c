#include "cli/ask.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/configuration.h"

enum { PATIENCE_S = 30, BODY_LIMIT = 256 * 1024 * 1024 };

/* What curl brings is gathered here. */
struct body {
	char *bytes;
	size_t length;
};

static size_t gather(char *bytes, size_t size, size_t count, void *context)
{
	struct body *body = context;
	size_t length = size * count;
	char *more = body->length + length > BODY_LIMIT
			     ? NULL
			     : realloc(body->bytes, body->length + length + 1);
	if (!more)
		return 0; /* curl takes that for a failure */
	body->bytes = more;
	memcpy(more + body->length, bytes, length);
	body->length += length;
	more[body->length] = 0;
	return length;
}

const char *ask_socket(const struct arguments *arguments)
{
	static char path[108];
	const char *given = arguments->values[OPTION_SOCKET];
	if (given)
		return given;
	configuration_socket(arguments->values[OPTION_CONF], path, sizeof(path));
	return path;
}

static void explain(CURLcode code, const char *path, char *why, size_t why_size)
{
	bool denied = access(path, W_OK) && errno == EACCES;
	if (code == CURLE_COULDNT_CONNECT && denied)
		snprintf(why, why_size,
			 "%s may not be opened: only root and the group poptun may ask", path);
	else if (code == CURLE_COULDNT_CONNECT)
		snprintf(why, why_size,
			 "no poptun answers on %s: is it running? try: systemctl status poptun",
			 path);
	else
		snprintf(why, why_size, "poptun on %s: %s", path, curl_easy_strerror(code));
}

static CURLcode perform(CURL *curl, const char *path, const char *method, const char *url,
			struct body *body)
{
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, path);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PATIENCE_S);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	return curl_easy_perform(curl);
}

bool ask_quietly(const char *socket, const char *method, const char *path, const char *id,
		 struct answer *answer, char *why, size_t why_size)
{
	char url[4096];
	struct body body = {0};
	*answer = (struct answer){0};
	CURL *curl = curl_easy_init();
	char *encoded = curl ? curl_easy_escape(curl, id ? id : "", 0) : NULL;
	CURLcode code = CURLE_OUT_OF_MEMORY;
	snprintf(url, sizeof(url), "http://localhost%s%s", path, encoded ? encoded : "");
	if (encoded)
		code = perform(curl, socket, method, url, &body);
	if (code == CURLE_OK) {
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
		answer->body = body.bytes;
		answer->json = body.bytes ? json_loads(body.bytes, 0, NULL) : NULL;
	} else {
		explain(code, socket, why, why_size);
		free(body.bytes);
	}
	curl_free(encoded);
	curl_easy_cleanup(curl);
	return code == CURLE_OK;
}

bool ask(const struct arguments *arguments, const char *method, const char *path, const char *id,
	 struct answer *answer)
{
	char why[512];
	if (!ask_quietly(ask_socket(arguments), method, path, id, answer, why, sizeof(why))) {
		fprintf(stderr, "poptun: %s\n", why);
		return false;
	}
	if (answer->status == 200 && answer->json)
		return true;
	const char *error = json_string_value(json_object_get(answer->json, "error"));
	if (error)
		fprintf(stderr, "poptun: %s\n", error);
	else
		fprintf(stderr, "poptun: the server answered %ld to %s %s\n", answer->status,
			method, path);
	answer_fini(answer);
	return false;
}

void answer_fini(struct answer *answer)
{
	free(answer->body);
	json_decref(answer->json);
	*answer = (struct answer){0};
}
